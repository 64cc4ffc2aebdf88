package reader

import (
	"strconv"
	"strings"
)

// message is "source:offset: code: detail", the form of every diagnostic. Source
// is escaped already; what else a terminal would not show is escaped here.
func (p *Problem) message() string {
	var b strings.Builder
	for _, c := range p.Source {
		if strconv.IsGraphic(c) {
			b.WriteRune(c)
			continue
		}
		q := strconv.QuoteRuneToASCII(c)
		b.WriteString(q[1 : len(q)-1])
	}
	if p.Offset >= 0 {
		b.WriteString(":" + strconv.FormatInt(p.Offset, 10))
	}
	b.WriteString(": " + p.Code)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	return b.String()
}
