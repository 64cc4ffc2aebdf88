package explain

import (
	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
)

var dkimMeanings = map[dkim.Reason]string{
	"":                               "the signature verifies",
	dkim.Syntax:                      "the signature field has a syntax error",
	dkim.MissingTag:                  "the signature lacks a required tag",
	dkim.UnsupportedVersion:          "the signature is of an unknown version",
	dkim.UnsupportedAlgorithm:        "the signature's algorithm is unknown",
	dkim.UnsupportedCanonicalization: "the signature's canonicalization is unknown",
	dkim.UnsupportedQuery:            "the signature's query method is unknown",
	dkim.FromNotSigned:               "the signature does not cover From",
	dkim.DomainMismatch:              "i= is not within d=",
	dkim.ExpiryBeforeSigning:         "the signature expires before it was made",
	dkim.SealSigned:                  "the message signature covers ARC-Seal, which it must not",
	dkim.AlgorithmObsolete:           "rsa-sha1 no longer counts (RFC 8301)",
	dkim.Expired:                     "the signature had expired",
	dkim.IncompleteEvidence:          "what is needed to verify it was not kept",
	dkim.KeyNotFound:                 "there is no key at that name",
	dkim.KeyNameInvalid:              "the key's name cannot exist in the DNS",
	dkim.DNSTimeout:                  "the DNS did not answer the question for the key",
	dkim.DNSServFail:                 "the DNS failed on the question for the key",
	dkim.DNSRefused:                  "the DNS refused the question for the key",
	dkim.DNSFailure:                  "the DNS failed on the question for the key",
	dkim.NotRecorded:                 "no source of DNS answers has the key",
	dkim.KeySyntax:                   "the key record has a syntax error",
	dkim.KeyService:                  "the key is not meant for mail",
	dkim.KeyHash:                     "the key does not allow the signature's hash",
	dkim.KeyRevoked:                  "the key is revoked (p= is empty)",
	dkim.KeyType:                     "the key is of another type than the signature",
	dkim.KeyTooSmall:                 "the key is too small to count (RFC 8301)",
	dkim.KeyTooLarge:                 "the key is too large to be tried",
	dkim.AUIDMismatch:                "the key forbids an i= below d= (t=s)",
	dkim.KeyGranularity:              "the key is for another local part (g=)",
	dkim.BodyHashMismatch:            "the body is not the one that was signed",
	dkim.SignatureMismatch:           "the header is not the one that was signed, or the key is another",
	dkim.OtherKey:                    "it verifies by a key of another time",
	dkim.BodyLengthPartial:           "it verifies; l= leaves part of the body unsigned",
	dkim.HistoricRules:               "it verifies by the rules of its day only",
	dkim.SignedInFuture:              "it verifies; it claims to be made after it arrived",
	dkim.KeyTesting:                  "it verifies; the key is marked as a test (t=y)",
	evaluate.Logged:                  "as the log has it",
}

func dkimMeaning(r dkim.Reason) string {
	if m, ok := dkimMeanings[r]; ok {
		return m
	}
	return string(r)
}

var arcMeanings = map[arc.Reason]string{
	"":                            "every seal and the newest message signature verify",
	arc.InstanceRange:             "a set has no valid instance number",
	arc.DuplicateField:            "an instance has a field twice",
	arc.MissingField:              "an instance lacks one of its three fields",
	arc.InstanceGap:               "an instance is missing",
	arc.TooManySets:               "the chain has too many sets",
	arc.CVFail:                    "the newest seal says that the chain had failed before",
	arc.CVInvalid:                 "a seal does not say of the chain what it must",
	arc.MessageSignature:          "the newest message signature does not verify: the message changed after it",
	arc.MessageSignatureUndecided: "a DNS failure hides the key of the newest message signature",
	arc.Seal:                      "a seal does not verify",
	arc.SealUndecided:             "a DNS failure hides the key of a seal",
}
