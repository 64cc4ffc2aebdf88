package corpus

import (
	"fmt"
	"math/rand/v2"
	"sort"
)

var (
	firstHalves = []string{
		"amber", "birch", "cedar", "delta", "ember", "fjord", "granite", "harbor", "indigo", "juniper",
		"kestrel", "lumen", "maple", "north", "orchid", "pebble", "quartz", "river", "silver", "timber",
		"umber", "violet", "willow", "yellow", "zephyr", "atlas", "beacon", "copper", "drift", "echo",
		"falcon", "garnet", "hazel", "iris", "jasper", "kite", "lotus", "mosaic", "nova", "onyx",
	}
	secondHalves = []string{
		"works", "press", "bank", "labs", "mart", "soft", "books", "travel", "air", "foods",
		"games", "media", "health", "tools", "cloud", "design", "school", "church", "club", "motors",
		"energy", "wines", "legal", "coffee", "music", "garden", "sport", "news", "house", "post",
		"ware", "metrics", "systems", "supply", "studio", "farm", "dental", "yoga", "print", "optics",
	}
	topLevels = []string{".example", ".test"}
)

// orgName is the i-th made-up domain: no two below 3,200 are the same.
func orgName(i int) string {
	a, b := i%len(firstHalves), i/len(firstHalves)
	tld := topLevels[b/len(secondHalves)%len(topLevels)]
	return firstHalves[a] + secondHalves[(a+b)%len(secondHalves)] + tld
}

// address is the i-th sending host of 500, in the first two documentation networks.
func address(i int) string {
	if i %= 500; i < 250 {
		return fmt.Sprintf("192.0.2.%d", 1+i)
	}
	return fmt.Sprintf("198.51.100.%d", 1+i-250)
}

// population is many sending domains, the first of them the busiest.
type population struct {
	orgs       []*org
	cumulative []float64
}

// add registers count domains from number first on; describe fills in what they
// publish.
func (p *population) add(z *Zone, first, count int, describe func(r *rand.Rand, s *orgSpec)) {
	r := rand.New(rand.NewPCG(0x0895, uint64(first)))
	for i := first; i < first+count; i++ {
		s := orgSpec{name: orgName(i), ip: address(i), selector: []string{"s1", "default", "mail", "k2024", "20230601"}[r.IntN(5)]}
		describe(r, &s)
		p.orgs = append(p.orgs, z.addOrg(s))
		last := 0.0
		if n := len(p.cumulative); n > 0 {
			last = p.cumulative[n-1]
		}
		p.cumulative = append(p.cumulative, last+1/float64(len(p.orgs)+3))
	}
}

// draw picks a domain, Zipf distributed.
func (p *population) draw(g *gen) *org {
	x := g.r.Float64() * p.cumulative[len(p.cumulative)-1]
	return p.orgs[sort.SearchFloat64s(p.cumulative, x)]
}

// spfRecord draws one of the usual forms.
func spfRecord(r *rand.Rand) string {
	all := []string{"-all", "~all", "~all", "?all"}[r.IntN(4)]
	switch r.IntN(4) {
	case 0:
		return "v=spf1 mx " + all
	case 1:
		return "v=spf1 a:mail.%{d} include:_spf.mailer.example " + all
	case 2:
		return "v=spf1 ip4:$IP ip4:203.0.113.250 " + all
	}
	return "v=spf1 ip4:$IP " + all
}

// keyName draws a test key: mostly RSA-2048, some RSA-1024, few Ed25519.
func keyName(r *rand.Rand) string {
	switch x := r.IntN(100); {
	case x < 80:
		return "rsa2048" + []string{"a", "b", "c", "d"}[r.IntN(4)]
	case x < 95:
		return "rsa1024" + []string{"a", "b"}[r.IntN(2)]
	}
	return "ed25519" + []string{"a", "b"}[r.IntN(2)]
}
