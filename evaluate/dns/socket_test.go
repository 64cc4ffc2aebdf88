package dns

import (
	"testing"
)

// TestSocketGivesIDsBack: an id that was answered may belong to another query
// before the first has left; that one must not take it away.
func TestSocketGivesIDsBack(t *testing.T) {
	t.Parallel()
	s := &socket{live: &LiveSource{}, pending: map[uint16]*query{}}
	ask := func(name string) (*query, []byte) {
		msg := appendQuery(nil, 7, name, TypeA, false)
		q := &query{question: questionOf(msg), result: make(chan result, 1)}
		s.pending[7] = q
		response := append([]byte(nil), msg...)
		response[2] |= 0x80
		return q, response
	}
	first, response := ask("first.example")
	s.deliver(response)
	second, response := ask("second.example")
	s.forget(7, first)
	s.deliver(response)
	if len(first.result) != 1 || len(second.result) != 1 || len(s.pending) != 0 {
		t.Errorf("%d and %d answers, %d pending", len(first.result), len(second.result), len(s.pending))
	}
	s.deliver(response)
	if n := s.live.ignored.Load(); n != 1 {
		t.Errorf("%d ignored", n)
	}
}
