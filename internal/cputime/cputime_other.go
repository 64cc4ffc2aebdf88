//go:build !unix

package cputime

import "time"

var begun = time.Now()

// Used is the time since the start: nothing better is to be had here.
func Used() time.Duration { return time.Since(begun) }
