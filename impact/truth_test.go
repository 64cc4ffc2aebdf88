package impact

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
	"mailaudit/sink"
)

const testdata = "../testdata"

// archive is the evidence of the repository's own archive.
func archive(t testing.TB) []*evidence.Evidence {
	t.Helper()
	x := evidence.NewExtractor(evidence.Options{})
	var out []*evidence.Evidence
	for u, err := range reader.Units(t.Context(), []string{filepath.Join(testdata, "archive")}, reader.Options{}) {
		var p *reader.Problem
		if errors.As(err, &p) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := x.Extract(&u)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
		u.Release()
	}
	if len(out) < 300 {
		t.Fatalf("only %d messages", len(out))
	}
	return out
}

// judged is the archive under a source and a profile.
func judged(t testing.TB, src dns.Source, p evaluate.Profile, mail []*evidence.Evidence) []*evaluate.Record {
	t.Helper()
	ev := evaluate.New(dns.Cache(src), p)
	var out []*evaluate.Record
	for _, e := range mail {
		v, err := ev.Evaluate(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &evaluate.Record{Evidence: e, Verdict: v})
	}
	return out
}

// dataset writes records, in several parts and row groups.
func dataset(t testing.TB, p evaluate.Profile, records []*evaluate.Record) *sink.Dataset {
	t.Helper()
	dir := t.TempDir()
	w, err := sink.Create(dir, sink.Options{RowGroupRows: 256, PartRows: 100, Addresses: sink.AddressesFull})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	flags := map[string]string{"rules": string(p.Rules)}
	if p.IgnoreExistence {
		flags["nonexistent"] = "ignore"
	}
	if err := w.Commit(sink.Manifest{Flags: flags}); err != nil {
		t.Fatal(err)
	}
	d, err := sink.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// masters is the text of the archive's zone, without the DMARC records of some
// names.
func masters(t testing.TB, without map[string]bool) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata, "zone", "*.zone"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var out strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			owner := strings.TrimPrefix(line, "; @servfail ")
			owner, _, _ = strings.Cut(strings.ReplaceAll(owner, "\t", " "), " ")
			if !without[strings.TrimSuffix(strings.TrimSpace(owner), ".")] {
				out.WriteString(line)
			}
		}
	}
	return out.String()
}

