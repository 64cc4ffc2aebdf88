package arc

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
)

var edKey = ed25519.NewKeyFromSeed([]byte("thirty-two bytes of fixed secret"))

func edRecord() []string {
	return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey))}
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return k
})

func rsaRecord(t *testing.T) []string {
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"v=DKIM1; p=" + base64.StdEncoding.EncodeToString(der)}
}

func sign(domain string) evidence.Signature {
	h := sha256.Sum256([]byte(domain))
	return evidence.Signature{
		Domain: domain, Selector: "sel", AUIDDomain: domain, Algorithm: "ed25519-sha256", BodyHashMatch: true,
		HeaderHash: h[:], Signature: ed25519.Sign(edKey, h[:]),
	}
}

// chain returns a good chain of n sets; set i is of "m<i>.example" and
// "s<i>.example".
func chain(n int) (*evidence.ARC, dnstest.Source) {
	c, zone := &evidence.ARC{}, dnstest.Source{}
	for i := range n {
		digit := string(rune('1' + i))
		set := evidence.ARCSet{Instance: int32(i + 1), CV: "pass", Message: sign("m" + digit + ".example"), Seal: sign("s" + digit + ".example")}
		if i == 0 {
			set.CV = "none"
		}
		set.Seal.BodyHashMatch = false // a seal has no body
		c.Sets = append(c.Sets, set)
		zone["sel._domainkey."+set.Message.Domain+" TXT"] = edRecord()
		zone["sel._domainkey."+set.Seal.Domain+" TXT"] = edRecord()
	}
	return c, zone
}

func TestValidate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		sets      int
		change    func(*evidence.ARC, dnstest.Source)
		result    Result
		reason    Reason
		undecided bool
		oldest    int32
	}{
		{name: "no chain", result: None},
		{name: "one set", sets: 1, result: Pass},
		{name: "five sets", sets: 5, result: Pass},

		// RFC 8617 §5.2 steps 1 to 3
		{name: "structure", sets: 2, change: func(c *evidence.ARC, _ dnstest.Source) { c.Problem = "missing_field" }, result: Fail, reason: MissingField},
		{name: "structure, nothing usable", change: func(c *evidence.ARC, _ dnstest.Source) { c.Problem = "instance_range" }, result: Fail, reason: InstanceRange},
		{name: "too many sets", sets: MaxSets + 1, result: Fail, reason: TooManySets},
		{name: "newest says fail", sets: 2, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].CV = "fail" }, result: Fail, reason: CVFail},
		{name: "newest says fail, structure broken too", sets: 2, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].CV, c.Problem = "fail", "missing_field" }, result: Fail, reason: CVFail},
		{name: "older says fail", sets: 3, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].CV = "fail" }, result: Fail, reason: CVInvalid},
		{name: "first says pass", sets: 1, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[0].CV = "pass" }, result: Fail, reason: CVInvalid},
		{name: "second says none", sets: 2, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].CV = "none" }, result: Fail, reason: CVInvalid},
		{name: "nothing said", sets: 2, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].CV = "" }, result: Fail, reason: CVInvalid},
		{name: "words are case-sensitive", sets: 1, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[0].CV = "None" }, result: Fail, reason: CVInvalid},
		{name: "gap", sets: 3, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets = append(c.Sets[:1], c.Sets[2]) }, result: Fail, reason: InstanceGap},

		// Steps 4 and 5
		{name: "newest message signature", sets: 2, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].Message.BodyHashMatch = false }, result: Fail, reason: MessageSignature},
		{name: "first message signature", sets: 3, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[0].Message.BodyHashMatch = false }, result: Pass, oldest: 2},
		{name: "second message signature", sets: 3, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[1].Message.BodyHashMatch = false }, result: Pass, oldest: 3},
		{name: "two message signatures", sets: 4, change: func(c *evidence.ARC, _ dnstest.Source) {
			c.Sets[0].Message.BodyHashMatch, c.Sets[1].Message.BodyHashMatch = false, false
		}, result: Pass, oldest: 3},
		{name: "older key unknown", sets: 2, change: func(_ *evidence.ARC, z dnstest.Source) {
			z["sel._domainkey.m1.example TXT"] = []string{dnstest.Timeout}
		}, result: Pass, oldest: 2},
		{name: "newest key unknown", sets: 2, change: func(_ *evidence.ARC, z dnstest.Source) {
			z["sel._domainkey.m2.example TXT"] = []string{dnstest.Timeout}
		}, result: Fail, reason: MessageSignatureUndecided, undecided: true},

		// Step 6
		{name: "first seal", sets: 3, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[0].Seal.HeaderHash[0] ^= 1 }, result: Fail, reason: Seal},
		{name: "newest seal", sets: 3, change: func(c *evidence.ARC, _ dnstest.Source) { c.Sets[2].Seal.Problem = "syntax" }, result: Fail, reason: Seal},
		{name: "key of a seal not recorded", sets: 2, change: func(_ *evidence.ARC, z dnstest.Source) {
			z["sel._domainkey.s1.example TXT"] = []string{dnstest.NotRecorded}
		}, result: Fail, reason: SealUndecided, undecided: true},
		{name: "key of a seal does not exist", sets: 2, change: func(_ *evidence.ARC, z dnstest.Source) { delete(z, "sel._domainkey.s1.example TXT") }, result: Fail, reason: Seal},
		{name: "undecided, then broken", sets: 2, change: func(c *evidence.ARC, z dnstest.Source) {
			z["sel._domainkey.s2.example TXT"] = []string{dnstest.Timeout}
			c.Sets[0].Seal.HeaderHash[0] ^= 1
		}, result: Fail, reason: Seal},
		{name: "broken, then undecided", sets: 2, change: func(c *evidence.ARC, z dnstest.Source) {
			z["sel._domainkey.s1.example TXT"] = []string{dnstest.Timeout}
			c.Sets[1].Message.BodyHashMatch = false
		}, result: Fail, reason: MessageSignature},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, zone := chain(c.sets)
			if c.change != nil {
				c.change(a, zone)
			}
			o, err := New(dkim.New(zone, dkim.Profile{})).Validate(t.Context(), a, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if o.Result != c.result || o.Reason != c.reason || o.Undecided != c.undecided || o.OldestPass != c.oldest {
				t.Errorf("got %s %q undecided=%v oldest=%d (%s), want %s %q undecided=%v oldest=%d",
					o.Result, o.Reason, o.Undecided, o.OldestPass, o.Detail, c.result, c.reason, c.undecided, c.oldest)
			}
			if len(o.Sets) != len(a.Sets) {
				t.Errorf("%d outcomes for %d sets", len(o.Sets), len(a.Sets))
			}
		})
	}
}

