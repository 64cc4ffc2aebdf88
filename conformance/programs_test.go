package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	moxdns "github.com/mjl-/mox/dns"

	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/internal/corpus"
	"mailaudit/reader"
)

// talker is a program that judges messages and asks us for the DNS: see peers/.
type talker struct {
	in  io.Writer
	out *bufio.Reader
}

// startTalker starts a script of peers/ with an interpreter; the test is skipped
// where the interpreter or what the script needs is absent.
func startTalker(t *testing.T, interpreter, check []string, script string) *talker {
	t.Helper()
	if _, err := exec.LookPath(interpreter[0]); err != nil {
		t.Skipf("%s is not installed", interpreter[0])
	}
	probe := exec.CommandContext(t.Context(), interpreter[0], check...)
	if b, err := probe.CombinedOutput(); err != nil {
		t.Skipf("%s lacks what peers/%s needs: %.200s", interpreter[0], script, b)
	}
	cmd := exec.CommandContext(t.Context(), interpreter[0], append(interpreter[1:], filepath.Join("peers", script))...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return &talker{in, bufio.NewReaderSize(out, 1<<20)}
}

// talkFacts is what DMARC of a program is judged by.
type talkFacts struct {
	HeaderFrom string   `json:"header_from"`
	SPF        talkID   `json:"spf"`
	DKIM       []talkID `json:"dkim"`
	Bis        bool     `json:"bis"` // by RFC 9989
}

type talkID struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector,omitempty"`
	Scope    string `json:"scope,omitempty"`
	Result   string `json:"result"`
}

// talkResult is what a program says; a script fills what it knows.
type talkResult struct {
	DKIM []struct {
		Passed                 bool
		Error                  string
		Domain, Selector, Type string
		Result, Detail         string
	}
	ARC           struct{ Result, Reason string }
	DMARC         *talkDMARC
	DMARCError    string `json:"dmarc_error"`
	DMARCBis      *talkDMARC
	DMARCBisError string `json:"dmarcbis_error"`
}

type talkDMARC struct{ Result, Policy, Disposition, PolicyDomain string }

// ask has the program judge a message's signatures, or without a message the
// facts of DMARC.
func (k *talker) ask(t *testing.T, wire []byte, f talkFacts, r moxResolver) talkResult {
	t.Helper()
	facts, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(k.in, "M %s %s\n", base64.StdEncoding.EncodeToString(wire), facts)
	for {
		line, err := k.out.ReadString('\n')
		if err != nil {
			t.Fatalf("the program ended: %v", err)
		}
		if body, ok := strings.CutPrefix(line, "R "); ok {
			var out talkResult
			if err := json.Unmarshal([]byte(body), &out); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			return out
		}
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != "Q" {
			t.Fatalf("the program says %q", line)
		}
		fmt.Fprintln(k.in, k.answer(r, words[1], words[2]))
	}
}

func (k *talker) answer(r moxResolver, typ, name string) string {
	number, ok := dns.ParseType(typ)
	if !ok {
		return "F"
	}
	records, _, err := r.ask(context.Background(), name, number)
	switch {
	case moxdns.IsNotFound(err):
		return "N"
	case err != nil:
		return "F"
	}
	b, err := json.Marshal(records)
	if err != nil {
		return "F"
	}
	return "A " + string(b)
}

func talkFactsOf(f *dmarc.Facts) talkFacts {
	word := func(id dmarc.AuthID) string {
		if id.Passed {
			return "pass"
		}
		return "fail"
	}
	out := talkFacts{HeaderFrom: f.Author, SPF: talkID{Domain: f.SPF.Domain, Scope: "mfrom", Result: word(f.SPF)}, DKIM: []talkID{}}
	for _, id := range f.DKIM {
		out.DKIM = append(out.DKIM, talkID{Domain: id.Domain, Selector: "s", Result: word(id)})
	}
	return out
}

// versionOf runs a command that prints a version.
func versionOf(t *testing.T, name string, command ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).Output()
	if err != nil {
		t.Skipf("%s is not installed: %v", name, err)
	}
	return name + " " + strings.TrimSpace(string(out))
}

// pythonProgram names the interpreter that has dkimpy and authheaders.
const pythonProgram = "CONFORMANCE_PYTHON"

func python() string {
	if p := os.Getenv(pythonProgram); p != "" {
		return p
	}
	return "python3"
}

