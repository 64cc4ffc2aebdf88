package spf

import "fmt"

// trace adds a step and returns its index, -1 where nothing is traced.
func (e *evaluation) trace(t *term, domain string) int {
	if !e.checker.options.Trace {
		return -1
	}
	e.terms = append(e.terms, Term{Depth: len(e.chain) - 1, Domain: domain, Text: t.text})
	return len(e.terms) - 1
}

// traceTarget notes the expanded domain-spec of the latest step.
func (e *evaluation) traceTarget(target string) {
	if n := len(e.terms); n > 0 {
		e.terms[n-1].Target = target
	}
}

// traceNote adds a note to the latest step.
func (e *evaluation) traceNote(format string, args ...any) {
	n := len(e.terms)
	if n == 0 || e.explaining {
		return
	}
	note := &e.terms[n-1].Note
	if *note != "" {
		*note += "; "
	}
	*note += fmt.Sprintf(format, args...)
}

// traceMatch says that step n decided.
func (e *evaluation) traceMatch(n int, r Result) {
	if n >= 0 {
		e.terms[n].Match, e.terms[n].Result = true, r
	}
}

// traceStop says that step n ended the evaluation.
func (e *evaluation) traceStop(n int, err error) {
	if s, ok := err.(*stop); ok && n >= 0 {
		e.terms[n].Result = s.verdict.result
	}
}
