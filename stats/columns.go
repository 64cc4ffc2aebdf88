package stats

// Columns are the columns of the table messages that a Tally counts: what a
// reader must fill in for Add.
var Columns = []string{
	"source_format", "received_at", "header_from_domain", "category", "disposition", "disposition_7_4",
	"override_type", "spf_result", "spf_reason", "spf_alignment", "dkim_result", "dkim.result", "dkim.reason",
	"dkim.alignment", "dkim.repaired", "dkim_best", "arc_result", "dmarc_result", "dmarc_reason", "dmarc_policy",
	"dmarc_policy_tag", "client_ip", "has_mail_from", "malformed", "author_problem", "anomalies",
	"recorded_category",
	"dns_overlay", "dns_nearest",
}
