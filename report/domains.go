package report

import (
	"cmp"
	"maps"
	"slices"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
)

// maxRows is how many rows a table of domains or senders has: what a browser
// sorts at once, and far more than anybody reads.
const maxRows = 500

// Varies stands for a policy that was not the same for all messages.
const Varies = "varies"

// Domain is one author domain's share.
type Domain struct {
	Name     string   `json:"name"`
	Outcomes Outcomes `json:"outcomes"`
	// SPF and DKIM count aligned passes.
	SPF  int64 `json:"spf"`
	DKIM int64 `json:"dkim"`
	// Policy is what applied to its messages: a word, Varies, or empty for none.
	Policy string `json:"policy"`
}

// domains counts by author domain: one entry of some 200 bytes for each.
type domains map[string]*Domain

func (d domains) add(r *evaluate.Record, l levelsOf) {
	name, policy := r.Evidence.Author.Domain(), string(r.Verdict.DMARC.Policy)
	if r.Verdict.DMARC.Policy == dmarc.NoDisposition {
		policy = ""
	}
	row := d[name]
	if row == nil {
		row = &Domain{Name: name, Policy: policy}
		d[name] = row
	}
	one := Domain{Name: name, Policy: policy}
	one.Outcomes[outcomeOf(r.Verdict.Category)] = 1
	bySPF, byDKIM := l.aligned()
	if bySPF {
		one.SPF = 1
	}
	if byDKIM {
		one.DKIM = 1
	}
	row.add(&one)
}

func (d *Domain) add(o *Domain) {
	d.Outcomes.merge(&o.Outcomes)
	d.SPF += o.SPF
	d.DKIM += o.DKIM
	if d.Policy != o.Policy {
		d.Policy = Varies
	}
}

func (d domains) merge(o domains) {
	for name, row := range o {
		if mine := d[name]; mine != nil {
			mine.add(row)
			continue
		}
		mine := *row
		d[name] = &mine
	}
}

// top are the domains with the most messages; equal ones by name.
func (d domains) top() []Domain {
	out := make([]Domain, 0, len(d))
	for row := range maps.Values(d) {
		out = append(out, *row)
	}
	slices.SortFunc(out, func(a, b Domain) int {
		return cmp.Or(cmp.Compare(b.Outcomes.Messages(), a.Outcomes.Messages()), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), maxRows)]
}
