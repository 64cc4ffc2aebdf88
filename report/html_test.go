package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// hostile is what mail, file names and logs may bring into any text.
var hostile = []string{
	`</script><script>document.title="owned"</script>`,
	`"><img src=x onerror="document.title='owned'">`,
	`' onmouseover='document.title="owned"' x='`,
	`javascript:document.title="owned"`,
	`--><svg onload=document.title='owned'>`,
	`</style><style>*{display:none}</style>`,
	`</title></td></table><base href="http://192.0.2.1/">`,
	`{{.}}{{template "stack"}}`,
	"`${alert(1)}`",
	`<!--<script>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	"\u202egpj.exe\u2066\x00\x1b[31m\xff\xfe\u2028",
	"+ADw-script+AD4-",
	`=HYPERLINK("http://192.0.2.1")`,
}

// fill puts text into every string that can be reached, two elements into every
// list, and a count into every number.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(text).Convert(v.Type().Key()), reflect.ValueOf(int64(3)))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), text)
			}
		}
	}
}

// filled is a report whose every text is the one given.
func filled(text string) *Report {
	r := new(Report)
	fill(reflect.ValueOf(r).Elem(), text)
	r.Timeline.Unit = Month
	r.Drift.Compared = map[string]int64{"spf": 3}
	r.Drift.Differ = map[string]int64{"spf": 2}
	return r
}

func render(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// structure are the elements of a page and their attributes, without any text
// but that of scripts and styles.
func structure(t testing.TB, page string) []string {
	t.Helper()
	var out []string
	z := html.NewTokenizer(strings.NewReader(page))
	for raw := ""; ; {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return out
		case html.TextToken:
			if raw == "style" || raw == "script" {
				out = append(out, z.Token().Data)
			}
		case html.CommentToken:
			out = append(out, "comment")
		default:
			token := z.Token()
			raw = token.Data
			out = append(out, token.String())
		}
	}
}

// TestHostileText gives every text of a report what could break out of it: the
// page has the same elements, attributes and scripts as with plain words.
func TestHostileText(t *testing.T) {
	t.Parallel()
	want := structure(t, render(t, filled("plain")))
	for _, text := range hostile {
		checkHostile(t, want, text)
	}
}

func FuzzHostileText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	want := structure(f, render(f, filled("plain")))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 0 && len(text) <= maxShown {
			checkHostile(t, want, text)
		}
	})
}

// checkHostile holds the page with a text in every place to the structure of one
// with a plain word.
func checkHostile(t *testing.T, want []string, text string) {
	t.Helper()
	page := render(t, filled(text))
	got := structure(t, page)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%q: from element %d on: %.300q, want %.300q", text, i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
	if seen := strings.TrimSpace(shown(text)); strings.Count(html.UnescapeString(page), seen) < 20 {
		t.Errorf("%q is not shown in full", text)
	}
	for _, c := range page {
		if c != '\n' && !strconv.IsGraphic(c) {
			t.Fatalf("%q: %U reaches the page", text, c)
		}
	}
}

// TestNothingIsFetched checks the page's policy: only its own scripts and styles
// by their hashes, no handler, no style and no address in any attribute.
func TestNothingIsFetched(t *testing.T) {
	t.Parallel()
	doc, err := html.Parse(strings.NewReader(render(t, filled("plain"))))
	if err != nil {
		t.Fatal(err)
	}
	policy, hashes := "", []string{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "http-equiv" {
				policy = n.Attr[1].Val
			}
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset" ||
				a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "style" || n.Data == "script" && len(n.Attr) == 0 {
			sum := sha256.Sum256([]byte(n.FirstChild.Data))
			hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		switch n.Data {
		case "link", "iframe", "object", "embed", "form", "base", "img", "audio", "video":
			t.Errorf("there is a <%s>", n.Data)
		}
	}
	if len(hashes) != 4 {
		t.Fatalf("%d scripts and styles, want 4", len(hashes))
	}
	want := "default-src 'none'; script-src " + hashes[2] + " " + hashes[3] + "; style-src " + hashes[0] + " " + hashes[1] +
		"; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("policy is\n%s\nwant\n%s", policy, want)
	}
}

// TestAccessibleTables checks that every table has headings with a scope, that
// every chart has a name, and that no identifier is there twice.
func TestAccessibleTables(t *testing.T) {
	t.Parallel()
	doc, err := html.Parse(strings.NewReader(render(t, filled("plain"))))
	if err != nil {
		t.Fatal(err)
	}
	seen, tables := map[string]bool{}, 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attrs := map[string]string{}
		for _, a := range n.Attr {
			attrs[a.Key] = a.Val
		}
		if id := attrs["id"]; id != "" && seen[id] {
			t.Errorf("two elements are #%s", id)
		} else {
			seen[id] = true
		}
		switch {
		case n.Data == "table":
			tables++
		case n.Data == "th" && attrs["scope"] == "":
			t.Error("a heading has no scope")
		case (attrs["role"] == "img" || attrs["role"] == "region") && attrs["aria-label"] == "":
			t.Errorf("a %s has no name", attrs["role"])
		case n.Data == "svg" && attrs["aria-hidden"] != "true":
			t.Error("a drawing without words is not hidden from who reads words")
		}
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "href" && !seen[strings.TrimPrefix(a.Val, "#")] || a.Key == "aria-labelledby" && !seen[a.Val] {
				t.Errorf("%s=%q names nothing", a.Key, a.Val)
			}
		}
	}
	if tables < 12 {
		t.Errorf("only %d tables", tables)
	}
}

func TestEmptyReport(t *testing.T) {
	t.Parallel()
	page := render(t, newTally().report())
	if !strings.Contains(page, "The dataset holds no message.") {
		t.Error("the headline does not say that there is no message")
	}
}
