//go:build !amd64

package evidence

const vectors = wayPlain

func (c *bodyCanon) vectorBulk([]byte) int { return 0 }

func (c *bodyCanon) compress([]byte) int { return 0 }
