package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"
	moxdkim "github.com/mjl-/mox/dkim"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/internal/corpus"
)

// peerResult is what another implementation says of one signature.
type peerResult struct {
	passed bool
	err    error
}

// peer is another implementation of DKIM. Its results are those of the
// signatures from the top of the header.
type peer struct {
	name, version string
	verify        func(wire []byte, source dns.Source, at time.Time) ([]peerResult, error)
}

var dkimPeers = []peer{{"mox", moxVersion, moxDKIM}, {"go-msgauth", msgauthVersion, msgauthDKIM}}

const msgauthVersion = "go-msgauth v0.7.0"

func moxDKIM(wire []byte, source dns.Source, at time.Time) ([]peerResult, error) {
	anyPolicy := func(*moxdkim.Sig) error { return nil }
	results, err := moxdkim.Verify(context.Background(), quiet, moxResolver{source: source, at: at}, true, anyPolicy, bytes.NewReader(wire), true)
	var out []peerResult
	for _, r := range results {
		out = append(out, peerResult{r.Status == moxdkim.StatusPass, r.Err})
	}
	return out, err
}

func msgauthDKIM(wire []byte, source dns.Source, at time.Time) ([]peerResult, error) {
	results, err := msgauth.VerifyWithOptions(bytes.NewReader(wire), &msgauth.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		txt, _, err := moxResolver{source: source, at: at}.LookupTXT(context.Background(), name)
		return txt, err
	}})
	var out []peerResult
	for _, r := range results {
		out = append(out, peerResult{r.Err == nil, r.Err})
	}
	return out, err
}

// signatureCase is one signature judged by both.
type signatureCase struct {
	peer   string
	m      *message
	s      *evidence.Signature
	ours   *dkim.Outcome
	theirs peerResult
}

func (c *signatureCase) says(text string) bool {
	return c.theirs.err != nil && strings.Contains(c.theirs.err.Error(), text)
}

// refuses is where only the peer does not pass.
func (c *signatureCase) refuses(peer string) bool {
	return c.peer == peer && c.ours.Result == dkim.Pass && !c.theirs.passed
}

// dkimReasons are the ways in which the peers differ.
var dkimReasons = []reason[signatureCase]{
	{"mox and go-msgauth refuse every l=", "RFC 6376 §3.5 l=, §6.1.3", func(c *signatureCase) bool {
		return c.s.BodyLength >= 0 && c.ours.Result == dkim.Pass
	}},
	{"mox verifies rsa-sha1", "RFC 8301 §3.1", func(c *signatureCase) bool {
		return c.peer == "mox" && c.ours.Reason == dkim.AlgorithmObsolete
	}},
	{"go-msgauth lets i= be below d= where the key has t=s", "RFC 6376 §3.6.1 t=, §6.1.2", func(c *signatureCase) bool {
		return c.peer == "go-msgauth" && c.ours.Reason == dkim.AUIDMismatch
	}},
	{"a line that has lost its CR does not end for mox", "RFC 5322 §2.3: no LF stands alone in mail, so it is the line end of a store", func(c *signatureCase) bool {
		return c.refuses("mox") && bytes.Contains(without(c.m.wire), []byte("\n"))
	}},
	{"a CR that has lost its LF is a line end for go-msgauth", "RFC 6376 §2.8, §3.4: CR is neither white space nor a line end", func(c *signatureCase) bool {
		return c.peer == "go-msgauth" && c.theirs.passed && bytes.Contains(without(c.m.wire), []byte("\r"))
	}},
	{"a last line of white space without a line end is a line for mox, relaxed", "RFC 6376 §3.4.4: white space at line ends is ignored, then empty lines", func(c *signatureCase) bool {
		return c.refuses("mox") && c.s.BodyCanon == evidence.Relaxed && bytes.HasSuffix(c.m.wire, []byte("\r\n "))
	}},
}

// without is a message without its proper line ends.
func without(wire []byte) []byte { return bytes.ReplaceAll(wire, []byte("\r\n"), nil) }

