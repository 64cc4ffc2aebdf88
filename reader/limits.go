package reader

// The limits, each with its reason.
const (
	// DefaultMaxHeld is the size of message that is still held in memory:
	// nearly all mail systems refuse larger ones by default.
	DefaultMaxHeld = 16 << 20

	// blockSize is the memory that is given back as one piece. Half of it is
	// filled, some messages or a hundred, so that pooling costs nothing; small
	// enough that the few in use stay in the cache. The other half is for a
	// message that has begun in the first.
	blockSize = 1 << 20
	// littleHeld is the part of a block, as its divisor, up to which the begun
	// message moves to the next block instead.
	littleHeld = 16
	// readSize is how much one read asks for. It fits a core's second cache,
	// so that digest and search find the bytes there.
	readSize = 256 << 10
	// turnHeld is how much of a message may be in the window where another may
	// read on: it moves to that one's memory, out of another processor's cache.
	turnHeld = 64 << 10
	// maxFree is how much unused memory of blocks for large messages is kept for
	// the next ones.
	maxFree = 64 << 20

	// detectSize is how much of a source its format is found from.
	detectSize = 32 << 10
	// evidenceSize is how much of an mbox its dialect is found from.
	evidenceSize = 512 << 10
	// lookahead is how much is seen of a line that may be a From_ line and of
	// those after it. Header lines are at most 998 bytes (RFC 5322 section 2.1.1).
	lookahead = 4096
	// maxHeader is how far the end of a header is looked for, to find its
	// Content-Length.
	maxHeader = 256 << 10

	// maxSpool is the largest message that is put into a temporary file. Past
	// it the message is a problem and the next one is looked for.
	maxSpool = 16 << 30
	// maxRatio and ratioFloor bound decompression: no deflate stream expands
	// more than 1032 times, mail some ten times. The ratio is taken over all
	// layers, and only when the output is large enough to matter.
	maxRatio   = 1100
	ratioFloor = 256 << 20
	// maxExpanded is the most that one source may expand to, in bytes.
	maxExpanded = 8 << 40
	// maxWindow is the largest dictionary of xz and window of zstd: what the
	// zstd tool accepts by default, and twice what xz -9 uses.
	maxWindow = 128 << 20
	// maxNesting is how many compressions and archives may lie in each other.
	maxNesting = 8
	// maxDepth is how many folders may lie in each other.
	maxDepth = 128
	// maxMembers is how many members one archive may have.
	maxMembers = 50_000_000
)
