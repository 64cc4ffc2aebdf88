package explain

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const archive = "../testdata"

// truth is one row of testdata/truth.tsv.
type truth map[string]string

func readTruth(t *testing.T) []truth {
	t.Helper()
	f, err := os.Open(filepath.Join(archive, "truth.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []truth
	for _, row := range rows[1:] {
		m := truth{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func (m truth) key() string { return m["source"] + " " + m["source_offset"] }

func openZone(t *testing.T) dns.Source {
	t.Helper()
	z, err := dns.Zone(filepath.Join(archive, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return dns.Cache(z)
}

// shared are the stories under each rule book, told once for all tests.
var shared sync.Map // dmarc.Rules → func() map[string]*Story

// stories tells every message of the archive, by source and offset.
func stories(t *testing.T, rules dmarc.Rules) map[string]*Story {
	t.Helper()
	once, _ := shared.LoadOrStore(rules, sync.OnceValue(func() map[string]*Story { return tellArchive(t, rules) }))
	return once.(func() map[string]*Story)()
}

func tellArchive(t *testing.T, rules dmarc.Rules) map[string]*Story {
	t.Helper()
	o := Options{}
	o.Profile.Rules = rules
	source := openZone(t)
	o.Evidence.AuthservIDs = []string{"mx.example.org"}
	out := map[string]*Story{}
	for u, err := range reader.Units(context.Background(), []string{filepath.Join(archive, "archive")}, reader.Options{}) {
		if err != nil {
			continue // what is no message is a problem, not a story
		}
		s, err := Collect(t.Context(), &u, source, o)
		if err != nil {
			t.Fatal(err)
		}
		u.Release()
		s.Message.Source = strings.TrimPrefix(filepath.ToSlash(s.Message.Source), archive+"/")
		m := truth{"source": s.Message.Source, "source_offset": strconv.FormatInt(s.Message.Offset, 10)}
		out[m.key()] = s
	}
	return out
}

// byScenario returns the first story of each scenario.
func byScenario(t *testing.T, all map[string]*Story) map[string]*Story {
	t.Helper()
	out := map[string]*Story{}
	for _, row := range readTruth(t) {
		if s := all[row.key()]; s != nil && out[row["scenario"]] == nil {
			out[row["scenario"]] = s
		}
	}
	return out
}

// goldenText are the scenarios whose text is kept, goldenJSON those whose JSON is.
var (
	goldenText = []string{
		"dkim_aligned", "forged", "body_changed", "list_broken", "forwarded", "expired", "key_revoked", "key_nosuchkey", "np", "t",
		"pct50", "dns_policy", "dns_key", "arc_pass_2", "arc_body_changed", "from_several", "from_missing", "malformed_no_header",
		"oversigned_subject_added", "refolded_simple", "strict_modes", "spf_permerror", "authenticated", "nonexistent_domain",
		"no_policy", "policy_invalid_p", "l_changed", "from_lines", "null_path", "provider_own_key",
	}
	goldenJSON = []string{"dkim_aligned", "list_broken", "arc_pass_2", "np"}
)

func TestGolden(t *testing.T) {
	t.Parallel()
	found := byScenario(t, stories(t, dmarc.RFC9989))
	for _, name := range goldenText {
		s := found[name]
		if s == nil {
			t.Errorf("no message of the scenario %s", name)
			continue
		}
		compareGolden(t, name+".txt", checkText(t, s))
		if slices.Contains(goldenJSON, name) {
			compareGolden(t, name+".json", checkJSON(t, s))
		}
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got; go test ./explain -update rewrites it)\n%s", name, d)
	}
}

// TestAgreesWithTruth holds every story's verdict against what the maker of the
// archive knows, under both rule books, whichever is in force.
func TestAgreesWithTruth(t *testing.T) {
	t.Parallel()
	for rules, suffixes := range map[dmarc.Rules][2]string{dmarc.RFC9989: {"", "_rfc7489"}, dmarc.RFC7489: {"_rfc7489", ""}} {
		all := stories(t, rules)
		told := 0
		for _, row := range readTruth(t) {
			s := all[row.key()]
			if s == nil {
				continue
			}
			told++
			checkText(t, s)
			checkJSON(t, s)
			if len(s.DMARC) != 2 {
				if row["category"] != "malformed" {
					t.Errorf("%s (%s): %d rule books", row.key(), row["scenario"], len(s.DMARC))
				}
				continue
			}
			for i, suffix := range suffixes {
				d := &s.DMARC[i]
				checkWord(t, row, "category"+suffix, d.Category)
				checkWord(t, row, "disposition"+suffix, d.Disposition)
				checkWord(t, row, "dmarc_result"+suffix, d.Result)
				checkWord(t, row, "dmarc_policy"+suffix, d.Policy)
			}
			checkWord(t, row, "spf_result", s.SPF[0].Result)
			checkWord(t, row, "client_ip", s.Path.ClientIP)
		}
		if told < 300 {
			t.Errorf("only %d messages told of", told)
		}
	}
}

func checkWord(t *testing.T, row truth, column, got string) {
	t.Helper()
	want := row[column]
	if want != "*" && !slices.Contains(strings.Split(want, "|"), got) {
		t.Errorf("%s (%s): %s is %q, want %q", row.key(), row["scenario"], column, got, want)
	}
}

// TestExplainsDamage says what the maker of the archive did to each message, and
// asks whether the story finds it.
func TestExplainsDamage(t *testing.T) {
	t.Parallel()
	all := stories(t, dmarc.RFC9989)
	want := map[string][]string{
		"body_changed":             {"body lines_appended"},
		"list_broken":              {"body lines_appended", "header subject_tag"},
		"subject_changed":          {"header subject_tag"},
		"oversigned_subject_added": {"header field_added"},
		"refolded_simple":          {"header unfolded", "header names"},
	}
	seen := map[string]int{}
	for _, row := range readTruth(t) {
		s := all[row.key()]
		allowed := want[row["scenario"]]
		if s == nil || len(allowed) == 0 {
			continue
		}
		seen[row["scenario"]]++
		found := false
		for i := range s.DKIM {
			for _, r := range s.DKIM[i].Readings {
				found = found || slices.Contains(allowed, r.Of+" "+r.Word)
			}
		}
		if !found {
			t.Errorf("%s (%s): nothing explains the signature that fails", row.key(), row["scenario"])
		}
	}
	for scenario := range want {
		if seen[scenario] == 0 {
			t.Errorf("no message of the scenario %s", scenario)
		}
	}
}

// TestConclusions asks for the advice that follows from how each scenario was
// made.
func TestConclusions(t *testing.T) {
	t.Parallel()
	found := byScenario(t, stories(t, dmarc.RFC9989))
	for scenario, code := range map[string]string{
		"dkim_aligned": "passes*", "forged": "not_authenticated", "expired": "expired", "key_revoked": "key_revoked",
		"key_nosuchkey": "key_gone", "key_garbage": "key_broken", "t": "test_mode", "np": "subdomain_does_not_exist",
		"strict_modes": "strict_mode", "dns_policy": "undecided", "dns_key": "dns_servfail", "arc_pass_2": "arc_may_help",
		"arc_body_changed": "arc_broken", "from_several": "from_several_domains", "from_missing": "from_missing",
		"malformed_no_header": "no_message", "nonexistent_domain": "domain_does_not_exist", "no_policy": "publish_policy",
		"policy_invalid_p": "mend_record", "policy_twice": "several_records", "spf_permerror": "spf_broken",
		"authenticated": "authenticated", "rsa_sha1": "algorithm_obsolete", "rsa512": "key_too_small", "l_appended": "body_length_partial",
		"provider_own_key": "not_aligned", "spf_aligned": "passes_by_spf", "key_test": "key_testing", "from_not_signed": "from_not_signed",
		"key_sha1only": "key_hash_not_allowed", "auid_nosub": "auid_mismatch",
	} {
		s := found[scenario]
		if s == nil {
			t.Errorf("no message of the scenario %s", scenario)
			continue
		}
		var codes []string
		for _, c := range s.Conclusions {
			codes = append(codes, c.Code)
		}
		prefix, star := strings.CutSuffix(code, "*")
		if !slices.ContainsFunc(codes, func(c string) bool { return c == code || star && strings.HasPrefix(c, prefix) }) {
			t.Errorf("%s: %v, want %s among them", scenario, codes, code)
		}
	}
}

// hostile is a message that tries to act on the terminal from wherever it can.
const hostile = "Received: from \x1b[31mred\x1b[0m.test (\x1b]0;title\x07 [192.0.2.1]) by mx.example.org with ESMTP; Mon, 4 Mar 2019 18:11:35 +0000\r\n" +
	"Return-Path: <a\x1b[2J@evil.test>\r\n" +
	"Authentication-Results: mx.example.org; spf=pass\x1b[1m smtp.mailfrom=\xe2\x80\xaeevil\r\n" +
	"DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; s=\x1b[5mx; h=from\x9b31m:\xf3\xa0\x81\x81; bh=AAAA; b=AAAA; z=\xff\xfe\r\n" +
	"From: \"\xe2\x80\xaemoc.knab\xe2\x80\xac \xcc\x81\xcc\x81\xcc\x81\" <\xe2\x81\xa6a@bank.example>\r\n" +
	"Subject: =?utf-8?B?G1szMW0bXTA7eAc=?= \xc2\x9b31m \xf0\x9f\x98\x80\xe6\xbc\xa2\xe5\xad\x97\r\n" +
	"Message-ID: <\x08\x08\x08@x>\r\n\r\nbody\r\n"

func tell(t *testing.T, message string, source dns.Source) *Story {
	t.Helper()
	u := reader.NewUnit([]byte(message), nil)
	u.Source = "hostile.eml"
	s, err := Collect(t.Context(), &u, source, Options{Evidence: evidence.Options{AuthservIDs: []string{"mx.example.org"}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHostileTerminal(t *testing.T) {
	t.Parallel()
	s := tell(t, hostile, openZone(t))
	text := checkText(t, s) // fails on every byte that is not safe
	json := checkJSON(t, s)
	for _, bad := range []string{"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u009b", "\U000e0041"} {
		if strings.Contains(text, bad) {
			t.Errorf("the text holds %q", bad)
		}
		if strings.Contains(json, bad) {
			t.Errorf("the JSON holds %q", bad)
		}
	}
	if !strings.Contains(text, `\x1b[31m`) {
		t.Error("the escape sequence of Subject is not shown escaped")
	}
}

// TestHostileDNS has records that try the same.
func TestHostileDNS(t *testing.T) {
	t.Parallel()
	source := keySource{
		"evil.test":               {"v=spf1 exists:\x1b[31m.%{d} -all \u202e"},
		"_dmarc.bank.example":     {"v=DMARC1; p=reject; \x1b[2J=\u202e; rua=mailto:\x07@x"},
		"x._domainkey.evil.test":  {"v=DKIM1; \x1b[1m; p="},
		"_dmarc.example":          {strings.Repeat("v=DMARC1\x1b", 4000)},
		"\x1b._domainkey.evil":    {"x"},
		"_dmarc.mail.evil.test\a": {"x"},
	}
	s := tell(t, "Received: from x.test ([192.0.2.1]) by mx.test; Mon, 4 Mar 2019 18:11:35 +0000\r\nReturn-Path: <a@evil.test>\r\n"+
		"DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; s=x; h=from; bh=AAAA; b=AAAA\r\nFrom: a@bank.example\r\n\r\nx\r\n", source)
	checkText(t, s)
	checkJSON(t, s)
}

func FuzzStory(f *testing.F) {
	f.Add([]byte(hostile))
	f.Add([]byte("From: a@bank.example\r\n\r\nbody\r\n"))
	list, err := os.ReadFile(filepath.Join(archive, "archive", "lists.mbox"))
	if err != nil {
		f.Fatal(err)
	}
	for i, m := range bytes.Split(list, []byte("\n\nFrom ")) {
		if i%40 == 0 {
			f.Add(m)
		}
	}
	z, err := dns.Zone(filepath.Join(archive, "zone"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := tell(t, string(data), z)
		checkText(t, s)
		checkJSON(t, s)
	})
}

// TestDocument holds the example of docs/explain.md against the golden file it
// was taken from.
func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/arc_pass_2.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(doc), "```text\n")
	example, _, ok := strings.Cut(example, "```\n")
	if !ok {
		t.Fatal("there is no example")
	}
	_, example, _ = strings.Cut(example, "\n") // the command
	rest := string(golden)
	for part := range strings.SplitSeq(example, "[...]\n") {
		i := strings.Index(rest, part)
		if i < 0 {
			t.Errorf("this of the example is not in the golden file:\n%s", part)
			continue
		}
		rest = rest[i+len(part):]
	}
}

// TestRecorded compares what a receiver wrote with what is computed.
func TestRecorded(t *testing.T) {
	t.Parallel()
	const head = "Received: from mail.acme.example (mail.acme.example [192.0.2.10])\r\n\tby mx.example.org with ESMTP; Mon, 4 Mar 2019 18:11:35 +0000\r\n" +
		"Return-Path: <a@acme.example>\r\n"
	const tail = "DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=gone; h=from; bh=AAAA; b=BBBB\r\nFrom: a@acme.example\r\n\r\nx\r\n"
	for name, c := range map[string]struct {
		field string
		want  []string // method, recorded, computed, agrees, a part of why
	}{
		"agrees":   {"mx.example.org; spf=pass smtp.mailfrom=a@acme.example", []string{"spf pass pass"}},
		"changed":  {"mx.example.org; spf=softfail smtp.mailfrom=a@acme.example", []string{"spf softfail pass: has changed since"}},
		"dns":      {"mx.example.org; spf=temperror smtp.mailfrom=a@acme.example", []string{"spf temperror pass: DNS failed on that day"}},
		"key gone": {"mx.example.org; dkim=pass header.d=acme.example header.s=gone", []string{"dkim pass permerror: key is gone"}},
		"removed":  {"mx.example.org; dkim=pass header.d=other.example header.s=x", []string{"dkim pass none: no longer in the message"}},
		"dmarc":    {"mx.example.org; dmarc=pass (p=reject dis=none) header.from=acme.example", []string{"dmarc pass pass", "disposition none none"}},
		"unlooked": {"mx.example.org; dkim=none", []string{"dkim none permerror: added later"}},
		"stranger": {"mx.other.test; spf=fail smtp.mailfrom=a@acme.example", nil},
	} {
		s := tell(t, head+"Authentication-Results: "+c.field+"\r\n"+tail, openZone(t))
		if len(s.Recorded.Claims) != 1 || s.Recorded.Claims[0].BelowBoundary {
			t.Errorf("%s: claims are %+v", name, s.Recorded.Claims)
		}
		if len(s.Recorded.Comparisons) != len(c.want) {
			t.Errorf("%s: %+v, want %q", name, s.Recorded.Comparisons, c.want)
			continue
		}
		for i, want := range c.want {
			got := &s.Recorded.Comparisons[i]
			words, why, differs := strings.Cut(want, ": ")
			if got.Method+" "+got.Recorded+" "+got.Computed != words || got.Agrees == differs || !strings.Contains(got.Why, why) {
				t.Errorf("%s: %+v, want %q", name, *got, want)
			}
		}
	}
}

// TestClaimBelowBoundary: a sender can write the receiver's name too.
func TestClaimBelowBoundary(t *testing.T) {
	t.Parallel()
	s := tell(t, "Received: from x.test ([192.0.2.1]) by mx.example.org; Mon, 4 Mar 2019 18:11:35 +0000\r\n"+
		"Received: from y.test ([192.0.2.2]) by x.test; Mon, 4 Mar 2019 18:11:34 +0000\r\n"+
		"Authentication-Results: mx.example.org; dmarc=pass header.from=bank.example\r\nFrom: a@bank.example\r\n\r\nx\r\n", openZone(t))
	if len(s.Recorded.Claims) != 1 || !s.Recorded.Claims[0].BelowBoundary {
		t.Errorf("claims are %+v, want one below the boundary", s.Recorded.Claims)
	}
	if text := checkText(t, s); !strings.Contains(text, "whoever sent the message could") {
		t.Error("the text does not warn of it")
	}
}

// TestNothingRecorded: sources that lack answers are not the DNS's failure.
func TestNothingRecorded(t *testing.T) {
	t.Parallel()
	s := tell(t, "Received: from x.test ([192.0.2.1]) by mx.test; Mon, 4 Mar 2019 18:11:35 +0000\r\nFrom: a@bank.example\r\n\r\nx\r\n", keySource{})
	if s.Verdict.Category != "temperror" || s.Conclusions[0].Code != "not_recorded" {
		t.Errorf("%s, %+v: want temperror and not_recorded", s.Verdict.Category, s.Conclusions)
	}
	checkText(t, s)
}

// TestStreamed: of a message too large to hold everything but the readings of its
// body is told.
func TestStreamed(t *testing.T) {
	t.Parallel()
	data := []byte("DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=s2023; h=from; bh=AAAA; b=BBBB\r\nFrom: a@acme.example\r\n\r\nx\r\n")
	u := reader.Unit{Source: "large.eml", Size: int64(len(data)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
	s, err := Collect(t.Context(), &u, openZone(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if x := &s.DKIM[0]; x.BodyBytes != -1 || x.Reason != "body_hash_mismatch" || len(x.CanonicalHeader) == 0 {
		t.Errorf("%+v", x)
	}
	if text := checkText(t, s); !strings.Contains(text, "too large to look for") {
		t.Error("the text does not say why the body is not looked into")
	}
}
