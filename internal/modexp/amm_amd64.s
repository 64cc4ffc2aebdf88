#include "textflag.h"

// Almost Montgomery multiplication in radix 2^52: out = a·b/R mod n, less than
// 2n where a and b are, with every limb still to be normalized. One step takes
// one limb of b: the low halves of a·b_i and m·n are added, the sum is divided
// by 2^52 by moving all limbs down, and the high halves are added where they
// belong then. m makes the lowest limb vanish; what that limb carries is
// followed in 128 bits by the scalar unit (R9, R14), so that lane 0 of the
// vector is not looked at.
//
// DI out, SI a, BX b, CX n; R8 k0, R9 lowest limb, R10 a_0, R11 n_0, R12 steps
// left, R13 mask. Z20 b_i, Z21 m, Z22 zero.

#define STEP_SCALAR \
	MOVQ         (BX), DX           \
	VPBROADCASTQ (BX), Z20          \
	ADDQ         $8, BX             \
	MULXQ        R10, AX, R14       \
	ADDQ         AX, R9             \
	ADCQ         $0, R14            \
	MOVQ         R8, DX             \
	IMULQ        R9, DX             \
	ANDQ         R13, DX            \
	VPBROADCASTQ DX, Z21            \
	MULXQ        R11, AX, CX        \
	ADDQ         AX, R9             \
	ADCQ         CX, R14            \
	SHRQ         $52, R9            \
	SHLQ         $12, R14           \
	ORQ          R14, R9

#define ARGUMENTS \
	MOVQ  out+0(FP), DI        \
	MOVQ  a+8(FP), SI          \
	MOVQ  b+16(FP), BX         \
	MOVQ  n+24(FP), CX         \
	MOVQ  k0+32(FP), R8        \
	XORQ  R9, R9               \
	MOVQ  (SI), R10            \
	MOVQ  (CX), R11            \
	MOVQ  $0xfffffffffffff, R13 \
	VPXORQ Z22, Z22, Z22

// func amm40(out, a, b, n *[40]uint64, k0 uint64)
// Requires: AVX512F, AVX512IFMA, BMI2
TEXT ·amm40(SB), NOSPLIT, $0-40
	ARGUMENTS
	VMOVDQU64 (SI), Z10
	VMOVDQU64 64(SI), Z11
	VMOVDQU64 128(SI), Z12
	VMOVDQU64 192(SI), Z13
	VMOVDQU64 256(SI), Z14
	VMOVDQU64 (CX), Z15
	VMOVDQU64 64(CX), Z16
	VMOVDQU64 128(CX), Z17
	VMOVDQU64 192(CX), Z18
	VMOVDQU64 256(CX), Z19
	VPXORQ    Z0, Z0, Z0
	VPXORQ    Z1, Z1, Z1
	VPXORQ    Z2, Z2, Z2
	VPXORQ    Z3, Z3, Z3
	VPXORQ    Z4, Z4, Z4
	MOVQ      $40, R12

step40:
	STEP_SCALAR
	VPMADD52LUQ Z10, Z20, Z0
	VPMADD52LUQ Z11, Z20, Z1
	VPMADD52LUQ Z12, Z20, Z2
	VPMADD52LUQ Z13, Z20, Z3
	VPMADD52LUQ Z14, Z20, Z4
	VPMADD52LUQ Z15, Z21, Z0
	VPMADD52LUQ Z16, Z21, Z1
	VPMADD52LUQ Z17, Z21, Z2
	VPMADD52LUQ Z18, Z21, Z3
	VPMADD52LUQ Z19, Z21, Z4
	VALIGNQ     $1, Z0, Z1, Z0
	VMOVQ       X0, AX
	ADDQ        AX, R9
	VALIGNQ     $1, Z1, Z2, Z1
	VALIGNQ     $1, Z2, Z3, Z2
	VALIGNQ     $1, Z3, Z4, Z3
	VALIGNQ     $1, Z4, Z22, Z4
	VPMADD52HUQ Z10, Z20, Z0
	VPMADD52HUQ Z11, Z20, Z1
	VPMADD52HUQ Z12, Z20, Z2
	VPMADD52HUQ Z13, Z20, Z3
	VPMADD52HUQ Z14, Z20, Z4
	VPMADD52HUQ Z15, Z21, Z0
	VPMADD52HUQ Z16, Z21, Z1
	VPMADD52HUQ Z17, Z21, Z2
	VPMADD52HUQ Z18, Z21, Z3
	VPMADD52HUQ Z19, Z21, Z4
	DECQ        R12
	JNZ         step40

	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VMOVDQU64 Z4, 256(DI)
	MOVQ      R9, (DI)
	VZEROUPPER
	RET

// func amm20(out, a, b, n *[40]uint64, k0 uint64)
// Twenty limbs in three registers: the last four lanes are zero throughout.
// Requires: AVX512F, AVX512IFMA, BMI2
TEXT ·amm20(SB), NOSPLIT, $0-40
	ARGUMENTS
	VMOVDQU64 (SI), Z10
	VMOVDQU64 64(SI), Z11
	VMOVDQU64 128(SI), Z12
	VMOVDQU64 (CX), Z15
	VMOVDQU64 64(CX), Z16
	VMOVDQU64 128(CX), Z17
	VPXORQ    Z0, Z0, Z0
	VPXORQ    Z1, Z1, Z1
	VPXORQ    Z2, Z2, Z2
	MOVQ      $20, R12

step20:
	STEP_SCALAR
	VPMADD52LUQ Z10, Z20, Z0
	VPMADD52LUQ Z11, Z20, Z1
	VPMADD52LUQ Z12, Z20, Z2
	VPMADD52LUQ Z15, Z21, Z0
	VPMADD52LUQ Z16, Z21, Z1
	VPMADD52LUQ Z17, Z21, Z2
	VALIGNQ     $1, Z0, Z1, Z0
	VMOVQ       X0, AX
	ADDQ        AX, R9
	VALIGNQ     $1, Z1, Z2, Z1
	VALIGNQ     $1, Z2, Z22, Z2
	VPMADD52HUQ Z10, Z20, Z0
	VPMADD52HUQ Z11, Z20, Z1
	VPMADD52HUQ Z12, Z20, Z2
	VPMADD52HUQ Z15, Z21, Z0
	VPMADD52HUQ Z16, Z21, Z1
	VPMADD52HUQ Z17, Z21, Z2
	DECQ        R12
	JNZ         step20

	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	MOVQ      R9, (DI)
	VZEROUPPER
	RET
