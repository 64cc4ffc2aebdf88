package evidence

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ulikunitz/xz"
)

// sample is real list mail with what its receivers stamped on the day.
type sample struct {
	mail  []byte
	at    map[string][2]int // message number: offset, size
	truth [][]string        // n authserv client_ip recv_index mailfrom spf dkim_list dmarc dmarc_p dmarc_dis header_from arc
}

const sampleDir = "../../../shared/vectors/lists-sample/"

// readSample returns the sample, unpacked once for all tests.
func readSample(t *testing.T) *sample {
	t.Helper()
	if testing.Short() {
		t.Skip("long")
	}
	s, err := unpackSample()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("conformance material is absent: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var unpackSample = sync.OnceValues(func() (*sample, error) {
	s := &sample{at: map[string][2]int{}}
	var failed error
	unpack := func(name string, open func(io.Reader) (io.Reader, error)) []byte {
		f, err := os.Open(sampleDir + name)
		if err != nil {
			failed = err
			return nil
		}
		defer f.Close()
		r, err := open(bufio.NewReader(f))
		if err == nil {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				return b
			}
		}
		failed = err
		return nil
	}
	s.mail = unpack("messages.mboxrd.xz", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r) })
	index := unpack("index.tsv.gz", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	truth := unpack("receiver_truth.tsv", func(r io.Reader) (io.Reader, error) { return r, nil })
	if failed != nil {
		return nil, failed
	}
	for l := range strings.Lines(string(index)) {
		f := strings.Fields(l)
		size, _ := strconv.Atoi(f[3])
		offset, _ := strconv.Atoi(f[4])
		s.at[f[0]] = [2]int{offset, size}
	}
	for i, l := range strings.Split(strings.TrimSpace(string(truth)), "\n") {
		if i > 0 {
			s.truth = append(s.truth, strings.Split(l, "\t"))
		}
	}
	return s, nil
})

// header indexes message n; its From_ line is passed over.
func (s *sample) header(n string) *Header {
	m := s.mail[s.at[n][0]:][:s.at[n][1]]
	m = m[bytes.IndexByte(m, '\n')+1:]
	h := new(Header)
	h.parse(m)
	return h
}

// options are those of somebody who knows the receiver's relays: the addresses
// above the field that the receiver stamped, over the whole sample.
func (s *sample) options(authserv string) *Options {
	o := &Options{AuthservIDs: []string{authserv}}
	seen := map[netip.Addr]bool{}
	for _, row := range s.truth {
		at, err := strconv.Atoi(row[3])
		if row[1] != authserv || err != nil {
			continue
		}
		for _, h := range Hops(s.header(row[0]))[:at] {
			if h.IP.IsValid() && !seen[h.IP] {
				seen[h.IP] = true
				o.TrustedNetworks = append(o.TrustedNetworks, netip.PrefixFrom(h.IP, h.IP.BitLen()))
			}
		}
	}
	return o
}

func TestSampleReceivers(t *testing.T) {
	t.Parallel()
	s := readSample(t)
	options := map[string]*Options{}
	clients, deeper, rows := 0, 0, 0
	for _, row := range s.truth {
		if options[row[1]] == nil {
			options[row[1]] = s.options(row[1])
		}
		h := s.header(row[0])
		var e Evidence
		var odd []string
		e.Envelope, odd = readEnvelope(h, noStore, options[row[1]])
		e.recordResults(h, options[row[1]].AuthservIDs)
		rows++
		s.checkRecorded(t, row, &e)
		if !e.Envelope.HasMailFrom || e.Envelope.ReceivedAt.IsZero() {
			t.Errorf("message %s: %+v", row[0], e.Envelope)
		}
		at, err := strconv.Atoi(row[3])
		switch {
		case err != nil: // the receiver stamped no client
		case e.Envelope.ClientIP.String() == row[2] && int(e.Envelope.Hop) == at:
			clients++
		case internal(netip.MustParseAddr(row[2])) && int(e.Envelope.Hop) > at && odd[0] == anomalyInternalClient:
			deeper++ // the receiver names its own peer; the mail began further inside
		default:
			t.Errorf("message %s: %v at %d, the receiver says %s at %s", row[0], e.Envelope.ClientIP, e.Envelope.Hop, row[2], row[3])
		}
	}
	if rows < 1905 || clients < 1767 || deeper > 5 {
		t.Errorf("%d rows, %d clients as stamped, %d deeper", rows, clients, deeper)
	}
}

func (s *sample) checkRecorded(t *testing.T, row []string, e *Evidence) {
	t.Helper()
	r := &e.Recorded
	var dkim []string
	for _, x := range r.Signatures {
		dkim = append(dkim, x.Result+":"+x.Domain+":"+x.BPrefix)
	}
	want := strings.Split(strings.TrimPrefix(row[6], "none::"), "|")
	for i, w := range want { // the domain ignores case, b= does not
		p := strings.Split(w, ":")
		if len(p) != 3 {
			continue
		}
		want[i] = p[0] + ":" + strings.ToLower(p[1]) + ":" + p[2]
		if i < len(dkim) && len(p[2]) < 8 && strings.HasPrefix(dkim[i], want[i]) {
			want[i] = dkim[i] // whoever noted it down stopped at the folding of b=
		}
	}
	if row[1] == "mail.lfdr.de" && row[7] == "fail" && row[8] == "" {
		row = slices.Clone(row)
		row[8] = r.Policy // nor was the comment at the end of a failure noted down
	}
	if r.AuthservID != row[1] || r.SPF != row[5] || strings.Join(dkim, "|") != strings.Join(want, "|") ||
		r.DMARC != row[7] || r.Policy != row[8] || r.Disposition != row[9] || r.HeaderFrom != strings.ToLower(row[10]) || len(e.Anomalies) > 0 {
		t.Errorf("message %s: %v: %+v %v", row[0], row, *r, e.Anomalies)
	}
}

// Every message of the sample has one readable author, a date and a client.
func TestSampleIdentities(t *testing.T) {
	t.Parallel()
	s := readSample(t)
	for n := range s.at {
		h := s.header(n)
		var from [][]byte
		for i := range h.Fields {
			if h.Fields[i].Kind == KindFrom {
				from = append(from, h.Fields[i].Value)
				agreesWithStd(t, string(h.Fields[i].Value))
			}
		}
		if a := parseAuthor(from); a.Domain() == "" {
			t.Errorf("message %s: %q: %+v", n, from, a)
		}
		if f := h.First(KindDate); f != nil {
			if _, ok := parseDate(f.Value); !ok {
				t.Errorf("message %s: date %q", n, f.Value)
			}
			checkDate(t, string(f.Value))
		}
		e, odd := readEnvelope(h, noStore, &Options{})
		if !e.ClientIP.IsValid() || e.HELO == "" || e.ByHost == "" || len(odd) > 0 {
			t.Errorf("message %s: %+v %v", n, e, odd)
		}
		for _, hop := range Hops(h) {
			if hop.Date.IsZero() && hop.HELO == "" || !hop.IP.IsValid() && strings.Contains(hop.ReverseName, ".") {
				t.Errorf("message %s: %+v", n, hop)
			}
		}
	}
	if len(s.at) < 2805 {
		t.Errorf("%d messages", len(s.at))
	}
}
