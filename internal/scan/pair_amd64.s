#include "textflag.h"

// func pairAVX2(p *byte, n int, first, second byte) (at int, nul bool)
// Requires: AVX2. n is a multiple of 64 over 0; n+1 bytes are read.
TEXT ·pairAVX2(SB), NOSPLIT, $0-33
	MOVQ         p+0(FP), SI
	MOVQ         n+8(FP), CX
	VPBROADCASTB first+16(FP), Y0
	VPBROADCASTB second+17(FP), Y1
	VPCMPEQB     Y9, Y9, Y9 // the least of each column so far
	XORQ         AX, AX

step:
	VMOVDQU  (SI)(AX*1), Y7
	VMOVDQU  32(SI)(AX*1), Y8
	VPCMPEQB Y7, Y0, Y2
	VPCMPEQB 1(SI)(AX*1), Y1, Y3
	VPCMPEQB Y8, Y0, Y4
	VPCMPEQB 33(SI)(AX*1), Y1, Y5
	VPMINUB  Y7, Y8, Y7
	VPAND    Y2, Y3, Y2
	VPAND    Y4, Y5, Y4
	VPMINUB  Y7, Y9, Y9
	VPOR     Y2, Y4, Y6
	VPTEST   Y6, Y6
	JNZ      found
	ADDQ     $64, AX
	CMPQ     AX, CX
	JB       step
	MOVQ     $-1, AX
	JMP      done

found:
	VPMOVMSKB Y2, DX
	VPMOVMSKB Y4, BX
	SHLQ      $32, BX
	ORQ       BX, DX
	BSFQ      DX, DX
	ADDQ      DX, AX

done:
	VPXOR     Y0, Y0, Y0
	VPCMPEQB  Y9, Y0, Y9
	VPTEST    Y9, Y9
	SETNE     nul+32(FP)
	VZEROUPPER
	MOVQ AX, at+24(FP)
	RET
