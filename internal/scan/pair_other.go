//go:build !amd64

package scan

func ahead(b []byte, first, second byte) (at, n int, nul bool) { return -1, 0, false }
