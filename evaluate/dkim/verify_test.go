package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
)

const keyName = "sel._domainkey.example.com"

var (
	day2008 = time.Date(2008, 5, 1, 0, 0, 0, 0, time.UTC)
	day2015 = time.Date(2015, 5, 1, 0, 0, 0, 0, time.UTC)
	day2026 = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
)

// signed returns the evidence of a good signature by a key of testKeys.
func signed(t testing.TB, a string, bits int) *evidence.Signature {
	t.Helper()
	s := &evidence.Signature{
		Domain: "example.com", Selector: "sel", AUIDDomain: "example.com", Algorithm: a,
		BodyLength: -1, SignedHeaders: "from:to", BodyHashMatch: true,
	}
	var err error
	switch a {
	case "rsa-sha1":
		h := sha1.Sum([]byte("header"))
		s.HeaderHash = h[:]
		s.Signature, err = rsa.SignPKCS1v15(nil, testKey(t, bits), crypto.SHA1, s.HeaderHash)
	case "rsa-sha256":
		h := sha256.Sum256([]byte("header"))
		s.HeaderHash = h[:]
		s.Signature, err = rsa.SignPKCS1v15(nil, testKey(t, bits), crypto.SHA256, s.HeaderHash)
	case "ed25519-sha256":
		h := sha256.Sum256([]byte("header"))
		s.HeaderHash = h[:]
		s.Signature = ed25519.Sign(edKey, s.HeaderHash)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var edKey = ed25519.NewKeyFromSeed([]byte("thirty-two bytes of fixed secret"))

func edRecord() string {
	return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey))
}

