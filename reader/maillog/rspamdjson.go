package maillog

// rspamdEntry is a JSON object of rspamd's: an entry of its log, or a row of its
// history. Its texts lie in the line or the buffer.
type rspamdEntry struct {
	x *rspamd
	s *stream

	function, msg, stamp []byte
	row                  bool
	record               *record // what a row tells of its message
	symbols              []byte
}

// json reads a line of the JSON log (log_json), of the journal, or a row of the
// history as the controller gives it.
func (x *rspamd) json(s *stream, b []byte) verdict {
	e := rspamdEntry{x: x, s: s}
	ok := s.json.object(b, e.member)
	if ok && e.row {
		e.give()
		return known
	}
	e.drop()
	switch {
	case !ok:
		return unknown
	case e.stamp != nil && e.msg != nil:
		return e.logged()
	}
	if s.framed(b) && string(s.frame.tag) == "rspamd" {
		return x.syslog(s)
	}
	return foreign
}

// rspamdTaskOf is the summary of a message in an entry of the log, which is text
// or JSON.
func rspamdTaskOf(j *jsonBuffer, b []byte) (task []byte, ok bool) {
	if !startsWith(b, "{") {
		return after(b, "rspamd_task_write_log: ")
	}
	var function []byte
	ok = j.object(b, func(key, v []byte) {
		switch string(key) {
		case "function":
			function = v
		case "message":
			task = v
		}
	})
	return task, ok && string(function) == "rspamd_task_write_log"
}

// logged reads an entry of the log.
func (e *rspamdEntry) logged() verdict {
	f := &e.s.frame
	f.kind, f.stamp = stampUnix, e.stamp
	if isoLength(e.stamp) > 0 {
		f.kind = stampISO
	}
	if string(e.function) != "rspamd_task_write_log" {
		return e.x.text(e.s, e.msg)
	}
	e.x.one(e.s, func(r *record) bool { return rspamdTask(r, e.msg) })
	return known
}

// member takes over one member of the object.
func (e *rspamdEntry) member(key, v []byte) {
	switch string(key) {
	case "function", "func":
		e.function = v
	case "msg", "message":
		e.msg = v
	case "unix_time":
		e.stamp = v
	case "ts", "time_real":
		if e.stamp == nil {
			e.stamp = v
		}
	case "symbols":
		e.row, e.symbols = true, v
	default:
		e.told(key, v)
	}
}

// told takes over what a row tells of its message.
func (e *rspamdEntry) told(key, v []byte) {
	switch string(key) {
	case "message-id", "message_id":
		r := e.message()
		r.set(&r.messageID, unquote(v, '<', '>'))
	case "qid", "queue_id":
		r := e.message()
		r.set(&r.queueID, v)
	case "ip":
		e.message().clientIP(address(v))
	case "helo":
		r := e.message()
		r.set(&r.helo, v)
	case "user":
		e.message().authenticated = len(v) > 0 && string(v) != "unknown" && string(v) != "null"
	case "sender_smtp", "from":
		if string(v) != "unknown" {
			e.message().mailFrom(v)
		}
	case "sender_mime":
		e.message().author(domainOf(v))
	}
}

// message is the record of a row.
func (e *rspamdEntry) message() *record {
	if e.record == nil {
		e.record = e.x.alone(e.s)
	}
	return e.record
}

// drop forgets what was no row.
func (e *rspamdEntry) drop() {
	if e.record != nil {
		e.x.join.drop(e.record)
	}
}

// give gives a row out as a record.
func (e *rspamdEntry) give() {
	e.s.frame.kind, e.s.frame.stamp = stampUnix, e.stamp
	r := e.message()
	e.s.dated(r)
	r.began, r.ended, r.arrived = true, true, true
	e.s.json.object(e.symbols, e.symbol)
	e.x.give(r)
}

// symbol reads "NAME":{"options":["one","two"]}.
func (e *rspamdEntry) symbol(name, v []byte) {
	e.record.set(&e.record.by, []byte("rspamd"))
	if !rspamdSays(name) {
		return
	}
	var options []byte
	e.s.json.object(v, func(key, list []byte) {
		if string(key) == "options" {
			options = list
		}
	})
	rspamdSymbol(e.record, name, e.s.json.list(options))
}
