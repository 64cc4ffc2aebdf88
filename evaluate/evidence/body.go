package evidence

import (
	"bytes"
	"crypto/sha1"
	"hash"

	"mailaudit/internal/scan"
	"mailaudit/reader"
)

// bodyHashes are the distinct body hashes that a message's signatures ask for:
// each (canonicalization, hash, l=) is computed once, all in one pass.
type bodyHashes struct {
	canons  [2]*bodyCanon // simple, relaxed; nil until first wanted
	wanted  [2]bool
	unquote unquoter

	new256         func() hash.Hash
	free256, free1 []*bodyHash
}

func (b *bodyHashes) reset() {
	for i, c := range b.canons {
		if !b.wanted[i] {
			continue
		}
		for _, h := range c.hashes {
			if h.h.Size() == sha1.Size {
				b.free1 = append(b.free1, h)
			} else {
				b.free256 = append(b.free256, h)
			}
		}
		c.hashes = c.hashes[:0]
		b.wanted[i] = false
	}
}

// want returns the hash that a signature's bh= is to be compared with.
func (b *bodyHashes) want(s *Signature) (*bodyHash, *bodyCanon) {
	i := 0
	if s.BodyCanon == Relaxed {
		i = 1
	}
	if b.canons[i] == nil {
		b.canons[i] = new(bodyCanon)
	}
	c := b.canons[i]
	if !b.wanted[i] {
		b.wanted[i] = true
		c.reset(i == 1)
	}
	old := s.Algorithm == "rsa-sha1"
	for _, h := range c.hashes {
		if h.limit == s.BodyLength && (h.h.Size() == sha1.Size) == old {
			return h, c
		}
	}
	h := b.take(old)
	h.limit, h.fed = s.BodyLength, 0
	h.h.Reset()
	c.hashes = append(c.hashes, h)
	return h, c
}

func (b *bodyHashes) take(old bool) *bodyHash {
	free, create := &b.free256, b.new256
	if old {
		free, create = &b.free1, sha1.New
	}
	if n := len(*free); n > 0 {
		h := (*free)[n-1]
		*free = (*free)[:n-1]
		return h
	}
	return &bodyHash{h: create()}
}

// restart begins the same hashes anew, over another reading of the body.
func (b *bodyHashes) restart() {
	for i, c := range b.canons {
		if !b.wanted[i] {
			continue
		}
		hashes := c.hashes
		c.reset(i == 1)
		c.hashes = hashes
		for _, h := range hashes {
			h.fed = 0
			h.h.Reset()
		}
	}
}

// Write feeds one piece of the body as it was sent.
func (b *bodyHashes) Write(p []byte) {
	for i, c := range b.canons {
		if b.wanted[i] {
			c.Write(p)
		}
	}
}

func (b *bodyHashes) finish() {
	for i, c := range b.canons {
		if b.wanted[i] {
			c.finish()
		}
	}
}

// hashBody runs the body through all hashes that were asked for.
func (x *Extractor) hashBody(body []byte, q reader.Quoting, more func(*bodyHashes) error) error {
	b := &x.bodies
	b.unquote.reset(q)
	b.unquote.write(body, b)
	if more != nil {
		if err := more(b); err != nil {
			return err
		}
	}
	b.unquote.finish(b)
	b.finish()
	return nil
}

// unquoter undoes what mboxes do to lines that begin with "From ". It takes
// pieces of any size.
type unquoter struct {
	quoting reader.Quoting
	bol     bool   // the next byte begins a line
	held    []byte // the beginning of a line that cannot be judged yet
}

var quotedFrom = []byte(">From ")

// maxHeld bounds a run of ">" that is waited on for its "From ".
const maxHeld = 1024

func (q *unquoter) reset(quoting reader.Quoting) {
	q.quoting, q.bol, q.held = quoting, true, q.held[:0]
}

func (q *unquoter) write(p []byte, to *bodyHashes) {
	if q.quoting == reader.QuotingNone || len(p) == 0 {
		to.Write(p)
		return
	}
	if len(q.held) > 0 {
		p = append(q.held, p...)
		q.held = nil
	}
	for {
		at, line := q.next(p)
		if at < 0 {
			break
		}
		to.Write(p[:line])
		p = p[line+1:] // without one ">"
		k := at - line // the rest of the run, and "From "
		to.Write(p[:k])
		p, q.bol = p[k:], false
	}
	q.keep(p, to)
}

// next finds the next quoted line: at is the index of ">From ", line the index
// where its line begins.
func (q *unquoter) next(p []byte) (at, line int) {
	for from := 0; ; {
		i := scan.Index(p[from:], quotedFrom)
		if i < 0 {
			return -1, 0
		}
		at = from + i
		line = at
		if q.quoting == reader.QuotingMboxrd {
			for line > 0 && p[line-1] == '>' {
				line--
			}
		}
		if line == 0 && q.bol || line > 0 && p[line-1] == '\n' {
			return at, line
		}
		from = at + 1
	}
}

// keep passes p on but for a last line that may yet turn out to be quoted.
func (q *unquoter) keep(p []byte, to *bodyHashes) {
	line := bytes.LastIndexByte(p, '\n') + 1
	tail := p[line:]
	if line > 0 || q.bol {
		rest := bytes.TrimLeft(tail, ">")
		if run := len(tail) - len(rest); run > 0 && len(tail) <= maxHeld && bytes.HasPrefix([]byte("From "), rest) {
			to.Write(p[:line])
			q.held = append([]byte(nil), tail...)
			q.bol = true
			return
		}
	}
	to.Write(p)
	if len(p) > 0 {
		q.bol = line == len(p)
	}
}

func (q *unquoter) finish(to *bodyHashes) {
	to.Write(q.held)
	q.held = q.held[:0]
}
