#include "textflag.h"

// Almost Montgomery multiplication in radix 2^52: out = a·b/R mod n, less than
// 2n where a and b are, in limbs of 52 bits. One step takes one limb of b: the
// low halves of a·b_i and m·n are added, the sum is divided by 2^52 by moving all
// limbs down, and the high halves are added where they belong then. m makes the
// lowest limb vanish; what that limb carries is followed in 128 bits by the scalar
// unit (R9, R14), so that lane 0 of the vector is not looked at.
//
// DI out, SI a, BX b, CX n; R8 k0, R9 lowest limb, R10 a_0, R11 n_0, R12 steps
// left, R13 mask. The sum is in Z0 and up, a in Z10 and up, n in Z20 and up;
// Z30 b_i, Z31 m; K1 all lanes but the highest, K2 the lowest.

#define ARGUMENTS \
	MOVQ   out+0(FP), DI         \
	MOVQ   a+8(FP), SI           \
	MOVQ   b+16(FP), BX          \
	MOVQ   n+24(FP), CX          \
	MOVQ   k0+32(FP), R8         \
	XORQ   R9, R9                \
	MOVQ   (SI), R10             \
	MOVQ   (CX), R11             \
	MOVQ   $0xfffffffffffff, R13 \
	MOVQ   $0x7f, AX             \
	KMOVW  AX, K1                \
	MOVQ   $1, AX                \
	KMOVW  AX, K2

#define STEP_SCALAR \
	MOVQ         (BX), DX        \
	VPBROADCASTQ (BX), Z30       \
	ADDQ         $8, BX          \
	MULXQ        R10, AX, R14    \
	ADDQ         AX, R9          \
	ADCQ         $0, R14         \
	MOVQ         R8, DX          \
	IMULQ        R9, DX          \
	ANDQ         R13, DX         \
	VPBROADCASTQ DX, Z31         \
	MULXQ        R11, AX, CX     \
	ADDQ         AX, R9          \
	ADCQ         CX, R14         \
	SHRQ         $52, R9         \
	SHLQ         $12, R14        \
	ORQ          R14, R9

// Carries go one limb up, all at a time, and again for as long as a limb has more
// than 52 bits: seldom, as what is carried into a limb is small. R9 is the lowest
// limb still; Z30 is the mask then, Z31 zero; the carries are where a was.

#define NORMALIZE \
	VPBROADCASTQ R9, K2, Z0 \
	VPBROADCASTQ R13, Z30   \
	VPXORQ       Z31, Z31, Z31

#define SPLIT(SUM, CARRY) \
	VPSRLQ $52, SUM, CARRY \
	VPANDQ Z30, SUM, SUM

#define CARRY(BELOW, CARRY, SUM) \
	VALIGNQ $7, BELOW, CARRY, CARRY \
	VPADDQ  CARRY, SUM, SUM

#define NORMALIZE40 \
	SPLIT(Z0, Z10)                  \
	SPLIT(Z1, Z11)                  \
	SPLIT(Z2, Z12)                  \
	SPLIT(Z3, Z13)                  \
	SPLIT(Z4, Z14)                  \
	CARRY(Z13, Z14, Z4)             \
	CARRY(Z12, Z13, Z3)             \
	CARRY(Z11, Z12, Z2)             \
	CARRY(Z10, Z11, Z1)             \
	CARRY(Z31, Z10, Z0)             \
	VPORQ      Z0, Z1, Z10          \
	VPTERNLOGQ $0xfe, Z2, Z3, Z10   \
	VPORQ      Z4, Z10, Z10         \
	VPCMPUQ    $6, Z30, Z10, K3     \
	KORTESTW   K3, K3

#define STORE40 \
	VMOVDQU64 Z0, (DI)    \
	VMOVDQU64 Z1, 64(DI)  \
	VMOVDQU64 Z2, 128(DI) \
	VMOVDQU64 Z3, 192(DI) \
	VMOVDQU64 Z4, 256(DI)

