package corpus

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// testdataSeed makes the shipped archive what it is.
const testdataSeed = 20190304

// share is how many messages of a builder go where.
type share struct {
	build            builder
	mbox, inbox, eml int
}

// shares is the content of the shipped archive.
var shares = []share{
	{dkimAligned, 16, 4, 1}, {dkimSubdomain, 4, 1, 0}, {dkimStrictModes, 4, 1, 0},
	{spfOnly, 6, 2, 0}, {spfSubdomain, 3, 1, 0}, {ipv6, 5, 1, 0},
	{noPolicy, 18, 4, 1}, {noPolicyForged, 6, 1, 0},
	{forgedPlain, 14, 2, 1}, {forgedOtherPath, 4, 1, 0}, {forgedSigned, 3, 0, 0}, {forgedTrace, 2, 1, 0},
	{authenticated, 12, 2, 1}, {nonexistent, 6, 1, 0},
	{subdomainPolicy, 11, 1, 0}, {milder, 7, 1, 0}, {sampled, 3, 0, 0}, {oddPolicy, 4, 0, 0},
	{boundaries, 6, 0, 0}, {undecided, 7, 1, 0}, {spfBroken, 7, 0, 0},
	{keyTrouble, 11, 1, 0}, {identities, 2, 0, 0}, {expiry, 4, 0, 0}, {bodyLength, 5, 0, 1},
	{damaged, 9, 1, 2}, {coverage, 7, 0, 1}, {canonForms, 4, 1, 1}, {fromUnsigned, 1, 0, 0}, {keyKinds, 6, 1, 1},
	{forwarded, 6, 1, 0}, {forwardedUnsigned, 2, 0, 0}, {listBroken, 8, 1, 0}, {listKept, 3, 0, 0},
	{listRewritten, 3, 0, 0}, {listSealed, 8, 1, 1}, {provider, 4, 1, 0}, {bounce, 4, 0, 0},
	{badFrom, 6, 0, 0}, {fineFrom, 8, 0, 1}, {uLabel, 3, 0, 1}, {fromLines, 2, 1, 1}, {bulky, 1, 0, 0},
	{bytesOdd, 0, 0, 14}, {untraced, 3, 0, 1},
}

// Testdata writes the shipped archive below dir: archive/, zone/, truth.tsv.
func Testdata(dir string) error {
	w := &testdataWriter{dir: dir, cast: newCast(), made: make([]int, len(shares))}
	w.truth.WriteString(strings.Join(truthHeader, "\t") + "\n")
	for _, step := range []func() error{w.lists, w.inbox, w.eml, w.odd, w.zone} {
		if err := step(); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(dir, "truth.tsv"), w.truth.Bytes())
}

type testdataWriter struct {
	dir   string
	cast  *cast
	next  int   // number of the next message
	made  []int // messages made so far by each of shares
	truth bytes.Buffer
}

// messages makes those of one column of shares, mixed, by rising date.
func (w *testdataWriter) messages(count func(share) int) []*Message {
	var order []int // indexes of shares
	for i, s := range shares {
		for range count(s) {
			order = append(order, i)
		}
	}
	r := rand.New(rand.NewPCG(testdataSeed, uint64(w.next)))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	first := time.Date(2019, 3, 4, 10, 0, 0, 0, time.UTC)
	step := 7 * 365 * 24 * time.Hour / time.Duration(len(order))
	var out []*Message
	for i, which := range order {
		at := first.Add(time.Duration(i) * step).Add(time.Duration(r.IntN(80000)) * time.Second).Truncate(time.Second)
		g := newGen(testdataSeed, w.next, at)
		g.nth = w.made[which]
		g.size = 100 + g.r.IntN(250)
		out = append(out, shares[which].build(w.cast, g))
		w.made[which]++
		w.next++
	}
	return out
}

func (w *testdataWriter) record(m *Message, p place) {
	w.truth.WriteString(m.Truth.row(p) + "\n")
}

// mbox writes messages as an mboxrd file below the archive.
func (w *testdataWriter) mbox(name string, messages []*Message) error {
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	mw := NewMboxWriter(f, MboxRD)
	for i, m := range messages {
		offset, err := mw.Add(m)
		if err != nil {
			return err
		}
		w.record(m, place{name, i, offset})
	}
	if err := mw.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func (w *testdataWriter) lists() error {
	return w.mbox("archive/lists.mbox", w.messages(func(s share) int { return s.mbox }))
}

func (w *testdataWriter) inbox() error {
	const name = "archive/inbox"
	for i, m := range w.messages(func(s share) int { return s.inbox }) {
		path, err := WriteMaildir(filepath.Join(w.dir, name), i, false, m)
		if err != nil {
			return err
		}
		w.record(m, place{name + "/" + path, 0, 0})
	}
	return nil
}

// eml writes files as they came over the wire, and every fifth with LF line
// ends where that changes nothing else.
func (w *testdataWriter) eml() error {
	for i, m := range w.messages(func(s share) int { return s.eml }) {
		raw := m.Raw
		lf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		if i%5 == 0 && !bytes.ContainsAny(lf, "\r\x00") {
			raw = lf
		}
		name := fmt.Sprintf("archive/eml/%02d-%s.eml", i, m.Truth.Scenario)
		if err := writeFile(filepath.Join(w.dir, name), raw); err != nil {
			return err
		}
		w.record(m, place{name, 0, 0})
	}
	return nil
}

// odd writes what is no message beside messages that are.
func (w *testdataWriter) odd() error {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	bad := malformed(at)
	for _, m := range bad {
		name := "archive/odd/" + m.Truth.Scenario + ".eml"
		if err := writeFile(filepath.Join(w.dir, name), m.Raw); err != nil {
			return err
		}
		w.record(m, place{name, 0, 0})
	}
	fine := func() *Message {
		w.next++
		return dkimAligned(w.cast, newGen(testdataSeed, w.next, at))
	}
	// A From_ line with nothing below it. Text without a header is left out: whether
	// a From_ line above such text begins a message, the format does not say.
	return w.mbox("archive/odd/odd.mbox", []*Message{fine(), bad[0], fine()})
}

func (w *testdataWriter) zone() error {
	return writeZones(w.cast.zone, filepath.Join(w.dir, "zone"))
}

// writeZones writes one master file for each top-level domain.
func writeZones(z *Zone, dir string) error {
	for _, tld := range z.tlds() {
		var b bytes.Buffer
		if err := z.WriteMaster(&b, tld); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, tld+".zone"), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
