package evidence

import (
	"reflect"
	"strings"
	"testing"
)

func TestRecorded(t *testing.T) {
	t.Parallel()
	const hop = "from a (a [192.0.2.1]) by mx.example.net with ESMTP"
	ids := []string{"mx.example.net", "hotmail.com"}
	for _, c := range []struct {
		name      string
		fields    []string
		want      Recorded
		anomalies string
	}{
		{"gmail's form", []string{"Authentication-Results: MX.example.net; dkim=pass header.i=@Example.org header.s=s1 header.b=abc; dkim=fail header.d=example.com; spf=pass smtp.mailfrom=b@example.org; dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=Example.org", hop},
			Recorded{AuthservID: "mx.example.net", SPF: "pass", DKIM: "pass", DMARC: "pass", Policy: "reject", Disposition: "none", HeaderFrom: "example.org",
				Signatures: []RecordedSignature{{Result: "pass", Domain: "example.org", Selector: "s1", BPrefix: "abc"}, {Result: "fail", Domain: "example.com"}}}, ""},
		{"one field for each method, below the hop (milters)", []string{hop,
			"Authentication-Results: mx.example.net; dkim=pass (2048-bit key) header.d=example.org header.a=rsa-sha256",
			"Authentication-Results: mx.example.net; dmarc=fail (p=none dis=none) header.from=example.org",
			"Authentication-Results: mx.example.net; spf=softfail smtp.mailfrom=example.org"},
			Recorded{AuthservID: "mx.example.net", SPF: "softfail", DKIM: "pass", DMARC: "fail", Policy: "none", Disposition: "none", HeaderFrom: "example.org",
				Signatures: []RecordedSignature{{Result: "pass", Domain: "example.org", Algorithm: "rsa-sha256", Bits: 2048}}}, ""},
		{"another's field", []string{"Authentication-Results: mx.example.com; spf=pass", hop}, Recorded{}, ""},
		{"no field without an id", []string{"Authentication-Results: spf=pass smtp.mailfrom=a", hop}, Recorded{}, ""},
		{"the topmost counts", []string{"Authentication-Results: mx.example.net; spf=fail", hop, "from x by y", "Authentication-Results: mx.example.net; spf=pass; dkim=none"},
			Recorded{AuthservID: "mx.example.net", SPF: "fail", DKIM: "none"}, "recorded_below_boundary"},
		{"forged below", []string{hop, "from x by y", "Authentication-Results: mx.example.net; spf=pass"},
			Recorded{AuthservID: "mx.example.net", SPF: "pass"}, "recorded_below_boundary"},
		{"MAIL FROM before HELO", []string{"Authentication-Results: mx.example.net; spf=pass smtp.helo=h; spf=none smtp.mailfrom=example.org", hop},
			Recorded{AuthservID: "mx.example.net", SPF: "none"}, ""},
		{"microsoft", []string{"Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a; hotmail.com; dkim=none (message not signed) header.d=none;hotmail.com; dmarc=fail action=oreject header.from=example.org", hop},
			Recorded{AuthservID: "hotmail.com", SPF: "pass", DKIM: "none", DMARC: "fail", Disposition: "oreject", HeaderFrom: "example.org"}, ""},
		{"fastmail", []string{"Authentication-Results: mx.example.net; dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none policy.evaluated-disposition=none (p=none,d=none,d.eval=none) policy.policy-from=p header.from=example.org", hop},
			Recorded{AuthservID: "mx.example.net", DMARC: "pass", Policy: "none", Disposition: "none", HeaderFrom: "example.org"}, ""},
		{"RFC 9989 and its drafts", []string{"Authentication-Results: mx.example.net; dmarc=pass header.from=example.org polrec.p=none polrec.domain=example.org policy.dmarc=none", hop},
			Recorded{AuthservID: "mx.example.net", DMARC: "pass", Policy: "none", Disposition: "none", HeaderFrom: "example.org"}, ""},
		{"rspamd", []string{"Authentication-Results: mx.example.net; dmarc=pass (policy=quarantine) header.from=example.org", hop},
			Recorded{AuthservID: "mx.example.net", DMARC: "pass", Policy: "quarantine", HeaderFrom: "example.org"}, ""},
		{"Received-SPF fills in", []string{"Received-SPF: SoftFail (x) client-ip=192.0.2.1", hop}, Recorded{SPF: "softfail"}, ""},
		{"Received-SPF below does not", []string{hop, "from x by y", "Received-SPF: pass (x) client-ip=192.0.2.1"}, Recorded{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := header(t, c.fields...)
			var e Evidence
			e.Envelope, _ = readEnvelope(h, noStore, &Options{AuthservIDs: ids})
			e.recordResults(h, ids)
			if !reflect.DeepEqual(e.Recorded, c.want) {
				t.Errorf("\n got %+v\nwant %+v", e.Recorded, c.want)
			}
			if got := strings.Join(e.Anomalies, " "); got != c.anomalies {
				t.Errorf("anomalies %q, want %q", got, c.anomalies)
			}
		})
	}
}
