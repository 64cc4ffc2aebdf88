package maillog

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"
)

// serveTXT is a name server on the loopback interface that has the texts given
// and knows of nothing else. It returns its port.
func serveTXT(t *testing.T, texts map[string]string) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if answer := answerTXT(texts, b[:n]); answer != nil {
				c.WriteTo(answer, from)
			}
		}
	}()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	return port
}

// answerTXT answers one question.
func answerTXT(texts map[string]string, q []byte) []byte {
	name, at := "", 12
	for at < len(q) && q[at] != 0 {
		n := int(q[at])
		if at+1+n >= len(q) {
			return nil
		}
		name += "." + strings.ToLower(string(q[at+1:at+1+n]))
		at += 1 + n
	}
	if at+5 > len(q) {
		return nil
	}
	const txt, rd, nxdomain, ttl = 16, 0x8180, 0x8183, 60
	name = strings.TrimPrefix(name, ".")
	text, found := texts[name]
	found = found || hasBelow(texts, name)
	a := append(q[:2:2], 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	if binary.BigEndian.PutUint16(a[2:], rd); !found {
		binary.BigEndian.PutUint16(a[2:], nxdomain)
	}
	a = append(a, q[12:at+5]...)
	if binary.BigEndian.Uint16(q[at+1:]) != txt || text == "" {
		return a
	}
	a[7] = 1
	var data []byte
	for len(text) > 0 {
		n := min(len(text), 255)
		data = append(append(data, byte(n)), text[:n]...)
		text = text[n:]
	}
	a = append(a, 0xc0, 12, 0, txt, 0, 1, 0, 0, 0, ttl)
	return append(binary.BigEndian.AppendUint16(a, uint16(len(data))), data...)
}

// hasBelow tells whether there is a name below this one.
func hasBelow(texts map[string]string, name string) bool {
	for n := range texts {
		if strings.HasSuffix(n, "."+name) {
			return true
		}
	}
	return false
}
