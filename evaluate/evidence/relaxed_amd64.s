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
