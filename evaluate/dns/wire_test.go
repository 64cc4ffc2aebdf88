package dns

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"
)

func packed(t testing.TB, records ...string) []byte {
	t.Helper()
	m := new(mdns.Msg).SetQuestion("example.com.", mdns.TypeTXT)
	m.Response, m.Compress = true, true
	for _, text := range records {
		rr, err := mdns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzReply: reading a response never panics, and what is read is what the
// library reads, where that can.
func FuzzReply(f *testing.F) {
	f.Add(packed(f, `example.com. 60 TXT "a" "b\"\\\000"`, "example.com. 60 CNAME x.example.com."))
	f.Add(packed(f, "example.com. 60 A 192.0.2.1", "example.com. 60 AAAA 2001:db8::1", "example.com. 60 MX 10 mail.example.com."))
	f.Add(packed(f, `odd\.dot\032\255.Example.com. 60 NS ns\@.example.com.`, "example.com. 60 PTR .", "example.com. 60 SRV 1 2 3 x."))
	f.Add(packed(f)[:20])
	f.Add([]byte("\x00\x01\x80\x00\x00\x00\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, err := parseReply(msg)
		if err != nil || r.truncated {
			return
		}
		for _, name := range []string{"example.com", "x.example.com"} {
			a := &Answer{Name: name, Type: TypeTXT}
			next, kind := r.judge(a, name)
			if kind == "" && next == "" && a.Absent() && r.countAll(TypeTXT) > len(a.CNAMEs) {
				// Repeated CNAMEs are the only records that may be left over.
				for _, w := range r.answers {
					if w.t == TypeTXT {
						t.Errorf("%v in spite of records", a.Status)
					}
				}
			}
		}
		var m mdns.Msg
		if m.Unpack(msg) != nil {
			return
		}
		var theirs []mdns.RR
		for _, rr := range m.Answer {
			if rr.Header().Class == classIN {
				theirs = append(theirs, rr)
			}
		}
		if len(theirs) != len(r.answers) {
			t.Fatalf("%d records, the library has %d", len(r.answers), len(theirs))
		}
		for i, rr := range theirs {
			compareRecord(t, r, r.answers[i], rr)
		}
	})
}

func compareRecord(t *testing.T, r *reply, ours wireRecord, rr mdns.RR) {
	t.Helper()
	owner, err := rawName(rr.Header().Name)
	if err != nil || owner != ours.owner {
		t.Errorf("owner %q, the library has %q (%v)", ours.owner, owner, err)
	}
	text, err := r.text(ours)
	if err != nil {
		return // we may be stricter
	}
	switch rr.(type) {
	case *mdns.A, *mdns.AAAA, *mdns.MX, *mdns.NS, *mdns.PTR, *mdns.CNAME, *mdns.TXT:
		if theirs, err := rdataText(rr); err != nil || theirs != text {
			t.Errorf("%v: %q, the library has %q (%v)", ours.t, text, theirs, err)
		}
	}
}

// FuzzQuery: a query carries the name that was asked, byte for byte.
func FuzzQuery(f *testing.F) {
	f.Add("example.com")
	f.Add("_dmarc.xn--a.example")
	f.Add("odd \\\"\x00\xff.example")
	f.Add(strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("b", 61))
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(name) != nil {
			return
		}
		for _, edns := range []bool{true, false} {
			b := appendQuery(nil, 0x1234, name, TypeTXT, edns)
			var m mdns.Msg
			if err := m.Unpack(b); err != nil {
				t.Fatal(err)
			}
			q := m.Question[0]
			if got, err := rawName(q.Name); err != nil || got != lowerASCII(name) || q.Qtype != mdns.TypeTXT || q.Qclass != classIN {
				t.Errorf("%q became %q, %v", name, got, err)
			}
			if m.Id != 0x1234 || !m.RecursionDesired || (m.IsEdns0() != nil) != edns {
				t.Errorf("header %+v", m.MsgHdr)
			}
			mixCase(b)
			question := appendQuery(nil, 0, name, TypeTXT, edns)
			b[2] |= 0x80
			if !sameQuestion(b, questionOf(question), false) {
				t.Error("mixed case is another question")
			}
		}
	})
}