// func amm80(out, a, b, n *limbs, k0 uint64)
// Requires: AVX512F, AVX512IFMA, BMI2
TEXT ·amm80(SB), NOSPLIT, $0-40
	ARGUMENTS
	VMOVDQU64 (SI), Z10
	VMOVDQU64 64(SI), Z11
	VMOVDQU64 128(SI), Z12
	VMOVDQU64 192(SI), Z13
	VMOVDQU64 256(SI), Z14
	VMOVDQU64 320(SI), Z15
	VMOVDQU64 384(SI), Z16
	VMOVDQU64 448(SI), Z17
	VMOVDQU64 512(SI), Z18
	VMOVDQU64 576(SI), Z19
	VMOVDQU64 (CX), Z20
	VMOVDQU64 64(CX), Z21
	VMOVDQU64 128(CX), Z22
	VMOVDQU64 192(CX), Z23
	VMOVDQU64 256(CX), Z24
	VMOVDQU64 320(CX), Z25
	VMOVDQU64 384(CX), Z26
	VMOVDQU64 448(CX), Z27
	VMOVDQU64 512(CX), Z28
	VMOVDQU64 576(CX), Z29
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	MOVQ $80, R12

step80:
	STEP_SCALAR
	VPMADD52LUQ Z10, Z30, Z0
	VPMADD52LUQ Z11, Z30, Z1
	VPMADD52LUQ Z12, Z30, Z2
	VPMADD52LUQ Z13, Z30, Z3
	VPMADD52LUQ Z14, Z30, Z4
	VPMADD52LUQ Z15, Z30, Z5
	VPMADD52LUQ Z16, Z30, Z6
	VPMADD52LUQ Z17, Z30, Z7
	VPMADD52LUQ Z18, Z30, Z8
	VPMADD52LUQ Z19, Z30, Z9
	VPMADD52LUQ Z20, Z31, Z0
	VPMADD52LUQ Z21, Z31, Z1
	VPMADD52LUQ Z22, Z31, Z2
	VPMADD52LUQ Z23, Z31, Z3
	VPMADD52LUQ Z24, Z31, Z4
	VPMADD52LUQ Z25, Z31, Z5
	VPMADD52LUQ Z26, Z31, Z6
	VPMADD52LUQ Z27, Z31, Z7
	VPMADD52LUQ Z28, Z31, Z8
	VPMADD52LUQ Z29, Z31, Z9
	VALIGNQ $1, Z0, Z1, Z0
	VMOVQ X0, AX
	ADDQ AX, R9
	VALIGNQ $1, Z1, Z2, Z1
	VALIGNQ $1, Z2, Z3, Z2
	VALIGNQ $1, Z3, Z4, Z3
	VALIGNQ $1, Z4, Z5, Z4
	VALIGNQ $1, Z5, Z6, Z5
	VALIGNQ $1, Z6, Z7, Z6
	VALIGNQ $1, Z7, Z8, Z7
	VALIGNQ $1, Z8, Z9, Z8
	VALIGNQ.Z $1, Z9, Z9, K1, Z9
	VPMADD52HUQ Z10, Z30, Z0
	VPMADD52HUQ Z11, Z30, Z1
	VPMADD52HUQ Z12, Z30, Z2
	VPMADD52HUQ Z13, Z30, Z3
	VPMADD52HUQ Z14, Z30, Z4
	VPMADD52HUQ Z15, Z30, Z5
	VPMADD52HUQ Z16, Z30, Z6
	VPMADD52HUQ Z17, Z30, Z7
	VPMADD52HUQ Z18, Z30, Z8
	VPMADD52HUQ Z19, Z30, Z9
	VPMADD52HUQ Z20, Z31, Z0
	VPMADD52HUQ Z21, Z31, Z1
	VPMADD52HUQ Z22, Z31, Z2
	VPMADD52HUQ Z23, Z31, Z3
	VPMADD52HUQ Z24, Z31, Z4
	VPMADD52HUQ Z25, Z31, Z5
	VPMADD52HUQ Z26, Z31, Z6
	VPMADD52HUQ Z27, Z31, Z7
	VPMADD52HUQ Z28, Z31, Z8
	VPMADD52HUQ Z29, Z31, Z9
	DECQ R12
	JNZ step80

	NORMALIZE

