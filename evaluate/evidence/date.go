package evidence

import "time"

// The years a date may have. Mail is younger than 1970, and a later year than
// 9999 has no RFC 3339 form.
const minYear, maxYear = 1970, 9999

// maxDateTokens is where reading a date ends. The longest sensible form has
// eight; what follows (comments aside) is not part of it.
const maxDateTokens = 12

// parseDate reads a date of RFC 5322 §3.3 and §4.3, and the forms that mail
// holds beside it: no day name or a wrong one, no seconds, fractions, years of
// two and three digits, comments anywhere, hyphens as in RFC 850, the order of
// asctime, and ISO 8601. The result is in UTC.
//
// A zone that is missing, unknown or out of range counts as UTC (RFC 5322 §4.3:
// unknown zones "SHOULD be considered equivalent to -0000"). It returns false
// where day, month, year or time are missing, name no day that exists, or lie
// outside 1970 to 9999.
func parseDate(value []byte) (time.Time, bool) {
	if t, ok := usualDate(value); ok {
		return t, true
	}
	return anyDate(value)
}

// anyDate is parseDate without the short way.
func anyDate(value []byte) (time.Time, bool) {
	p := dateParser{v: value, day: -1, year: -1, hour: -1}
	for range maxDateTokens {
		if !p.token() {
			break
		}
	}
	return p.time()
}

// dateParser gathers the parts of a date in whatever order they come.
type dateParser struct {
	v                          []byte
	i                          int
	day, month, year           int // -1, 0, -1 where not seen
	hour, minute, second, nsec int // hour -1 where not seen
	offset                     int // seconds east of UTC
	zoned                      bool
	noComment                  bool // a comment without an end was met
}

// token takes one part; false at the end, or at something that is no part.
func (p *dateParser) token() bool {
	p.space()
	if p.i == len(p.v) {
		return false
	}
	switch c := p.v[p.i]; {
	case '0' <= c && c <= '9':
		return p.number()
	case (c == '+' || c == '-') && p.hour >= 0:
		return p.zone(c == '-')
	case isLetter(c):
		return p.word()
	default:
		p.i++
		return c == ',' || c == '.' || c == '-' || p.day < 0 && p.month == 0 && p.hour < 0
	}
}

func (p *dateParser) space() {
	for p.i < len(p.v) {
		switch c := p.v[p.i]; {
		case isSpace(c):
			p.i++
		case c == '(' && !p.noComment:
			e := commentEnd(p.v, p.i)
			if e < 0 {
				p.noComment = true
				return
			}
			p.i = e
		default:
			return
		}
	}
}

// digits reads a number; n is how many digits it has. Past nine it gives up.
func (p *dateParser) digits() (value, n int) {
	for p.i < len(p.v) && '0' <= p.v[p.i] && p.v[p.i] <= '9' {
		if n++; n > 9 {
			return 0, n
		}
		value = value*10 + int(p.v[p.i]-'0')
		p.i++
	}
	return value, n
}

func (p *dateParser) peek(c byte) bool { return p.i < len(p.v) && p.v[p.i] == c }

// number is a day, a year or a time.
func (p *dateParser) number() bool {
	value, n := p.digits()
	switch {
	case n > 9:
		return false
	case p.hour < 0 && p.colon():
		p.hour = value
		return p.clock()
	case n == 4 && p.day < 0 && p.month == 0 && p.year < 0 && p.peek('-'):
		p.year = value
		return p.isoDay()
	case n <= 2 && p.day < 0:
		p.day = value
	case p.year < 0:
		p.year = fullYear(value, n)
	default:
		return false
	}
	return true
}

// fullYear completes a year of n digits (RFC 5322 §4.3).
func fullYear(y, n int) int {
	switch {
	case n <= 2 && y < 50:
		return y + 2000
	case n <= 3:
		return y + 1900
	}
	return y
}

// colon passes over a colon and the white space and comments that RFC 5322 §4.3
// allows around it; it stays where it was when no colon comes.
func (p *dateParser) colon() bool {
	was := p.i
	p.space()
	if !p.peek(':') {
		p.i = was
		return false
	}
	p.i++
	p.space()
	return true
}

