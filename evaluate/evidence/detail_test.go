package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"mailaudit/reader"
)

// signedMessage is a message whose bh= is that of body, canonicalized as c says.
// Its b= is no signature: nothing here needs a key.
func signedMessage(headers, c, extra, body string) string {
	canon := Simple
	if strings.HasSuffix(c, "/relaxed") {
		canon = Relaxed
	}
	sum := sha256.Sum256(canonicalBody(canon, []byte(body)))
	return "DKIM-Signature: v=1; a=rsa-sha256; c=" + c + "; d=a.test; s=s; h=From:Subject:Subject:To; " + extra + "\r\n\tbh=" +
		base64.StdEncoding.EncodeToString(sum[:]) + "; b=AAAA\r\n" + headers + "\r\n"
}

func detailOf(t *testing.T, message string) (*Evidence, *SignatureDetail) {
	t.Helper()
	u := reader.NewUnit([]byte(message), nil)
	e, err := NewExtractor(Options{Detail: true}).Extract(&u)
	if err != nil {
		t.Fatal(err)
	}
	if e.Detail == nil || len(e.Detail.Signatures) != len(e.Signatures) || len(e.Signatures) == 0 {
		t.Fatalf("detail of %d signatures is %+v", len(e.Signatures), e.Detail)
	}
	return e, &e.Detail.Signatures[0]
}

const author = "From: a@a.test\r\nSubject: hello\r\nTo: b@b.test\r\n"

// TestBodyAttempts changes a body and asks how it was.
func TestBodyAttempts(t *testing.T) {
	t.Parallel()
	const body = "one\r\n\r\ntwo  words\r\nthree\r\n"
	const parts = "--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x--\r\n"
	for name, c := range map[string]struct {
		headers, sent, got, c, extra, want string
	}{
		"untouched":          {"", body, body, "simple/simple", "", ""},
		"blank lines at end": {"", body, body + "\r\n\r\n", "simple/simple", "", ""},
		"footer":             {"", body, body + "\r\n____\r\nlist\r\n", "simple/simple", "", "lines_appended"},
		"footer, relaxed":    {"", body, "one\r\n\r\ntwo words \r\nthree\r\n-- \r\nlist\r\n", "relaxed/relaxed", "", "lines_appended"},
		"disclaimer on top":  {"", body, "EXTERNAL MAIL\r\n\r\n" + body, "simple/simple", "", "lines_prepended"},
		"white space":        {"", "one\r\ntwo words\r\n", "one \r\ntwo   words\r\n", "simple/simple", "", "body_canonicalization"},
		"dots":               {"", "a\r\n.b\r\n", "a\r\n..b\r\n", "simple/simple", "", "dot_stuffing"},
		"part":               {"", parts, strings.Replace(parts, "--x--", "--x\r\n\r\nfooter\r\n--x--", 1), "simple/simple", "", "part_appended"},
		"encoded": {"Content-Transfer-Encoding: quoted-printable\r\n", "gr\xfc\xdfe = x\r\n", "gr=FC=DFe =3D x\r\n", "simple/simple", "",
			"transfer_encoding"},
		"base64":        {"Content-Transfer-Encoding: base64\r\n", "hello\r\n", "aGVsbG8NCg==\r\n", "simple/simple", "", "transfer_encoding"},
		"l= too little": {"", body, body, "simple/simple", "l=3;", "length_ignored"},
		"another body":  {"", body, "nothing of it\r\n", "simple/simple", "", ""},
		"emptied":       {"", body, "", "simple/simple", "", ""},
	} {
		_, d := detailOf(t, signedMessage(author+c.headers, c.c, c.extra, c.sent)+c.got)
		got := ""
		if len(d.Body) > 0 {
			got = d.Body[0].Word
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q (%+v)", name, got, c.want, d.Body)
		}
	}
}

