package history

import (
	"bytes"
	"testing"

	"mailaudit/evaluate/dns"
)

// FuzzDecode: no bytes end the program; what can be read is written again as
// something that reads the same.
func FuzzDecode(f *testing.F) {
	f.Add(encode(nil, []seen{
		{status: dns.Success, whole: true, first: always, last: forever, count: 9, records: []string{"", "x"}, origins: FromKeys},
		{status: dns.NXDomain, whole: true, first: 1, last: 1},
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := decode(b)
		if err != nil {
			return
		}
		text := encode(nil, list)
		again, err := decode(text)
		if err != nil || !bytes.Equal(text, encode(nil, again)) {
			t.Errorf("%x: %v", text, err)
		}
	})
}
