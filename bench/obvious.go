package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"blitiri.com.ar/go/spf"
	"github.com/emersion/go-mbox"
	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-msgauth/dmarc"
	"golang.org/x/net/publicsuffix"
)

// obvious is the program that one would write from the libraries there are:
// go-mbox, go-msgauth, go/spf, the Public Suffix List and parquet-go.
func obvious(j job) error {
	z, err := readZone(j.zone)
	if err != nil {
		return err
	}
	f, err := os.Open(j.archive)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := newRowWriter(filepath.Join(j.out, "rows.parquet"))
	if err != nil {
		return err
	}
	v, err := newVerdictWriter(filepath.Join(j.out, verdictFile))
	if err != nil {
		return err
	}
	r := mbox.NewReader(f)
	for n := int64(0); ; n++ {
		m, err := r.NextMessage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(m)
		if err != nil {
			return err
		}
		row := obviousMessage(text, z)
		row.Ordinal = n
		if err := w.write(row); err != nil {
			return err
		}
		v.write(verdict{row.MessageID, row.SPFResult, row.DKIMResult, row.DMARCResult})
	}
	return errors.Join(w.close(), v.close())
}

func obviousMessage(text []byte, z *zone) *row {
	head, _, _ := bytes.Cut(text, []byte("\r\n\r\n"))
	e := readEnvelope(append(head, "\r\n"...))
	r := &row{
		MessageID: e.id, Length: int64(len(text)), From: e.from, MailFrom: addressDomain(e.mailFrom), HELO: e.helo,
		Date: headerValue(head, "Date"), DKIMResult: "none", DMARCResult: "none",
	}
	if e.ip != nil {
		r.ClientIP = e.ip.String()
	}
	r.OrganizationalDomain, _ = publicsuffix.EffectiveTLDPlusOne(e.from)
	obviousSPF(r, e, z)
	obviousDKIM(r, text, z)
	obviousDMARC(r, e, z)
	return r
}

func obviousSPF(r *row, e envelope, z *zone) {
	r.SPFResult, r.SPFDomain = "none", r.MailFrom
	if e.ip == nil {
		return
	}
	result, err := spf.CheckHostWithSender(e.ip, e.helo, e.mailFrom, spf.WithResolver(stdResolver{z}))
	r.SPFResult = string(result)
	if err != nil {
		r.SPFReason = err.Error()
	}
}

func obviousDKIM(r *row, text []byte, z *zone) {
	found, err := dkim.VerifyWithOptions(bytes.NewReader(text), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) { return lookup(z.txt, name) },
	})
	if err != nil {
		r.DKIMResult = "permerror"
		return
	}
	for _, v := range found {
		s := signatureRow{Domain: v.Domain, Identity: v.Identifier, Headers: strings.Join(v.HeaderKeys, ":"), Result: "pass"}
		if !v.Time.IsZero() {
			s.SignedAt = v.Time.UnixMicro()
		}
		switch {
		case v.Err == nil:
		case dkim.IsTempFail(v.Err):
			s.Result, s.Reason = "temperror", v.Err.Error()
		case dkim.IsPermFail(v.Err):
			s.Result, s.Reason = "permerror", v.Err.Error()
		default:
			s.Result, s.Reason = "fail", v.Err.Error()
		}
		r.DKIM = append(r.DKIM, s)
		if s.Result == "pass" || r.DKIMResult == "none" {
			r.DKIMResult = s.Result
		}
	}
}

func obviousDMARC(r *row, e envelope, z *zone) {
	txt := &dmarc.LookupOptions{LookupTXT: func(name string) ([]string, error) { return lookup(z.txt, name) }}
	domain := e.from
	rec, err := dmarc.LookupWithOptions(domain, txt)
	if errors.Is(err, dmarc.ErrNoPolicy) && r.OrganizationalDomain != domain {
		domain = r.OrganizationalDomain
		rec, err = dmarc.LookupWithOptions(domain, txt)
	}
	if err != nil {
		if !errors.Is(err, dmarc.ErrNoPolicy) {
			r.DMARCResult = "permerror"
		}
		return
	}
	r.PolicyDomain, r.Policy, r.SubdomainPolicy = domain, string(rec.Policy), string(rec.SubdomainPolicy)
	r.DMARCResult, r.Disposition = "fail", r.Policy
	spfAligned := r.SPFResult == "pass" && aligned(r.MailFrom, e.from, rec.SPFAlignment == dmarc.AlignmentStrict)
	for i := range r.DKIM {
		s := &r.DKIM[i]
		s.Aligned = s.Result == "pass" && aligned(s.Domain, e.from, rec.DKIMAlignment == dmarc.AlignmentStrict)
		r.DKIMAligned = r.DKIMAligned || s.Aligned
	}
	if r.SPFAligned = spfAligned; spfAligned || r.DKIMAligned {
		r.DMARCResult, r.Disposition = "pass", "none"
	}
}

func aligned(a, b string, strict bool) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	if strict {
		return false
	}
	x, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	if err != nil {
		return false
	}
	y, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return err == nil && x == y
}

// stdResolver is the zone for libraries that take a *net.Resolver.
type stdResolver struct{ z *zone }

func (r stdResolver) LookupTXT(_ context.Context, name string) ([]string, error) {
	return lookup(r.z.txt, name)
}

func (r stdResolver) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return lookup(r.z.mx, name)
}

func (r stdResolver) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return lookup(r.z.ptr, addr)
}

func (r stdResolver) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	ips, err := lookup(r.z.ip, host)
	out := make([]net.IPAddr, len(ips))
	for i, ip := range ips {
		out[i].IP = ip
	}
	return out, err
}
