//go:build !linux

package sink

import "os"

func startSync(*os.File, int64, int64) {}
