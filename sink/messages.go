package sink

import (
	"encoding/hex"
	"net/netip"
	"slices"

	"github.com/parquet-go/parquet-go"

	"mailaudit/evaluate"
	"mailaudit/evaluate/evidence"
)

// messagesTable is the table messages. The columns that scripts rely on come
// first and in a fixed order; what is added stands behind them.
func messagesTable() *table[*row] {
	return &table[*row]{
		name: "messages",
		doc:  "One row for each message or log record, in input order.",
		columns: slices.Concat(
			originColumns(), identityColumns(), spfColumns(),
			dkimColumns(), arcColumns(), dmarcColumns(), decisionColumns(), recordedColumns(),
			moreEvidenceColumns(), moreIdentityColumns(), moreSPFColumns(), moreDKIMColumns(),
			moreARCColumns(), moreDMARCColumns(), moreRecordedColumns(), moreDNSColumns(),
		),
	}
}

func originColumns() []item[*row] {
	return items(
		column[*row]{
			name: "digest", kind: unique, required: true,
			doc: "Hex of 128 bits over the raw message (XXH3); empty for a log record.",
			put: each(putDigest), get: getDigest,
		},
		always(textColumn("source", grouped, "Path as given; a member of an archive as path!member.",
			func(r *row) *string { return &r.Evidence.Origin.Source })),
		always(wordColumn("source_format", "Format found.",
			"mbox mboxo mboxrd mboxcl mboxcl2 maildir mh eml emlx tar zip postfix exim sendmail qpsmtpd rspamd opendmarc-history",
			func(r *row) *string { return &r.Evidence.Origin.Format })),
		int64Column("source_offset", "Where the unit begins in the uncompressed source, bytes.",
			func(r *row) *int64 { return &r.Evidence.Origin.Offset }),
		int64Column("source_length", "Length of the unit in the uncompressed source, bytes.",
			func(r *row) *int64 { return &r.Evidence.Origin.Length }),
		int64Column("ordinal", "Position in the run, from 0.",
			func(r *row) *int64 { return &r.Evidence.Origin.Ordinal }),
		textColumn("message_id", unique, "Message-ID without angle brackets.",
			func(r *row) *string { return &r.Evidence.MessageID }),
		timeColumn("date", "The header field Date; null where absent or unparsable.",
			func(r *row) *timeType { return &r.Evidence.Date }),
		timeColumn("received_at", "Arrival at the boundary of the receiver's network.",
			func(r *row) *timeType { return &r.Evidence.Envelope.ReceivedAt }),
		timeColumn("as_of", "The moment the message was judged at.",
			func(r *row) *timeType { return &r.Verdict.AsOf }),
	)
}

func identityColumns() []item[*row] {
	return items(
		column[*row]{
			name: "header_from_domain", kind: shared,
			doc: "The author domain (RFC 5322 section 3.6.2); null where there is no usable one.",
			put: each(func(r *row, _ *scratch) parquet.Value { return textValue(r.Evidence.Author.Domain()) }),
			get: func(r *row, v *value) {
				if a := &r.Evidence.Author; !v.null && len(a.Domains) == 0 {
					a.Domains = append(a.Domains, v.text())
				}
			},
		},
		int32Column("header_from_count", "How many From fields there are.",
			func(r *row) *int32 { return &r.Evidence.Author.Fields }),
		textColumn("organizational_domain", shared, "The author domain's organizational domain.",
			func(r *row) *string { return &r.Verdict.DMARC.OrganizationalDomain }),
		textColumn("mail_from_domain", shared, "Domain of the return path; null for a null path and where unknown (see has_mail_from).",
			func(r *row) *string { return &r.Evidence.Envelope.MailFromDomain }),
		textColumn("helo_domain", shared, "HELO or EHLO name as the boundary wrote it, or an address literal.",
			func(r *row) *string { return &r.Evidence.Envelope.HELO }),
		column[*row]{
			name: "client_ip", kind: shared, doc: "Address of the SMTP client at the boundary.",
			put: each(putAddr), get: getAddr,
		},
		always(wordColumn("client_ip_source", "Where the client address was learned.",
			"received received_spf authentication_results log none",
			func(r *row) *evidence.Basis { return &r.Evidence.Envelope.Basis })),
		boolColumn("authenticated", "The client was an authenticated submitter.",
			func(r *row) *bool { return &r.Evidence.Envelope.Authenticated }),
		textColumn("list_id", shared, "The identifier of List-Id, lower case.",
			func(r *row) *string { return &r.Evidence.ListID }),
	)
}

// decisionColumns are what follows from all of it.
func decisionColumns() []item[*row] {
	const dispositions = "none quarantine reject"
	return items(
		wordColumn("disposition", "What a receiver does that follows the policy to the letter.", dispositions,
			func(r *row) *disposition { return &r.Verdict.Disposition }),
		wordColumn("disposition_7_4", "What RFC 9989 section 7.4 lets a receiver do that knows nothing else.", dispositions,
			func(r *row) *disposition { return &r.Verdict.Disposition74 }),
		textColumn("override_type", word, "Why the disposition is milder than the policy: sampled_out, policy_test_mode, trusted_forwarder, local_policy and others.",
			func(r *row) *string { return &r.Verdict.OverrideType }),
		addressText("override_comment", "More on the override, for people.",
			func(r *row) *string { return &r.Verdict.OverrideComment }),
		always(wordColumn("category", "The message's place in the breakdown: exactly one.", categoryWords(),
			func(r *row) *evaluate.Category { return &r.Verdict.Category })),
	)
}

func categoryWords() string {
	s := ""
	for _, c := range evaluate.Categories {
		s += string(c) + " "
	}
	return s
}

func putDigest(r *row, s *scratch) parquet.Value {
	if !r.Evidence.HasDigest {
		return emptyText
	}
	b := s.room(2 * len(r.Evidence.Digest))
	return s.take(hex.AppendEncode(b, r.Evidence.Digest[:]))
}

func getDigest(r *row, v *value) {
	if len(v.s) != 2*len(r.Evidence.Digest) {
		return
	}
	for i := range r.Evidence.Digest {
		r.Evidence.Digest[i] = nibble(v.s[2*i])<<4 | nibble(v.s[2*i+1])
	}
	r.Evidence.HasDigest = true
}

// nibble reads a hex digit that this package wrote.
func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func putAddr(r *row, s *scratch) parquet.Value {
	ip := r.Evidence.Envelope.ClientIP
	if !ip.IsValid() {
		return parquet.Value{}
	}
	// The longest address without a zone has 39 bytes.
	return s.take(ip.AppendTo(s.room(39 + len(ip.Zone()) + 1)))
}

func getAddr(r *row, v *value) {
	if v.null {
		return
	}
	if ip, err := netip.ParseAddr(v.s); err == nil {
		r.Evidence.Envelope.ClientIP = ip
	}
}
