package spf

import (
	"strings"

	"mailaudit/evaluate/dns"
)

// reverse is what the reverse tree says of the client: asked once an
// evaluation, however many terms want it.
type reverse struct {
	answer *dns.Answer
	names  []reverseName
}

// reverseName is a name of the client, and whether it points back.
type reverseName struct {
	name   string
	state  nameState
	answer *dns.Answer
}

type nameState uint8

const (
	unchecked nameState = iota
	valid
	invalid
	unknown // nobody recorded where it points
)

// lookUpReverse returns the names of the client. The first MaxPTR in sorted
// order count (RFC 7208 section 4.6.4: all others MUST be ignored), so that the
// order in which a server listed them changes nothing.
func (e *evaluation) lookUpReverse() (*reverse, error) {
	if e.reverse != nil {
		return e.reverse, nil
	}
	zone := ".in-addr.arpa"
	if !e.client.Is4() {
		zone = ".ip6.arpa"
	}
	forward := strings.Split(dotted(e.client), ".")
	var b strings.Builder
	for i := len(forward) - 1; i >= 0; i-- {
		b.WriteString(forward[i])
		if i > 0 {
			b.WriteByte('.')
		}
	}
	a, err := e.ask(b.String()+zone, dns.TypePTR)
	if err != nil {
		return nil, err
	}
	r := &reverse{answer: a}
	for _, name := range a.Records[:min(len(a.Records), MaxPTR)] {
		r.names = append(r.names, reverseName{name: canonical(name)})
	}
	e.reverse = r
	return r, nil
}

// validate tells whether a name of the client points back to it (RFC 7208
// section 5.5).
func (e *evaluation) validate(n *reverseName) (nameState, error) {
	if n.state != unchecked {
		return n.state, nil
	}
	n.state = invalid
	if !isAskable(n.name) {
		return n.state, nil
	}
	a, err := e.ask(n.name, e.addressType())
	if err != nil {
		n.state = unchecked
		return n.state, err
	}
	n.answer = a
	if a.Status == dns.NotRecorded {
		n.state = unknown
	}
	client := e.client.String()
	for _, r := range a.Records {
		if r == client {
			n.state = valid
		}
	}
	// RFC 7208 section 5.5: a name whose lookup fails is skipped.
	return n.state, nil
}

// matchPTR is the "ptr" mechanism (RFC 7208 section 5.5): a validated name of
// the client is the target or below it. Names elsewhere need no validation.
//
// A DNS error makes no match there. A question that nobody recorded is no DNS
// error: it leaves open what the answer was, so it is a temperror where no other
// name matches.
func (e *evaluation) matchPTR(t *term, domain string) (bool, error) {
	if err := e.countLookup(); err != nil {
		return false, err
	}
	target, err := e.target(t, domain)
	if err != nil {
		return false, err
	}
	e.traceTarget(target)
	if !isAskable(target) {
		return false, nil // as in begin
	}
	r, err := e.countReverse()
	if err != nil {
		return false, err
	}
	var missing *dns.Answer
	for i := range r.names {
		n := &r.names[i]
		if !isWithin(n.name, target) {
			continue
		}
		state, err := e.validate(n)
		switch {
		case err != nil:
			return false, err
		case state == valid:
			e.traceNote("name %s", n.name)
			return true, nil
		case state == unknown:
			missing = n.answer
		}
	}
	if missing != nil {
		return false, e.open(missing)
	}
	return false, nil
}

// countReverse is lookUpReverse for a term: an empty answer is a void lookup,
// and one that was not recorded a temperror.
func (e *evaluation) countReverse() (*reverse, error) {
	r, err := e.lookUpReverse()
	if err != nil {
		return nil, err
	}
	if r.answer.Status == dns.NotRecorded {
		return nil, e.open(r.answer)
	}
	return r, e.countVoid(r.answer)
}

// validatedName is the macro %{p} (RFC 7208 section 7.3): the domain itself where
// it is a validated name, else one below it, else any, else "unknown". Outside
// explanations it counts as a term that causes lookups (section 4.6.4).
func (e *evaluation) validatedName(domain string) (string, error) {
	var r *reverse
	var err error
	if e.explaining {
		r, err = e.lookUpReverse()
	} else {
		if err = e.countLookup(); err != nil {
			return "", err
		}
		r, err = e.countReverse()
	}
	if err != nil {
		return "", err
	}
	preferences := [...]func(string) bool{
		func(name string) bool { return name == domain },
		func(name string) bool { return isWithin(name, domain) },
		func(string) bool { return true },
	}
	for _, wanted := range preferences {
		name, err := e.firstValid(r, wanted)
		if err != nil || name != "" {
			return name, err
		}
	}
	return "unknown", nil
}

// firstValid returns the first validated name that is wanted, empty where there
// is none. A name that is open is a temperror: it might have come first.
func (e *evaluation) firstValid(r *reverse, wanted func(string) bool) (string, error) {
	for i := range r.names {
		n := &r.names[i]
		if !wanted(n.name) {
			continue
		}
		state, err := e.validate(n)
		switch {
		case err != nil:
			return "", err
		case state == unknown:
			return "", e.open(n.answer)
		case state == valid:
			return n.name, nil
		}
	}
	return "", nil
}
