package corpus

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Zone is the DNS that the messages were sent under. Names are lower-case
// A-labels without the final dot. What it lacks does not exist.
type Zone struct {
	records  map[string]map[string][]string // name, type, data
	failures map[string]bool                // names whose every question fails
}

func newZone() *Zone {
	return &Zone{records: make(map[string]map[string][]string), failures: make(map[string]bool)}
}

// add adds a record; the same record twice is one.
func (z *Zone) add(name, typ, data string) {
	types := z.records[name]
	if types == nil {
		types = make(map[string][]string)
		z.records[name] = types
	}
	if !slices.Contains(types[typ], data) {
		types[typ] = append(types[typ], data)
	}
}

// fail makes every question for name fail.
func (z *Zone) fail(name string) { z.failures[name] = true }

// TXT answers as a resolver does: CNAMEs followed, character-strings joined.
// exists tells NXDOMAIN from no data; a name above another one exists.
func (z *Zone) TXT(name string) (txt []string, exists bool, failed bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for range 8 {
		if z.failures[name] {
			return nil, true, true
		}
		cname := z.records[name]["CNAME"]
		if cname == nil {
			break
		}
		name = cname[0]
	}
	return z.records[name]["TXT"], z.exists(name), false
}

func (z *Zone) exists(name string) bool {
	if z.records[name] != nil {
		return true
	}
	for other := range z.records {
		if strings.HasSuffix(other, "."+name) {
			return true
		}
	}
	return false
}

// names returns every name with records or failures, by label from the right,
// so that a domain's names stand together.
func (z *Zone) names() []string {
	var names []string
	for n := range z.records {
		names = append(names, n)
	}
	for n := range z.failures {
		if z.records[n] == nil {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(reversed(a), reversed(b)) })
	return names
}

// reversed puts the labels of a name in reverse order.
func reversed(name string) string {
	labels := strings.Split(name, ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}

// tlds returns the last labels of the zone's names.
func (z *Zone) tlds() []string {
	var out []string
	for _, n := range z.names() {
		out = append(out, n[strings.LastIndexByte(n, '.')+1:])
	}
	return slices.Compact(out)
}

// typeOrder is the order of types under one name.
var typeOrder = []string{"CNAME", "NS", "MX", "A", "AAAA", "TXT"}

// WriteMaster writes the names that end in ".tld" (all where tld is empty) as an
// RFC 1035 master file. Failures, which master files cannot say, are comments:
// "; @servfail NAME".
func (z *Zone) WriteMaster(w io.Writer, tld string) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "; The DNS of generated mail. Every name and address is reserved for documentation.\n$TTL 3600\n")
	for _, name := range z.names() {
		if tld != "" && !strings.HasSuffix(name, "."+tld) {
			continue
		}
		if z.failures[name] {
			fmt.Fprintf(b, "; @servfail %s.\n", name)
		}
		for _, typ := range typeOrder {
			for _, data := range z.records[name][typ] {
				fmt.Fprintf(b, "%s.\tIN\t%s\t%s\n", name, typ, masterData(typ, data))
			}
		}
	}
	return b.Flush()
}

// masterData is RDATA in presentation form (RFC 1035 section 5.1).
func masterData(typ, data string) string {
	switch typ {
	case "TXT":
		return masterText(data)
	case "A", "AAAA":
		return data
	}
	return data + "." // a host, for MX after its preference
}

// masterText quotes text as character-strings of at most 255 bytes each, in
// parentheses over several lines where there are many.
func masterText(text string) string {
	var parts []string
	for {
		n := min(255, len(text))
		parts = append(parts, quoteString(text[:n]))
		if text = text[n:]; text == "" {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(\n\t\t" + strings.Join(parts, "\n\t\t") + " )"
}

// quoteString writes one character-string: \" and \\ escaped, other bytes than
// printable ASCII as \DDD.
func quoteString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
