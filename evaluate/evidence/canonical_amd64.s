#include "textflag.h"

DATA blanks<>+0(SB)/8, $0x2020202020202020
DATA blanks<>+8(SB)/8, $0x2020202020202020
DATA blanks<>+16(SB)/8, $0x2020202020202020
DATA blanks<>+24(SB)/8, $0x2020202020202020
GLOBL blanks<>(SB), RODATA|NOPTR, $32

DATA controls<>+0(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA controls<>+8(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA controls<>+16(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA controls<>+24(SB)/8, $0x1f1f1f1f1f1f1f1f
GLOBL controls<>(SB), RODATA|NOPTR, $32

// func relaxedAVX2(dst *byte, room int, src *byte, size int, space int) (taken, written, pending int)
// Requires: AVX2, BMI1
//
// DI dst, SI src; R8, R9 the last places where a step may begin in them; AX bytes
// taken, BX bytes written, R10 whether the last byte written is a space.
TEXT ·relaxedAVX2(SB), NOSPLIT, $0-64
	MOVQ    dst+0(FP), DI
	MOVQ    room+8(FP), R9
	MOVQ    src+16(FP), SI
	MOVQ    size+24(FP), R8
	MOVQ    space+32(FP), R10
	SUBQ    $34, R8
	SUBQ    $34, R9
	XORQ    AX, AX
	XORQ    BX, BX
	VMOVDQU blanks<>(SB), Y1
	VMOVDQU controls<>(SB), Y2

step:
	CMPQ      AX, R8
	JGT       stop
	CMPQ      BX, R9
	JGT       stop
	VMOVDQU   (SI)(AX*1), Y0
	VPCMPEQB  Y1, Y0, Y3          // spaces
	VPMINUB   Y2, Y0, Y4
	VPCMPEQB  Y4, Y0, Y4          // control characters
	VMOVDQU   Y0, (DI)(BX*1)
	VPMOVMSKB Y3, CX
	VPMOVMSKB Y4, DX
	LEAQ      (R10)(CX*2), R11    // behind a space
	MOVQ      CX, R12
	ANDQ      R11, R12            // the second of two spaces
	ORQ       DX, R12
	JNZ       event
	SHRQ      $31, CX
	MOVQ      CX, R10
	ADDQ      $32, AX
	ADDQ      $32, BX
	JMP       step

event:
	TZCNTQ  R12, CX
	SHRQ    CX, R11
	ANDQ    $1, R11
	MOVQ    R11, R10
	ADDQ    CX, AX
	ADDQ    CX, BX
	MOVBLZX (SI)(AX*1), DX
	CMPL    DX, $0x0a
	JNE     notLF
	CMPB    1(SI)(AX*1), $0x20
	JBE     stop                  // what follows needs a second look
	INCQ    AX

lineEnd:
	SUBQ R10, BX                  // white space at the end of a line goes
	XORQ R10, R10
	MOVW $0x0a0d, (DI)(BX*1)
	ADDQ $2, BX
	JMP  step

notLF:
	CMPL DX, $0x20
	JEQ  space
	CMPL DX, $0x09
	JEQ  space
	CMPL DX, $0x0d
	JNE  stop
	CMPB 1(SI)(AX*1), $0x0a
	JNE  stop
	CMPB 2(SI)(AX*1), $0x20
	JBE  stop
	ADDQ $2, AX
	JMP  lineEnd

space:
	INCQ  AX
	TESTQ R10, R10
	JNZ   step
	MOVQ  $1, R10
	MOVB  $0x20, (DI)(BX*1)
	INCQ  BX
	JMP   step

stop:
	VZEROUPPER
	MOVQ AX, taken+40(FP)
	MOVQ BX, written+48(FP)
	MOVQ R10, pending+56(FP)
	RET

// Which byte of the source stands in each place of a half's 64: every byte twice,
// where the first of the two is to become the CR of a line end.
DATA low<>+0(SB)/8, $0x0303020201010000
DATA low<>+8(SB)/8, $0x0707060605050404
DATA low<>+16(SB)/8, $0x0b0b0a0a09090808
DATA low<>+24(SB)/8, $0x0f0f0e0e0d0d0c0c
DATA low<>+32(SB)/8, $0x1313121211111010
DATA low<>+40(SB)/8, $0x1717161615151414
DATA low<>+48(SB)/8, $0x1b1b1a1a19191818
DATA low<>+56(SB)/8, $0x1f1f1e1e1d1d1c1c
GLOBL low<>(SB), RODATA|NOPTR, $64

DATA high<>+0(SB)/8, $0x2323222221212020
DATA high<>+8(SB)/8, $0x2727262625252424
DATA high<>+16(SB)/8, $0x2b2b2a2a29292828
DATA high<>+24(SB)/8, $0x2f2f2e2e2d2d2c2c
DATA high<>+32(SB)/8, $0x3333323231313030
DATA high<>+40(SB)/8, $0x3737363635353434
DATA high<>+48(SB)/8, $0x3b3b3a3a39393838
DATA high<>+56(SB)/8, $0x3f3f3e3e3d3d3c3c
GLOBL high<>(SB), RODATA|NOPTR, $64

// func canonVBMI2(dst *byte, room int, src *byte, size int, white uint64) (taken, written int)
// Requires: AVX512F, AVX512BW, AVX512VBMI, AVX512VBMI2, BMI2, POPCNT
//
// A step decides about 62 bytes and looks at the two behind them. Of white space
// only what neither white space nor a line end follows is kept, as a space; a CR
// before LF goes. white is all ones, or zero where white space is like any other. Then each half is written with every byte behind a CR, of which
// those before LF are kept, and pressed together.
//
// DI dst, SI src; R8, R9 the last places where a step may begin in them; AX bytes
// taken, BX bytes written.
TEXT ·canonVBMI2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         room+8(FP), R9
	MOVQ         src+16(FP), SI
	MOVQ         size+24(FP), R8
	SUBQ         $64, R8
	SUBQ         $128, R9
	XORQ         AX, AX
	XORQ         BX, BX
	MOVL         $0x20, CX
	VPBROADCASTB CX, Z1
	MOVL         $0x09, CX
	VPBROADCASTB CX, Z2
	MOVL         $0x0a, CX
	VPBROADCASTB CX, Z3
	MOVL         $0x0d, CX
	VPBROADCASTB CX, Z4
	VMOVDQU64    low<>(SB), Z8
	VMOVDQU64    high<>(SB), Z9
	MOVQ         $0xaaaaaaaaaaaaaaaa, R13
	KMOVQ        R13, K7
	MOVQ         white+32(FP), CX
	KMOVQ        CX, K6
	MOVQ         $0x5555555555555555, R15

step:
	CMPQ      AX, R8
	JGT       stop
	CMPQ      BX, R9
	JGT       stop
	VMOVDQU8  (SI)(AX*1), Z0
	VPCMPEQB  Z1, Z0, K6, K1
	VPCMPEQB  Z2, Z0, K6, K2
	VPCMPEQB  Z3, Z0, K3
	VPCMPEQB  Z4, Z0, K4
	VMOVDQU8  Z1, K2, Z0
	KORQ      K1, K2, K1
	KMOVQ     K1, CX              // white space
	KMOVQ     K3, DX              // LF
	MOVQ      DX, R11
	XORQ      R12, R12
	KORTESTQ  K4, K4
	JNZ       cr

decide:
	ORQ       CX, R11
	SHRQ      $1, R11
	ANDQ      CX, R11
	ORQ       R12, R11
	NOTQ      R11                 // what is kept
	VMOVDQA64 Z4, Z5
	VMOVDQA64 Z4, Z6
	VPERMB    Z0, Z8, K7, Z5
	VPERMB    Z0, Z9, K7, Z6
	PDEPQ     R13, R11, R10
	PDEPQ     R15, DX, CX
	ORQ       R10, CX
	KMOVQ     CX, K5
	POPCNTQ   CX, CX
	SHRQ      $32, R11
	SHRQ      $32, DX
	PDEPQ     R13, R11, R10
	PDEPQ     R15, DX, DX
	ORQ       R10, DX
	SHLQ      $4, DX              // the last two bytes are for the next step
	SHRQ      $4, DX
	KMOVQ     DX, K1
	POPCNTQ   DX, DX
	VPCOMPRESSB.Z Z5, K5, Z5
	VPCOMPRESSB.Z Z6, K1, Z6
	VMOVDQU8  Z5, (DI)(BX*1)
	ADDQ      CX, BX
	VMOVDQU8  Z6, (DI)(BX*1)
	ADDQ      DX, BX
	ADDQ      $62, AX
	JMP       step

cr:
	KMOVQ K4, R12
	MOVQ  DX, R10
	SHRQ  $1, R10
	ANDQ  R10, R12                // CR before LF
	ORQ   R12, R11
	JMP   decide

stop:
	VZEROUPPER
	MOVQ AX, taken+40(FP)
	MOVQ BX, written+48(FP)
	RET
