package impact

import (
	"cmp"
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
	sink.Scan
	row int

	category, disposition, author *sink.Vector
	// identifiers are read where a row is decided again, way where one changes.
	identifiers *identifiers
	way         *way
	// What the codes of those columns stand for.
	categoryOf    []category
	dispositionOf []Disposition
	authorOf      []*author

	subject subject
	ruling  ruling
	d       details
}

// identifiers are the columns that DMARC looks at.
type identifiers struct {
	asOf, spfResult, spfDomain, dkimResult, dkimDomain *sink.Vector
}

// way are the columns that tell who sent a message, and where it is.
type way struct {
	source, offset, ordinal, received                             *sink.Vector
	returnPath, spfResult, spfAlignment                           *sink.Vector
	client, clientName, helo, heloResult, list                    *sink.Vector
	dkimResult, dkimDomain, dkimAlignment, dkimDamage, arc, seals *sink.Vector
}

// scan decides a part row group by row group.
func (g *group) scan(ctx context.Context, part int, t *taker) error {
	if err := g.Reopen(g.data, part); err != nil {
		return err
	}
	for g.Next() && g.err == nil && ctx.Err() == nil {
		g.open()
		for g.row = range g.Rows() {
			g.one(ctx, t)
		}
	}
	return cmp.Or(g.Err(), g.Close(), g.err, ctx.Err())
}

func (w *worker) newGroup() *group {
	g := &group{worker: w}
	if w.scenario.Rules == dmarc.RFC7489 {
		g.subject.sample = g.sample
	}
	return g
}

// open reads the columns that every row needs, and what their codes mean.
func (g *group) open() {
	g.category, g.disposition = g.Column("category"), g.Column("disposition")
	g.author = g.Column("header_from_domain")
	g.identifiers, g.way = nil, nil
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
	if s.known = nil; g.timeless {
		s.known = g.authorOf[g.author.Codes[g.row]]
	}
	if g.identifiers == nil {
		g.openIdentifiers()
	}
	c := g.identifiers
	if !g.timeless {
		s.at = c.asOf.Time(g.row)
	}
	s.spf = identifier(c.spfDomain.Text(g.row), c.spfResult.Text(g.row))
	s.dkim = s.dkim[:0]
	for i, to := c.dkimResult.Span(g.row); i < to; i++ {
		s.dkim = append(s.dkim, identifier(c.dkimDomain.Text(i), c.dkimResult.Text(i)))
	}
}

// identifier is what DMARC makes of a domain and a result; SPF and DKIM have the
// same words for the results that count.
func identifier(domain, result string) dmarc.AuthID {
	return dmarc.AuthID{Domain: domain, Passed: result == string(dkim.Pass), Undecided: result == string(dkim.TempError)}
}

func (g *group) openIdentifiers() {
	g.identifiers = &identifiers{
		spfResult: g.Column("spf_result"), spfDomain: g.Column("spf_domain"),
		dkimResult: g.Column("dkim.result"), dkimDomain: g.Column("dkim.domain"),
	}
	if !g.timeless {
		g.identifiers.asOf = g.Column("as_of")
	}
}

func (g *group) openWay() {
	g.way = &way{
		source: g.Column("source"), offset: g.Column("source_offset"), ordinal: g.Column("ordinal"), received: g.Column("received_at"),
		returnPath: g.Column("mail_from_domain"), spfResult: g.Column("spf_result"), spfAlignment: g.Column("spf_alignment"),
		client: g.Column("client_ip"), clientName: g.Column("client_name"), helo: g.Column("helo_domain"),
		heloResult: g.Column("spf_helo_result"), list: g.Column("list_id"),
		dkimResult: g.Column("dkim.result"), dkimDomain: g.Column("dkim.domain"),
		dkimAlignment: g.Column("dkim.alignment"), dkimDamage: g.Column("dkim.damage"),
		arc: g.Column("arc_result"), seals: g.Column("arc.domain"),
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
	if g.way == nil {
		g.openWay()
	}
	i, c := g.row, g.way
	d.source, d.offset = c.source.Text(i), c.offset.Numbers[i]
	d.ordinal, d.received = c.ordinal.Numbers[i], c.received.Numbers[i]
	result := c.spfResult.Text(i)
	d.Facts = sources.Facts{
		Author: g.author.Text(i), ReturnPath: c.returnPath.Text(i),
		SPFPassed: result == string(spf.Pass), SPFFailed: result == string(spf.Fail), SPFBroken: result == string(spf.PermError),
		SPFAlignment: dmarc.Alignment(c.spfAlignment.Text(i)),
		ClientName:   c.clientName.Text(i), HELO: c.helo.Text(i), HELOPassed: c.heloResult.Text(i) == string(spf.Pass),
		ListID: c.list.Text(i), Signatures: d.Signatures[:0],
	}
	d.Client, _ = netip.ParseAddr(c.client.Text(i))
	for j, to := c.dkimResult.Span(i); j < to; j++ {
		d.Signatures = append(d.Signatures, sources.Signature{
			Domain: c.dkimDomain.Text(j), Passed: c.dkimResult.Text(j) == string(dkim.Pass),
			Alignment: dmarc.Alignment(c.dkimAlignment.Text(j)), Damage: c.dkimDamage.Text(j),
		})
	}
	g.chain(d)
}

// chain fills in what is known of the ARC chain.
func (g *group) chain(d *details) {
	d.chain = chain{passed: g.way.arc.Text(g.row) == arcPassed, domains: d.chain.domains[:0]}
	if d.ARCPassed = d.chain.passed; !d.ARCPassed {
		return
	}
	from, to := g.way.seals.Span(g.row)
	for i := from; i < to; i++ {
		d.ARCSealer = g.way.seals.Text(i)
		d.chain.domains = append(d.chain.domains, d.ARCSealer)
	}
	if g.scenario.ARC != nil && from < to {
		d.chain.first = g.Column("arc.results").Text(from)
	}
}
