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
	holder  int    // who reads into it
	release func() // unref, made once so that a unit costs no allocation
}

func (b *block) ref() { b.refs.Add(1) }

func (b *block) unref() {
	if b.refs.Add(-1) == 0 {
		b.pool.put(b)
	}
}

// pool keeps blocks that nobody refers to. Those of usual size, which are no more
// than were ever in use at once, are kept for their holder: memory that another
// processor has in its cache is slow to write to, four times as slow where the two
// have no cache in common.
type pool struct {
	base int
	mu   sync.Mutex
	free [][bits.UintSize][]*block // by holder, and by the bit length of their size
	kept int                       // bytes of free large ones

	onPut func([]byte) // for tests: sees the memory given back
}

// get returns a block of at least size bytes for a holder, with one reference.
func (p *pool) get(size, holder int) *block {
	class := bits.Len(uint(max(size, p.base) - 1))
	large := 1<<class > p.base
	if large {
		holder = 0 // they are few
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.free) <= holder {
		p.free = append(p.free, [bits.UintSize][]*block{})
	}
	free := &p.free[holder][class]
	if n := len(*free); n > 0 {
		b := (*free)[n-1]
		*free = (*free)[:n-1]
		if large {
			p.kept -= len(b.buf)
		}
		b.refs.Store(1)
		return b
	}
	b := &block{buf: make([]byte, 1<<class), pool: p, holder: holder}
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
	large := len(b.buf) > p.base
	if large && p.kept+len(b.buf) > maxFree {
		return
	}
	class := bits.Len(uint(len(b.buf) - 1))
	free := &p.free[b.holder][class]
	*free = append(*free, b)
	if large {
		p.kept += len(b.buf)
	}
}
