package dkim

import (
	"context"
	"strconv"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
)

// Verifier judges signatures. Many goroutines may use one.
type Verifier struct {
	// Trace fills Outcome.Steps. Set it before the first use.
	Trace bool

	source  dns.Source
	history dns.Historian // nil where the source knows no other keys
	profile Profile
	keys    keyCache
}

// New returns a Verifier. Where the source is a [dns.Historian] too, a signature
// that the key in force does not verify is tried with every other key that was
// ever seen for its selector; a wrapper that hides the Historian can be given as
//
//	struct { dns.Source; dns.Historian }{wrapper, history}
//
// Keys are parsed once for each *dns.Answer, so the source should have a cache.
func New(source dns.Source, p Profile) *Verifier {
	h, _ := source.(dns.Historian)
	return &Verifier{source: source, history: h, profile: p}
}

// Verify judges one signature as of a moment: expiry, the key in force and,
// under a historic profile, the rules. At the zero time nothing expires. An
// error is the source's: the run cannot go on.
func (v *Verifier) Verify(ctx context.Context, s *evidence.Signature, at time.Time) (Outcome, error) {
	return v.judge(ctx, judgement{v: v, sig: s, at: at})
}

// VerifyARCMessage judges an ARC-Message-Signature: as a DKIM signature (RFC 8617
// §4.1.2), but never by historic rules, since RFC 8617 is younger than them all.
func (v *Verifier) VerifyARCMessage(ctx context.Context, s *evidence.Signature, at time.Time) (Outcome, error) {
	return v.judge(ctx, judgement{v: v, sig: s, at: at, arc: true})
}

// VerifySeal judges an ARC-Seal: as VerifyARCMessage, and there is no body hash
// and no x= (RFC 8617 §4.1.3).
func (v *Verifier) VerifySeal(ctx context.Context, s *evidence.Signature, at time.Time) (Outcome, error) {
	return v.judge(ctx, judgement{v: v, sig: s, at: at, arc: true, seal: true})
}

// judgement is one signature on its way.
type judgement struct {
	v    *Verifier
	sig  *evidence.Signature
	at   time.Time
	arc  bool // rules of today
	seal bool // no body, no expiry

	alg   algorithm
	rules rules
	out   Outcome
}

// finding is what came out of trying keys.
type finding struct {
	reason Reason
	detail string
	key    *keyRecord // nil where no record was read
	source string
}

func (v *Verifier) judge(ctx context.Context, j judgement) (Outcome, error) {
	if f := j.field(); f.reason != "" {
		return j.finish(f), nil
	}
	name := publishedAt(j.sig)
	answer, err := v.source.Lookup(ctx, dns.Question{Name: name, Type: dns.TypeTXT, At: j.at})
	if err != nil {
		return Outcome{}, err
	}
	keys := v.keys.of(answer)
	j.out.Answers = keys.answers
	f := j.try(keys)
	if f.reason != "" && v.history != nil && j.bodyMatches() {
		if f, err = j.tryOthers(ctx, name, keys, f); err != nil {
			return Outcome{}, err
		}
	}
	return j.finish(f), nil
}

// field makes the checks that need no key: RFC 6376 §6.1.1.
func (j *judgement) field() finding {
	s := j.sig
	if s.Problem != "" {
		return j.note("RFC 6376 §6.1.1", "signature field", finding{reason: Reason(s.Problem), detail: s.Detail})
	}
	var known bool
	if j.alg, known = algorithmOf(s.Algorithm); !known {
		return j.note("RFC 6376 §3.3", "algorithm", finding{reason: UnsupportedAlgorithm, detail: "a=" + shorten(s.Algorithm)})
	}
	j.rules = j.v.profile.rulesAt(j.at, j.arc)
	// RFC 8301 §3.1: rsa-sha1 MUST NOT be used for verifying.
	if j.alg.hash == hashSHA1 && !j.rules.sha1 {
		return j.note("RFC 8301 §3.1", "algorithm", finding{reason: AlgorithmObsolete, detail: "a=" + s.Algorithm})
	}
	if j.expired() {
		return j.note("RFC 6376 §6.1.1", "expiry", finding{reason: Expired, detail: "x=" + s.ExpiresAt.UTC().Format(time.RFC3339)})
	}
	if len(s.HeaderHash) != j.alg.size || len(s.Signature) == 0 {
		return j.note("RFC 6376 §6.1.3", "digest", finding{reason: IncompleteEvidence})
	}
	return j.note("RFC 6376 §6.1.1", "signature field", finding{})
}

// expired tells whether the moment lies past x= (RFC 6376 §3.5). Where no moment
// is known nobody can say.
func (j *judgement) expired() bool {
	x := j.sig.ExpiresAt
	return !j.seal && !x.IsZero() && !j.at.IsZero() && j.at.After(x)
}

func (j *judgement) bodyMatches() bool { return j.seal || j.sig.BodyHashMatch }