// One fault at a time: each gives its reason, and the result of the table.
func TestVerify(t *testing.T) {
	t.Parallel()
	good := "v=DKIM1; p=" + spkiOf(t, 1024)
	zone := func(records ...string) dnstest.Source { return dnstest.Source{keyName + " TXT": records} }
	cases := []struct {
		name    string
		a       string
		bits    int
		change  func(*evidence.Signature)
		zone    dnstest.Source
		profile Profile
		at      time.Time
		result  Result
		reason  Reason
	}{
		{name: "good", zone: zone(good), result: Pass},
		{name: "good, ed25519", a: "ed25519-sha256", zone: zone(edRecord()), result: Pass},
		{name: "good, 2048 bits", bits: 2048, zone: zone("p=" + spkiOf(t, 2048)), result: Pass},

		// RFC 6376 §6.1.1
		{name: "problem of the evidence", change: func(s *evidence.Signature) { s.Problem = "from_not_signed" }, zone: zone(good), result: PermError, reason: FromNotSigned},
		{name: "syntax", change: func(s *evidence.Signature) { s.Problem = "syntax" }, zone: zone(good), result: Neutral, reason: Syntax},
		{name: "word of nobody's table", change: func(s *evidence.Signature) { s.Problem = "moon" }, zone: zone(good), result: Neutral, reason: "moon"},
		{name: "unknown algorithm", change: func(s *evidence.Signature) { s.Algorithm = "rsa-md5" }, zone: zone(good), result: Neutral, reason: UnsupportedAlgorithm},
		{name: "no algorithm", change: func(s *evidence.Signature) { s.Algorithm = "" }, zone: zone(good), result: Neutral, reason: UnsupportedAlgorithm},
		{name: "expired", change: func(s *evidence.Signature) { s.ExpiresAt = day2015.Add(-time.Second) }, zone: zone(good), at: day2015, result: PermError, reason: Expired},
		{name: "expires now", change: func(s *evidence.Signature) { s.ExpiresAt = day2015 }, zone: zone(good), at: day2015, result: Pass},
		{name: "expired, moment unknown", change: func(s *evidence.Signature) { s.ExpiresAt = day2008 }, zone: zone(good), result: Pass},
		{name: "expired comes before the key", change: func(s *evidence.Signature) { s.ExpiresAt = day2008 }, zone: zone(dnstest.Timeout), at: day2015, result: PermError, reason: Expired},
		{name: "signed in future", change: func(s *evidence.Signature) { s.SignedAt = day2015.Add(time.Hour) }, zone: zone(good), at: day2015, result: Pass, reason: SignedInFuture},
		{name: "clock wrong by minutes", change: func(s *evidence.Signature) { s.SignedAt = day2015.Add(MaxClockSkew) }, zone: zone(good), at: day2015, result: Pass},
		{name: "no digest kept", change: func(s *evidence.Signature) { s.HeaderHash = nil }, zone: zone(good), result: Neutral, reason: IncompleteEvidence},
		{name: "digest of another hash", change: func(s *evidence.Signature) { s.HeaderHash = s.HeaderHash[:20] }, zone: zone(good), result: Neutral, reason: IncompleteEvidence},
		{name: "no signature kept", change: func(s *evidence.Signature) { s.Signature = nil }, zone: zone(good), result: Neutral, reason: IncompleteEvidence},

		// RFC 6376 §6.1.2 items 1 to 3
		{name: "no name", zone: dnstest.Source{}, result: PermError, reason: KeyNotFound},
		{name: "no data", zone: dnstest.Source{keyName + " A": {"192.0.2.1"}}, result: PermError, reason: KeyNotFound},
		{name: "timeout", zone: zone(dnstest.Timeout), result: TempError, reason: DNSTimeout},
		{name: "servfail", zone: zone(dnstest.ServFail), result: TempError, reason: DNSServFail},
		{name: "refused", zone: zone(dnstest.Refused), result: TempError, reason: DNSRefused},
		{name: "network", zone: zone(dnstest.Network), result: TempError, reason: DNSFailure},
		{name: "not recorded", zone: zone(dnstest.NotRecorded), result: TempError, reason: NotRecorded},
		{name: "name too long", change: func(s *evidence.Signature) { s.Selector = strings.Repeat("x", 64) }, zone: zone(good), result: PermError, reason: KeyNameInvalid},

		// RFC 6376 §6.1.2 items 5 to 8; parsing is tested in TestParseKey
		{name: "key syntax", zone: zone("v=DKIM1; k=rsa; nonsense"), result: PermError, reason: KeySyntax},
		{name: "revoked", zone: zone("v=DKIM1; p="), result: PermError, reason: KeyRevoked},
		{name: "service", zone: zone("s=chat; p=" + spkiOf(t, 1024)), result: PermError, reason: KeyService},
		{name: "hash", zone: zone("h=sha1; p=" + spkiOf(t, 1024)), result: PermError, reason: KeyHash},
		{name: "type", a: "ed25519-sha256", zone: zone(good), result: PermError, reason: KeyType},
		{name: "512 bits", bits: 512, zone: zone("p=" + spkiOf(t, 512)), result: PermError, reason: KeyTooSmall},
		{name: "512 bits, old message", bits: 512, zone: zone("p=" + spkiOf(t, 512)), at: day2015, result: PermError, reason: KeyTooSmall},
		{name: "strict key, i= below d=", change: func(s *evidence.Signature) { s.AUIDDomain = "sub.example.com" }, zone: zone("t=s; p=" + spkiOf(t, 1024)), result: PermError, reason: AUIDMismatch},
		{name: "i= below d=", change: func(s *evidence.Signature) { s.AUIDDomain = "sub.example.com" }, zone: zone(good), result: Pass},
		{name: "testing", zone: zone("t=y; p=" + spkiOf(t, 1024)), result: Pass, reason: KeyTesting},

		// RFC 6376 §6.1.3
		{name: "body", change: func(s *evidence.Signature) { s.BodyHashMatch = false }, zone: zone(good), result: Fail, reason: BodyHashMismatch},
		{name: "signature", change: func(s *evidence.Signature) { s.HeaderHash[0] ^= 1 }, zone: zone(good), result: Fail, reason: SignatureMismatch},
		{name: "signature, ed25519", a: "ed25519-sha256", change: func(s *evidence.Signature) { s.HeaderHash[0] ^= 1 }, zone: zone(edRecord()), result: Fail, reason: SignatureMismatch},
		{name: "ed25519 signature cut", a: "ed25519-sha256", change: func(s *evidence.Signature) { s.Signature = s.Signature[:63] }, zone: zone(edRecord()), result: Fail, reason: SignatureMismatch},
		{name: "body before signature", change: func(s *evidence.Signature) { s.BodyHashMatch = false; s.HeaderHash[0] ^= 1 }, zone: zone(good), result: Fail, reason: BodyHashMismatch},
		{name: "key before body", change: func(s *evidence.Signature) { s.BodyHashMatch = false }, zone: dnstest.Source{}, result: PermError, reason: KeyNotFound},
		{name: "body before a temporary failure", change: func(s *evidence.Signature) { s.BodyHashMatch = false }, zone: zone(dnstest.Timeout), result: Fail, reason: BodyHashMismatch},
		{name: "another key", zone: zone("p=" + spkiOf(t, 2048)), result: Fail, reason: SignatureMismatch},
		{name: "part of the body", change: func(s *evidence.Signature) { s.BodyLength, s.BodyUnsigned = 10, 5 }, zone: zone(good), result: Pass, reason: BodyLengthPartial},
		{name: "l= of the whole body", change: func(s *evidence.Signature) { s.BodyLength = 10 }, zone: zone(good), result: Pass},

		// Several records: RFC 6376 §3.6.2.2, §6.1.2 item 4
		{name: "second record verifies", zone: zone("v=DKIM1; p=", good), result: Pass},
		{name: "none of two verifies", zone: zone("v=spf1 -all", "p="+spkiOf(t, 2048)), result: Fail, reason: SignatureMismatch},
		{name: "the one that came furthest", zone: zone("junk", "v=DKIM1; p="), result: PermError, reason: KeyRevoked},
		{name: "too many records", zone: zone(append(strings.Split("abcdefghij"[:MaxKeyRecords], ""), good)...), result: PermError, reason: KeySyntax},

		// The rules of the day: RFC 8301, RFC 4871
		{name: "sha1", a: "rsa-sha1", zone: zone(good), at: day2008, result: PermError, reason: AlgorithmObsolete},
		{name: "sha1 of its day", a: "rsa-sha1", zone: zone(good), profile: Profile{Historic: true}, at: day2015, result: Pass, reason: HistoricRules},
		{name: "sha1 of its day, altered", a: "rsa-sha1", change: func(s *evidence.Signature) { s.HeaderHash[0] ^= 1 }, zone: zone(good), profile: Profile{Historic: true}, at: day2015, result: Fail, reason: SignatureMismatch},
		{name: "sha1 too late", a: "rsa-sha1", zone: zone(good), profile: Profile{Historic: true}, at: time.Unix(rfc8301Since, 0), result: PermError, reason: AlgorithmObsolete},
		{name: "sha1 without a moment", a: "rsa-sha1", zone: zone(good), profile: Profile{Historic: true}, result: PermError, reason: AlgorithmObsolete},
		{name: "512 bits of its day", bits: 512, zone: zone("p=" + spkiOf(t, 512)), profile: Profile{Historic: true}, at: day2015, result: Pass, reason: HistoricRules},
		{name: "512 bits too late", bits: 512, zone: zone("p=" + spkiOf(t, 512)), profile: Profile{Historic: true}, at: day2026, result: PermError, reason: KeyTooSmall},
		{name: "granularity of its day", zone: zone("v=DKIM1; g=joe; p=" + spkiOf(t, 1024)), profile: Profile{Historic: true}, at: day2008, result: PermError, reason: KeyGranularity},
		{name: "granularity fits", change: func(s *evidence.Signature) { s.AUIDLocal = "joe" }, zone: zone("v=DKIM1; g=joe; p=" + spkiOf(t, 1024)), profile: Profile{Historic: true}, at: day2008, result: Pass},
		{name: "granularity after RFC 6376", zone: zone("v=DKIM1; g=joe; p=" + spkiOf(t, 1024)), profile: Profile{Historic: true}, at: day2015, result: Pass},

		// Choices of a profile
		{name: "larger keys wanted", zone: zone(good), profile: Profile{MinRSABits: 2048}, result: PermError, reason: KeyTooSmall},
		{name: "smaller keys wanted", bits: 512, zone: zone("p=" + spkiOf(t, 512)), profile: Profile{MinRSABits: 512}, result: PermError, reason: KeyTooSmall},
		{
			name: "l= distrusted", change: func(s *evidence.Signature) { s.BodyUnsigned = 5 }, zone: zone(good),
			profile: Profile{Results: map[Reason]Result{BodyLengthPartial: Policy}}, result: Policy, reason: BodyLengthPartial,
		},
		{
			name: "testing to the letter", zone: zone("t=y; p=" + spkiOf(t, 1024)),
			profile: Profile{Results: map[Reason]Result{KeyTesting: None}}, result: None, reason: KeyTesting,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.a == "" {
				c.a = "rsa-sha256"
			}
			if c.bits == 0 {
				c.bits = 1024
			}
			s := signed(t, c.a, c.bits)
			if c.change != nil {
				c.change(s)
			}
			for _, trace := range []bool{false, true} {
				v := New(c.zone, c.profile)
				v.Trace = trace
				o, err := v.Verify(t.Context(), s, c.at)
				if err != nil {
					t.Fatal(err)
				}
				if o.Result != c.result || o.Reason != c.reason {
					t.Errorf("got %s %q (%s), want %s %q", o.Result, o.Reason, o.Detail, c.result, c.reason)
				}
				if trace != (len(o.Steps) > 0) {
					t.Errorf("trace %v: %d steps", trace, len(o.Steps))
				}
			}
		})
	}
}

