package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/miekg/dns"
)

// zone is the archive's DNS in maps by lower-case name without the final dot.
type zone struct {
	txt  map[string][]string
	ip   map[string][]net.IP
	mx   map[string][]*net.MX
	ptr  map[string][]string
	all  map[string]bool // every name that exists
	rest []dns.RR        // all records, for a server
}

// readZone reads the master files of a folder.
func readZone(dir string) (*zone, error) {
	z := &zone{map[string][]string{}, map[string][]net.IP{}, map[string][]*net.MX{}, map[string][]string{}, map[string]bool{}, nil}
	paths, err := filepath.Glob(filepath.Join(dir, "*.zone"))
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		if err := z.readFile(p); err != nil {
			return nil, err
		}
	}
	return z, nil
}

func (z *zone) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p := dns.NewZoneParser(f, ".", path)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		z.add(rr)
	}
	return p.Err()
}

func (z *zone) add(rr dns.RR) {
	name := plainName(rr.Header().Name)
	z.rest = append(z.rest, rr)
	for n := name; n != ""; _, n, _ = strings.Cut(n, ".") {
		z.all[n] = true
	}
	switch r := rr.(type) {
	case *dns.TXT:
		z.txt[name] = append(z.txt[name], strings.Join(r.Txt, ""))
	case *dns.A:
		z.ip[name] = append(z.ip[name], r.A)
	case *dns.AAAA:
		z.ip[name] = append(z.ip[name], r.AAAA)
	case *dns.MX:
		z.mx[name] = append(z.mx[name], &net.MX{Host: r.Mx, Pref: r.Preference})
	case *dns.PTR:
		z.ptr[name] = append(z.ptr[name], r.Ptr)
	}
}

// plainName is a name as the maps have it.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// absent is the answer to what the zone lacks.
func absent(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// lookup reads one of the maps.
func lookup[T any](m map[string][]T, name string) ([]T, error) {
	if v, ok := m[plainName(name)]; ok {
		return v, nil
	}
	return nil, absent(name)
}
