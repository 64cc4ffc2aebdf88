package impact

import (
	"strings"

	"mailaudit/sink"
)

// domain stands for the name of a domain within one worker: equal names have
// equal numbers, whatever row group they come from.
type domain int32

// noDomain is the empty name.
const noDomain domain = 0

// nameTable are the numbers of domains.
type nameTable struct {
	of  []string
	ids map[string]domain
}

func newNames() nameTable { return nameTable{of: []string{""}, ids: map[string]domain{"": noDomain}} }

// id is the number of a name.
func (n *nameTable) id(name string) domain {
	id, ok := n.ids[name]
	if !ok {
		id = domain(len(n.of))
		name = strings.Clone(name)
		n.of = append(n.of, name)
		n.ids[name] = id
	}
	return id
}

// domainColumn is a column of domains by their numbers. The name of a place in the
// dictionary is looked up once.
type domainColumn struct {
	*sink.Vector
	ids []domain // by place in the dictionary; -1: not looked up
}

// reset begins another row group.
func (d *domainColumn) reset(v *sink.Vector) {
	d.Vector = v
	d.ids = resize(d.ids, len(v.Dict))
	for i := range d.ids {
		d.ids[i] = -1
	}
}

// at is value i.
func (d *domainColumn) at(i int, all *nameTable) domain {
	c := d.Codes[i]
	if c < 0 {
		return noDomain
	}
	id := d.ids[c]
	if id < 0 {
		id = all.id(d.Dict[c])
		d.ids[c] = id
	}
	return id
}

// resultColumn is a column of results by what they say.
type resultColumn struct {
	*sink.Vector
	said []said // by place in the dictionary and one more: null
}

func (r *resultColumn) reset(v *sink.Vector) {
	r.Vector, r.said = v, r.said[:0]
	r.said = append(r.said, 0)
	for _, w := range v.Dict {
		r.said = append(r.said, saying(w))
	}
}

// at is what value i says.
func (r *resultColumn) at(i int) said { return r.said[r.Codes[i]+1] }

// resize is a slice of n elements, in the same memory where it is large enough.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
