package sink

import (
	"encoding/binary"
	"strings"
	"time"
	"unsafe"

	"github.com/zeebo/xxh3"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/spf"
)

// add tells whether a is new.
func (s *answerSet) add(a *dns.Answer) bool {
	recent := &s.recent[uintptr(unsafe.Pointer(a))/unsafe.Sizeof(*a)%recentAnswers]
	if *recent == a {
		return false
	}
	if _, ok := s.pointers[a]; ok {
		*recent = a
		return false
	}
	s.pointers[a] = struct{}{}
	key := s.key(a)
	if _, ok := s.contents[key]; ok {
		return false
	}
	s.contents[key] = struct{}{}
	return true
}

// forget makes a new again.
func (s *answerSet) forget(a *dns.Answer) {
	clear(s.recent[:])
	delete(s.pointers, a)
	delete(s.contents, s.key(a))
}

// key is 128 bits over all of an answer, as precise as it is stored.
func (s *answerSet) key(a *dns.Answer) [16]byte {
	b := s.buf[:0]
	str := func(t string) {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	moment := func(t time.Time) {
		if t.IsZero() {
			b = append(b, 0)
			return
		}
		b = binary.AppendVarint(append(b, 1), t.UnixMicro())
	}
	str(a.Name)
	b = binary.AppendUvarint(b, uint64(a.Type))
	b = append(b, byte(a.Status))
	str(string(a.Kind))
	b = binary.AppendUvarint(b, uint64(len(a.Records)))
	for _, r := range a.Records {
		str(r)
	}
	b = binary.AppendUvarint(b, uint64(len(a.CNAMEs)))
	for _, c := range a.CNAMEs {
		str(c)
	}
	b = binary.AppendUvarint(b, uint64(a.TTL))
	str(a.Source)
	moment(a.ObservedAt)
	moment(a.Since)
	moment(a.Until)
	if a.Nearest {
		b = append(b, 1)
	}
	s.buf = b
	return xxh3.Hash128(b).Bytes()
}

// withholder finds the answers whose names hold a local part: SPF macros put it
// there (RFC 7208 section 7.2).
type withholder struct {
	active bool
	count  int64
}

// tokens are the pieces of a local part that must not reach the dataset.
type tokens []string

// tokens returns what to look for in the names of r's answers: nothing, unless a
// record of its SPF evaluation uses the local part.
func (w *withholder) tokens(r *evaluate.Record) tokens {
	local := r.Evidence.Envelope.MailFromLocal
	if !w.active || local == "" || !usesLocal(r.Verdict.SPF) && !usesLocal(r.Verdict.SPFHelo) {
		return nil
	}
	return strings.FieldsFunc(strings.ToLower(local), isDelimiter)
}

// usesLocal tells whether an SPF record that was met has the macro l or s.
func usesLocal(o *spf.Outcome) bool {
	for _, a := range o.AnswersOf() {
		if a == nil || a.Type != dns.TypeTXT {
			continue
		}
		for _, t := range a.Records {
			if strings.IndexByte(t, '%') >= 0 && hasLocalMacro(t) {
				return true
			}
		}
	}
	return false
}

func hasLocalMacro(t string) bool {
	for _, m := range [...]string{"%{l", "%{L", "%{s", "%{S"} {
		if strings.Contains(t, m) {
			return true
		}
	}
	return false
}

// isDelimiter holds for the delimiters of macros (RFC 7208 section 7.1), at which
// a name may show a part of what was expanded, and the at sign.
func isDelimiter(r rune) bool { return strings.ContainsRune(".-+,/_=@", r) }

// in tells whether the name of a holds one of the tokens.
func (t tokens) in(a *dns.Answer) bool {
	if len(t) == 0 {
		return false
	}
	for piece := range strings.FieldsFuncSeq(strings.ToLower(a.Name), isDelimiter) {
		for _, secret := range t {
			if piece == secret {
				return true
			}
		}
	}
	return false
}
