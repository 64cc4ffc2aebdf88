package main

import (
	"fmt"
	"strings"

	"mailaudit/sink"
)

// toldProblems is how many problems are told on stderr, so that one wrong path is
// seen at once and a broken archive does not fill the screen. The table problems
// has all.
const toldProblems = 10

// note keeps a problem to be told when the run ends, and counts it.
func (r *run) note(p *sink.Problem) {
	r.tally.AddProblem(p.Code)
	if len(r.told) < toldProblems {
		r.told = append(r.told, strings.ReplaceAll(p.Error(), "\n", `\n`))
	}
}

// tell prints the first problems, each with its file and byte offset.
func (r *run) tell(all int64) {
	for _, text := range r.told {
		fmt.Fprintf(r.streams.err, "audit: %s\n", printable(text))
	}
	if more := all - int64(len(r.told)); more > 0 {
		fmt.Fprintf(r.streams.err, "audit: %d more in the table problems\n", more)
	}
}
