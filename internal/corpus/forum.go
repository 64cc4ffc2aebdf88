package corpus

import (
	"math/rand/v2"
	"strings"
	"time"
)

// ForumBreakdown is what has to come out of ForumPost, under either rule book.
var ForumBreakdown = map[string]int{
	"no_policy": 11095, "skipped_authenticated": 1024, "pass_dkim_strict": 881, "pass_spf_strict": 61,
	"pass_relaxed": 27, "nonexistent_domain": 367, "fail_reject": 3685,
}

// forumSeed makes the archive what it is.
const forumSeed = 17140

// forum is the domains behind the archive.
type forum struct {
	*cast
	silent  population // no DMARC record
	brands  population // p=reject, forged all day
	careful population // DMARC of any kind, mail that passes
	kinds   []string   // category of each message
}

// ForumPost is a month at a busy list server: 17,140 messages of about a
// thousand domains, with ForumBreakdown by construction.
func ForumPost() *Archive {
	f := &forum{cast: newCast()}
	f.silent.add(f.zone, 0, 900, func(r *rand.Rand, s *orgSpec) {
		if r.IntN(10) < 7 {
			s.spf = spfRecord(r)
		}
		if r.IntN(10) < 4 {
			s.key = keyName(r)
		}
	})
	f.brands.add(f.zone, 900, 60, func(r *rand.Rand, s *orgSpec) {
		s.spf, s.key = "v=spf1 ip4:$IP -all", keyName(r)
		s.dmarc = []string{"v=DMARC1; p=reject", "v=DMARC1; p=reject; sp=reject; rua=mailto:d@" + s.name, "v=DMARC1; p=reject; pct=100; adkim=s"}[r.IntN(3)]
	})
	f.careful.add(f.zone, 960, 120, func(r *rand.Rand, s *orgSpec) {
		s.spf, s.key = spfRecord(r), keyName(r)
		s.dmarc = "v=DMARC1; p=" + []string{"none", "quarantine", "reject"}[r.IntN(3)]
	})
	// Subdomains that author mail, send it or both.
	for _, p := range []*population{&f.brands, &f.careful} {
		for _, o := range p.orgs {
			f.zone.add("news."+o.name, "MX", "10 "+o.host)
			f.zone.add("news."+o.name, "TXT", "v=spf1 ip4:"+o.ip+" -all")
		}
	}
	f.kinds = shuffled(ForumBreakdown, forumSeed)
	return &Archive{Name: "forum", Zone: f.zone, N: len(f.kinds), build: f.message}
}

// WriteForumPost writes ForumPost below dir.
func WriteForumPost(dir string, workers int) error { return ForumPost().Write(dir, 1, workers) }

// shuffled is each word as often as counts says, in an order of the seed's.
func shuffled(counts map[string]int, seed uint64) []string {
	var out []string
	for _, word := range categories {
		for range counts[word] {
			out = append(out, word)
		}
	}
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// categories are the words of the breakdown, in the contract's order.
var categories = strings.Fields("malformed skipped_authenticated invalid_from nonexistent_domain temperror permerror no_policy " +
	"pass_dkim_strict pass_spf_strict pass_relaxed fail_tolerated fail_quarantine fail_reject")

func (f *forum) message(n int) *Message {
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	g := newGen(forumSeed, n, start.Add(time.Duration(n)*151*time.Second))
	g.at = g.at.Add(time.Duration(g.r.IntN(150)) * time.Second)
	g.size = 200 + g.r.IntN(400)<<g.r.IntN(5)
	switch f.kinds[n] {
	case "skipped_authenticated":
		return authenticated(f.cast, g)
	case "pass_dkim_strict":
		return f.passDKIM(g)
	case "pass_spf_strict":
		return unsignedOwn(f.cast, g, f.careful.draw(g), "spf_aligned")
	case "pass_relaxed":
		return f.passRelaxed(g)
	case "nonexistent_domain":
		return nonexistent(f.cast, g)
	case "fail_reject":
		return f.forgery(g)
	}
	return f.unpublished(g)
}

// unpublished is mail of a domain without a policy: its own, through a list, or
// forged.
func (f *forum) unpublished(g *gen) *Message {
	o := f.silent.draw(g)
	switch x := g.r.IntN(10); {
	case x < 6 && o.key != nil:
		return signedOwn(f.cast, g, o, "no_policy_signed")
	case x < 6:
		return unsignedOwn(f.cast, g, o, "no_policy")
	case x < 8:
		return f.throughList(g, o, "no_policy_list")
	}
	return forged(f.cast, g, o, o.name, "no_policy_forged", published{}, nil)
}

// throughList is o's mail by way of a list that changes it.
func (f *forum) throughList(g *gen, o *org, scenario string) *Message {
	m := g.letter(g.mailbox(o.name), o.name)
	d := delivery{scenario: scenario, env: g.listEnvelope(f.cast), author: o.name, spf: "pass", rfc9989: policyOf(o), stamp: g.r.IntN(2) == 0}
	if o.key != nil {
		g.signAs(m, o)
		d.dkim = []authID{{false, same}}
	}
	g.toList(m)
	return g.deliver(m, d)
}

// passDKIM is mail that carries its own domain's signature, directly or over a
// forwarder that broke SPF.
func (f *forum) passDKIM(g *gen) *Message {
	o := f.careful.draw(g)
	if g.r.IntN(4) > 0 {
		return signedOwn(f.cast, g, o, "dkim_aligned")
	}
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, o)
	e := g.own(f.forward)
	e.mailFrom = "bounces@" + o.name
	return g.deliver(m, delivery{scenario: "forwarded", env: e, author: o.name, spf: o.spfElse,
		dkim: []authID{{true, same}}, rfc9989: policyOf(o)})
}

// passRelaxed is a newsletter below its organizational domain.
func (f *forum) passRelaxed(g *gen) *Message {
	o := f.careful.draw(g)
	author := "news." + o.name
	m := g.letter(g.mailbox(author), author)
	d := delivery{scenario: "relaxed", env: g.own(o), author: author, spf: "pass", rfc9989: policyOf(o)}
	if g.r.IntN(2) == 0 {
		g.signAs(m, o)
		d.dkim = []authID{{true, related}}
	}
	return g.deliver(m, d)
}

// forgery is mail in a brand's name that no aligned identifier vouches for.
func (f *forum) forgery(g *gen) *Message {
	o := f.brands.draw(g)
	author := o.name
	if g.r.IntN(8) == 0 {
		author = "news." + o.name
	}
	if g.r.IntN(12) == 0 {
		return f.throughList(g, o, "list_broken")
	}
	m := g.letter(g.mailbox(author), author)
	d := delivery{scenario: "forged", author: author, rfc9989: policyOf(o), stamp: g.r.IntN(3) == 0}
	switch spammer := f.silent.draw(g); {
	case g.r.IntN(2) == 0:
		d.env, d.spf = g.stranger(pick(g, people)+"@"+author), "fail"
	default: // from a house of its own, perhaps signed
		d.env, d.spf = g.own(spammer), spammer.spf
		if spammer.key != nil {
			g.signAs(m, spammer)
			d.dkim = []authID{{true, unrelated}}
		}
	}
	return g.deliver(m, d)
}
