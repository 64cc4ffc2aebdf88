package sink

// moreDNSColumns tell what kind of answers the verdicts rest on.
func moreDNSColumns() []item[*row] {
	return items(
		boolColumn("dns_overlay", "A verdict rests on an answer of an overlay: it is what-if.",
			func(r *row) *bool { return &r.Verdict.Basis.Overlay }),
		boolColumn("dns_nearest", "A verdict rests on an answer seen at another time, the nearest that a history had.",
			func(r *row) *bool { return &r.Verdict.Basis.Nearest }),
	)
}
