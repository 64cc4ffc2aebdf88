package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestReevaluateKeepsRows judges rows again under the same flags, whatever was
// kept of local parts: every part of every table comes out as it was.
func TestReevaluateKeepsRows(t *testing.T) {
	t.Parallel()
	for _, addresses := range []string{"none", "hash", "full"} {
		t.Run(addresses, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first, again, key := filepath.Join(dir, "first"), filepath.Join(dir, "again"), filepath.Join(dir, "key")
			if err := os.WriteFile(key, []byte("000102030405060708090a0b0c0d0e0f"), 0o600); err != nil {
				t.Fatal(err)
			}
			zone := "zone:" + filepath.Join(testdata, "zone")
			args := []string{"run", "--progress", "none", "--dns", zone, "--addresses", addresses, "--out", first}
			if addresses == "hash" {
				args = append(args, "--address-key", key)
			}
			auditRun(t, exitProblems, append(args, filepath.Join(testdata, "archive"))...)
			auditRun(t, exitProblems, "reevaluate", first, "--progress", "none", "--dns", zone, "--out", again)
			for _, part := range []string{"messages", "dns", "problems"} {
				name := filepath.Join(part, "part-00000.parquet")
				a, err := os.ReadFile(filepath.Join(first, name))
				if err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(filepath.Join(again, name))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(a, b) {
					t.Errorf("%s differs", name)
				}
			}
		})
	}
}
