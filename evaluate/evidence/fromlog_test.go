package evidence

import (
	"testing"

	"mailaudit/reader"
)

// TestFromLogPath: what a log tells of MAIL FROM. Only an empty path is the null
// path; one without a domain is not known.
func TestFromLogPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, local, domain string
		has, withheld       bool
	}{
		{"", "", "", true, false},
		{"a@Example.org", "a", "example.org", true, false},
		{"@example.org", "", "example.org", true, true},
		{"root", "root", "", false, false},
		{"a@[192.0.2.1]", "a", "", false, false},
		{"@", "", "", false, true},
	} {
		u := reader.Unit{Log: &reader.LogRecord{MailFrom: c.path, HasMailFrom: true}}
		var e Evidence
		fromLog(&e, &u)
		env := &e.Envelope
		if env.MailFromLocal != c.local || env.MailFromDomain != c.domain || env.HasMailFrom != c.has || e.LocalsWithheld != c.withheld {
			t.Errorf("%q: local %q, domain %q, has %t, withheld %t", c.path, env.MailFromLocal, env.MailFromDomain, env.HasMailFrom, e.LocalsWithheld)
		}
	}
}
