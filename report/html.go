package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"
	"sync"
)

var (
	//go:embed template.html
	pageText string
	//go:embed assets/uPlot.iife.min.js
	chartScript string
	//go:embed assets/uPlot.min.css
	chartStyle string
	//go:embed assets/uPlot.LICENSE
	chartLicence string
	//go:embed assets/report.js
	ownScript string
	//go:embed assets/report.css
	ownStyle string
)

// page is parsed when first needed: other commands need none.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(functions).Parse(pageText))
})

// element is a script or style whose text is part of this program, and the hash
// by which the page's policy knows it.
type element struct {
	HTML template.HTML
	hash string
}

func newElement(name, text string) element {
	sum := sha256.Sum256([]byte(text))
	return element{
		HTML: template.HTML("<" + name + ">" + text + "</" + name + ">"),
		hash: "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// view is what the template is given.
type view struct {
	*Report
	Policy  string // Content-Security-Policy
	Styles  []element
	Scripts []element
	Licence string
	Chart   chart
}

// chart is the data of the charts: numbers and words of this program only.
type chart struct {
	Unit   Unit      `json:"unit"`
	Starts []int64   `json:"starts"` // seconds since 1970
	Labels []string  `json:"labels"`
	Counts [][]int64 `json:"counts"` // for each label, for each bucket
	Shares []share   `json:"shares"`
}

type share struct {
	Label string  `json:"label"`
	Part  []int64 `json:"part"`
	Whole []int64 `json:"whole"`
}

// WriteHTML writes the page. The error is one of w.
func (r *Report) WriteHTML(w io.Writer) error {
	v := view{
		Report:  r,
		Styles:  []element{newElement("style", chartStyle), newElement("style", ownStyle)},
		Scripts: []element{newElement("script", chartScript), newElement("script", ownScript)},
		Licence: chartLicence, Chart: r.Timeline.chart(),
	}
	v.Policy = policy(v.Scripts, v.Styles)
	return page().Execute(w, &v)
}

// policy forbids everything but the page's own scripts and styles.
func policy(scripts, styles []element) string {
	hashes := func(list []element) string {
		var all []string
		for _, e := range list {
			all = append(all, e.hash)
		}
		return strings.Join(all, " ")
	}
	return "default-src 'none'; script-src " + hashes(scripts) + "; style-src " + hashes(styles) +
		"; base-uri 'none'; form-action 'none'"
}

func (t *Timeline) chart() chart {
	c := chart{Unit: t.Unit, Labels: outcomePhrases[:], Starts: []int64{}, Counts: make([][]int64, outcomes)}
	bySPF, byDKIM, passed := share{Label: "SPF aligned"}, share{Label: "DKIM aligned"}, share{Label: "DMARC passed"}
	for i := range t.Buckets {
		b := &t.Buckets[i]
		c.Starts = append(c.Starts, b.Start.Unix())
		for o, n := range b.Outcomes {
			c.Counts[o] = append(c.Counts[o], n)
		}
		bySPF.add(b.SPF, b.Authored)
		byDKIM.add(b.DKIM, b.Authored)
		passed.add(b.Outcomes[Passed], b.Authored)
	}
	c.Shares = []share{byDKIM, bySPF, passed}
	return c
}

func (s *share) add(part, whole int64) {
	s.Part, s.Whole = append(s.Part, part), append(s.Whole, whole)
}
