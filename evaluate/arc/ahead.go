package arc

import (
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
)

// Questions calls each with every question that Validate will put: a chain whose
// structure holds is asked for all its keys, another for none.
func (v *Validator) Questions(chain *evidence.ARC, at time.Time, each func(dns.Question)) {
	if len(chain.Sets) == 0 {
		return
	}
	if reason, _ := structure(chain); reason != "" {
		return
	}
	for i := range chain.Sets {
		s := &chain.Sets[i]
		if q, ok := v.keys.KeyQuestion(&s.Message, dkim.ARCMessage, at); ok {
			each(q)
		}
		if q, ok := v.keys.KeyQuestion(&s.Seal, dkim.Seal, at); ok {
			each(q)
		}
	}
}
