package conformance

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dns/dnstest"
)

// arcCase is one case of the ValiMail suite.
type arcCase struct{ name, Message, CV string }

// want is the result a case expects. A blank stands for a chain whose newest
// seal says "fail", to which a sealer adds nothing; to a validator that is fail
// (RFC 8617 §5.2 step 2).
func (c *arcCase) want() arc.Result {
	if w := strings.ToLower(strings.TrimSpace(c.CV)); w != "" {
		return arc.Result(w)
	}
	return arc.Fail
}

func TestValiMail(t *testing.T) {
	t.Parallel()
	named := func(name string) func(*arcCase) bool { return func(c *arcCase) bool { return c.name == name } }
	y := newTally(t, Score{Group: "Suites", Name: "ARC suite of ValiMail", With: "its cv"}, []reason[arcCase]{
		{"ams_fields_c_na: signed in relaxed form without c=, whose default is simple/simple, passes", "RFC 8617 §4.1.2, RFC 6376 §3.5", named("ams_fields_c_na")},
		{"ams_fields_h_empty: an empty h= passes, From unsigned", "RFC 6376 §3.5, §5.4", named("ams_fields_h_empty")},
	})
	d := yaml.NewDecoder(bytes.NewReader(mustRead(t, vector(t, "arc-valimail", "arc-draft-validation-tests.yml"))))
	for {
		var g struct {
			Tests   yaml.Node         // some names stand twice, so it is no map
			Records map[string]string `yaml:"txt-records"`
		}
		if err := d.Decode(&g); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		zone := dnstest.Source{}
		for name, txt := range g.Records {
			zone[name+" TXT"] = []string{txt}
		}
		for i := 0; i < len(g.Tests.Content); i += 2 {
			c := arcCase{name: g.Tests.Content[i].Value}
			if err := g.Tests.Content[i+1].Decode(&c); err != nil {
				t.Fatal(err)
			}
			got := flow{source: zone}.one(t, []byte(c.Message)).verdict.ARC
			y.see(&c, got.Result == c.want(), func() string {
				return c.name + ": " + string(got.Result) + " " + string(got.Reason) + ", want " + string(c.want())
			})
		}
	}
	y.done()
}
