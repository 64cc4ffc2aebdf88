package stats

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

func TestDriftReasons(t *testing.T) {
	t.Parallel()
	type side struct {
		spf   spf.Outcome
		dkim  []dkim.Outcome
		dmarc dmarc.Result
	}
	for _, tt := range []struct {
		name     string
		recorded evidence.Recorded
		now      side
		repaired bool
		want     map[string]DriftReason
	}{
		{name: "nothing recorded", now: side{spf: spf.Outcome{Result: spf.Fail}, dmarc: dmarc.Fail}},
		{name: "agrees", recorded: evidence.Recorded{SPF: "pass", DMARC: "pass"},
			now: side{spf: spf.Outcome{Result: spf.Pass}, dmarc: dmarc.Pass}},
		{name: "spf record changed", recorded: evidence.Recorded{SPF: "pass"},
			now: side{spf: spf.Outcome{Result: spf.Fail, Reason: spf.Matched}}, want: map[string]DriftReason{"spf": DriftRecordChanged}},
		{name: "client unknown", recorded: evidence.Recorded{SPF: "pass"},
			now: side{spf: spf.Outcome{Result: spf.None, Reason: spf.NoClient}}, want: map[string]DriftReason{"spf": DriftClientUnknown}},
		{name: "DNS is silent now", recorded: evidence.Recorded{SPF: "pass", DMARC: "pass"},
			now:  side{spf: spf.Outcome{Result: spf.TempError, Reason: spf.NotRecorded}, dmarc: dmarc.TempError},
			want: map[string]DriftReason{"spf": DriftUnanswered, "dmarc": DriftUnanswered}},
		{name: "DNS was silent then", recorded: evidence.Recorded{SPF: "temperror", DKIM: "temperror", DMARC: "temperror"},
			now:  side{spf: spf.Outcome{Result: spf.Pass}, dkim: []dkim.Outcome{{Result: dkim.Pass}}, dmarc: dmarc.Pass},
			want: map[string]DriftReason{"spf": DriftReceiverDNS, "dkim": DriftReceiverDNS, "dmarc": DriftReceiverDNS}},
		{name: "key gone", recorded: evidence.Recorded{DKIM: "pass", DMARC: "pass"},
			now:  side{dkim: []dkim.Outcome{{Result: dkim.PermError, Reason: dkim.KeyNotFound}}, dmarc: dmarc.Fail},
			want: map[string]DriftReason{"dkim": DriftKeyGone, "dmarc": DriftFollows}},
		{name: "key revoked", recorded: evidence.Recorded{DKIM: "pass"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.PermError, Reason: dkim.KeyRevoked}}}, want: map[string]DriftReason{"dkim": DriftKeyGone}},
		{name: "altered", recorded: evidence.Recorded{DKIM: "pass"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.Fail, Reason: dkim.BodyHashMismatch}}}, want: map[string]DriftReason{"dkim": DriftAltered}},
		{name: "signature removed", recorded: evidence.Recorded{DKIM: "pass"}, want: map[string]DriftReason{"dkim": DriftAltered}},
		{name: "key replaced", recorded: evidence.Recorded{DKIM: "pass"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.Fail, Reason: dkim.SignatureMismatch}}}, want: map[string]DriftReason{"dkim": DriftKeyChanged}},
		{name: "expired", recorded: evidence.Recorded{DKIM: "pass"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.PermError, Reason: dkim.Expired}}}, want: map[string]DriftReason{"dkim": DriftExpired}},
		{name: "sha1", recorded: evidence.Recorded{DKIM: "pass"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.PermError, Reason: dkim.AlgorithmObsolete}}}, want: map[string]DriftReason{"dkim": DriftRules}},
		{name: "failed then, no key now", recorded: evidence.Recorded{DKIM: "fail"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.TempError, Reason: dkim.NotRecorded}}}, want: map[string]DriftReason{"dkim": DriftUnanswered}},
		{name: "two words", recorded: evidence.Recorded{DKIM: "fail"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.PermError, Reason: dkim.KeyNotFound}}}, want: map[string]DriftReason{"dkim": DriftWording}},
		{name: "receiver erred", recorded: evidence.Recorded{DKIM: "fail"},
			now: side{dkim: []dkim.Outcome{{Result: dkim.Pass}}}, want: map[string]DriftReason{"dkim": DriftReceiver}},
		{name: "repaired", recorded: evidence.Recorded{DKIM: "fail"}, repaired: true,
			now: side{dkim: []dkim.Outcome{{Result: dkim.Pass}}}, want: map[string]DriftReason{"dkim": DriftRepaired}},
		{name: "policy published since", recorded: evidence.Recorded{DMARC: "none"},
			now: side{dmarc: dmarc.Fail}, want: map[string]DriftReason{"dmarc": DriftRecordChanged}},
		{name: "own policy", recorded: evidence.Recorded{DMARC: "fail", Disposition: "quarantine"},
			now: side{dmarc: dmarc.Fail}, want: map[string]DriftReason{"disposition": DriftLocalPolicy}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &evidence.Evidence{Recorded: tt.recorded}
			v := evaluate.Verdict{SPF: &tt.now.spf, DKIM: tt.now.dkim, DKIMBest: len(tt.now.dkim) - 1}
			v.DMARC.Result, v.Disposition = tt.now.dmarc, dmarc.DispositionReject
			for range tt.now.dkim {
				e.Signatures = append(e.Signatures, evidence.Signature{Repaired: tt.repaired})
			}
			var tally DriftTally
			tally.Add(&evaluate.Record{Evidence: e, Verdict: v})
			got := map[string]DriftReason{}
			for _, row := range tally.Drift().Rows {
				got[row.Method] = row.Reason
			}
			if len(got) != len(tt.want) {
				t.Fatalf("differences %v, want %v", got, tt.want)
			}
			for m, want := range tt.want {
				if got[m] != want {
					t.Errorf("%s: %q, want %q", m, got[m], want)
				}
				if driftPhrases[want] == "" {
					t.Errorf("no phrase for %s", want)
				}
			}
		})
	}
}