func TestVerifyTellsTheKey(t *testing.T) {
	t.Parallel()
	v := New(dnstest.Source{keyName + " TXT": {"v=DKIM1; t=y; p=" + spkiOf(t, 1024)}}, Profile{})
	o, err := v.Verify(t.Context(), signed(t, "rsa-sha256", 1024), day2026)
	if err != nil || o.KeyBits != 1024 || !o.Testing || o.KeySource != "test" || len(o.Answers) != 1 || o.Answers[0].Name != keyName {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestVerifySeal(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{keyName + " TXT": {"v=DKIM1; p=" + spkiOf(t, 1024)}}
	s := signed(t, "rsa-sha256", 1024)
	s.BodyHashMatch, s.ExpiresAt = false, day2008 // a seal has neither
	o, err := New(zone, Profile{}).VerifySeal(t.Context(), s, day2015)
	if err != nil || o.Result != Pass {
		t.Errorf("%+v, %v", o, err)
	}
	s = signed(t, "rsa-sha1", 1024)
	v := New(zone, Profile{Historic: true})
	if o, _ := v.VerifySeal(t.Context(), s, day2015); o.Reason != AlgorithmObsolete {
		t.Errorf("a seal with sha1: %+v", o)
	}
	if o, _ := v.VerifyARCMessage(t.Context(), s, day2015); o.Reason != AlgorithmObsolete {
		t.Errorf("a message signature with sha1: %+v", o)
	}
}

func TestVerifyReturnsErrorsOfTheSource(t *testing.T) {
	t.Parallel()
	v := New(dnstest.Source{keyName + " TXT": {dnstest.Abort}}, Profile{})
	if _, err := v.Verify(t.Context(), signed(t, "rsa-sha256", 1024), day2026); !errors.Is(err, dnstest.ErrAborted) {
		t.Errorf("got %v", err)
	}
}

// Every word that evidence uses must be in the table, or it would be neutral by
// accident.
func TestEvidenceWordsAreReasons(t *testing.T) {
	t.Parallel()
	for _, w := range []string{
		"syntax", "missing_tag", "unsupported_version", "unsupported_algorithm", "unsupported_canonicalization",
		"unsupported_query", "domain_mismatch", "from_not_signed", "expiry_before_signing", "arc_seal_signed",
	} {
		if _, ok := Reasons()[Reason(w)]; !ok {
			t.Errorf("%s is in no table", w)
		}
	}
}

// timeline is a source with a time axis and a memory.
type timeline struct {
	mu      sync.Mutex
	lookups int
	inForce func(at time.Time) *dns.Answer
	known   []*dns.Answer
}

func (s *timeline) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	return s.inForce(q.At), nil
}

func (s *timeline) History(context.Context, string, dns.Type) ([]*dns.Answer, error) {
	return s.known, nil
}

func observed(at time.Time, records ...string) *dns.Answer {
	return &dns.Answer{Name: keyName, Type: dns.TypeTXT, Status: dns.Success, Records: records, Source: "history", ObservedAt: at}
}

func TestOtherKeys(t *testing.T) {
	t.Parallel()
	mine := observed(day2008, "v=DKIM1; p="+spkiOf(t, 1024))
	other := observed(day2026, "v=DKIM1; p="+spkiOf(t, 2048))
	revoked := observed(day2026, "v=DKIM1; p=")
	nearest := *revoked
	nearest.Nearest = true
	absent := &dns.Answer{Name: keyName, Type: dns.TypeTXT, Status: dns.NXDomain, Source: "live"}
	unknown := &dns.Answer{Name: keyName, Type: dns.TypeTXT}
	cases := []struct {
		name   string
		answer *dns.Answer
		known  []*dns.Answer
		change func(*evidence.Signature)
		result Result
		reason Reason
		source string
	}{
		{name: "in force", answer: mine, known: []*dns.Answer{mine, other}, result: Pass, source: "history"},
		{name: "rotated", answer: other, known: []*dns.Answer{mine, other}, result: Pass, reason: OtherKey, source: "history other_key"},
		{name: "gone", answer: absent, known: []*dns.Answer{mine, other}, result: Pass, reason: OtherKey, source: "history other_key"},
		{name: "not recorded", answer: unknown, known: []*dns.Answer{mine}, result: Pass, reason: OtherKey, source: "history other_key"},
		{name: "revoked at another time", answer: &nearest, known: []*dns.Answer{mine}, result: Pass, reason: OtherKey, source: "history other_key"},
		{name: "revoked at that moment", answer: revoked, known: []*dns.Answer{mine}, result: PermError, reason: KeyRevoked, source: "history"},
		{name: "none verifies", answer: absent, known: []*dns.Answer{other, revoked}, result: PermError, reason: KeyNotFound},
		{name: "none known", answer: absent, result: PermError, reason: KeyNotFound},
		{
			name: "body changed", answer: other, known: []*dns.Answer{mine}, result: Fail, reason: BodyHashMismatch, source: "history",
			change: func(s *evidence.Signature) { s.BodyHashMatch = false },
		},
		{
			name: "header changed", answer: other, known: []*dns.Answer{mine}, result: Fail, reason: SignatureMismatch, source: "history",
			change: func(s *evidence.Signature) { s.HeaderHash[3] ^= 4 },
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := &timeline{inForce: func(time.Time) *dns.Answer { return c.answer }, known: c.known}
			s := signed(t, "rsa-sha256", 1024)
			if c.change != nil {
				c.change(s)
			}
			o, err := New(src, Profile{}).Verify(t.Context(), s, day2015)
			if err != nil || o.Result != c.result || o.Reason != c.reason || o.KeySource != c.source {
				t.Errorf("got %s %q %q (%s) %v, want %s %q %q", o.Result, o.Reason, o.KeySource, o.Detail, err, c.result, c.reason, c.source)
			}
			if c.reason == OtherKey && (len(o.Answers) != 2 || o.Answers[0] != c.answer || o.Answers[1] != mine) {
				t.Errorf("answers: %v", o.Answers)
			}
		})
	}
}