// archiveOf names what is compared; see is called for every message of it.
type archiveOf struct {
	name string
	// zone tells that the whole DNS of the archive is known, not its keys alone,
	// and that its messages are as they were sent.
	zone   bool
	source func(t *testing.T) dns.Source
	each   func(t *testing.T, source dns.Source, see func(*message))
}

func generatedArchive(name string, a func() *corpus.Archive, until int) archiveOf {
	return archiveOf{
		name:   name,
		zone:   true,
		source: func(t *testing.T) dns.Source { return zoneOf(t, a().Zone) },
		each: func(t *testing.T, source dns.Source, see func(*message)) {
			flow{source: source, profile: byRFC7489}.generated(t, a(), until, see)
		},
	}
}

// damagedMessages is how many messages are damaged and compared.
const damagedMessages = 4000

var dkimArchives = []archiveOf{
	generatedArchive("a month at a list server", corpus.ForumPost, 17140),
	generatedArchive("an archive for measuring", func() *corpus.Archive { return corpus.Bench(2000) }, 2000),
	{
		name:   "the same month, damaged",
		source: func(t *testing.T) dns.Source { return zoneOf(t, corpus.ForumPost().Zone) },
		each: func(t *testing.T, source dns.Source, see func(*message)) {
			f := flow{source: source, profile: byRFC7489}
			a := corpus.ForumPost()
			f.generated(t, a, damagedMessages, func(m *message) {
				r := rand.New(rand.NewPCG(uint64(len(m.wire)), uint64(m.evidence.Digest[0])))
				d := f.one(t, damage(r, m.wire))
				see(&d)
			})
		},
	},
	{
		name:   "testdata",
		zone:   true,
		source: func(t *testing.T) dns.Source { return testdataZone(t) },
		each: func(t *testing.T, source dns.Source, see func(*message)) {
			for _, m := range (flow{source: source, profile: byRFC7489}).read(t, filepath.Join(testdata, "archive")) {
				see(&m)
			}
		},
	},
	{
		name:   "a public list, 2019 to 2026",
		source: func(t *testing.T) dns.Source { return listKeys(t) },
		each: func(t *testing.T, source dns.Source, see func(*message)) {
			l := readList(t)
			messages := l.judge(t, flow{source: source, profile: byRFC7489})
			for i := range messages {
				messages[i].wire = asSent(&l.units[i])
				see(&messages[i])
			}
		},
	},
}

// byRFC7489 is the rule book that mox knows.
var byRFC7489 = evaluate.Profile{Rules: dmarc.RFC7489, IgnoreExistence: true}

// archiveTallies are the comparisons made on one archive.
type archiveTallies struct {
	dkim  []*tally[signatureCase] // by peer
	spf   *tally[spfCase]
	dmarc *tally[dmarcCase]
}

func newArchiveTally[C any](t *testing.T, protocol, peer, version, archive string, reasons []reason[C]) *tally[C] {
	y := newTally(t, Score{Group: "Other implementations", Name: protocol + " of " + peer + ", " + archive, With: version}, reasons)
	y.shared = true
	return y
}

// TestArchives holds every signature, and where the DNS is known every SPF and
// DMARC verdict, of every archive against the other implementations. They judge
// x= by the clock, so a signature that has it is not compared.
func TestArchives(t *testing.T) {
	t.Parallel()
	var all []*tally[signatureCase]
	for _, a := range dkimArchives {
		t.Run(a.name, func(t *testing.T) {
			source := a.source(t)
			y := archiveTallies{
				spf:   newArchiveTally(t, "SPF", "mox", moxVersion, a.name, moxSPFReasons),
				dmarc: newArchiveTally(t, "DMARC (RFC 7489)", "mox", moxVersion, a.name, dmarcReasons),
			}
			for _, p := range dkimPeers {
				y.dkim = append(y.dkim, newArchiveTally(t, "DKIM", p.name, p.version, a.name, dkimReasons))
			}
			a.each(t, source, func(m *message) { y.see(m, source, a.zone) })
			for _, d := range y.dkim {
				d.done()
			}
			if a.zone {
				y.spf.done()
				y.dmarc.done()
			}
			all = append(all, y.dkim...)
		})
	}
	if len(all) >= 8 { // the generated archives are always there
		stale(t, all)
	}
}

