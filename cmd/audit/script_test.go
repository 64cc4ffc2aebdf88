package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/ulikunitz/xz"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"audit": func() {
		status := mainStatus()
		tellPeak()
		os.Exit(status)
	}})
}

// TestScripts runs the command as a user does. Each script has in its folder
// pass.eml, fail.eml, two.mbox (the two of them) and their DNS in zone.
//
//	status N audit ...         run it and compare the exit status
//	problems DATASET           print the table problems
//	rows DATASET               print place, format, verdict and identifier of each message
//	same DATASET DATASET       fail where tables or summary.json differ in a byte
//	pack FORMAT FILE...        archive or compress files: FILE.gz, out.tar and so on
//	bytes NAME TEXT            write a file; both are Go string literals without the quotes
//	cut FILE N NAME            the first N bytes of a file, or all but the last -N
//	fifo NAME                  make a FIFO; without them, skip the script
//	clean FILE                 fail where a file holds a control character but line ends
func TestScripts(t *testing.T) {
	t.Parallel()
	shipped, err := filepath.Abs(testdata)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SHIPPED", shipped)
			return writeFixtures(e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus, "problems": scriptProblems, "rows": scriptRows, "same": scriptSame,
			"pack": scriptPack, "bytes": scriptBytes, "cut": scriptCut, "fifo": scriptFIFO, "clean": scriptClean,
		},
	})
}

// fixtureZone is the DNS of the fixtures.
const fixtureZone = `
acme.example.        300 MX  10 mail.acme.example.
acme.example.        300 TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.acme.example. 300 TXT "v=DMARC1; p=reject"
mail.acme.example.   300 A   192.0.2.10
`

// fixture is a message of acme.example that arrived from a client, on 1 March 2024.
func fixture(id, client string) string {
	return "Return-Path: <a@acme.example>\n" +
		"Received: from mail.acme.example (mail.acme.example [" + client + "])\n" +
		"\tby mx.example.org (Postfix) with ESMTPS id 4ABC for <b@example.org>;\n" +
		"\tFri, 01 Mar 2024 12:00:00 +0000 (UTC)\n" +
		"From: Alice <a@acme.example>\nTo: b@example.org\nSubject: x\n" +
		"Date: Fri, 01 Mar 2024 11:59:58 +0000\nMessage-ID: <" + id + "@acme.example>\n\nText.\n"
}

// passing and failing are the two fixtures: by SPF, all of it strict.
func passing(id string) string { return fixture(id, "192.0.2.10") }
func failing(id string) string { return fixture(id, "203.0.113.9") }

const fixtureFromLine = "From a@acme.example Fri Mar  1 12:00:00 2024\n"

func writeFixtures(dir string) error {
	var errs []error
	for name, text := range map[string]string{
		"zone": fixtureZone, "pass.eml": passing("pass"), "fail.eml": failing("fail"),
		"two.mbox": fixtureFromLine + passing("pass") + "\n" + fixtureFromLine + failing("fail") + "\n",
	} {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	return errors.Join(errs...)
}

func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptProblems(ts *testscript.TestScript, _ bool, args []string) {
	d := scriptDataset(ts, args)
	for p, err := range d.Problems() {
		ts.Check(err)
		fmt.Fprintf(ts.Stdout(), "%s %d %d %s %s ordinal %d: %s\n", p.Source, p.Offset, p.Length, p.Stage, p.Code, p.Ordinal, p.Detail)
	}
}

func scriptRows(ts *testscript.TestScript, _ bool, args []string) {
	d := scriptDataset(ts, args)
	for r, err := range d.Records() {
		ts.Check(err)
		e := r.Evidence
		o := e.Origin
		fmt.Fprintf(ts.Stdout(), "%d %s %d %d %s %s %s %s\n", o.Ordinal, o.Source, o.Offset, o.Length, o.Format,
			r.Verdict.Category, e.MessageID, strings.Join(e.Anomalies, ","))
	}
}

func scriptSame(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same DATASET DATASET")
	}
	if diff := datasetsDiffer(ts.MkAbs(args[0]), ts.MkAbs(args[1])); diff != "" {
		ts.Fatalf("%s", diff)
	}
}

