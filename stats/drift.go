package stats

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
)

// DriftReason is the likely reason why a recomputed result is not what the
// receiver recorded on the day.
type DriftReason string

// The reasons, none of them certain.
const (
	DriftUnanswered    DriftReason = "dns_unanswered"     // the DNS that was asked now does not answer
	DriftReceiverDNS   DriftReason = "receiver_dns"       // the receiver's DNS failed on the day
	DriftClientUnknown DriftReason = "client_unknown"     // the client address is not known here
	DriftRecordChanged DriftReason = "record_changed"     // an SPF or DMARC record is another now
	DriftKeyGone       DriftReason = "key_gone"           // the key is not found, or revoked, now
	DriftKeyChanged    DriftReason = "key_changed"        // another key stands there, or the header was altered
	DriftExpired       DriftReason = "expired"            // x= had passed; the receiver does not judge it
	DriftRules         DriftReason = "rules_changed"      // today's rules refuse the algorithm or key
	DriftAltered       DriftReason = "altered_in_archive" // the body is not what the receiver saw
	DriftRepaired      DriftReason = "repaired"           // what the store changed was undone here
	DriftFollows       DriftReason = "follows"            // from a difference in SPF or DKIM
	DriftLocalPolicy   DriftReason = "local_policy"       // a disposition of the receiver's own
	DriftWording       DriftReason = "wording"            // two words for one failure
	DriftReceiver      DriftReason = "receiver"           // none of these: the receiver erred, or saw another state
)

var driftPhrases = map[DriftReason]string{
	DriftUnanswered:    "the DNS asked now does not answer",
	DriftReceiverDNS:   "the receiver's DNS failed on the day",
	DriftClientUnknown: "the client address is not known here",
	DriftRecordChanged: "the record has changed since",
	DriftKeyGone:       "the key is gone or revoked",
	DriftKeyChanged:    "the key was replaced, or the header altered",
	DriftExpired:       "the signature had expired",
	DriftRules:         "today's rules refuse the algorithm or key",
	DriftAltered:       "altered after the receiver saw it",
	DriftRepaired:      "the store's change was undone here",
	DriftFollows:       "follows from SPF or DKIM",
	DriftLocalPolicy:   "the receiver's own policy",
	DriftWording:       "another word for the same failure",
	DriftReceiver:      "the receiver erred, or saw another state",
}

// DriftColumns are the columns that DriftTally.Add counts, beside Columns.
var DriftColumns = []string{
	"source", "source_offset", "message_id", "recorded_spf", "recorded_dkim", "recorded_dmarc", "recorded_disposition",
	"spf_helo_result", "dmarc_passed_spf", "dmarc_passed_dkim",
}

// driftExamples is how many messages are listed for each difference.
const driftExamples = 3

// DriftTally counts where recorded and recomputed results differ. The zero
// value is ready.
type DriftTally struct {
	compared map[string]int64 // by method
	rows     map[driftKey]*DriftRow
	// messageID tells the Message-ID where the record does not: it is needed for
	// few.
	messageID func() string

	kinds driftKinds // memory for AddRows
}

type driftKey struct {
	method, recorded, computed string
	reason                     DriftReason
}

// DriftRow is one kind of difference.
type DriftRow struct {
	Method   string      `json:"method"` // spf, dkim, dmarc or disposition
	Recorded string      `json:"recorded"`
	Computed string      `json:"computed"`
	Reason   DriftReason `json:"reason"`
	Messages int64       `json:"messages"`
	// Examples are the first messages, for audit explain.
	Examples []DriftExample `json:"examples"`
}

// DriftExample is where a message is found again.
type DriftExample struct {
	Source    string `json:"source"`
	Offset    int64  `json:"offset"`
	MessageID string `json:"message_id"`
	ordinal   int64
}

// Drift is what a DriftTally counted.
type Drift struct {
	// Compared is how many messages have a recorded result, by method; Differ
	// how many of them differ.
	Compared map[string]int64 `json:"compared"`
	Differ   map[string]int64 `json:"differ"`
	Rows     []DriftRow       `json:"rows"` // the most frequent first
}

// Add compares one record.
func (t *DriftTally) Add(r *evaluate.Record) { t.add(r, 1) }

