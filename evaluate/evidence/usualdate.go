package evidence

import "time"

// usualDate reads the form that nearly all dates have, "Mon, 2 Jan 2006 15:04:05
// -0700", or the same without a day name or with "GMT"; false for any other. What
// follows the zone is no part of a date.
func usualDate(v []byte) (time.Time, bool) {
	for len(v) > 0 && v[0] == ' ' {
		v = v[1:]
	}
	if len(v) > 5 && v[3] == ',' && v[4] == ' ' && isUsualDay(v[:3]) {
		v = v[5:]
	}
	if len(v) < 23 || !isDigit(v[0]) {
		return time.Time{}, false
	}
	day, rest := int(v[0]-'0'), v[1:]
	if v[1] != ' ' {
		day, rest = twoDigits(v), v[2:]
	}
	// " Jan 2006 15:04:05 -0700"
	if r := rest; len(r) < 22 || r[0] != ' ' || r[4] != ' ' || r[9] != ' ' || r[12] != ':' || r[15] != ':' || r[18] != ' ' {
		return time.Time{}, false
	}
	century, year := twoDigits(rest[5:]), twoDigits(rest[7:])
	p := dateParser{
		day: day, month: usualMonth(rest[1:4]), year: century*100 + year,
		hour: twoDigits(rest[10:]), minute: twoDigits(rest[13:]), second: twoDigits(rest[16:]),
	}
	var ok bool
	if p.offset, ok = usualZone(rest[19:]); !ok || max(day, century, year, p.hour, p.minute, p.second) > 99 {
		return time.Time{}, false
	}
	return p.time()
}

// usualZone reads "-0700" or "GMT".
func usualZone(z []byte) (offset int, ok bool) {
	if string(z[:3]) == "GMT" {
		return 0, len(z) == 3 || z[3] == ' '
	}
	if len(z) < 5 || z[0] != '+' && z[0] != '-' || len(z) > 5 && isDigit(z[5]) {
		return 0, false
	}
	h, m := twoDigits(z[1:]), twoDigits(z[3:])
	if offset = h*3600 + m*60; z[0] == '-' {
		offset = -offset
	}
	return offset, h < 24 && m < 60
}

// twoDigits is the number that b begins with, far over 99 where it is none.
func twoDigits(b []byte) int {
	high, low := b[0]-'0', b[1]-'0'
	if high > 9 || low > 9 {
		return 1 << 20
	}
	return int(high)*10 + int(low)
}

func isUsualDay(w []byte) bool {
	switch string(w) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// usualMonth is monthOf for names as RFC 5322 §3.3 writes them.
func usualMonth(w []byte) int {
	switch string(w) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}
