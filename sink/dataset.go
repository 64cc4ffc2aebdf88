package sink

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
)

// addressesKey is the metadata key that says what became of local parts.
const addressesKey = "audit.addresses"

// ErrIncomplete is the error of Open where a run has not finished.
var ErrIncomplete = errors.New("the run that writes this dataset has not finished; it can be resumed")

// ErrNoDataset is the error of Open where there is no dataset.
var ErrNoDataset = errors.New("no dataset")

// Dataset is a dataset to read. It may be used by many goroutines at once.
type Dataset struct {
	Manifest Manifest
	// KeepHashes has Records give the hashes of local parts in their place,
	// where the dataset has hashes, to be written to another one. Nobody may
	// take them for local parts: LocalsWithheld tells.
	KeepHashes bool
	dir        string
	changes    []Part // see OpenTable
}

// Open opens a finished dataset. The error is ErrNoDataset, ErrIncomplete or one
// of the file system.
func Open(dir string) (*Dataset, error) {
	d := &Dataset{dir: dir}
	err := readJSON(filepath.Join(dir, manifestName), &d.Manifest)
	if errors.Is(err, fs.ErrNotExist) {
		if begun, _ := exists(filepath.Join(dir, checkpointName)); begun {
			return nil, fmt.Errorf("%s: %w", dir, ErrIncomplete)
		}
		if whatif, _ := exists(filepath.Join(dir, reportName)); whatif {
			return nil, fmt.Errorf("%s: %w, only the table changes of a what-if", dir, ErrNoDataset)
		}
		return nil, fmt.Errorf("%s: %w", dir, ErrNoDataset)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// OpenIncomplete opens a dataset as far as it is written; of its manifest, only
// what the writer fills in is there. A finished one is opened whole.
func OpenIncomplete(dir string) (*Dataset, error) {
	d, err := Open(dir)
	if !errors.Is(err, ErrIncomplete) {
		return d, err
	}
	var c checkpoint
	if err := readJSON(filepath.Join(dir, checkpointName), &c); err != nil {
		return nil, err
	}
	return &Dataset{dir: dir, Manifest: Manifest{
		SchemaVersion: c.SchemaVersion, Addresses: c.Addresses, Tables: c.Tables, DNSWithheld: c.DNSWithheld,
	}}, nil
}

// Dir is where the dataset is.
func (d *Dataset) Dir() string { return d.dir }

// Records yields every record, with the parts filled in that the named columns
// hold: "spf_result", "dkim", "dkim.reason"; without names, all of them. The
// first error ends it. A column that does not exist is an *UnknownColumnError.
//
// The record, and everything it points to, is used again for the next one: who
// keeps more than strings and bytes of it must copy. Its Answers are nil: what
// the verdicts rest on is in the table dns.
func (d *Dataset) Records(columns ...string) iter.Seq2[*evaluate.Record, error] {
	return d.records(d.Manifest.Tables.Messages, columns)
}

// Parts is how many parts the table messages has. In the order of their numbers
// they are in that of the input, but for the parts of a generation, whose rows lie
// between each other.
func (d *Dataset) Parts() int { return len(d.Manifest.Tables.Messages) }

// PartRecords is Records for one part, from 0: parts may be read side by side.
func (d *Dataset) PartRecords(part int, columns ...string) iter.Seq2[*evaluate.Record, error] {
	return d.records(d.Manifest.Tables.Messages[part:part+1], columns)
}

func (d *Dataset) records(parts []Part, columns []string) iter.Seq2[*evaluate.Record, error] {
	return func(yield func(*evaluate.Record, error) bool) {
		t := messagesTable()
		sel, err := parseSelection(t.name, t.infos(), columns)
		if err != nil {
			yield(nil, err)
			return
		}
		s := store{
			withheld: d.Manifest.Addresses != AddressesFull,
			hashed:   d.Manifest.Addresses == AddressesHash && !d.KeepHashes,
		}
		row := func(r *row) bool {
			s.settle()
			return yield(r.Record, nil)
		}
		for _, together := range inOrder(parts) {
			more, err := scanParts(d.dir, together, t, sel, s.fresh, row)
			if err != nil {
				yield(nil, err)
			}
			if !more {
				return
			}
		}
	}
}

// DNS yields every answer of the table dns in order of first use. Answers are
// new each time: they may be kept.
func (d *Dataset) DNS() iter.Seq2[*dns.Answer, error] {
	return readDNSParts(d.dir, d.Manifest.Tables.DNS)
}

// ReadDNS yields the DNS answers of a dataset, finished or not.
func ReadDNS(dir string) iter.Seq2[*dns.Answer, error] {
	return func(yield func(*dns.Answer, error) bool) {
		d, err := OpenIncomplete(dir)
		if err != nil {
			yield(nil, err)
			return
		}
		d.DNS()(yield)
	}
}

func readDNSParts(dir string, parts []Part) iter.Seq2[*dns.Answer, error] {
	return func(yield func(*dns.Answer, error) bool) {
		t := dnsTable()
		for _, p := range parts {
			fresh := func() *dnsRow { return &dnsRow{Answer: new(dns.Answer)} }
			more, err := scanPart(dir, p, t, nil, fresh, func(r *dnsRow) bool { return yield(r.Answer, nil) })
			if err != nil {
				yield(nil, err)
			}
			if !more {
				return
			}
		}
	}
}

// Problems yields every row of the table problems.
func (d *Dataset) Problems() iter.Seq2[*Problem, error] {
	return func(yield func(*Problem, error) bool) {
		t := problemsTable()
		for _, p := range d.Manifest.Tables.Problems {
			fresh := func() *Problem { return new(Problem) }
			more, err := scanPart(d.dir, p, t, nil, fresh, func(r *Problem) bool { return yield(r, nil) })
			if err != nil {
				yield(nil, err)
			}
			if !more {
				return
			}
		}
	}
}

// sortedKeys are the keys of both maps in order.
func sortedKeys(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = make(map[string]string)
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