// add compares one record that stands for n.
func (t *DriftTally) add(r *evaluate.Record, n int64) {
	rec, v := &r.Evidence.Recorded, &r.Verdict
	computed := string(SPFResult(v))
	spfDiffers := t.compare(r, n, "spf", rec.SPF, computed, func() DriftReason { return spfDrift(r) })
	dkimDiffers := t.compare(r, n, "dkim", rec.DKIM, string(DKIMResult(v)), func() DriftReason { return dkimDrift(r) })
	dmarcDiffers := t.compare(r, n, "dmarc", rec.DMARC, string(v.DMARC.Result), func() DriftReason {
		return dmarcDrift(r, spfDiffers || dkimDiffers)
	})
	t.compare(r, n, "disposition", rec.Disposition, string(v.Disposition), func() DriftReason {
		switch {
		case v.Category == evaluate.NonexistentDomain:
			return DriftRecordChanged // the domain had records when the receiver saw it
		case dmarcDiffers:
			return DriftFollows
		}
		return DriftLocalPolicy
	})
}

// compare counts one method and tells whether the results differ.
func (t *DriftTally) compare(r *evaluate.Record, n int64, method, recorded, computed string, why func() DriftReason) bool {
	if recorded == "" {
		return false
	}
	if t.compared == nil {
		t.compared, t.rows = map[string]int64{}, map[driftKey]*DriftRow{}
	}
	t.compared[method] += n
	if recorded == computed {
		return false
	}
	k := driftKey{method, recorded, computed, why()}
	row := t.rows[k]
	if row == nil {
		row = &DriftRow{Method: method, Recorded: recorded, Computed: computed, Reason: k.reason}
		t.rows[k] = row
	}
	row.Messages += n
	o := &r.Evidence.Origin
	e := DriftExample{Source: o.Source, Offset: o.Offset, ordinal: o.Ordinal}
	if !row.wants(&e) {
		return true
	}
	if e.MessageID = r.Evidence.MessageID; t.messageID != nil {
		e.MessageID = t.messageID()
	}
	row.example(e)
	return true
}

func (e *DriftExample) compare(o *DriftExample) int {
	return cmp.Or(cmp.Compare(e.ordinal, o.ordinal), cmp.Compare(e.Source, o.Source), cmp.Compare(e.Offset, o.Offset))
}

// wants tells whether a message comes before one of the examples, or there are
// too few.
func (d *DriftRow) wants(e *DriftExample) bool {
	n := len(d.Examples)
	return n < driftExamples || e.compare(&d.Examples[n-1]) < 0
}

// example keeps the first ones by their place in the run.
func (d *DriftRow) example(e DriftExample) {
	at, _ := slices.BinarySearchFunc(d.Examples, e, func(a, b DriftExample) int { return a.compare(&b) })
	if d.Examples = slices.Insert(d.Examples, at, e); len(d.Examples) > driftExamples {
		d.Examples = d.Examples[:driftExamples]
	}
}

// Merge adds another tally, which stays as it is.
func (t *DriftTally) Merge(o *DriftTally) {
	if t.compared == nil {
		t.compared, t.rows = map[string]int64{}, map[driftKey]*DriftRow{}
	}
	for m, n := range o.compared {
		t.compared[m] += n
	}
	for k, row := range o.rows {
		mine := t.rows[k]
		if mine == nil {
			mine = &DriftRow{Method: row.Method, Recorded: row.Recorded, Computed: row.Computed, Reason: row.Reason}
			t.rows[k] = mine
		}
		mine.Messages += row.Messages
		for _, e := range row.Examples {
			mine.example(e)
		}
	}
}

// Drift lists the differences.
func (t *DriftTally) Drift() Drift {
	d := Drift{Compared: fill(t.compared), Differ: map[string]int64{}, Rows: []DriftRow{}}
	for _, row := range t.rows {
		d.Differ[row.Method] += row.Messages
		d.Rows = append(d.Rows, *row)
	}
	slices.SortFunc(d.Rows, func(a, b DriftRow) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Method, b.Method),
			cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Computed, b.Computed), cmp.Compare(a.Reason, b.Reason))
	})
	return d
}

