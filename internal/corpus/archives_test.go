package corpus

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestForumBreakdown: the numbers add up, and each kind of message has the
// category it was made for under both rule books. All 17,140 are the truth's
// own business; a sample of each kind is made here.
func TestForumBreakdown(t *testing.T) {
	t.Parallel()
	a := ForumPost()
	total := 0
	for _, n := range ForumBreakdown {
		total += n
	}
	if total != 17140 || a.N != total {
		t.Fatalf("%d in the breakdown, %d in the archive, not 17,140", total, a.N)
	}
	kinds := shuffled(ForumBreakdown, forumSeed)
	counts, sampled := map[string]int{}, map[string]int{}
	for n, kind := range kinds {
		counts[kind]++
		if sampled[kind] >= 60 {
			continue
		}
		sampled[kind]++
		m := a.Message(n)
		if m.Truth.RFC9989.Category != kind || m.Truth.RFC7489.Category != kind {
			t.Errorf("message %d (%s) was made for %s: %s and %s", n, m.Truth.Scenario, kind, m.Truth.RFC9989.Category, m.Truth.RFC7489.Category)
		}
		checkVoices(t, a.Zone, m)
	}
	for kind, want := range ForumBreakdown {
		if counts[kind] != want {
			t.Errorf("%s: %d, not %d", kind, counts[kind], want)
		}
	}
}

// checkVoices asks go-msgauth and go/spf.
func checkVoices(t *testing.T, z *Zone, m *Message) {
	t.Helper()
	checkSPF(t, z, m)
	if m.Truth.DKIM == Any {
		return
	}
	if passed, _ := voice(t, z, m.Raw); (passed > 0) != (m.Truth.DKIM == "pass") {
		t.Errorf("%s: truth %q, go-msgauth verifies %d\n%s", m.Truth.Scenario, m.Truth.DKIM, passed, m.Raw)
	}
}

func TestBenchTruth(t *testing.T) {
	t.Parallel()
	a := Bench(150)
	for n := range a.N {
		checkVoices(t, a.Zone, a.Message(n))
	}
}

// TestArchiveBytes: neither the number of workers nor the length of the run
// changes the bytes; repeating repeats them.
func TestArchiveBytes(t *testing.T) {
	t.Parallel()
	write := func(n, repeat, workers int) []byte {
		dir := t.TempDir()
		if err := WriteBench(dir, n, repeat, workers); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "bench.mbox"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	one := write(30, 1, 1)
	if !bytes.Equal(write(30, 1, 8), one) {
		t.Error("eight workers write other bytes than one")
	}
	if !bytes.HasPrefix(write(40, 1, 4), one) {
		t.Error("40 messages do not begin with the 30")
	}
	if !bytes.Equal(write(30, 2, 4), append(bytes.Clone(one), one...)) {
		t.Error("repeat 2 is not twice the stream")
	}
}

// TestReservedNames: only names and addresses for documentation are published.
func TestReservedNames(t *testing.T) {
	t.Parallel()
	var nets []netip.Prefix
	for _, s := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "127.0.0.2/32"} {
		nets = append(nets, netip.MustParsePrefix(s))
	}
	for _, a := range []*Archive{{Zone: newCast().zone}, ForumPost(), Bench(1)} {
		for name, types := range a.Zone.records {
			if !strings.HasSuffix(name, ".example") && !strings.HasSuffix(name, ".test") && !strings.HasSuffix("."+name, ".example.org") {
				t.Errorf("%s is not reserved", name)
			}
			for _, data := range append(slices.Clone(types["A"]), types["AAAA"]...) {
				ip := netip.MustParseAddr(data)
				if !slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(ip) }) {
					t.Errorf("%s has %s, which is not reserved", name, data)
				}
			}
		}
	}
}

// TestTruthTable: every cell is a word of the contract, every offset in an mbox
// file is that of a From_ line, and no category lacks an example.
func TestTruthTable(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(shipped, "truth.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{
		"category": strings.Join(categories, " "), "category_rfc7489": strings.Join(categories, " "),
		"spf_result":  "none neutral pass fail softfail temperror permerror",
		"dkim_result": "none pass fail policy neutral temperror permerror",
		"arc_result":  "none pass fail", "dmarc_result": "none pass fail temperror permerror",
		"dmarc_policy": "none quarantine reject", "disposition": "none quarantine reject",
		"spf_alignment": "strict relaxed none", "dkim_alignment": "strict relaxed none",
		"client_ip_source": "received received_spf none", "authenticated": "true false",
	}
	for _, name := range []string{"spf_alignment", "dkim_alignment", "dmarc_result", "dmarc_policy", "disposition"} {
		words[name+"_rfc7489"] = words[name]
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	seen := make(map[string]bool)
	for _, line := range lines[1:] {
		checkOffset(t, strings.Split(line, "\t"))
		for i, cell := range strings.Split(line, "\t") {
			allowed := words[truthHeader[i]]
			for _, word := range strings.Split(cell, "|") {
				if allowed != "" && word != "" && word != Any && !strings.Contains(" "+allowed+" ", " "+word+" ") {
					t.Errorf("column %s: %q in %q", truthHeader[i], word, line)
				}
			}
			if truthHeader[i] == "category" {
				seen[cell] = true
			}
		}
	}
	for _, c := range categories {
		// Nothing in either rule book makes DMARC itself a permerror.
		if !seen[c] && c != "permerror" {
			t.Errorf("no message of category %s", c)
		}
	}
}

func checkOffset(t *testing.T, cells []string) {
	t.Helper()
	if !strings.HasSuffix(cells[0], ".mbox") {
		return
	}
	data, err := os.ReadFile(filepath.Join(shipped, cells[0]))
	if err != nil {
		t.Fatal(err)
	}
	offset, err := strconv.Atoi(cells[2])
	if err != nil || !bytes.HasPrefix(data[offset:], []byte("From ")) {
		t.Errorf("%s: no From_ line at offset %s", cells[0], cells[2])
	}
}
