package evaluate

import "mailaudit/evaluate/dns"

// Basis tells of answers that a verdict rests on and that were not what the DNS
// said at the moment judged at.
type Basis struct {
	Overlay bool // an overlay gave one: the verdict is what-if
	Nearest bool // one is the nearest that a history had, not of the moment itself
}

// overlaySource is Answer.Source of an overlay.
const overlaySource = "overlay"

func basisOf(v *Verdict) (b Basis) {
	note := func(list []*dns.Answer) {
		for _, a := range list {
			if a != nil {
				b.Overlay = b.Overlay || a.Source == overlaySource
				b.Nearest = b.Nearest || a.Nearest
			}
		}
	}
	note(v.SPF.AnswersOf())
	note(v.SPFHelo.AnswersOf())
	for i := range v.DKIM {
		note(v.DKIM[i].Answers)
	}
	note(v.ARC.Answers)
	note(v.DMARC.Answers)
	note(v.Existence.Answers)
	return b
}
