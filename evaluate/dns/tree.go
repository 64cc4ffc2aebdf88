package dns

import (
	"slices"
	"strings"
)

// typeDNAME is asked by nobody, but redirects names (RFC 6672).
const typeDNAME Type = 39

// MaxChain is the number of CNAMEs followed for one question, as BIND's and
// Unbound's limits are (16 and 11). A longer chain is a [Loop].
const MaxChain = 16

// tree holds the records of master files by name. It is not safe for writers;
// readers may share it.
type tree struct {
	// names has the first record of each name that exists, and noRecord for
	// those that exist only because of names below them (RFC 4592 section
	// 2.2.2) or by records that nobody asks for.
	names   map[string]int32
	records []record
}

// record is one entry of a name's list. Lists are linked by index: a name
// without records costs nothing and a million names no slices.
type record struct {
	next  int32
	ttl   uint32
	typ   Type // anyType for directives that speak for all types
	fault fault
	data  string
}

const (
	noRecord int32 = -1
	anyType  Type  = 0
)

// fault is what a directive says in place of data.
type fault uint8

// The faults; noFault is an ordinary record. From firstKind on they are the
// failureKinds in order.
const (
	noFault fault = iota
	faultNotRecorded
	faultNXDomain
	faultNoData
	firstKind
)

func newTree() *tree { return &tree{names: map[string]int32{}} }

// add adds a record; the names above it exist from then on.
func (t *tree) add(name string, r record) {
	first, ok := t.names[name]
	if !ok {
		first = noRecord
		if r.fault != faultNXDomain {
			t.addParents(name)
		}
	}
	r.next = first
	t.records = append(t.records, r)
	t.names[name] = int32(len(t.records) - 1)
}

// exist makes a name exist without data.
func (t *tree) exist(name string) {
	if _, ok := t.names[name]; !ok {
		t.names[name] = noRecord
		t.addParents(name)
	}
}

func (t *tree) addParents(name string) {
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return
		}
		if _, ok := t.names[parent]; ok {
			return
		}
		t.names[parent] = noRecord
		name = parent
	}
}

// owner returns the list of records that answer for a name: its own, those of
// the wildcard below its closest encloser (RFC 4592 section 3.3.1), or those of
// a name above it that a directive says does not exist (RFC 8020). encloser is
// set, beside false, to the closest encloser where nothing answers.
func (t *tree) owner(name string) (first int32, encloser string, ok bool) {
	if first, ok := t.names[name]; ok {
		return first, "", true
	}
	for parent := name; ; {
		var more bool
		if _, parent, more = strings.Cut(parent, "."); !more {
			first, ok := t.names["*"]
			return first, "", ok
		}
		above, exists := t.names[parent]
		if exists && t.missing(above) {
			return above, "", true
		}
		if first, ok := t.names["*."+parent]; ok {
			return first, "", true
		}
		if exists {
			return noRecord, parent, false
		}
	}
}

// missing tells whether a list says that its name does not exist.
func (t *tree) missing(first int32) bool {
	return first != noRecord && t.records[first].fault == faultNXDomain
}

// found is what a tree says of one name and type, before any CNAME is followed.
type found struct {
	status  Status
	kind    FailureKind
	records []string
	ttl     uint32
	target  string // the CNAME, where it is to be followed
}

// find looks one name up. It tells whether the tree has records or directives
// for that name, its wildcard included; without them the status is NoData for a
// name that exists by the names below it, else NXDomain.
func (t *tree) find(name string, typ Type) (found, bool) {
	first, encloser, ok := t.owner(name)
	if !ok {
		return t.redirected(name, encloser)
	}
	if first == noRecord {
		return found{status: NoData}, false
	}
	f := found{status: NoData}
	alias := found{}
	for i := first; i != noRecord; i = t.records[i].next {
		r := &t.records[i]
		switch {
		case r.fault != noFault:
			if r.typ == anyType || r.typ == typ {
				return r.fault.found(), true
			}
		case r.typ == typ:
			f.add(r)
		case r.typ == TypeCNAME:
			alias.add(r)
		}
	}
	if len(f.records) == 0 && len(alias.records) > 0 {
		// Several CNAMEs are an error (RFC 2181 section 10.1); the same one of
		// them is taken each time.
		alias.target = slices.Min(alias.records)
		return alias, true
	}
	slices.Sort(f.records)
	f.records = slices.Compact(f.records)
	return f, true
}

func (f *found) add(r *record) {
	if len(f.records) == 0 || r.ttl < f.ttl {
		f.ttl = r.ttl
	}
	f.status = Success
	f.records = append(f.records, r.data)
}

// redirected answers for a name that does not exist: by a DNAME at its closest
// encloser (RFC 6672 section 3.2) it has a CNAME.
func (t *tree) redirected(name, encloser string) (found, bool) {
	first, ok := t.names[encloser]
	for i := first; ok && i != noRecord; i = t.records[i].next {
		if r := &t.records[i]; r.typ == typeDNAME && r.fault == noFault {
			target := strings.TrimSuffix(name, encloser) + r.data
			return found{status: Success, records: []string{target}, ttl: r.ttl, target: target}, true
		}
	}
	return found{status: NXDomain}, false
}

func (f fault) found() found {
	switch f {
	case faultNotRecorded:
		return found{status: NotRecorded}
	case faultNXDomain:
		return found{status: NXDomain}
	case faultNoData:
		return found{status: NoData}
	}
	return found{status: Failure, kind: failureKinds[f-firstKind]}
}
