package modexp

import "golang.org/x/sys/cpu"

// available tells whether the processor, and the system, have what the kernels use.
var available = cpu.X86.HasAVX512F && cpu.X86.HasAVX512IFMA && cpu.X86.HasBMI2

// amm80 multiplies numbers of up to 4,158 bits.
//
//go:noescape
func amm80(out, a, b, n *limbs, k0 uint64)

// amm40 multiplies numbers of up to 2,078 bits; limbs from the fortieth on are not looked at.
//
//go:noescape
func amm40(out, a, b, n *limbs, k0 uint64)

// amm20 multiplies numbers of up to 1,038 bits; limbs from the twentieth on are zero.
//
//go:noescape
func amm20(out, a, b, n *limbs, k0 uint64)

// sqr40 squares numbers of up to 2,078 bits modulo n of up to 2,048, with d = 2^-52
// mod n. The result is less than 2n + n/2^29 where a is.
//
//go:noescape
func sqr40(out, a, n, d *limbs, k0 uint64)

// sqr20 squares numbers of up to 1,038 bits modulo n of up to 1,024 likewise. The
// result is less than 2n + n/2^13 where a is.
//
//go:noescape
func sqr20(out, a, n, d *limbs, k0 uint64)