func TestCanonicalName(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for _, test := range []struct {
		in, want string
		bad      bool
	}{
		{"example.com", "example.com", false},
		{"Example.COM.", "example.com", false},
		{"_DMARC.Example.com", "_dmarc.example.com", false},
		{"a_b.-x-.example", "a_b.-x-.example", false},
		{"bücher.example", "xn--bcher-kva.example", false}, // RFC 3492 section 7.1 form
		{"BÜCHER.example.", "xn--bcher-kva.example", false},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example", false},
		{"faß.example", "xn--fa-hia.example", false},            // IDNA2008, not transitional
		{"例え。テスト", "xn--r8jz45g.xn--zckzah", false},             // ideographic full stop (UTS 46 section 4.5)
		{"xn--\xff\xfe.Example", "xn--\xff\xfe.example", false}, // no IDNA: bytes stay
		{"a\xffB.example", "a\xffb.example", false},
		{"", "", true},
		{".", "", true},
		{"a..b", "a..b", true},
		{".a", ".a", true},
		{"a.b..", "a.b.", true},
		{label + ".example", label + ".example", false},
		{label + "a.example", label + "a.example", true},
		{strings.Repeat(label+".", 3) + label[:61], strings.Repeat(label+".", 3) + label[:61], false}, // 253
		{strings.Repeat(label+".", 3) + label[:62], strings.Repeat(label+".", 3) + label[:62], true},
	} {
		got, err := CanonicalName(test.in)
		if got != test.want || (err != nil) != test.bad {
			t.Errorf("%q: %q, %v; want %q, bad %v", test.in, got, err, test.want, test.bad)
		}
	}
}

func TestCanonicalNameAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() { CanonicalName("_dmarc.example.com.") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCanonicalName: what is canonical stays as it is.
func FuzzCanonicalName(f *testing.F) {
	for _, s := range []string{"example.com", "BÜCHER.example.", "a\xffB.", "xn--zz.", "a。b", "\u00ad", "ⓐ.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := CanonicalName(s)
		if err != nil {
			return
		}
		if twice, err := CanonicalName(once); twice != once || err != nil {
			t.Errorf("%q: %q, then %q, %v", s, once, twice, err)
		}
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, s := range []Status{NotRecorded, Success, NoData, NXDomain, Failure} {
		if got, ok := ParseStatus(s.String()); got != s || !ok {
			t.Errorf("%v: %v, %v", s, got, ok)
		}
	}
	for s, want := range map[string]Type{"txt": TypeTXT, "AAAA": TypeAAAA, "TYPE99": 99, "SPF": 99, "type65280": 65280, "TYPE65536": 0, "x": 0} {
		if got, ok := ParseType(s); ok != (want != 0) || ok && got != want {
			t.Errorf("%s: %v, %v", s, got, ok)
		}
	}
	for _, typ := range []Type{TypeA, TypeNS, TypeCNAME, TypePTR, TypeMX, TypeTXT, TypeAAAA, 99, 65280} {
		if got, ok := ParseType(typ.String()); got != typ || !ok {
			t.Errorf("%v: %v", typ, got)
		}
	}
}

// FuzzZone: any text is a zone or a *ZoneError-like error, and what a zone
// answers is well formed.
func FuzzZone(f *testing.F) {
	for _, s := range []string{
		"$ORIGIN example.com.\n@ 60 TXT \"a\\\"b\" c\nx CNAME @\n; @servfail y A TXT\n",
		"; @nxdomain a\n; @nodata b\n$TTL 1h\n*.w MX 0 .\n",
		"a TXT \"multi\nline ; @x\"\n(\n)\n",
		"x.y DNAME z\na.b.x.y A 192.0.2.1\n\\.\\000 A 192.0.2.1\n",
		"$GENERATE 1-3 h$ A 10.0.0.$\n", "$ORIGIN .\n$INCLUDE x\n", "a IN", "a A", ";@", "; @",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToUpper(text), "$GENERATE") && len(text) > 60 {
			return // up to 65,536 records a line: slow, and the library's own
		}
		z, err := ParseZone(text)
		if err != nil {
			return
		}
		for name := range z.tree.names {
			for _, typ := range []Type{TypeA, TypeTXT, TypeCNAME} {
				a, err := z.Lookup(t.Context(), Question{Name: name, Type: typ})
				if err != nil {
					t.Fatal(err)
				}
				if (a.Status == Success) != (len(a.Records) > 0) || (a.Status == Failure) != (a.Kind != "") || !slices.IsSorted(a.Records) {
					t.Errorf("%q %v: %+v", name, typ, a)
				}
			}
		}
	})
}

// FuzzTXT: the text of a TXT record in a master file is the bytes that the
// library would put on the wire.
func FuzzTXT(f *testing.F) {
	for _, s := range []string{`plain`, `a\"b`, `\065\255\000`, `\\`, `\;`, `ends with \`, `\25`, `\256`, ``} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := joinStrings([]string{s})
		if err != nil || len(got) > 255 {
			return
		}
		rr := &mdns.TXT{Hdr: mdns.RR_Header{Name: ".", Rrtype: mdns.TypeTXT, Class: classIN}, Txt: []string{s}}
		b := make([]byte, 2048)
		n, err := mdns.PackRR(rr, b, 0, nil, false)
		if err != nil {
			return
		}
		if want := b[12:n]; !bytes.Equal([]byte(got), want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	})
}
