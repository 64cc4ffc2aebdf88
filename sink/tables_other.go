package sink

import (
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"

	"mailaudit/evaluate/dns"
	"mailaudit/reader"
)

// dnsRow is an answer and the message that first rested on it.
type dnsRow struct {
	*dns.Answer
	ordinal int64
}

// dnsTable is the table dns.
func dnsTable() *table[*dnsRow] {
	return &table[*dnsRow]{
		name: "dns",
		doc: "Every distinct DNS answer that the verdicts rest on, in order of first use. " +
			"Names, records and cnames are escaped as in master files: \\DDD is a byte in decimal.",
		columns: []item[*dnsRow]{
			&scalar[*dnsRow]{dnsText("name", "The name asked, without the final dot.", func(r *dnsRow) *string { return &r.Name })},
			&scalar[*dnsRow]{dnsType()},
			&scalar[*dnsRow]{dnsStatus()},
			&scalar[*dnsRow]{wordColumn("failure", "Which failure.",
				"timeout servfail refused formerr other_rcode network loop too_large bad_name",
				func(r *dnsRow) *dns.FailureKind { return &r.Kind })},
			dnsList("records", "RDATA in canonical text form, sorted; character-strings of TXT joined.",
				func(r *dnsRow) *[]string { return &r.Records }),
			dnsList("cnames", "The chain of aliases followed.", func(r *dnsRow) *[]string { return &r.CNAMEs }),
			&scalar[*dnsRow]{dnsTTL()},
			&scalar[*dnsRow]{textColumn("source", shared, "Which source spoke.", func(r *dnsRow) *string { return &r.Source })},
			&scalar[*dnsRow]{timeColumn("observed_at", "When it was seen.", func(r *dnsRow) *timeType { return &r.ObservedAt })},
			&scalar[*dnsRow]{timeColumn("valid_from", "The source gives this answer from here on; null is unbounded.", func(r *dnsRow) *timeType { return &r.Since })},
			&scalar[*dnsRow]{timeColumn("valid_until", "The source gives this answer up to here; null is unbounded.", func(r *dnsRow) *timeType { return &r.Until })},
			&scalar[*dnsRow]{boolColumn("nearest", "The moment asked for lies outside the observation; this was the nearest.", func(r *dnsRow) *bool { return &r.Nearest })},
			&scalar[*dnsRow]{int64Column("first_ordinal", "Ordinal of the first message that rests on it.", func(r *dnsRow) *int64 { return &r.ordinal })},
		},
	}
}

// dnsText is a column of names or RDATA.
func dnsText[T any](name, doc string, at func(T) *string) column[T] {
	return column[T]{
		name: name, kind: unique, required: true, doc: doc,
		put: each(func(r T, _ *scratch) parquet.Value { return stringValue(escapeDNS(*at(r))) }),
		get: func(r T, v *value) { *at(r) = unescapeDNS(v.s) },
	}
}

func dnsList(name, doc string, at func(*dnsRow) *[]string) item[*dnsRow] {
	element := dnsText("", "", func(s *string) *string { return s })
	return &list[*dnsRow, *string]{
		name: name, doc: doc, fields: []column[*string]{element},
		count: func(r *dnsRow) int { return len(*at(r)) },
		at:    func(r *dnsRow, i int) *string { return &(*at(r))[i] },
		grow: func(r *dnsRow, n int) {
			if n > 0 {
				*at(r) = make([]string, n)
			}
		},
	}
}

func dnsType() column[*dnsRow] {
	return column[*dnsRow]{
		name: "type", kind: word, required: true, doc: "RR type: TXT, A, AAAA, MX, NS, PTR, CNAME, or TYPE and a number.",
		put: each(func(r *dnsRow, _ *scratch) parquet.Value { return stringValue(r.Type.String()) }),
		get: func(r *dnsRow, v *value) { r.Type, _ = dns.ParseType(v.s) },
	}
}

func dnsStatus() column[*dnsRow] {
	return column[*dnsRow]{
		name: "status", kind: word, required: true, doc: "State of the answer.",
		words: "success nodata nxdomain failure not_recorded",
		put:   each(func(r *dnsRow, _ *scratch) parquet.Value { return stringValue(r.Status.String()) }),
		get:   func(r *dnsRow, v *value) { r.Status, _ = dns.ParseStatus(v.s) },
	}
}

func dnsTTL() column[*dnsRow] {
	return column[*dnsRow]{
		name: "ttl", kind: int64s, required: true, doc: "Seconds, the least of the answer section; 0 where unknown.",
		put: each(func(r *dnsRow, _ *scratch) parquet.Value { return parquet.Int64Value(int64(r.TTL)) }),
		get: func(r *dnsRow, v *value) { r.TTL = uint32(min(max(v.n, 0), math.MaxUint32)) },
	}
}

// Problem is a row of the table problems: what could not be evaluated.
type Problem struct {
	reader.Problem
	Stage   Stage
	Ordinal int64 // of the message it speaks of; -1 where it speaks of none
}

// Stage is where a problem arose.
type Stage string

// The stages.
const (
	StageRead     Stage = "read"     // finding messages in the input
	StageExtract  Stage = "extract"  // taking evidence from a message
	StageEvaluate Stage = "evaluate" // judging it
)

// problemsTable is the table problems.
func problemsTable() *table[*Problem] {
	return &table[*Problem]{
		name: "problems",
		doc:  "Every input or message that could not be evaluated, and why, in input order.",
		columns: items(
			always(textColumn("source", grouped, "Path as given.", func(p *Problem) *string { return &p.Source })),
			optionalInt64Column("offset", "Where, bytes in the uncompressed source.", -1, func(p *Problem) *int64 { return &p.Offset }),
			int64Column("length", "Bytes lost or passed over; 0 where unknown.", func(p *Problem) *int64 { return &p.Length }),
			always(textColumn("code", word, "What went wrong, a stable word.", func(p *Problem) *string { return &p.Code })),
			addressText("detail", "More, for people.", func(p *Problem) *string { return &p.Detail }),
			optionalInt64Column("ordinal", "Ordinal of the message it speaks of.", -1, func(p *Problem) *int64 { return &p.Ordinal }),
			always(wordColumn("stage", "Where it arose.", "read extract evaluate", func(p *Problem) *Stage { return &p.Stage })),
		),
	}
}

// withCause is p with its cause in the detail, once: an error is no column.
func (p *Problem) withCause() *Problem {
	if p.Err == nil {
		return p
	}
	q := *p
	cause := q.Err.Error()
	switch {
	case q.Detail == "":
		q.Detail = cause
	case !strings.Contains(cause, q.Detail) && !strings.Contains(q.Detail, cause):
		q.Detail += ": " + cause
	}
	q.Err = nil
	return &q
}
