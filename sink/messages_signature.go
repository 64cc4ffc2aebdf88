package sink

import (
	"strings"

	"github.com/parquet-go/parquet-go"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
)

// dkimFields are the fields of the struct dkim: first those that scripts rely
// on, in their order.
func dkimFields() []column[signed] {
	sig := func(s signed) *evidence.Signature { return s.Signature }
	first := []column[signed]{
		domainField(sig), selectorField(sig), identityField(sig), algorithmField(sig),
		optionalInt32Column("key_bits", "Size of the key: RSA modulus, or 256 for Ed25519; null where no key was read.", 0,
			outcomeOf(func(o *dkim.Outcome) *int32 { return &o.KeyBits })),
		canonicalizationField(sig),
		wordColumn("result", "Result (RFC 8601 section 2.7.1).", dkimWords,
			outcomeOf(func(o *dkim.Outcome) *dkim.Result { return &o.Result })),
		textColumn("reason", word, "Why the result is what it is, a stable word; null for a pass without remark.",
			outcomeOf(func(o *dkim.Outcome) *dkim.Reason { return &o.Reason })),
		wordColumn("alignment", "How near the domain is to the author domain, whatever the result.", alignmentWords,
			func(s signed) *dmarc.Alignment { return s.align }),
		timeColumn("signed_at", "t=.", func(s signed) *timeType { return &s.SignedAt }),
		timeColumn("expires_at", "x=.", func(s signed) *timeType { return &s.ExpiresAt }),
		bodyLengthField(sig),
		textColumn("key_source", shared, `The DNS source of the key, followed by " nearest" or " other_key" where the key is not the one in force at that moment.`,
			outcomeOf(func(o *dkim.Outcome) *string { return &o.KeySource })),
		bodyHashMatchField(sig), headerHashField(sig), signatureField(sig),
	}
	first = append(first, evidenceFields(sig)...)
	return append(first,
		textColumn("header_damage", word, "header_folding: the signature verifies on the signed fields without their folding.",
			outcomeOf(func(o *dkim.Outcome) *string { return &o.Damage })),
		boolColumn("testing", "The key carries t=y.",
			outcomeOf(func(o *dkim.Outcome) *bool { return &o.Testing })),
		addressText("detail", "More on the reason, for people.",
			outcomeOf(func(o *dkim.Outcome) *string { return &o.Detail })),
	)
}

// The fields that dkim and arc_signatures share.

func domainField[T any](at func(T) *evidence.Signature) column[T] {
	return textColumn("domain", shared, "d=.", func(e T) *string { return &at(e).Domain })
}

func selectorField[T any](at func(T) *evidence.Signature) column[T] {
	return textColumn("selector", shared, "s=.", func(e T) *string { return &at(e).Selector })
}

func algorithmField[T any](at func(T) *evidence.Signature) column[T] {
	return textColumn("algorithm", shared, "a=, lower case.", func(e T) *string { return &at(e).Algorithm })
}

func bodyLengthField[T any](at func(T) *evidence.Signature) column[T] {
	return optionalInt64Column("body_length", "l=, bytes.", -1, func(e T) *int64 { return &at(e).BodyLength })
}

func bodyHashMatchField[T any](at func(T) *evidence.Signature) column[T] {
	return boolColumn("body_hash_match", "The body's hash is bh=.", func(e T) *bool { return &at(e).BodyHashMatch })
}

func headerHashField[T any](at func(T) *evidence.Signature) column[T] {
	return bytesColumn("header_hash", "The digest that b= signs: 32 bytes, 20 for SHA-1.",
		func(e T) *[]byte { return &at(e).HeaderHash })
}

func signatureField[T any](at func(T) *evidence.Signature) column[T] {
	return bytesColumn("signature", "b= decoded.", func(e T) *[]byte { return &at(e).Signature })
}

// identityField is i=. Without one it is null, and the identity is the domain.
func identityField[T any](at func(T) *evidence.Signature) column[T] {
	return column[T]{
		name: "identity", kind: shared,
		doc: "i=, its local part subject to --addresses; null where absent.",
		put: each(func(e T, s *scratch) parquet.Value {
			sig := at(e)
			if !sig.HasAUID {
				return parquet.Value{}
			}
			return s.address(sig.AUIDLocal, sig.AUIDDomain)
		}),
		get: func(e T, v *value) {
			sig := at(e)
			if sig.HasAUID = !v.null; v.null {
				sig.AUIDDomain = sig.Domain
				return
			}
			i := strings.LastIndexByte(v.s, '@')
			sig.AUIDLocal, sig.AUIDDomain = UnescapeText(v.s[:i]), UnescapeText(v.s[i+1:])
		},
	}
}

func canonicalizationField[T any](at func(T) *evidence.Signature) column[T] {
	return column[T]{
		name: "canonicalization", kind: word, required: true, doc: "c=, header and body.",
		words: "simple/simple simple/relaxed relaxed/simple relaxed/relaxed",
		put: each(func(e T, _ *scratch) parquet.Value {
			return stringValue(at(e).Canonicalization())
		}),
		get: func(e T, v *value) {
			header, body, _ := strings.Cut(v.s, "/")
			at(e).HeaderCanon, at(e).BodyCanon = canonOf(header), canonOf(body)
		},
	}
}

func canonOf(s string) evidence.Canon {
	if s == "relaxed" {
		return evidence.Relaxed
	}
	return evidence.Simple
}

