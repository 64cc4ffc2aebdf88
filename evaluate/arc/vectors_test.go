package arc_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

const suiteFile = "../../../shared/vectors/arc-valimail/arc-draft-validation-tests.yml"

type suiteCase struct{ Description, Message, CV string }

// group is one document of the suite.
type group struct {
	Description string
	Tests       yaml.Node         // some names stand twice, so it is no map
	Records     map[string]string `yaml:"txt-records"`
}

func suite(t *testing.T) []group {
	t.Helper()
	f, err := os.Open(suiteFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is absent", suiteFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var groups []group
	d := yaml.NewDecoder(f)
	for {
		var g group
		err := d.Decode(&g)
		if errors.Is(err, io.EOF) {
			return groups
		}
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g)
	}
}

// departures are the cases whose expected value is not taken over.
var departures = map[string]struct {
	want   arc.Result
	clause string
}{
	// Signed in relaxed form without c=. An ARC-Message-Signature has the tags
	// of a DKIM-Signature with their defaults (RFC 8617 §4.1.2), and that of c=
	// is simple/simple.
	"ams_fields_c_na": {arc.Fail, "RFC 6376 §3.5 c="},
	// h= holds one name at least, and From is among them.
	"ams_fields_h_empty": {arc.Fail, "RFC 6376 §3.5 h=, §5.4"},
}

// The ValiMail suite.
func TestSuite(t *testing.T) {
	t.Parallel()
	x := evidence.NewExtractor(evidence.Options{})
	n := 0
	for _, g := range suite(t) {
		zone := dnstest.Source{}
		for name, txt := range g.Records {
			zone[name+" TXT"] = []string{txt}
		}
		v := arc.New(dkim.New(zone, dkim.Profile{}))
		for i := 0; i < len(g.Tests.Content); i += 2 {
			name := g.Tests.Content[i].Value
			var c suiteCase
			if err := g.Tests.Content[i+1].Decode(&c); err != nil {
				t.Fatal(name, err)
			}
			n++
			u := reader.NewUnit([]byte(c.Message), nil)
			e, err := x.Extract(&u)
			if err != nil {
				t.Fatal(err)
			}
			o, err := v.Validate(t.Context(), &e.ARC, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			// A blank stands for a chain whose newest seal says "fail": the
			// sealer is to add nothing. Validation calls that fail (RFC 8617
			// §5.2 step 2).
			want := arc.Result(strings.ToLower(strings.TrimSpace(c.CV)))
			if want == "" {
				want = arc.Fail
			}
			if d, ok := departures[name]; ok {
				want = d.want
			}
			if o.Result != want {
				t.Errorf("%s (%s): got %s %q %s, want %s", name, c.Description, o.Result, o.Reason, o.Detail, want)
			}
			if (o.Result == arc.Fail) != (o.Reason != "") || o.Undecided {
				t.Errorf("%s: %s with reason %q", name, o.Result, o.Reason)
			}
			if len(o.Sets) != len(e.ARC.Sets) {
				t.Errorf("%s: %d sets judged of %d", name, len(o.Sets), len(e.ARC.Sets))
			}
		}
	}
	if n != 175 { // 171 names, four of them twice
		t.Errorf("%d cases, the suite has 175", n)
	}
}
