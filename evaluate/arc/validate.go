package arc

import (
	"context"
	"slices"
	"strconv"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
)

// MaxSets is the longest chain: RFC 8617 §5.2 step 1.
const MaxSets = 50

// Validator judges chains. Many goroutines may use one.
type Validator struct{ keys *dkim.Verifier }

// New returns a Validator that takes its keys from v, so that a key which signs
// mail and seals is parsed once.
func New(v *dkim.Verifier) *Validator { return &Validator{keys: v} }

// Validate judges a chain as of a moment (the zero time: nothing expires). An
// error is the DNS source's: the run cannot go on.
func (v *Validator) Validate(ctx context.Context, chain *evidence.ARC, at time.Time) (Outcome, error) {
	if len(chain.Sets) == 0 && chain.Problem == "" {
		return Outcome{Result: None}, nil // RFC 8617 §5.2 step 1
	}
	if reason, detail := structure(chain); reason != "" {
		return broken(chain, reason, detail), nil
	}
	o := Outcome{Result: Pass, Sets: make([]SetOutcome, len(chain.Sets))}
	for i := range slices.Backward(chain.Sets) {
		if err := v.message(ctx, &o, chain, i, at); err != nil {
			return Outcome{}, err
		}
	}
	for i := range slices.Backward(chain.Sets) {
		if err := v.seal(ctx, &o, &chain.Sets[i], &o.Sets[i], at); err != nil {
			return Outcome{}, err
		}
	}
	if o.Result != Pass {
		o.OldestPass = 0
	}
	return o, nil
}

// structure makes the checks that need no key: RFC 8617 §5.2 steps 1 to 3.
func structure(chain *evidence.ARC) (Reason, string) {
	n := len(chain.Sets)
	if n > MaxSets {
		return TooManySets, strconv.Itoa(n) + " sets"
	}
	// Step 2: a chain that failed before stays failed.
	if n > 0 && chain.Sets[n-1].CV == "fail" {
		return CVFail, at(&chain.Sets[n-1])
	}
	if chain.Problem != "" {
		return Reason(chain.Problem), ""
	}
	for i := range chain.Sets {
		s := &chain.Sets[i]
		if s.Instance != int32(i+1) {
			return InstanceGap, at(s)
		}
		// Steps 3.C, 3.D: "none" at the first, "pass" at all others.
		want := "pass"
		if i == 0 {
			want = "none"
		}
		if s.CV != want {
			return CVInvalid, at(s)
		}
	}
	return "", ""
}

func broken(chain *evidence.ARC, reason Reason, detail string) Outcome {
	o := Outcome{Result: Fail, Reason: reason, Detail: detail, Sets: make([]SetOutcome, len(chain.Sets))}
	for i := range o.Sets {
		o.Sets[i] = SetOutcome{Seal: string(dkim.None), Message: string(dkim.None)}
	}
	return o
}

// message judges one ARC-Message-Signature. Only the newest decides: RFC 8617
// §5.2 steps 4 and 5.
func (v *Validator) message(ctx context.Context, o *Outcome, chain *evidence.ARC, i int, when time.Time) error {
	set := &chain.Sets[i]
	d, err := v.keys.VerifyARCMessage(ctx, &set.Message, when)
	if err != nil {
		return err
	}
	o.Sets[i].Message, o.Sets[i].MessageReason = string(d.Result), string(d.Reason)
	o.rest(d.Answers)
	if d.Result == dkim.Pass {
		return nil
	}
	if i == len(chain.Sets)-1 {
		o.fail(d, MessageSignature, MessageSignatureUndecided, set)
	} else if o.OldestPass == 0 {
		o.OldestPass = set.Instance + 1
	}
	return nil
}

// seal judges one ARC-Seal: RFC 8617 §5.2 step 6.
func (v *Validator) seal(ctx context.Context, o *Outcome, set *evidence.ARCSet, out *SetOutcome, when time.Time) error {
	d, err := v.keys.VerifySeal(ctx, &set.Seal, when)
	if err != nil {
		return err
	}
	out.Seal, out.SealReason = string(d.Result), string(d.Reason)
	o.rest(d.Answers)
	if d.Result != dkim.Pass {
		o.fail(d, Seal, SealUndecided, set)
	}
	return nil
}

// fail keeps the first failure; a later one that is definite makes the chain
// definitely broken.
func (o *Outcome) fail(d dkim.Outcome, definite, undecided Reason, set *evidence.ARCSet) {
	temporary := d.Result == dkim.TempError
	if o.Result == Fail && (temporary || !o.Undecided) {
		return
	}
	o.Result, o.Undecided = Fail, temporary
	o.Reason = definite
	if temporary {
		o.Reason = undecided
	}
	o.Detail = at(set) + ": " + string(d.Reason)
	if d.Detail != "" {
		o.Detail += " (" + d.Detail + ")"
	}
}

// rest adds the answers that a signature rests on, each once.
func (o *Outcome) rest(answers []*dns.Answer) {
	for _, a := range answers {
		if !slices.Contains(o.Answers, a) {
			o.Answers = append(o.Answers, a)
		}
	}
}

func at(s *evidence.ARCSet) string { return "i=" + strconv.Itoa(int(s.Instance)) }
