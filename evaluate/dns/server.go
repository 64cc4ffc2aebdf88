package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

const (
	// restAfter is the number of timeouts in a row after which a server rests.
	// Questions that nobody can answer come in smaller groups than that.
	restAfter = 16
	// probeEvery is how many turns of a resting server pass between two
	// queries that find out whether it is back.
	probeEvery = 32
)

// server is one resolver.
type server struct {
	live    *LiveSource
	address string // host:port
	label   string // for Answer.Source
	sockets []*socket
	tcp     *tcpPool
	pace    *pacer
	noEDNS  atomic.Bool // it knows only queries without

	silent   atomic.Int64 // timeouts in a row
	skipped  atomic.Int64 // turns while resting
	sent     atomic.Int64
	answered atomic.Int64
	timeouts atomic.Int64
	errors   atomic.Int64
}

func (l *LiveSource) newServer(name string) (*server, error) {
	address, err := serverAddress(name)
	if err != nil {
		return nil, err
	}
	udp, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	s := &server{live: l, address: udp.String(), label: "live " + udp.String()}
	s.tcp = newTCPPool(s.address)
	for range l.o.Sockets {
		conn, err := net.DialUDP("udp", nil, udp)
		if err != nil {
			s.close()
			return nil, err
		}
		s.sockets = append(s.sockets, newSocket(conn, l))
	}
	rate := l.o.ServerRate
	if rate == 0 && !udp.IP.IsLoopback() {
		rate = DefaultServerRate
	}
	if rate > 0 {
		s.pace = newPacer(rate, l.run.Done(), &l.running)
	}
	return s, nil
}

func (s *server) close() {
	for _, k := range s.sockets {
		k.conn.Close()
	}
	s.tcp.close()
}

// exchange asks the server one question: over UDP, without EDNS where the server
// does not know it, over TCP where the answer was cut. kind is empty for a reply
// that can be read and is whole.
func (s *server) exchange(ctx context.Context, name string, t Type, wait time.Duration) (*reply, FailureKind, error) {
	edns := !s.noEDNS.Load()
	r, query, kind, err := s.udp(ctx, name, t, edns, wait)
	if err == nil && kind == "" && edns && (r.rcode == rcodeFormErr || r.rcode == rcodeNotImp || r.rcode == rcodeBadVers) {
		// RFC 6891 section 6.2.2: it may know no EDNS.
		r, query, kind, err = s.udp(ctx, name, t, false, wait)
		if err == nil && kind == "" && rcodeKind(r.rcode) == "" {
			s.noEDNS.Store(true)
		}
	}
	if err != nil || kind != "" || !r.truncated {
		return r, kind, err
	}
	// What a cut answer holds proves nothing, not even that records are there.
	s.live.truncated.Add(1)
	if err := s.turn(ctx); err != nil {
		return nil, "", err
	}
	s.live.tcp.Add(1)
	binary.BigEndian.PutUint16(query, randomID())
	msg, err := s.tcp.exchange(ctx, s.live.run, query, wait)
	if err != nil {
		kind, err := s.live.failed(ctx, err)
		return nil, kind, err
	}
	return readReply(msg, query, s.live.o.MixCase)
}

// udp sends one query over UDP.
func (s *server) udp(ctx context.Context, name string, t Type, edns bool, wait time.Duration) (r *reply, query []byte, kind FailureKind, err error) {
	if err := s.turn(ctx); err != nil {
		return nil, nil, "", err
	}
	query = appendQuery(make([]byte, 0, 288), 0, name, t, edns)
	id := randomID()
	if s.live.o.MixCase {
		mixCase(query)
	}
	k := s.sockets[int(id)%len(s.sockets)]
	msg, err := k.exchange(ctx, query, wait)
	if err != nil {
		kind, err := s.live.failed(ctx, err)
		return nil, query, kind, err
	}
	r, kind, err = readReply(msg, query, s.live.o.MixCase)
	return r, query, kind, err
}

// turn waits until a query may be sent.
func (s *server) turn(ctx context.Context) error {
	for _, p := range [...]*pacer{s.live.pace, s.pace} {
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	s.sent.Add(1)
	return nil
}

// readReply reads a response that came for a query.
func readReply(msg, query []byte, exact bool) (*reply, FailureKind, error) {
	if len(msg) < headerSize || !sameQuestion(msg, questionOf(query), exact) {
		return nil, FormErr, nil
	}
	r, err := parseReply(msg)
	if err != nil {
		return nil, FormErr, nil
	}
	return r, "", nil
}

// errTimeout is a query that nobody answered in time.
var errTimeout = errors.New("no answer in time")

// failed tells the failures of a query apart from the end of the run.
func (l *LiveSource) failed(ctx context.Context, err error) (FailureKind, error) {
	if end := ctx.Err(); end != nil {
		return "", end
	}
	if l.run.Err() != nil {
		return "", net.ErrClosed
	}
	var ne net.Error
	switch {
	case errors.Is(err, errTimeout), errors.As(err, &ne) && ne.Timeout():
		return Timeout, nil
	case errors.Is(err, errTooLarge):
		return TooLarge, nil
	case errors.Is(err, errWire):
		return FormErr, nil
	}
	return Network, nil
}

// note counts how a query ended.
func (s *server) note(kind FailureKind) {
	switch kind {
	case Timeout:
		s.timeouts.Add(1)
		s.silent.Add(1)
		return
	case Network:
		s.errors.Add(1)
		s.silent.Add(1)
		return
	case "":
		s.answered.Add(1)
	default:
		s.errors.Add(1)
	}
	s.silent.Store(0)
}

// resting tells whether the server has been silent for long.
func (s *server) resting() bool { return s.silent.Load() >= restAfter }

// probe tells whether this turn of a resting server is for finding out if it is
// back.
func (s *server) probe() bool { return s.skipped.Add(1)%probeEvery == 0 }

func (s *server) counts() ServerCounts {
	return ServerCounts{
		Server: s.address, Sent: s.sent.Load(), Answered: s.answered.Load(),
		Timeouts: s.timeouts.Load(), Errors: s.errors.Load(), Resting: s.resting(),
	}
}

// randomID returns a query id that cannot be guessed (RFC 5452 section 9.2).
// Nothing that a verdict rests on depends on it.
func randomID() uint16 {
	var b [2]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint16(b[:])
}

// mixCase gives the letters of a query's name random cases.
func mixCase(query []byte) {
	var random [256]byte
	name := questionOf(query)
	name = name[:len(name)-4]
	rand.Read(random[:len(name)])
	for i, c := range name {
		if isLetter(c) && random[i]&1 != 0 {
			name[i] = c ^ 0x20
		}
	}
}
