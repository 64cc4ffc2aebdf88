package maillog

import (
	"strings"

	"mailaudit/reader"
)

// slab is where records that are given out lie, several to an allocation: enough
// for its cost to be small, and few enough for one that is kept to hold little
// beside.
type slab struct {
	rooms []whole
	texts strings.Builder
}

const (
	slabRecords = 16
	slabText    = 4 << 10 // bytes, the text of about as many records
)

// whole is a record as it is given out, with room for what most have one of.
type whole struct {
	log       reader.LogRecord
	author    [1]string
	signature [1]reader.LoggedSignature
}

// room is where the next record goes.
func (s *slab) room() *whole {
	if len(s.rooms) == 0 {
		s.rooms = make([]whole, slabRecords)
	}
	w := &s.rooms[0]
	s.rooms = s.rooms[1:]
	return w
}

// text makes b a string. Those made before stay as they are, for the builder
// only writes behind them.
func (s *slab) text(b []byte) string {
	if s.texts.Cap()-s.texts.Len() < len(b) {
		s.texts.Reset()
		s.texts.Grow(max(len(b), slabText))
	}
	n := s.texts.Len()
	s.texts.Write(b)
	return s.texts.String()[n:]
}
