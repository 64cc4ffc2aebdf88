package conformance

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// list is the sample of a public list, as kept.
type list struct {
	units   []reader.Unit
	trusted []netip.Prefix
}

// listOnce reads the sample once for all tests.
var listOnce = sync.OnceValues(func() (*list, error) {
	var l list
	for u, err := range reader.Units(contextOfTests, []string{vectors + "/lists-sample/messages.mboxrd.xz"}, reader.Options{}) {
		var p *reader.Problem
		if errors.As(err, &p) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data := slices.Clone(u.Data)
		u.Release()
		u.Data = data
		l.units = append(l.units, u)
	}
	l.trust()
	return &l, nil
})

func readList(t *testing.T) *list {
	t.Helper()
	vector(t, "lists-sample", "messages.mboxrd.xz")
	l, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// trust finds the receiver's relays as its postmaster would name them: clients
// whose names are those of its own infrastructure, hop below hop.
func (l *list) trust() {
	known := map[netip.Addr]bool{}
	for {
		x := evidence.NewExtractor(evidence.Options{TrustedNetworks: l.trusted})
		found := false
		for i := range l.units {
			e, err := x.Extract(&l.units[i])
			if err != nil {
				continue
			}
			c := e.Envelope
			if c.ClientIP.IsValid() && !known[c.ClientIP] && relayName(c.ClientName) && e.Envelope.ByHost != listServer {
				known[c.ClientIP], found = true, true
				l.trusted = append(l.trusted, netip.PrefixFrom(c.ClientIP, c.ClientIP.BitLen()))
			}
		}
		if !found {
			return
		}
	}
}

// listServer received the list's mail from the world and stamped it; lastServer
// received it from the list.
const (
	listServer = "smtp.subspace.kernel.org"
	lastServer = "mail.lfdr.de"
)

func relayName(name string) bool {
	for _, suffix := range []string{".mirrors.kernel.org", ".lore.kernel.org", ".subspace.kernel.org", "relay.kernel.org"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// judge judges the whole sample.
func (l *list) judge(t *testing.T, f flow) []message {
	t.Helper()
	x := evidence.NewExtractor(f.options)
	ev := evaluate.New(f.source, f.profile)
	out := make([]message, len(l.units))
	for i := range l.units {
		out[i].evidence, out[i].verdict = judgeUnit(t, x, ev, &l.units[i])
	}
	return out
}

// listCase is one signature of the sample.
type listCase struct {
	s    *evidence.Signature
	m    *message
	got  string
	why  dkim.Reason
	want string
}

// TestListSignatures holds every signature of the sample against the arithmetic
// of others, judged on arrival with the keys of that day.
func TestListSignatures(t *testing.T) {
	t.Parallel()
	l := readList(t)
	messages := l.judge(t, flow{source: listKeys(t), options: evidence.Options{TrustedNetworks: l.trusted}})
	y := newTally(t, Score{Group: "Suites", Name: "Signatures of a public list, 2019 to 2026", With: "arithmetic, keys by their time"}, []reason[listCase]{
		{"the arithmetic holds for a signature of a chain that its newest seal calls failed", "RFC 8617 §5.2 step 2: nothing more is validated", func(c *listCase) bool {
			return c.got == "none" && c.m.verdict.ARC.Reason == arc.CVFail
		}},
	})
	for _, row := range tsv(mustRead(t, vector(t, "lists-sample", "dkim_truth.tsv"))) {
		want := row["computed"]
		if want != "pass" && want != "fail" {
			y.skip()
			continue
		}
		n, err := strconv.Atoi(row["n"])
		if err != nil || n >= len(messages) {
			t.Fatalf("message %q of %d", row["n"], len(messages))
		}
		c := findSignature(&messages[n], row)
		if c == nil {
			t.Errorf("%s: there is no signature %s", row["n"], row["idx"])
			continue
		}
		y.see(c, (c.got == "pass") == (want == "pass"), func() string {
			return fmt.Sprintf("%s %s %s: %s %s, want %s", row["n"], row["kind"], row["idx"], c.got, c.why, want)
		})
	}
	y.done()
}

// findSignature finds what a row speaks of: idx counts the signatures of both
// kinds from the top of the header.
func findSignature(m *message, row map[string]string) *listCase {
	var all []listCase
	for i := range m.evidence.Signatures {
		o := &m.verdict.DKIM[i]
		all = append(all, listCase{s: &m.evidence.Signatures[i], m: m, got: string(o.Result), why: o.Reason, want: row["computed"]})
	}
	for i := range m.evidence.ARC.Sets {
		o := &m.verdict.ARC.Sets[i]
		all = append(all, listCase{s: &m.evidence.ARC.Sets[i].Message, m: m, got: o.Message, why: dkim.Reason(o.MessageReason), want: row["computed"]})
	}
	slices.SortFunc(all, func(a, b listCase) int { return int(a.s.Field - b.s.Field) })
	i, err := strconv.Atoi(row["idx"])
	if err != nil || i >= len(all) || all[i].s.Domain != row["d"] || all[i].s.Selector != row["s"] {
		return nil
	}
	return &all[i]
}

// stampCase is what the receiver stamped into one message of the sample, beside
// what is read from it.
type stampCase struct {
	row map[string]string
	e   *evidence.Evidence

	want, got string
}

// TestListStamps holds what is read from the sample's trace fields against what
// the receiver stamped: the client, the author domain, its verdicts.
func TestListStamps(t *testing.T) {
	t.Parallel()
	l := readList(t)
	keys := listKeys(t)
	seen := map[string][]message{ // by who stamped
		listServer: l.judge(t, flow{source: keys, options: evidence.Options{TrustedNetworks: l.trusted, AuthservIDs: []string{listServer}}}),
		lastServer: l.judge(t, flow{source: keys, options: evidence.Options{AuthservIDs: []string{lastServer}}}),
	}
	client, author, verdicts, sender := newStampTally(t, "client address and hop", clientReasons),
		newStampTally(t, "author domain", authorReasons), newStampTally(t, "recorded SPF, DKIM, DMARC", verdictReasons),
		newStampTally(t, "MAIL FROM", senderReasons)
	for _, row := range tsv(mustRead(t, vector(t, "lists-sample", "receiver_truth.tsv"))) {
		n, err := strconv.Atoi(row["n"])
		if err != nil || n >= len(seen[row["authserv"]]) {
			t.Fatalf("message %q by %q", row["n"], row["authserv"])
		}
		e := seen[row["authserv"]][n].evidence
		seeStamp(client, row, e, place(row["client_ip"], row["recv_index"]), place(addrText(e.Envelope.ClientIP), strconv.Itoa(int(e.Envelope.Hop))))
		seeStamp(author, row, e, row["header_from"], e.Author.Domain())
		seeStamp(sender, row, e, row["mailfrom"][strings.LastIndexByte(row["mailfrom"], '@')+1:], e.Envelope.MailFromDomain)
		r := &e.Recorded
		seeStamp(verdicts, row, e, row["spf"]+" "+row["dmarc"]+" "+row["dmarc_p"]+" "+row["dmarc_dis"]+" "+row["dkim_list"],
			r.SPF+" "+r.DMARC+" "+r.Policy+" "+r.Disposition+" "+recordedList(r))
	}
	for _, y := range []*tally[stampCase]{client, author, verdicts, sender} {
		y.done()
	}
}

func newStampTally(t *testing.T, what string, reasons []reason[stampCase]) *tally[stampCase] {
	return newTally(t, Score{Group: "Suites", Name: "Stamps of a public list: " + what, With: "what its receiver wrote"}, reasons)
}

func seeStamp(y *tally[stampCase], row map[string]string, e *evidence.Evidence, want, got string) {
	if want == "" {
		y.skip()
		return
	}
	c := &stampCase{row, e, want, got}
	y.see(c, want == got, func() string { return fmt.Sprintf("message %s: %q, stamped %q", row["n"], got, want) })
}

func place(client, hop string) string {
	if client == "" {
		return ""
	}
	return client + " at " + hop
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// recordedList writes the recorded signatures as the truth does.
func recordedList(r *evidence.Recorded) string {
	if len(r.Signatures) == 0 && r.DKIM == "none" {
		return "none::"
	}
	var out []string
	for _, s := range r.Signatures {
		out = append(out, s.Result+":"+s.Domain+":"+s.BPrefix)
	}
	return strings.Join(out, "|")
}

var clientReasons = []reason[stampCase]{
	{"the receiver stamps a host of its own private network as the client", "RFC 1918: private addresses are believed, and the hop below is looked at", func(c *stampCase) bool {
		client, err := netip.ParseAddr(c.row["client_ip"])
		return err == nil && client.IsPrivate()
	}},
}

var verdictReasons = []reason[stampCase]{
	{"the domain is written in capitals", "RFC 5321 §2.4: domains have no case", func(c *stampCase) bool {
		return strings.EqualFold(c.want, c.got)
	}},
	{"the policy stands in a comment after header.from", "RFC 8601 §2.2: comments stand anywhere", func(c *stampCase) bool {
		return strings.HasPrefix(c.want, "pass fail   ") && c.e.Recorded.Policy != ""
	}},
	{"header.b holds white space of the signature's folding", "RFC 6376 §3.5 b=: white space is ignored", func(c *stampCase) bool {
		return strings.HasPrefix(c.got, c.want+c.got[len(c.want):]) && strings.HasSuffix(c.want, ":"+c.got[len(c.want)-1:len(c.want)])
	}},
}

var authorReasons = []reason[stampCase]{
	{"written in capitals", "RFC 5321 §2.4: domains have no case", func(c *stampCase) bool {
		return strings.EqualFold(c.want, c.e.Author.Domain())
	}},
	{"header.from is the domain of the policy found", "RFC 8601 §2.7.1", func(c *stampCase) bool {
		return strings.HasSuffix(c.e.Author.Domain(), "."+c.want)
	}},
}

var senderReasons = []reason[stampCase]{
	{"the domain is written in capitals", "RFC 5321 §2.4: domains have no case", func(c *stampCase) bool {
		return strings.EqualFold(c.want, c.e.Envelope.MailFromDomain)
	}},
}
