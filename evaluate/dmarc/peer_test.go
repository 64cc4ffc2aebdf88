package dmarc_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns/dnstest"
)

// peerProgram names a program that judges by RFC 9989 with another
// implementation. It reads lines of fields parted by tabs:
//
//	T <name> <text>...   the TXT records of a name
//	F <name>             the question for its TXT records fails
//	A <name>             the name exists
//	E <author> <mail from> <state> [<d=> <state>]...
//
// where a state is p (passed), u (temporary failure) or f. What is not named
// does not exist. It answers each E with "result policy", the policy being the
// one that applies with t taken into account, and forgets the zone.
const peerProgram = "DMARC_PEER"

// peerCases is how many zones are generated.
const peerCases = 20000

// peerCase is one zone, one message.
type peerCase struct {
	zone    dnstest.Source
	lines   []string
	facts   dmarc.Facts
	several bool // a name with more than one record
	failing bool // a name whose question fails
	syntax  bool // a record with an invalid value
}

// peerNames gives a chain of names below a top-level domain, the longest first,
// and a second branch.
func peerNames(r *rand.Rand) []string {
	name := "top"
	names := []string{name}
	for i, n := 0, 1+r.IntN(9); i < n; i++ {
		name = string(rune('a'+i)) + "." + name
		names = append(names, name)
	}
	stem := names[r.IntN(len(names))]
	for i, n := 0, 1+r.IntN(3); i < n; i++ {
		stem = string(rune('x'-i)) + "." + stem
		names = append(names, stem)
	}
	return append(names, "other.net")
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// peerRecord makes a record; valueTrouble tells that it has an invalid value.
func peerRecord(r *rand.Rand) (text string, valueTrouble bool) {
	text = "v=DMARC1"
	policy := []string{"none", "quarantine", "reject"}
	if r.IntN(12) > 0 {
		text += "; p=" + pick(r, policy...)
	}
	for _, tag := range []string{"sp", "np"} {
		if r.IntN(3) == 0 {
			text += "; " + tag + "=" + pick(r, policy...)
		}
	}
	text += pick(r, "", "", "", "; adkim=s", "; adkim=r") + pick(r, "", "", "", "; aspf=s", "; aspf=r")
	text += pick(r, "", "", "", "; t=y", "; t=n") + pick(r, "", "", "", "", "; psd=y", "; psd=n", "; psd=u")
	text += pick(r, "", "; rua=mailto:d@example.com", "; pct=50", "; ri=5", ";")
	if r.IntN(40) == 0 {
		return strings.Replace(text, "v=DMARC1", "v=DMARC1"+pick(r, "; p=x", "; sp=x", "; adkim=x"), 1), true
	}
	return text, false
}

func newPeerCase(r *rand.Rand) peerCase {
	c := peerCase{zone: dnstest.Source{}}
	names := peerNames(r)
	density := 1 + r.IntN(5)
	for _, n := range names {
		c.publish(r, n, density)
		if r.IntN(3) == 0 {
			c.zone[n+" A"] = []string{"127.0.0.1"}
		}
	}
	c.existing(names)
	author := names[1+r.IntN(len(names)-1)]
	c.facts = dmarc.Facts{Author: author, SPF: peerID(r, names)}
	for range r.IntN(3) {
		c.facts.DKIM = append(c.facts.DKIM, peerID(r, names))
	}
	line := "E\t" + author + "\t" + c.facts.SPF.Domain + "\t" + peerState(c.facts.SPF)
	for _, id := range c.facts.DKIM {
		line += "\t" + id.Domain + "\t" + peerState(id)
	}
	c.lines = append(c.lines, line)
	return c
}

// existing tells the peer which names exist: those with an address, and those
// with anything below them.
func (c *peerCase) existing(names []string) {
	for _, n := range names {
		for key := range c.zone {
			owner, _, _ := strings.Cut(key, " ")
			if owner == n || strings.HasSuffix(owner, "."+n) {
				c.lines = append(c.lines, "A\t"+n)
				break
			}
		}
	}
}

// publish gives a name a record, several, or a failure.
func (c *peerCase) publish(r *rand.Rand, name string, density int) {
	key := "_dmarc." + name + " TXT"
	switch k := r.IntN(40); {
	case k == 0:
		c.failing = true
		c.zone[key] = []string{dnstest.ServFail}
		c.lines = append(c.lines, "F\t_dmarc."+name)
	case k < 8*density:
		text, trouble := peerRecord(r)
		c.syntax = c.syntax || trouble
		c.zone[key] = []string{text}
		if k == 1 {
			c.several = true
			c.zone[key] = append(c.zone[key], "v=DMARC1; p=quarantine; fo=1")
		}
		c.lines = append(c.lines, "T\t_dmarc."+name+"\t"+strings.Join(c.zone[key], "\t"))
	}
}

func peerID(r *rand.Rand, names []string) dmarc.AuthID {
	k := r.IntN(6)
	return dmarc.AuthID{Domain: names[r.IntN(len(names))], Passed: k < 3, Undecided: k == 3}
}

func peerState(id dmarc.AuthID) string {
	switch {
	case id.Passed:
		return "p"
	case id.Undecided:
		return "u"
	}
	return "f"
}

// verdict is what is compared.
func (c *peerCase) verdict(t *testing.T) (string, dmarc.Outcome) {
	t.Helper()
	o, err := dmarc.New(c.zone, dmarc.Options{}).Evaluate(t.Context(), c.facts)
	if err != nil {
		t.Fatal(err)
	}
	policy := o.Policy
	if policy == dmarc.NoDisposition || o.Result == dmarc.TempError { // not applied (RFC 9989 section 5.3.6)
		policy = dmarc.DispositionNone
	}
	if o.Record != nil && o.Record.T == "y" {
		policy = map[dmarc.Disposition]dmarc.Disposition{reject: quarantine, quarantine: none, none: none}[policy]
	}
	return fmt.Sprintf("%s\t%s", o.Result, policy), o
}

// accepted names a difference that is meant, with its clause; empty where there
// is no excuse.
func (c *peerCase) accepted(o dmarc.Outcome, theirs string) string {
	switch {
	case c.several:
		return "several records: RFC 9989 section 4.10 steps 2, 6 discard them all"
	case c.syntax:
		return "invalid values: RFC 9989 sections 4.8, 4.10.1 keep the record"
	case c.failing && strings.HasPrefix(theirs, "temperror") && o.Result != dmarc.TempError:
		return "a failure that cannot change the result: RFC 9989 section 5.3.6 speaks of required queries"
	}
	return ""
}

// Thousands of generated zones and messages against another implementation of
// RFC 9989.
func TestAgainstPeer(t *testing.T) {
	program := os.Getenv(peerProgram)
	if program == "" {
		t.Skip("no other implementation of RFC 9989 is named by ", peerProgram)
	}
	r := rand.New(rand.NewPCG(2026, 5))
	cases := make([]peerCase, peerCases)
	var in bytes.Buffer
	for i := range cases {
		cases[i] = newPeerCase(r)
		for _, line := range cases[i].lines {
			in.WriteString(line + "\n")
		}
	}
	comparePeer(t, cases, runPeer(t, program, &in))
}

func runPeer(t *testing.T, program string, in io.Reader) *bufio.Scanner {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stdin = in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(bytes.NewReader(out))
}

// peerVerdict takes the result and the policy from an answer.
func peerVerdict(line string) string {
	fields := append(strings.Split(line, "\t"), "")
	if fields[0] == string(dmarc.TempError) {
		fields[1] = string(none)
	}
	return fields[0] + "\t" + fields[1]
}

func comparePeer(t *testing.T, cases []peerCase, answers *bufio.Scanner) {
	t.Helper()
	same, results := 0, map[dmarc.Result]int{}
	meant := map[string]int{}
	for i := range cases {
		if !answers.Scan() {
			t.Fatalf("%d answers for %d cases", i, len(cases))
		}
		theirs := peerVerdict(answers.Text())
		ours, o := cases[i].verdict(t)
		results[o.Result]++
		if why := cases[i].accepted(o, theirs); ours == theirs {
			same++
		} else if why != "" {
			meant[why]++
		} else {
			t.Errorf("%s: we say %q, they %q\n%+v", strings.Join(cases[i].lines, "\n"), ours, theirs, o)
		}
	}
	t.Logf("%d of %d agree; meant: %v; results %v", same, len(cases), meant, results)
}
