package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"mailaudit/internal/columns"
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

// authorRows are the rows of one author domain.
type authorRows struct {
	outcomes  [outcomes]uint32
	spf, dkim uint32
	policy    int32 // the place of the policy, one more; 0: no row, -1: several
}

// addRows counts rows; rows is memory for it.
func (d domains) addRows(r *rows, memory *[]authorRows) {
	policy := r.Column("dmarc_policy")
	shares := slices.Grow((*memory)[:0], len(r.author.Dict))[:len(r.author.Dict)]
	*memory = shares
	clear(shares)
	for i, k := range r.kinds {
		if !k.authored() {
			continue
		}
		s, aligned := &shares[r.author.Codes[i]], k.aligned()
		s.outcomes[k.outcome()]++
		s.spf += uint32(aligned[0])
		s.dkim += uint32(aligned[1])
		if at := policy.Codes[i] + 2; s.policy != at {
			s.met(at, policy)
		}
	}
	for code := range shares {
		if shares[code].policy != 0 {
			d.addShare(r.author.Dict[code], &shares[code], policy)
		}
	}
}

// met notes another policy, at a place.
func (s *authorRows) met(at int32, policy *columns.Vector) {
	switch {
	case s.policy == 0:
		s.policy = at
	case s.policy > 0 && policyAt(policy, s.policy) != policyAt(policy, at):
		s.policy = -1
	}
}

// policyAt is the policy of a place in authorRows.
func policyAt(v *columns.Vector, at int32) string {
	switch at {
	case -1:
		return Varies
	case 1:
		return ""
	}
	return v.Dict[at-2]
}

func (d domains) addShare(name string, s *authorRows, policy *columns.Vector) {
	one := Domain{Policy: policyAt(policy, s.policy), SPF: int64(s.spf), DKIM: int64(s.dkim)}
	for i, n := range s.outcomes {
		one.Outcomes[i] = int64(n)
	}
	row := d[name]
	if row == nil {
		one.Name = strings.Clone(name)
		d[one.Name] = &one
		return
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
