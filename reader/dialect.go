package reader

import (
	"bytes"
	"strings"
)

// dialect finds the dialect of an mbox from its beginning, unless one is given.
//
//   - public-inbox writes mboxrd and says so in each From_ line.
//   - Content-Length in at least half of the messages, and right in at least
//     one, means mboxcl or mboxcl2. Where bodies hold lines with "From " as they
//     were, and none with ">From ", nothing was quoted: mboxcl2. Else mboxcl.
//   - A line with ">>From " means mboxrd: mboxo never makes one.
//   - Otherwise mboxo, which undoes the same as mboxrd where there is only
//     ">From ". Pipermail and HyperKitty are mboxo always.
func dialect(head []byte, given Format) (Format, Quoting) {
	if given == Mbox || given == Auto {
		given = findDialect(head)
	}
	switch given {
	case Mboxrd:
		return given, QuotingMboxrd
	case Mboxcl2:
		return given, QuotingNone
	}
	return given, QuotingMboxo
}

func findDialect(head []byte) Format {
	if l, ok := parseFromLine(head[leading(head):][:min(len(head)-leading(head), lookahead)]); ok {
		switch l.kind {
		case fromPublicInbox:
			return Mboxrd
		case fromArchived:
			return Mboxo
		}
	}
	if f := findLengths(head); f != "" {
		return f
	}
	if bytes.Contains(head, []byte("\n>>From ")) {
		return Mboxrd
	}
	return Mboxo
}

// findLengths looks for Content-Length as a means of framing.
func findLengths(head []byte) Format {
	m := mboxReader{first: fromLine{kind: fromDated}}
	var messages, present, right, plain int
	for at := leading(head); at < len(head); {
		l, ok := parseFromLine(head[at:min(len(head), at+lookahead)])
		if !ok {
			break
		}
		length, _ := findLength(head[at:], l.length)
		end, odd := m.separator(head, at+l.length-1)
		if length.present {
			present++
			// The last message may go on behind what is seen.
			switch q := at + length.end; {
			case q <= end && blank(head[q:min(end, q+3)]):
				right++
			case q < len(head) && q > end && m.lands(head, q):
				right++
				plain++
				end = q + len(head[q:]) - len(bytes.TrimLeft(head[q:], "\r\n"))
			}
		}
		messages++
		plain += odd
		at = end
	}
	switch {
	case right == 0 || 2*present < messages:
		return ""
	case plain > 0 && !bytes.Contains(head, []byte("\n>From ")):
		return Mboxcl2
	}
	return Mboxcl
}

// separator finds the next From_ line in a buffer behind at, and counts the
// lines with "From " that are none.
func (m *mboxReader) separator(buf []byte, at int) (end, odd int) {
	for {
		i := bytes.Index(buf[at:], newlineFrom)
		if i < 0 {
			return len(buf), odd
		}
		at += i + 1
		if _, ok := m.separates(buf, at); ok {
			return at, odd
		}
		odd++
	}
}

// lands tells whether a message can end at q: a From_ line or the end comes.
func (m *mboxReader) lands(buf []byte, q int) bool {
	rest := buf[q:]
	for range 2 {
		if bytes.HasPrefix(rest, fromWord) && len(rest) < len(buf) && buf[len(buf)-len(rest)-1] == '\n' {
			_, ok := m.separates(buf, len(buf)-len(rest))
			return ok
		}
		switch {
		case bytes.HasPrefix(rest, []byte("\n")):
			rest = rest[1:]
		case bytes.HasPrefix(rest, []byte("\r\n")):
			rest = rest[2:]
		default:
			return len(rest) == 0
		}
	}
	return len(rest) == 0
}

// contentLength is what a message's Content-Length says.
type contentLength struct {
	present bool
	end     int // of the message, counted from its From_ line
	jump    int // up to here the message goes on; 0 where the field is not trusted
}

// length finds and proves the Content-Length of the message at the start of the
// window, in the dialects that have one. In mboxcl From_ lines split anyway and
// it only says where exactly the body ends. In mboxcl2 it says how far to go,
// when a From_ line or the end of the file stands there. Lengths beyond what is
// held in memory are not followed.
func (m *mboxReader) length(skip int) contentLength {
	if m.format != Mboxcl && m.format != Mboxcl2 {
		return contentLength{}
	}
	w := m.w
	l, whole := findLength(w.bytes(), skip)
	for !whole && w.ensure(w.len()+1) {
		l, whole = findLength(w.bytes(), skip)
	}
	if !l.present || m.format != Mboxcl2 || l.end-skip > m.run.tune.held {
		return l
	}
	w.ensure(l.end + 2*lookahead)
	if l.end <= w.len() && m.lands(w.bytes(), l.end) {
		l.jump = l.end
	}
	return l
}

// findLength finds the first Content-Length in the header behind the first skip
// bytes, and tells whether it saw all of the header, which a From_ line ends too.
func findLength(b []byte, skip int) (l contentLength, whole bool) {
	const name = "content-length:"
	length := -1
	for at := skip; at < skip+maxHeader; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return l, len(b)-skip >= maxHeader
		}
		line := b[at : at+i]
		at += i + 1
		switch {
		case len(line) == 0 || len(line) == 1 && line[0] == '\r':
			if length >= 0 {
				l = contentLength{present: true, end: at + length}
			}
			return l, true
		case bytes.HasPrefix(line, fromWord):
			return l, true
		case length < 0 && len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name):
			value := bytes.TrimSpace(line[len(name):])
			if len(value) > 0 && len(value) < 16 && digits(value) == len(value) {
				length = atoi(value)
			}
		}
	}
	return l, true
}