// What each set gave is told even where another one broke the chain.
func TestEverySetIsTold(t *testing.T) {
	t.Parallel()
	a, zone := chain(3)
	a.Sets[2].Message.BodyHashMatch = false
	a.Sets[0].Message.Problem = "from_not_signed"
	o, err := New(dkim.New(zone, dkim.Profile{})).Validate(t.Context(), a, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	want := []SetOutcome{
		{Seal: "pass", Message: "permerror", MessageReason: "from_not_signed"},
		{Seal: "pass", Message: "pass"},
		{Seal: "pass", Message: "fail", MessageReason: "body_hash_mismatch"},
	}
	for i := range want {
		if o.Sets[i] != want[i] {
			t.Errorf("set %d: %+v, want %+v", i+1, o.Sets[i], want[i])
		}
	}
	if len(o.Answers) != 5 { // the first message signature asked nothing
		t.Errorf("%d answers", len(o.Answers))
	}
}

// RFC 8617 is younger than RFC 8301: no rules of an earlier day.
func TestHistoricRulesDoNotReachARC(t *testing.T) {
	t.Parallel()
	a, zone := chain(1)
	s := &a.Sets[0].Message
	var err error
	s.Algorithm, s.HeaderHash = "rsa-sha1", s.HeaderHash[:20]
	if s.Signature, err = rsa.SignPKCS1v15(nil, rsaKey(), crypto.SHA1, s.HeaderHash); err != nil {
		t.Fatal(err)
	}
	zone["sel._domainkey.m1.example TXT"] = rsaRecord(t)
	v := dkim.New(zone, dkim.Profile{Historic: true})
	day := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	if d, err := v.Verify(t.Context(), s, day); err != nil || d.Result != dkim.Pass {
		t.Fatalf("as DKIM: %+v, %v", d, err)
	}
	o, err := New(v).Validate(t.Context(), a, day)
	if err != nil || o.Result != Fail || o.Sets[0].MessageReason != string(dkim.AlgorithmObsolete) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestValidateReturnsErrorsOfTheSource(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"m1", "s1"} {
		a, zone := chain(1)
		zone["sel._domainkey."+name+".example TXT"] = []string{dnstest.Abort}
		if _, err := New(dkim.New(zone, dkim.Profile{})).Validate(t.Context(), a, time.Time{}); !errors.Is(err, dnstest.ErrAborted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the evidence says: no panic, and a pass needs all of it.
func FuzzValidate(f *testing.F) {
	f.Add(uint8(3), uint8(1), "pass", "", int32(2))
	f.Add(uint8(2), uint8(0), "none", "", int32(1))
	f.Add(uint8(0), uint8(0), "", "instance_gap", int32(0))
	f.Add(uint8(60), uint8(9), "fail", "", int32(-1))
	f.Fuzz(func(t *testing.T, n, which uint8, cv, problem string, instance int32) {
		a, zone := chain(int(n % 9))
		a.Problem = problem
		changed := problem != ""
		if int(which) < len(a.Sets) {
			s := &a.Sets[which]
			changed = changed || s.CV != cv || s.Instance != instance
			s.CV, s.Instance = cv, instance
		}
		o, err := New(dkim.New(zone, dkim.Profile{})).Validate(t.Context(), a, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(a.Sets) == 0 && !changed:
			if o.Result != None {
				t.Fatal(o)
			}
		case (o.Result == Pass) == changed:
			t.Fatalf("changed %v: %+v", changed, o)
		}
	})
}