// published is the zone with policies in it as they would be published.
func zoneWith(t testing.TB, policies []Policy) dns.Source {
	t.Helper()
	without := map[string]bool{}
	var more strings.Builder
	for _, p := range policies {
		without[prefix+p.Name] = true
		if p.Text != "" {
			fmt.Fprintf(&more, "%s%s. 300 IN TXT %q\n", prefix, p.Name, p.Text)
		}
	}
	z, err := dns.ReadZone(strings.NewReader(masters(t, without)+more.String()), "what-if")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// compare holds a what-if against what a run finds. It returns how many rows
// changed and how many were not judged.
func compare(t testing.TB, name string, d *sink.Dataset, s Scenario, before, truth []*evaluate.Record) (changed, open int) {
	t.Helper()
	j, err := Open(d, s)
	if err != nil {
		t.Fatal(name, err)
	}
	changes := map[int64]*sink.Change{}
	total, err := j.Run(t.Context(), 2, func(c *sink.Change) error { changes[c.Ordinal] = c; return nil })
	if err != nil {
		t.Fatal(name, err)
	}
	if total.messages != int64(len(before)) {
		t.Errorf("%s: %d messages of %d", name, total.messages, len(before))
	}
	for i, r := range truth {
		want := [2]string{string(r.Verdict.Category), string(r.Verdict.Disposition)}
		was := &before[i].Verdict
		got := [2]string{string(was.Category), string(was.Disposition)}
		if c := changes[r.Evidence.Origin.Ordinal]; c != nil {
			if c.FromCategory != got[0] || c.FromDisposition != got[1] {
				t.Errorf("%s: row %d was %v, not %+v", name, i, got, c)
			}
			changed++
			if c.Unjudged != "" {
				open++
				continue
			}
			got = [2]string{c.ToCategory, c.ToDisposition}
		}
		if got != want {
			t.Errorf("%s: %s: row %d of %s (%s): what-if says %v, a run %v", name, r.Evidence.Origin.Source, i,
				r.Evidence.Author.Domain(), r.Evidence.MessageID, got, want)
		}
	}
	return changed, open
}

// decided is evidence whose signatures need not be verified again: their results
// stand as they were found, which other policies cannot change.
func decided(records []*evaluate.Record) []*evidence.Evidence {
	var out []*evidence.Evidence
	for _, r := range records {
		e := r.Evidence.Clone()
		for i := range e.Signatures {
			e.Signatures[i].Logged = string(r.Verdict.DKIM[i].Result)
		}
		e.ARC = evidence.ARC{}
		out = append(out, e)
	}
	return out
}

// domains are the names that policies may be about: authors, identifiers, and
// those above and below them.
func domains(records []*evaluate.Record) []string {
	seen := map[string]bool{"nowhere.test": true}
	add := func(name string) {
		for n := name; n != ""; _, n, _ = strings.Cut(n, ".") {
			seen[n] = true
		}
	}
	for _, r := range records {
		add(r.Evidence.Author.Domain())
		add(r.Verdict.SPF.Domain)
		for i := range r.Evidence.Signatures {
			add(r.Evidence.Signatures[i].Domain)
		}
	}
	var out []string
	for n := range seen {
		if name, err := dns.CanonicalName(n); err == nil && name == n && !strings.ContainsAny(n, " \"\\[]:") {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// authorsOften are the domains, and the author domain of each message.
func authorsOften(records []*evaluate.Record) []string {
	out := domains(records)
	for _, r := range records {
		if d := r.Evidence.Author.Domain(); slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// randomPolicies draws a few policies for names of the archive.
func randomPolicies(r *rand.Rand, names []string) []Policy {
	var out []Policy
	for range 1 + r.IntN(4) {
		name := names[r.IntN(len(names))]
		for range r.IntN(3) { // mostly where there is mail
			if _, parent, _ := strings.Cut(name, "."); strings.Contains(parent, ".") {
				name = parent
			}
		}
		if r.IntN(8) == 0 {
			name = "sub." + name
		}
		if slices.ContainsFunc(out, func(p Policy) bool { return p.Name == name }) {
			continue
		}
		p := Policy{Name: name}
		if r.IntN(8) > 0 {
			word := func() string { return []string{"none", "quarantine", "reject"}[r.IntN(3)] }
			p.Text = "v=DMARC1; p=" + word()
			for _, tag := range []string{"sp", "np"} {
				if r.IntN(3) == 0 {
					p.Text += "; " + tag + "=" + word()
				}
			}
			for _, tag := range []string{"adkim=s", "aspf=s", "t=y", "psd=n", "psd=y", "pct=50"} {
				if r.IntN(5) == 0 {
					p.Text += "; " + tag
				}
			}
			p.Text = strings.Replace(p.Text, "; psd=n; psd=y", "; psd=n", 1)
		}
		out = append(out, p)
	}
	return out
}

// A what-if over the old dataset and a run over the new zone agree for every
// row, whatever is published where.
func TestPoliciesAgreeWithRuns(t *testing.T) {
	t.Parallel()
	mail := archive(t)
	for _, rules := range []dmarc.Rules{dmarc.RFC9989, dmarc.RFC7489} {
		t.Run(string(rules), func(t *testing.T) {
			t.Parallel()
			profile := evaluate.Profile{Rules: rules}
			before := judged(t, zoneWith(t, nil), profile, mail)
			d := dataset(t, profile, before)
			names, again := authorsOften(before), decided(before)
			r := rand.New(rand.NewPCG(7, 7))
			changed, open := 0, 0
			const scenarios = 60
			for range scenarios {
				policies := randomPolicies(r, names)
				truth := judged(t, zoneWith(t, policies), profile, again)
				c, o := compare(t, fmt.Sprint(policies), d, Scenario{Policies: policies}, before, truth)
				changed, open = changed+c, open+o
				if t.Failed() {
					return
				}
			}
			t.Logf("%d sets of policies, %d changed rows, %d not judged", scenarios, changed, open)
			if changed < 10*scenarios || open > changed/20 {
				t.Errorf("%d changed, %d not judged: not much of a test", changed, open)
			}
		})
	}
}

// everyones are the policies that the record for everyone stands for.
func everyones(t testing.TB, src dns.Source, names []string, text string) []Policy {
	t.Helper()
	var out []Policy
	for _, n := range names {
		if dmarc.OrganizationalDomainPSL(n) != n {
			continue
		}
		a, err := src.Lookup(context.Background(), dns.Question{Name: prefix + n, Type: dns.TypeTXT})
		if err != nil {
			t.Fatal(err)
		}
		if !a.Failed() && !hasPolicy(a) {
			out = append(out, Policy{Name: n, Text: text})
		}
	}
	return out
}

// Other SPF records, keys and policies over the dataset's own DNS answers.
func TestOverlayAgreesWithRuns(t *testing.T) {
	t.Parallel()
	mail := archive(t)
	zone := zoneWith(t, nil)
	before := judged(t, zone, evaluate.Profile{}, mail)
	d := dataset(t, evaluate.Profile{}, before)
	selectors := map[string]bool{}
	for _, r := range before {
		for i := range r.Evidence.Signatures {
			s := &r.Evidence.Signatures[i]
			if s.Domain == "acme.example" {
				selectors[s.Selector] = true
			}
		}
	}
	keys := ""
	for s := range selectors {
		keys += s + "._domainkey.acme.example. 300 TXT \"v=DKIM1; p=\"\n"
	}
	for name, text := range map[string]string{
		"nobody may send":  "acme.example. 300 TXT \"v=spf1 -all\"\n",
		"all may send":     "acme.example. 300 TXT \"v=spf1 +all\"\nbank.example. 300 TXT \"v=spf1 +all\"\n",
		"keys revoked":     keys,
		"a policy as well": keys + "_dmarc.acme.example. 300 TXT \"v=DMARC1; p=quarantine\"\n_dmarc.plain.test. 300 TXT \"v=DMARC1; p=reject\"\n",
		"other hosts":      "hobby.example. 300 TXT \"v=spf1 a mx ip4:192.0.2.0/24 -all\"\nhobby.example. 300 A 192.0.2.44\n_dmarc.hobby.example. 300 TXT \"v=DMARC1; p=reject\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over := func(base dns.Source) (dns.Source, error) {
				return dns.ReadOverlay(strings.NewReader(text), "overlay", base)
			}
			src, err := over(zone)
			if err != nil {
				t.Fatal(err)
			}
			truth := judged(t, replaced{src, zone}, evaluate.Profile{}, mail)
			changed, open := compare(t, name, d, Scenario{Overlay: over}, before, truth)
			t.Logf("%d changed, %d not judged", changed, open)
			if changed-open < 3 {
				t.Errorf("%d changed, %d not judged", changed, open)
			}
			if _, open := compare(t, name, d, Scenario{Overlay: over, DNS: zone}, before, truth); open > 0 {
				t.Errorf("%d not judged although the DNS was asked", open)
			}
		})
	}
}

func TestEveryoneAgreesWithRuns(t *testing.T) {
	t.Parallel()
	mail := archive(t)
	before := judged(t, zoneWith(t, nil), evaluate.Profile{}, mail)
	d := dataset(t, evaluate.Profile{}, before)
	for _, text := range []string{"v=DMARC1; p=reject", "v=DMARC1; p=quarantine; sp=none; adkim=s", "v=DMARC1; p=none; np=reject"} {
		truth := judged(t, zoneWith(t, everyones(t, zoneWith(t, nil), domains(before), text)), evaluate.Profile{}, mail)
		changed, open := compare(t, text, d, Scenario{Policies: []Policy{{Everyone, text}}}, before, truth)
		t.Logf("%s: %d changed, %d not judged", text, changed, open)
		if changed < 20 || open > 5 {
			t.Errorf("%s: %d changed, %d not judged", text, changed, open)
		}
	}
}

func TestRulesAgreeWithRuns(t *testing.T) {
	t.Parallel()
	mail := archive(t)
	zone := zoneWith(t, nil)
	by := map[dmarc.Rules][]*evaluate.Record{}
	for _, rules := range []dmarc.Rules{dmarc.RFC9989, dmarc.RFC7489} {
		by[rules] = judged(t, zone, evaluate.Profile{Rules: rules}, mail)
	}
	for from, before := range by {
		d := dataset(t, evaluate.Profile{Rules: from}, before)
		for to, truth := range by {
			name := string(from) + " to " + string(to)
			changed, open := compare(t, name, d, Scenario{Rules: to}, before, truth)
			t.Logf("%s: %d changed, %d not judged", name, changed, open)
			if from == to && changed > 0 || from != to && changed-open < 5 {
				t.Errorf("%s: %d changed, %d not judged", name, changed, open)
			}
			// With the zone to ask, nothing is left open.
			if _, open := compare(t, name+" with DNS", d, Scenario{Rules: to, DNS: zone}, before, truth); open > 0 {
				t.Errorf("%s: %d not judged although the DNS was asked", name, open)
			}
		}
	}
}

func TestExistenceAgreesWithRuns(t *testing.T) {
	t.Parallel()
	mail := archive(t)
	zone := zoneWith(t, nil)
	with, without := evaluate.Profile{}, evaluate.Profile{IgnoreExistence: true}
	tested, ignored := judged(t, zone, with, mail), judged(t, zone, without, mail)
	if changed, open := compare(t, "ignore", dataset(t, with, tested), Scenario{Existence: ExistenceIgnore}, tested, ignored); changed < 5 || open > 0 {
		t.Errorf("ignore: %d changed, %d not judged", changed, open)
	}
	d := dataset(t, without, ignored)
	if changed, open := compare(t, "reject", d, Scenario{Existence: ExistenceReject}, ignored, tested); changed < 5 {
		t.Errorf("reject: %d changed, %d not judged", changed, open)
	}
	if changed, open := compare(t, "reject with DNS", d, Scenario{Existence: ExistenceReject, DNS: zone}, ignored, tested); changed < 5 || open > 0 {
		t.Errorf("reject with DNS: %d changed, %d not judged", changed, open)
	}
}
