package sink

import (
	"time"
)

// Manifest says what a finished dataset holds and where it came from. The
// caller gives the first half, the writer fills in the second.
type Manifest struct {
	// Program and Versions are the name and version of what wrote it and of
	// what its verdicts depend on (the Public Suffix List, say).
	Program  string            `json:"program"`
	Versions map[string]string `json:"versions,omitempty"`
	// Started and Finished are the only clock times of a dataset.
	Started  time.Time         `json:"started,omitzero"`
	Finished time.Time         `json:"finished,omitzero"`
	Inputs   []Input           `json:"inputs"`
	Flags    map[string]string `json:"flags,omitempty"`
	Counts   map[string]int64  `json:"counts,omitempty"` // by the caller's words

	SchemaVersion int       `json:"schema_version"`
	Addresses     Addresses `json:"addresses"`
	// PartitionBy is how the table messages is laid out.
	PartitionBy PartitionBy `json:"partition_by,omitempty"`
	Tables      Tables      `json:"tables"`
	// DNSWithheld counts the answers whose names held a local part, and which
	// were left out of the table dns for it.
	DNSWithheld int64 `json:"dns_withheld,omitempty"`
}

// Input is one input of a run.
type Input struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`             // bytes, as kept; -1 where unknown
	Digest string `json:"digest,omitempty"` // hex, with its algorithm before a colon
	State  string `json:"state"`            // "complete", "partial", "failed", "skipped"
}

// Tables are the parts of each table.
type Tables struct {
	Messages []Part `json:"messages"`
	DNS      []Part `json:"dns"`
	Problems []Part `json:"problems"`
}

// byName returns the parts of a table.
func (t *Tables) byName(name string) []Part {
	switch name {
	case "messages":
		return t.Messages
	case "dns":
		return t.DNS
	case "problems":
		return t.Problems
	}
	return nil
}

// names are the paths of all parts.
func (t *Tables) names() map[string]bool {
	m := make(map[string]bool)
	for _, name := range tableNames {
		for _, p := range t.byName(name) {
			m[p.Path] = true
		}
	}
	return m
}

// Rows is how many rows a list of parts has.
func Rows(parts []Part) int64 {
	n := int64(0)
	for _, p := range parts {
		n += p.Rows
	}
	return n
}

// checkpoint is the manifest of a dataset under way: the parts that count. It is
// replaced after each roll, and removed when the manifest is there.
type checkpoint struct {
	Format int `json:"format"` // layout of this file
	// What must be the same when the run is resumed, or its bytes would differ.
	SchemaVersion int               `json:"schema_version"`
	RowGroupRows  int               `json:"row_group_rows"`
	PartRows      int64             `json:"part_rows"`
	PartitionBy   PartitionBy       `json:"partition_by,omitempty"`
	CreatedBy     string            `json:"created_by"`
	Addresses     Addresses         `json:"addresses"`
	KeyCheck      string            `json:"key_check,omitempty"`
	Run           map[string]string `json:"run,omitempty"`

	NextOrdinal int64  `json:"next_ordinal"`
	Last        *Place `json:"last,omitempty"`
	DNSWithheld int64  `json:"dns_withheld,omitempty"`
	Tables      Tables `json:"tables"`
}

// checkpointFormat is the layout that this version writes and reads.
const checkpointFormat = 1

// Place is where a unit is in the input.
type Place struct {
	Source  string `json:"source"` // escaped like the column of that name
	Offset  int64  `json:"offset"`
	Length  int64  `json:"length"`
	Ordinal int64  `json:"ordinal"`
}
