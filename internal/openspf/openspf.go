// Package openspf reads the OpenSPF test suites (RFC 4408, RFC 7208) and those
// in their form, and answers from their zone data. It is for tests.
package openspf

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"mailaudit/evaluate/dns"
)

// Suite is one document of the OpenSPF test suites.
type Suite struct {
	Description string
	Tests       map[string]Case
	ZoneData    map[string][]Record `yaml:"zonedata"`
}

// Case is one check_host() call and what has to come of it.
type Case struct {
	Helo, Host, MailFrom, Explanation, Receiver string
	Result                                      Strings
}

// Record is one record of the zone data; one field is set.
type Record struct {
	A, AAAA, TXT, SPF, PTR       Strings
	MX                           []string
	CNAME                        *string
	TIMEOUT, SERVFAIL, CNAMELOOP bool
}

// UnmarshalYAML reads a record; an unknown key is an error.
func (r *Record) UnmarshalYAML(n *yaml.Node) error {
	var fields map[string]yaml.Node
	if err := n.Decode(&fields); err != nil {
		return err
	}
	for key, value := range fields {
		targets := map[string]any{
			"A": &r.A, "AAAA": &r.AAAA, "TXT": &r.TXT, "SPF": &r.SPF, "PTR": &r.PTR, "MX": &r.MX,
			"CNAME": &r.CNAME, "TIMEOUT": &r.TIMEOUT, "SERVFAIL": &r.SERVFAIL, "CNAMELOOP": &r.CNAMELOOP,
		}
		target, ok := targets[key]
		if !ok {
			return errors.New("unknown key " + key)
		}
		if err := value.Decode(target); err != nil {
			return err
		}
	}
	return nil
}

// Strings is a string or a list of them.
type Strings []string

// UnmarshalYAML reads a string or a list.
func (l *Strings) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]string)(l))
	}
	var s string
	err := n.Decode(&s)
	*l = Strings{s}
	return err
}

// Read reads a suite's file: one YAML document for each group of cases.
func Read(path string) ([]Suite, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var suites []Suite
	for d := yaml.NewDecoder(f); ; {
		var s Suite
		err := d.Decode(&s)
		if errors.Is(err, io.EOF) {
			return suites, nil
		}
		if err != nil {
			return nil, err
		}
		suites = append(suites, s)
	}
}

// Zone answers from a suite's zone data, by the rules of its drivers: SPF
// records stand in for TXT where a name has none, the TXT "NONE" suppresses
// that, and TIMEOUT is for the types a name does not list.
type Zone map[string][]Record

// NewZone returns the zone of a suite.
func NewZone(data map[string][]Record) Zone {
	z := Zone{}
	for name, records := range data {
		z[canonical(name)] = append(z[canonical(name)], records...)
	}
	return z
}

// Lookup implements dns.Source.
func (z Zone) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Name: q.Name, Type: q.Type, Source: "suite"}
	name := q.Name
	for range 9 {
		target := z.fill(a, name, q.Type)
		if target == "" {
			slices.Sort(a.Records)
			return a, nil
		}
		name = canonical(target)
	}
	a.Status, a.Kind = dns.Failure, dns.Loop
	return a, nil
}

// fill answers from one name, or returns the target of its CNAME.
func (z Zone) fill(a *dns.Answer, name string, t dns.Type) string {
	records, ok := z[name]
	if !ok {
		a.Status = dns.NXDomain
		return ""
	}
	a.Status = dns.NoData
	for _, r := range records {
		a.Records = append(a.Records, r.data(t, records)...)
	}
	if len(a.Records) > 0 {
		a.Status = dns.Success
		return ""
	}
	for _, r := range records {
		switch {
		case r.TIMEOUT:
			a.Status, a.Kind = dns.Failure, dns.Timeout
		case r.SERVFAIL:
			a.Status, a.Kind = dns.Failure, dns.ServFail
		case r.CNAMELOOP:
			a.Status, a.Kind = dns.Failure, dns.Loop
		case r.CNAME != nil:
			return *r.CNAME
		}
	}
	return ""
}

func (r *Record) data(t dns.Type, all []Record) []string {
	switch t {
	case dns.TypeA:
		return r.A
	case dns.TypeAAAA:
		var out []string
		for _, s := range r.AAAA {
			out = append(out, netip.MustParseAddr(s).String())
		}
		return out
	case dns.TypePTR:
		var out []string
		for _, s := range r.PTR {
			out = append(out, canonical(s))
		}
		return out
	case dns.TypeMX:
		if r.MX != nil {
			return []string{r.MX[0] + " " + canonical(r.MX[1])}
		}
	case dns.TypeTXT:
		if slices.Equal(r.TXT, []string{"NONE"}) {
			return nil
		}
		if r.TXT == nil && r.SPF != nil && !slices.ContainsFunc(all, func(o Record) bool { return o.TXT != nil }) {
			return []string{strings.Join(r.SPF, "")}
		}
		if r.TXT != nil {
			return []string{strings.Join(r.TXT, "")}
		}
	}
	return nil
}

// Sender is the identity that a case checks, taken apart. Without a MAIL FROM
// it is postmaster at the HELO domain (RFC 7208 §2.4).
func (c *Case) Sender() (local, domain string) {
	if c.MailFrom == "" {
		return "postmaster", c.Helo
	}
	local, domain, _ = strings.Cut(c.MailFrom, "@")
	return local, domain
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
