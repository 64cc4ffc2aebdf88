package maillog

import (
	"bytes"
	"math"
	"time"
)

// stampKind is how a line tells its time.
type stampKind uint8

const (
	stampNone stampKind = iota
	stampBSD            // Nov 22 08:36:01
	stampISO            // 2026-11-22T08:36:01.5+01:00, also with a blank and without a zone
	stampTAI            // @4000000052d1b4e60a1b2c3d, 64 bits and nanoseconds
	stampUnix           // seconds, with a fraction or in microseconds
	stampC              // Sun Nov 22 08:36:01 2026
)

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// month reads the English abbreviation of a month; 0 means it is none.
func month(b []byte) time.Month {
	if len(b) < 3 {
		return 0
	}
	for i := 0; i < len(months); i += 3 {
		if b[0] == months[i] && b[1] == months[i+1] && b[2] == months[i+2] {
			return time.Month(i/3 + 1)
		}
	}
	return 0
}

// two reads two digits, the first of which may be a blank; -1 means neither.
func two(b []byte) int {
	hi := 0
	if b[0] != ' ' {
		hi = int(b[0]) - '0'
	}
	lo := int(b[1]) - '0'
	if hi < 0 || hi > 9 || lo < 0 || lo > 9 {
		return -1
	}
	return hi*10 + lo
}

// clock reads "08:36:01" and returns seconds since midnight; -1 means none.
func clock(b []byte) int {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return -1
	}
	h, m, s := two(b), two(b[3:]), two(b[6:])
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 {
		return -1
	}
	return h*3600 + m*60 + s
}

// bsdLength is the length of a BSD stamp at the front of b, 0 where there is
// none. The day may be padded with a blank, a zero or not at all.
func bsdLength(b []byte) int {
	if len(b) < 14 || b[3] != ' ' || month(b) == 0 {
		return 0
	}
	i, d := 4, 0
	if b[i] == ' ' {
		i++
	}
	for ; i < len(b) && isDigit(b[i]) && i < 6; i++ {
		d = d*10 + int(b[i]-'0')
	}
	if d < 1 || d > 31 || i >= len(b) || b[i] != ' ' || clock(b[i+1:]) < 0 {
		return 0
	}
	return i + 9
}

// isoLength is the length of an ISO stamp at the front of b.
func isoLength(b []byte) int {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || clock(b[11:]) < 0 {
		return 0
	}
	mo, d := two(b[5:]), two(b[8:])
	if y, ok := number(b[:4]); !ok || y == 0 || mo < 1 || mo > 12 || d < 1 || d > 31 {
		return 0
	}
	i := 19
	if i+1 < len(b) && (b[i] == '.' || b[i] == ',') && isDigit(b[i+1]) {
		for i++; i < len(b) && isDigit(b[i]); i++ {
		}
	}
	return i + zoneLength(b[i:])
}

// zoneLength is the length of a zone: Z, +01:00, +0100, or a blank before the last.
func zoneLength(b []byte) int {
	if len(b) > 0 && b[0] == 'Z' {
		return 1
	}
	n := 0
	if len(b) > 0 && b[0] == ' ' {
		n = 1
	}
	if len(b) < n+5 || b[n] != '+' && b[n] != '-' || !isDigit(b[n+1]) || !isDigit(b[n+2]) {
		return 0
	}
	if b[n+3] == ':' && len(b) >= n+6 && isDigit(b[n+4]) && isDigit(b[n+5]) {
		return n + 6
	}
	if isDigit(b[n+3]) && isDigit(b[n+4]) {
		return n + 5
	}
	return 0
}

// iso reads what isoLength measured.
func (y *years) iso(b []byte) time.Time {
	nanos, i := 0, 19
	if i < len(b) && (b[i] == '.' || b[i] == ',') {
		scale := 100_000_000
		for i++; i < len(b) && isDigit(b[i]); i++ {
			nanos += int(b[i]-'0') * scale
			scale /= 10
		}
	}
	inDay := time.Duration(clock(b[11:]))*time.Second + time.Duration(nanos)
	if i < len(b) {
		return y.midnight(b).Add(inDay - zoneOffset(b[i:]))
	}
	t := y.midnight(b).Add(inDay)
	if y.zone == time.UTC {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), nanos, y.zone).UTC()
}

// midnight is the beginning of an ISO stamp's day in UTC. Most lines are of the
// day that the one before was of.
func (y *years) midnight(b []byte) time.Time {
	if !bytes.Equal(b[:10], y.day) {
		year, _ := number(b[:4])
		y.day = append(y.day[:0], b[:10]...)
		y.dayBegins = time.Date(int(year), time.Month(two(b[5:])), two(b[8:]), 0, 0, 0, 0, time.UTC)
	}
	return y.dayBegins
}

func zoneOffset(b []byte) time.Duration {
	b = trimLeft(b)
	if len(b) < 5 {
		return 0
	}
	m := b[3:]
	if m[0] == ':' {
		m = m[1:]
	}
	d := time.Duration(two(b[1:]))*time.Hour + time.Duration(two(m))*time.Minute
	if b[0] == '-' {
		return -d
	}
	return d
}