func TestDriftMergesInAnyOrder(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 9))
	var recs []*evaluate.Record
	words := []string{"", "pass", "fail", "none"}
	for i := range 400 {
		e := &evidence.Evidence{Recorded: evidence.Recorded{SPF: words[rnd.IntN(4)], DMARC: words[rnd.IntN(4)]}}
		e.Origin = evidence.Origin{Ordinal: int64(i), Source: "s", Offset: int64(i)}
		v := evaluate.Verdict{SPF: &spf.Outcome{Result: spf.Pass}, DKIMBest: -1}
		v.DMARC.Result = dmarc.Fail
		recs = append(recs, &evaluate.Record{Evidence: e, Verdict: v})
	}
	text := func(t *DriftTally) string { b, _ := json.Marshal(t.Drift()); return string(b) }
	var whole DriftTally
	for _, r := range recs {
		whole.Add(r)
	}
	for range 10 {
		parts := make([]DriftTally, 3)
		for _, i := range rnd.Perm(len(recs)) {
			parts[rnd.IntN(3)].Add(recs[i])
		}
		var sum DriftTally
		for _, i := range rnd.Perm(3) {
			sum.Merge(&parts[i])
		}
		if got := text(&sum); got != text(&whole) {
			t.Fatalf("merged %s\nwant %s", got, text(&whole))
		}
	}
}

func TestDriftTextIsSafeAndFits(t *testing.T) {
	t.Parallel()
	e := &evidence.Evidence{Recorded: evidence.Recorded{SPF: "\x1b[31mpass" + strings.Repeat("x", 200)}}
	e.Origin.Source = strings.Repeat("very/long/", 20) + "\x1b[2Jname"
	var tally DriftTally
	tally.Add(&evaluate.Record{Evidence: e, Verdict: evaluate.Verdict{SPF: &spf.Outcome{Result: spf.Fail}, DKIMBest: -1}})
	d := tally.Drift()
	var out bytes.Buffer
	if err := d.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(out.String(), "\n") {
		if len(l) > 80 || strings.ContainsRune(l, '\x1b') {
			t.Errorf("%d columns: %q", len(l), l)
		}
	}
}
