package corpus

import "strings"

// mail is a message in the making, in wire form. Fields end in CRLF, folding
// included, topmost first.
type mail struct {
	fields []string
	body   []byte
	raw    []byte // set where the bytes are not made of fields and a body
}

// add appends a field below the others.
func (m *mail) add(name, value string) {
	m.fields = append(m.fields, name+": "+value+"\r\n")
}

// prepend puts a field on top, as relays do.
func (m *mail) prepend(field string) {
	m.fields = append([]string{field}, m.fields...)
}

// set replaces the first field of that name, or adds it.
func (m *mail) set(name, value string) {
	for i, f := range m.fields {
		if fieldName(f) == strings.ToLower(name) {
			m.fields[i] = name + ": " + value + "\r\n"
			return
		}
	}
	m.add(name, value)
}

// get returns the topmost value of that name, unfolded by nothing.
func (m *mail) get(name string) string {
	for _, f := range m.fields {
		if fieldName(f) == strings.ToLower(name) {
			_, v, _ := strings.Cut(f, ":")
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// remove drops every field of that name.
func (m *mail) remove(name string) {
	kept := m.fields[:0:0]
	for _, f := range m.fields {
		if fieldName(f) != strings.ToLower(name) {
			kept = append(kept, f)
		}
	}
	m.fields = kept
}

// bytes is the whole message.
func (m *mail) bytes() []byte {
	if m.raw != nil {
		return m.raw
	}
	n := len(m.body) + 2
	for _, f := range m.fields {
		n += len(f)
	}
	out := make([]byte, 0, n)
	for _, f := range m.fields {
		out = append(out, f...)
	}
	out = append(out, "\r\n"...)
	return append(out, m.body...)
}

// fieldName is the lower-case name of a field.
func fieldName(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimRight(name, " \t"))
}
