package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"

	"github.com/mjl-/adns"
	moxdkim "github.com/mjl-/mox/dkim"
	moxdmarc "github.com/mjl-/mox/dmarc"
	moxdns "github.com/mjl-/mox/dns"
	"github.com/mjl-/mox/smtp"
	moxspf "github.com/mjl-/mox/spf"
)

// moxRun judges with the packages of the mail server mox. They read no mboxes
// and write no tables, so this has the floor's splitter and writes none.
type moxRun struct {
	log *slog.Logger
	dns moxResolver
	out *verdictWriter
	buf []byte
}

func mox(j job) error {
	z, err := readZone(j.zone)
	if err != nil {
		return err
	}
	v, err := newVerdictWriter(filepath.Join(j.out, verdictFile))
	if err != nil {
		return err
	}
	m := &moxRun{log: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})), dns: moxResolver{z: z}, out: v}
	if err := split(j.archive, m.message); err != nil {
		return err
	}
	return v.close()
}

// message judges one message, in LF as the archive has it.
func (m *moxRun) message(raw []byte) error {
	head, _, _ := bytes.Cut(raw, []byte("\n\n"))
	e := readEnvelope(head)
	m.buf = appendCRLF(m.buf[:0], raw)
	ctx := context.Background()
	results, err := moxdkim.Verify(ctx, m.log, m.dns, false, func(*moxdkim.Sig) error { return nil }, bytes.NewReader(m.buf), false)
	out := verdict{id: e.id, spf: "none", dkim: "none", dmarc: "none"}
	if err != nil {
		out.dkim = "permerror"
	}
	for _, r := range results {
		if r.Status == moxdkim.StatusPass || out.dkim == "none" {
			out.dkim = string(r.Status)
		}
	}
	identity, status := m.spf(ctx, e)
	out.spf = string(status)
	if from, err := moxdns.ParseDomain(e.from); err == nil {
		_, r := moxdmarc.Verify(ctx, m.log, m.dns, from, results, status, identity, false)
		out.dmarc = string(r.Status)
	}
	m.out.write(out)
	return nil
}

func (m *moxRun) spf(ctx context.Context, e envelope) (*moxdns.Domain, moxspf.Status) {
	if e.ip == nil {
		return nil, moxspf.StatusNone
	}
	a := moxspf.Args{RemoteIP: e.ip, LocalIP: net.IPv4(198, 51, 100, 5), LocalHostname: moxdns.Domain{ASCII: "mx.example.org"}}
	if d, err := moxdns.ParseDomain(e.helo); err == nil {
		a.HelloDomain.Domain = d
	}
	if local, domain, ok := strings.Cut(e.mailFrom, "@"); ok {
		a.MailFromLocalpart = smtp.Localpart(local)
		a.MailFromDomain, _ = moxdns.ParseDomain(domain)
	}
	received, domain, _, _, _ := moxspf.Verify(ctx, m.log, m.dns, a)
	return &domain, received.Result
}

// appendCRLF appends text with CRLF line ends.
func appendCRLF(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:i]...), '\r', '\n')
		b = b[i+1:]
	}
}

// moxResolver is the zone as mox asks for it. What is not here, mox does not ask
// of a message.
type moxResolver struct {
	moxdns.Resolver
	z *zone
}

func moxAbsent(err error, name string) error {
	if err == nil {
		return nil
	}
	return &adns.DNSError{Err: "no record", Name: name, IsNotFound: true}
}

func (r moxResolver) LookupTXT(_ context.Context, name string) ([]string, adns.Result, error) {
	v, err := lookup(r.z.txt, name)
	return v, adns.Result{}, moxAbsent(err, name)
}

func (r moxResolver) LookupMX(_ context.Context, name string) ([]*net.MX, adns.Result, error) {
	v, err := lookup(r.z.mx, name)
	return v, adns.Result{}, moxAbsent(err, name)
}

func (r moxResolver) LookupAddr(_ context.Context, addr string) ([]string, adns.Result, error) {
	v, err := lookup(r.z.ptr, addr)
	return v, adns.Result{}, moxAbsent(err, addr)
}

func (r moxResolver) LookupIP(_ context.Context, network, host string) ([]net.IP, adns.Result, error) {
	all, err := lookup(r.z.ip, host)
	var v []net.IP
	for _, ip := range all {
		if (ip.To4() != nil) == (network != "ip6") {
			v = append(v, ip)
		}
	}
	return v, adns.Result{}, moxAbsent(err, host)
}

func (r moxResolver) LookupCNAME(_ context.Context, host string) (string, adns.Result, error) {
	return "", adns.Result{}, moxAbsent(absent(host), host)
}