// parseTAI reads a TAI64N label. The ten seconds that TAI was ahead when the
// label was defined are taken off, leap seconds since are not, as tai64nlocal does.
func parseTAI(b []byte) time.Time {
	if len(b) < 17 {
		return time.Time{}
	}
	sec, ok := hex(b[1:17])
	if !ok {
		return time.Time{}
	}
	var nanos uint64
	if len(b) >= 25 {
		nanos, _ = hex(b[17:25])
	}
	return time.Unix(int64(sec-1<<62)-10, int64(nanos%1e9)).UTC()
}

func hex(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		switch {
		case isDigit(c):
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// parseUnix reads seconds since 1970, or microseconds when there are more than
// twelve digits, as journald has them.
func parseUnix(b []byte) time.Time {
	whole, fraction, _ := bytes.Cut(b, []byte("."))
	n, ok := number(whole)
	if !ok {
		return time.Time{}
	}
	if len(whole) > 12 {
		return time.UnixMicro(n).UTC()
	}
	nanos := int64(0)
	for i, scale := 0, int64(100_000_000); i < len(fraction) && i < 9 && isDigit(fraction[i]); i++ {
		nanos += int64(fraction[i]-'0') * scale
		scale /= 10
	}
	return time.Unix(n, nanos).UTC()
}

// parseC reads what the C library's ctime writes: with a year, without a zone.
func parseC(b []byte, zone *time.Location) time.Time {
	if len(b) < 24 {
		return time.Time{}
	}
	y, ok := number(b[20:24])
	mo, d, sec := month(b[4:]), two(b[8:]), clock(b[11:])
	if !ok || mo == 0 || d < 1 || sec < 0 {
		return time.Time{}
	}
	return time.Date(int(y), mo, d, 0, 0, sec, 0, zone).UTC()
}

// years finds the year of stamps that have none, from the order of the lines.
type years struct {
	zone  *time.Location
	until time.Time
	year  int       // of the line seen last; 0 means unknown
	last  time.Time // the latest stamp seen
	late  bool      // a stamp ran past until

	seen      []byte // the stamp parsed last and what it gave
	seenTime  time.Time
	seenYear  int    // of seenTime, in zone
	day       []byte // of the ISO stamp parsed last, and its midnight
	dayBegins time.Time
}

const (
	day = 24 * time.Hour
	// slack is how far clocks and zones may be off against until.
	slack = day
	// zones is how far a stamp may be from UTC, and a message from its beginning.
	zones = 15 * time.Hour
	// backwards is how far stamps may go back before it is a new year: more
	// than any disorder of lines, less than a log that is silent for a season.
	backwards = 7 * day
	// lateLine is how far ahead a stamp must lie to be one of last year, come
	// late over New Year.
	lateLine = 330 * day
)

// time gives the moment of a BSD stamp; the zero time where no year is known.
func (y *years) time(b []byte) time.Time {
	if bytes.Equal(b, y.seen) {
		return y.seenTime
	}
	t := y.infer(b)
	y.seen, y.seenTime = append(y.seen[:0], b...), t
	if !t.IsZero() {
		y.seenYear = t.In(y.zone).Year()
	}
	return t
}

func (y *years) infer(b []byte) time.Time {
	if y.year == 0 && y.until.IsZero() {
		return time.Time{}
	}
	if y.year == 0 {
		y.year = y.until.In(y.zone).Year()
	}
	t := y.in(b, y.year)
	if !y.last.IsZero() {
		switch d := t.Sub(y.last); {
		case d < -backwards:
			t = y.in(b, y.year+1)
		case d > lateLine:
			return y.in(b, y.year-1)
		}
	}
	if !y.until.IsZero() && t.After(y.until.Add(slack)) {
		y.late = y.late || !y.last.IsZero()
		t = y.in(b, t.In(y.zone).Year()-1)
	}
	y.year, y.last = t.In(y.zone).Year(), t
	return t
}

// in reads a BSD stamp in a year, or in the latest year before it that has the
// day (February 29).
func (y *years) in(b []byte, year int) time.Time {
	d := two(b[4:])
	if b[5] == ' ' { // "Mar 7 02:09:33"
		d = int(b[4] - '0')
	}
	sec := clock(b[len(b)-8:])
	mo := month(b)
	for range 8 {
		t := time.Date(year, mo, d, 0, 0, sec, 0, y.zone)
		if t.Day() == d || d > 29 || sec == 86400 {
			return t.UTC()
		}
		year--
	}
	return time.Date(year, mo, d, 0, 0, sec, 0, y.zone).UTC()
}

// agrees tells whether the stamp parsed last is this one and lies, in the year
// that lines have now, near a moment: what hint would find.
func (y *years) agrees(stamp []byte, near time.Time) bool {
	return bytes.Equal(stamp, y.seen) && y.seenTime.Sub(near).Abs() < 2*day && y.seenYear == y.year
}

// hint tells that a line with this stamp was written near a moment.
func (y *years) hint(stamp []byte, near time.Time) {
	if len(stamp) < 14 {
		return
	}
	best, distance := 0, time.Duration(math.MaxInt64)
	for d := -1; d <= 1; d++ {
		if off := y.in(stamp, near.Year()+d).Sub(near).Abs(); off < distance {
			best, distance = near.Year()+d, off
		}
	}
	if distance < 2*day && (y.year != best || y.last.IsZero()) {
		y.year, y.last, y.seen = best, y.in(stamp, best), y.seen[:0]
	}
}
