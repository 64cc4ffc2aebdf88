package report

import (
	"fmt"
	"strings"
	"time"

	"mailaudit/sources"
	"mailaudit/stats"
)

// Headline says in a few sentences what was found.
func (r *Report) Headline() []string {
	o := r.Total()
	n := o.Messages()
	if n == 0 {
		return []string{"The dataset holds no message."}
	}
	return said([]string{
		r.scope(n), passedSentence(o), failedSentence(o), r.sendersSentence(), openSentence(o),
	})
}

// said leaves out empty sentences.
func said(s []string) []string {
	out := []string{}
	for _, line := range s {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (r *Report) scope(n int64) string {
	s := messages(n)
	if r.DomainCount > 0 {
		s += " from " + counted(int64(r.DomainCount), "author domain", "author domains")
	}
	if f, l := r.Summary.First, r.Summary.Last; f != nil && l != nil {
		a, b := f.Format(time.DateOnly), l.Format(time.DateOnly)
		if a == b {
			return s + ", received on " + a + "."
		}
		return s + ", received from " + a + " to " + b + "."
	}
	return s + "."
}

func passedSentence(o *Outcomes) string {
	judged := o.Passed() + o.Failed()
	s := ""
	switch {
	case judged == 0:
		s = "No message was judged under a DMARC policy."
	case o.Passed() == 0:
		s = "None of those judged under a DMARC policy passed."
	default:
		s = fmt.Sprintf("%s (%s) passed DMARC.", stats.Group(o.Passed()), percent(o.Passed(), o.Messages()))
	}
	if o.NoPolicy() > 0 {
		s += fmt.Sprintf(" For %s (%s) the domain publishes no policy.", stats.Group(o.NoPolicy()), percent(o.NoPolicy(), o.Messages()))
	}
	return s
}

func failedSentence(o *Outcomes) string {
	if o.Failed() == 0 {
		return "None failed."
	}
	parts := []string{}
	for _, p := range []struct {
		n    int64
		what string
	}{
		{o.Rejected(), "rejected"}, {o.Quarantined(), "quarantined"}, {o.Tolerated(), "let through"},
	} {
		if p.n > 0 {
			parts = append(parts, stats.Group(p.n)+" "+p.what)
		}
	}
	return fmt.Sprintf("%s (%s) failed; with the published policies followed to the letter: %s.",
		stats.Group(o.Failed()), percent(o.Failed(), o.Messages()), strings.Join(parts, ", "))
}

// sendersSentence tells how much of what failed is likely legitimate.
func (r *Report) sendersSentence() string {
	var honest, forged int64
	for i := range r.Classes {
		switch r.Classes[i].Class {
		case sources.OwnUnaligned.String(), sources.ThirdParty.String(), sources.MailingList.String(), sources.Forwarder.String():
			honest += r.Classes[i].Outcomes.Failed()
		case sources.LikelyForgery.String():
			forged += r.Classes[i].Outcomes.Failed()
		}
	}
	if honest+forged == 0 {
		return ""
	}
	return fmt.Sprintf("Of what failed, %s %s from senders that look legitimate (third parties, mailing lists, "+
		"forwarders, own hosts) and %s like forgery; neither is certain.",
		stats.Group(honest), isAre(honest), looks(forged))
}

func openSentence(o *Outcomes) string {
	if o[Undecided] == 0 {
		return ""
	}
	return fmt.Sprintf("%s could not be decided.", messages(o[Undecided]))
}

func percent(n, of int64) string { return strings.TrimSpace(stats.Percent(n, of)) }

func messages(n int64) string { return counted(n, "message", "messages") }

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return stats.Group(n) + " " + many
}

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func looks(n int64) string {
	if n == 1 {
		return "1 looks"
	}
	return stats.Group(n) + " look"
}
