package explain

import (
	"fmt"
	"strings"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/evidence"
)

// signatureAdvice is what to do about one signature that fails, or that passes
// with a remark; both are empty where there is nothing.
func signatureAdvice(s *Signature, at time.Time) (code, text string) {
	r := dkim.Reason(s.Reason)
	switch r {
	case "":
		return "", ""
	case dkim.BodyHashMismatch:
		return bodyAdvice(s)
	case dkim.SignatureMismatch:
		return headerAdvice(s)
	case dkim.Expired:
		return "expired", fmt.Sprintf("it had expired %s before. Mail is delayed or replayed; give signatures a life of some days (x=).",
			age(at.Sub(s.ExpiresAt)))
	case dkim.KeyNotFound:
		return "key_gone", fmt.Sprintf("no key is published at %s. It was withdrawn since, or never there. Publish it, keep keys for as long as their "+
			"mail may arrive, or judge by the DNS of that day (--dns history:, replay:).", s.KeyName)
	case dkim.KeySyntax:
		return "key_broken", fmt.Sprintf("the key record at %s cannot be read%s. Publish it again.", s.KeyName, brackets(s.Detail))
	case dkim.NotRecorded:
		return "key_not_recorded", fmt.Sprintf("no source of --dns knows %s, so the key is missing here, not necessarily there.", s.KeyName)
	}
	if text, ok := advice[r]; ok {
		return s.Reason, text
	}
	return s.Reason, dkimMeaning(r) + brackets(detailBeside(dkimMeaning(r), s.Detail)) + "."
}

var advice = map[dkim.Reason]string{
	dkim.KeyRevoked:        "its key is revoked. Sign with another selector; revoke a key only after its last mail has arrived.",
	dkim.KeyTooSmall:       "its key is too small. Sign with an RSA key of 2048 bits.",
	dkim.AlgorithmObsolete: "it is made with rsa-sha1, which no longer counts. Sign with rsa-sha256.",
	dkim.KeyHash:           "its key record allows only other hashes (h=). Remove h= from the key record, or list sha256.",
	dkim.KeyType:           "its key is of another type than a= says. Publish the right key, or sign with another selector.",
	dkim.KeyService:        "its key record is not for mail (s=). Remove s= from the key record.",
	dkim.AUIDMismatch:      "its key forbids an i= below d= (t=s). Drop i=, or t=s.",
	dkim.FromNotSigned:     "it does not cover From, which every signature must. Add From to h=.",
	dkim.DNSTimeout:        "its key cannot be asked for: the DNS does not answer. Look at the name servers.",
	dkim.DNSServFail:       "its key cannot be asked for: the DNS fails. Look at the name servers, and at DNSSEC.",
	dkim.DNSRefused:        "its key cannot be asked for: the DNS refuses. Look at the name servers.",
	dkim.KeyTesting:        "its key says t=y. Remove that when the tests are over: some receivers disregard such signatures.",
	dkim.BodyLengthPartial: "l= leaves a part of the body unsigned, and anybody can add to it. Sign without l=.",
	dkim.HistoricRules:     "it verifies only by the rules of its day; today it would not count.",
	dkim.OtherKey:          "it is genuine, but the key in force at that moment is another: keys were changed while mail was on its way, or the record of keys has a gap.",
	dkim.SignedInFuture:    "it claims to be made after it arrived. Set the signer's clock.",
}

// bodyAdvice says what changed the body, as far as that was found.
func bodyAdvice(s *Signature) (code, text string) {
	for _, r := range s.Readings {
		if r.Of != "body" {
			continue
		}
		text, ok := bodyCauses[r.Word]
		if !ok {
			text = "the body was changed."
		}
		return "body_" + r.Word, fmt.Sprintf("%s The body is as signed %s%s.", text, r.Note, andHeader(s))
	}
	if s.HeaderAsSigned == "yes" {
		return "body_changed", "the header is as signed, the body was changed after signing in a way that cannot be named: by a list, a filter, or the archive. " +
			"Look for what on the way adds or converts text."
	}
	return "body_changed", "the body was changed after signing in a way that cannot be named: by a list, a filter, or the archive."
}

// andHeader adds what was found about the header beside the body.
func andHeader(s *Signature) string {
	for _, r := range s.Readings {
		if r.Of == "header" {
			return ", the header " + r.Note
		}
	}
	return ""
}