func TestNearestKeyIsTold(t *testing.T) {
	t.Parallel()
	a := observed(day2026, "v=DKIM1; p="+spkiOf(t, 1024))
	a.Nearest = true
	src := &timeline{inForce: func(time.Time) *dns.Answer { return a }}
	o, _ := New(src, Profile{}).Verify(t.Context(), signed(t, "rsa-sha256", 1024), day2015)
	if o.Result != Pass || o.KeySource != "history nearest" {
		t.Errorf("%+v", o)
	}
}

// A key is parsed once for an answer, however many ask at once, and a source
// without a cache does not make memory grow for ever.
func TestKeyCache(t *testing.T) {
	t.Parallel()
	a := observed(day2026, "v=DKIM1; p="+spkiOf(t, 1024))
	var c keyCache
	first := c.of(a)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if c.of(a) != first {
					t.Error("parsed again")
				}
			}
		})
	}
	wg.Wait()
	for range maxCachedKeys + 10 {
		c.of(&dns.Answer{Status: dns.NXDomain})
	}
	n := 0
	for range c.sets.Range {
		n++
	}
	if n > maxCachedKeys {
		t.Errorf("%d answers are kept", n)
	}
}

func TestBest(t *testing.T) {
	t.Parallel()
	o := func(r Result, reason Reason) Outcome { return Outcome{Result: r, Reason: reason} }
	cases := []struct {
		outcomes []Outcome
		near     []int
		want     int
	}{
		{nil, nil, -1},
		{[]Outcome{o(None, "")}, nil, 0},
		{[]Outcome{o(Fail, BodyHashMismatch), o(Pass, "")}, nil, 1},
		{[]Outcome{o(Pass, ""), o(Pass, "")}, nil, 0},
		{[]Outcome{o(Pass, ""), o(Pass, "")}, []int{0, 2}, 1},
		{[]Outcome{o(Pass, ""), o(Fail, SignatureMismatch)}, []int{0, 2}, 0},
		{[]Outcome{o(Pass, OtherKey), o(Pass, "")}, nil, 1},
		{[]Outcome{o(Pass, OtherKey), o(Pass, "")}, []int{1, 0}, 0},
		{[]Outcome{o(Fail, BodyHashMismatch), o(TempError, DNSTimeout)}, nil, 1},
		{[]Outcome{o(None, ""), o(PermError, KeyNotFound), o(Neutral, Syntax), o(Fail, SignatureMismatch), o(Policy, BodyLengthPartial), o(TempError, DNSTimeout)}, nil, 5},
		{[]Outcome{o(None, ""), o(PermError, KeyNotFound), o(Neutral, Syntax), o(Fail, SignatureMismatch), o(Policy, BodyLengthPartial)}, nil, 4},
		{[]Outcome{o(None, ""), o(PermError, KeyNotFound), o(Neutral, Syntax)}, nil, 2},
	}
	for i, c := range cases {
		var near func(int) int
		if c.near != nil {
			near = func(i int) int { return c.near[i] }
		}
		if got := Best(c.outcomes, near); got != c.want {
			t.Errorf("case %d: got %d, want %d", i, got, c.want)
		}
	}
}

