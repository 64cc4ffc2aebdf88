package sink

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Change is a row of the table changes: a message that another policy, other
// rules or other habits of receivers would have treated differently, or of which
// that cannot be told.
type Change struct {
	Source          string // with Offset, where audit explain finds it
	Offset, Ordinal int64
	ReceivedAt      time.Time
	Author          string
	ListID          string
	ClientIP        netip.Addr

	FromCategory, ToCategory       string
	FromDisposition, ToDisposition string
	OverrideType, OverrideComment  string
	Reason, PolicyDomain           string
	Policy, PolicyTag              string
	// Unjudged is why it cannot be told; the To fields are empty then.
	Unjudged string

	Sender, SenderBasis, SenderClass, SenderConfidence string
	SenderEvidence                                     []string
}

// ChangesTable is the name of the table that a what-if writes. It is no table of a
// dataset: see [OpenTable].
const ChangesTable = "changes"

// changesTable is the table changes. It is no part of a dataset: it has a
// directory of its own.
func changesTable() *table[*Change] {
	const dispositions = policyWords
	text := func(name, doc string, at func(*Change) *string) column[*Change] {
		return textColumn(name, shared, doc, at)
	}
	words := func(name, doc, list string, at func(*Change) *string) column[*Change] {
		return wordColumn(name, doc, list, at)
	}
	return &table[*Change]{
		name: ChangesTable,
		doc:  "One row for each message that a what-if would treat differently, or that it cannot judge, in input order. Not part of a dataset: audit whatif --out writes it to a folder of its own.",
		columns: append(items(
			always(textColumn("source", grouped, "Path as given; a member of an archive as path!member.", func(c *Change) *string { return &c.Source })),
			int64Column("source_offset", "Where the unit begins in the uncompressed source, bytes.", func(c *Change) *int64 { return &c.Offset }),
			int64Column("ordinal", "Position in the run, from 0: joins the table messages.", func(c *Change) *int64 { return &c.Ordinal }),
			timeColumn("received_at", "Arrival at the boundary of the receiver's network.", func(c *Change) *timeType { return &c.ReceivedAt }),
			text("header_from_domain", "The author domain.", func(c *Change) *string { return &c.Author }),
			text("list_id", "The identifier of List-Id, lower case.", func(c *Change) *string { return &c.ListID }),
			changeClient(),
			words("from_disposition", "What became of it, as the dataset and the baseline have it.", dispositions, func(c *Change) *string { return &c.FromDisposition }),
			words("to_disposition", "What would become of it; null where that cannot be told.", dispositions, func(c *Change) *string { return &c.ToDisposition }),
			words("from_category", "Its place in the breakdown.", categoryWords(), func(c *Change) *string { return &c.FromCategory }),
			words("to_category", "Its place in the breakdown as it would be; null where that cannot be told.", categoryWords(), func(c *Change) *string { return &c.ToCategory }),
			textColumn("unjudged", word, "Why it cannot be told, a stable word.", func(c *Change) *string { return &c.Unjudged }),
			textColumn("dmarc_reason", word, "Why the result would be what it is; null where DMARC was not decided again.", func(c *Change) *string { return &c.Reason }),
			text("dmarc_policy_domain", "Where the policy record would be found.", func(c *Change) *string { return &c.PolicyDomain }),
			words("dmarc_policy", "The policy that would apply, before t and pct.", policyWords, func(c *Change) *string { return &c.Policy }),
			words("dmarc_policy_tag", "The tag that gives it.", "p sp np", func(c *Change) *string { return &c.PolicyTag }),
			textColumn("override_type", word, "Why the disposition would be milder than the policy.", func(c *Change) *string { return &c.OverrideType }),
			text("override_comment", "More on the override, for people.", func(c *Change) *string { return &c.OverrideComment }),
			text("sender", "Who sent it, as people know senders: a domain, a network, or unknown.", func(c *Change) *string { return &c.Sender }),
			words("sender_basis", "What it is named by.", "none signature return_path helo reverse_name arc_seal network", func(c *Change) *string { return &c.SenderBasis }),
			words("sender_class", "What kind of sender it seems to be.", "unknown own own_unaligned third_party mailing_list forwarder likely_forgery", func(c *Change) *string { return &c.SenderClass }),
			words("sender_confidence", "How much the evidence for that weighs.", "low medium high", func(c *Change) *string { return &c.SenderConfidence }),
		), stringList("sender_evidence", word, "What speaks for or against it, stable words.", func(c *Change) *[]string { return &c.SenderEvidence })),
	}
}

