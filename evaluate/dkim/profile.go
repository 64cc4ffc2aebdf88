package dkim

import "time"

// Profile is the choices of a run. The zero Profile is what a receiver true to
// today's standards computes, except that expiry is judged at the moment given
// and not now:
//
//   - rsa-sha1 does not verify (RFC 8301 §3.1), nor does an RSA key under 1024
//     bits (§3.2), however old the message is;
//   - g= is ignored (RFC 6376 §C.3);
//   - l= is honoured: a signature over a part of the body passes, with a remark
//     where a rest is left unsigned (RFC 6376 §3.5, §8.2).
type Profile struct {
	// Historic judges a signature by the rules in force at the moment judged
	// at: before January 2018 (RFC 8301) rsa-sha1 verifies and RSA keys from
	// 512 bits do (RFC 6376 §3.3.1, §3.3.3); before September 2011 (RFC 6376)
	// g= is honoured (RFC 4871 §3.6.1). A message without a moment is judged by
	// today's rules.
	Historic bool

	// MinRSABits raises the least RSA modulus, in bits, over that of the rules.
	// 0 and smaller values change nothing.
	MinRSABits int32

	// Results replaces the result of single reasons. Useful ones: Policy for
	// BodyLengthPartial (a receiver that distrusts l=), None for KeyTesting (RFC
	// 6376 §3.6.1 to the letter: as if unsigned), Fail for OtherKey (only the
	// key in force counts), PermError for SignedInFuture.
	Results map[Reason]Result
}

// Result is the one place where a reason becomes a result. A reason of nobody's
// table is neutral: RFC 8601 §2.7.1 gives that word to "other failures not
// covered elsewhere".
func (p *Profile) Result(r Reason) Result {
	if w, ok := p.Results[r]; ok {
		return w
	}
	if w, ok := table[r]; ok {
		return w
	}
	return Neutral
}

// When rules came into force: the month of publication, in Unix seconds. The
// RFC Editor dates by month, so the first of it is taken.
const (
	rfc6376Since = 1314835200 // 2011-09-01: no more g=
	rfc8301Since = 1514764800 // 2018-01-01: no more rsa-sha1, 1024 bits at least
)

// Least RSA moduli, in bits.
const (
	minRSABits         = 1024 // RFC 8301 §3.2: MUST NOT consider smaller ones valid
	historicMinRSABits = 512  // RFC 6376 §3.3.3: verifiers MUST validate from 512 on
)

// rules are those of one moment.
type rules struct {
	minBits     int32
	sha1        bool
	granularity bool
}

// rulesAt returns the rules of a moment; those of today where it is unknown, and
// always for ARC.
func (p *Profile) rulesAt(at time.Time, arc bool) rules {
	r := rules{minBits: minRSABits}
	if p.Historic && !at.IsZero() && !arc {
		now := at.Unix()
		r.granularity = now < rfc6376Since
		if now < rfc8301Since {
			r.sha1, r.minBits = true, historicMinRSABits
		}
	}
	r.minBits = max(r.minBits, p.MinRSABits)
	return r
}
