package dns

import "slices"

// judge adds what a response says of a name to an answer in the making. Where
// the response ends in an alias that it says nothing about, next is the name to
// ask; else the answer is complete, or kind says why the response is unusable:
// nothing may follow from it then.
func (r *reply) judge(a *Answer, name string) (next string, kind FailureKind) {
	if kind := rcodeKind(r.rcode); kind != "" {
		return "", kind
	}
	start := len(a.CNAMEs)
	seen := 0 // records of the answer section that belong to the chain
	for {
		records, ttl, err := r.records(name, a.Type)
		if err != nil {
			return "", FormErr
		}
		if len(records) > 0 {
			if r.rcode == rcodeNXDomain {
				return "", FormErr // records of a name that does not exist
			}
			a.lowerTTL(ttl)
			a.Status, a.Records = Success, records
			return "", ""
		}
		aliases, ttl, err := r.records(name, TypeCNAME)
		switch {
		case err != nil:
			return "", FormErr
		case len(aliases) == 0:
			return r.end(a, name, len(a.CNAMEs) > start, seen)
		}
		a.lowerTTL(ttl)
		seen += r.count(name, TypeCNAME)
		if name = a.alias(aliases[0]); name == "" {
			return "", "" // a failure that no other server can mend
		}
	}
}

// end judges a response in which the chain ended without records.
func (r *reply) end(a *Answer, name string, followed bool, seen int) (next string, kind FailureKind) {
	if r.countAll(a.Type) > seen {
		return "", FormErr // it speaks of other names: no proof of anything
	}
	switch {
	case r.rcode == rcodeNXDomain:
		// The RCODE speaks of the last name of the chain (RFC 6604 section 3).
		a.Status = NXDomain
	case r.soa:
		a.Status = NoData
	case followed:
		return name, ""
	case r.ns:
		return "", Refused // a referral (RFC 2308 section 2.2): it does not recurse
	default:
		a.Status = NoData
	}
	return "", ""
}

// records returns the records of a name and type, sorted, each once.
func (r *reply) records(name string, t Type) ([]string, uint32, error) {
	var texts []string
	var ttl uint32
	for _, w := range r.answers {
		if w.t != t || w.owner != name {
			continue
		}
		text, err := r.text(w)
		if err != nil {
			return nil, 0, err
		}
		if len(texts) == 0 || w.ttl < ttl {
			ttl = w.ttl
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return slices.Compact(texts), ttl, nil
}

func (r *reply) count(name string, t Type) (n int) {
	for _, w := range r.answers {
		if w.t == t && w.owner == name {
			n++
		}
	}
	return n
}

// countAll counts the records that can belong to a chain, whatever their owner.
func (r *reply) countAll(t Type) (n int) {
	for _, w := range r.answers {
		if w.t == t || w.t == TypeCNAME {
			n++
		}
	}
	return n
}

// lowerTTL takes the TTL of a part of the chain into account; the first part's
// CNAME is not noted yet when it comes.
func (a *Answer) lowerTTL(ttl uint32) {
	if len(a.CNAMEs) == 0 || ttl < a.TTL {
		a.TTL = ttl
	}
}

// rcodeKind returns the kind of failure that an RCODE is, none for the two that
// answer.
func rcodeKind(rcode int) FailureKind {
	switch rcode {
	case rcodeOK, rcodeNXDomain:
		return ""
	case rcodeFormErr:
		return FormErr
	case rcodeServFail:
		return ServFail
	case rcodeRefused:
		return Refused
	}
	return OtherRcode
}
