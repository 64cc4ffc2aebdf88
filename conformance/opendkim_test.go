package conformance

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
)

// opendkimReasons are the ways in which opendkim differs.
var opendkimReasons = []reason[signatureCase]{
	{"rsa-sha1 verifies", "RFC 8301 §3.1", func(c *signatureCase) bool { return c.ours.Reason == dkim.AlgorithmObsolete }},
	{"a line of a file ends for it at a byte of value 0", "RFC 6376 §3.4: every byte is signed", func(c *signatureCase) bool {
		return c.refuses("opendkim") && bytes.IndexByte(c.m.wire, 0) >= 0
	}},
	{"a last line of a file without a line end is not read", "RFC 6376 §3.4.3: the line end is added", func(c *signatureCase) bool {
		return c.refuses("opendkim") && !bytes.HasSuffix(c.m.wire, []byte("\n"))
	}},
}

// TestOpenDKIM has opendkim verify files, with the keys in a file. It tells the
// outcome of one signature, so messages with one are compared.
func TestOpenDKIM(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("opendkim")
	if err != nil {
		t.Skip("opendkim is not installed")
	}
	version := versionOf(t, "opendkim", program, "-V")
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "opendkim opendkim: OpenDKIM Filter "), "\n")
	var all []*tally[signatureCase]
	for name, each := range programArchives(t) {
		y := newArchiveTally(t, "DKIM", "opendkim", "opendkim "+version, name, opendkimReasons)
		dir := t.TempDir()
		var messages []message
		keys := map[string]string{}
		each(flow{profile: byRFC7489}, func(m *message, source dns.Source) {
			for range m.evidence.Signatures {
				if len(m.evidence.Signatures) > 1 || m.evidence.DomainKeys > 0 {
					y.skip()
				}
			}
			if len(m.evidence.Signatures) != 1 || m.evidence.DomainKeys > 0 {
				return
			}
			s := &m.evidence.Signatures[0]
			owner := s.Selector + "._domainkey." + s.Domain
			if records, _, err := (moxResolver{source: source, at: m.verdict.AsOf}).ask(t.Context(), owner, dns.TypeTXT); err == nil {
				keys[owner] = records[0]
			}
			messages = append(messages, *m)
		})
		for i, theirs := range opendkimResults(t, program, dir, keys, messages) {
			seeSignatures(y, "opendkim", &messages[i], []peerResult{theirs}, nil)
		}
		y.done()
		all = append(all, y)
	}
	stale(t, all)
}

// opendkimResults verifies each message.
func opendkimResults(t *testing.T, program, dir string, keys map[string]string, messages []message) []peerResult {
	t.Helper()
	var lines strings.Builder
	for owner, text := range keys {
		fmt.Fprintf(&lines, "%s %s\n", owner, text)
	}
	write(t, filepath.Join(dir, "keys"), []byte(lines.String()))
	write(t, filepath.Join(dir, "conf"), []byte("TestPublicKeys "+filepath.Join(dir, "keys")+"\n"))
	out := make([]peerResult, len(messages))
	for i := range messages {
		file := filepath.Join(dir, "message")
		write(t, file, messages[i].wire)
		b, _ := exec.CommandContext(t.Context(), program, "-x", filepath.Join(dir, "conf"), "-f", "-t", file).CombinedOutput()
		said := strings.TrimSpace(string(b))
		out[i] = peerResult{strings.HasSuffix(said, ") succeeded"), fmt.Errorf("%s", strings.TrimPrefix(said, "opendkim: "+file+": "))}
	}
	return out
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
