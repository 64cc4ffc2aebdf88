//go:build !amd64

package modexp

const available = false

func amm80(out, a, b, n *limbs, k0 uint64) { panic("modexp: no kernel") }

func amm40(out, a, b, n *limbs, k0 uint64) { panic("modexp: no kernel") }

func amm20(out, a, b, n *limbs, k0 uint64) { panic("modexp: no kernel") }

func sqr40(out, a, n, d *limbs, k0 uint64) { panic("modexp: no kernel") }

func sqr20(out, a, n, d *limbs, k0 uint64) { panic("modexp: no kernel") }