func scriptBytes(ts *testscript.TestScript, _ bool, args []string) {
	unquote := func(s string) string {
		s, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
		ts.Check(err)
		return s
	}
	name, text := unquote(args[0]), unquote(args[1])
	path := ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
	ts.Check(os.WriteFile(path, []byte(text), 0o666))
}

func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n < 0 {
		n += len(text)
	}
	if n < 0 || n > len(text) {
		ts.Fatalf("%s has %d bytes", args[0], len(text))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text[:n]), 0o666))
}

func scriptFIFO(ts *testscript.TestScript, _ bool, args []string) {
	if err := makeFIFO(ts.MkAbs(args[0])); err != nil {
		ts.Fatalf("no FIFO: %v", err)
	}
}

func scriptClean(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	for i, c := range []byte(text) {
		if c < ' ' && c != '\n' || c == 0x7f {
			ts.Fatalf("%s: byte %#02x at %d: %q", args[0], c, i, text[max(0, i-40):min(len(text), i+40)])
		}
	}
	if strings.ContainsRune(text, '\u202e') {
		ts.Fatalf("%s: a change of direction", args[0])
	}
}

func scriptPack(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: pack FORMAT FILE...")
	}
	var out bytes.Buffer
	name := args[1] + "." + args[0]
	switch args[0] {
	case "tar", "zip":
		name = "out." + args[0]
		ts.Check(packArchive(&out, args[0], args[1:], ts.ReadFile))
	default:
		ts.Check(compress(&out, args[0], ts.ReadFile(args[1])))
	}
	ts.Check(os.WriteFile(ts.MkAbs(name), out.Bytes(), 0o666))
}

func packArchive(out io.Writer, format string, names []string, read func(string) string) error {
	tw, zw := tar.NewWriter(out), zip.NewWriter(out)
	for _, name := range names {
		text := read(name)
		var w io.Writer = tw
		var err error
		if format == "zip" {
			w, err = zw.Create(name)
		} else {
			err = tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		}
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	if format == "zip" {
		return zw.Close()
	}
	return tw.Close()
}

// compress compresses in a format that Go can write.
func compress(out io.Writer, format, text string) error {
	var w io.WriteCloser
	var err error
	switch format {
	case "gz":
		w = gzip.NewWriter(out)
	case "xz":
		w, err = xz.NewWriter(out)
	case "zst":
		w, err = zstd.NewWriter(out)
	case "bz2": // of a fixed text: there is no compressor for it here
		raw, err := base64.StdEncoding.DecodeString(bzip2OfPass)
		if err != nil {
			return err
		}
		_, err = out.Write(raw)
		return err
	default:
		return fmt.Errorf("no format %q", format)
	}
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Close()
}

// bzip2OfPass is pass.eml, compressed by the bzip2 program.
const bzip2OfPass = "" +
	"QlpoOTFBWSZTWUWobGcAAE7fgEAwQG92fX8iXgo/99/gMADtRDVMyp5RpiGJ6gB6gaaN6oDQAMBoAABoAAAAAAlEnpKfqbUTynkm" +
	"nqPRP1RoyAGGkxPUhBCVs/1bCjRpLOqeG4Jh4CYWksclOBrzqo7fpjwQI10xtKL+UjLwHkFEmS5TGpIdEgNWpOxsbyZh404Jo1mp" +
	"1Lo/OOWKKS2+QC1A/3WO4eypK+lNgcFpQYJhoRu2Ov3uHwt2mk3J1yNYFBy00xo55fjRnQVy+/FZUoOTzVOPP+6K2zGZVVNGKsvS" +
	"qYcY2Ywqw12HaBq+TFKxCIE2SlSNSXXWgQIhgZ4OkPsnlSz7HT6rWrFyPQHfxdyRThQkEWobGcA="
