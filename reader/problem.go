package reader

import (
	"strconv"
	"strings"
)

// message is "source:offset: code: detail", the form of every diagnostic.
func (p *Problem) message() string {
	var b strings.Builder
	b.WriteString(strconv.QuoteToGraphic(p.Source)[1:])
	s := strings.TrimSuffix(b.String(), `"`)
	if p.Offset >= 0 {
		s += ":" + strconv.FormatInt(p.Offset, 10)
	}
	s += ": " + p.Code
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}