// see compares one message.
func (y *archiveTallies) see(m *message, source dns.Source, zone bool) {
	for i := range dkimPeers {
		comparePeer(y.dkim[i], &dkimPeers[i], m, source)
	}
	if !zone {
		return
	}
	env := &m.evidence.Envelope
	if env.ClientIP.IsValid() && env.HasMailFrom {
		c := &spfCase{ours: m.verdict.SPF}
		c.theirs, c.err = moxSPF(source, env)
		y.spf.see(c, string(c.theirs) == string(c.ours.Result), func() string { return m.evidence.MessageID + ": " + c.describe() })
	}
	if f := factsOf(m); f.Author != "" {
		c := dmarcCase{facts: f, ours: m.verdict.DMARC, theirs: moxDMARC(source, &f)}
		y.dmarc.see(&c, c.agree(), c.describe)
	}
}

func comparePeer(y *tally[signatureCase], p *peer, m *message, source dns.Source) {
	if len(m.evidence.Signatures) > 0 {
		theirs, err := p.verify(m.wire, source, m.verdict.AsOf)
		seeSignatures(y, p.name, m, theirs, err)
	}
}

// seeSignatures compares the signatures of one message.
func seeSignatures(y *tally[signatureCase], peer string, m *message, theirs []peerResult, err error) {
	for i := range m.evidence.Signatures {
		c := &signatureCase{peer: peer, m: m, s: &m.evidence.Signatures[i], ours: &m.verdict.DKIM[i], theirs: peerResult{err: err}}
		if i < len(theirs) {
			c.theirs = theirs[i]
		} else if err == nil {
			c.theirs.err = errors.New("no result")
		}
		if !c.s.ExpiresAt.IsZero() {
			y.skip()
			continue
		}
		y.see(c, (c.ours.Result == dkim.Pass) == c.theirs.passed, func() string {
			return fmt.Sprintf("%s: ours %s %q %s %s, theirs %v %v, message %s d=%s", peer, c.ours.Result, c.ours.Reason, c.ours.Detail, c.s.Damage, c.theirs.passed, c.theirs.err, m.evidence.MessageID, c.s.Domain)
		})
	}
}

// damage changes a message in one or two ways that mail suffers.
func damage(r *rand.Rand, wire []byte) []byte {
	msg := string(wire)
	for range 1 + r.IntN(2) {
		i := r.IntN(len(msg))
		switch r.IntN(8) {
		case 0: // one bit flipped
			msg = msg[:i] + string([]byte{msg[i] ^ 1<<r.IntN(7)}) + msg[i+1:]
		case 1: // one byte lost
			msg = msg[:i] + msg[i+1:]
		case 2: // white space doubled
			if j := strings.IndexByte(msg[i:], ' '); j >= 0 {
				msg = msg[:i+j] + " " + msg[i+j:]
			}
		case 3: // blank lines at the end
			msg += []string{"\r\n", "\r\n\r\n", " \r\n", "\r\n \t\r\n"}[r.IntN(4)]
		case 4: // a footer
			msg += "-- \r\nlist footer\r\n"
		case 5: // a field added
			msg = []string{"X-New: 1\r\n", "Subject: new\r\n", "From: new@example.org\r\n", "To: new@example.org\r\n"}[r.IntN(4)] + msg
		case 6: // a field added below the others
			if head, body, ok := strings.Cut(msg, "\r\n\r\n"); ok {
				msg = head + "\r\n" + []string{"X-New: 1", "Subject: new", "From: new@example.org"}[r.IntN(3)] + "\r\n\r\n" + body
			}
		case 7: // the end lost
			msg = msg[:len(msg)-r.IntN(min(len(msg), 8))]
		}
	}
	return []byte(msg)
}