// programArchives are what the programs are asked about: the repository's
// archive, and a part of the one for measuring.
func programArchives(t *testing.T) map[string]func(f flow, see func(*message, dns.Source)) {
	return map[string]func(flow, func(*message, dns.Source)){
		"testdata": func(f flow, see func(*message, dns.Source)) {
			f.source = testdataZone(t)
			for _, m := range f.read(t, filepath.Join(testdata, "archive")) {
				see(&m, f.source)
			}
		},
		"an archive for measuring": func(f flow, see func(*message, dns.Source)) {
			a := corpus.Bench(corpus.DefaultBench)
			f.source = zoneOf(t, a.Zone)
			for n := range benchSample {
				made := a.Message(n)
				if len(made.Raw) > benchLargest {
					continue
				}
				m := kept{made.Raw, reader.Envelope{MailFrom: made.Sender, HasMailFrom: true, ReceivedAt: made.Received}}.
					judge(t, evidence.NewExtractor(f.options), evaluate.New(f.source, f.profile))
				see(&m, f.source)
			}
		},
	}
}

// benchSample is how many messages of the archive for measuring are compared,
// benchLargest the largest of them in bytes: programs in Python take seconds for
// one of some megabytes.
const (
	benchSample  = 200
	benchLargest = 64 << 10
)

// talkedDMARC is a DMARC verdict beside a program's.
type talkedDMARC struct {
	program string
	rules   dmarc.Rules
	facts   dmarc.Facts
	zone    dnstest.Source
	ours    dmarc.Outcome
	theirs  *talkDMARC
	err     string
}

func (c *talkedDMARC) describe() string {
	return fmt.Sprintf("%s %s: ours %s %s at %q, theirs %+v %s, %+v %q", c.program, c.rules, c.ours.Result, c.ours.Reason, c.ours.PolicyDomain, c.theirs, c.err, c.facts, c.zone)
}

// programFacts is how many generated zones and messages the programs judge:
// authheaders reads the Public Suffix List anew for each.
const programFacts = 300

// talkDMARCCases compares verdicts on generated zones. Facts that a temporary
// failure hides are made plain ones, for the programs are not told of them.
func talkDMARCCases(t *testing.T, k *talker, program, version string, rules dmarc.Rules, reasons []reason[talkedDMARC]) {
	book := strings.ToUpper(string(rules[:3])) + " " + string(rules[3:])
	y := newTally(t, Score{Group: "Other implementations", Name: "DMARC (" + book + ") of " + program + ", generated zones", With: version}, reasons)
	r := rand.New(rand.NewPCG(7489, 2021))
	for range programFacts {
		g := newDMARCCase(r)
		c := &talkedDMARC{program: program, rules: rules, facts: g.facts, zone: g.zone}
		if strings.HasSuffix(c.facts.Author, ".example") {
			y.skip() // they know no reserved top-level domain
			continue
		}
		c.facts.SPF.Undecided = false
		for i := range c.facts.DKIM {
			c.facts.DKIM[i].Undecided = false
		}
		for _, n := range []string{"acme.", "mail.acme.", "a.mail.acme.", "other.", "x.other."} {
			c.zone[n+strings.TrimPrefix(suffixOf(c.facts.Author), ".")+" A"] = []string{"192.0.2.1"}
		}
		var err error
		if c.ours, err = dmarc.New(c.zone, dmarc.Options{Rules: rules}).Evaluate(t.Context(), c.facts); err != nil {
			t.Fatal(err)
		}
		wire := []byte("From: joe@" + c.facts.Author + "\r\n\r\n")
		f := talkFactsOf(&c.facts)
		f.Bis = rules == dmarc.RFC9989
		out := k.ask(t, wire, f, moxResolver{source: c.zone})
		c.theirs, c.err = out.DMARC, out.DMARCError
		if rules == dmarc.RFC9989 {
			c.theirs, c.err = out.DMARCBis, out.DMARCBisError
		}
		y.see(c, c.theirs != nil && string(c.ours.Result) == c.theirs.Result, c.describe)
	}
	y.done()
}

// suffixOf is the public suffix under which newDMARCCase put a name.
func suffixOf(author string) string {
	for _, s := range []string{".co.uk", ".github.io", ".com"} {
		if strings.HasSuffix(author, s) {
			return s
		}
	}
	return ""
}

