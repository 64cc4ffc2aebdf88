package report

import (
	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
	"mailaudit/sources"
	"mailaudit/stats"
)

// What follows counts record by record: what the columns must come to.

func (t *tally) add(r *evaluate.Record) {
	t.stats.Add(r)
	t.drift.Add(r)
	t.addOwn(r)
}

// addOwn counts what package stats does not.
func (t *tally) addOwn(r *evaluate.Record) {
	s := standing(r)
	t.days.add(r, s)
	if r.Evidence.Author.Domain() == "" || r.Evidence.Malformed != "" {
		return
	}
	t.alignment.add(s)
	t.domains.add(r, s)
	t.senders.add(r)
}

// standing is the level of each method.
func standing(r *evaluate.Record) levelsOf {
	v := &r.Verdict
	l := levelsOf{spf: NoPass, dkim: NoPass}
	if stats.SPFResult(v) == spf.Pass {
		l.spf = level(v.DMARC.SPFAlignment)
	}
	for i := range v.DKIM {
		if v.DKIM[i].Result == dkim.Pass && i < len(v.DMARC.DKIMAlignments) {
			l.dkim = min(l.dkim, level(v.DMARC.DKIMAlignments[i]))
		}
	}
	return l
}

func (a *Alignment) add(l levelsOf) { a[l.spf][l.dkim]++ }

func (d domains) add(r *evaluate.Record, l levelsOf) {
	name, policy := r.Evidence.Author.Domain(), string(r.Verdict.DMARC.Policy)
	if r.Verdict.DMARC.Policy == dmarc.NoDisposition {
		policy = ""
	}
	row := d[name]
	if row == nil {
		row = &Domain{Name: name, Policy: policy}
		d[name] = row
	}
	one := Domain{Name: name, Policy: policy}
	one.Outcomes[outcomeOf(r.Verdict.Category)] = 1
	bySPF, byDKIM := l.aligned()
	if bySPF {
		one.SPF = 1
	}
	if byDKIM {
		one.DKIM = 1
	}
	row.add(&one)
}

func (d days) add(r *evaluate.Record, l levelsOf) {
	day := undated
	if at := r.Evidence.Envelope.ReceivedAt; !at.IsZero() {
		day = floorDiv(at.Unix(), daySeconds)
	}
	b := d.at(day)
	b.Outcomes[outcomeOf(r.Verdict.Category)]++
	if r.Evidence.Malformed != "" || r.Evidence.Author.Domain() == "" {
		return
	}
	b.Authored++
	bySPF, byDKIM := l.aligned()
	if bySPF {
		b.SPF++
	}
	if byDKIM {
		b.DKIM++
	}
}

func (s *senders) add(r *evaluate.Record) {
	facts := factsOf(r)
	src := sources.Identify(&facts)
	row := s.row(senderKey{src.Name, src.Class})
	outcome := outcomeOf(r.Verdict.Category)
	row.outcomes[outcome]++
	row.confidence[src.Confidence]++
	o := &r.Evidence.Origin
	row.author(firstSeen{facts.Author, o.Ordinal})
	if outcome.failed() {
		row.failed(&Place{o.Source, o.Offset, o.Ordinal})
	}
}

// factsOf sets down what is known of a message's way.
func factsOf(r *evaluate.Record) sources.Facts {
	e, v := r.Evidence, &r.Verdict
	result := stats.SPFResult(v)
	f := sources.Facts{
		Author: e.Author.Domain(), ReturnPath: e.Envelope.MailFromDomain,
		SPFPassed: result == spf.Pass, SPFFailed: result == spf.Fail, SPFBroken: result == spf.PermError,
		SPFAlignment: v.DMARC.SPFAlignment,
		Client:       e.Envelope.ClientIP, ClientName: e.Envelope.ClientName, HELO: e.Envelope.HELO,
		HELOPassed: v.SPFHelo != nil && v.SPFHelo.Result == spf.Pass,
		ListID:     e.ListID,
		ARCPassed:  v.ARC.Result == arc.Pass,
	}
	for i := range min(len(e.Signatures), len(v.DKIM), len(v.DMARC.DKIMAlignments)) {
		f.Signatures = append(f.Signatures, sources.Signature{
			Domain: e.Signatures[i].Domain, Passed: v.DKIM[i].Result == dkim.Pass,
			Alignment: v.DMARC.DKIMAlignments[i], Damage: e.Signatures[i].Damage,
		})
	}
	if n := len(e.ARC.Sets); n > 0 && f.ARCPassed {
		f.ARCSealer = e.ARC.Sets[n-1].Seal.Domain
	}
	return f
}
