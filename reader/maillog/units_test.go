package maillog

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"mailaudit/reader"
)

// TestUnits reads a folder of rotated logs, one of them compressed, as a run does.
func TestUnits(t *testing.T) {
	t.Parallel()
	log := postfixLog(300)
	for _, at := range []int{2, 3, 5, 7, 11} { // wherever a message is torn
		unitsCut(t, log, len(log)*at/13)
	}
}

func unitsCut(t *testing.T, log []byte, cut int) {
	t.Helper()
	dir := t.TempDir()
	cut += bytes.IndexByte(log[cut:], '\n') + 1
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(log[:cut])
	w.Close()
	write(t, filepath.Join(dir, "mail.log"), log[cut:])
	write(t, filepath.Join(dir, "mail.log.1.gz"), z.Bytes())
	ids, complete := map[string]bool{}, 0
	var problems []error
	for u, err := range reader.Units(context.Background(), []string{dir}, reader.Options{Logs: Readers(Options{Until: until})}) {
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if ids[u.Log.MessageID] {
			t.Errorf("two records of %s", u.Log.MessageID)
		}
		ids[u.Log.MessageID] = true
		if u.Log.Complete {
			complete++
		}
		if u.Format != reader.Postfix || u.Source == "" {
			t.Errorf("unit of %q in %q", u.Format, u.Source)
		}
	}
	if len(ids) != 300 || complete != 300 || len(problems) > 0 {
		t.Errorf("%d messages, %d complete, problems %v", len(ids), complete, problems)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
