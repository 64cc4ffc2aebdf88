//go:build !unix

package maillog

import "time"

func cpuTime() time.Duration { return 0 }
