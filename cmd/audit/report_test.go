package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// reportBody is a page without what is no part of a dataset's rows: styles and
// scripts, and the section on the run, which tells the time.
func reportBody(t *testing.T, page string) string {
	t.Helper()
	_, body, found := strings.Cut(page, "<body>")
	body, rest, cut := strings.Cut(body, `<section id="run"`)
	_, data, chart := strings.Cut(rest, `<script type="application/json"`)
	data, _, ends := strings.Cut(data, "</script>")
	if !found || !cut || !chart || !ends {
		t.Fatal("the page is built in another way")
	}
	return body + data + "\n"
}

// TestReportGolden reports on the shipped archive. Read the diff after -update.
func TestReportGolden(t *testing.T) {
	t.Parallel()
	dataset := shippedDataset(t, "--authserv-id", "mx.example.org")
	page := auditRun(t, exitOK, "report", dataset, "--out", "-", "--workers", "3")
	if again := auditRun(t, exitOK, "report", dataset, "--out", "-", "--workers", "1"); again != page {
		t.Error("the same dataset gives another page")
	}
	got := reportBody(t, page)
	golden := filepath.Join("testdata", "report.golden.html")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	lines, wanted := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(lines), len(wanted)) {
		if i >= len(lines) || i >= len(wanted) || lines[i] != wanted[i] {
			t.Fatalf("from line %d on:\n%.300s\nwant\n%.300s", i+1, strings.Join(lines[min(i, len(lines)):], "\n"),
				strings.Join(wanted[min(i, len(wanted)):], "\n"))
		}
	}
}

// TestReportTellsTheTruth compares the page with the summary of the same rows.
func TestReportTellsTheTruth(t *testing.T) {
	t.Parallel()
	page := auditRun(t, exitOK, "report", shippedDataset(t), "--out", "-")
	if !strings.Contains(page, "327 messages from 55 author domains, received from 2019-03-04 to 2026-03-01.") {
		t.Error("the headline does not tell what the archive holds")
	}
	if !strings.Contains(page, "No result of the day is known") {
		t.Error("without a receiver named, the page speaks of drift")
	}
}

func TestReportFiles(t *testing.T) {
	t.Parallel()
	dataset, dir := shippedDataset(t), t.TempDir()
	out := filepath.Join(dir, "r.html")
	auditRun(t, exitOK, "report", dataset, "--out", out)
	first, err := os.ReadFile(out)
	if err != nil || !strings.HasPrefix(string(first), "<!DOCTYPE html>") || !strings.HasSuffix(string(first), "</html>\n") {
		t.Fatalf("%v: %.80q", err, first)
	}
	auditRun(t, exitUsage, "report", dataset, "--out", out)
	auditRun(t, exitOK, "report", dataset, "--out", out, "--overwrite")
	auditRun(t, exitUsage, "report", dir, "--out", out)
	auditRun(t, exitUsage, "report", dataset, "--out", out, "--overwrite", "--workers", "0")
	auditRun(t, exitIncomplete, "report", dataset, "--out", filepath.Join(dir, "none", "r.html"))
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("%v: %v", err, files)
	}
}
