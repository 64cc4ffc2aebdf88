//go:build !amd64

package scan

// Pair returns the index of the first place in b where second follows first, or
// -1.
func Pair(b []byte, first, second byte) int { return pair(b, first, second) }
