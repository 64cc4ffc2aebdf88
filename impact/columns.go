package impact

import (
	"context"
	"encoding/hex"
	"net/netip"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/sink"
	"mailaudit/sources"
)

// group is a row group, read by columns: those that decide for every row, the
// others only where a row asks for them.
type group struct {
	*worker
	*sink.Scan
	row int

	category, disposition, author *sink.Vector
	// What the codes of those columns stand for.
	categoryOf    []category
	dispositionOf []Disposition
	authorOf      []*author

	subject subject
	ruling  ruling
	d       details
}

// scan decides a part row group by row group.
func (w *worker) scan(ctx context.Context, part int, t *taker) error {
	s, err := w.data.Scan(part)
	if err != nil {
		return err
	}
	g := &group{worker: w, Scan: s}
	for s.Next() && w.err == nil && ctx.Err() == nil {
		g.open()
		for g.row = range s.Rows() {
			g.one(ctx, t)
		}
	}
	if err := s.Err(); err != nil {
		_ = s.Close()
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	return ctx.Err()
}

// open reads the columns that every row needs, and what their codes mean.
func (g *group) open() {
	g.category, g.disposition = g.Column("category"), g.Column("disposition")
	g.author = g.Column("header_from_domain")
	g.categoryOf, g.dispositionOf = g.categoryOf[:0], g.dispositionOf[:0]
	for _, w := range g.category.Dict {
		g.categoryOf = append(g.categoryOf, categoryOf(w))
	}
	for _, w := range g.disposition.Dict {
		g.dispositionOf = append(g.dispositionOf, dispositionOf(dmarc.Disposition(w)))
	}
	if n := len(g.author.Dict); cap(g.authorOf) < n {
		g.authorOf = make([]*author, n)
	} else {
		g.authorOf = g.authorOf[:n]
		clear(g.authorOf)
	}
}

// from is what the dataset says of the row.
func (g *group) from() (s state) {
	if c := g.category.Codes[g.row]; c >= 0 {
		s.category = g.categoryOf[c]
	}
	if c := g.disposition.Codes[g.row]; c >= 0 {
		s.disposition = g.dispositionOf[c]
	}
	return s
}

// one decides one row. Most rows are none of the scenario's business: for those
// it looks at three columns and allocates nothing.
func (g *group) one(ctx context.Context, t *taker) {
	from := g.from()
	if g.indifferent(ctx, from) && !(g.trusting() && from.category.failed()) {
		was := from.disposition.enforced(g.scenario.Baseline, from.category)
		if was == from.disposition.enforced(g.scenario.Enforce, from.category) {
			t.total.same(from.category, was)
			return
		}
	}
	g.fill(from)
	g.rule(ctx, &g.subject, &g.ruling)
	t.take(ctx, g.worker, &g.subject, &g.ruling, &g.d, g)
}

func (w *worker) trusting() bool { return w.scenario.Forwarders != nil || w.scenario.ARC != nil }

// indifferent tells that the scenario cannot change what DMARC says of the row.
func (g *group) indifferent(ctx context.Context, from state) bool {
	code := g.author.Codes[g.row]
	if g.discovery == nil || code < 0 || from.category <= invalidFrom {
		return true
	}
	if g.scenario.Existence != ExistenceAsStored {
		return false
	}
	if from.category == nonexistentDomain {
		return true
	}
	if !g.timeless {
		return false
	}
	a := g.authorOf[code]
	if a == nil {
		a = g.of(ctx, g.author.Dict[code], &moment{})
		g.authorOf[code] = a
	}
	return !a.touched
}

// fill makes the subject of the row.
func (g *group) fill(from state) {
	s := &g.subject
	s.from, s.author = from, g.author.Text(g.row)
	if g.discovery == nil || s.author == "" {
		return
	}
	if !g.timeless {
		s.at = g.Column("as_of").Time(g.row)
	}
	result := g.Column("spf_result").Text(g.row)
	s.spf = dmarc.AuthID{
		Domain: g.Column("spf_domain").Text(g.row), Passed: result == string(spf.Pass), Undecided: result == string(spf.TempError),
	}
	s.dkim = s.dkim[:0]
	results, domains := g.Column("dkim.result"), g.Column("dkim.domain")
	for i, to := results.Span(g.row); i < to; i++ {
		r := results.Text(i)
		s.dkim = append(s.dkim, dmarc.AuthID{
			Domain: domains.Text(i), Passed: r == string(dkim.Pass), Undecided: r == string(dkim.TempError),
		})
	}
	if g.scenario.Rules == dmarc.RFC7489 {
		s.sample = g.sample()
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

// details implements row.
func (g *group) details(d *details) {
	i := g.row
	d.source, d.offset = g.Column("source").Text(i), g.Column("source_offset").Numbers[i]
	d.ordinal, d.received = g.Column("ordinal").Numbers[i], g.Column("received_at").Numbers[i]
	result := g.Column("spf_result").Text(i)
	d.Facts = sources.Facts{
		Author: g.author.Text(i), ReturnPath: g.Column("mail_from_domain").Text(i),
		SPFPassed: result == string(spf.Pass), SPFFailed: result == string(spf.Fail), SPFBroken: result == string(spf.PermError),
		SPFAlignment: dmarc.Alignment(g.Column("spf_alignment").Text(i)),
		ClientName:   g.Column("client_name").Text(i), HELO: g.Column("helo_domain").Text(i),
		HELOPassed: g.Column("spf_helo_result").Text(i) == string(spf.Pass),
		ListID:     g.Column("list_id").Text(i), Signatures: d.Signatures[:0],
	}
	d.Client, _ = netip.ParseAddr(g.Column("client_ip").Text(i))
	g.signatures(d)
	g.seals(d)
}

func (g *group) signatures(d *details) {
	results, domains := g.Column("dkim.result"), g.Column("dkim.domain")
	alignments, damage := g.Column("dkim.alignment"), g.Column("dkim.damage")
	for i, to := results.Span(g.row); i < to; i++ {
		d.Signatures = append(d.Signatures, sources.Signature{
			Domain: domains.Text(i), Passed: results.Text(i) == string(dkim.Pass),
			Alignment: dmarc.Alignment(alignments.Text(i)), Damage: damage.Text(i),
		})
	}
}

func (g *group) seals(d *details) {
	d.chain = chain{passed: g.Column("arc_result").Text(g.row) == arcPassed, domains: d.chain.domains[:0]}
	if d.ARCPassed = d.chain.passed; !d.ARCPassed {
		return
	}
	domains := g.Column("arc.domain")
	from, to := domains.Span(g.row)
	for i := from; i < to; i++ {
		d.chain.domains = append(d.chain.domains, domains.Text(i))
		d.ARCSealer = domains.Text(i)
	}
	if g.scenario.ARC != nil && from < to {
		d.chain.first = g.Column("arc.results").Text(from)
	}
}