carry80:
	SPLIT(Z0, Z10)
	SPLIT(Z1, Z11)
	SPLIT(Z2, Z12)
	SPLIT(Z3, Z13)
	SPLIT(Z4, Z14)
	SPLIT(Z5, Z15)
	SPLIT(Z6, Z16)
	SPLIT(Z7, Z17)
	SPLIT(Z8, Z18)
	SPLIT(Z9, Z19)
	CARRY(Z18, Z19, Z9)
	CARRY(Z17, Z18, Z8)
	CARRY(Z16, Z17, Z7)
	CARRY(Z15, Z16, Z6)
	CARRY(Z14, Z15, Z5)
	CARRY(Z13, Z14, Z4)
	CARRY(Z12, Z13, Z3)
	CARRY(Z11, Z12, Z2)
	CARRY(Z10, Z11, Z1)
	CARRY(Z31, Z10, Z0)
	VPORQ Z0, Z1, Z10
	VPTERNLOGQ $0xfe, Z2, Z3, Z10
	VPTERNLOGQ $0xfe, Z4, Z5, Z10
	VPTERNLOGQ $0xfe, Z6, Z7, Z10
	VPTERNLOGQ $0xfe, Z8, Z9, Z10
	VPCMPUQ $6, Z30, Z10, K3
	KORTESTW K3, K3
	JNZ carry80

	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VMOVDQU64 Z4, 256(DI)
	VMOVDQU64 Z5, 320(DI)
	VMOVDQU64 Z6, 384(DI)
	VMOVDQU64 Z7, 448(DI)
	VMOVDQU64 Z8, 512(DI)
	VMOVDQU64 Z9, 576(DI)
	VZEROUPPER
	RET

// func amm40(out, a, b, n *limbs, k0 uint64)
// Requires: AVX512F, AVX512IFMA, BMI2
TEXT ·amm40(SB), NOSPLIT, $0-40
	ARGUMENTS
	VMOVDQU64 (SI), Z10
	VMOVDQU64 64(SI), Z11
	VMOVDQU64 128(SI), Z12
	VMOVDQU64 192(SI), Z13
	VMOVDQU64 256(SI), Z14
	VMOVDQU64 (CX), Z20
	VMOVDQU64 64(CX), Z21
	VMOVDQU64 128(CX), Z22
	VMOVDQU64 192(CX), Z23
	VMOVDQU64 256(CX), Z24
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	MOVQ $40, R12

step40:
	STEP_SCALAR
	VPMADD52LUQ Z10, Z30, Z0
	VPMADD52LUQ Z11, Z30, Z1
	VPMADD52LUQ Z12, Z30, Z2
	VPMADD52LUQ Z13, Z30, Z3
	VPMADD52LUQ Z14, Z30, Z4
	VPMADD52LUQ Z20, Z31, Z0
	VPMADD52LUQ Z21, Z31, Z1
	VPMADD52LUQ Z22, Z31, Z2
	VPMADD52LUQ Z23, Z31, Z3
	VPMADD52LUQ Z24, Z31, Z4
	VALIGNQ $1, Z0, Z1, Z0
	VMOVQ X0, AX
	ADDQ AX, R9
	VALIGNQ $1, Z1, Z2, Z1
	VALIGNQ $1, Z2, Z3, Z2
	VALIGNQ $1, Z3, Z4, Z3
	VALIGNQ.Z $1, Z4, Z4, K1, Z4
	VPMADD52HUQ Z10, Z30, Z0
	VPMADD52HUQ Z11, Z30, Z1
	VPMADD52HUQ Z12, Z30, Z2
	VPMADD52HUQ Z13, Z30, Z3
	VPMADD52HUQ Z14, Z30, Z4
	VPMADD52HUQ Z20, Z31, Z0
	VPMADD52HUQ Z21, Z31, Z1
	VPMADD52HUQ Z22, Z31, Z2
	VPMADD52HUQ Z23, Z31, Z3
	VPMADD52HUQ Z24, Z31, Z4
	DECQ R12
	JNZ step40

	NORMALIZE

