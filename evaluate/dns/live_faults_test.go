package dns_test

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

type intercept = func(w mdns.ResponseWriter, m *mdns.Msg) bool

func isUDP(w mdns.ResponseWriter) bool { return w.LocalAddr().Network() == "udp" }

// reply makes a response from records in master-file form; those behind "--" are
// the authority section.
func reply(m *mdns.Msg, rcode int, records ...string) *mdns.Msg {
	r := new(mdns.Msg).SetRcode(m, rcode)
	r.RecursionAvailable = true
	section := &r.Answer
	for _, text := range records {
		if text == "--" {
			section = &r.Ns
			continue
		}
		rr, err := mdns.NewRR(text)
		if err != nil {
			panic(err)
		}
		*section = append(*section, rr)
	}
	return r
}

// says answers every query alike.
func says(rcode int, records ...string) intercept {
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		w.WriteMsg(reply(m, rcode, records...))
		return true
	}
}

// raw answers over UDP with a changed message, and not at all over TCP.
func raw(change func(b []byte) []byte, records ...string) intercept {
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		b, err := reply(m, 0, records...).Pack()
		if err != nil {
			panic(err)
		}
		w.Write(change(b))
		return true
	}
}

// byQuestion answers each "name TYPE" with records of its own, the rest with no
// data and no SOA.
func byQuestion(answers map[string][]string) intercept {
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		q := m.Question[0]
		w.WriteMsg(reply(m, 0, answers[strings.ToLower(q.Name)+" "+mdns.TypeToString[q.Qtype]]...))
		return true
	}
}

// once does something on the first query only.
func once(f intercept) intercept {
	var n atomic.Int32
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool { return n.Add(1) == 1 && f(w, m) }
}

func drop(mdns.ResponseWriter, *mdns.Msg) bool { return true }

const (
	question = "asked.example"
	answerA  = "asked.example. 60 A 192.0.2.1"
	soaText  = "example. 60 SOA ns.example. h.example. 1 2 3 4 5"
)

