package dns

// Counts is what was asked in a run, for its summary. The first group is
// counted by a [CacheSource], the second by sources that ask servers.
type Counts struct {
	Asked                                           int64 // questions put to the cache
	Distinct                                        int64 // answers it got: the sum of the states below
	Success, NoData, NXDomain, Failure, NotRecorded int64
	// Failures has the failures by their kind; kinds without any are absent.
	Failures map[FailureKind]int64

	Sent      int64 // queries sent, over UDP and TCP, repetitions included
	Retries   int64 // queries sent again after a failure
	TCP       int64 // queries sent over TCP
	Truncated int64 // UDP answers that were cut, and asked for again over TCP
	Ignored   int64 // packets that answered no query of ours: late, forged or broken
	Servers   []ServerCounts
}

// ServerCounts is how one server behaved.
type ServerCounts struct {
	Server   string // address and port
	Sent     int64
	Answered int64 // usable answers
	Timeouts int64
	Errors   int64 // unusable answers and network errors
	Resting  bool  // it did not answer lately and is asked only now and then
}

// counter is a Source that counts, or passes counts of others on.
type counter interface {
	addCounts(*Counts)
}

// CountsOf returns what a source, and the sources below it, counted so far.
func CountsOf(s Source) Counts {
	var c Counts
	countInto(s, &c)
	return c
}

func countInto(s Source, c *Counts) {
	if s, ok := s.(counter); ok {
		s.addCounts(c)
	}
}

func (o *OverlaySource) addCounts(c *Counts) { countInto(o.base, c) }

func (l *LimitSource) addCounts(c *Counts) { countInto(l.base, c) }

func (r *RetrySource) addCounts(c *Counts) {
	c.Retries += r.retried.Load()
	countInto(r.base, c)
}

func (c *ChainSource) addCounts(to *Counts) {
	for _, s := range c.sources {
		countInto(s, to)
	}
}

func (c *CacheSource) addCounts(to *Counts) {
	for i := range c.shards {
		to.Asked += c.shards[i].asked.Load()
	}
	for s := range c.states {
		n := c.states[s].Load()
		to.Distinct += n
		*to.state(Status(s)) += n
	}
	for i := range c.kinds {
		if n := c.kinds[i].Load(); n > 0 {
			if to.Failures == nil {
				to.Failures = map[FailureKind]int64{}
			}
			to.Failures[failureKinds[i]] += n
		}
	}
	countInto(c.base, to)
}

func (c *Counts) state(s Status) *int64 {
	switch s {
	case Success:
		return &c.Success
	case NoData:
		return &c.NoData
	case NXDomain:
		return &c.NXDomain
	case Failure:
		return &c.Failure
	}
	return &c.NotRecorded
}