carry40:
	NORMALIZE40
	JNZ carry40

	STORE40
	VZEROUPPER
	RET

// func amm20(out, a, b, n *limbs, k0 uint64)
// Twenty limbs in three registers: the last four lanes are zero throughout.
// Requires: AVX512F, AVX512IFMA, BMI2
TEXT ·amm20(SB), NOSPLIT, $0-40
	ARGUMENTS
	VMOVDQU64 (SI), Z10
	VMOVDQU64 64(SI), Z11
	VMOVDQU64 128(SI), Z12
	VMOVDQU64 (CX), Z20
	VMOVDQU64 64(CX), Z21
	VMOVDQU64 128(CX), Z22
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	MOVQ $20, R12

step20:
	STEP_SCALAR
	VPMADD52LUQ Z10, Z30, Z0
	VPMADD52LUQ Z11, Z30, Z1
	VPMADD52LUQ Z12, Z30, Z2
	VPMADD52LUQ Z20, Z31, Z0
	VPMADD52LUQ Z21, Z31, Z1
	VPMADD52LUQ Z22, Z31, Z2
	VALIGNQ $1, Z0, Z1, Z0
	VMOVQ X0, AX
	ADDQ AX, R9
	VALIGNQ $1, Z1, Z2, Z1
	VALIGNQ.Z $1, Z2, Z2, K1, Z2
	VPMADD52HUQ Z10, Z30, Z0
	VPMADD52HUQ Z11, Z30, Z1
	VPMADD52HUQ Z12, Z30, Z2
	VPMADD52HUQ Z20, Z31, Z0
	VPMADD52HUQ Z21, Z31, Z1
	VPMADD52HUQ Z22, Z31, Z2
	DECQ R12
	JNZ step20

	NORMALIZE

carry20:
	SPLIT(Z0, Z10)
	SPLIT(Z1, Z11)
	SPLIT(Z2, Z12)
	CARRY(Z11, Z12, Z2)
	CARRY(Z10, Z11, Z1)
	CARRY(Z31, Z10, Z0)
	VPORQ Z0, Z1, Z10
	VPORQ Z2, Z10, Z10
	VPCMPUQ $6, Z30, Z10, K3
	KORTESTW K3, K3
	JNZ carry20

	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VZEROUPPER
	RET

// Squaring takes every product of two different limbs once, doubles the sum and
// adds the squares of the limbs. Each of the eight rounds, 7 to 0, begins with
// moving the sum one lane up; in round r it is r lanes below where it belongs. The
// low halves of a_i·a_j are added then for the limbs i ≡ r mod 8, and the high
// halves for those of r-1. Limb i multiplies whole vectors, of its own vector only
// the lanes above it. A lane's sum, with what reducing adds, stays under 2^60.
//
// DI out, SI a; the sum is in Z0 to Z9, a in Z10 to Z14; Z29 zero; K1 to K7 the
// lanes from that one on.

#define CROSS(OP, r) \
	OP.BCST (8*r)(SI), Z11, Z1     \
	OP.BCST (8*r)(SI), Z12, Z2     \
	OP.BCST (8*r)(SI), Z13, Z3     \
	OP.BCST (8*r)(SI), Z14, Z4     \
	OP.BCST (8*r+64)(SI), Z14, Z5  \
	OP.BCST (8*r+128)(SI), Z14, Z6 \
	OP.BCST (8*r+192)(SI), Z14, Z7 \
	OP.BCST (8*r+64)(SI), Z12, Z3  \
	OP.BCST (8*r+64)(SI), Z13, Z4  \
	OP.BCST (8*r+128)(SI), Z13, Z5

