package evidence

import (
	"bytes"
	"net/netip"

	"mailaudit/reader"
)

// The anomalies of an envelope.
const (
	anomalyNoReceived         = "no_received"          // there is no Received field
	anomalyReceivedUnparsable = "received_unparsable"  // a believed one has no part that can be read
	anomalyNoBoundary         = "no_boundary"          // none names a client
	anomalyInternalClient     = "internal_client"      // no client outside: the message began on our side
	anomalyTooManyReceived    = "too_many_received"    // those below maxHops were not read
	anomalyReturnPath         = "return_path_invalid"  // the topmost Return-Path holds no path
	anomalyReturnPaths        = "several_return_paths" // RFC 5321 §4.4 allows one
)

// readEnvelope tells the SMTP transaction at the boundary of the receiver's
// network from a header, and what was odd. Received fields are read no further
// down than the boundary.
//
// The client's address comes from the boundary's Received field; where none
// names a client, from the topmost Received-SPF field, then from an
// Authentication-Results field of one of Options.AuthservIDs.
//
// MAIL FROM comes from the topmost Return-Path (RFC 5321 §4.4: final delivery
// writes it); else from the mail store; else from X-Envelope-From, the
// boundary's Received field, Received-SPF, and Authentication-Results, in this
// order. Behind relays of Options.TrustedNetworks, which may be list servers with
// return paths of their own, the boundary's own word comes first: its Received
// field, then the Authentication-Results nearest to it.
//
// The moment of arrival is the date of the boundary's Received field, else of
// the topmost one that has a date, else the store's.
func readEnvelope(h *Header, env *reader.Envelope, o *Options) (Envelope, []string) {
	r := envelopeReader{h: h, o: o, e: Envelope{Basis: BasisNone, Hop: -1, Hops: int32(h.Count(KindReceived))}}
	r.hops(trustedFunc(o))
	if r.e.Hop > 0 && len(o.TrustedNetworks) > 0 {
		r.boundaryPath()
	}
	r.mailFrom(env)
	if !r.e.ClientIP.IsValid() || !r.e.HasMailFrom {
		r.results()
	}
	if r.e.ReceivedAt.IsZero() {
		r.topmostDate()
	}
	if r.e.ReceivedAt.IsZero() && !env.ReceivedAt.IsZero() {
		r.e.ReceivedAt = env.ReceivedAt.UTC()
	}
	return r.e, r.anomalies
}

// envelopeReader puts an Envelope together.
type envelopeReader struct {
	h         *Header
	o         *Options
	e         Envelope
	sender    []byte // the boundary's own word on the envelope sender
	anomalies []string
}

func (r *envelopeReader) odd(word string) { r.anomalies = append(r.anomalies, word) }

// hops walks down the Received fields to the boundary.
func (r *envelopeReader) hops(trusted func(netip.Addr) bool) {
	var hop, kept rawHop
	w, n, odd := newBoundaryWalk(), 0, false
	for i := range r.h.Fields {
		f := &r.h.Fields[i]
		if f.Kind != KindReceived {
			continue
		}
		if n == maxHops {
			r.odd(anomalyTooManyReceived)
			break
		}
		hop = rawHop{}
		hop.parse(f.Value)
		odd = odd || hop.empty()
		v := w.step(n, hop.ip, hop.protocol, hop.authBasis, trusted)
		if v == outside {
			r.boundary(boundary{index: n, authBasis: hop.authBasis}, &hop)
			break
		}
		if v == believed || v == submission && w.lowest < 0 {
			kept = hop
		}
		if v == submission {
			break
		}
		n++
	}
	if odd {
		r.odd(anomalyReceivedUnparsable)
	}
	switch {
	case n == 0 && r.e.Hops == 0:
		r.odd(anomalyNoReceived)
	case r.e.Hop >= 0:
	default:
		r.inside(w.inside(), &kept)
	}
}

// topmostDate takes the date of the topmost Received field that has one.
func (r *envelopeReader) topmostDate() {
	n := 0
	for i := range r.h.Fields {
		if r.h.Fields[i].Kind != KindReceived {
			continue
		}
		if n++; n > maxHops {
			return
		}
		var hop rawHop
		hop.parse(r.h.Fields[i].Value)
		var ok bool
		if r.e.ReceivedAt, ok = hop.time(); ok {
			return
		}
	}
}

// inside takes over a walk that met no client outside.
func (r *envelopeReader) inside(b boundary, hop *rawHop) {
	if b.index < 0 {
		r.odd(anomalyNoBoundary)
		return
	}
	r.odd(anomalyInternalClient)
	r.boundary(b, hop)
}

// boundary takes over what the chosen field says.
func (r *envelopeReader) boundary(b boundary, hop *rawHop) {
	e := &r.e
	e.Hop, e.Authenticated = int32(b.index), b.authBasis != ""
	if hop.ip.IsValid() {
		e.ClientIP, e.Basis = hop.ip, BasisReceived
	}
	helo, name := hop.names()
	e.HELO = heloOf(helo)
	e.ClientName = text(name, maxText)
	e.ByHost = text(trimBrackets(hop.by), maxText)
	if t, ok := hop.time(); ok {
		e.ReceivedAt = t
	}
	r.sender = hop.envFrom
}

