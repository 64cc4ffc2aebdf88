package dmarc

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// OrganizationalDomainPSL returns the registrable domain of a name in
// lower-case A-labels by the whole Public Suffix List, private section
// included: the public suffix and one label more (RFC 7489 section 3.2). It is
// empty for a name that is a public suffix itself, or that is no domain name.
//
// DMARC takes a public suffix for its own organizational domain, for there is
// no label to add: [Evaluator] does so under [RFC7489].
func OrganizationalDomainPSL(domain string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return ""
	}
	return org
}

// organizationalPSL is the organizational domain as DMARC uses it.
func organizationalPSL(domain string) string {
	if org := OrganizationalDomainPSL(domain); org != "" {
		return org
	}
	return domain
}

// below tells whether name is a proper subdomain of parent.
func below(name, parent string) bool {
	n := len(name) - len(parent) - 1
	return n > 0 && parent != "" && name[n] == '.' && name[n+1:] == parent
}

// lastLabel returns the top-level label of a name.
func lastLabel(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
