package spf

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mailaudit/evaluate/dns"
)

// suite is one document of the OpenSPF test suites.
type suite struct {
	Description string
	Tests       map[string]suiteCase
	ZoneData    map[string][]suiteRecord `yaml:"zonedata"`
}

type suiteCase struct {
	Helo, Host, MailFrom, Explanation, Receiver string
	Result                                      stringList
}

// suiteRecord is one record of the zone data; one field is set.
type suiteRecord struct {
	A, AAAA, TXT, SPF, PTR       stringList
	MX                           []string
	CNAME                        *string
	TIMEOUT, SERVFAIL, CNAMELOOP bool
}

func (r *suiteRecord) UnmarshalYAML(n *yaml.Node) error {
	var fields map[string]yaml.Node
	if err := n.Decode(&fields); err != nil {
		return err
	}
	for key, value := range fields {
		targets := map[string]any{
			"A": &r.A, "AAAA": &r.AAAA, "TXT": &r.TXT, "SPF": &r.SPF, "PTR": &r.PTR, "MX": &r.MX,
			"CNAME": &r.CNAME, "TIMEOUT": &r.TIMEOUT, "SERVFAIL": &r.SERVFAIL, "CNAMELOOP": &r.CNAMELOOP,
		}
		target, ok := targets[key]
		if !ok {
			return errors.New("unknown key " + key)
		}
		if err := value.Decode(target); err != nil {
			return err
		}
	}
	return nil
}

// stringList is a string or a list of them.
type stringList []string

func (l *stringList) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]string)(l))
	}
	var s string
	err := n.Decode(&s)
	*l = stringList{s}
	return err
}

// suiteDir is where the module go/spf keeps the suites.
func suiteDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skip("the module blitiri.com.ar/go/spf, which carries the suites, is absent")
	}
	return filepath.Join(dir, "testdata")
}

func readSuites(t *testing.T, file string) []suite {
	t.Helper()
	f, err := os.Open(filepath.Join(suiteDir(t), file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var suites []suite
	for d := yaml.NewDecoder(f); ; {
		var s suite
		err := d.Decode(&s)
		if errors.Is(err, io.EOF) {
			return suites
		}
		if err != nil {
			t.Fatal(err)
		}
		suites = append(suites, s)
	}
}

// suiteZone answers from a suite's zone data, by the rules of its drivers: SPF
// records stand in for TXT where a name has none, the TXT "NONE" suppresses
// that, and TIMEOUT is for the types a name does not list.
type suiteZone map[string][]suiteRecord

func newSuiteZone(data map[string][]suiteRecord) suiteZone {
	z := suiteZone{}
	for name, records := range data {
		z[canonical(name)] = append(z[canonical(name)], records...)
	}
	return z
}

func (z suiteZone) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Name: q.Name, Type: q.Type, Source: "suite"}
	name := q.Name
	for range 9 {
		target := z.fill(a, name, q.Type)
		if target == "" {
			slices.Sort(a.Records)
			return a, nil
		}
		name = canonical(target)
	}
	a.Status, a.Kind = dns.Failure, dns.Loop
	return a, nil
}

// fill answers from one name, or returns the target of its CNAME.
func (z suiteZone) fill(a *dns.Answer, name string, t dns.Type) string {
	records, ok := z[name]
	if !ok {
		a.Status = dns.NXDomain
		return ""
	}
	a.Status = dns.NoData
	for _, r := range records {
		a.Records = append(a.Records, r.data(t, records)...)
	}
	if len(a.Records) > 0 {
		a.Status = dns.Success
		return ""
	}
	for _, r := range records {
		switch {
		case r.TIMEOUT:
			a.Status, a.Kind = dns.Failure, dns.Timeout
		case r.SERVFAIL:
			a.Status, a.Kind = dns.Failure, dns.ServFail
		case r.CNAMELOOP:
			a.Status, a.Kind = dns.Failure, dns.Loop
		case r.CNAME != nil:
			return *r.CNAME
		}
	}
	return ""
}

func (r *suiteRecord) data(t dns.Type, all []suiteRecord) []string {
	switch t {
	case dns.TypeA:
		return r.A
	case dns.TypeAAAA:
		var out []string
		for _, s := range r.AAAA {
			out = append(out, netip.MustParseAddr(s).String())
		}
		return out
	case dns.TypePTR:
		var out []string
		for _, s := range r.PTR {
			out = append(out, canonical(s))
		}
		return out
	case dns.TypeMX:
		if r.MX != nil {
			return []string{r.MX[0] + " " + canonical(r.MX[1])}
		}
	case dns.TypeTXT:
		if slices.Equal(r.TXT, []string{"NONE"}) {
			return nil
		}
		if r.TXT == nil && r.SPF != nil && !slices.ContainsFunc(all, func(o suiteRecord) bool { return o.TXT != nil }) {
			return []string{strings.Join(r.SPF, "")}
		}
		if r.TXT != nil {
			return []string{strings.Join(r.TXT, "")}
		}
	}
	return nil
}

