package dnstest

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	mdns "github.com/miekg/dns"

	"mailaudit/evaluate/dns"
)

// Server is a resolver on a loopback port, over UDP and TCP, that answers from
// a Source.
type Server struct {
	Addr string // host:port
	// Stop stops it, as the end of the test does. It may be called again.
	Stop func()
}

// Serve starts a server that answers from src until the test ends. A failure is
// answered by its RCODE, a timeout not at all, NotRecorded with REFUSED.
//
// intercept, where it is not nil, sees every query first; it returns true for
// those that it has dealt with.
func Serve(t testing.TB, src dns.Source, intercept func(mdns.ResponseWriter, *mdns.Msg) bool) *Server {
	t.Helper()
	handler := mdns.HandlerFunc(func(w mdns.ResponseWriter, m *mdns.Msg) {
		if intercept == nil || !intercept(w, m) {
			Respond(w, m, src)
		}
	})
	return ServeHandler(t, handler)
}

// readBuffer holds bursts of thousands of queries, bytes; the system may give
// less.
const readBuffer = 4 << 20

// ServeHandler starts a server with a handler of its own.
func ServeHandler(t testing.TB, handler mdns.Handler) *Server {
	t.Helper()
	var udp net.PacketConn
	var tcp net.Listener
	for range 20 { // the port must be free for both
		var err error
		if udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if tcp, err = net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			break
		}
		udp.Close()
	}
	if tcp == nil {
		t.Fatal("dnstest: no port for both UDP and TCP")
	}
	udp.(*net.UDPConn).SetReadBuffer(readBuffer)
	servers := []*mdns.Server{{PacketConn: udp, Handler: handler}, {Listener: tcp, Handler: handler}}
	var done, started sync.WaitGroup
	for _, s := range servers {
		started.Add(1)
		s.NotifyStartedFunc = started.Done
		done.Go(func() { s.ActivateAndServe() })
	}
	started.Wait()
	stop := sync.OnceFunc(func() {
		for _, s := range servers {
			s.Shutdown()
		}
		done.Wait()
	})
	t.Cleanup(stop)
	return &Server{Addr: udp.LocalAddr().String(), Stop: stop}
}

// Respond answers one query from src as [Serve] does.
func Respond(w mdns.ResponseWriter, m *mdns.Msg, src dns.Source) {
	q := m.Question[0]
	a, err := src.Lookup(context.Background(), dns.Question{Name: plainName(q.Name), Type: dns.Type(q.Qtype)})
	r := new(mdns.Msg)
	r.SetReply(m)
	r.RecursionAvailable, r.Compress = true, true
	if err != nil || a.Status == dns.Failure && a.Kind == dns.Timeout {
		return
	}
	owner := q.Name
	for _, c := range a.CNAMEs {
		r.Answer = append(r.Answer, &mdns.CNAME{Hdr: header(owner, dns.TypeCNAME, a.TTL), Target: mdns.Fqdn(presentation(c))})
		owner = mdns.Fqdn(presentation(c))
	}
	switch a.Status {
	case dns.Success:
		for _, text := range a.Records {
			r.Answer = append(r.Answer, rr(header(owner, a.Type, a.TTL), text))
		}
	case dns.NoData:
		r.Ns = append(r.Ns, soa())
	case dns.NXDomain:
		r.Rcode, r.Ns = mdns.RcodeNameError, append(r.Ns, soa())
	default:
		r.Answer, r.Rcode = nil, rcode(a)
	}
	if opt := m.IsEdns0(); opt != nil {
		r.SetEdns0(1232, false)
		if w.LocalAddr().Network() == "udp" {
			r.Truncate(int(opt.UDPSize()))
		}
	} else if w.LocalAddr().Network() == "udp" {
		r.Truncate(mdns.MinMsgSize)
	}
	w.WriteMsg(r)
}

func rcode(a *dns.Answer) int {
	switch a.Kind {
	case dns.FormErr:
		return mdns.RcodeFormatError
	case dns.Refused, "":
		return mdns.RcodeRefused
	case dns.OtherRcode:
		return mdns.RcodeNotZone
	}
	return mdns.RcodeServerFailure
}

func header(owner string, t dns.Type, ttl uint32) mdns.RR_Header {
	return mdns.RR_Header{Name: owner, Rrtype: uint16(t), Class: mdns.ClassINET, Ttl: ttl}
}

func soa() mdns.RR {
	return &mdns.SOA{Hdr: header(".", 6, 60), Ns: "ns.invalid.", Mbox: "hostmaster.invalid.", Minttl: 60}
}

// rr makes a record from the text form of [dns.Answer.Records].
func rr(h mdns.RR_Header, text string) mdns.RR {
	switch dns.Type(h.Rrtype) {
	case dns.TypeA:
		return &mdns.A{Hdr: h, A: net.ParseIP(text)}
	case dns.TypeAAAA:
		return &mdns.AAAA{Hdr: h, AAAA: net.ParseIP(text)}
	case dns.TypeTXT:
		return &mdns.TXT{Hdr: h, Txt: characterStrings(text)}
	case dns.TypeMX:
		preference, host, _ := strings.Cut(text, " ")
		n := 0
		for _, c := range preference {
			n = n*10 + int(c-'0')
		}
		return &mdns.MX{Hdr: h, Preference: uint16(n), Mx: mdns.Fqdn(presentation(host))}
	case dns.TypeNS:
		return &mdns.NS{Hdr: h, Ns: mdns.Fqdn(presentation(text))}
	case dns.TypePTR:
		return &mdns.PTR{Hdr: h, Ptr: mdns.Fqdn(presentation(text))}
	}
	return &mdns.CNAME{Hdr: h, Target: mdns.Fqdn(presentation(text))}
}

// characterStrings cuts a text into strings of at most 255 bytes, escaped as
// the library wants them.
func characterStrings(text string) []string {
	var out []string
	for {
		n := min(len(text), 255)
		out = append(out, presentationText(text[:n]))
		if text = text[n:]; text == "" {
			return out
		}
	}
}

func presentationText(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			ddd(&b, c)
			continue
		}
		b.WriteByte(s[i]) // the library takes an escape for four bytes of length
	}
	return b.String()
}

// presentation escapes what the library would take for syntax in a name.
func presentation(name string) string {
	if strings.IndexFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"();@\$`, c) }) < 0 {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '.' {
			b.WriteByte('.')
			continue
		}
		ddd(&b, name[i])
	}
	return b.String()
}

// ddd writes a byte as \DDD (RFC 1035 section 5.1).
func ddd(b *strings.Builder, c byte) {
	b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
}

// plainName undoes presentation and lowers A-Z.
func plainName(s string) string {
	s = strings.TrimSuffix(s, ".")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+3 < len(s) && '0' <= s[i+1] && s[i+1] <= '2':
			c = (s[i+1]-'0')*100 + (s[i+2]-'0')*10 + s[i+3] - '0'
			i += 3
		case c == '\\' && i+1 < len(s):
			i++
			c = s[i]
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}
