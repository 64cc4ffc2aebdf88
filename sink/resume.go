package sink

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// checkpoint is what of the options must stay as it is.
func (w *Writer) checkpoint(keyCheck string) *checkpoint {
	return &checkpoint{
		Format:        checkpointFormat,
		SchemaVersion: w.opts.SchemaVersion,
		RowGroupRows:  w.opts.RowGroupRows,
		PartRows:      w.opts.PartRows,
		PartitionBy:   w.opts.PartitionBy,
		CreatedBy:     w.opts.CreatedBy,
		Addresses:     w.opts.Addresses,
		KeyCheck:      keyCheck,
		Run:           w.opts.Run,
	}
}

// resume takes up a dataset as its checkpoint says: what the checkpoint does not
// name is removed.
func (w *Writer) resume(c *checkpoint, keyCheck string) error {
	if err := c.differs(w.checkpoint(keyCheck)); err != nil {
		return err
	}
	for _, name := range tableNames {
		for _, p := range c.Tables.byName(name) {
			if err := p.check(w.dir); err != nil {
				return err
			}
		}
	}
	if err := removeFiles(w.dir, summaryName, spoolName); err != nil {
		return err
	}
	if err := removeParts(w.dir, c.Tables.names()); err != nil {
		return err
	}
	w.messages.parts, w.answers.parts, w.problems.parts = c.Tables.Messages, c.Tables.DNS, c.Tables.Problems
	if w.months != nil {
		w.months.resume(c.Tables.Messages)
	}
	w.withhold.count = c.DNSWithheld
	if c.Last != nil {
		w.last = c.Last
		w.last.Source = UnescapeText(w.last.Source)
	}
	w.state = State{NextOrdinal: c.NextOrdinal, Tables: c.Tables}
	if w.last != nil {
		last := *w.last
		w.state.Last = &last
	}
	w.until = c.NextOrdinal + w.opts.PartRows
	for a, err := range readDNSParts(w.dir, c.Tables.DNS) {
		if err != nil {
			return err
		}
		w.seen.contents[w.seen.key(a)] = struct{}{}
	}
	return nil
}

// check tells whether the part is there as it was written. Its size is enough:
// it was synced before the checkpoint named it.
func (p *Part) check(dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(p.Path))
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Size() != p.Bytes {
		return fmt.Errorf("%s has %d bytes, the checkpoint says %d", path, st.Size(), p.Bytes)
	}
	return nil
}

// differs names what is not as it was, nil for nothing.
func (c *checkpoint) differs(now *checkpoint) error {
	var errs []error
	differ := func(what string, was, is any) {
		if was != is {
			errs = append(errs, fmt.Errorf("%s was %v, is %v", what, was, is))
		}
	}
	differ("checkpoint format", c.Format, now.Format)
	differ("schema version", c.SchemaVersion, now.SchemaVersion)
	differ("rows of a row group", c.RowGroupRows, now.RowGroupRows)
	differ("rows of a part", c.PartRows, now.PartRows)
	differ("partition-by", c.PartitionBy.word(), now.PartitionBy.word())
	differ("program", c.CreatedBy, now.CreatedBy)
	differ("addresses", c.Addresses, now.Addresses)
	differ("key of the hashes", c.KeyCheck, now.KeyCheck)
	if !maps.Equal(c.Run, now.Run) {
		for _, k := range sortedKeys(c.Run, now.Run) {
			differ(k, c.Run[k], now.Run[k])
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrDiffers, errors.Join(errs...))
}
