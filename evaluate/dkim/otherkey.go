package dkim

import (
	"context"
	"slices"

	"mailaudit/evaluate/dns"
)

// MaxOtherKeys is the most other keys that are tried for one signature. Each
// may cost an RSA operation; busy selectors have had a dozen keys in ten years.
const MaxOtherKeys = 64

// tryOthers tries the keys of a selector that were not in force at the moment:
// an archive of keys has gaps, and a zone of today has forgotten most. Where one
// verifies, the signature is genuine and the reason is OtherKey; the detail says
// what the key in force gave.
//
// A revocation that was seen to be in force at that very moment stands: a
// receiver of that day refused the signature (RFC 6376 §3.6.1 p=).
func (j *judgement) tryOthers(ctx context.Context, name string, chosen *keySet, first finding) (finding, error) {
	history, err := j.v.history.History(ctx, name, dns.TypeTXT)
	if err != nil {
		return first, err
	}
	tried := slices.Clone(chosen.answer().Records)
	left := MaxOtherKeys
	for _, a := range slices.Backward(history) {
		if a == chosen.answer() || a.Status != dns.Success {
			continue
		}
		keys := j.v.keys.of(a)
		for i, k := range keys.records {
			if slices.Contains(tried, a.Records[i]) {
				continue
			}
			if left--; left < 0 {
				return first, nil
			}
			tried = append(tried, a.Records[i])
			if j.otherVerifies(k) {
				return j.withOther(first, chosen, keys, k), nil
			}
		}
	}
	return first, nil
}

func (j *judgement) otherVerifies(k *keyRecord) bool {
	reason, _ := k.admits(j.sig, j.alg, j.rules)
	return reason == "" && k.verify(j.alg, j.sig.HeaderHash, j.sig.Signature)
}

// withOther makes the finding for a signature that another key verifies.
func (j *judgement) withOther(first finding, chosen, keys *keySet, k *keyRecord) finding {
	a := chosen.answer()
	seen := !j.at.IsZero() && !a.ObservedAt.IsZero() && !a.Nearest
	if first.reason == KeyRevoked && seen {
		first.detail = "a key published at another time verifies it"
		return first
	}
	j.out.Answers = []*dns.Answer{a, keys.answer()}
	j.note("RFC 6376 §6.1.3", "other keys of the selector", finding{detail: "one verifies"})
	return finding{
		reason: OtherKey,
		detail: "the key in force: " + string(first.reason),
		key:    k,
		source: keys.answer().Source + " other_key",
	}
}