// TestHeaderAttempts changes a header and asks whether one of the readings has
// the digest of the header as it was.
func TestHeaderAttempts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ canon, sent, got, want string }{
		"subject tag":   {"relaxed/simple", author, strings.Replace(author, "hello", "[list] hello", 1), "subject_tag"},
		"tag after Re:": {"relaxed/simple", strings.Replace(author, "hello", "Re: hello", 1), strings.Replace(author, "hello", "Re: [list] hello", 1), "subject_tag"},
		"field added":   {"relaxed/simple", author, "Subject: second\r\n" + author, "field_added"},
		"From rewritten": {"relaxed/simple", author, strings.Replace(author, "From: a@a.test", "From: list@l.test\r\nX-Original-From: a@a.test", 1),
			"from_rewritten"},
		"both": {"relaxed/simple", author, strings.Replace(strings.Replace(author, "hello", "[l] hello", 1),
			"From: a@a.test", "From: list@l.test\r\nReply-To: a@a.test", 1), "from_rewritten_subject_tag"},
		"folded": {"simple/simple", author, strings.Replace(author, "Subject: hello", "Subject:\r\n\thello", 1), "unfolded"},
		"names":  {"simple/simple", author, strings.Replace(author, "Subject:", "SUBJECT:", 1), "names"},
	} {
		e, _ := detailOf(t, signedMessage(c.sent, c.canon, "", "x\r\n")+"x\r\n")
		_, d := detailOf(t, signedMessage(c.got, c.canon, "", "x\r\n")+"x\r\n")
		got := ""
		for _, a := range d.Header {
			if bytes.Equal(a.Digest, e.Signatures[0].HeaderHash) {
				got = a.Word
				break
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestCanonicalHeaderIsWhatWasHashed: the bytes kept give the digest that a key
// is asked to confirm, and the body's bytes give its hash.
func TestCanonicalHeaderIsWhatWasHashed(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"simple/simple", "relaxed/relaxed", "simple/relaxed", "relaxed/simple"} {
		e, d := detailOf(t, signedMessage(author, c, "", "a  b \r\n\r\n")+"a  b \r\n\r\n")
		s := &e.Signatures[0]
		if sum := sha256.Sum256(d.CanonicalHeader); !bytes.Equal(sum[:], s.HeaderHash) {
			t.Errorf("%s: the canonical header gives %x, hashed was %x", c, sum, s.HeaderHash)
		}
		if !s.BodyHashMatch || !bytes.Equal(s.BodyHash, d.BodyClaimed) {
			t.Errorf("%s: body hash %x, claimed %x", c, s.BodyHash, d.BodyClaimed)
		}
		if want := map[Canon]int64{Simple: 7, Relaxed: 5}[s.BodyCanon]; d.BodyBytes != want {
			t.Errorf("%s: %d bytes of body, want %d", c, d.BodyBytes, want)
		}
	}
}

func TestSignedNames(t *testing.T) {
	t.Parallel()
	_, d := detailOf(t, signedMessage(author+"To: c@c.test\r\n", "simple/simple", "", "x\r\n")+"x\r\n")
	// h=From:Subject:Subject:To over From, Subject, To, To below the signature.
	want := []SignedField{{"From", 1}, {"Subject", 2}, {"Subject", -1}, {"To", 4}}
	if len(d.Signed) != len(want) {
		t.Fatalf("signed fields are %+v", d.Signed)
	}
	for i := range want {
		if d.Signed[i] != want[i] {
			t.Errorf("signed field %d is %+v, want %+v", i, d.Signed[i], want[i])
		}
	}
	if len(d.Uncovered) != 1 || d.Uncovered[0] != "to" {
		t.Errorf("uncovered fields are %q, want to", d.Uncovered)
	}
}

func TestUnquotedBody(t *testing.T) {
	t.Parallel()
	const kept = ">From a\n>>From b\n> From c\nx>From d\n"
	for q, want := range map[reader.Quoting]string{
		reader.QuotingNone:   kept,
		reader.QuotingMboxo:  "From a\n>>From b\n> From c\nx>From d\n",
		reader.QuotingMboxrd: "From a\n>From b\n> From c\nx>From d\n",
	} {
		if got := string(unquotedBody([]byte(kept), q)); got != want {
			t.Errorf("quoting %d: %q, want %q", q, got, want)
		}
	}
}

// TestDetailIsFree: without Options.Detail nothing is kept and nothing allocated
// for it; with it the evidence is the same.
func TestDetailIsFree(t *testing.T) {
	t.Parallel()
	message := []byte(signedMessage(author, "relaxed/relaxed", "", "x\r\n") + "x\r\nfooter\r\n")
	u := reader.NewUnit(message, nil)
	plain, err := NewExtractor(Options{}).Extract(&u)
	if err != nil {
		t.Fatal(err)
	}
	full, err := NewExtractor(Options{Detail: true}).Extract(&u)
	if err != nil {
		t.Fatal(err)
	}
	if plain.Detail != nil {
		t.Error("detail is kept though nobody asked for it")
	}
	a, b := &plain.Signatures[0], &full.Signatures[0]
	if !bytes.Equal(a.HeaderHash, b.HeaderHash) || !bytes.Equal(a.BodyHash, b.BodyHash) || a.BodyHashMatch != b.BodyHashMatch {
		t.Errorf("the detail changes the evidence: %+v, %+v", a, b)
	}
}

func FuzzDetail(f *testing.F) {
	f.Add([]byte(signedMessage(author, "relaxed/relaxed", "l=3;", "x\r\n") + "x\r\nfooter\r\n"))
	f.Add([]byte(signedMessage(author+"Content-Transfer-Encoding: base64\r\n", "simple", "", "x\r\n") + "--a\r\n\r\nx\r\n--a--\r\n"))
	f.Add([]byte("ARC-Seal: i=1; cv=none; b=\r\nARC-Message-Signature: i=1; h=from\r\nARC-Authentication-Results: i=1; x\r\nFrom: a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		u := reader.NewUnit(data, nil)
		e, err := NewExtractor(Options{Detail: true}).Extract(&u)
		if err != nil || e.Malformed != "" {
			return
		}
		if len(e.Detail.Signatures) != len(e.Signatures) || len(e.Detail.Sets) != len(e.ARC.Sets) {
			t.Fatal("the detail is not parallel to the evidence")
		}
		for i := range e.Signatures {
			s, d := &e.Signatures[i], &e.Detail.Signatures[i]
			if s.Problem != "" || len(s.HeaderHash) != sha256.Size {
				continue
			}
			if sum := sha256.Sum256(d.CanonicalHeader); !bytes.Equal(sum[:], s.HeaderHash) {
				t.Errorf("signature %d: the canonical header is not what was hashed", i)
			}
			if s.BodyHashMatch && !s.Repaired && len(d.Body) > 0 {
				t.Errorf("signature %d: the body matches, and %q would too", i, d.Body[0].Word)
			}
		}
	})
}