func spfDrift(r *evaluate.Record) DriftReason {
	o, recorded := r.Verdict.SPF, spf.Result(r.Evidence.Recorded.SPF)
	switch {
	case o == nil || o.Reason == spf.NoClient:
		return DriftClientUnknown
	case o.Result == spf.TempError:
		return DriftUnanswered
	case recorded == spf.TempError:
		return DriftReceiverDNS
	case r.Verdict.SPFHelo != nil && r.Verdict.SPFHelo.Result == recorded:
		return DriftReceiver // it judged HELO
	}
	return DriftRecordChanged
}

func dkimDrift(r *evaluate.Record) DriftReason {
	v, recorded := &r.Verdict, dkim.Result(r.Evidence.Recorded.DKIM)
	if recorded == dkim.TempError {
		return DriftReceiverDNS
	}
	if DKIMResult(v) == dkim.Pass {
		if v.DKIMBest < len(r.Evidence.Signatures) && r.Evidence.Signatures[v.DKIMBest].Repaired {
			return DriftRepaired
		}
		return DriftReceiver
	}
	if DKIMResult(v) == dkim.TempError {
		return DriftUnanswered
	}
	if recorded != dkim.Pass {
		return DriftWording
	}
	if v.DKIMBest < 0 {
		return DriftAltered // the signature is no longer there
	}
	return brokenDrift(&v.DKIM[v.DKIMBest])
}

// brokenDrift is why a signature that passed on the day does not now.
func brokenDrift(o *dkim.Outcome) DriftReason {
	switch o.Reason {
	case dkim.KeyNotFound, dkim.KeyRevoked:
		return DriftKeyGone
	case dkim.Expired:
		return DriftExpired
	case dkim.AlgorithmObsolete, dkim.KeyTooSmall:
		return DriftRules
	case dkim.BodyHashMismatch:
		return DriftAltered
	}
	switch o.Result {
	case dkim.TempError:
		return DriftUnanswered
	case dkim.Fail, dkim.PermError:
		return DriftKeyChanged
	}
	return DriftReceiver
}

func dmarcDrift(r *evaluate.Record, follows bool) DriftReason {
	recorded := dmarc.Result(r.Evidence.Recorded.DMARC)
	switch {
	case r.Verdict.DMARC.Result == dmarc.TempError:
		return DriftUnanswered
	case recorded == dmarc.TempError:
		return DriftReceiverDNS
	case recorded == dmarc.None || r.Verdict.DMARC.Result == dmarc.None:
		return DriftRecordChanged
	case follows:
		return DriftFollows
	}
	return DriftReceiver
}

// WriteText prints the differences for a terminal of 80 columns.
func (d *Drift) WriteText(w io.Writer) error {
	p := &printer{w: w, width: 7}
	p.line("")
	if len(d.Compared) == 0 {
		p.line("No recorded results: name the receiver with --authserv-id when running.")
		return p.err
	}
	p.line("Recorded against recomputed:")
	for _, m := range []string{"spf", "dkim", "dmarc", "disposition"} {
		if n := d.Compared[m]; n > 0 {
			p.line("  %-12s %s compared, %s differ (%s)", m, group(n), group(d.Differ[m]), trimPercent(d.Differ[m], n))
		}
	}
	if len(d.Rows) == 0 {
		return p.err
	}
	p.line("")
	p.line("  %7s  %-11s  %-23s  %s", "", "", "recorded -> recomputed", "likely because")
	for i := range d.Rows {
		row := &d.Rows[i]
		p.line("  %*s  %-11s  %-23s  %s", p.width, group(row.Messages), row.Method,
			clip(row.Recorded, 10)+" -> "+clip(row.Computed, 10), clip(driftPhrases[row.Reason], 43))
		if i < 5 && len(row.Examples) > 0 {
			e := row.Examples[0]
			p.line("  %*s  for example %s", p.width, "", clipLeft(fmt.Sprintf("%s:%d", e.Source, e.Offset), 57))
		}
	}
	return p.err
}

// trimPercent is percent without its padding.
func trimPercent(n, of int64) string { return trimLeft(percent(n, of)) }

func trimLeft(s string) string {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

// clipLeft keeps the end of a text, where the file name and the offset are.
func clipLeft(s string, n int) string {
	s = clip(s, len(s)*6+8)
	if len(s) > n {
		return "..." + s[len(s)-n+3:]
	}
	return s
}
