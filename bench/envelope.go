package main

import (
	"bytes"
	"net"
	"strings"
)

// envelope is what a program without a parser of its own for Received fields is
// given: who delivered the message, taken in the plainest way that is right for
// the archive that is measured.
type envelope struct {
	id       string
	from     string // the author's domain
	mailFrom string
	helo     string
	ip       net.IP
}

// readEnvelope reads it from a header section with LF line ends.
func readEnvelope(head []byte) envelope {
	e := envelope{
		id:   strings.Trim(headerValue(head, "Message-ID"), "<>"),
		from: addressDomain(headerValue(head, "From")),
	}
	e.mailFrom = strings.Trim(headerValue(head, "Return-Path"), "<>")
	e.boundary(head)
	return e
}

// boundary takes the first Received field that shows a public address.
func (e *envelope) boundary(head []byte) {
	for {
		var value string
		value, head = nextValue(head, "Received")
		if value == "" {
			return
		}
		ip := bracketedIP(value)
		words := strings.Fields(value)
		if ip == nil || len(words) < 2 || words[0] != "from" {
			continue
		}
		e.ip, e.helo = ip, strings.Trim(words[1], "[]()")
		return
	}
}

// bracketedIP finds a public address in brackets or parentheses.
func bracketedIP(value string) net.IP {
	for {
		i := strings.IndexAny(value, "[(")
		if i < 0 {
			return nil
		}
		value = value[i+1:]
		end := strings.IndexAny(value, "])")
		if end < 0 {
			return nil
		}
		ip := net.ParseIP(strings.TrimPrefix(value[:end], "IPv6:"))
		if ip != nil && !ip.IsPrivate() && !ip.IsLoopback() {
			return ip
		}
	}
}

// headerValue returns the first field of that name, folding and all, trimmed.
func headerValue(head []byte, name string) string {
	v, _ := nextValue(head, name)
	return v
}

// nextValue returns the first field of that name, and what comes behind it.
func nextValue(head []byte, name string) (string, []byte) {
	for len(head) > 0 {
		end := lineEnd(head)
		for end < len(head) && (head[end] == ' ' || head[end] == '\t') {
			end += lineEnd(head[end:])
		}
		f := head[:end]
		head = head[end:]
		if len(f) > len(name) && f[len(name)] == ':' && bytes.EqualFold(f[:len(name)], []byte(name)) {
			return string(bytes.TrimSpace(f[len(name)+1:])), head
		}
	}
	return "", nil
}

// lineEnd is the length of b's first line with its end.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// addressDomain is the domain behind the last "@" of an address.
func addressDomain(v string) string {
	v = v[strings.LastIndexByte(v, '@')+1:]
	if i := strings.IndexAny(v, "> \t\r\n"); i >= 0 {
		v = v[:i]
	}
	return strings.ToLower(v)
}
