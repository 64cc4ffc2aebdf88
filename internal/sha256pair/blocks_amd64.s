#include "textflag.h"

DATA rounds<>+0(SB)/8, $0x71374491428a2f98
DATA rounds<>+8(SB)/8, $0xe9b5dba5b5c0fbcf
DATA rounds<>+16(SB)/8, $0x59f111f13956c25b
DATA rounds<>+24(SB)/8, $0xab1c5ed5923f82a4
DATA rounds<>+32(SB)/8, $0x12835b01d807aa98
DATA rounds<>+40(SB)/8, $0x550c7dc3243185be
DATA rounds<>+48(SB)/8, $0x80deb1fe72be5d74
DATA rounds<>+56(SB)/8, $0xc19bf1749bdc06a7
DATA rounds<>+64(SB)/8, $0xefbe4786e49b69c1
DATA rounds<>+72(SB)/8, $0x240ca1cc0fc19dc6
DATA rounds<>+80(SB)/8, $0x4a7484aa2de92c6f
DATA rounds<>+88(SB)/8, $0x76f988da5cb0a9dc
DATA rounds<>+96(SB)/8, $0xa831c66d983e5152
DATA rounds<>+104(SB)/8, $0xbf597fc7b00327c8
DATA rounds<>+112(SB)/8, $0xd5a79147c6e00bf3
DATA rounds<>+120(SB)/8, $0x1429296706ca6351
DATA rounds<>+128(SB)/8, $0x2e1b213827b70a85
DATA rounds<>+136(SB)/8, $0x53380d134d2c6dfc
DATA rounds<>+144(SB)/8, $0x766a0abb650a7354
DATA rounds<>+152(SB)/8, $0x92722c8581c2c92e
DATA rounds<>+160(SB)/8, $0xa81a664ba2bfe8a1
DATA rounds<>+168(SB)/8, $0xc76c51a3c24b8b70
DATA rounds<>+176(SB)/8, $0xd6990624d192e819
DATA rounds<>+184(SB)/8, $0x106aa070f40e3585
DATA rounds<>+192(SB)/8, $0x1e376c0819a4c116
DATA rounds<>+200(SB)/8, $0x34b0bcb52748774c
DATA rounds<>+208(SB)/8, $0x4ed8aa4a391c0cb3
DATA rounds<>+216(SB)/8, $0x682e6ff35b9cca4f
DATA rounds<>+224(SB)/8, $0x78a5636f748f82ee
DATA rounds<>+232(SB)/8, $0x8cc7020884c87814
DATA rounds<>+240(SB)/8, $0xa4506ceb90befffa
DATA rounds<>+248(SB)/8, $0xc67178f2bef9a3f7
GLOBL rounds<>(SB), RODATA|NOPTR, $256

DATA flip<>+0(SB)/8, $0x0405060700010203
DATA flip<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL flip<>(SB), RODATA|NOPTR, $16

// A state is kept as the instructions want it: ABEF in one register, CDGH in the other.
#define LOAD(state, abef, cdgh, t) \
	MOVOU   (state), abef      \
	MOVOU   16(state), cdgh    \
	PSHUFD  $0xb1, abef, abef  \
	PSHUFD  $0x1b, cdgh, cdgh  \
	MOVOA   abef, t            \
	PALIGNR $8, cdgh, abef     \
	PBLENDW $0xf0, t, cdgh

#define STORE(state, abef, cdgh, t) \
	PSHUFD  $0x1b, abef, abef   \
	PSHUFD  $0xb1, cdgh, cdgh   \
	MOVOA   abef, t             \
	PBLENDW $0xf0, cdgh, abef   \
	PALIGNR $8, t, cdgh         \
	MOVOU   abef, (state)       \
	MOVOU   cdgh, 16(state)

// Four rounds with the words in m.
#define ROUNDS(m, k, abef, cdgh) \
	MOVOA       m, X0            \
	PADDD       (k*16)(AX), X0   \
	SHA256RNDS2 X0, abef, cdgh   \
	PSHUFD      $0x0e, X0, X0    \
	SHA256RNDS2 X0, cdgh, abef

