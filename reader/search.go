package reader

import "bytes"

// How indexFrom tells when to look for the other byte: a call of IndexByte pays
// from some 48 bytes on, and a kilobyte of loss is enough to change.
const (
	searchGap  = 48
	searchLoss = 1024
	searchTurn = 16 << 10
)

// indexFrom finds "\nFrom " in b. It looks for the F, which is rarer in text than
// a line end by far (two and a half times as fast as bytes.Index); where many
// come, as in some encoded attachments, it looks for line ends for a while.
func indexFrom(b []byte) int {
	loss := 0
	for at := 1; at < len(b); at++ {
		i := bytes.IndexByte(b[at:], 'F')
		if i < 0 {
			return -1
		}
		at += i
		if b[at-1] == '\n' && bytes.HasPrefix(b[at:], fromWord) {
			return at - 1
		}
		if loss = max(0, loss+searchGap-i); loss < searchLoss {
			continue
		}
		loss = 0
		end := min(len(b), at+searchTurn)
		if i := indexFromByLine(b[at:end]); i >= 0 {
			return at + i
		}
		// One that crosses the border begins in the last bytes seen.
		at = max(at, end-len(newlineFrom))
	}
	return -1
}

func indexFromByLine(b []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i
		if bytes.HasPrefix(b[at+1:], fromWord) {
			return at
		}
	}
}
