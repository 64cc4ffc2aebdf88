package sink

import (
	"github.com/parquet-go/parquet-go"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// The columns behind the fixed ones: what it takes to judge a row again without
// the mail, and reasons.

func moreEvidenceColumns() []item[*row] {
	return items(
		boolColumn("from_log", "No message was seen, only what a log said of it.",
			func(r *row) *bool { return &r.Evidence.Origin.FromLog }),
		textColumn("malformed", word, "Why there is no usable message.",
			func(r *row) *string { return &r.Evidence.Malformed }),
		int32Column("domainkeys", "How many DomainKey-Signature fields (RFC 4870) there are; none is verified.",
			func(r *row) *int32 { return &r.Evidence.DomainKeys }),
	)
}

func moreIdentityColumns() []item[*row] {
	e := func(r *row) *evidence.Envelope { return &r.Evidence.Envelope }
	return append([]item[*row]{
		stringList("header_from_domains", shared, "The distinct domains of all mailboxes of all From fields.",
			func(r *row) *[]string { return &r.Evidence.Author.Domains }),
	}, items(
		int32Column("header_from_mailboxes", "How many mailboxes the From fields hold.",
			func(r *row) *int32 { return &r.Evidence.Author.Mailboxes }),
		localColumn("header_from_local", "Local part of the first author, subject to --addresses.",
			func(r *row) (*string, string) { return &r.Evidence.Author.Local, firstOf(r.Evidence.Author.Domains) }),
		wordColumn("author_problem", "Why there is no single author domain.",
			"missing unparsable several_domains no_domain",
			func(r *row) *evidence.AuthorProblem { return &r.Evidence.Author.Problem }),
		localColumn("mail_from_local", "Local part of the return path, subject to --addresses.",
			func(r *row) (*string, string) { return &e(r).MailFromLocal, e(r).MailFromDomain }),
		withheldColumn(),
		boolColumn("has_mail_from", "The return path is known; with no domain beside it, it was the null path.",
			func(r *row) *bool { return &e(r).HasMailFrom }),
		textColumn("client_name", shared, "Reverse name of the client as the boundary wrote it.",
			func(r *row) *string { return &e(r).ClientName }),
		optionalInt32Column("received_hop", "Index of the boundary's Received field, 0 the topmost; null where none was chosen.", -1,
			func(r *row) *int32 { return &e(r).Hop }),
		int32Column("received_hops", "How many Received fields there are.",
			func(r *row) *int32 { return &e(r).Hops }),
		textColumn("received_by", shared, "The host that wrote the boundary's field.",
			func(r *row) *string { return &e(r).ByHost }),
	)...)
}

// withheldColumn tells that local parts are not known. That survives when a
// dataset without them is judged again.
func withheldColumn() column[*row] {
	return column[*row]{
		name: "locals_withheld", kind: boolean, required: true,
		doc: "Local parts are not kept in this dataset, or were not in the one it was made from.",
		put: each(func(r *row, s *scratch) parquet.Value {
			return parquet.BooleanValue(r.Evidence.LocalsWithheld || s.privacy.mode != AddressesFull)
		}),
		get: func(r *row, v *value) { r.Evidence.LocalsWithheld = v.n != 0 },
	}
}

func firstOf(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// localColumn holds a local part; at gives it and its domain. What was stored as
// a hash is no local part and is not read back as one.
func localColumn(name, doc string, at func(*row) (*string, string)) column[*row] {
	return column[*row]{
		name: name, kind: shared, doc: doc,
		put: each(func(r *row, s *scratch) parquet.Value {
			local, domain := at(r)
			return s.localPart(*local, domain)
		}),
		get: func(r *row, v *value) {
			if local, _ := at(r); !v.null {
				*local = v.text()
			}
		},
	}
}

func moreSPFColumns() []item[*row] {
	both := items(
		addressText("spf_detail", "More on the reason, for people.",
			ofSPF((*row).spf, func(o *spf.Outcome) *string { return &o.Detail })),
		int32Column("spf_lookups", "DNS lookups that count towards the limit of ten (RFC 7208 section 4.6.4).",
			ofSPF((*row).spf, func(o *spf.Outcome) *int32 { return &o.Lookups })),
		int32Column("spf_void_lookups", "Lookups of those without an answer.",
			ofSPF((*row).spf, func(o *spf.Outcome) *int32 { return &o.VoidLookups })),
		wordColumn("spf_helo_result", "Result of SPF for the HELO identity; null where there is none.", spfWords,
			ofSPF((*row).helo, func(o *spf.Outcome) *spf.Result { return &o.Result })),
		textColumn("spf_helo_domain", shared, "The domain checked.",
			ofSPF((*row).helo, func(o *spf.Outcome) *string { return &o.Domain })),
		wordColumn("spf_helo_scope", "The identity checked.", "mfrom helo",
			ofSPF((*row).helo, func(o *spf.Outcome) *spf.Scope { return &o.Scope })),
		textColumn("spf_helo_mechanism", shared, "The term that matched, as published.",
			ofSPF((*row).helo, func(o *spf.Outcome) *string { return &o.Mechanism })),
		textColumn("spf_helo_reason", word, "Why, a stable word.",
			ofSPF((*row).helo, func(o *spf.Outcome) *spf.Reason { return &o.Reason })),
	)
	return append(both, stringList("spf_chain", shared, "Domains of the includes and redirects that lead to the match, the domain checked first.",
		ofSPF((*row).spf, func(o *spf.Outcome) *[]string { return &o.Chain })))
}

func moreDKIMColumns() []item[*row] {
	return items(column[*row]{
		name: "dkim_best", kind: int32s, doc: "Index in dkim of the signature that dkim_result speaks of.",
		put: each(func(r *row, _ *scratch) parquet.Value {
			if r.Verdict.DKIMBest < 0 {
				return parquet.Value{}
			}
			return parquet.Int32Value(int32(r.Verdict.DKIMBest))
		}),
		get: func(r *row, v *value) {
			if r.Verdict.DKIMBest = int(v.n); v.null {
				r.Verdict.DKIMBest = -1
			}
		},
	})
}

func moreARCColumns() []item[*row] {
	return append(items(
		textColumn("arc_problem", word, "Why the chain's structure is broken, a stable word.",
			func(r *row) *string { return &r.Evidence.ARC.Problem }),
		textColumn("arc_reason", word, "Why the result is what it is, a stable word.",
			func(r *row) *arc.Reason { return &r.Verdict.ARC.Reason }),
		addressText("arc_detail", "More on the reason, for people.",
			func(r *row) *string { return &r.Verdict.ARC.Detail }),
	), arcSignatures())
}

func moreDMARCColumns() []item[*row] {
	o := func(r *row) *dmarc.Outcome { return &r.Verdict.DMARC }
	return append(items(
		textColumn("dmarc_reason", word, "Why the result is what it is, a stable word.",
			func(r *row) *dmarc.Reason { return &o(r).Reason }),
		addressText("dmarc_detail", "More on the reason, for people.", func(r *row) *string { return &o(r).Detail }),
		boolColumn("dmarc_passed_spf", "SPF gives an aligned pass under the policy's mode.",
			func(r *row) *bool { return &o(r).PassedSPF }),
		boolColumn("dmarc_passed_dkim", "A signature gives an aligned pass under the policy's mode.",
			func(r *row) *bool { return &o(r).PassedDKIM }),
		wordColumn("dmarc_policy_tag", "The tag that gave the policy.", "p sp np",
			func(r *row) *string { return &o(r).PolicyTag }),
		wordColumn("dmarc_disposition", "The disposition before any local override.", policyWords,
			func(r *row) *disposition { return &o(r).Disposition }),
		textColumn("dmarc_override", word, "Why it is milder than the policy: sampled_out, policy_test_mode.",
			func(r *row) *string { return &o(r).Override }),
		addressText("dmarc_override_comment", "More on that, for people.", func(r *row) *string { return &o(r).OverrideComment }),
		textColumn("dmarc_psd", shared, "psd= as published.", ofRecord(func(p *dmarc.Record) *string { return &p.PSD })),
		textColumn("dmarc_rua", long, "rua= as published.", ofRecord(func(p *dmarc.Record) *string { return &p.RUA })),
		textColumn("dmarc_ruf", long, "ruf= as published.", ofRecord(func(p *dmarc.Record) *string { return &p.RUF })),
		textColumn("dmarc_fo", shared, "fo= as published.", ofRecord(func(p *dmarc.Record) *string { return &p.FO })),
		wordColumn("dmarc_rules", "The rule book that the record was read by.", "rfc9989 rfc7489",
			ofRecord(func(p *dmarc.Record) *dmarc.Rules { return &p.Rules })),
		wordColumn("dmarc_author_existence", "What is known of the author domain's existence; null where it was not asked.",
			"exists nonexistent unknown", func(r *row) *dmarc.Existence { return &o(r).AuthorExistence }),
		existenceColumn(),
	), stringList("dmarc_record_problems", word, "What was wrong with the policy record, stable words.",
		ofRecord(func(p *dmarc.Record) *[]string { return &p.Problems })))
}

// The words of domain_existence.
const (
	domainExists  = "exists"
	domainAbsent  = "absent"
	domainUnknown = "unknown"
)

// existenceColumn is the domain existence test's finding.
func existenceColumn() column[*row] {
	c := column[*row]{
		name: "domain_existence", kind: word, words: domainExists + " " + domainAbsent + " " + domainUnknown,
		doc: "Whether the author domain or its organizational domain has MX, NS, A or AAAA records; unknown after a DNS failure, null where it was not tested.",
	}
	c.put = each(func(r *row, _ *scratch) parquet.Value {
		switch x := &r.Verdict.Existence; {
		case !x.Tested:
			return parquet.Value{}
		case x.Absent:
			return stringValue(domainAbsent)
		case !x.Decided:
			return stringValue(domainUnknown)
		}
		return stringValue(domainExists)
	})
	c.get = func(r *row, v *value) {
		x := &r.Verdict.Existence
		x.Tested, x.Absent = !v.null, v.s == domainAbsent
		x.Decided = x.Tested && v.s != domainUnknown
	}
	return c
}

func moreRecordedColumns() []item[*row] {
	type rs = *evidence.RecordedSignature
	return append(items(
		textColumn("recorded_policy", shared, "Policy of the dmarc result, as written.",
			func(r *row) *string { return &r.Evidence.Recorded.Policy }),
		wordColumn("recorded_category", "Place in the breakdown that the words of a qpsmtpd log stand for.",
			"the words of category", func(r *row) *string { return &r.Evidence.Recorded.Category }),
		addressText("recorded_header_from", "header.from of the dmarc result.",
			func(r *row) *string { return &r.Evidence.Recorded.HeaderFrom }),
	), &list[*row, rs]{
		name: "recorded_signatures", doc: "The dkim results of the day one by one.",
		fields: []column[rs]{
			textColumn("result", shared, "Result, as written.", func(s rs) *string { return &s.Result }),
			textColumn("domain", shared, "header.d.", func(s rs) *string { return &s.Domain }),
			textColumn("selector", shared, "header.s.", func(s rs) *string { return &s.Selector }),
			textColumn("algorithm", shared, "header.a.", func(s rs) *string { return &s.Algorithm }),
			textColumn("b_prefix", unique, "header.b.", func(s rs) *string { return &s.BPrefix }),
			int32Column("bits", "Size of the key, 0 where not written.", func(s rs) *int32 { return &s.Bits }),
		},
		count: func(r *row) int { return len(r.Evidence.Recorded.Signatures) },
		at:    func(r *row, i int) rs { return &r.Evidence.Recorded.Signatures[i] },
		grow:  (*row).growRecorded,
	})
}
