package history

import (
	"bufio"
	"encoding/json"
	"io"
	"iter"

	"mailaudit/evaluate/dns"
)

// cofRow is a row of the passive-DNS Common Output Format.
type cofRow struct {
	RRName string `json:"rrname"`
	RRType string `json:"rrtype"`
	RData  any    `json:"rdata"`
	First  int64  `json:"time_first"`
	Last   int64  `json:"time_last"`
	Count  uint64 `json:"count"`
	// Origins are for people; readers pass over fields they do not know.
	Origins []string `json:"x_origins,omitempty"`
}

// Exported is what [WriteCOF] did.
type Exported struct {
	Written int64
	Absent  int64 // observations of absence, which the format cannot tell
}

// WriteCOF writes observations as JSON lines of the passive-DNS Common Output
// Format (draft-dulaunoy-dnsop-passive-dns-cof), TXT in quotes. A list of rdata
// is a whole record set, a single string one record. An unbounded time is 0 or
// the greatest that 32 bits hold; times are cut to seconds, outwards.
func WriteCOF(w io.Writer, observations iter.Seq2[Observation, error]) (Exported, error) {
	var done Exported
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for o, err := range observations {
		if err != nil {
			return done, err
		}
		if o.Status != dns.Success {
			done.Absent++
			continue
		}
		if err := enc.Encode(rowOf(&o)); err != nil {
			return done, err
		}
		done.Written++
	}
	return done, out.Flush()
}

// endOfTime is in 2106: readers may have 32 bits for a time.
const endOfTime = 1<<32 - 1

func rowOf(o *Observation) *cofRow {
	row := &cofRow{
		RRName: dns.PresentationName(o.Name), RRType: o.Type.String(), Last: endOfTime, Count: max(o.Count, 1), Origins: o.Origins.Words(),
	}
	if !o.First.IsZero() {
		row.First = o.First.Unix()
	}
	if !o.Last.IsZero() {
		row.Last = o.Last.Unix()
		if o.Last.Nanosecond() > 0 {
			row.Last++
		}
	}
	list := make([]string, len(o.Records))
	for i, r := range o.Records {
		list[i] = dns.PresentationData(o.Type, r)
	}
	if row.RData = list; !o.Whole {
		row.RData = list[0]
	}
	return row
}
