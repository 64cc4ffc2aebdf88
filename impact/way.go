package impact

import (
	"net/netip"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
	"mailaudit/sink"
	"mailaudit/sources"
)

// way are the columns that tell who sent a message, and where it is.
type way struct {
	open                                           bool
	source, offset, ordinal, received              *sink.Vector
	returnPath, spfResult                          *sink.Vector
	client, clientName, helo, heloResult, list     *sink.Vector
	dkimResult, dkimDomain, dkimDamage, arc, seals *sink.Vector
}

func (g *group) openWay() {
	g.way = way{
		open:   true,
		source: g.Column("source"), offset: g.Column("source_offset"), ordinal: g.Column("ordinal"), received: g.Column("received_at"),
		returnPath: g.Column("mail_from_domain"), spfResult: g.Column("spf_result"),
		client: g.Column("client_ip"), clientName: g.Column("client_name"), helo: g.Column("helo_domain"),
		heloResult: g.Column("spf_helo_result"), list: g.Column("list_id"),
		dkimResult: g.Column("dkim.result"), dkimDomain: g.Column("dkim.domain"), dkimDamage: g.Column("dkim.damage"),
		arc: g.Column("arc_result"), seals: g.Column("arc.domain"),
	}
}

// details implements row.
func (g *group) details(d *details, decided bool) {
	if !g.way.open {
		g.openWay()
	}
	i, c := g.row, &g.way
	d.source, d.offset = c.source.Text(i), c.offset.Numbers[i]
	d.ordinal, d.received = c.ordinal.Numbers[i], c.received.Numbers[i]
	result := c.spfResult.Text(i)
	d.Facts = sources.Facts{
		Author: g.author.Text(i), ReturnPath: c.returnPath.Text(i),
		SPFPassed: result == string(spf.Pass), SPFFailed: result == string(spf.Fail), SPFBroken: result == string(spf.PermError),
		ClientName: c.clientName.Text(i), HELO: c.helo.Text(i), HELOPassed: c.heloResult.Text(i) == string(spf.Pass),
		ListID: c.list.Text(i), Signatures: d.Signatures[:0],
	}
	if text := c.client.Text(i); text != "" {
		d.Client, _ = netip.ParseAddr(text)
	}
	for j, to := c.dkimResult.Span(i); j < to; j++ {
		d.Signatures = append(d.Signatures, sources.Signature{
			Domain: c.dkimDomain.Text(j), Passed: c.dkimResult.Text(j) == string(dkim.Pass), Damage: c.dkimDamage.Text(j),
		})
	}
	g.alignments(d, decided)
	g.chain(d)
}

// alignments fills in how near the identifiers are to the author domain, or
// what is needed to find out under the scenario.
func (g *group) alignments(d *details, decided bool) {
	i := g.row
	from, _ := g.way.dkimResult.Span(i)
	if !decided {
		d.SPFAlignment = dmarc.Alignment(g.Column("spf_alignment").Text(i))
		near := g.Column("dkim.alignment")
		for j := range d.Signatures {
			d.Signatures[j].Alignment = dmarc.Alignment(near.Text(from + j))
		}
		return
	}
	c := &g.identifiers
	d.spf, d.dkim = c.spfDomain.at(i, &g.domains), d.dkim[:0]
	for j := range d.Signatures {
		d.dkim = append(d.dkim, c.dkimDomain.at(from+j, &g.domains))
	}
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
