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
// reports. The dataset, where it lies within a folder, is no part of that.
func fingerprint(path, out string) string {
	info, err := os.Stat(path)
	if path == "-" || err != nil {
		return ""
	}
	if !info.IsDir() {
		return stampOf(info)
	}
	h := xxh3.New()
	files := 0
	// With a separator behind it, a link to a folder is that folder.
	_ = filepath.WalkDir(path+string(os.PathSeparator), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && samePlace(name, out):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		if info, err := os.Stat(name); err == nil {
			files++
			fmt.Fprintf(h, "%s\x00%s\x00", name, stampOf(info))
		}
		return nil
	})
	sum := h.Sum128().Bytes()
	return fmt.Sprintf("%d files, %s", files, hex.EncodeToString(sum[:]))
}

// samePlace tells whether two paths lead to the same file or folder.
func samePlace(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func stampOf(i fs.FileInfo) string {
	return fmt.Sprintf("%d bytes, changed %s", i.Size(), i.ModTime().UTC().Format("2006-01-02T15:04:05.999999999Z"))
}
