package dkim_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// vectors is public conformance material that is kept beside the repository.
const vectors = "../../../shared/vectors"

// vectorFile reads one file of it and skips the test where it is absent.
func vectorFile(t testing.TB, path ...string) []byte {
	t.Helper()
	name := filepath.Join(append([]string{vectors}, path...)...)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is absent", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tsv yields the rows of a table as maps by its head line.
func tsv(b []byte) []map[string]string {
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var rows []map[string]string
	for _, l := range lines[1:] {
		row := map[string]string{}
		for i, v := range strings.Split(l, "\t") {
			row[head[i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

func extract(t testing.TB, x *evidence.Extractor, msg []byte, q reader.Quoting) *evidence.Evidence {
	t.Helper()
	u := reader.NewUnit(msg, nil)
	u.Quoting = q
	e, err := x.Extract(&u)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// signedAt is the message's own time, as a signature sees it.
func signedAt(e *evidence.Evidence, s *evidence.Signature) time.Time {
	if !s.SignedAt.IsZero() {
		return s.SignedAt
	}
	return e.Date
}

// verifyAll judges every signature at the message's time.
func verifyAll(t testing.TB, v *dkim.Verifier, e *evidence.Evidence) []dkim.Outcome {
	t.Helper()
	var out []dkim.Outcome
	for i := range e.Signatures {
		out = append(out, mustVerify(t, v, &e.Signatures[i], signedAt(e, &e.Signatures[i])))
	}
	return out
}

func mustVerify(t testing.TB, v *dkim.Verifier, s *evidence.Signature, at time.Time) dkim.Outcome {
	t.Helper()
	o, err := v.Verify(t.Context(), s, at)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The corpus of Mail::DKIM, under the rules of each message's day: most of it is
// older than RFC 8301 and signs with rsa-sha1 and keys of 512 bits.
func TestMailDKIMCorpus(t *testing.T) {
	t.Parallel()
	zone := mailDKIMZone(t)
	historic := dkim.New(zone, dkim.Profile{Historic: true})
	today := dkim.New(zone, dkim.Profile{})
	x := evidence.NewExtractor(evidence.Options{})
	counts := map[string]int{}
	for _, row := range tsv(vectorFile(t, "dkim-mail-dkim", "expected.tsv")) {
		name := row["file"]
		e := extract(t, x, vectorFile(t, "dkim-mail-dkim", name), reader.QuotingNone)
		if (row["has_domainkeys"] != "") != (e.DomainKeys > 0) || (row["has_dkim"] != "") != (len(e.Signatures) > 0) {
			t.Errorf("%s: %d DKIM and %d DomainKeys signatures", name, len(e.Signatures), e.DomainKeys)
		}
		if len(e.Signatures) == 0 {
			counts["DomainKeys only"]++
			continue
		}
		want := mailDKIM[name]
		out := verifyAll(t, historic, e)
		got := mailDKIMCase{historic: reasonOf(out), today: reasonOf(verifyAll(t, today, e))}
		if asDraft(e) {
			out = verifyAll(t, historic, e)
			got.draft = reasonOf(out)
		}
		if want.later != 0 {
			out = []dkim.Outcome{mustVerify(t, historic, &e.Signatures[0], time.Unix(want.later, 0))}
			got.later, got.historic = want.later, reasonOf(out)
		}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		i := dkim.Best(out, nil)
		counts[row["expected"]]++
		if e := row["expected"]; e != "unknown" && (out[i].Result == dkim.Pass) != (e == "pass") {
			t.Errorf("%s: got %s %q, want %s", name, out[i].Result, out[i].Reason, e)
		}
	}
	t.Log(counts)
}

// asDraft forgets that signatures have no v=1, where they are of the drafts
// before RFC 4871; it tells whether there was one. RFC 6376 §3.5 and §6.1.1
// refuse them, so does the product; their arithmetic is worth testing.
func asDraft(e *evidence.Evidence) bool {
	found := false
	for i := range e.Signatures {
		s := &e.Signatures[i]
		if s.Problem == "missing_tag" && s.Detail == "v=" || s.Problem == "unsupported_version" && s.Detail == "v=0.5" {
			s.Problem, found = "", true
		}
	}
	return found
}

func reasonOf(out []dkim.Outcome) dkim.Reason { return out[dkim.Best(out, nil)].Reason }

// mailDKIMCase is the reason of a message's best signature.
type mailDKIMCase struct {
	historic dkim.Reason // by the rules of its day
	today    dkim.Reason
	draft    dkim.Reason // see asDraft
	later    int64       // judged at this moment, where the message's own does not do
}

// The reasons, each checked by hand against what the message says of itself.
var mailDKIM = map[string]mailDKIMCase{
	"bad_1.txt":           {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.SignatureMismatch},
	"bad_1878954.txt":     {historic: dkim.AlgorithmObsolete, today: dkim.AlgorithmObsolete},
	"bad_ietf01_1.txt":    {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.BodyHashMismatch},
	"bad_ietf01_2.txt":    {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.SignatureMismatch},
	"bad_ietf01_3.txt":    {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.SignatureMismatch},
	"badkey1_ed25519.txt": {historic: dkim.KeySyntax, today: dkim.KeySyntax},
	"badkey2_ed25519.txt": {historic: dkim.SignatureMismatch, today: dkim.SignatureMismatch},
	"badkey3_ed25519.txt": {historic: dkim.BodyHashMismatch, today: dkim.BodyHashMismatch},
	"badkey4_ed25519.txt": {historic: dkim.KeyNotFound, today: dkim.KeyNotFound},
	"badkey5_ed25519.txt": {historic: dkim.KeySyntax, today: dkim.KeySyntax},
	"badkey_1.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeyNotFound},
	"badkey_10.txt":       {historic: dkim.AUIDMismatch, today: dkim.AlgorithmObsolete},
	"badkey_11.txt":       {historic: dkim.KeyHash, today: dkim.KeyHash},
	"badkey_12.txt":       {historic: dkim.KeyGranularity, today: dkim.AlgorithmObsolete},
	"badkey_13.txt":       {historic: dkim.KeyGranularity, today: dkim.AlgorithmObsolete},
	"badkey_14.txt":       {historic: dkim.BodyHashMismatch, today: dkim.AlgorithmObsolete},
	"badkey_15.txt":       {historic: dkim.BodyHashMismatch, today: dkim.AlgorithmObsolete},
	"badkey_2.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeyRevoked},
	"badkey_3.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeySyntax},
	"badkey_4.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeySyntax},
	"badkey_5.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeyType},
	"badkey_6.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeyService},
	"badkey_7.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.KeyHash},
	"badkey_8.txt":        {historic: dkim.KeyGranularity, today: dkim.AlgorithmObsolete},
	"badkey_9.txt":        {historic: dkim.KeyGranularity, today: dkim.AlgorithmObsolete},
	"good_1878523.txt":    {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"good_83176.txt":      {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"good_ietf00_1.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.IncompleteEvidence},
	"good_ietf00_2.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.IncompleteEvidence},
	"good_ietf00_3.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.IncompleteEvidence},
	"good_ietf00_4.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.IncompleteEvidence},
	"good_ietf00_5.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.IncompleteEvidence},
	"good_ietf01_1.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.HistoricRules},
	"good_ietf01_2.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.HistoricRules},
	"good_qp_1.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"good_qp_2.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"good_qp_3.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"good_rfc4871_3.txt":  {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"good_rfc4871_4.txt":  {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"goodkey_1.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"goodkey_2.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"goodkey_3.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"goodkey_4.txt":       {historic: dkim.HistoricRules, today: dkim.AlgorithmObsolete},
	"goodkey_ed25519.txt": {},
	"ignore_1.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion},
	"ignore_2.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.UnsupportedAlgorithm},
	"ignore_3.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.UnsupportedAlgorithm},
	"ignore_4.txt":        {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.BodyHashMismatch},
	"ignore_5.txt":        {historic: dkim.UnsupportedQuery, today: dkim.UnsupportedQuery},
	"ignore_6.txt":        {historic: dkim.UnsupportedQuery, today: dkim.UnsupportedQuery},
	"ignore_7.txt":        {historic: dkim.Expired, today: dkim.AlgorithmObsolete, later: 1199145600}, // x= lies after its Date
	"ignore_8.txt":        {historic: dkim.DomainMismatch, today: dkim.DomainMismatch},
	"mine_ietf01_1.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.HistoricRules},
	"mine_ietf01_2.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.HistoricRules},
	"mine_ietf01_3.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag},
	"mine_ietf01_4.txt":   {historic: dkim.MissingTag, today: dkim.MissingTag},
	"mine_ietf05_1.txt":   {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.HistoricRules},
	"multiple_1.txt":      {historic: dkim.MissingTag, today: dkim.MissingTag, draft: dkim.HistoricRules},
	"multiple_2.txt":      {historic: dkim.HistoricRules, today: dkim.UnsupportedCanonicalization},
	"no_body_1.txt":       {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.HistoricRules},
	"no_body_2.txt":       {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.HistoricRules},
	"no_body_3.txt":       {historic: dkim.UnsupportedVersion, today: dkim.UnsupportedVersion, draft: dkim.HistoricRules},
}

func mailDKIMZone(t testing.TB) dnstest.Source {
	zone := dnstest.Source{}
	for line := range strings.Lines(string(vectorFile(t, "dkim-mail-dkim", "zone.tsv"))) {
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

// The messages of mail-auth: all pass at their own time (005 has an x= that is
// long past).
func TestMailAuthCorpus(t *testing.T) {
	t.Parallel()
	x := evidence.NewExtractor(evidence.Options{})
	for i := 1; i <= 6; i++ {
		name := "00" + strconv.Itoa(i) + ".txt"
		head, msg, found := bytes.Cut(vectorFile(t, "dkim-mail-auth", name), []byte("\n\n"))
		if !found {
			t.Fatal(name)
		}
		zone := dnstest.Source{}
		for line := range strings.Lines(string(head)) {
			owner, txt, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
			zone[owner+" TXT"] = append(zone[owner+" TXT"], txt)
		}
		e := extract(t, x, msg, reader.QuotingNone)
		out := verifyAll(t, dkim.New(zone, dkim.Profile{}), e)
		if len(out) == 0 {
			t.Errorf("%s: no signature", name)
		}
		for i, o := range out {
			if o.Result != dkim.Pass {
				t.Errorf("%s: signature %d: %s %q %s", name, i, o.Result, o.Reason, o.Detail)
			}
		}
	}
}
