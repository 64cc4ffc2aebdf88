package impact

import (
	"cmp"
	"context"
	"encoding/hex"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/sink"
)

// group is a row group, read by columns: those that decide for every row, the
// others only where a row asks for them.
type group struct {
	*worker
	sink.Scan
	row int

	category, disposition, author *sink.Vector
	// identifiers are read where a row is decided again, way where one changes.
	identifiers identifiers
	way         way
	// What the codes of those columns stand for; the first is null.
	categoryOf    []category
	dispositionOf []Disposition
	authorOf      []*author // no null; nil where not looked up

	concerns [categories][dispositions]concern
	// counts are of rows that need only that, by what they were and would be.
	counts [categories][dispositions][categories][dispositions]int64

	subject subject
	d       details
}

// concern is what the scenario has to do with rows of one state.
type concern uint8

const (
	looked      concern = iota // every row has to be looked at
	byOwner                    // only those whose author domain it touches
	unconcerned                // none
)

// identifiers are the columns that DMARC looks at.
type identifiers struct {
	open bool
	asOf *sink.Vector // only where answers are bound to times

	spfResult, dkimResult resultColumn
	spfDomain, dkimDomain domainColumn
}

// scan decides a part row group by row group.
func (g *group) scan(ctx context.Context, part int, t *taker) error {
	if err := g.Reopen(g.data, part); err != nil {
		return err
	}
	for g.Next() && g.err == nil && ctx.Err() == nil {
		g.open()
		g.each(ctx, t)
	}
	return cmp.Or(g.Err(), g.Close(), g.err, ctx.Err())
}

func (w *worker) newGroup() *group {
	g := &group{worker: w}
	if w.scenario.Rules == dmarc.RFC7489 {
		g.subject.sample = g.sample
	}
	g.eachState(func(s state) { g.concerns[s.category][s.disposition] = w.concern(s) })
	return g
}

// concern is what the scenario has to do with rows of a state.
func (w *worker) concern(s state) concern {
	switch {
	case w.trusting() && s.category.failed(), w.was(s) != w.willBe(s):
		return looked
	case w.discovery == nil, s.category <= invalidFrom:
		return unconcerned
	case w.scenario.Existence != ExistenceAsStored:
		return looked
	case s.category == nonexistentDomain:
		return unconcerned
	case !w.timeless:
		return looked
	}
	return byOwner
}

// open reads the columns that every row needs, and what their codes mean.
func (g *group) open() {
	g.category, g.disposition = g.Column("category"), g.Column("disposition")
	g.author = g.Column("header_from_domain")
	g.identifiers.open, g.way.open = false, false
	g.categoryOf, g.dispositionOf = append(g.categoryOf[:0], 0), append(g.dispositionOf[:0], 0)
	for _, w := range g.category.Dict {
		g.categoryOf = append(g.categoryOf, categoryOf(w))
	}
	for _, w := range g.disposition.Dict {
		g.dispositionOf = append(g.dispositionOf, dispositionOf(dmarc.Disposition(w)))
	}
	g.authorOf = resize(g.authorOf, len(g.author.Dict))
	clear(g.authorOf)
}

// each decides the rows of the row group. Most are none of the scenario's
// business: for those it looks at three columns and allocates nothing. Of the
// others, most are like one that was decided before.
func (g *group) each(ctx context.Context, t *taker) {
	categories, dispositions := g.category.Codes, g.disposition.Codes
	for row, code := range g.author.Codes {
		from := state{g.categoryOf[categories[row]+1], g.dispositionOf[dispositions[row]+1]}
		if to, ok := g.quickly(ctx, row, code, from, t.collect); ok {
			g.counts[from.category][from.disposition][to.category][to.disposition]++
			continue
		}
		g.row = row
		g.one(ctx, from, t)
	}
	g.passOver(t)
}

