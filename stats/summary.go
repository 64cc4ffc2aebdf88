package stats

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"mailaudit/evaluate"
)

// topDomains is how many author domains the JSON summary lists.
const topDomains = 50

// Summary is what the command prints and what summary.json holds. It is a pure
// function of the counted rows: it has no flag, no path and no clock in it.
type Summary struct {
	Messages  int64     `json:"messages"`
	Breakdown Breakdown `json:"breakdown"`
	// Dispositions follow the policy to the letter; Dispositions74 are what RFC
	// 9989 section 7.4 allows a receiver that knows nothing else.
	Dispositions   map[string]int64 `json:"dispositions"`
	Dispositions74 map[string]int64 `json:"dispositions_7_4"`
	SPF            map[string]int64 `json:"spf"`
	DKIM           map[string]int64 `json:"dkim"`
	ARC            map[string]int64 `json:"arc"`
	DMARC          map[string]int64 `json:"dmarc"`
	Policies       map[string]int64 `json:"policies"`
	Overrides      map[string]int64 `json:"overrides"`
	// Causes say why DMARC failed; RejectedBy which tag rejected.
	Causes     map[string]int64 `json:"failure_causes"`
	RejectedBy map[string]int64 `json:"rejected_by"`
	Problems   int64            `json:"problems"`
	// ProblemCodes splits Problems by code.
	ProblemCodes map[string]int64 `json:"problem_codes"`
	Anomalies    map[string]int64 `json:"anomalies"`
	Formats      map[string]int64 `json:"formats"`
	// Recorded is the breakdown that a log itself recorded, by its own words.
	Recorded map[string]int64 `json:"recorded_breakdown"`
	// Domains are the author domains with the most messages; DomainCount is
	// how many there are in all.
	Domains     []Domain         `json:"domains"`
	DomainCount int64            `json:"domain_count"`
	Coverage    map[string]int64 `json:"coverage"`
	// First and Last are the earliest and the latest arrival, absent where no
	// message tells one.
	First *time.Time `json:"first_received,omitempty"`
	Last  *time.Time `json:"last_received,omitempty"`
}

// Domain is one author domain's share.
type Domain struct {
	Domain    string    `json:"domain"`
	Messages  int64     `json:"messages"`
	Breakdown Breakdown `json:"breakdown"`
}

// Breakdown has a count for each category, in the order of
// evaluate.Categories. The counts add up to the number of messages.
type Breakdown [categories]int64

// Of returns the count of one category.
func (b *Breakdown) Of(c evaluate.Category) int64 { return b[categoryIndex[c]] }

// MarshalJSON writes an object with every category, in their order.
func (b Breakdown) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, c := range evaluate.Categories {
		if i > 0 {
			out.WriteByte(',')
		}
		word, err := json.Marshal(string(c))
		if err != nil {
			return nil, err
		}
		n, err := json.Marshal(b[i])
		if err != nil {
			return nil, err
		}
		out.Write(word)
		out.WriteByte(':')
		out.Write(n)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; unknown words are passed over.
func (b *Breakdown) UnmarshalJSON(data []byte) error {
	var m map[string]int64
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	for i, c := range evaluate.Categories {
		b[i] = m[string(c)]
	}
	return nil
}

// Summary makes the summary of what was counted.
func (t *Tally) Summary() Summary {
	s := Summary{
		Messages: t.messages, Breakdown: t.breakdown,
		Dispositions: fill(t.dispositions), Dispositions74: fill(t.dispositions74),
		SPF: fill(t.spf), DKIM: fill(t.dkim), ARC: fill(t.arc), DMARC: fill(t.dmarc),
		Policies: fill(t.policies), Overrides: fill(t.overrides), Causes: fill(t.causes),
		RejectedBy: fill(t.rejectTags), ProblemCodes: fill(t.problems), Anomalies: fill(t.anomalies),
		Formats: fill(t.formats), Recorded: fill(t.recorded), Coverage: fill(t.coverage),
		Domains: t.top(topDomains), DomainCount: int64(len(t.authors)),
		First: stamp(t.first), Last: stamp(t.last),
	}
	for _, n := range t.problems {
		s.Problems += n
	}
	return s
}

// fill copies counts, never nil, so that JSON has an object.
func fill(c map[string]int64) map[string]int64 {
	if c == nil {
		return map[string]int64{}
	}
	return maps.Clone(c)
}

func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// top returns the n domains with the most messages; equal ones by name.
func (t *Tally) top(n int) []Domain {
	names := slices.SortedFunc(maps.Keys(t.authors), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.authors[b].messages, t.authors[a].messages), cmp.Compare(a, b))
	})
	names = names[:min(n, len(names))]
	out := make([]Domain, 0, len(names))
	for _, name := range names {
		a := t.authors[name]
		d := Domain{Domain: name, Messages: a.messages}
		for i, k := range a.breakdown {
			d.Breakdown[i] = int64(k)
		}
		out = append(out, d)
	}
	return out
}
