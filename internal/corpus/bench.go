package corpus

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// DefaultBench is the usual size of the archive for measuring, in messages.
const DefaultBench = 20000

// benchSeed makes the archive what it is.
const benchSeed = 45

// bench is the domains behind the archive.
type bench struct {
	*cast
	authors population
}

// Bench is n messages whose sizes, signatures and authors are distributed as in
// real archives: sizes log-normal with a median of 8 KB and a mean of about 45 KB,
// spread evenly over the distribution so that archives of any length compare, 85
// percent signed, author domains by Zipf's law. More mail comes from more
// domains: one for 40 messages, 500 for the usual size and for what is only a sample.
func Bench(n int) *Archive {
	b := newBench(n)
	return &Archive{Name: "bench", Zone: b.zone, N: n, build: b.message}
}

func newBench(n int) *bench {
	b := &bench{cast: newCast()}
	b.authors.add(b.zone, 0, benchDomains(n), func(r *rand.Rand, s *orgSpec) {
		s.spf, s.key = spfRecord(r), keyName(r)
		if p := []string{"", "", "", "", "", "", "", "none", "none", "none", "none", "none", "none", "quarantine", "quarantine", "quarantine",
			"reject", "reject", "reject", "reject"}[r.IntN(20)]; p != "" {
			s.dmarc = "v=DMARC1; p=" + p + "; rua=mailto:dmarc@" + s.name
		}
	})
	return b
}

// benchDomains is how many author domains n messages have. Above 3,200 their names
// would repeat.
func benchDomains(n int) int {
	if n < DefaultBench/2 {
		return 500
	}
	return min(n/40, 3000)
}

// WriteBench writes Bench(n), repeat times over, below dir.
func WriteBench(dir string, n, repeat, workers int) error {
	return Bench(n).Write(dir, repeat, workers)
}

// Sizes of bodies, bytes. exp(sigma²/2) is the mean over the median.
const (
	benchMedian = 8 << 10
	benchSigma  = 1.86
	benchMost   = 6 << 20
)

// Of any benchClasses messages in a row each is in another of as many equally
// likely classes of size. Steps of benchStep, the golden section of them all, make
// shorter stretches even as well.
const (
	benchClasses = 10000
	benchStep    = 6181
	benchMixed   = 100
)

// sizeClasses are the classes in the order of their messages, mixed within every
// benchMixed: by steps alone a large message would never have a large neighbour,
// and programs that work on two at a time would look slower than they are.
var sizeClasses = sync.OnceValue(func() []int {
	r := rand.New(rand.NewPCG(benchSeed, benchClasses))
	classes := make([]int, benchClasses)
	for i := range classes {
		classes[i] = i * benchStep % benchClasses
	}
	for i := 0; i < benchClasses; i += benchMixed {
		mixed := classes[i : i+benchMixed]
		r.Shuffle(benchMixed, func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	}
	return classes
})

// benchSize is the size of message n. Where in its class it lies moves by the golden
// section each time the classes come round.
func benchSize(n int) int {
	_, within := math.Modf(float64(n/benchClasses+1) * (math.Phi - 1))
	u := (float64(sizeClasses()[n%benchClasses]) + within) / benchClasses
	normal := math.Sqrt2 * math.Erfinv(2*u-1)
	return min(benchMost, max(150, int(benchMedian*math.Exp(benchSigma*normal))))
}

// gen is the beginnings of message n: its size is its number's, all else is drawn.
func (b *bench) gen(n int) *gen {
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	g := newGen(benchSeed, n, start.Add(time.Duration(n)*97*time.Second))
	g.size = benchSize(n)
	g.kind = b.kindFor(g)
	return g
}

func (b *bench) message(n int) *Message {
	g := b.gen(n)
	o := b.authors.draw(g)
	switch x := g.r.IntN(100); {
	case x < 2:
		return authenticated(b.cast, g)
	case x < 8:
		return forged(b.cast, g, o, o.name, "forged", policyOf(o), nil)
	case x < 15:
		return b.direct(g, o, 0)
	}
	signatures := 1
	if g.r.IntN(8) == 0 {
		signatures = 2
	}
	return b.direct(g, o, signatures)
}

// kindFor draws a body that has the size in real mail.
func (b *bench) kindFor(g *gen) bodyKind {
	switch {
	case g.size > 100<<10:
		return pick(g, []bodyKind{attachment, attachment, attachment, base64Text, htmlQP})
	case g.size > 20<<10:
		return pick(g, []bodyKind{attachment, alternative, htmlQP, htmlQP, base64Text, patch})
	}
	return bodyKind(g.r.IntN(int(bodyKinds)))
}

// direct is o's mail with that many signatures, the second its provider's; some
// of it comes by a forwarder or a list.
func (b *bench) direct(g *gen, o *org, signatures int) *Message {
	m := g.letter(g.mailbox(o.name), o.name)
	d := delivery{scenario: "direct", env: g.own(o), author: o.name, spf: o.spf, rfc9989: policyOf(o), stamp: g.r.IntN(2) == 0}
	usual := func(s *signing) {
		if g.r.IntN(10) > 0 {
			s.canon = "relaxed/relaxed"
		}
	}
	if signatures > 0 {
		g.signAs(m, o, usual)
		d.dkim = append(d.dkim, authID{true, same})
	}
	if signatures > 1 {
		g.signAs(m, b.esp, usual)
		d.dkim = append(d.dkim, authID{true, unrelated})
	}
	switch g.r.IntN(14) {
	case 0:
		d.scenario, d.env, d.spf = "forwarded", g.own(b.forward), o.spfElse
		d.env.mailFrom = "bounces@" + o.name
	case 1:
		g.toList(m)
		d.scenario, d.env, d.spf = "list", g.listEnvelope(b.cast), "pass"
		for i := range d.dkim {
			d.dkim[i].passed = false
		}
	default:
		g.origin(m, o)
	}
	return g.deliver(m, d)
}