func changeClient() column[*Change] {
	return column[*Change]{
		name: "client_ip", kind: shared, doc: "Address of the SMTP client at the boundary.",
		put: each(func(c *Change, s *scratch) parquet.Value {
			if !c.ClientIP.IsValid() {
				return parquet.Value{}
			}
			return s.take(c.ClientIP.AppendTo(s.room(39 + len(c.ClientIP.Zone()) + 1)))
		}),
		get: func(c *Change, v *value) {
			if !v.null {
				c.ClientIP, _ = netip.ParseAddr(v.s)
			}
		},
	}
}

// ChangesWriter writes the table changes into a directory of its own:
//
//	DIR/changes/part-00000.parquet
//	DIR/whatif.json                 the report, written last
type ChangesWriter struct {
	dir   string
	opts  Options
	table *tableWriter[*Change]
}

// reportName is the file that tells that the table is complete.
const reportName = "whatif.json"

// CreateChanges begins a table of changes. The error is ErrExists where the
// directory holds one, or a dataset, unless overwrite is set; a dataset is never
// overwritten.
func CreateChanges(dir, createdBy string, overwrite bool) (*ChangesWriter, error) {
	for _, name := range [...]string{manifestName, checkpointName, reportName, "changes"} {
		there, err := exists(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if there && (!overwrite || name == manifestName || name == checkpointName) {
			return nil, fmt.Errorf("%s: %w", dir, ErrExists)
		}
	}
	if err := removeFiles(dir, reportName); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	w := &ChangesWriter{dir: dir, opts: Options{CreatedBy: createdBy}}
	if err := w.opts.complete(); err != nil {
		return nil, err
	}
	w.table = newTableWriter(changesTable(), dir, &w.opts, &privacy{mode: AddressesNone}) // no column holds a local part
	return w, w.table.begin(partName(ChangesTable, 0))
}

// Write adds a row and takes it over.
func (w *ChangesWriter) Write(c *Change) error { return w.table.append(c, c.Ordinal) }

// Commit finishes the table and adds the report, which makes it complete.
func (w *ChangesWriter) Commit(report []byte) error {
	if err := synced(w.table.seal); err != nil {
		return err
	}
	if err := synced(w.table.publish); err != nil {
		return err
	}
	return writeAtomic(filepath.Join(w.dir, reportName), report, nil)
}

// Close gives up what is not committed. After Commit it does nothing.
func (w *ChangesWriter) Close() error {
	w.table.abandon()
	return nil
}

// ErrNoChanges is the error of OpenTable where a folder has no complete table of
// changes.
var ErrNoChanges = errors.New("no table of changes, such as audit whatif --out writes")

// OpenTable opens what has a table: a dataset, or for the table changes the folder
// of a what-if, of which only that table can be exported. The error is one of
// Open, or ErrNoChanges.
func OpenTable(dir, table string) (*Dataset, error) {
	if table != ChangesTable {
		return Open(dir)
	}
	if whole, err := exists(filepath.Join(dir, reportName)); err != nil || !whole {
		return nil, cmp.Or(err, fmt.Errorf("%s: %w", dir, ErrNoChanges))
	}
	p, err := changesPart(dir)
	if err != nil {
		return nil, err
	}
	return &Dataset{dir: dir, changes: []Part{p}}, nil
}

// changesPart is the table of changes of a folder.
func changesPart(dir string) (Part, error) {
	p := newPart(partName(ChangesTable, 0))
	st, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p.Path)))
	if err == nil {
		p.Bytes = st.Size()
	}
	return p, err
}

// ReadChanges calls row for each row of a table of changes until it returns
// false. The row may be kept.
func ReadChanges(dir string, row func(*Change) bool) error {
	p, err := changesPart(dir)
	if err != nil {
		return err
	}
	fresh := func() *Change { return new(Change) }
	_, err = scanPart(dir, p, changesTable(), nil, fresh, row)
	return err
}
