package evidence

import "testing"

func TestListID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		// RFC 2919 §3
		` List Header Mailing List <list-header.nisto.com>`:                                            "list-header.nisto.com",
		` <commonspace-users.list-id.within.com>`:                                                      "commonspace-users.list-id.within.com",
		` "Lena's Personal Joke List" <lenas-jokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost>`: "lenas-jokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost",
		` <da39efc25c530ad145d41b86f7420c3b.052000.localhost>`:                                         "da39efc25c530ad145d41b86f7420c3b.052000.localhost",

		"\r\n\t<Linux-API.vger.kernel.org>\r\n": "linux-api.vger.kernel.org",
		`"a <b> c" <d.example>`:                 "d.example",
		`<split.\r\n example>`:                  `split.\r\nexample`,
		"<split.\r\n example>":                  "split.example",
		"bare.example":                          "bare.example",
		"two words":                             "",
		"":                                      "",
		"<>":                                    "",
	} {
		if got := listID([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
