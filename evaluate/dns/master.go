package dns

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// ZoneError is what is wrong with a master file, and where.
type ZoneError struct {
	File         string
	Line, Column int // from 1; Column is 0 where only the line is known
	Detail       string
}

func (e *ZoneError) Error() string {
	s := e.File + ":" + strconv.Itoa(e.Line)
	if e.Column > 0 {
		s += ":" + strconv.Itoa(e.Column)
	}
	return s + ": " + e.Detail
}

// readTree reads a master file, or every master file of a folder and the
// folders below it, in the order of their names. Files whose names begin with a
// dot or end with "~" are left out there.
func readTree(path string) (*tree, error) {
	t := newTree()
	m := master{tree: t}
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if file != path && (strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~")) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := os.Stat(file) // a link counts as what it leads to
		if err != nil || info.IsDir() {
			return err
		}
		return m.readFile(file)
	})
	if err == nil {
		err = m.check()
	}
	return t, err
}

// master reads master files into a tree.
type master struct {
	tree *tree
	// nonexistent are the names said not to exist, with the place that says so.
	nonexistent []nonexistence
}

type nonexistence struct {
	name, file string
	line       int
}

func (m *master) readFile(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return m.read(f, file)
}

// read reads one master file. Relative names are relative to the root until an
// $ORIGIN says otherwise.
func (m *master) read(r io.Reader, file string) error {
	lines := &lineReader{r: bufio.NewReaderSize(r, 64<<10), line: 1, origin: "."}
	lines.directive = func(text string) error { return m.directive(text, lines.origin, file, lines.line) }
	zp := mdns.NewZoneParser(lines, ".", file)
	zp.SetDefaultTTL(0) // 0 stands for unknown in Answer.TTL
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if err := m.record(rr); err != nil {
			return &ZoneError{File: file, Line: lines.line, Detail: err.Error()}
		}
	}
	if lines.err != nil {
		return lines.err
	}
	if err := zp.Err(); err != nil {
		return zoneError(file, err)
	}
	return nil
}

// zoneError takes the place out of the parser's error text, its only form.
func zoneError(file string, err error) error {
	var pe *mdns.ParseError
	if !errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", file, err)
	}
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), file+": "), "dns: ")
	e := &ZoneError{File: file, Detail: text}
	if i := strings.LastIndex(text, " at line: "); i >= 0 {
		if _, err := fmt.Sscanf(text[i:], " at line: %d:%d", &e.Line, &e.Column); err == nil {
			e.Detail = text[:i]
		}
	}
	return e
}

// record adds one record of class IN; other classes are other name spaces.
func (m *master) record(rr mdns.RR) error {
	h := rr.Header()
	if h.Class != mdns.ClassINET {
		return nil
	}
	name, err := rawName(h.Name)
	if err != nil {
		return err
	}
	name, askable := askablePart(name)
	switch {
	case name == "":
		return nil
	case !askable:
		m.tree.exist(name)
		return nil
	}
	switch h.Rrtype {
	case mdns.TypeNSEC3, mdns.TypeNSEC3PARAM:
		return nil // a hash is not a name that exists (RFC 5155 section 7.2.8)
	case mdns.TypeRRSIG, mdns.TypeNSEC, mdns.TypeDNSKEY, mdns.TypeSOA:
		m.tree.exist(name)
		return nil
	}
	data, err := rdataText(rr)
	if err != nil {
		return err
	}
	m.tree.add(name, record{ttl: h.Ttl, typ: Type(h.Rrtype), data: data})
	return nil
}

// askablePart cuts labels off that hold a dot: no question can name them, but
// the names above them exist because of them.
func askablePart(name string) (rest string, whole bool) {
	i := strings.LastIndex(name, `\.`)
	if i < 0 {
		return name, true
	}
	_, rest, _ = strings.Cut(name[i+2:], ".")
	return rest, false
}

// check refuses a name that has records, or names below it, and is said not to
// exist.
func (m *master) check() error {
	for _, n := range m.nonexistent {
		for i := m.tree.names[n.name]; i != noRecord; i = m.tree.records[i].next {
			if m.tree.records[i].fault != faultNXDomain {
				return &ZoneError{File: n.file, Line: n.line, Detail: n.name + " is said not to exist, and has records"}
			}
		}
	}
	if len(m.nonexistent) == 0 {
		return nil
	}
	missing := make(map[string]nonexistence, len(m.nonexistent))
	for _, n := range m.nonexistent {
		missing[n.name] = n
	}
	for name := range m.tree.names {
		for parent := name; ; {
			var ok bool
			if _, parent, ok = strings.Cut(parent, "."); !ok {
				break
			}
			if n, ok := missing[parent]; ok {
				return &ZoneError{File: n.file, Line: n.line, Detail: parent + " is said not to exist, and has names below it"}
			}
		}
	}
	return nil
}