// heloOf normalises what a client said of itself: a domain name, or an address
// literal (RFC 5321 §4.1.3); empty where it is neither.
func heloOf(b []byte) string {
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		if _, ok := parseIP(b); ok {
			return string(bytes.ToLower(b))
		}
		return ""
	}
	d, _ := domainOf(b)
	return d
}

// empty reports whether nothing in the field could be read.
func (r *rawHop) empty() bool { return r.clauses == 0 && r.date == nil }

// mailFrom finds the return path.
func (r *envelopeReader) mailFrom(env *reader.Envelope) {
	switch r.h.Count(KindReturnPath) {
	case 0:
	case 1:
		r.returnPath()
	default:
		r.odd(anomalyReturnPaths)
		r.returnPath()
	}
	if !r.e.HasMailFrom && env.HasMailFrom {
		r.storeSender(env.MailFrom)
	}
	if f := r.h.First(KindEnvelopeFrom); f != nil {
		r.path(f.Value)
	}
	if r.sender != nil {
		r.path(r.sender)
	}
}

// boundaryPath takes the return path by the word of the boundary itself.
func (r *envelopeReader) boundaryPath() {
	if r.sender != nil && r.path(r.sender) {
		return
	}
	var nearest *Field
	gap := int32(0) // Received fields above
	for i := range r.h.Fields {
		switch f := &r.h.Fields[i]; {
		case f.Kind == KindReceived:
			gap++
		case f.Kind == KindAuthResults && gap <= r.e.Hop+1 && trustedID(f.Value, r.o.AuthservIDs) != "":
			nearest = f
		}
	}
	if nearest == nil {
		return
	}
	_, methods := parseAuthResults(nearest.Value)
	for i := range methods {
		if methods[i].Method == "spf" {
			r.resultPath(&methods[i])
		}
	}
}

func (r *envelopeReader) returnPath() {
	if r.e.HasMailFrom {
		return
	}
	if !r.path(r.h.First(KindReturnPath).Value) {
		r.odd(anomalyReturnPath)
	}
}

// path takes an envelope sender where none is known yet and v holds one.
func (r *envelopeReader) path(v []byte) bool {
	if r.e.HasMailFrom {
		return false
	}
	local, domain, ok := parsePath(v)
	if !ok {
		return false
	}
	if domain == "" && equalFold([]byte(local), "mailer-daemon") {
		local = "" // what mail stores write for the null path
	}
	r.e.MailFromLocal, r.e.MailFromDomain, r.e.HasMailFrom = local, domain, true
	return true
}

// storeSender takes the sender of a From_ line where it is one. Programs write
// placeholders there: public-inbox and git "mboxrd@z", Eudora "???@???",
// Mozilla and Pine "-".
func (r *envelopeReader) storeSender(s string) {
	b := []byte(s)
	at := bytes.LastIndexByte(b, '@')
	switch {
	case len(b) == 0 || bytes.Equal(b, nullPath), at < 0 && equalFold(b, "mailer-daemon"),
		at >= 0 && equalFold(b[:at], "mailer-daemon"):
		r.e.HasMailFrom = true
	case at <= 0, s == "mboxrd@z", s == "???@???":
	default:
		r.path(b)
	}
}

// results fills what Received fields and the store did not give from the fields
// in which receivers note results.
func (r *envelopeReader) results() {
	if f := r.h.First(KindReceivedSPF); f != nil {
		s := parseReceivedSPF(f.Value)
		r.client(s.ClientIP, BasisSPF)
		if r.e.HELO == "" {
			r.e.HELO = heloOf([]byte(s.HELO))
		}
		if s.HasEnvelopeFrom {
			r.path(angled(s.EnvelopeFrom))
		}
	}
	if len(r.o.AuthservIDs) == 0 {
		return
	}
	for i := range r.h.Fields {
		f := &r.h.Fields[i]
		if f.Kind != KindAuthResults || trustedID(f.Value, r.o.AuthservIDs) == "" {
			continue
		}
		_, methods := parseAuthResults(f.Value)
		for m := range methods {
			r.method(&methods[m])
		}
	}
}

func (r *envelopeReader) client(ip netip.Addr, basis Basis) {
	if !r.e.ClientIP.IsValid() && ip.IsValid() {
		r.e.ClientIP, r.e.Basis = ip, basis
	}
}

func (r *envelopeReader) method(m *AuthMethod) {
	r.client(m.clientIP(), BasisAuthRes)
	if m.Method != "spf" {
		return
	}
	if r.e.HELO == "" {
		r.e.HELO = heloOf([]byte(m.Property("smtp.helo")))
	}
	r.resultPath(m)
}

// resultPath takes smtp.mailfrom of an spf result.
func (r *envelopeReader) resultPath(m *AuthMethod) {
	from := m.mailFrom()
	if from == "" || r.e.HasMailFrom {
		return
	}
	if bytes.IndexByte([]byte(from), '@') >= 0 {
		r.path(angled(from))
		return
	}
	// RFC 8601 §2.7.2 allows the domain alone.
	if d, ok := domainOf([]byte(from)); ok {
		r.e.MailFromDomain, r.e.HasMailFrom = d, true
	}
}

// angled puts a path that lost its angle brackets back into them.
func angled(s string) []byte {
	if len(s) > 0 && s[0] == '<' {
		return []byte(s)
	}
	return []byte("<" + s + ">")
}