var bodyCauses = map[string]string{
	"lines_appended": "something added lines at the end after signing, as lists and disclaimers do. " +
		"Lists should leave the body alone, or put their own domain in From and sign.",
	"part_appended": "something added a part to the body after signing, as lists and disclaimers do. " +
		"Lists should leave the body alone, or put their own domain in From and sign.",
	"lines_prepended": "something added lines at the top after signing, as filters that warn do. Warn after verifying, at the last hop.",
	// Under the other form, white space that was changed makes no difference.
	"body_canonicalization": "white space was changed on the way, or the signer hashed the body in another way than its c= says. Sign with c=relaxed/relaxed.",
	"transfer_encoding":     "a relay put the body into another transfer encoding. Send what needs no conversion: quoted-printable or base64.",
	"dot_stuffing":          "a program on the way got the dots of SMTP wrong (RFC 5321 section 4.5.2). Mend it.",
	"from_quoting":          "the store quoted lines that begin with \"From \".",
	"line_ends":             "something changed line ends.",
	"blank_line":            "a blank line was added or taken away at an end of the body.",
	"reencoded":             "a relay put the body into another transfer encoding. Send what needs no conversion: quoted-printable or base64.",
	"list_footer":           "a list put its footer below the text. Lists should leave the body alone, or put their own domain in From and sign.",
	"trailing_space":        "something took the white space at the end of lines away. Sign with c=relaxed/relaxed.",
	"length_ignored":        "the signer hashed the whole body, and l= says less. Sign without l=.",
}

// damagePhrases are the words of evidence.Signature.Damage, undone.
var damagePhrases = map[string]string{
	evidence.DamageFromQuoting:   "with lines that begin with \"From \" quoted in another way",
	evidence.DamageLineEnds:      "with its line ends mended",
	evidence.DamageBlankLine:     "with a blank line more or less at an end",
	evidence.DamageReencoded:     "before it was encoded",
	evidence.DamageListFooter:    "without the footer below a separator line",
	evidence.DamageTrailingSpace: "with the space behind the separator \"--\"",
}

// headerAdvice says what changed the header, as far as that was found.
func headerAdvice(s *Signature) (code, text string) {
	for _, r := range s.Readings {
		if r.Of != "header" {
			continue
		}
		text, ok := headerCauses[r.Word]
		if !ok {
			text = "a signed field was changed."
		}
		return "header_" + r.Word, fmt.Sprintf("%s The header is as signed %s.", text, r.Note)
	}
	const what = "the body is as signed, the header is not, or the key was replaced since. "
	if len(s.Suspects) > 0 {
		return "header_changed", what + "The list may have written these signed fields anew: " + strings.Join(s.Suspects, ", ") + "."
	}
	return "header_changed", what + "Compare the fields that h= names with the message as it was sent."
}

var headerCauses = map[string]string{
	"subject_tag":                "a list put its tag into Subject after signing. Lists should not, or should put their own domain in From and sign.",
	"list_fields":                "fields of lists were added after signing, and the signature forbids that. Do not oversign List-* fields.",
	"list_changes":               "a list changed Subject and added fields after signing. It should not, or should put its own domain in From and sign.",
	"from_rewritten":             "a list put another address into From. That is how lists live with DMARC; its own signature has to carry the message.",
	"from_rewritten_subject_tag": "a list put another address into From and a tag into Subject. Its own signature has to carry the message.",
	"topmost_instances":          "the signer took the topmost of repeated fields, where the lowest is meant (RFC 6376 section 5.4.2). Mend the signer.",
	"fields_above":               "fields were added above the signature, and it forbids that.",
	"field_added":                "a field was added after signing, and the signature forbids that (it names the field more often than it had it).",
	"transfer_encoding":          "a relay changed the transfer encoding. Send what needs no conversion, or leave that field out of h=.",
	"mime_fields":                "MIME fields were added after signing.",
	"header_canonicalization":    "white space or folding was changed on the way, or the signer hashed the header in another way than its c= says. Sign with c=relaxed/relaxed.",
	"unfolded":                   "a relay folded fields in another way. Sign with c=relaxed.",
	"names":                      "a relay wrote the names of fields in other capitals. Sign with c=relaxed.",
	"tabs":                       "a relay changed the white space of folded fields. Sign with c=relaxed.",
}

// age is a span for people.
func age(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}
