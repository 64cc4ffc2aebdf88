package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"
)

// maxUDP is the longest datagram taken, bytes; servers may send more than the
// ednsSize they were told.
const maxUDP = 4096

// readBuffer holds the answers to a burst of queries, bytes. The system may give
// less; a packet lost is asked for again.
const readBuffer = 1 << 20

// socket is a connected UDP socket shared by many queries, matched by id and
// question. Being connected, it takes packets of its server only.
type socket struct {
	live *LiveSource
	conn *net.UDPConn

	mu      sync.Mutex
	pending map[uint16]*query
}

// query is one query on its way over UDP.
type query struct {
	question []byte
	result   chan result // holds one
}

type result struct {
	msg []byte
	err error
}

// errSocketFull says that every id of a socket is in use.
var errSocketFull = errors.New("too many queries on their way")

func newSocket(conn *net.UDPConn, l *LiveSource) *socket {
	conn.SetReadBuffer(readBuffer)
	s := &socket{live: l, conn: conn, pending: map[uint16]*query{}}
	l.running.Go(s.read)
	return s
}

// exchange sends a query under a new id, which it writes into msg, and waits for
// the answer.
func (s *socket) exchange(ctx context.Context, msg []byte, wait time.Duration) ([]byte, error) {
	q := &query{question: questionOf(msg), result: make(chan result, 1)}
	id, err := s.register(q)
	if err != nil {
		return nil, err
	}
	defer s.forget(id, q)
	binary.BigEndian.PutUint16(msg, id)
	if _, err := s.conn.Write(msg); err != nil {
		return nil, err
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case r := <-q.result:
		return r.msg, r.err
	case <-t.C:
		return nil, errTimeout
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.live.run.Done():
		return nil, net.ErrClosed
	}
}

// register finds an id that is not in use.
func (s *socket) register(q *query) (uint16, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 64 { // more tries find none where nearly all are in use
		id := randomID()
		if _, used := s.pending[id]; !used {
			s.pending[id] = q
			return id, nil
		}
	}
	return 0, errSocketFull
}

// forget gives an id back, unless it was answered and went to another query
// since.
func (s *socket) forget(id uint16, q *query) {
	s.mu.Lock()
	if s.pending[id] == q {
		delete(s.pending, id)
	}
	s.mu.Unlock()
}

// read hands packets to those who wait for them until the socket is closed.
func (s *socket) read() {
	buf := make([]byte, maxUDP)
	for {
		n, err := s.conn.Read(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// The network says that the server is not there: nobody needs to
			// wait for it. The pause keeps a broken socket from spinning.
			s.failAll(err)
			sleep(s.live.run, time.Millisecond)
			continue
		}
		s.deliver(buf[:n])
	}
}

// deliver gives a packet to the query that it answers. Others are ignored: a
// late answer, or one that somebody made up (RFC 5452 section 9.1).
func (s *socket) deliver(msg []byte) {
	if len(msg) < headerSize || msg[2]&0x80 == 0 {
		s.live.ignored.Add(1)
		return
	}
	id := binary.BigEndian.Uint16(msg)
	s.mu.Lock()
	q := s.pending[id]
	if q == nil || !sameQuestion(msg, q.question, s.live.o.MixCase) {
		s.mu.Unlock()
		s.live.ignored.Add(1)
		return
	}
	delete(s.pending, id)
	s.mu.Unlock()
	whole := append([]byte(nil), msg...)
	if len(msg) == maxUDP {
		whole[2] |= 2 // cut here, if not by the server
	}
	q.result <- result{msg: whole}
}

func (s *socket) failAll(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, q := range s.pending {
		delete(s.pending, id)
		q.result <- result{err: err}
	}
}