// try tries the records of one answer: RFC 6376 §6.1.2, §6.1.3.
func (j *judgement) try(keys *keySet) finding {
	if r, detail := absence(keys.answer()); r != "" {
		f := j.note("RFC 6376 §6.1.2", "key query", finding{reason: r, detail: detail})
		// No key can mend the body, so this is not temporary.
		if keys.answer().Failed() && !j.bodyMatches() {
			f = j.note("RFC 6376 §6.1.3", "body hash", finding{reason: BodyHashMismatch, detail: "no key was seen: " + string(r)})
		}
		return f
	}
	var best finding
	for i, k := range keys.records {
		f := j.tryRecord(k)
		f.source = keys.source
		if len(keys.records) > 1 {
			f.detail = ofSeveral(f.detail, i+1, len(keys.records)+keys.dropped)
		}
		if f.reason == "" {
			return f
		}
		if best.key == nil || f.reason.stage() > best.reason.stage() {
			best = f
		}
	}
	return best
}

// ofSeveral says which of several key records is spoken of.
func ofSeveral(detail string, i, n int) string {
	which := "key record " + strconv.Itoa(i) + " of " + strconv.Itoa(n)
	if detail == "" {
		return which
	}
	return which + ": " + detail
}

func (j *judgement) tryRecord(k *keyRecord) finding {
	f := finding{key: k}
	if f.reason, f.detail = k.admits(j.sig, j.alg, j.rules); f.reason != "" {
		return j.note("RFC 6376 §6.1.2", "key record", f)
	}
	f = j.note("RFC 6376 §6.1.2", "key record", f)
	// RFC 6376 §6.1.3 item 3.
	if !j.bodyMatches() {
		f.reason = BodyHashMismatch
		f = j.note("RFC 6376 §6.1.3", "body hash", f)
		j.explainHeader(k)
		return f
	}
	if !j.seal {
		f = j.note("RFC 6376 §6.1.3", "body hash", f)
	}
	// RFC 6376 §6.1.3 item 4.
	if !k.verify(j.alg, j.sig.HeaderHash, j.sig.Signature) {
		f.reason = SignatureMismatch
	}
	return j.note("RFC 6376 §6.1.3", "signature", f)
}

// explainHeader tells, where only the body was found changed, whether the header
// is as it was signed. It decides nothing.
func (j *judgement) explainHeader(k *keyRecord) {
	if !j.v.Trace {
		return
	}
	f := finding{key: k, detail: "the header is as signed; only the body differs"}
	if !k.verify(j.alg, j.sig.HeaderHash, j.sig.Signature) {
		f.reason, f.detail = SignatureMismatch, "the header differs too, or the key is another"
	}
	j.note("RFC 6376 §6.1.3", "signature, for information", f)
}

// absence is why an answer gives no key record (RFC 6376 §6.1.2 items 1 to 3).
func absence(a *dns.Answer) (Reason, string) {
	switch a.Status {
	case dns.Success:
		if len(a.Records) > 0 {
			return "", ""
		}
		return KeyNotFound, "no data"
	case dns.NoData:
		return KeyNotFound, "no data"
	case dns.NXDomain:
		return KeyNotFound, "no such name"
	case dns.Failure:
		return failure(a.Kind)
	}
	return NotRecorded, ""
}

// failure is the reason for a failed query: temporary (RFC 6376 §6.1.2 item 2),
// but for a name that nobody can ever ask.
func failure(k dns.FailureKind) (Reason, string) {
	switch k {
	case dns.BadName:
		return KeyNameInvalid, "a label over 63 bytes, or a name over 255"
	case dns.Timeout:
		return DNSTimeout, ""
	case dns.ServFail:
		return DNSServFail, ""
	case dns.Refused:
		return DNSRefused, ""
	}
	return DNSFailure, string(k)
}

// finish makes the outcome. For a signature that verifies the reason becomes a
// remark, or stays empty.
func (j *judgement) finish(f finding) Outcome {
	o := &j.out
	if f.key != nil {
		o.KeyBits, o.Testing, o.KeySource = f.key.bits, f.key.testing, f.source
	}
	if f.reason == "" {
		f.reason = j.remark(f.key)
	}
	o.Reason, o.Detail = f.reason, f.detail
	o.Result = j.v.profile.Result(f.reason)
	return *o
}

// remark is what is worth knowing of a signature that verifies.
func (j *judgement) remark(k *keyRecord) Reason {
	s := j.sig
	switch {
	case s.BodyUnsigned > 0 && !j.seal:
		return BodyLengthPartial
	case j.alg.hash == hashSHA1, k.rsa != nil && k.bits < minRSABits:
		return HistoricRules
	case !j.at.IsZero() && s.SignedAt.After(j.at.Add(MaxClockSkew)):
		return SignedInFuture
	case k.testing:
		return KeyTesting
	}
	return ""
}

// MaxClockSkew is how far t= may lie after the moment judged at without a
// remark: clocks of mail hosts that run wrong by minutes are common.
const MaxClockSkew = 15 * time.Minute

// note adds a step where the Verifier traces, and returns the finding.
func (j *judgement) note(clause, check string, f finding) finding {
	if !j.v.Trace {
		return f
	}
	text := f.detail
	if f.reason != "" {
		text = string(f.reason)
		if f.detail != "" {
			text += ": " + f.detail
		}
	}
	j.out.Steps = append(j.out.Steps, Step{Clause: clause, Check: check, Note: text, OK: f.reason == ""})
	return f
}
