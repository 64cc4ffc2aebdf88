package conformance

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// dkimCase is a signature's outcome beside what a suite wants.
type dkimCase struct {
	name, want string
	reason     dkim.Reason
}

// signedAt is the moment a message speaks of: its newest t=, else its Date.
func signedAt(m *message) time.Time {
	at := m.evidence.Date
	for i := range m.evidence.Signatures {
		if s := m.evidence.Signatures[i].SignedAt; s.After(at) || at.IsZero() {
			at = s
		}
	}
	return at
}

// atOwnTime judges a message at the moment it speaks of.
func (f flow) atOwnTime(t testing.TB, wire []byte) message {
	t.Helper()
	m := f.one(t, wire)
	f.profile.AsOf = signedAt(&m)
	return f.one(t, wire)
}

// TestMailDKIM runs the corpus of Mail::DKIM by the rules of each message's day:
// most of it signs with rsa-sha1 and keys of 512 bits.
func TestMailDKIM(t *testing.T) {
	t.Parallel()
	rows := tsv(mustRead(t, vector(t, "dkim-mail-dkim", "expected.tsv")))
	f := flow{source: mailDKIMZone(t), profile: evaluate.Profile{DKIM: dkim.Profile{Historic: true}}}
	y := newTally(t, Score{Group: "Suites", Name: "DKIM corpus of Mail::DKIM", With: "its expected results"}, []reason[dkimCase]{
		{"a signature of a draft before RFC 4871, without v=1, passes", "RFC 6376 §3.5, §6.1.1", func(c *dkimCase) bool {
			return c.want == "pass" && (c.reason == dkim.MissingTag || c.reason == dkim.UnsupportedVersion)
		}},
		{"ignore_7.txt: x= is past by the clock, and ahead of the message's own time", "RFC 6376 §3.5 x=, judged as of the message", func(c *dkimCase) bool {
			return c.name == "ignore_7.txt"
		}},
	})
	for _, row := range rows {
		name := row["file"]
		m := f.atOwnTime(t, mustRead(t, vector(t, "dkim-mail-dkim", name)))
		want := row["expected"]
		if len(m.verdict.DKIM) == 0 || want == "unknown" {
			y.skip()
			continue
		}
		best := m.verdict.DKIM[m.verdict.DKIMBest]
		c := dkimCase{name, want, best.Reason}
		y.see(&c, (best.Result == dkim.Pass) == (want == "pass"), func() string {
			return name + ": " + string(best.Result) + " " + string(best.Reason) + ", want " + want
		})
	}
	y.done()
}

func mailDKIMZone(t testing.TB) dns.Source {
	t.Helper()
	zone := dnstest.Source{}
	for line := range strings.Lines(string(mustRead(t, vector(t, "dkim-mail-dkim", "zone.tsv")))) {
		name, txt, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		switch txt {
		case "NXDOMAIN":
			continue
		case "~~Query timed out~~":
			txt = dnstest.Timeout
		case "~~SERVFAIL~~":
			txt = dnstest.ServFail
		case `""`:
			txt = " " // a record of no content
		}
		zone[name+" TXT"] = []string{txt}
	}
	return zone
}

// TestMailAuth runs the messages of mail-auth: all pass at their own time.
func TestMailAuth(t *testing.T) {
	t.Parallel()
	score := Score{Group: "Suites", Name: "DKIM messages of mail-auth", With: "every signature passes"}
	for _, name := range []string{"001.txt", "002.txt", "003.txt", "004.txt", "005.txt", "006.txt"} {
		head, msg, _ := bytes.Cut(mustRead(t, vector(t, "dkim-mail-auth", name)), []byte("\n\n"))
		zone := dnstest.Source{}
		for line := range strings.Lines(string(head)) {
			owner, txt, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
			zone[owner+" TXT"] = append(zone[owner+" TXT"], txt)
		}
		m := flow{source: zone}.atOwnTime(t, msg)
		for i, o := range m.verdict.DKIM {
			score.Cases++
			if o.Result == dkim.Pass {
				score.Agree++
			} else {
				t.Errorf("%s: signature %d: %s %q %s", name, i, o.Result, o.Reason, o.Detail)
			}
		}
	}
	publish(t, score)
}
