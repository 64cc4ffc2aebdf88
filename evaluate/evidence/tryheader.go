package evidence

import (
	"bytes"
	"slices"
	"strings"
)

// maxAttempts bounds the readings of one header that are offered: each costs
// whoever tries it a verification.
const maxAttempts = 64

// headerTrial makes other readings of the header for one signature.
type headerTrial struct {
	p    *sigParser
	own  *Field
	sig  *Signature
	all  []Field
	seen [][]byte // digests met
	out  []Attempt
}

// headerAttempts returns the digests of the ways in which relays, lists and
// stores are known to change a header, undone. Those that change nothing are
// left out.
func (x *Extractor) headerAttempts(own *Field, s *Signature) []Attempt {
	t := &headerTrial{p: &x.sig, own: own, sig: s, all: x.header.Fields}
	t.try("", "", t.all, s.HeaderCanon)
	t.out = t.out[:0]

	other, note := Relaxed, "relaxed, not simple"
	if s.HeaderCanon == Relaxed {
		other, note = Simple, "simple, not relaxed"
	}
	t.try("header_canonicalization", "with the header canonicalization "+note, t.all, other)
	if s.HeaderCanon == Simple {
		t.try("unfolded", "with every field unfolded", t.edited(unfoldField), Simple)
		t.try("names", "with names as h= has them", t.renamed(), Simple)
		t.try("names", "with names as h= has them, and every field unfolded", editedOf(t.renamed(), unfoldField), Simple)
		t.try("tabs", "with tabs in folding as spaces", t.edited(untabField), Simple)
	}
	t.lists()
	t.added()
	t.positions()
	t.encoding()
	return t.out
}

// try adds one reading.
func (t *headerTrial) try(word, note string, fields []Field, c Canon) {
	if fields == nil || len(t.out) == maxAttempts {
		return
	}
	s := *t.sig
	s.HeaderCanon = c
	t.p.headerHash(&Header{Fields: fields}, t.own, &s, nil)
	for _, d := range t.seen {
		if bytes.Equal(d, s.HeaderHash) {
			return
		}
	}
	t.seen = append(t.seen, s.HeaderHash)
	t.out = append(t.out, Attempt{Word: word, Note: note, Digest: s.HeaderHash})
}

// lists undoes what mailing lists do: a tag in the subject, their own fields,
// another author.
func (t *headerTrial) lists() {
	c := t.sig.HeaderCanon
	untagged := t.edited(untagSubject)
	t.try("subject_tag", "without the tag in Subject", untagged, c)
	bare := t.without(listField)
	t.try("list_fields", "without the fields that lists add", bare, c)
	both := t.edited(untagSubject)
	both = slices.DeleteFunc(both, func(f Field) bool { return listField(&f) })
	t.try("list_changes", "without the tag in Subject and the fields that lists add", both, c)
	for _, name := range [...]string{"x-original-from", "original-from", "x-google-original-from", "author", "reply-to"} {
		for i := range t.all {
			if !equalFold(t.all[i].Name, name) {
				continue
			}
			value := t.all[i].Value
			from := func(f *Field) []byte {
				if f.Kind != KindFrom {
					return nil
				}
				return value
			}
			t.try("from_rewritten", "with From as in "+name, t.edited(from), c)
			t.try("from_rewritten_subject_tag", "with From as in "+name+" and without the tag in Subject", editedOf(untagged, from), c)
			break
		}
	}
}

// positions reads the header as other signers choose fields.
func (t *headerTrial) positions() {
	reversed := slices.Clone(t.all)
	slices.Reverse(reversed)
	t.try("topmost_instances", "with the topmost of repeated fields, where RFC 6376 §5.4.2 takes the lowest", reversed, t.sig.HeaderCanon)
	for i := range t.all {
		if &t.all[i] == t.own {
			t.try("fields_above", "without the fields that stand above the signature", t.all[i:], t.sig.HeaderCanon)
		}
	}
}

// encoding undoes a change of the transfer encoding.
func (t *headerTrial) encoding() {
	for _, value := range [...]string{"8bit", "7bit", "quoted-printable", "base64"} {
		t.try("transfer_encoding", "with Content-Transfer-Encoding: "+value, t.edited(func(f *Field) []byte {
			if !equalFold(f.Name, "content-transfer-encoding") {
				return nil
			}
			return []byte(" " + value)
		}), t.sig.HeaderCanon)
	}
	t.try("mime_fields", "without the MIME fields", t.without(func(f *Field) bool {
		return equalFold(f.Name, "mime-version") || len(f.Name) > 8 && equalFold(f.Name[:8], "content-")
	}), t.sig.HeaderCanon)
}

