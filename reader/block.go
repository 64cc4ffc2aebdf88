package reader

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// block is memory that messages lie in. Whoever fills it holds one reference,
// each unit over it another.
type block struct {
	buf     []byte
	refs    atomic.Int32
	pool    *pool
	release func() // unref, made once so that a unit costs no allocation
}

func (b *block) ref() { b.refs.Add(1) }

func (b *block) unref() {
	if b.refs.Add(-1) == 0 {
		b.pool.put(b)
	}
}

// pool keeps blocks that nobody refers to.
type pool struct {
	base int
	mu   sync.Mutex
	free [bits.UintSize][]*block // by the bit length of their size
	kept int                     // bytes in free

	onPut func([]byte) // for tests: sees the memory given back
}

// get returns a block of at least size bytes, with one reference.
func (p *pool) get(size int) *block {
	class := bits.Len(uint(max(size, p.base) - 1))
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free[class]); n > 0 {
		b := p.free[class][n-1]
		p.free[class] = p.free[class][:n-1]
		p.kept -= len(b.buf)
		b.refs.Store(1)
		return b
	}
	b := &block{buf: make([]byte, 1<<class), pool: p}
	b.release = b.unref
	b.refs.Store(1)
	return b
}

func (p *pool) put(b *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.onPut != nil {
		p.onPut(b.buf)
	}
	if p.kept+len(b.buf) > maxFree {
		return
	}
	class := bits.Len(uint(len(b.buf) - 1))
	p.free[class] = append(p.free[class], b)
	p.kept += len(b.buf)
}
