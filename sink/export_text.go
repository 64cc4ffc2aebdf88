package sink

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// jsonWriter writes one object for each row: strings as they are stored, bytes
// in base64, moments by RFC 3339 in UTC, lists of structs as arrays of objects.
type jsonWriter struct {
	w       *bufio.Writer
	columns []jsonColumn
	buf     []byte
}

// jsonColumn is a column with the text before its value, and before each of its
// fields' values.
type jsonColumn struct {
	*Column
	key    []byte
	fields [][]byte
}

func newJSONWriter(w *bufio.Writer, columns []Column) *jsonWriter {
	return &jsonWriter{w: w, columns: jsonColumns(columns)}
}

func jsonColumns(columns []Column) []jsonColumn {
	out := make([]jsonColumn, len(columns))
	for i := range columns {
		c := &columns[i]
		out[i] = jsonColumn{Column: c, key: jsonKey(c.Name, i == 0)}
		for j := range c.Fields {
			out[i].fields = append(out[i].fields, jsonKey(c.Fields[j].Name, j == 0))
		}
	}
	return out
}

// jsonKey is the text before a value of an object.
func jsonKey(name string, first bool) []byte {
	b := []byte{','}
	if first {
		b = []byte{'{'}
	}
	return append(appendJSONString(b, name), ':')
}

// WriteRow implements RowWriter.
func (j *jsonWriter) WriteRow(cells [][][]Cell) error {
	b := j.buf[:0]
	for i := range j.columns {
		b = append(b, j.columns[i].key...)
		b = appendJSON(b, &j.columns[i], cells[i])
	}
	b = append(b, '}', '\n')
	j.buf = b
	_, err := j.w.Write(b)
	return err
}

// appendJSON appends a column's value.
func appendJSON(b []byte, c *jsonColumn, fields [][]Cell) []byte {
	if !c.List {
		return appendJSONCell(b, &c.Fields[0], &fields[0][0])
	}
	b = append(b, '[')
	for e := range fields[0] {
		if e > 0 {
			b = append(b, ',')
		}
		b = appendJSONElement(b, c, fields, e)
	}
	return append(b, ']')
}

func appendJSONElement(b []byte, c *jsonColumn, fields [][]Cell, e int) []byte {
	if c.Fields[0].Name == "" {
		return appendJSONCell(b, &c.Fields[0], &fields[0][e])
	}
	for f := range c.Fields {
		b = append(b, c.fields[f]...)
		b = appendJSONCell(b, &c.Fields[f], &fields[f][e])
	}
	return append(b, '}')
}

func appendJSONCell(b []byte, f *Field, c *Cell) []byte {
	if c.Null {
		return append(b, "null"...)
	}
	switch f.Type {
	case TypeString:
		return appendJSONString(b, c.Text)
	case TypeBytes, TypeMoment:
		b = append(b, '"')
		return append(appendPlain(b, f, c), '"')
	}
	return appendPlain(b, f, c)
}

// appendPlain appends a value as text without quotes.
func appendPlain(b []byte, f *Field, c *Cell) []byte {
	switch f.Type {
	case TypeBytes:
		return base64.StdEncoding.AppendEncode(b, c.Bytes)
	case TypeBool:
		return strconv.AppendBool(b, c.Int != 0)
	case TypeInt32, TypeInt64:
		return strconv.AppendInt(b, c.Int, 10)
	case TypeMoment:
		return time.UnixMicro(c.Int).UTC().AppendFormat(b, time.RFC3339Nano)
	}
	return append(b, c.Text...)
}

// csvWriter writes RFC 4180 with CRLF line ends. A cell is empty where there is
// no value; a list is JSON.
type csvWriter struct {
	w       *bufio.Writer
	columns []jsonColumn
	buf     []byte
	cell    []byte
}

func newCSVWriter(w *bufio.Writer, columns []Column) (*csvWriter, error) {
	c := &csvWriter{w: w, columns: jsonColumns(columns)}
	for i := range columns {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = appendCSV(c.buf, []byte(columns[i].Name))
	}
	_, err := w.Write(append(c.buf, '\r', '\n'))
	return c, err
}

// WriteRow implements RowWriter.
func (c *csvWriter) WriteRow(cells [][][]Cell) error {
	b := c.buf[:0]
	for i := range c.columns {
		if i > 0 {
			b = append(b, ',')
		}
		col := &c.columns[i]
		switch first := cells[i][0]; {
		case col.List:
			if len(first) == 0 {
				b = append(b, "[]"...)
				continue
			}
			c.cell = appendJSON(c.cell[:0], col, cells[i])
		case first[0].Null:
			continue
		case col.Fields[0].Type == TypeString:
			c.cell = appendHarmless(c.cell[:0], first[0].Text)
		default:
			c.cell = appendPlain(c.cell[:0], &col.Fields[0], &first[0])
		}
		b = appendCSV(b, c.cell)
	}
	b = append(b, '\r', '\n')
	c.buf = b
	_, err := c.w.Write(b)
	return err
}

// appendHarmless appends text that a spreadsheet will not take for a formula:
// one that begins like it gets an apostrophe before it, and so does one that
// begins with an apostrophe, so that the first can always be taken off.
func appendHarmless(b []byte, s string) []byte {
	if s != "" && strings.IndexByte("=+-@\t\r\n'", s[0]) >= 0 {
		b = append(b, '\'')
	}
	return append(b, s...)
}

func appendCSV(b, s []byte) []byte {
	quoted := len(s) > 0 && s[0] == ' '
	for _, c := range s {
		if quoted = quoted || csvQuoted[c]; quoted {
			break
		}
	}
	if !quoted {
		return append(b, s...)
	}
	b = append(b, '"')
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			return append(append(b, s...), '"')
		}
		b = append(append(b, s[:i+1]...), '"')
		s = s[i+1:]
	}
}

// csvQuoted are the bytes for which a cell needs quotes.
var csvQuoted = [256]bool{'"': true, ',': true, '\r': true, '\n': true}
