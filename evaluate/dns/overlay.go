package dns

import (
	"context"
	"io"
)

// OverlaySource puts the records of a master file over another source.
type OverlaySource struct {
	tree *tree
	base Source // nil: nothing answers below
}

// Overlay reads a master file, or a folder of them, in the form of [Zone], and
// puts it over base. It speaks only for the names in it and owns each whole: a
// type that such a name lacks is "no data". Every other question falls through,
// that for a name which is there only because of names below it too.
//
// A wildcard speaks for the names it matches by the overlay's own names, and
// @nxdomain for all names below its own. CNAMEs lead from the overlay into base
// and from base into the overlay. base may be nil: what is not in the overlay is
// [NotRecorded] then.
func Overlay(path string, base Source) (*OverlaySource, error) {
	t, err := readTree(path)
	if err != nil {
		return nil, err
	}
	return &OverlaySource{t, base}, nil
}

// ReadOverlay is [Overlay] for the text of one master file; name is for errors.
func ReadOverlay(r io.Reader, name string, base Source) (*OverlaySource, error) {
	z, err := ReadZone(r, name)
	if err != nil {
		return nil, err
	}
	return &OverlaySource{z.tree, base}, nil
}

// Lookup implements [Source]. An answer that base alone gives is passed on as it
// is.
func (o *OverlaySource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if checkName(q.Name) != nil {
		return badName(q), nil
	}
	a := &Answer{Name: q.Name, Type: q.Type, Source: "overlay"}
	name := q.Name
	for {
		if f, ok := o.tree.find(name, q.Type); ok {
			if name = a.follow(&f); name == "" {
				return a, nil
			}
			continue
		}
		below, err := o.ask(ctx, Question{Name: name, Type: q.Type, At: q.At})
		if err != nil {
			return nil, err
		}
		owned := o.firstOwned(below, q.Type)
		if owned < 0 && len(a.CNAMEs) == 0 {
			return below, nil
		}
		if name = a.join(below, owned); name == "" {
			return a, nil
		}
	}
}

func (o *OverlaySource) ask(ctx context.Context, q Question) (*Answer, error) {
	if o.base == nil {
		return &Answer{Name: q.Name, Type: q.Type}, nil
	}
	return o.base.Lookup(ctx, q)
}

// firstOwned returns the index of the first CNAME target that the overlay speaks
// for, -1 where it speaks for none.
func (o *OverlaySource) firstOwned(a *Answer, t Type) int {
	for i, c := range a.CNAMEs {
		if _, ok := o.tree.find(c, t); ok {
			return i
		}
	}
	return -1
}

// join adds what another source answered for the name at the end of the chain:
// all of it, or where owned is not negative its CNAMEs up to that one, whose
// target is returned to be asked next.
func (a *Answer) join(b *Answer, owned int) (next string) {
	a.lowerTTL(b.TTL)
	a.ObservedAt, a.Nearest = b.ObservedAt, a.Nearest || b.Nearest
	both := span{a.Since, a.Until}
	both.narrow(b)
	a.Since, a.Until = both.since, both.until
	for i, c := range b.CNAMEs {
		if a.alias(c) == "" {
			return ""
		}
		if i == owned {
			return c
		}
	}
	a.Status, a.Kind, a.Records = b.Status, b.Kind, b.Records
	return ""
}

// History implements [Historian]: base's, for names that the overlay does not
// speak for.
func (o *OverlaySource) History(ctx context.Context, name string, t Type) ([]*Answer, error) {
	if _, ok := o.tree.find(name, t); ok {
		return nil, nil
	}
	return history(ctx, o.base, name, t)
}

// history asks a source that may be a Historian.
func history(ctx context.Context, s Source, name string, t Type) ([]*Answer, error) {
	if h, ok := s.(Historian); ok {
		return h.History(ctx, name, t)
	}
	return nil, nil
}
