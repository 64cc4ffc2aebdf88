//go:build !amd64

package sha256pair

const available = false

func blocksSHA(_, _ *state, _, _ *byte, _ int) { panic("sha256pair: not available") }
