// Package sha256pair computes SHA-256 over two streams of bytes side by side, in
// the time of one. The streams belong to two lanes of one goroutine: each lane
// runs until it has blocks to be hashed, and is paused until the other one has
// some too.
package sha256pair

// Available tells whether the processor has what a Pair needs. Where it is false,
// nothing of this package works.
func Available() bool { return available }

// Pair is two lanes. It belongs to one goroutine.
type Pair struct{ lanes [2]Lane }

// New returns a Pair.
func New() *Pair { return new(Pair) }

// Lane returns one of the two lanes, 0 or 1.
func (p *Pair) Lane(i int) *Lane { return &p.lanes[i] }

// Lane is one stream at a time: its blocks wait in it for those of the other.
type Lane struct {
	pause func()
	state *state
	left  []byte
}

// Pauses says how the lane is paused: pause comes back after Meet. Nil stands
// for no pauses: blocks are hashed on their own, at once.
func (l *Lane) Pauses(pause func()) { l.pause = pause }

// least is how many bytes are worth a pause, which takes as long as three blocks.
const least = 8 * blockSize

// blocks takes whole blocks into a state.
func (l *Lane) blocks(s *state, p []byte) {
	if len(p) < least || l.pause == nil {
		alone(s, p)
		return
	}
	l.state, l.left = s, p
	for len(l.left) > 0 {
		l.pause()
	}
	l.state, l.left = nil, nil
}

// Meet hashes what waits: in both lanes as much as the shorter one has, or all
// that one lane has where the other has nothing.
func (p *Pair) Meet() {
	a, b := &p.lanes[0], &p.lanes[1]
	n := min(len(a.left), len(b.left))
	if n > 0 {
		blocksSHA(a.state, b.state, &a.left[0], &b.left[0], n/blockSize)
		a.left, b.left = a.left[n:], b.left[n:]
		return
	}
	for _, l := range []*Lane{a, b} {
		if len(l.left) > 0 {
			alone(l.state, l.left)
			l.left = nil
		}
	}
}

// alone hashes blocks of one stream: the other is its shadow.
func alone(s *state, p []byte) {
	if len(p) == 0 {
		return
	}
	shadow := *s
	blocksSHA(s, &shadow, &p[0], &p[0], len(p)/blockSize)
}
