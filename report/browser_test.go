package report

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// browserTime is how long a browser may take on a busy machine.
const browserTime = 90 * time.Second

// browser finds a Chromium, or skips.
func browser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes too long for -short")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium to look at a report with")
	return ""
}

// dump opens a page and gives what became of it, and what the console said.
func dump(t *testing.T, chromium, page, hash string) (doc *html.Node, console []string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	defer cancel()
	c := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-extensions", "--enable-logging=stderr", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--virtual-time-budget=3000", "--dump-dom", "file://"+path+hash)
	c.WaitDelay = time.Second
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	if err := c.Run(); err != nil {
		t.Skipf("%s does not run here: %v\n%.2000s", chromium, err, &diag)
	}
	for line := range strings.Lines(diag.String()) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, line)
		}
	}
	doc, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	return doc, console
}

// text is all text below a node.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// find lists the elements of a kind that carry an attribute.
func find(n *html.Node, element, key, value string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type != html.ElementNode || d.Data != element {
			continue
		}
		for _, a := range d.Attr {
			if a.Key == key && (value == "" || a.Val == value) {
				out = append(out, d)
			}
		}
	}
	return out
}

// TestInBrowser opens a report of hostile texts: nothing is fetched, nothing
// runs but the page's own script, which draws, sorts and filters.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()

	tl := newTally()
	for i := range 390 {
		tl.add(record(i))
	}
	r := tl.report()
	for i, s := range append(hostile, `<img src="`+server.URL+`/">`, `<link rel=stylesheet href="`+server.URL+`/">`) {
		r.Domains = append(r.Domains, Domain{Name: s, Outcomes: Outcomes{Rejected: int64(1000 + i)}, Policy: s})
		r.Problems = append(r.Problems, Problem{Code: s, Rows: 1, Examples: []Example{{Source: s, Detail: s}}})
	}
	doc, console := dump(t, chromium, render(t, r), "#t-domains&sort=-2&filter=reject%20example")

	if len(console) > 0 {
		t.Errorf("the console says %q", console)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("%d requests", n)
	}
	if titles := find(doc, "html", "lang", "en"); len(titles) != 1 || !strings.Contains(text(doc), "Mail authentication report") {
		t.Error("that is not the report")
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "title" && n.FirstChild != nil && n.Namespace == "" && text(n) != "Mail authentication report" {
			t.Errorf("the title is %q", text(n))
		}
	}
	if charts := find(doc, "canvas", "width", ""); len(charts) != 2 {
		t.Errorf("%d charts, want 2", len(charts))
	}
	checkDomains(t, doc)
}

// checkDomains looks at the table that the link sorted by messages, the most
// first, and filtered.
func checkDomains(t *testing.T, doc *html.Node) {
	t.Helper()
	table := find(doc, "table", "id", "t-domains")
	if len(table) != 1 {
		t.Fatalf("%d tables of domains", len(table))
	}
	if sorted := find(table[0], "th", "aria-sort", "descending"); len(sorted) != 1 || !strings.Contains(text(sorted[0]), "Messages") {
		t.Errorf("%d headings are sorted by, want that of the messages", len(sorted))
	}
	names := find(table[0], "th", "scope", "row")
	if want := 7 + len(hostile) + 2; len(names) != want {
		t.Fatalf("%d rows, want %d", len(names), want)
	}
	if last := text(names[len(names)-1]); last != "d6.example" || !strings.Contains(text(names[0]), "<link rel=stylesheet") {
		t.Errorf("the rows run from %q to %q", text(names[0]), last)
	}
	if hidden := find(table[0], "tr", "hidden", ""); len(hidden) != 0 && len(hidden) != len(hostile)+2 {
		t.Errorf("%d rows are hidden, want those of hostile names", len(hidden))
	}
	if said := find(doc, "output", "aria-live", "polite"); len(said) == 0 || !strings.Contains(text(said[0]), "7 of ") {
		t.Error("the filter does not tell how many rows are left")
	}
}
