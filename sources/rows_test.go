package sources_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"mailaudit/evaluate/dmarc"
	"mailaudit/internal/columns"
	"mailaudit/sources"
)

// table is a columns.Group in memory, of text alone.
type table struct {
	columns.Group
	of map[string]*columns.Vector
}

func (t *table) Column(name string) *columns.Vector { return t.of[name] }

// add adds a value; a text may be in the dictionary more than once.
func (t *table) add(r *rand.Rand, name, text string) {
	v := t.of[name]
	if v == nil {
		v = &columns.Vector{First: []int32{0}}
		t.of[name] = v
	}
	for code, known := range v.Dict {
		if known == text && r.IntN(8) > 0 {
			v.Codes = append(v.Codes, int32(code))
			return
		}
	}
	if text == "" && r.IntN(8) > 0 {
		v.Codes = append(v.Codes, -1)
		return
	}
	v.Codes = append(v.Codes, int32(len(v.Dict)))
	v.Dict = append(v.Dict, text)
}

// end ends a row's list.
func (t *table) end(names ...string) {
	for _, name := range names {
		v := t.of[name]
		if v == nil {
			v = &columns.Vector{First: []int32{0}}
			t.of[name] = v
		}
		v.First = append(v.First, int32(len(v.Codes)))
	}
}

// of is one of some texts.
func of(r *rand.Rand, texts ...string) string { return texts[r.IntN(len(texts))] }

// addRow makes a row of few words, so that everything meets everything, and what
// Identify is told of it.
func (t *table) addRow(r *rand.Rand) *sources.Facts {
	host := func() string {
		return of(r, "", "acme.example", "mx.acme.example", "MX.acme.example", "esp.test", "a.esp.test", "lists.test", "[192.0.2.1]", "localhost")
	}
	near := func() string { return of(r, "", "strict", "relaxed", "none", "none") }
	cell := func(name, text string) string { t.add(r, name, text); return text }
	spf := cell("spf_result", of(r, "", "pass", "pass", "fail", "softfail", "permerror"))
	f := &sources.Facts{
		Author:    cell("header_from_domain", of(r, "acme.example", "news.acme.example", "other.test", "localhost")),
		SPFPassed: spf == "pass", SPFFailed: spf == "fail", SPFBroken: spf == "permerror",
		SPFAlignment: dmarc.Alignment(cell("spf_alignment", near())),
		ReturnPath:   cell("mail_from_domain", host()), ClientName: cell("client_name", host()), HELO: cell("helo_domain", host()),
		HELOPassed: cell("spf_helo_result", of(r, "", "pass", "none")) == "pass",
		ListID:     cell("list_id", of(r, "", "", "dev.lists.test", "n.esp.test")),
		ARCPassed:  cell("arc_result", of(r, "none", "none", "pass", "fail")) == "pass",
	}
	f.Client, _ = netip.ParseAddr(cell("client_ip", of(r, "", "192.0.2.1", "192.0.2.77", "2001:db8::1", "no address")))
	for range r.IntN(3) {
		f.Signatures = append(f.Signatures, sources.Signature{
			Domain: cell("dkim.domain", host()), Passed: cell("dkim.result", of(r, "pass", "fail", "")) == "pass",
			Alignment: dmarc.Alignment(cell("dkim.alignment", near())), Damage: cell("dkim.damage", of(r, "", "", "list_footer", "rewrapped")),
		})
	}
	for range r.IntN(3) {
		if sealer := cell("arc.domain", host()); f.ARCPassed {
			f.ARCSealer = sealer
		}
	}
	t.end("dkim.domain", "dkim.result", "dkim.alignment", "dkim.damage", "arc.domain")
	return f
}

// TestRowsAreFacts identifies senders by columns and by facts.
func TestRowsAreFacts(t *testing.T) {
	t.Parallel()
	var rows sources.Rows
	classes, bases := map[sources.Class]int{}, map[sources.Basis]int{}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		group := &table{of: map[string]*columns.Vector{}}
		var facts []*sources.Facts
		for range 2000 {
			facts = append(facts, group.addRow(r))
		}
		rows.Open(group)
		for i, f := range facts {
			got, want := rows.At(i), sources.Identify(f)
			if rows.Name(got.Name) != want.Name || got.Class != want.Class || got.Confidence != want.Confidence {
				t.Fatalf("%+v: %s, %s, %s; want %+v", f, rows.Name(got.Name), got.Class, got.Confidence, want)
			}
			classes[want.Class]++
			bases[want.Basis]++
		}
	}
	if len(classes) != sources.Classes || len(bases) != 7 {
		t.Errorf("classes %v, bases %v: not all occur", classes, bases)
	}
}
