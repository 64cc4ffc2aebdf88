package dns

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxTCP is the number of TCP connections to one server at once: few answers are
// too long for UDP, and servers count connections.
const maxTCP = 16

// errTooLarge is an answer that was cut although it came over TCP.
var errTooLarge = errors.New("answer is too large")

// tcpPool keeps a few TCP connections to a server (RFC 7766 section 6.2.1). One
// carries one query at a time.
type tcpPool struct {
	address string
	slots   chan struct{}

	silent  atomic.Int64 // timeouts in a row
	skipped atomic.Int64 // queries not sent while silent

	mu     sync.Mutex
	idle   []*tcpConn
	closed bool
}

type tcpConn struct {
	net.Conn
	r      *bufio.Reader
	reused bool
}

func newTCPPool(address string) *tcpPool {
	return &tcpPool{address: address, slots: make(chan struct{}, maxTCP)}
}

// exchange sends a query and reads its answer within wait. It ends early, with
// any error, where ctx or run ends.
//
// Where TCP has been silent for long, as behind a firewall that knows DNS over
// UDP only, most queries time out at once: they would wait in a row for nothing.
func (p *tcpPool) exchange(caller, run context.Context, query []byte, wait time.Duration) ([]byte, error) {
	if p.silent.Load() >= restAfter && p.skipped.Add(1)%probeEvery != 0 {
		return nil, errTimeout
	}
	ctx, cancel := context.WithCancel(caller)
	defer cancel()
	defer context.AfterFunc(run, cancel)()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	late := time.AfterFunc(wait, cancel)
	defer late.Stop()
	msg, err := p.onConn(ctx, query)
	switch {
	case err == nil || ctx.Err() == nil:
		p.silent.Store(0)
		return msg, err
	case caller.Err() == nil && run.Err() == nil:
		p.silent.Add(1)
	}
	return nil, errTimeout // or the caller's own end, which it sees by itself
}

// onConn uses an idle connection, and a new one where the server has closed
// that meanwhile.
func (p *tcpPool) onConn(ctx context.Context, query []byte) ([]byte, error) {
	for {
		c, err := p.get(ctx)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { c.Close() })
		msg, err := c.exchange(query)
		if !stop() || err != nil {
			c.Close()
		} else {
			p.put(c)
		}
		said := err == nil || errors.Is(err, errWire) || errors.Is(err, errTooLarge)
		if said || !c.reused || ctx.Err() != nil {
			return msg, err
		}
	}
}

func (p *tcpPool) get(ctx context.Context) (*tcpConn, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		c.reused = true
		return c, nil
	}
	p.mu.Unlock()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	return &tcpConn{Conn: conn, r: bufio.NewReader(conn)}, nil
}

func (p *tcpPool) put(c *tcpConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
		return
	}
	p.idle = append(p.idle, c)
}

func (p *tcpPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}

// exchange writes a query and reads one message, each behind its length (RFC
// 1035 section 4.2.2).
func (c *tcpConn) exchange(query []byte) ([]byte, error) {
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, len(query)+2), uint16(len(query)))
	if _, err := c.Write(append(framed, query...)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(c.r, length[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(c.r, msg); err != nil {
		return nil, err
	}
	if len(msg) < headerSize || binary.BigEndian.Uint16(msg) != binary.BigEndian.Uint16(query) {
		return nil, errWire
	}
	if msg[2]&2 != 0 {
		return nil, errTooLarge
	}
	return msg, nil
}