// problems tells whether the record that applies has something wrong in it.
func (c *talkedDMARC) problems() bool {
	return c.ours.Reason == "record_unusable" || c.ours.Record != nil && len(c.ours.Record.Problems) > 0
}

// fails tells whether a question fails.
func (c *talkedDMARC) fails() bool {
	for _, records := range c.zone {
		if records[0] == dnstest.ServFail {
			return true
		}
	}
	return false
}

var mailDMARCReasons = []reason[talkedDMARC]{
	{"several records at the author domain: the result stays fail, with no disposition", "RFC 7489 §6.6.3 step 5", func(c *talkedDMARC) bool {
		return c.ours.Reason == "several_records"
	}},
	{"a record with an invalid value, or one that stands twice: the last counts, or the result stays fail", "RFC 7489 §6.3, §6.6.3 step 6", (*talkedDMARC).problems},
	{"a failing question is taken for absence", "RFC 7489 §6.6.3: none is not a temporary error", func(c *talkedDMARC) bool {
		return c.ours.Result == dmarc.TempError && c.theirs != nil && c.theirs.Result == "none"
	}},
}

// TestPerl asks Mail::DKIM and Mail::DMARC, where Perl has them.
func TestPerl(t *testing.T) {
	t.Parallel()
	k := startTalker(t, []string{"perl"}, []string{"-MMail::DKIM::Verifier", "-MMail::DMARC::PurePerl", "-MJSON::PP", "-e", "1"}, "mail_dkim_dmarc.pl")
	dkimVersion := versionOf(t, "Mail::DKIM", "perl", "-MMail::DKIM::Verifier", "-e", "print Mail::DKIM::Verifier->VERSION")
	dmarcVersion := versionOf(t, "Mail::DMARC", "perl", "-MMail::DMARC::PurePerl", "-e", "print Mail::DMARC::PurePerl->VERSION")
	talkDMARCCases(t, k, "Mail::DMARC", dmarcVersion, dmarc.RFC7489, mailDMARCReasons)
	var all []*tally[signatureCase]
	for name, each := range programArchives(t) {
		y := newArchiveTally(t, "DKIM", "Mail::DKIM", dkimVersion, name, mailDKIMReasons)
		each(flow{profile: byRFC7489}, func(m *message, source dns.Source) {
			out := k.ask(t, m.wire, talkFacts{}, moxResolver{source: source, at: m.verdict.AsOf})
			var theirs []peerResult
			for _, r := range out.DKIM {
				if r.Type == "Mail::DKIM::Signature" {
					theirs = append(theirs, peerResult{r.Result == "pass", errors.New(r.Detail)})
				}
			}
			seeSignatures(y, "Mail::DKIM", m, theirs, nil)
		})
		y.done()
		all = append(all, y)
	}
	stale(t, all)
}

// mailDKIMReasons are the ways in which Mail::DKIM differs.
var mailDKIMReasons = []reason[signatureCase]{
	{"rsa-sha1 verifies", "RFC 8301 §3.1", func(c *signatureCase) bool { return c.ours.Reason == dkim.AlgorithmObsolete }},
	{"RSA keys of 512 bits verify", "RFC 8301 §3.2", func(c *signatureCase) bool { return c.ours.Reason == dkim.KeyTooSmall }},
	{"a signature that does not cover From verifies", "RFC 6376 §5.4, §6.1.1", func(c *signatureCase) bool { return c.ours.Reason == dkim.FromNotSigned }},
	{"this version has no ed25519-sha256", "RFC 8463 §3", func(c *signatureCase) bool {
		return c.ours.Result == dkim.Pass && c.says("unsupported algorithm ed25519-sha256")
	}},
	{"a body without a final line end gets none", "RFC 6376 §3.4.3", func(c *signatureCase) bool {
		return c.ours.Result == dkim.Pass && !bytes.HasSuffix(c.m.wire, []byte("\n"))
	}},
}

