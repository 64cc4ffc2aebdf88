package main

import (
	"net"

	"github.com/miekg/dns"
)

// dnsServer answers for a zone on the loopback interface, for programs that
// cannot be given one.
type dnsServer struct {
	records map[string][]dns.RR
	exists  map[string]bool
	server  *dns.Server
}

func serve(z *zone) (*dnsServer, error) {
	s := &dnsServer{records: map[string][]dns.RR{}, exists: z.all}
	for _, rr := range z.rest {
		name := plainName(rr.Header().Name)
		s.records[name] = append(s.records[name], rr)
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.server = &dns.Server{PacketConn: c, Handler: s}
	go s.server.ActivateAndServe()
	return s, nil
}

func (s *dnsServer) address() string { return s.server.PacketConn.LocalAddr().String() }

func (s *dnsServer) close() { s.server.PacketConn.Close() }

// ServeDNS implements dns.Handler.
func (s *dnsServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative = true
	if len(q.Question) == 1 {
		name := plainName(q.Question[0].Name)
		for _, rr := range s.records[name] {
			if rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
		if !s.exists[name] {
			m.Rcode = dns.RcodeNameError
		}
	}
	w.WriteMsg(m) // a client that has gone asks again
}