// clock reads what follows an hour and its colon.
func (p *dateParser) clock() bool {
	var n int
	if p.minute, n = p.digits(); n == 0 || n > 2 {
		return p.fail()
	}
	if !p.colon() {
		return true
	}
	if p.second, n = p.digits(); n == 0 || n > 2 {
		return p.fail()
	}
	if p.peek('.') && p.i+1 < len(p.v) && isDigit(p.v[p.i+1]) {
		p.i++
		p.fraction()
	}
	return true
}

func (p *dateParser) fraction() {
	scale := int(time.Second)
	for p.i < len(p.v) && isDigit(p.v[p.i]) {
		scale /= 10
		p.nsec += int(p.v[p.i]-'0') * scale
		p.i++
	}
}

// isoDay reads "-MM-DD" behind a year, and the T before a time.
func (p *dateParser) isoDay() bool {
	p.i++
	p.month, _ = p.digits()
	if !p.peek('-') {
		return p.fail()
	}
	p.i++
	p.day, _ = p.digits()
	if p.peek('T') || p.peek('t') {
		p.i++
	}
	return true
}

func (p *dateParser) fail() bool {
	p.hour = -1
	p.i = len(p.v)
	return false
}

// zone reads digits behind a sign: hhmm, hh:mm or hh.
func (p *dateParser) zone(west bool) bool {
	for p.i < len(p.v) && (p.v[p.i] == '+' || p.v[p.i] == '-') {
		p.i++ // some write the sign twice
	}
	value, n := p.digits()
	h, m := value/100, value%100
	switch {
	case n == 2:
		h, m = value, 0
		if p.peek(':') {
			p.i++
			m, _ = p.digits()
		}
	case n != 4:
		h = 99 // no zone
	}
	if !p.zoned && h < 24 && m < 60 {
		p.offset = h*3600 + m*60
		if west {
			p.offset = -p.offset
		}
	}
	p.zoned = true
	return true
}

// word is the name of a day, a month or a zone. Others are passed over before
// the time and end the date behind it.
func (p *dateParser) word() bool {
	start := p.i
	for p.i < len(p.v) && isLetter(p.v[p.i]) {
		p.i++
	}
	w := p.v[start:p.i]
	if p.month == 0 {
		if p.month = monthOf(w); p.month > 0 {
			return true
		}
	}
	if p.hour < 0 || p.zoned {
		return p.hour < 0 || p.year < 0
	}
	switch {
	case equalFold(w, "pm") && p.hour < 12:
		p.hour += 12
		return true
	case equalFold(w, "am") && p.hour == 12:
		p.hour = 0
		return true
	case equalFold(w, "am"), equalFold(w, "pm"):
		return true
	}
	if (p.peek('+') || p.peek('-')) && (equalFold(w, "gmt") || equalFold(w, "utc")) {
		return true // "GMT+0100": the digits are the zone
	}
	p.offset, p.zoned = obsoleteZone(w), true
	return true
}

// obsoleteZone is the offset of a named zone in seconds (RFC 5322 §4.3). The
// single letters of military zones count as UTC, as do names it does not list.
func obsoleteZone(w []byte) int {
	if len(w) != 3 {
		return 0
	}
	var hours int
	switch lower(w[0]) {
	case 'e':
		hours = -5
	case 'c':
		hours = -6
	case 'm':
		hours = -7
	case 'p':
		hours = -8
	default:
		return 0
	}
	switch {
	case equalFold(w[1:], "dt"):
		return (hours + 1) * 3600
	case equalFold(w[1:], "st"):
		return hours * 3600
	}
	return 0
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// monthOf returns 1 to 12 for a month's name of three letters or in full, 0 for
// another word.
func monthOf(w []byte) int {
	if len(w) < 3 {
		return 0
	}
	for m := range 12 {
		if equalFold(w[:3], monthNames[3*m:3*m+3]) {
			return m + 1
		}
	}
	return 0
}

// time checks the parts and puts them together. The leap second of RFC 5322
// §3.3 (":60") counts as the second after it.
func (p *dateParser) time() (time.Time, bool) {
	switch {
	case p.month < 1, p.month > 12, p.year < minYear, p.year > maxYear,
		p.day < 1, p.day > daysIn(p.month, p.year),
		p.hour < 0, p.hour > 23, p.minute > 59, p.second > 60:
		return time.Time{}, false
	}
	t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second-p.offset, p.nsec, time.UTC)
	if y := t.Year(); y < minYear || y > maxYear {
		return time.Time{}, false
	}
	return t, true
}

func daysIn(month, year int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