// added leaves out one signed name after the other.
func (t *headerTrial) added() {
	seen := map[string]bool{"from": true}
	for name := range strings.SplitSeq(t.sig.SignedHeaders, ":") {
		low := strings.ToLower(name)
		if seen[low] {
			continue
		}
		seen[low] = true
		lowest, topmost := -1, -1
		for i := range t.all {
			if equalFold(t.all[i].Name, low) {
				lowest = i
				if topmost < 0 {
					topmost = i
				}
			}
		}
		if topmost < 0 {
			continue
		}
		t.try("field_added", "without "+low, slices.Delete(slices.Clone(t.all), lowest, lowest+1), t.sig.HeaderCanon)
		t.try("field_added", "without the topmost "+low, slices.Delete(slices.Clone(t.all), topmost, topmost+1), t.sig.HeaderCanon)
	}
}

// edited returns the fields with the values that edit gives; nil where it gives
// none.
func (t *headerTrial) edited(edit func(*Field) []byte) []Field { return editedOf(t.all, edit) }

func editedOf(fields []Field, edit func(*Field) []byte) []Field {
	var out []Field
	for i := range fields {
		v := edit(&fields[i])
		if v == nil {
			continue
		}
		if out == nil {
			out = slices.Clone(fields)
		}
		out[i].put(fields[i].Name, v)
	}
	return out
}

// put writes the field anew.
func (f *Field) put(name, value []byte) {
	raw := append(append(slices.Clone(name), ':'), value...)
	f.Raw = append(raw, '\r', '\n')
	f.Name, f.Value = f.Raw[:len(name)], f.Raw[len(name)+1:len(raw)]
}

// renamed returns the fields with their names written as h= has them; nil where
// all are.
func (t *headerTrial) renamed() []Field {
	var out []Field
	for name := range strings.SplitSeq(t.sig.SignedHeaders, ":") {
		for i := range t.all {
			f := &t.all[i]
			if string(f.Name) == name || !bytes.EqualFold(f.Name, []byte(name)) {
				continue
			}
			if out == nil {
				out = slices.Clone(t.all)
			}
			out[i].put([]byte(name), f.Value)
		}
	}
	return out
}

// without returns the fields but those that drop names; nil where it names none.
func (t *headerTrial) without(drop func(*Field) bool) []Field {
	out := slices.DeleteFunc(slices.Clone(t.all), func(f Field) bool { return drop(&f) })
	if len(out) == len(t.all) {
		return nil
	}
	return out
}

func listField(f *Field) bool {
	switch {
	case len(f.Name) > 5 && equalFold(f.Name[:5], "list-"):
		return true
	case equalFold(f.Name, "sender"), equalFold(f.Name, "precedence"), equalFold(f.Name, "errors-to"),
		equalFold(f.Name, "reply-to"), equalFold(f.Name, "x-beenthere"):
		return true
	}
	return false
}

// untagSubject takes the first "[tag] " out of a subject, nil where there is
// none. In front of it only "Re:" and its like may stand.
func untagSubject(f *Field) []byte {
	if !equalFold(f.Name, "subject") {
		return nil
	}
	v := f.Value
	open := bytes.IndexByte(v, '[')
	if open < 0 {
		return nil
	}
	before := trimFWS(v[:open])
	if len(before) > 0 && (len(before) > 12 || before[len(before)-1] != ':') {
		return nil
	}
	n := bytes.IndexByte(v[open:], ']')
	if n < 0 {
		return nil
	}
	rest := v[open+n+1:]
	for len(rest) > 0 && isFWS(rest[0]) {
		rest = rest[1:]
	}
	return append(slices.Clone(v[:open]), rest...)
}

// unfoldField joins a folded value, nil where it is not folded.
func unfoldField(f *Field) []byte {
	if bytes.IndexByte(f.Value, '\n') < 0 || f.Kind == KindDKIMSignature {
		return nil
	}
	v := bytes.ReplaceAll(f.Value, []byte("\r\n"), []byte("\n"))
	for _, b := range [...]string{"\n\t", "\n "} {
		v = bytes.ReplaceAll(v, []byte(b), []byte(" "))
	}
	return v
}

// untabField makes each tab that begins a line a space.
func untabField(f *Field) []byte {
	if !bytes.Contains(f.Value, []byte("\n\t")) || f.Kind == KindDKIMSignature {
		return nil
	}
	return bytes.ReplaceAll(f.Value, []byte("\n\t"), []byte("\n "))
}
