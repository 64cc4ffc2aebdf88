package dns

import (
	"context"
	"io"
	"strings"
)

// ZoneSource answers from master files. It may be used by many goroutines.
type ZoneSource struct{ tree *tree }

// Zone reads a master file (RFC 1035 section 5), or a folder of them, into a
// source that speaks for every name: what the files lack does not exist.
// Delegations are ignored. CNAME and DNAME are followed, wildcards match (RFC
// 4592), and a name that exists only by the names below it has no data.
//
// Names are relative to the root until an $ORIGIN comes, so a file without one
// may leave final dots out. $TTL and $GENERATE are understood, $INCLUDE is
// refused: a folder does the same without reading files that nobody named.
// Records of other classes than IN are left out.
//
// A comment on a line of its own can say what no record can:
//
//	; @servfail broken.example.com      every type of the name fails
//	; @timeout  slow.example.com A TXT  these types of it
//	; @nxdomain gone.example.com        the name, and all below it, does not exist
//	; @nodata   bare.example.com        the name exists; types named have no data
//	; @not_recorded new.example.com     this source does not know
//
// The other failures are written likewise: refused, formerr, other_rcode,
// network, loop, too_large, bad_name. Names there follow $ORIGIN as those of
// records do.
//
// The error is a *[ZoneError] for what is wrong in a file, else that of the file
// system.
func Zone(path string) (*ZoneSource, error) {
	t, err := readTree(path)
	if err != nil {
		return nil, err
	}
	return &ZoneSource{t}, nil
}

// ReadZone is [Zone] for the text of one master file; name is for errors.
func ReadZone(r io.Reader, name string) (*ZoneSource, error) {
	m := master{tree: newTree()}
	if err := m.read(r, name); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return &ZoneSource{m.tree}, nil
}

// ParseZone is [ReadZone] for a string.
func ParseZone(text string) (*ZoneSource, error) {
	return ReadZone(strings.NewReader(text), "zone")
}

// Lookup implements [Source]. The view is the same at every moment.
func (z *ZoneSource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if checkName(q.Name) != nil {
		return badName(q), nil
	}
	a := &Answer{Name: q.Name, Type: q.Type, Source: "zone"}
	name := q.Name
	for {
		f, _ := z.tree.find(name, q.Type)
		if name = a.follow(&f); name == "" {
			return a, nil
		}
	}
}

// follow adds what was found to an answer in the making. It returns the name to
// ask next, empty where the answer is complete.
func (a *Answer) follow(f *found) string {
	if f.status == Success {
		a.lowerTTL(f.ttl)
	}
	if f.target == "" {
		a.Status, a.Kind, a.Records = f.status, f.kind, f.records
		if f.status == NotRecorded {
			*a = Answer{Name: a.Name, Type: a.Type}
		}
		return ""
	}
	return a.alias(f.target)
}

// alias notes a CNAME. It returns the target, empty where it is not to be asked:
// the answer is a failure then.
func (a *Answer) alias(target string) string {
	switch {
	case checkName(target) != nil:
		a.fail(BadName)
		return ""
	case len(a.CNAMEs) == MaxChain || target == a.Name:
		a.fail(Loop)
		return ""
	}
	for _, c := range a.CNAMEs {
		if c == target {
			a.fail(Loop)
			return ""
		}
	}
	a.CNAMEs = append(a.CNAMEs, target)
	return target
}

// fail makes an answer in the making a failure.
func (a *Answer) fail(kind FailureKind) {
	a.Status, a.Kind, a.Records = Failure, kind, nil
}

// badName is the answer to a question that cannot be asked. No source spoke.
func badName(q Question) *Answer {
	return &Answer{Name: q.Name, Type: q.Type, Status: Failure, Kind: BadName}
}
