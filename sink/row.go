package sink

import (
	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// row is a record as the columns see it. For reading, it is the memory that one
// record after the other is put into.
type row struct {
	*evaluate.Record
	store *store
}

func (r *row) spf() *spf.Outcome  { return r.Verdict.SPF }
func (r *row) helo() *spf.Outcome { return r.Verdict.SPFHelo }

// record is the policy record, nil where none was found.
func (r *row) record() *dmarc.Record { return r.Verdict.DMARC.Record }

// best is the outcome that dkim_result speaks of, nil where there is none.
func (r *row) best() *dkim.Outcome {
	if i := r.Verdict.DKIMBest; i >= 0 && i < len(r.Verdict.DKIM) {
		return &r.Verdict.DKIM[i]
	}
	return nil
}

// store is everything a record points to, and the arrays of its lists. It
// outlives the rows, so that reading a row allocates nothing.
type store struct {
	row      row
	withheld bool // the dataset has no local parts
	hashed   bool // it has hashes of them, which are none
	record   evaluate.Record
	evidence evidence.Evidence
	spf      spf.Outcome
	helo     spf.Outcome
	policy   dmarc.Record // its columns, as they are read
	policies map[policyKey]*dmarc.Record

	dkim       []dkim.Outcome
	alignments []dmarc.Alignment
	signatures []evidence.Signature
	sets       []evidence.ARCSet
	arc        []arc.SetOutcome
	recorded   []evidence.RecordedSignature
	domains    []string
	anomalies  []string
	chain      []string
	problems   []string
}

// fresh makes the record of the next row: nothing known, every list empty.
func (s *store) fresh() *row {
	s.evidence = evidence.Evidence{LocalsWithheld: s.withheld}
	s.evidence.Envelope.Hop = -1
	s.evidence.Author.Domains = s.domains[:0]
	s.evidence.Anomalies = s.anomalies[:0]
	s.spf, s.helo = spf.Outcome{Chain: s.chain[:0]}, spf.Outcome{}
	s.policy = dmarc.Record{PCT: -1, Problems: s.problems[:0]}
	s.record = evaluate.Record{Evidence: &s.evidence}
	v := &s.record.Verdict
	v.SPF, v.SPFHelo, v.DKIMBest = &s.spf, &s.helo, -1
	v.DMARC.Record = &s.policy
	s.row = row{Record: &s.record, store: s}
	return &s.row
}

// settle keeps the arrays for the next row and turns what stayed empty into
// what an empty one is in a record: nil.
func (s *store) settle() {
	e, v := &s.evidence, &s.record.Verdict
	s.domains = keep(s.domains, &e.Author.Domains)
	s.anomalies = keep(s.anomalies, &e.Anomalies)
	s.chain = keep(s.chain, &v.SPF.Chain)
	s.problems = keep(s.problems, &s.policy.Problems)
	if s.helo.Result == "" {
		v.SPFHelo = nil
	}
	v.DMARC.Record = s.settlePolicy()
	if v.DKIMBest >= len(v.DKIM) {
		v.DKIMBest = len(v.DKIM) - 1
	}
	if s.hashed {
		s.dropHashes()
	}
}

// dropHashes leaves local parts unknown: nobody may take a hash for one.
func (s *store) dropHashes() {
	e := &s.evidence
	e.Author.Local, e.Envelope.MailFromLocal = "", ""
	for i := range e.Signatures {
		e.Signatures[i].AUIDLocal = ""
	}
}

// policyKey is what a policy record follows from.
type policyKey struct {
	text  string
	rules dmarc.Rules
}

// maxPolicies bounds how many parsed policy records are kept.
const maxPolicies = 64 << 10

// settlePolicy is the policy record of the row: parsed from its text, once for
// each; where the text was not asked for, what other columns say of it.
func (s *store) settlePolicy() *dmarc.Record {
	if s.policy.Text == "" {
		if s.policy.P == "" && s.policy.PCT < 0 && s.policy.RUA == "" && s.policy.PSD == "" {
			return nil
		}
		return &s.policy
	}
	key := policyKey{s.policy.Text, s.policy.Rules}
	if r := s.policies[key]; r != nil {
		return r
	}
	r, err := dmarc.ParseRecord(key.text, key.rules)
	if err != nil {
		return &s.policy
	}
	if s.policies == nil || len(s.policies) == maxPolicies {
		s.policies = make(map[policyKey]*dmarc.Record)
	}
	s.policies[key] = r
	return r
}

// keep returns the array to use for the next row.
func keep[E any](old []E, list *[]E) []E {
	if cap(*list) > cap(old) {
		old = *list
	}
	if len(*list) == 0 {
		*list = nil
	}
	return old
}

// growDKIM makes room for n signatures and their outcomes.
func (r *row) growDKIM(n int) {
	s := r.store
	s.signatures, s.dkim = grown(s.signatures, n), grown(s.dkim, n)
	s.alignments = grown(s.alignments, n)
	if n == 0 {
		return
	}
	r.Evidence.Signatures, r.Verdict.DKIM = s.signatures, s.dkim
	r.Verdict.DMARC.DKIMAlignments = s.alignments
}

// growARC makes room for n sets.
func (r *row) growARC(n int) {
	s := r.store
	if n == len(r.Evidence.ARC.Sets) {
		return // the other list of the chain came first
	}
	s.sets, s.arc = grown(s.sets, n), grown(s.arc, n)
	r.Evidence.ARC.Sets, r.Verdict.ARC.Sets = s.sets, s.arc
}

// growRecorded makes room for n recorded results.
func (r *row) growRecorded(n int) {
	s := r.store
	if s.recorded = grown(s.recorded, n); n > 0 {
		r.Evidence.Recorded.Signatures = s.recorded
	}
}

// setBest stands in for the signatures where nobody asked for them: one outcome
// with the best result.
func (r *row) setBest(result dkim.Result) {
	if result == dkim.None {
		return
	}
	r.growDKIM(1)
	r.Verdict.DKIM[0].Result, r.Verdict.DKIMBest = result, 0
}
