package maillog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"mailaudit/reader"
)

// TestJournalForms: a log is the same records in each form in which journalctl
// writes JSON.
func TestJournalForms(t *testing.T) {
	t.Parallel()
	lines := render("Journal", overlaid(40, bare))
	want := readLogs(t, Options{}, string(lines))
	if want.format != reader.Postfix || len(want.units) != 40 {
		t.Fatalf("format %q, %d records", want.format, len(want.units))
	}
	for name, form := range map[string]func(*bytes.Buffer, []byte){
		"json-pretty": func(b *bytes.Buffer, l []byte) { json.Indent(b, l, "", "\t"); b.WriteByte('\n') },
		"json-seq":    func(b *bytes.Buffer, l []byte) { b.WriteString("\x1e" + string(l) + "\n") },
		"json-sse":    func(b *bytes.Buffer, l []byte) { b.WriteString("data: " + string(l) + "\n\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			for _, l := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
				form(&b, l)
			}
			got := readLogs(t, Options{}, b.String())
			noProblems(t, got)
			if got.format != want.format || len(got.units) != len(want.units) {
				t.Fatalf("format %q, %d records", got.format, len(got.units))
			}
			for i, u := range got.units {
				if have, want := line(u), line(want.units[i]); have != want {
					t.Errorf("record %d:\n got %s\nwant %s", i, have, want)
				}
				if at := b.Bytes()[u.Offset:]; u.Offset+u.Length > int64(b.Len()) || !strings.ContainsRune("{\x1ed", rune(at[0])) {
					t.Errorf("record %d begins at %d, %q", i, u.Offset, at[:min(20, len(at))])
				}
			}
		})
	}
}

// TestJournalTag: the command's name stands in for an identifier that is
// missing or empty, wherever it stands.
func TestJournalTag(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		`"SYSLOG_IDENTIFIER":"postfix/smtpd","_COMM":"smtpd"`: "postfix/smtpd",
		`"_COMM":"smtpd","SYSLOG_IDENTIFIER":"postfix/smtpd"`: "postfix/smtpd",
		`"_COMM":"smtpd"`:                        "smtpd",
		`"_COMM":"smtpd","SYSLOG_IDENTIFIER":""`: "smtpd",
		`"SYSLOG_IDENTIFIER":"","_COMM":"smtpd"`: "smtpd",
		`"SYSLOG_IDENTIFIER":"smtpd","_SOURCE_REALTIME_TIMESTAMP":"","_HOSTNAME":""`: "smtpd",
	} {
		var f frame
		if line := `{"__REALTIME_TIMESTAMP":"1","MESSAGE":"",` + fields + `}`; !f.parse([]byte(line), &jsonBuffer{}) || string(f.tag) != want || string(f.stamp) != "1" {
			t.Errorf("%s: %q, want %q", line, f.tag, want)
		}
	}
}
