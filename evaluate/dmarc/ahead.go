package dmarc

import "mailaudit/evaluate/dns"

// FirstQuestion is the question that Evaluate puts first for an author domain,
// under either rule book: for the domain's own record. ok is false where it puts
// none.
func FirstQuestion(author string) (name string, t dns.Type, ok bool) {
	if author == "" {
		return "", 0, false
	}
	name, err := dns.CanonicalName(prefix + author)
	return name, dns.TypeTXT, err == nil
}

// FirstExistenceQuestion is the question that Existence puts first.
func FirstExistenceQuestion(author string) (name string, t dns.Type, ok bool) {
	if author == "" {
		return "", 0, false
	}
	name, err := dns.CanonicalName(organizationalPSL(author))
	return name, organizationalTypes[0], err == nil
}