#define WITHIN(OP, r, K) \
	OP.BCST (8*r)(SI), Z10, K, Z0     \
	OP.BCST (8*r+64)(SI), Z11, K, Z2  \
	OP.BCST (8*r+128)(SI), Z12, K, Z4 \
	OP.BCST (8*r+192)(SI), Z13, K, Z6 \
	OP.BCST (8*r+256)(SI), Z14, K, Z8

#define UP \
	VALIGNQ $7, Z8, Z9, Z9  \
	VALIGNQ $7, Z7, Z8, Z8  \
	VALIGNQ $7, Z6, Z7, Z7  \
	VALIGNQ $7, Z5, Z6, Z6  \
	VALIGNQ $7, Z4, Z5, Z5  \
	VALIGNQ $7, Z3, Z4, Z4  \
	VALIGNQ $7, Z2, Z3, Z3  \
	VALIGNQ $7, Z1, Z2, Z2  \
	VALIGNQ $7, Z0, Z1, Z1  \
	VALIGNQ $7, Z29, Z0, Z0

#define ROUND(r, KLOW, KHIGH) \
	UP                           \
	CROSS(VPMADD52LUQ, r)        \
	WITHIN(VPMADD52LUQ, r, KLOW) \
	CROSS(VPMADD52HUQ, (r-1))    \
	WITHIN(VPMADD52HUQ, (r-1), KHIGH)

// Twice the sum, and the squares of the eight limbs in A. Z28 puts these in the
// order in which unpacking makes neighbours of the halves of a product.
#define SQUARES(A, LOW, HIGH) \
	VPERMQ      A, Z28, Z15         \
	VPXORQ      Z16, Z16, Z16       \
	VPXORQ      Z17, Z17, Z17       \
	VPADDQ      LOW, LOW, LOW       \
	VPADDQ      HIGH, HIGH, HIGH    \
	VPMADD52LUQ Z15, Z15, Z16       \
	VPMADD52HUQ Z15, Z15, Z17       \
	VPUNPCKLQDQ Z17, Z16, Z18       \
	VPUNPCKHQDQ Z17, Z16, Z19       \
	VPADDQ      Z18, LOW, LOW       \
	VPADDQ      Z19, HIGH, HIGH

DATA spread<>+0(SB)/8, $0
DATA spread<>+8(SB)/8, $4
DATA spread<>+16(SB)/8, $1
DATA spread<>+24(SB)/8, $5
DATA spread<>+32(SB)/8, $2
DATA spread<>+40(SB)/8, $6
DATA spread<>+48(SB)/8, $3
DATA spread<>+56(SB)/8, $7
GLOBL spread<>(SB), RODATA|NOPTR, $64

