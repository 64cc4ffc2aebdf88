package sink

import (
	"time"

	"github.com/parquet-go/parquet-go"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

type (
	timeType    = time.Time
	disposition = dmarc.Disposition
)

// Words of RFC 8601 section 2.7.
const (
	spfWords       = "none neutral pass fail softfail temperror permerror"
	dkimWords      = "none pass fail policy neutral temperror permerror"
	arcWords       = "none pass fail"
	dmarcWords     = "none pass fail temperror permerror"
	alignmentWords = "strict relaxed none"
	policyWords    = "none quarantine reject"
)

// ofSPF reaches into an outcome that may be nil.
func ofSPF[S any](outcome func(*row) *spf.Outcome, field func(*spf.Outcome) *S) func(*row) *S {
	return func(r *row) *S {
		if o := outcome(r); o != nil {
			return field(o)
		}
		return nil
	}
}

// ofRecord reaches into a policy record that may be nil.
func ofRecord[S any](field func(*dmarc.Record) *S) func(*row) *S {
	return func(r *row) *S {
		if p := r.record(); p != nil {
			return field(p)
		}
		return nil
	}
}

func spfColumns() []item[*row] {
	return items(
		wordColumn("spf_result", "Result of SPF for the MAIL FROM identity (RFC 7208 section 2.6).", spfWords,
			ofSPF((*row).spf, func(o *spf.Outcome) *spf.Result { return &o.Result })),
		textColumn("spf_domain", shared, "The domain checked.",
			ofSPF((*row).spf, func(o *spf.Outcome) *string { return &o.Domain })),
		wordColumn("spf_scope", "The identity checked.", "mfrom helo",
			ofSPF((*row).spf, func(o *spf.Outcome) *spf.Scope { return &o.Scope })),
		textColumn("spf_mechanism", shared, "The term that matched, as published; null for the default.",
			ofSPF((*row).spf, func(o *spf.Outcome) *string { return &o.Mechanism })),
		textColumn("spf_reason", word, "Why the result is what it is, a stable word.",
			ofSPF((*row).spf, func(o *spf.Outcome) *spf.Reason { return &o.Reason })),
		wordColumn("spf_alignment", "How near the domain is to the author domain, whatever the result.", alignmentWords,
			func(r *row) *dmarc.Alignment { return &r.Verdict.DMARC.SPFAlignment }),
	)
}

// signed is one signature, its outcome and alignment; either may be missing.
type signed struct {
	*evidence.Signature
	out   *dkim.Outcome
	align *dmarc.Alignment
}

func (r *row) signed(i int) signed {
	s := signed{Signature: &r.Evidence.Signatures[i]}
	if i < len(r.Verdict.DKIM) {
		s.out = &r.Verdict.DKIM[i]
	}
	if a := r.Verdict.DMARC.DKIMAlignments; i < len(a) {
		s.align = &a[i]
	}
	return s
}

func dkimColumns() []item[*row] {
	return append(items(
		column[*row]{
			name: "dkim_result", kind: word, required: true, words: dkimWords,
			doc: "Best result over the signatures; none where there is no signature.",
			put: each(func(r *row, _ *scratch) parquet.Value {
				if o := r.best(); o != nil {
					return stringValue(string(o.Result))
				}
				return stringValue(string(dkim.None))
			}),
			get: func(r *row, v *value) { r.setBest(dkim.Result(v.s)) },
		},
		column[*row]{
			name: "dkim_alignment", kind: word, required: true, words: alignmentWords,
			doc: "Alignment of the best passing signature.",
			put: each(func(r *row, _ *scratch) parquet.Value {
				i, a := r.Verdict.DKIMBest, r.Verdict.DMARC.DKIMAlignments
				if o := r.best(); o != nil && o.Result == dkim.Pass && i < len(a) && a[i] != "" {
					return stringValue(string(a[i]))
				}
				return stringValue(string(dmarc.NotAligned))
			}),
			get: func(r *row, v *value) {
				if a := r.Verdict.DMARC.DKIMAlignments; len(a) > 0 {
					a[0] = dmarc.Alignment(v.s)
				}
			},
		},
	), &list[*row, signed]{
		name: "dkim", doc: "The DKIM-Signature fields from the top: what was found and what follows from it.",
		fields: dkimFields(),
		count:  func(r *row) int { return len(r.Evidence.Signatures) },
		at:     (*row).signed,
		grow:   (*row).growDKIM,
	})
}

// outcomeOf reaches into an outcome that may be missing.
func outcomeOf[S any](field func(*dkim.Outcome) *S) func(signed) *S {
	return func(s signed) *S {
		if s.out != nil {
			return field(s.out)
		}
		return nil
	}
}

func arcColumns() []item[*row] {
	return []item[*row]{
		&scalar[*row]{wordColumn("arc_result", "Result of the chain (RFC 8617 section 4.4).", arcWords,
			func(r *row) *arc.Result { return &r.Verdict.ARC.Result })},
		&list[*row, chained]{
			name: "arc", doc: "The ARC sets by rising instance.",
			fields: arcFields(),
			count:  func(r *row) int { return len(r.Evidence.ARC.Sets) },
			at:     (*row).chained,
			grow:   (*row).growARC,
		},
	}
}

// dmarcColumns ends with dmarc_policy.
func dmarcColumns() []item[*row] {
	return items(
		wordColumn("dmarc_result", "Result of DMARC.", dmarcWords,
			func(r *row) *dmarc.Result { return &r.Verdict.DMARC.Result }),
		textColumn("dmarc_policy_domain", shared, "Where the policy record was found.",
			func(r *row) *string { return &r.Verdict.DMARC.PolicyDomain }),
		textColumn("dmarc_record", long, "The policy record, as published.",
			ofRecord(func(p *dmarc.Record) *string { return &p.Text })),
		textColumn("dmarc_p", shared, "p= as published, lower case.",
			ofRecord(func(p *dmarc.Record) *string { return &p.P })),
		textColumn("dmarc_sp", shared, "sp= as published, lower case.",
			ofRecord(func(p *dmarc.Record) *string { return &p.SP })),
		textColumn("dmarc_np", shared, "np= as published, lower case.",
			ofRecord(func(p *dmarc.Record) *string { return &p.NP })),
		optionalInt32Column("dmarc_pct", "pct= as published.", -1,
			ofRecord(func(p *dmarc.Record) *int32 { return &p.PCT })),
		textColumn("dmarc_t", shared, "t= as published.",
			ofRecord(func(p *dmarc.Record) *string { return &p.T })),
		textColumn("dmarc_adkim", shared, "adkim= as published.",
			ofRecord(func(p *dmarc.Record) *string { return &p.ADKIM })),
		textColumn("dmarc_aspf", shared, "aspf= as published.",
			ofRecord(func(p *dmarc.Record) *string { return &p.ASPF })),
		wordColumn("dmarc_policy", "The policy that applies to this message: p, sp or np, before t and pct.", policyWords,
			func(r *row) *disposition { return &r.Verdict.DMARC.Policy }),
	)
}

func recordedColumns() []item[*row] {
	return []item[*row]{
		&scalar[*row]{textColumn("recorded_authserv_id", shared, "Who recorded the verdict of the day.",
			func(r *row) *string { return &r.Evidence.Recorded.AuthservID })},
		&scalar[*row]{textColumn("recorded_spf", shared, "SPF result of the day, as written.",
			func(r *row) *string { return &r.Evidence.Recorded.SPF })},
		&scalar[*row]{textColumn("recorded_dkim", shared, "DKIM result of the day, as written.",
			func(r *row) *string { return &r.Evidence.Recorded.DKIM })},
		&scalar[*row]{textColumn("recorded_dmarc", shared, "DMARC result of the day, as written.",
			func(r *row) *string { return &r.Evidence.Recorded.DMARC })},
		&scalar[*row]{textColumn("recorded_disposition", shared, "Disposition of the day, as written.",
			func(r *row) *string { return &r.Evidence.Recorded.Disposition })},
		stringList("anomalies", word, "What was odd but survivable, stable words.",
			func(r *row) *[]string { return &r.Evidence.Anomalies }),
	}
}