// evidenceFields is the rest of what judging a signature again needs.
func evidenceFields[T any](at func(T) *evidence.Signature) []column[T] {
	return []column[T]{
		int32Column("field", "Index of the header field, 0 the topmost.", func(e T) *int32 { return &at(e).Field }),
		textColumn("problem", word, "Why it cannot verify whatever the key is, a stable word.",
			func(e T) *string { return &at(e).Problem }),
		addressText("problem_detail", "More on the problem, for people.", func(e T) *string { return &at(e).Detail }),
		textColumn("signed_headers", shared, "h=, white space removed.", func(e T) *string { return &at(e).SignedHeaders }),
		bytesColumn("body_hash", "The body's hash as computed.", func(e T) *[]byte { return &at(e).BodyHash }),
		bytesColumn("unfolded_hash", "What b= would sign had the signed fields come unfolded; under simple canonicalization only.",
			func(e T) *[]byte { return &at(e).UnfoldedHash }),
		optionalInt64Column("body_unsigned", "Bytes of the canonical body that l= leaves unsigned; null for none.", 0,
			func(e T) *int64 { return &at(e).BodyUnsigned }),
		textColumn("damage", word, "The known way of archives to change mail that makes a hash match when undone.",
			func(e T) *string { return &at(e).Damage }),
		textColumn("logged_result", shared, "The result that a log gives, where there were no bytes to verify.",
			func(e T) *string { return &at(e).Logged }),
		optionalInt32Column("logged_bits", "Size of the key by the log.", 0, func(e T) *int32 { return &at(e).LoggedBits }),
		boolColumn("repaired", "The hashes are those after undoing the damage.", func(e T) *bool { return &at(e).Repaired }),
	}
}

// chained is one ARC set and its outcome, which may be missing.
type chained struct {
	*evidence.ARCSet
	out *arc.SetOutcome
}

func (r *row) chained(i int) chained {
	c := chained{ARCSet: &r.Evidence.ARC.Sets[i]}
	if i < len(r.Verdict.ARC.Sets) {
		c.out = &r.Verdict.ARC.Sets[i]
	}
	return c
}

func arcFields() []column[chained] {
	of := func(field func(*arc.SetOutcome) *string) func(chained) *string {
		return func(c chained) *string {
			if c.out != nil {
				return field(c.out)
			}
			return nil
		}
	}
	seal := func(c chained) *evidence.Signature { return &c.Seal }
	return []column[chained]{
		int32Column("instance", "i=.", func(c chained) *int32 { return &c.Instance }),
		domainField(seal), selectorField(seal),
		wordColumn("result", "Result of the seal.", dkimWords, of(func(o *arc.SetOutcome) *string { return &o.Seal })),
		textColumn("reason", word, "Why, a stable word.", of(func(o *arc.SetOutcome) *string { return &o.SealReason })),
		wordColumn("message_result", "Result of the ARC-Message-Signature.", dkimWords,
			of(func(o *arc.SetOutcome) *string { return &o.Message })),
		textColumn("message_reason", word, "Why, a stable word.", of(func(o *arc.SetOutcome) *string { return &o.MessageReason })),
		textColumn("cv", shared, "cv= of the seal, as found.", func(c chained) *string { return &c.CV }),
		addressText("results", "The ARC-Authentication-Results value, unfolded; local parts subject to --addresses.",
			func(c chained) *string { return &c.Results }),
	}
}

// arcSignature is one of the two signatures of a set.
type arcSignature struct {
	*evidence.Signature
	set    *evidence.ARCSet
	isSeal bool
}

func (r *row) arcSignature(i int) arcSignature {
	set := &r.Evidence.ARC.Sets[i/2]
	if i%2 == 0 {
		return arcSignature{&set.Seal, set, true}
	}
	return arcSignature{&set.Message, set, false}
}

// arcSignatures is what judging a chain again needs: the two signatures of each
// set, the seal first.
func arcSignatures() item[*row] {
	sig := func(a arcSignature) *evidence.Signature { return a.Signature }
	fields := []column[arcSignature]{
		int32Column("instance", "i= of the set.", func(a arcSignature) *int32 { return &a.set.Instance }),
		derivedWord("role", "Which of the set's signatures.", "seal message", func(a arcSignature) string {
			if a.isSeal {
				return "seal"
			}
			return "message"
		}),
		domainField(sig), selectorField(sig), identityField(sig), algorithmField(sig), canonicalizationField(sig),
		timeColumn("signed_at", "t=.", func(a arcSignature) *timeType { return &a.SignedAt }),
		timeColumn("expires_at", "x=.", func(a arcSignature) *timeType { return &a.ExpiresAt }),
		bodyLengthField(sig), bodyHashMatchField(sig), headerHashField(sig), signatureField(sig),
	}
	return &list[*row, arcSignature]{
		name: "arc_signatures", doc: "The evidence of the ARC sets: for each the seal, then the message signature.",
		fields: append(fields, evidenceFields(sig)...),
		count:  func(r *row) int { return 2 * len(r.Evidence.ARC.Sets) },
		at:     (*row).arcSignature,
		grow:   func(r *row, n int) { r.growARC(n / 2) },
	}
}

// derivedWord is a required word that follows from the rest of the row.
func derivedWord[T any](name, doc, words string, put func(T) string) column[T] {
	c := derived(name, word, doc, put)
	c.required, c.words = true, words
	return c
}