#define READ(p, k, m) \
	MOVOU  (k*16)(p), m \
	PSHUFB X15, m

// The last step of the words after m, into next; prev stands before m.
#define NEXT(m, prev, next, t) \
	MOVOA      m, t         \
	PALIGNR    $4, prev, t  \
	PADDD      t, next      \
	SHA256MSG2 m, next

// All of one of the sixteen steps, for both streams.
#define BOTH(k, a, aprev, anext, b, bprev, bnext) \
	ROUNDS(a, k, X1, X2)       \
	NEXT(a, aprev, anext, X7)  \
	SHA256MSG1 a, aprev        \
	ROUNDS(b, k, X8, X9)       \
	NEXT(b, bprev, bnext, X14) \
	SHA256MSG1 b, bprev

// func blocksSHA(a, b *state, p, q *byte, n int)
// Requires: SHA, SSSE3, SSE4.1
TEXT ·blocksSHA(SB), NOSPLIT, $64-40
	MOVQ a+0(FP), R8
	MOVQ b+8(FP), R9
	MOVQ p+16(FP), SI
	MOVQ q+24(FP), DI
	MOVQ n+32(FP), CX
	LEAQ rounds<>(SB), AX
	MOVOU flip<>(SB), X15
	LOAD(R8, X1, X2, X7)
	LOAD(R9, X8, X9, X14)
	TESTQ CX, CX
	JZ   done

block:
	MOVOU X1, 0(SP)
	MOVOU X2, 16(SP)
	MOVOU X8, 32(SP)
	MOVOU X9, 48(SP)

	READ(SI, 0, X3)
	ROUNDS(X3, 0, X1, X2)
	READ(DI, 0, X10)
	ROUNDS(X10, 0, X8, X9)

	READ(SI, 1, X4)
	ROUNDS(X4, 1, X1, X2)
	SHA256MSG1 X4, X3
	READ(DI, 1, X11)
	ROUNDS(X11, 1, X8, X9)
	SHA256MSG1 X11, X10

	READ(SI, 2, X5)
	ROUNDS(X5, 2, X1, X2)
	SHA256MSG1 X5, X4
	READ(DI, 2, X12)
	ROUNDS(X12, 2, X8, X9)
	SHA256MSG1 X12, X11

	READ(SI, 3, X6)
	READ(DI, 3, X13)

	BOTH(3, X6, X5, X3, X13, X12, X10)
	BOTH(4, X3, X6, X4, X10, X13, X11)
	BOTH(5, X4, X3, X5, X11, X10, X12)
	BOTH(6, X5, X4, X6, X12, X11, X13)
	BOTH(7, X6, X5, X3, X13, X12, X10)
	BOTH(8, X3, X6, X4, X10, X13, X11)
	BOTH(9, X4, X3, X5, X11, X10, X12)
	BOTH(10, X5, X4, X6, X12, X11, X13)
	BOTH(11, X6, X5, X3, X13, X12, X10)
	BOTH(12, X3, X6, X4, X10, X13, X11)

	ROUNDS(X4, 13, X1, X2)
	NEXT(X4, X3, X5, X7)
	ROUNDS(X11, 13, X8, X9)
	NEXT(X11, X10, X12, X14)
	ROUNDS(X5, 14, X1, X2)
	NEXT(X5, X4, X6, X7)
	ROUNDS(X12, 14, X8, X9)
	NEXT(X12, X11, X13, X14)
	ROUNDS(X6, 15, X1, X2)
	ROUNDS(X13, 15, X8, X9)

	MOVOU 0(SP), X7
	PADDD X7, X1
	MOVOU 16(SP), X7
	PADDD X7, X2
	MOVOU 32(SP), X14
	PADDD X14, X8
	MOVOU 48(SP), X14
	PADDD X14, X9
	ADDQ  $64, SI
	ADDQ  $64, DI
	DECQ  CX
	JNZ   block

done:
	STORE(R8, X1, X2, X7)
	STORE(R9, X8, X9, X14)
	RET
