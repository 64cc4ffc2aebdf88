package maillog

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// vectors is where real logs of others are kept; see its README for the sources.
const vectors = "../../../shared/vectors/logs"

func vectorFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(vectors, pattern))
	if len(files) == 0 {
		t.Skip("the conformance material is not here")
	}
	return files
}

// TestGrokVectors: lines of postfix-grok-patterns (BSD-3). None is unknown, and
// queue id, sender and HELO are those its fields hold.
func TestGrokVectors(t *testing.T) {
	t.Parallel()
	program := regexp.MustCompile(`POSTFIX_([A-Z_]+)\}`)
	pair := regexp.MustCompile(`(from|helo)=<([^>]*)>`)
	compared := 0
	for _, file := range vectorFiles(t, "postfix-grok-patterns/*.yaml") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Pattern, Data string
			Results       map[string]any
		}
		if err := yaml.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		m := program.FindStringSubmatch(v.Pattern)
		switch m[1] {
		case "TLS_FEATURES", "COMMAND_COUNTER_DATA", "DELAYS", "RELAY", "KEYVALUE":
			continue // parts of lines
		}
		name := strings.ReplaceAll(strings.ToLower(m[1]), "_", "-")
		s := &stream{}
		p := newPostfix(newJoin("postfix", 100))
		if got := p.line(s, []byte("Mar  1 10:00:00 mx1 postfix/"+name+"[1]: "+v.Data)); got != known {
			t.Errorf("%s: %q is not known", filepath.Base(file), v.Data)
		}
		if id, ok := v.Results["postfix_queueid"]; ok && id != "NOQUEUE" && !strings.HasPrefix(v.Data, "warning: ") && name != "postsuper" {
			if got, _, _ := queueID([]byte(v.Data)); string(got) != fmt.Sprint(id) {
				t.Errorf("%s: queue id %q, want %v", filepath.Base(file), got, id)
			}
			compared++
		}
		kv, _ := v.Results["postfix_keyvalue_data"].(string)
		if !strings.Contains(v.Data, "; from=<") {
			continue
		}
		got := trailerOf([]byte(v.Data))
		for _, m := range pair.FindAllStringSubmatch(kv, -1) {
			have := map[string]string{"from": string(got.from), "helo": string(got.helo)}[m[1]]
			if have != m[2] {
				t.Errorf("%s: %s %q, want %q", filepath.Base(file), m[1], have, m[2])
			}
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("only %d fields were compared", compared)
	}
}

// TestPostfixScenarios: whole logs (lightmeter, AGPL). Each line with a client
// is one record with that id and address.
func TestPostfixScenarios(t *testing.T) {
	t.Parallel()
	client := regexp.MustCompile(`smtpd\[\d+\]: ([0-9A-Za-z]+): client=[^\[]*\[([^\]]+)\](.*)`)
	id := regexp.MustCompile(`cleanup\[\d+\]: ([0-9A-Za-z]+): message-id=<([^>]*)>`)
	records := 0
	for _, file := range vectorFiles(t, "postfix-scenarios/*.log") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, ids := map[string]int{}, map[string]bool{}
		for _, l := range strings.Split(string(raw), "\n") {
			if m := client.FindStringSubmatch(l); m != nil && !strings.Contains(m[3], "orig_queue_id") {
				want[m[1]+" "+m[2]]++
			}
			if m := id.FindStringSubmatch(l); m != nil {
				ids[m[1]+" "+m[2]] = true
			}
		}
		got := map[string]int{}
		for _, u := range readLogs(t, Options{}, string(raw)).units {
			records++
			if u.Log.ClientIP.IsValid() && u.Log.QueueID != "" {
				got[u.Log.QueueID+" "+u.Log.ClientIP.String()]++
			}
			if u.Log.MessageID != "" && !ids[u.Log.QueueID+" "+u.Log.MessageID] && !strings.Contains(file, "corrupted") {
				t.Errorf("%s: %s has message id %s", filepath.Base(file), u.Log.QueueID, u.Log.MessageID)
			}
		}
		maps.DeleteFunc(want, func(k string, _ int) bool { return strings.HasSuffix(k, " 127.0.0.1") && got[k] == 0 }) // came back from a filter
		if !maps.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", filepath.Base(file), got, want)
		}
	}
	if records < 100 {
		t.Errorf("only %d records", records)
	}
}

// TestFail2banVectors: the address that fail2ban (GPL-2) expects of a line is
// the client of the record made of it.
func TestFail2banVectors(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, file := range vectorFiles(t, "fail2ban/*") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hosts := map[int64]string{} // by the offset of the line that follows
		at := int64(0)
		for _, l := range strings.SplitAfter(string(raw), "\n") {
			at += int64(len(l))
			if meta, ok := strings.CutPrefix(l, "# failJSON: "); ok {
				var v struct{ Host string }
				json.Unmarshal([]byte(meta), &v)
				hosts[at] = v.Host
			}
		}
		for _, u := range readLogs(t, Options{}, string(raw)).units {
			if h := hosts[u.Offset]; h != "" {
				compared++
				if u.Log.ClientIP.String() != h {
					t.Errorf("%s:%d: client %s, want %s", filepath.Base(file), u.Offset, u.Log.ClientIP, h)
				}
			}
		}
	}
	if compared < 30 {
		t.Errorf("only %d addresses were compared", compared)
	}
}

// TestFormatsFound: each file is found to be of its program.
func TestFormatsFound(t *testing.T) {
	t.Parallel()
	for _, file := range slices.Concat(vectorFiles(t, "fail2ban/*"), vectorFiles(t, "crowdsec/*"), vectorFiles(t, "postfix-scenarios/*")) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := "postfix"
		for _, w := range []string{"exim", "sendmail"} {
			if strings.HasPrefix(filepath.Base(file), w) {
				want = w
			}
		}
		if got := detect(raw[:min(len(raw), 32<<10)]); string(got) != want {
			t.Errorf("%s is found to be %q", file, got)
		}
	}
}
