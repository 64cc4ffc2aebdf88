package report

import (
	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
	"mailaudit/internal/columns"
)

// kind is what the views need to know of a row: its outcome, its levels, and
// whether it has an author domain and a usable message.
type kind uint8

const (
	kinds    = 1 << 8
	authored = kind(1) << 7
)

func (k kind) outcome() Outcome  { return Outcome(k & 7) }
func (k kind) levels() levelsOf  { return levelsOf{spf: Level(k >> 3 & 3), dkim: Level(k >> 5 & 3)} }
func (k kind) authored() bool    { return k&authored != 0 }
func (k kind) aligned() [2]int64 { return alignedKinds[k] }

// alignedKinds tell of each kind whether SPF and DKIM give an aligned pass.
var alignedKinds = func() (all [kinds][2]int64) {
	for k := range all {
		bySPF, byDKIM := kind(k).levels().aligned()
		all[k] = [2]int64{int64(bit(bySPF)), int64(bit(byDKIM))}
	}
	return all
}()

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// rows tells the kinds of rows by their columns.
type rows struct {
	columns.Group
	author *columns.Vector
	kinds  []kind

	outcome, named, malformed columns.Marks
	spf, spfNear              columns.Marks
	signature, near           columns.Marks
}

// open goes on with other rows.
func (r *rows) open(g columns.Group) {
	r.Group, r.author = g, g.Column("header_from_domain")
	r.outcome.Reset(g.Column("category"), func(w string) uint8 { return uint8(outcomeOf(evaluate.Category(w))) })
	r.named.Reset(r.author, func(w string) uint8 { return bit(w != "") })
	r.spf.Reset(g.Column("spf_result"), func(w string) uint8 { return bit(w == string(spf.Pass)) })
	r.spfNear.Reset(g.Column("spf_alignment"), levelWord)
	r.signature.Reset(g.Column("dkim.result"), func(w string) uint8 { return bit(w == string(dkim.Pass)) })
	r.near.Reset(g.Column("dkim.alignment"), levelWord)
	r.find()
	r.findMalformed()
}

// levelWord is the level of a pass.
func levelWord(alignment string) uint8 { return uint8(level(dmarc.Alignment(alignment))) }

// find finds the kind of each row.
func (r *rows) find() {
	n := r.Rows()
	if cap(r.kinds) < n {
		r.kinds = make([]kind, n)
	}
	r.kinds = r.kinds[:n]
	first := r.Column("dkim.result").First
	for i := range r.kinds {
		bySPF, byDKIM := uint8(NoPass), uint8(NoPass)
		if r.spf.At(i) != 0 {
			bySPF = r.spfNear.At(i)
		}
		for j := first[i]; j < first[i+1]; j++ {
			if r.signature.At(int(j)) != 0 {
				byDKIM = min(byDKIM, r.near.At(int(j)))
			}
		}
		r.kinds[i] = kind(r.outcome.At(i) | bySPF<<3 | byDKIM<<5 | r.named.At(i)<<7)
	}
}

// findMalformed takes back what a row without a usable message says of an author.
func (r *rows) findMalformed() {
	r.malformed.Reset(r.Column("malformed"), func(w string) uint8 { return bit(w != "") })
	for i := 0; i < len(r.kinds) && r.malformed.Any; i++ {
		if r.malformed.At(i) != 0 {
			r.kinds[i] &^= authored
		}
	}
}