// quickly decides a row that needs only to be counted, where that is known
// without more ado.
func (g *group) quickly(ctx context.Context, row int, author int32, from state, collect bool) (to state, ok bool) {
	switch g.concerns[from.category][from.disposition] {
	case unconcerned:
		return from, true
	case looked:
		return from, false
	}
	if author < 0 {
		return from, true
	}
	a := g.known(ctx, author)
	if !a.touched {
		return from, true
	}
	o := g.alike(ctx, row, a, from)
	if o == nil || !o.judged || collect && o.category != from.category || g.trusting() && o.category.failed() {
		return from, false
	}
	return o.state, g.was(from) == g.willBe(o.state)
}

// passOver counts the rows that needed only that.
func (g *group) passOver(t *taker) {
	g.eachState(func(from state) {
		g.eachState(func(to state) {
			n := &g.counts[from.category][from.disposition][to.category][to.disposition]
			t.total.still(from.category, to.category, g.was(from), *n)
			*n = 0
		})
	})
}

func (*group) eachState(do func(state)) {
	for c := range category(categories) {
		for d := range Disposition(dispositions) {
			do(state{c, d})
		}
	}
}

// was is what receivers are taken to have done, willBe what they would do.
func (w *worker) was(s state) Disposition {
	return s.disposition.enforced(w.scenario.Baseline, s.category)
}
func (w *worker) willBe(s state) Disposition {
	return s.disposition.enforced(w.scenario.Enforce, s.category)
}

// known is what is known of the author domain at a place in the dictionary.
func (g *group) known(ctx context.Context, code int32) *author {
	a := g.authorOf[code]
	if a == nil {
		a = g.of(ctx, g.author.Dict[code], &moment{})
		g.authorOf[code] = a
	}
	return a
}

// one decides one row.
func (g *group) one(ctx context.Context, from state, t *taker) {
	g.fill(ctx, from)
	t.take(ctx, g.worker, &g.subject, g.rule(ctx, &g.subject), &g.d, g)
}

func (w *worker) trusting() bool { return w.scenario.Forwarders != nil || w.scenario.ARC != nil }

// fill makes the subject of the row.
func (g *group) fill(ctx context.Context, from state) {
	s := &g.subject
	s.from, s.author, s.known = from, g.author.Text(g.row), nil
	if g.discovery == nil || s.author == "" {
		return
	}
	c := &g.identifiers
	if !c.open {
		g.openIdentifiers()
	}
	if g.timeless {
		s.known = g.known(ctx, g.author.Codes[g.row])
	} else {
		s.at = c.asOf.Time(g.row)
	}
	if s.spf = (identifier{said: c.spfResult.at(g.row)}); s.spf.said != 0 {
		s.spf.domain = c.spfDomain.at(g.row, &g.domains)
	}
	s.dkim = s.dkim[:0]
	for i, to := c.dkimResult.Span(g.row); i < to; i++ {
		id := identifier{said: c.dkimResult.at(i)}
		if id.said != 0 {
			id.domain = c.dkimDomain.at(i, &g.domains)
		}
		s.dkim = append(s.dkim, id)
	}
}

func (g *group) openIdentifiers() {
	c := &g.identifiers
	c.open = true
	c.spfResult.reset(g.Column("spf_result"))
	c.spfDomain.reset(g.Column("spf_domain"))
	c.dkimResult.reset(g.Column("dkim.result"))
	c.dkimDomain.reset(g.Column("dkim.domain"))
	if !g.timeless {
		c.asOf = g.Column("as_of")
	}
}

// sample is the number that pct is compared with.
func (g *group) sample() int {
	e := evidence.Evidence{Origin: evidence.Origin{
		Source: g.Column("source").Text(g.row), Offset: g.Column("source_offset").Numbers[g.row],
	}}
	n, err := hex.Decode(e.Digest[:], []byte(g.Column("digest").Text(g.row)))
	e.HasDigest = err == nil && n == len(e.Digest)
	return evaluate.Sample(&e)
}
