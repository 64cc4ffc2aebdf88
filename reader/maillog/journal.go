package maillog

import "bytes"

// entry gives out the next line, or the next entry of journald's JSON where it
// has another form than one line each: journalctl writes it over many lines with
// -o json-pretty, behind a control character with json-seq, and behind "data: "
// with json-sse.
func (s *stream) entry(l *lines) (line []byte, begin, end int64, err error) {
	line, begin, end, err = l.next()
	if err != nil || len(line) == 0 {
		return line, begin, end, err
	}
	switch line[0] {
	case '{':
		if len(line) == 1 {
			return s.pretty(l, begin, end)
		}
	case recordSeparator, 'd':
		line = journalLine(line)
	}
	return line, begin, end, nil
}

// recordSeparator begins an entry of RFC 7464 (JSON text sequences).
const recordSeparator = 0x1e

// journalLine takes off what stands before an entry in a line.
func journalLine(line []byte) []byte {
	if line[0] == recordSeparator {
		return line[1:]
	}
	if rest, ok := skip(line, "data: "); ok && startsWith(rest, "{") {
		return rest
	}
	return line
}

// pretty collects the lines of an entry, whose first is a brace, up to the one
// that is its other brace. A line that does not belong to it, for the others are
// indented, is left for the next call.
func (s *stream) pretty(l *lines, begin, end int64) ([]byte, int64, int64, error) {
	s.collected = append(s.collected[:0], '{')
	for len(s.collected) <= maxLine {
		line, at, after, err := l.next()
		if err != nil {
			break // it comes again
		}
		last := string(line) == "}"
		if !last && (len(line) == 0 || line[0] != '\t' && line[0] != ' ') {
			l.back(at)
			break
		}
		end = after
		if s.collected = append(s.collected, line...); last {
			break
		}
	}
	return s.collected, begin, end, nil
}

// headEntry cuts the first line, or the first entry over many lines, off the
// beginning of a source.
func headEntry(head []byte) (line, rest []byte, more bool) {
	if startsWith(head, "{\n") || startsWith(head, "{\r\n") {
		if i := indexOf(head, "\n}"); i > 0 {
			_, rest, more = bytes.Cut(head[i+1:], []byte("\n"))
			return head[:i+2], rest, more
		}
	}
	line, rest, more = bytes.Cut(head, []byte("\n"))
	if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 {
		line = journalLine(line)
	}
	return line, rest, more
}
