package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"mailaudit/reader"
)

// signedAs is a message whose signature was made over the body sent, simple
// canonicalization, and which arrives with the body kept.
func signedAs(sent, kept, encoding string) []byte {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(sent, "\n", "\r\n")))
	head := "From: a@a.example\nContent-Transfer-Encoding: " + encoding + "\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=" +
		base64.StdEncoding.EncodeToString(sum[:]) + "; b=AAAA\n\n"
	return []byte(head + kept)
}

func TestDamage(t *testing.T) {
	t.Parallel()
	const rule = "_______________________________________________\n"
	for _, tt := range []struct {
		name, sent, kept string
		encoding         string
		quoting          reader.Quoting
		damage           string
		mended           bool
	}{
		{name: "intact", sent: "a\n", kept: "a\n"},
		{name: "forged", sent: "a\n", kept: "b\n"},
		{name: "mboxo, was quoted by the sender", sent: "x\n>From me\n", kept: "x\n>From me\n", quoting: reader.QuotingMboxo,
			damage: DamageFromQuoting, mended: true},
		{name: "mboxo, was quoted by the store", sent: "x\nFrom me\n", kept: "x\n>From me\n", quoting: reader.QuotingMboxo},
		{name: "a file that was in an mbox before", sent: "x\nFrom me\n", kept: "x\n>From me\n", damage: DamageFromQuoting},
		{name: "unquoted too far", sent: "x\n>From me\n", kept: "x\nFrom me\n", damage: DamageFromQuoting},
		{name: "footer", sent: "text\n", kept: "text\n" + rule + "list mailing list\n", damage: DamageListFooter},
		{name: "footer below a signature", sent: "text\n-- \nme\n", kept: "text\n-- \nme\n" + rule + "list\n" + rule, damage: DamageListFooter},
		{name: "doubled CR", sent: "a\nb\n", kept: "a\r\r\nb\r\r\n", damage: DamageLineEnds},
		{name: "bare CR", sent: "a\nb\n", kept: "a\rb\r", damage: DamageLineEnds},
		{name: "blank line lost", sent: "\na\n", kept: "a\n", damage: DamageBlankLine},
		{name: "blank line added", sent: "a\n", kept: "\na\n", damage: DamageBlankLine},
		{name: "separator stripped", sent: "a\n-- \nme\n", kept: "a\n--\nme\n", damage: DamageTrailingSpace},
		{name: "quoted-printable", sent: "caf\xc3\xa9 = good\n", kept: "caf=C3=A9 =3D good\n", encoding: "quoted-printable", damage: DamageReencoded},
		{name: "base64", sent: "caf\xc3\xa9\n", kept: "Y2Fmw6kK\n", encoding: "base64", damage: DamageReencoded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.encoding == "" {
				tt.encoding = "8bit"
			}
			u := reader.NewUnit(signedAs(tt.sent, tt.kept, tt.encoding), nil)
			u.Quoting = tt.quoting
			e, err := NewExtractor(Options{}).Extract(&u)
			if err != nil || len(e.Signatures) != 1 {
				t.Fatalf("%v, %d signatures", err, len(e.Signatures))
			}
			s := &e.Signatures[0]
			wantMatch := tt.mended || tt.damage == "" && tt.name != "forged"
			if s.Damage != tt.damage || s.Repaired != tt.mended || s.BodyHashMatch != wantMatch {
				t.Errorf("damage %q, repaired %v, match %v; want %q, %v, %v",
					s.Damage, s.Repaired, s.BodyHashMatch, tt.damage, tt.mended, wantMatch)
			}
			if said := strings.Contains(strings.Join(e.Anomalies, " "), "repaired_"+DamageFromQuoting); said != tt.mended {
				t.Errorf("anomalies %v", e.Anomalies)
			}
		})
	}
}
