package evaluate

import (
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// Ahead calls each with the questions that Evaluate is certain to put for a
// message, before any answer is known: the SPF records of both identities, the
// keys of all signatures, the author domain's policy and existence. What depends
// on answers is not among them, so asking ahead asks nothing in vain. Questions
// may repeat.
func (ev *Evaluator) Ahead(e *evidence.Evidence, each func(dns.Question)) {
	if e.Malformed != "" {
		return
	}
	at := ev.moment(e)
	ask := func(name string, t dns.Type, ok bool) {
		if ok {
			each(dns.Question{Name: name, Type: t, At: at})
		}
	}
	if env := &e.Envelope; env.ClientIP.IsValid() {
		if env.MailFromDomain != "" {
			ask(spf.FirstQuestion(env.MailFromDomain))
		}
		ask(spf.FirstQuestion(env.HELO))
	}
	for i := range e.Signatures {
		if s := &e.Signatures[i]; s.Logged == "" {
			if q, ok := ev.dkim.KeyQuestion(s, dkim.Message, at); ok {
				each(q)
			}
		}
	}
	ev.arc.Questions(&e.ARC, at, each)
	author := e.Author.Domain()
	ask(dmarc.FirstQuestion(author))
	if !ev.profile.IgnoreExistence {
		ask(dmarc.FirstExistenceQuestion(author))
	}
}
