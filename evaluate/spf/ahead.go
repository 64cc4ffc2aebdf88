package spf

import "mailaudit/evaluate/dns"

// FirstQuestion is the question that check_host() puts first for a domain,
// whatever the client is; ok is false where it puts none (RFC 7208 section 4.3).
// Whoever knows a query before its time can ask ahead.
func FirstQuestion(domain string) (name string, t dns.Type, ok bool) {
	name = canonical(domain)
	return name, dns.TypeTXT, isDomain(name)
}