// TestLiveFaults holds that whatever a server does leads to the right answer or
// to a failure of the right kind, never to absence.
func TestLiveFaults(t *testing.T) {
	t.Parallel()
	var (
		good     = dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, TTL: 60}
		huge     = make([]string, 200)
		failed   = func(k dns.FailureKind) dns.Answer { return dns.Answer{Status: dns.Failure, Kind: k} }
		truncate = func(records ...string) intercept {
			return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
				r := reply(m, 0, records...)
				r.Truncated = isUDP(w)
				w.WriteMsg(r)
				return true
			}
		}
	)
	for i := range huge {
		huge[i] = strings.Repeat(strconv.Itoa(i%10), 250) + strconv.Itoa(i)
	}
	slices.Sort(huge)
	for _, test := range []struct {
		name   string
		server intercept // nil: answers with the zone
		want   dns.Answer
		check  func(c dns.Counts) bool
	}{
		{name: "answers", server: says(0, answerA), want: good},
		{name: "drops the first", server: once(drop), want: good,
			check: func(c dns.Counts) bool { return c.Retries == 1 && c.Servers[0].Timeouts == 1 }},
		{name: "drops all", server: drop, want: failed(dns.Timeout),
			check: func(c dns.Counts) bool { return c.Sent == 2 }},
		{name: "servfail", server: says(2), want: failed(dns.ServFail), check: func(c dns.Counts) bool { return c.Sent == 2 }},
		{name: "servfail, then answers", server: once(says(2)), want: good},
		{name: "servfail, then silent", server: func() intercept {
			first := once(says(2))
			return func(w mdns.ResponseWriter, m *mdns.Msg) bool { return first(w, m) || true }
		}(), want: failed(dns.ServFail)},
		{name: "refused", server: says(5), want: failed(dns.Refused)},
		{name: "formerr", server: says(1), want: failed(dns.FormErr)},
		{name: "other rcode", server: says(9), want: failed(dns.OtherRcode)},
		{name: "no EDNS", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if m.IsEdns0() == nil {
				return false
			}
			return says(4)(w, m)
		}, want: good, check: func(c dns.Counts) bool { return c.Sent == 2 && c.Retries == 0 }},
		{name: "formerr without question", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if m.IsEdns0() == nil {
				return false
			}
			b := make([]byte, 12)
			binary.BigEndian.PutUint16(b, m.Id)
			b[2], b[3] = 0x80, 1
			w.Write(b)
			return true
		}, want: good},
		{name: "BADVERS", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if m.IsEdns0() == nil {
				return false
			}
			r := reply(m, 0)
			r.SetEdns0(1232, false)
			r.Rcode = mdns.RcodeBadVers
			w.WriteMsg(r)
			return true
		}, want: good},

		// Absence, and what is none.
		{name: "no data", server: says(0, "--", soaText), want: dns.Answer{Status: dns.NoData}},
		{name: "no data without SOA (RFC 2308 section 2.2 type 3)", server: says(0), want: dns.Answer{Status: dns.NoData}},
		{name: "NXDOMAIN", server: says(3, "--", soaText), want: dns.Answer{Status: dns.NXDomain}},
		{name: "NXDOMAIN for an alias's target", server: says(3, "asked.example. 60 CNAME b.example.", "--", soaText),
			want: dns.Answer{Status: dns.NXDomain, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "no data at an alias's target", server: says(0, "asked.example. 60 CNAME b.example.", "--", soaText),
			want: dns.Answer{Status: dns.NoData, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "referral", server: says(0, "--", "example. 60 NS ns.example."), want: failed(dns.Refused)},
		{name: "NXDOMAIN with records", server: says(3, answerA), want: failed(dns.FormErr)},
		{name: "records of another name", server: says(0, "other.example. 60 A 192.0.2.9"), want: failed(dns.FormErr)},
		{name: "NXDOMAIN with records of another name", server: says(3, "other.example. 60 A 192.0.2.9", "--", soaText), want: failed(dns.FormErr)},
		{name: "extra records of another name", server: says(0, "other.example. 60 A 192.0.2.9", answerA), want: good},
		{name: "records of another type", server: says(0, "asked.example. 60 TXT x", "--", soaText), want: dns.Answer{Status: dns.NoData}},
		{name: "records of another class", server: says(0, "asked.example. 60 CH A 192.0.2.1", "--", soaText), want: dns.Answer{Status: dns.NoData}},

		// Aliases.
		{name: "chain out of order", server: says(0, "c.example. 30 A 192.0.2.1", "b.example. 90 CNAME C.example.", "asked.example. 60 CNAME b.example."),
			want: dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: []string{"b.example", "c.example"}, TTL: 30}},
		{name: "chain followed by ourselves", server: byQuestion(map[string][]string{
			"asked.example. A": {"asked.example. 60 CNAME b.example."},
			"b.example. A":     {"b.example. 50 CNAME c.example."},
			"c.example. A":     {"c.example. 70 A 192.0.2.1"},
		}), want: dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: []string{"b.example", "c.example"}, TTL: 50}},
		{name: "chain that leads to nothing", server: byQuestion(map[string][]string{
			"asked.example. A": {"asked.example. 60 CNAME b.example."},
		}), want: dns.Answer{Status: dns.NoData, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "loop in an answer", server: says(0, "asked.example. 60 CNAME b.example.", "b.example. 60 CNAME asked.example."),
			want: dns.Answer{Status: dns.Failure, Kind: dns.Loop, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "loop over answers", server: byQuestion(map[string][]string{
			"asked.example. A": {"asked.example. 60 CNAME b.example."},
			"b.example. A":     {"b.example. 60 CNAME b.example."},
		}), want: dns.Answer{Status: dns.Failure, Kind: dns.Loop, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "endless chain", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			name := strings.ToLower(m.Question[0].Name)
			w.WriteMsg(reply(m, 0, name+" 60 CNAME x"+name))
			return true
		}, want: func() dns.Answer {
			a := dns.Answer{Status: dns.Failure, Kind: dns.Loop, TTL: 60}
			for i := range dns.MaxChain {
				a.CNAMEs = append(a.CNAMEs, strings.Repeat("x", i+1)+question)
			}
			return a
		}(), check: func(c dns.Counts) bool { return c.Sent == dns.MaxChain+1 }},
		{name: "alias beside records of another name", server: says(0, "asked.example. 60 CNAME b.example.", "other.example. 60 A 192.0.2.9"),
			want: failed(dns.FormErr)},

		// Forgeries.
		{name: "wrong id only", server: raw(func(b []byte) []byte { b[0] ^= 1; return b }, answerA), want: failed(dns.Timeout),
			check: func(c dns.Counts) bool { return c.Ignored == 2 }},
		{name: "wrong id first", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			raw(func(b []byte) []byte { b[0] ^= 1; return b }, "asked.example. 60 A 203.0.113.6")(w, m)
			return false
		}, want: good, check: func(c dns.Counts) bool { return c.Ignored == 1 && c.Retries == 0 }},
		{name: "wrong question first", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			forged := m.Copy()
			forged.Question[0].Name = "forge.example."
			w.WriteMsg(reply(forged, 3))
			return false
		}, want: good, check: func(c dns.Counts) bool { return c.Ignored == 1 }},
		{name: "wrong type in question", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			forged := m.Copy()
			forged.Question[0].Qtype = mdns.TypeTXT
			w.WriteMsg(reply(forged, 3))
			return false
		}, want: good},
		{name: "no question, NXDOMAIN", server: raw(func(b []byte) []byte { b[3] = 3; b[5] = 0; return b[:12] }), want: failed(dns.Timeout)},
		{name: "a query come back", server: raw(func(b []byte) []byte { b[2] &^= 0x80; return b }, answerA), want: failed(dns.Timeout)},
		{name: "answered twice", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			w.WriteMsg(reply(m, 0, answerA))
			return false
		}, want: good},

		// Lengths that lie.
		{name: "counts records that are not there", server: raw(func(b []byte) []byte { b[7] = 3; return b }), want: failed(dns.FormErr)},
		{name: "counts more records than there are", server: raw(func(b []byte) []byte { b[7] = 2; return b }, answerA), want: failed(dns.FormErr)},
		{name: "counts authority that is not there", server: raw(func(b []byte) []byte { b[3], b[9] = 3, 1; return b }), want: failed(dns.FormErr)},
		{name: "RDLENGTH beyond the end", server: raw(func(b []byte) []byte { b[len(b)-5] = 200; return b }, answerA), want: failed(dns.FormErr)},
		{name: "RDLENGTH too short", server: raw(func(b []byte) []byte { b[len(b)-5] = 3; return b[:len(b)-1] }, answerA), want: failed(dns.FormErr)},
		{name: "cut without TC", server: raw(func(b []byte) []byte { return b[:len(b)-2] }, answerA), want: failed(dns.FormErr)},
		{name: "name that points at itself", server: raw(func(b []byte) []byte { b[31], b[32] = 0xc0, 31; return b }, answerA), want: failed(dns.FormErr)},
		{name: "trailing bytes", server: raw(func(b []byte) []byte { return append(b, 1, 2, 3) }, answerA), want: good},

		// Size.
		{name: "truncated, whole over TCP", server: truncate(answerA), want: good,
			check: func(c dns.Counts) bool { return c.TCP == 1 && c.Truncated == 1 }},
		{name: "truncated NXDOMAIN, whole over TCP", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				return false
			}
			r := reply(m, 3)
			r.Truncated = true
			w.WriteMsg(r)
			return true
		}, want: good},
		{name: "truncated over TCP too", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			r := reply(m, 0, answerA)
			r.Truncated = true
			w.WriteMsg(r)
			return true
		}, want: failed(dns.TooLarge)},
		{name: "truncated, TCP closes", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				w.Close()
				return true
			}
			return truncate(answerA)(w, m)
		}, want: failed(dns.Network)},
		{name: "truncated, TCP silent", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			return !isUDP(w) || truncate(answerA)(w, m)
		}, want: failed(dns.Timeout)},
		{name: "truncated, TCP answers another", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				m.Question[0].Name = "other.example."
			}
			return truncate(answerA)(w, m)
		}, want: failed(dns.FormErr)},
		{name: "truncated, TCP with another id", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				m.Id++
			}
			return truncate(answerA)(w, m)
		}, want: failed(dns.FormErr)},
		{name: "packet larger than asked for", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			r := reply(m, 0)
			for range 200 {
				r.Answer = append(r.Answer, reply(m, 0, answerA).Answer...)
			}
			w.WriteMsg(r)
			return true
		}, want: good, check: func(c dns.Counts) bool { return c.TCP == 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := dnstest.Serve(t, dnstest.Zone(t, "asked.example. 60 A 192.0.2.1"), test.server)
			l := live(t, liveOptions(), srv.Addr)
			got, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeA})
			if err != nil {
				t.Fatal(err)
			}
			test.want.Name, test.want.Type, test.want.Source = question, dns.TypeA, "live "+srv.Addr
			if d := cmp.Diff(&test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if c := dns.CountsOf(l); test.check != nil && !test.check(c) {
				t.Errorf("counts %+v", c)
			}
		})
	}
	t.Run("gigantic TXT", func(t *testing.T) {
		t.Parallel()
		srv := dnstest.Serve(t, dnstest.Source{question + " TXT": huge}, nil)
		l := live(t, dns.LiveOptions{Timeout: 2 * time.Second}, srv.Addr)
		got, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeTXT})
		if err != nil || !slices.Equal(got.Records, huge) {
			t.Errorf("%v %v, %d records, %v", got.Status, got.Kind, len(got.Records), err)
		}
	})
}
