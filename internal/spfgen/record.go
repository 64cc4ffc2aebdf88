package spfgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Record returns the SPF record of a seed, in one case of twenty with a syntax
// error.
func Record(seed uint64) string {
	g := &generator{rand.New(rand.NewPCG(seed, 4408)), Zone{}}
	return g.Record()
}

// Record draws a record.
func (g *generator) Record() string {
	terms := []string{g.anyCase("v=spf1")}
	for range g.IntN(6) {
		terms = append(terms, g.term())
	}
	if g.chance(5) {
		terms = append(terms, pick(g, mistakes))
	}
	switch {
	case g.chance(55):
		terms = append(terms, pick(g, []string{"", "-", "~", "?", "+"})+g.anyCase("all"))
	case g.chance(40):
		terms = append(terms, g.anyCase("redirect")+"="+g.spec(g.policyName()))
	}
	if g.chance(10) {
		terms = append(terms, "exp=why.test")
	}
	if g.chance(8) {
		terms = append(terms, pick(g, []string{"moo=%{d}", "x-y_z.1=", "all=no"}))
	}
	separator := " "
	if g.chance(5) {
		separator = "  "
	}
	return strings.Join(terms, separator)
}

// term draws a mechanism.
func (g *generator) term() string {
	qualifier := pick(g, []string{"", "", "", "+", "-", "~", "?"})
	switch n := g.IntN(100); {
	case n < 18:
		return qualifier + g.anyCase("ip4") + ":" + pick(g, networks4) + pick(g, []string{"", "/32", "/24", "/26", "/8", "/0"})
	case n < 30:
		return qualifier + g.anyCase("ip6") + ":" + pick(g, networks6) + pick(g, []string{"", "/128", "/48", "/32", "/0"})
	case n < 48:
		return qualifier + g.anyCase("include") + ":" + g.spec(g.policyName())
	case n < 66:
		return qualifier + g.anyCase("a") + g.optional() + g.dualLength()
	case n < 80:
		return qualifier + g.anyCase("mx") + g.optional() + g.dualLength()
	case n < 88:
		return qualifier + g.anyCase("ptr") + g.optional()
	case n < 98:
		return qualifier + g.anyCase("exists") + ":" + g.spec(g.target())
	}
	return qualifier + "all"
}

func (g *generator) policyName() string {
	if g.chance(6) {
		return g.target()
	}
	return fmt.Sprintf("p%d.test", 1+g.IntN(policies-1))
}

// target draws the name of a host, sometimes one that is not there or fails.
func (g *generator) target() string {
	switch n := g.IntN(100); {
	case n < 76:
		return fmt.Sprintf("h%d.test", g.IntN(hosts))
	case n < 86:
		return fmt.Sprintf("n%d.test", g.IntN(3))
	case n < 89:
		return pick(g, []string{"t.test", "s.test", "l.test"})
	}
	return fmt.Sprintf("p%d.test", g.IntN(policies))
}

// spec turns a name into a domain-spec: mostly itself, sometimes in other case,
// with a final dot or with macros before a name of any.test.
func (g *generator) spec(name string) string {
	switch n := g.IntN(100); {
	case n < 75:
		return name
	case n < 80:
		return name + "."
	case n < 85:
		return strings.ToUpper(name[:1]) + name[1:]
	case n < 88:
		return pick(g, []string{"%{d}", "%{o}", "%{h}", "%{d2}"})
	}
	var parts []string
	for range 1 + g.IntN(3) {
		parts = append(parts, pick(g, macros))
	}
	return strings.Join(parts, ".") + ".any.test"
}

func (g *generator) optional() string {
	if g.chance(35) {
		return ""
	}
	return ":" + g.spec(g.target())
}

func (g *generator) dualLength() string {
	return pick(g, []string{"", "", "", "", "/32", "/24", "/0", "//128", "//32", "//0", "/24//48", "/30//0"})
}

// anyCase spells a word in capitals now and then: names are matched in any case.
func (g *generator) anyCase(word string) string {
	if g.chance(5) {
		return strings.ToUpper(word)
	}
	return word
}