// TestPython asks dkimpy, and authheaders by both rule books, where Python has
// them.
func TestPython(t *testing.T) {
	t.Parallel()
	k := startTalker(t, []string{python()}, []string{"-c", "import dkim, authheaders, nacl"}, "authheaders_dkimpy.py")
	version := func(name string) string {
		return versionOf(t, name, python(), "-c", "import importlib.metadata as m; print(m.version('"+name+"'))")
	}
	dkimVersion, dmarcVersion := version("dkimpy"), version("authheaders")
	talkDMARCCases(t, k, "authheaders", dmarcVersion, dmarc.RFC7489, authheadersReasons)
	talkDMARCCases(t, k, "authheaders", dmarcVersion, dmarc.RFC9989, authheadersBisReasons)
	var all []*tally[signatureCase]
	for name, each := range programArchives(t) {
		keys := newArchiveTally(t, "DKIM", "dkimpy", dkimVersion, name, dkimpyReasons)
		chains := newArchiveTally(t, "ARC", "dkimpy", dkimVersion, name, dkimpyARCReasons)
		each(flow{}, func(m *message, source dns.Source) {
			if len(m.evidence.Signatures)+len(m.evidence.ARC.Sets) == 0 {
				return
			}
			out := k.ask(t, m.wire, talkFacts{}, moxResolver{source: source, at: m.verdict.AsOf})
			var theirs []peerResult
			for _, r := range out.DKIM {
				theirs = append(theirs, peerResult{r.Passed, errors.New(r.Error)})
			}
			seeSignatures(keys, "dkimpy", m, theirs, nil)
			chains.see(m, string(m.verdict.ARC.Result) == out.ARC.Result, func() string {
				return fmt.Sprintf("%s: ours %s %s, dkimpy %+v", m.evidence.MessageID, m.verdict.ARC.Result, m.verdict.ARC.Reason, out.ARC)
			})
		})
		keys.done()
		chains.done()
		all = append(all, keys)
	}
	stale(t, all)
}

var (
	authheadersReasons = []reason[talkedDMARC]{
		{"several records at the author domain: the organizational domain is asked", "RFC 7489 §6.6.3 step 5", func(c *talkedDMARC) bool {
			return c.ours.Reason == "several_records"
		}},
		{"a record with an invalid value, or one that stands twice: an error, or the last counts", "RFC 7489 §6.3, §6.6.3 step 6", (*talkedDMARC).problems},
		{"a failing question is handed on to the caller", "RFC 7489 §6.6.3: temporary error", func(c *talkedDMARC) bool {
			return c.ours.Result == dmarc.TempError && c.theirs == nil
		}},
	}
	authheadersBisReasons = []reason[talkedDMARC]{
		{"a record with an invalid value, or one that stands twice: an error, or the last counts", "RFC 9989 §4.8, §4.10.1", (*talkedDMARC).problems},
		{"a failing question is handed on to the caller", "RFC 9989 §5.3.6: where an answer could change the result", func(c *talkedDMARC) bool {
			return c.fails() && c.theirs == nil
		}},
		{"text that is no tag in any record of the walk is an error", "RFC 9989 §4.8: it is ignored", func(c *talkedDMARC) bool {
			return c.theirs != nil && c.theirs.Result == "permerror"
		}},
		{"identifiers are aligned by the Public Suffix List", "RFC 9989 §4.10.2: by the tree walk", func(c *talkedDMARC) bool {
			return c.theirs != nil && (c.zone["_dmarc."+strings.TrimPrefix(suffixOf(c.facts.Author), ".")+" TXT"] != nil ||
				c.ours.Reason == dmarc.ReasonAlignmentDNS || c.ours.Reason == dmarc.ReasonNotAligned)
		}},
	}
	dkimpyReasons = []reason[signatureCase]{
		{"rsa-sha1 verifies", "RFC 8301 §3.1", func(c *signatureCase) bool { return c.ours.Reason == dkim.AlgorithmObsolete }},
		{"h= of the key is not looked at", "RFC 6376 §3.6.1 h=, §6.1.2", func(c *signatureCase) bool { return c.ours.Reason == dkim.KeyHash }},
		{"i= may be below d= where the key has t=s", "RFC 6376 §3.6.1 t=, §6.1.2", func(c *signatureCase) bool { return c.ours.Reason == dkim.AUIDMismatch }},
		{"a signature that does not cover From verifies", "RFC 6376 §5.4, §6.1.1", func(c *signatureCase) bool { return c.ours.Reason == dkim.FromNotSigned }},
	}
	dkimpyARCReasons = []reason[message]{
		{"a chain whose newest seal says fail has no result", "RFC 8617 §5.2 step 2: fail", func(m *message) bool { return m.verdict.ARC.Reason == arc.CVFail }},
	}
)
