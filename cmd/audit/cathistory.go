package main

import (
	"fmt"
	"io"
	"strings"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/reader/maillog"
	"mailaudit/sink"
	"mailaudit/stats"
)

// historyReporter names the host of the entries where the rows name none.
const historyReporter = "audit"

// catHistory writes the rows as an OpenDMARC history file.
func catHistory(dir string, w io.Writer) error {
	d, err := sink.Open(dir)
	if err != nil {
		return err
	}
	h := maillog.NewHistoryWriter(w)
	for r, err := range d.Records() {
		if err != nil {
			return err
		}
		if err := h.Write(historyEntry(r)); err != nil {
			return err
		}
	}
	return h.Flush()
}

// historyEntry is a row in OpenDMARC's words. The digest of the message, or its
// place in the run, makes the job unique.
func historyEntry(r *evaluate.Record) *maillog.HistoryEntry {
	e, v := r.Evidence, &r.Verdict
	m := &v.DMARC
	h := &maillog.HistoryEntry{
		Job: fmt.Sprintf("%012d", e.Origin.Ordinal), Reporter: e.Envelope.ByHost, Received: e.Envelope.ReceivedAt,
		ClientIP: e.Envelope.ClientIP, From: e.Author.Domain(), MailFrom: e.Envelope.MailFromDomain,
		SPF: string(stats.SPFResult(v)), PolicyDomain: m.PolicyDomain, DMARC: string(m.Result), DMARCPolicy: string(m.Policy),
		AlignSPF: m.PassedSPF, AlignDKIM: m.PassedDKIM, ARC: string(v.ARC.Result), Disposition: string(v.Disposition), PCT: 100,
	}
	if e.HasDigest {
		h.Job = fmt.Sprintf("%x", e.Digest)
	}
	if h.Reporter == "" {
		h.Reporter = historyReporter
	}
	for i := range v.DKIM {
		s := &e.Signatures[i]
		h.Signatures = append(h.Signatures, maillog.HistorySignature{Domain: s.Domain, Selector: s.Selector, Result: string(v.DKIM[i].Result)})
	}
	historyPolicy(h, m.Record)
	return h
}

func historyPolicy(h *maillog.HistoryEntry, r *dmarc.Record) {
	if r == nil {
		return
	}
	h.P, h.SP, h.ADKIM, h.ASPF = r.P, r.SP, r.ADKIM, r.ASPF
	if r.PCT >= 0 {
		h.PCT = int(r.PCT)
	}
	for _, uri := range strings.Split(r.RUA, ",") {
		if uri = strings.TrimSpace(uri); uri != "" {
			h.RUA = append(h.RUA, uri)
		}
	}
}