// query is the check_host() call of a case.
func (c *suiteCase) query(t *testing.T) Query {
	t.Helper()
	client, err := netip.ParseAddr(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	q := Query{Client: client, Scope: MailFrom, HELO: c.Helo}
	if c.MailFrom == "" { // RFC 7208 section 2.4
		q.Local, q.Domain = "postmaster", c.Helo
		return q
	}
	q.Local, q.Domain, _ = strings.Cut(c.MailFrom, "@")
	return q
}

// runSuites runs every case of a file and returns how many there were. asWanted
// may change what a case wants.
func runSuites(t *testing.T, file string, suites []suite, asWanted func(name string, c *suiteCase)) {
	cases := 0
	for _, s := range suites {
		zone := newSuiteZone(s.ZoneData)
		for name, c := range s.Tests {
			cases++
			t.Run(strconv.Itoa(cases)+" "+name, func(t *testing.T) {
				asWanted(name, &c)
				checker := NewChecker(zone, Options{Explain: true, Trace: true, Receiver: c.Receiver})
				o, err := checker.Check(t.Context(), c.query(t))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(c.Result, string(o.Result)) {
					t.Errorf("got %s (%s: %s), want %v", o.Result, o.Reason, o.Detail, c.Result)
				}
				checkExplanation(t, &c, o)
			})
		}
	}
	if cases == 0 {
		t.Fatalf("no case in %s", file)
	}
}

// checkExplanation judges the explanation where the suite gives one. DEFAULT
// means that none was published that may be used.
func checkExplanation(t *testing.T, c *suiteCase, o *Outcome) {
	t.Helper()
	switch c.Explanation {
	case "":
	case "DEFAULT":
		if o.Explanation != "" {
			t.Errorf("explanation %q, want none", o.Explanation)
		}
	default:
		// The suite spells the nibbles of %{i} in capitals, RFC 7208 section
		// 7.4 does not.
		if !strings.EqualFold(o.Explanation, c.Explanation) {
			t.Errorf("explanation %q, want %q", o.Explanation, c.Explanation)
		}
	}
}

func asPublished(string, *suiteCase) {}

func TestOpenSPF7208(t *testing.T) {
	t.Parallel()
	const file = "rfc7208-tests.yml"
	runSuites(t, file, readSuites(t, file), asPublished)
}

func TestOpenSPF4408(t *testing.T) {
	t.Parallel()
	const file = "rfc4408-tests.yml"
	runSuites(t, file, readSuites(t, file), asPublished)
}

// pyspf judges some records by its own modes, which RFC 7208 does not have.
var pyspfByRFC = map[string]string{
	// RFC 7208 section 6: unrecognized modifiers MUST be ignored, default= of
	// early drafts among them.
	"default-modifier":       "neutral",
	"default-modifier-harsh": "neutral",
}

func TestPySPF(t *testing.T) {
	t.Parallel()
	const file = "pyspf-tests.yml"
	runSuites(t, file, readSuites(t, file), func(name string, c *suiteCase) {
		if want, ok := pyspfByRFC[name]; ok {
			c.Result = stringList{want}
		}
	})
}

// The suite of go/spf names its domains with single labels, which have no SPF
// (RFC 7208 section 4.3) and are no domain-spec (section 7.1). Each gets a
// second label here, so that what its cases are about can be judged.
var singleLabel = regexp.MustCompile(`(include:|a:|mx:|exists:|redirect=)([a-z0-9-]+)( |$)`)

func twoLabels(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".test"
}

func TestGoSPF(t *testing.T) {
	t.Parallel()
	const file = "blitirispf-tests.yml"
	suites := readSuites(t, file)
	for i := range suites {
		zone := map[string][]suiteRecord{}
		for name, records := range suites[i].ZoneData {
			for j := range records {
				r := &records[j]
				for k, text := range r.SPF {
					r.SPF[k] = singleLabel.ReplaceAllString(text, "$1$2.test$3")
				}
				if r.MX != nil {
					r.MX[1] = twoLabels(r.MX[1])
				}
			}
			zone[twoLabels(name)] = records
		}
		suites[i].ZoneData = zone
	}
	runSuites(t, file, suites, func(_ string, c *suiteCase) {
		local, domain, _ := strings.Cut(c.MailFrom, "@")
		if domain != "" {
			c.MailFrom = local + "@" + twoLabels(domain)
		}
	})
}
