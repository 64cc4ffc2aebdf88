package report

import "mailaudit/evaluate/dmarc"

// Level is how far one method speaks for the author domain.
type Level uint8

// The levels, the best first.
const (
	StrictPass    Level = iota // a pass for the author domain itself
	RelaxedPass                // a pass within its organizational domain
	UnalignedPass              // a pass for another domain
	NoPass
	levels = iota
)

var levelPhrases = [levels]string{"passes, strict", "passes, relaxed", "passes for another domain", "does not pass"}

// Alignment counts messages that have an author domain: by the level of SPF,
// then by that of DKIM.
type Alignment [levels][levels]int64

// levelsOf are the levels of one message.
type levelsOf struct{ spf, dkim Level }

func (l levelsOf) aligned() (bySPF, byDKIM bool) { return l.spf <= RelaxedPass, l.dkim <= RelaxedPass }

// level is that of a pass.
func level(a dmarc.Alignment) Level {
	switch a {
	case dmarc.Strict:
		return StrictPass
	case dmarc.Relaxed:
		return RelaxedPass
	}
	return UnalignedPass
}

func (a *Alignment) addRows(r *rows) {
	var n [kinds]int64
	for _, k := range r.kinds {
		n[k]++
	}
	for k := authored; k != 0; k++ {
		l := k.levels()
		a[l.spf][l.dkim] += n[k]
	}
}

func (a *Alignment) merge(o *Alignment) {
	for i := range o {
		for j, n := range o[i] {
			a[i][j] += n
		}
	}
}

// Messages is the sum of all cells.
func (a *Alignment) Messages() int64 {
	n := int64(0)
	for i := range a {
		for _, k := range a[i] {
			n += k
		}
	}
	return n
}