// func sqr40(out, a, n, d *limbs, k0 uint64)
//
// What is below R is reduced by d = 2^-52 mod n: the lowest limb, m, is taken away
// and m·d added from the next limb on, so that m needs no multiplication. That
// leaves one limb too many; the last step therefore is one of Montgomery's, with
// n and k0. Then what is above R is added.
//
// A round does two limbs, m and m', and moves the sum, Z0 to Z4, two lanes down.
// Added where they belong then are, times d (Z10 to Z14), the high halves for m
// (Z30) and the low ones for m' (Z31), and times d without its lowest limb (Z15
// to Z19), through Z20 to Z24, the low halves for m and the high ones for the m'
// of the round before. What these come to in the two lanes moved out is left to
// the scalar unit, which is ahead of the vectors: R9 is the lowest limb, complete;
// BX the next one as the vectors had it before they added m', which lacks the
// high half of m'·d_0 (R14) and the low half of m'·d_1 (SI). R10 and R11 are d_0
// and d_1, 12 bits up to part the halves of products; R12 rounds left, R13 mask.
// Lane 0 is worked on first as the scalar unit waits for it.
// Requires: AVX512F, AVX512IFMA, BMI2
TEXT ·sqr40(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ d+24(FP), BX
	MOVQ k0+32(FP), R8
	MOVL $0xfe, AX
	KMOVW AX, K1
	MOVL $0xfc, AX
	KMOVW AX, K2
	MOVL $0xf8, AX
	KMOVW AX, K3
	MOVL $0xf0, AX
	KMOVW AX, K4
	MOVL $0xe0, AX
	KMOVW AX, K5
	MOVL $0xc0, AX
	KMOVW AX, K6
	MOVL $0x80, AX
	KMOVW AX, K7
	VMOVDQU64 (SI), Z10
	VMOVDQU64 64(SI), Z11
	VMOVDQU64 128(SI), Z12
	VMOVDQU64 192(SI), Z13
	VMOVDQU64 256(SI), Z14
	VMOVDQU64 spread<>(SB), Z28
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z29, Z29, Z29

	CROSS(VPMADD52HUQ, 7)
	UP
	CROSS(VPMADD52LUQ, 7)
	CROSS(VPMADD52HUQ, 6)
	WITHIN(VPMADD52HUQ, 6, K7)
	ROUND(6, K7, K6)
	ROUND(5, K6, K5)
	ROUND(4, K5, K4)
	ROUND(3, K4, K3)
	ROUND(2, K3, K2)
	ROUND(1, K2, K1)
	UP
	CROSS(VPMADD52LUQ, 0)
	WITHIN(VPMADD52LUQ, 0, K1)
	SQUARES(Z10, Z0, Z1)
	SQUARES(Z11, Z2, Z3)
	SQUARES(Z12, Z4, Z5)
	SQUARES(Z13, Z6, Z7)
	SQUARES(Z14, Z8, Z9)

	VMOVDQU64 (BX), Z10
	VMOVDQU64 64(BX), Z11
	VMOVDQU64 128(BX), Z12
	VMOVDQU64 192(BX), Z13
	VMOVDQU64 256(BX), Z14
	VMOVDQU64 8(BX), Z15
	VMOVDQU64 72(BX), Z16
	VMOVDQU64 136(BX), Z17
	VMOVDQU64 200(BX), Z18
	VMOVDQU64 264(BX), Z19
	MOVQ (BX), R10
	SHLQ $12, R10
	MOVQ 8(BX), R11
	SHLQ $12, R11
	MOVQ $0xfffffffffffff, R13
	VMOVQ X0, R9
	VPEXTRQ $1, X0, BX
	XORL R14, R14
	XORL SI, SI
	VPXORQ Z31, Z31, Z31
	MOVL $19, R12

down40:
	VPXORQ Z20, Z20, Z20
	VPXORQ Z21, Z21, Z21
	VPXORQ Z22, Z22, Z22
	VPXORQ Z23, Z23, Z23
	VPXORQ Z24, Z24, Z24
	MOVQ R9, DX
	ANDQ R13, DX
	VPBROADCASTQ DX, Z30
	SHRQ $52, R9
	ADDQ R14, BX
	ADDQ SI, BX
	ADDQ BX, R9
	MULXQ R10, AX, R14
	SHRQ $12, AX
	ADDQ AX, R9
	VPMADD52HUQ Z15, Z31, Z20
	VALIGNQ $2, Z0, Z1, Z0
	VPMADD52HUQ Z10, Z30, Z0
	VPMADD52LUQ Z15, Z30, Z20
	VPADDQ Z20, Z0, Z0
	VALIGNQ $2, Z1, Z2, Z1
	VALIGNQ $2, Z2, Z3, Z2
	VALIGNQ $2, Z3, Z4, Z3
	VALIGNQ $2, Z4, Z29, Z4
	VPMADD52HUQ Z16, Z31, Z21
	VPMADD52HUQ Z17, Z31, Z22
	VPMADD52HUQ Z18, Z31, Z23
	VPMADD52HUQ Z19, Z31, Z24
	VMOVQ X0, AX
	VPEXTRQ $1, X0, BX
	MOVQ R9, DX
	ANDQ R13, DX
	VPBROADCASTQ DX, Z31
	SHRQ $52, R9
	ADDQ AX, R9
	MULXQ R10, AX, R14
	MOVQ R11, SI
	IMULQ DX, SI
	SHRQ $12, AX
	SHRQ $12, SI
	ADDQ AX, R9
	VPMADD52HUQ Z11, Z30, Z1
	VPMADD52HUQ Z12, Z30, Z2
	VPMADD52HUQ Z13, Z30, Z3
	VPMADD52HUQ Z14, Z30, Z4
	VPMADD52LUQ Z16, Z30, Z21
	VPMADD52LUQ Z17, Z30, Z22
	VPMADD52LUQ Z18, Z30, Z23
	VPMADD52LUQ Z19, Z30, Z24
	VPMADD52LUQ Z10, Z31, Z0
	VPADDQ Z21, Z1, Z1
	VPADDQ Z22, Z2, Z2
	VPADDQ Z23, Z3, Z3
	VPADDQ Z24, Z4, Z4
	VPMADD52LUQ Z11, Z31, Z1
	VPMADD52LUQ Z12, Z31, Z2
	VPMADD52LUQ Z13, Z31, Z3
	VPMADD52LUQ Z14, Z31, Z4
	DECQ R12
	JNZ down40

	// The last two limbs: m as before, m' (Z28) with n and k0. Half of the sums go
	// to what is above R.
	MOVQ R9, DX
	ANDQ R13, DX
	VPBROADCASTQ DX, Z30
	SHRQ $52, R9
	ADDQ R14, BX
	ADDQ SI, BX
	ADDQ BX, R9
	MULXQ R10, AX, R14
	SHRQ $12, AX
	ADDQ AX, R9
	MOVQ R8, DX
	IMULQ R9, DX
	ANDQ R13, DX
	VPBROADCASTQ DX, Z28
	MULXQ (CX), AX, R14
	ADDQ AX, R9
	ADCQ $0, R14
	SHRQ $52, R9
	SHLQ $12, R14
	ORQ R14, R9
	VALIGNQ $2, Z0, Z1, Z0
	VALIGNQ $2, Z1, Z2, Z1
	VALIGNQ $2, Z2, Z3, Z2
	VALIGNQ $2, Z3, Z4, Z3
	VALIGNQ $2, Z4, Z29, Z4
	VPMADD52HUQ Z15, Z31, Z0
	VPMADD52HUQ Z16, Z31, Z1
	VPMADD52HUQ Z17, Z31, Z2
	VPMADD52HUQ Z18, Z31, Z3
	VPMADD52HUQ Z19, Z31, Z4
	VPMADD52LUQ Z15, Z30, Z5
	VPMADD52LUQ Z16, Z30, Z6
	VPMADD52LUQ Z17, Z30, Z7
	VPMADD52LUQ Z18, Z30, Z8
	VPMADD52LUQ Z19, Z30, Z9
	VPMADD52HUQ Z10, Z30, Z0
	VPMADD52HUQ Z11, Z30, Z1
	VPMADD52HUQ Z12, Z30, Z2
	VPMADD52HUQ Z13, Z30, Z3
	VPMADD52HUQ Z14, Z30, Z4
	VPMADD52LUQ 8(CX), Z28, Z5
	VPMADD52LUQ 72(CX), Z28, Z6
	VPMADD52LUQ 136(CX), Z28, Z7
	VPMADD52LUQ 200(CX), Z28, Z8
	VPMADD52LUQ 264(CX), Z28, Z9
	VPADDQ Z5, Z0, Z0
	VPADDQ Z6, Z1, Z1
	VPADDQ Z7, Z2, Z2
	VPADDQ Z8, Z3, Z3
	VPADDQ Z9, Z4, Z4
	VMOVQ X0, AX
	ADDQ AX, R9
	VPMADD52HUQ (CX), Z28, Z0
	VPMADD52HUQ 64(CX), Z28, Z1
	VPMADD52HUQ 128(CX), Z28, Z2
	VPMADD52HUQ 192(CX), Z28, Z3
	VPMADD52HUQ 256(CX), Z28, Z4
	MOVL $1, AX
	KMOVW AX, K2
	NORMALIZE

carry40:
	NORMALIZE40
	JNZ carry40

	STORE40
	VZEROUPPER
	RET
