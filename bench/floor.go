package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"mailaudit/evaluate/evidence"
)

// setupFile is where a program says what its preparation cost.
const setupFile = "setup"

// floor is the least that a verdict can cost: it reads the archive, hashes each
// canonical body once and the signed header fields, and checks each signature
// once, with keys that are parsed before the clock starts. It judges nothing,
// knows no hop and no policy, and writes nothing but two numbers.
func floor(j job, kind checkKind) error {
	z, err := readZone(j.zone)
	if err != nil {
		return err
	}
	f := &floorRun{keys: checkers(z, kind), bodies: evidence.NewBodyHasher(), sha: sha256.New()}
	setup := ownCPU()
	if err := split(j.archive, f.message); err != nil {
		return err
	}
	text := fmt.Sprintf("%d %d %d\n", setup, f.checked, f.good)
	return os.WriteFile(filepath.Join(j.out, setupFile), []byte(text), 0o666)
}

type floorRun struct {
	keys   map[string]checker
	bodies *evidence.BodyHasher
	sha    hash.Hash

	fields        []field
	used          []bool
	canonical     []byte
	b64, sig, sum []byte
	digest        []byte
	sums          [2][]byte
	name          []byte
	checked, good int
}

// field is one header field: raw is all of it but the last line end.
type field struct{ name, raw []byte }

func (f *floorRun) message(m []byte) error {
	head, body, _ := bytes.Cut(m, []byte("\n\n"))
	f.index(head)
	f.sums[0], f.sums[1] = f.sums[0][:0], f.sums[1][:0]
	for i := range f.fields {
		if len(f.fields[i].name) == len("DKIM-Signature") && bytes.EqualFold(f.fields[i].name, []byte("DKIM-Signature")) {
			f.signature(f.fields[i], body)
		}
	}
	return nil
}

// index finds the fields.
func (f *floorRun) index(head []byte) {
	f.fields = f.fields[:0]
	for len(head) > 0 {
		end := 0
		for {
			i := bytes.IndexByte(head[end:], '\n')
			if i < 0 {
				end = len(head)
				break
			}
			end += i
			if end+1 == len(head) || head[end+1] != ' ' && head[end+1] != '\t' {
				break
			}
			end++
		}
		raw := head[:end]
		if i := bytes.IndexByte(raw, ':'); i > 0 {
			f.fields = append(f.fields, field{raw[:i], raw})
		}
		head = head[min(len(head), end+1):]
	}
}

func (f *floorRun) signature(own field, body []byte) {
	value := own.raw[len(own.name)+1:]
	c := tagOf(value, 'c')
	headCanon, bodyCanon, _ := bytes.Cut(c, []byte("/"))
	relaxed := string(headCanon) == "relaxed"
	f.sum = append(f.sum[:0], f.bodySum(body, string(bodyCanon) == "relaxed")...)

	f.canonical = f.canonical[:0]
	f.signed(tagOf(value, 'h'), relaxed)
	f.emptied(own, relaxed)
	f.sha.Reset()
	f.sha.Write(f.canonical)
	f.digest = f.sha.Sum(f.digest[:0])

	f.name = append(append(append(f.name[:0], tagOf(value, 's')...), "._domainkey."...), tagOf(value, 'd')...)
	check := f.keys[string(f.name)]
	if check == nil {
		return
	}
	f.b64 = withoutSpace(f.b64[:0], tagOf(value, 'b'))
	f.sig = grow(f.sig, len(f.b64))
	n, err := base64.StdEncoding.Decode(f.sig, f.b64)
	if err != nil {
		return
	}
	f.checked++
	if check(f.digest, f.sig[:n]) && f.bodyMatches(value) {
		f.good++
	}
}

// bodySum hashes the body once for each canonical form that is asked for.
func (f *floorRun) bodySum(body []byte, relaxed bool) []byte {
	i, c := 0, evidence.Simple
	if relaxed {
		i, c = 1, evidence.Relaxed
	}
	if len(f.sums[i]) == 0 {
		f.sums[i] = f.bodies.Sum(f.sums[i][:0], body, c)
	}
	return f.sums[i]
}

func (f *floorRun) bodyMatches(value []byte) bool {
	f.b64 = withoutSpace(f.b64[:0], twoLetterTag(value, "bh"))
	var want [64]byte
	n, err := base64.StdEncoding.Decode(want[:], f.b64)
	return err == nil && bytes.Equal(want[:n], f.sum)
}

// signed appends the fields that h= names, each name from the bottom up.
func (f *floorRun) signed(names []byte, relaxed bool) {
	if cap(f.used) < len(f.fields) {
		f.used = make([]bool, 2*len(f.fields))
	}
	f.used = f.used[:len(f.fields)]
	clear(f.used)
	for len(names) > 0 {
		var name []byte
		name, names, _ = bytes.Cut(names, []byte(":"))
		name = bytes.TrimSpace(name)
		for i := len(f.fields) - 1; i >= 0; i-- {
			n := f.fields[i].name
			if len(n) == len(name) && !f.used[i] && bytes.EqualFold(n, name) {
				f.used[i] = true
				f.canonical = append(canonField(f.canonical, f.fields[i], relaxed), '\r', '\n')
				break
			}
		}
	}
}

// emptied appends the signature's own field without the value of b=.
func (f *floorRun) emptied(own field, relaxed bool) {
	at := bytes.Index(own.raw, []byte("\tb="))
	if at < 0 {
		if at = bytes.Index(own.raw, []byte(" b=")); at < 0 {
			return
		}
	}
	at += len("\tb=")
	end := len(own.raw)
	if i := bytes.IndexByte(own.raw[at:], ';'); i >= 0 {
		end = at + i
	}
	f.name = append(append(f.name[:0], own.raw[:at]...), own.raw[end:]...)
	f.canonical = canonField(f.canonical, field{own.name, f.name}, relaxed)
}

func canonField(dst []byte, f field, relaxed bool) []byte {
	if !relaxed {
		return append(dst, bytes.ReplaceAll(f.raw, []byte("\n"), []byte("\r\n"))...)
	}
	for _, c := range f.name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = append(dst, ':')
	start, space := len(dst), false
	for _, c := range f.raw[len(f.name)+1:] {
		if c == ' ' || c == '\t' || c == '\n' {
			space = true
			continue
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, c)
	}
	return dst
}
