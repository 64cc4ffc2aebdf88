package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"mailaudit/evaluate/dns"
)

// Columns of an archive of keys.
const (
	columnDomain = iota
	columnSelector
	columnKey
	columnFirst
	columnLast
	columnCount
)

// columnNames are what archives call their columns, without punctuation.
var columnNames = map[string]int{
	"domain": columnDomain, "d": columnDomain, "sdid": columnDomain,
	"selector": columnSelector, "s": columnSelector,
	"key": columnKey, "value": columnKey, "record": columnKey, "txt": columnKey, "publickey": columnKey, "p": columnKey, "rdata": columnKey,
	"firstseen": columnFirst, "firstseenat": columnFirst, "first": columnFirst, "timefirst": columnFirst,
	"lastseen": columnLast, "lastseenat": columnLast, "last": columnLast, "timelast": columnLast,
}

// usualColumns is the order of a file without a head line.
var usualColumns = [columnCount]int{0, 1, 2, 3, 4}

// keyColumns finds where the columns stand; ok tells that fields are a head line
// that names domain, selector and key.
func keyColumns(fields []string) (at [columnCount]int, ok bool) {
	for i := range at {
		at[i] = -1
	}
	plain := strings.NewReplacer("_", "", "-", "", " ", "", "#", "")
	for i, f := range fields {
		if c, known := columnNames[plain.Replace(strings.ToLower(f))]; known && at[c] < 0 {
			at[c] = i
		}
	}
	return at, at[columnDomain] >= 0 && at[columnSelector] >= 0 && at[columnKey] >= 0
}

// readTSV yields the keys of an archive: rows of domain, selector, key, first and
// last seen, or in the order that a head line gives.
func readTSV(in *bufio.Reader, o *ReadOptions, yield func(Observation, error) bool) {
	at, lines, begun := usualColumns, lineReader{in: in}, false
	for {
		text, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, errLongLine):
			o.unusable(lines.line, err)
			continue
		case err != nil:
			yield(Observation{}, fmt.Errorf("%s: %w", o.Name, err))
			return
		}
		fields := strings.Split(strings.TrimRight(strings.TrimPrefix(string(text), "\xef\xbb\xbf"), "\r\n"), "\t")
		if len(fields) == 1 && (fields[0] == "" || fields[0][0] == '#') {
			continue
		}
		if !begun {
			begun = true
			if head, ok := keyColumns(fields); ok {
				at = head
				continue
			}
		}
		list, err := keyRow(fields, at)
		if err != nil {
			o.unusable(lines.line, err)
		}
		for _, ob := range list {
			if !yield(ob, nil) {
				return
			}
		}
	}
}

func keyRow(fields []string, at [columnCount]int) ([]Observation, error) {
	var cells [columnCount]string
	for c, i := range at {
		if i >= 0 && i < len(fields) {
			cells[c] = unquoteCell(fields[i])
		}
	}
	first, err := parseStamp(cells[columnFirst])
	if err != nil {
		return nil, err
	}
	last, err := parseStamp(cells[columnLast])
	if err != nil {
		return nil, err
	}
	return keyObservation(cells[columnDomain], cells[columnSelector], cells[columnKey], first, last)
}

// unquoteCell takes the quotes of spreadsheets away.
func unquoteCell(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' && !strings.Contains(s[1:len(s)-1], `" "`) {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// keyObservation is what a row of an archive of keys says. A key without tags is
// the base64 of p= (RFC 6376 section 3.6.1).
func keyObservation(domain, selector, key string, first, last stamp) ([]Observation, error) {
	if domain == "" || selector == "" || key == "" {
		return nil, errors.New("domain, selector or key is missing")
	}
	name, err := dns.PresentedName(strings.TrimSuffix(selector, ".") + "._domainkey." + domain)
	if err != nil {
		return nil, fmt.Errorf("selector %q of %q: %w", selector, domain, err)
	}
	text, err := dns.CanonicalData(dns.TypeTXT, key)
	if err != nil {
		return nil, fmt.Errorf("key %.40q: %w", key, err)
	}
	if !hasTags(text) {
		text = "v=DKIM1; k=rsa; p=" + text
	}
	ob := Observation{Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: []string{text}, Origins: FromKeys}
	return ob.at([2]stamp{first, last})
}

// hasTags tells a key record from bare base64, in which a "=" can only end it.
func hasTags(s string) bool {
	return strings.Contains(strings.TrimRight(s, "= \t"), "=")
}