// Whatever evidence says and the DNS answers: no panic, and a pass only with
// the signature that was made.
func FuzzVerify(f *testing.F) {
	good := signed(f, "rsa-sha256", 1024)
	p := "v=DKIM1; p=" + spkiOf(f, 1024)
	f.Add("rsa-sha256", "", p, good.HeaderHash, good.Signature, int64(0), int64(0), int64(0), true, "example.com")
	f.Add("ed25519-sha256", "", edRecord(), good.HeaderHash, make([]byte, 64), int64(1), int64(1<<40), int64(-1<<50), true, "sub.example.com")
	f.Add("rsa-sha1", "syntax", "v=DKIM1; t=s; g=a*b; p=", []byte{1}, []byte{}, int64(1<<62), int64(5), int64(5), false, "")
	f.Fuzz(func(t *testing.T, a, problem, record string, hash, sig []byte, x, ts, at int64, body bool, auid string) {
		s := &evidence.Signature{
			Problem: problem, Domain: "example.com", Selector: "sel", AUIDDomain: auid, AUIDLocal: auid, Algorithm: a,
			HeaderHash: hash, Signature: sig, BodyHashMatch: body, ExpiresAt: time.Unix(x, 0), SignedAt: time.Unix(ts, 0),
		}
		src := &timeline{
			inForce: func(time.Time) *dns.Answer { return observed(day2015, record, "p=") },
			known:   []*dns.Answer{observed(day2008, p, record)},
		}
		for _, profile := range []Profile{{}, {Historic: true}} {
			v := New(src, profile)
			v.Trace = true
			o, err := v.Verify(t.Context(), s, time.Unix(at, 0))
			if err != nil {
				t.Fatal(err)
			}
			if _, known := table[o.Reason]; !known && problem == "" {
				t.Fatalf("a reason of no table: %s", o.Reason)
			}
			if o.Result == Pass && (!body || problem != "" || len(sig) == 0) {
				t.Fatalf("passes: %+v", o)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct {
		a    string
		bits int
		txt  string
	}{
		{"rsa-sha256", 1024, "p=" + spkiOf(b, 1024)}, {"rsa-sha256", 2048, "p=" + spkiOf(b, 2048)}, {"ed25519-sha256", 256, edRecord()},
	} {
		b.Run(fmt.Sprintf("%s/%d", c.a, c.bits), func(b *testing.B) {
			a := observed(day2015, c.txt)
			v := New(&timeline{inForce: func(time.Time) *dns.Answer { return a }}, Profile{})
			s := signed(b, c.a, c.bits)
			b.ReportAllocs()
			for b.Loop() {
				if o, err := v.Verify(b.Context(), s, day2026); err != nil || o.Result != Pass {
					b.Fatal(o, err)
				}
			}
		})
	}
}
