package main

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zeebo/xxh3"
)

// fingerprint tells an input from what it was, by sizes and times of change: a
// run must not be resumed over other mail. It is empty for standard input, for
// which nothing can be told, and for what cannot be read, which the reader
// reports.
func fingerprint(path string) string {
	info, err := os.Stat(path)
	if path == "-" || err != nil {
		return ""
	}
	if !info.IsDir() {
		return stampOf(info)
	}
	h := xxh3.New()
	files := 0
	_ = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			files++
			fmt.Fprintf(h, "%s\x00%s\x00", name, stampOf(info))
		}
		return nil
	})
	sum := h.Sum128().Bytes()
	return fmt.Sprintf("%d files, %s", files, hex.EncodeToString(sum[:]))
}

func stampOf(i fs.FileInfo) string {
	return fmt.Sprintf("%d bytes, changed %s", i.Size(), i.ModTime().UTC().Format("2006-01-02T15:04:05.999999999Z"))
}
