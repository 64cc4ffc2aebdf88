package dns

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// Answers yields the records of the master files, one answer for each name and
// type that has any, by name. Wildcards are left out, as they are no names that
// anybody asks, and so are directives and DNAME.
func (z *ZoneSource) Answers() iter.Seq[*Answer] {
	return func(yield func(*Answer) bool) {
		for _, name := range slices.Sorted(maps.Keys(z.tree.names)) {
			if name == "*" || strings.HasPrefix(name, "*.") {
				continue
			}
			for _, a := range z.tree.answersOf(name) {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// answersOf returns the records of one name by type.
func (t *tree) answersOf(name string) []*Answer {
	byType := map[Type]*Answer{}
	for i := t.names[name]; i != noRecord; i = t.records[i].next {
		r := &t.records[i]
		if r.fault != noFault || r.typ == typeDNAME {
			continue
		}
		a := byType[r.typ]
		if a == nil {
			a = &Answer{Name: name, Type: r.typ, Status: Success, Source: "zone", TTL: r.ttl}
			byType[r.typ] = a
		}
		a.Records = append(a.Records, r.data)
		a.TTL = min(a.TTL, r.ttl)
	}
	out := make([]*Answer, 0, len(byType))
	for _, typ := range slices.Sorted(maps.Keys(byType)) {
		a := byType[typ]
		slices.Sort(a.Records)
		a.Records = slices.Compact(a.Records)
		out = append(out, a)
	}
	return out
}
