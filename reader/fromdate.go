package reader

import "time"

// findDate finds the place in s from which a date reaches to the end.
func findDate(s []byte) (at int, t time.Time, zoned, ok bool) {
	for i := 0; i < len(s); i++ {
		if i > 0 && s[i-1] != ' ' && s[i-1] != '\t' {
			continue
		}
		c := s[i]
		if c >= '0' && c <= '9' || weekday(s[i:]) {
			if t, zoned, ok = parseDate(s[i:]); ok {
				return i, t, zoned, true
			}
		}
	}
	return 0, time.Time{}, false, false
}

// dateParts is a date while its words are read.
type dateParts struct {
	year, day, hour, min, sec int
	month                     time.Month
	clock                     bool
	offset                    int // seconds east
	zoned                     bool
	zoneWords                 int
}

// parseDate parses a whole date: asctime, with or without seconds, with a zone
// before or behind the year, or as RFC 5322 section 3.3 writes it. A trailing
// "remote from host" (UUCP) is passed over. Each part stands once.
func parseDate(s []byte) (time.Time, bool, bool) {
	var d dateParts
	first := true
	for {
		var word []byte
		if word, s = nextWord(s); len(word) == 0 {
			break
		}
		if first && weekday(word) {
			first = false
			continue
		}
		first = false
		if d.complete() && string(word) == "remote" {
			break
		}
		if !d.add(word) {
			return time.Time{}, false, false
		}
	}
	if !d.complete() {
		return time.Time{}, false, false
	}
	t := time.Date(d.year, d.month, d.day, d.hour, d.min, d.sec, 0, time.UTC)
	return t.Add(-time.Duration(d.offset) * time.Second), d.zoned, true
}

func (d *dateParts) complete() bool {
	return d.month != 0 && d.day != 0 && d.clock && d.year != 0
}

// add takes a word in; false when it has no place in a date.
func (d *dateParts) add(w []byte) bool {
	n := digits(w)
	switch {
	case n == len(w):
		return d.number(w)
	case n > 0 && w[n] == ':':
		return d.time(w)
	case w[0] == '+' || w[0] == '-':
		return d.numericZone(w)
	case w[0] == '(' && d.complete():
		return true // a comment that names the zone
	}
	if m := month(w); m != 0 && d.month == 0 {
		d.month = m
		return true
	}
	return d.zoneWord(w)
}

func (d *dateParts) number(w []byte) bool {
	n := atoi(w)
	switch {
	case len(w) <= 2 && d.day == 0 && n >= 1 && n <= 31:
		d.day = n
	case d.day == 0 || d.year != 0:
		return false
	case len(w) == 4 && n >= 1970: // before it there was no such mail
		d.year = n
	case len(w) == 2 && n >= 70: // RFC 5322 section 4.3, as far as old mboxes need it
		d.year = 1900 + n
	case len(w) == 2:
		d.year = 2000 + n
	default:
		return false
	}
	return true
}

// time parses h:mm or h:mm:ss.
func (d *dateParts) time(w []byte) bool {
	if d.clock {
		return false
	}
	var part [3]int
	for i := range part {
		n := digits(w)
		if n < 1 || n > 2 {
			return false
		}
		part[i] = atoi(w[:n])
		if w = w[n:]; len(w) == 0 {
			d.hour, d.min, d.sec, d.clock = part[0], part[1], part[2], i > 0
			return d.clock && d.hour < 24 && d.min < 60 && d.sec < 61
		}
		if w[0] != ':' {
			return false
		}
		w = w[1:]
	}
	return false
}

func (d *dateParts) numericZone(w []byte) bool {
	if d.zoned || len(w) != 5 || digits(w[1:]) != 4 {
		return false
	}
	d.offset = atoi(w[1:3])*3600 + atoi(w[3:5])*60
	if w[0] == '-' {
		d.offset = -d.offset
	}
	d.zoned = true
	return true
}

// zoneWord takes up to two capital words, known or not ("MET DST"). What they
// mean is known for those of RFC 5322 section 4.3 and the European ones.
func (d *dateParts) zoneWord(w []byte) bool {
	if !d.clock || d.zoneWords == 2 || len(w) > 5 {
		return false
	}
	for _, c := range w {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	d.zoneWords++
	if string(w) == "DST" {
		if d.zoned {
			d.offset += 3600
		}
		return true
	}
	if hours, ok := zoneHours(w); ok && !d.zoned {
		d.offset, d.zoned = hours*3600, true
	}
	return true
}

func zoneHours(w []byte) (int, bool) {
	switch string(w) {
	case "UTC", "GMT", "UT", "Z", "WET":
		return 0, true
	case "CET", "MET", "BST", "WEST":
		return 1, true
	case "CEST", "MEST", "EET":
		return 2, true
	case "EEST", "MSK":
		return 3, true
	case "EDT":
		return -4, true
	case "EST", "CDT":
		return -5, true
	case "CST", "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST":
		return -8, true
	case "JST":
		return 9, true
	}
	return 0, false
}

// nextWord splits off the first word; a comma ends one too.
func nextWord(s []byte) (word, rest []byte) {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t' || s[0] == ',') {
		s = s[1:]
	}
	n := 0
	for n < len(s) && s[n] != ' ' && s[n] != '\t' && s[n] != ',' {
		n++
	}
	return s[:n], s[n:]
}

const (
	weekdays = "SunMonTueWedThuFriSat"
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

func weekday(s []byte) bool {
	if len(s) < 3 || len(s) > 3 && s[3] != ' ' && s[3] != ',' && s[3] != '\t' {
		return false
	}
	return indexThree(weekdays, s) >= 0
}

func month(s []byte) time.Month {
	if len(s) != 3 {
		return 0
	}
	return time.Month(indexThree(months, s) + 1)
}

// indexThree finds the first three bytes of s among words of three letters.
func indexThree(words string, s []byte) int {
	for i := 0; i < len(words); i += 3 {
		if words[i] == s[0] && words[i+1] == s[1] && words[i+2] == s[2] {
			return i / 3
		}
	}
	return -1
}

func atoi(s []byte) int {
	n := 0
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}
