package dkim

// Best returns the index of the signature that speaks for the message, -1 where
// there is none. It is a total order, so every implementation of it agrees:
//
//  1. the result: pass, temperror, policy, fail, neutral, permerror, none (a
//     signature that another moment could make a pass comes before those that
//     stay what they are);
//  2. how near its domain is to the author domain, as nearness tells: the
//     greater, the better; nil where that does not matter;
//  3. the reason: a pass without remark before one with;
//  4. the place in the header: the topmost.
func Best(outcomes []Outcome, nearness func(i int) int) int {
	best := -1
	var bestRank [3]int
	for i := range outcomes {
		r := [3]int{outcomes[i].Result.rank(), 0, 0}
		if nearness != nil {
			r[1] = -nearness(i)
		}
		if outcomes[i].Reason != "" {
			r[2] = 1
		}
		if best < 0 || less(r, bestRank) {
			best, bestRank = i, r
		}
	}
	return best
}

func less(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// rank is the place in the order of Best, 0 for the best.
func (r Result) rank() int {
	for i, w := range [...]Result{Pass, TempError, Policy, Fail, Neutral, PermError, None} {
		if r == w {
			return i
		}
	}
	return int(^uint(0) >> 1)
}
