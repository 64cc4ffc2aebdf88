package reader

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// unpacker undoes one compression. Readers it opens start no goroutine and need
// no closing.
type unpacker struct {
	suffix string // taken off a name, to see what it was called before
	is     func(head []byte) bool
	open   func(in *bufio.Reader) (io.Reader, error)
}

var unpackers = []unpacker{
	{".gz", func(b []byte) bool { return bytes.HasPrefix(b, []byte("\x1f\x8b\x08")) }, openGzip},
	{".bz2", isBzip2, func(in *bufio.Reader) (io.Reader, error) { return bzip2.NewReader(in), nil }},
	{".xz", func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xfd7zXZ\x00")) }, openXz},
	{".zst", isZstd, openZstd},
}

// unpackerFor finds the compression a source begins with, by its magic bytes.
func unpackerFor(head []byte) *unpacker {
	for i := range unpackers {
		if unpackers[i].is(head) {
			return &unpackers[i]
		}
	}
	return nil
}

// isBzip2 wants the mark of a block, or of an empty stream's end, behind "BZh9":
// those three letters alone can begin a text.
func isBzip2(b []byte) bool {
	if len(b) < 10 || string(b[:3]) != "BZh" || b[3] < '1' || b[3] > '9' {
		return false
	}
	mark := string(b[4:10])
	return mark == "1AY&SY" || mark == "\x17rE8P\x90"
}

// isZstd knows frames and skippable frames (RFC 8878 section 3.1).
func isZstd(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	return string(b[:4]) == "\x28\xb5\x2f\xfd" || b[0]&0xf0 == 0x50 && string(b[1:4]) == "\x2a\x4d\x18"
}

func openZstd(in *bufio.Reader) (io.Reader, error) {
	// With concurrency 1 it decodes in Read, and starts no goroutine.
	return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
}

// openXz refuses dictionaries that would take all memory. Only the first
// block's size can be seen from here; xz writes all blocks alike.
func openXz(in *bufio.Reader) (io.Reader, error) {
	head, _ := in.Peek(64)
	if n := xzDictionary(head); n > maxWindow {
		return nil, fmt.Errorf("xz: dictionary of %d bytes", n)
	}
	return xz.NewReader(in)
}

// xzDictionary finds the dictionary size in the first block header: after the
// stream header of 12 bytes, the flags say which sizes come, then each filter
// has an identifier, a length and its properties (.xz format 1.2.0, section 3.1).
func xzDictionary(b []byte) int64 {
	if len(b) < 16 || b[12] == 0 {
		return 0
	}
	at := 14
	for flag := byte(0x40); flag != 0; flag <<= 1 { // compressed, then uncompressed size
		if b[13]&flag != 0 {
			for at < len(b) && b[at]&0x80 != 0 {
				at++
			}
			at++
		}
	}
	// The LZMA2 filter, 0x21, has one byte of properties (section 5.3.1).
	if at+2 >= len(b) || b[at] != 0x21 || b[at+1] != 1 {
		return 0
	}
	bits := int64(b[at+2] & 0x3f)
	return (2 | bits&1) << (bits/2 + 11)
}

// gunzip reads gzip members one after another. What follows the last one is
// kept apart: bytes behind the end do not spoil what came before.
type gunzip struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func openGzip(in *bufio.Reader) (io.Reader, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gunzip{in, z}, nil
}

func (g *gunzip) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		if head, err := g.in.Peek(2); len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
			if err != nil && err != io.EOF {
				return 0, err
			}
			return 0, io.EOF
		}
		if err := g.z.Reset(g.in); err != nil {
			return 0, err
		}
		g.z.Multistream(false)
	}
}

// compressed reads what lies inside one compression.
func (r *run) compressed(s *source, in io.Reader, u *unpacker) error {
	inner := *s
	inner.path, inner.size, inner.layers = "", -1, s.layers+1
	if name, ok := strings.CutSuffix(strings.ToLower(s.base), u.suffix); ok {
		inner.base = s.base[:len(name)]
	}
	size := readSize
	if s.size >= 0 { // a small file needs a small buffer only
		size = int(min(readSize, max(s.size, 4096)))
	}
	buffered := bufio.NewReaderSize(in, size)
	plain, err := u.open(buffered)
	if err != nil {
		return r.broken(s, -1, 0, unpackFault(err))
	}
	e := &expanding{r: &endless{r: plain}, run: r, raw: s.raw}
	inner.r = e
	if err := r.source(&inner); err != nil || !e.ended {
		return err
	}
	return r.trailing(s, buffered, e.r.(*endless).odd)
}

// endless takes the complaint of a decompressor about what stands behind the
// end of a stream for the end it is.
type endless struct {
	r   io.Reader
	got bool
	odd bool // there was such a complaint
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.got = e.got || n > 0
	if err != nil && e.got && behindEnd(err) {
		e.odd, err = true, io.EOF
	}
	return n, err
}

func behindEnd(err error) bool {
	return errors.Is(err, zstd.ErrMagicMismatch) ||
		err == bzip2.StructuralError("bad magic value in continuation file")
}

// trailing reports bytes behind a compressed stream. Zero bytes are padding, as
// tapes have it.
func (r *run) trailing(s *source, in *bufio.Reader, odd bool) error {
	var n int64
	for {
		c, err := in.ReadByte()
		if err != nil {
			break
		}
		n++
		odd = odd || c != 0
	}
	if !odd {
		return r.ctx.Err()
	}
	return r.problem(&Problem{Source: s.name, Offset: -1, Length: n, Code: CodeCorrupt, Detail: "bytes behind the compressed stream"})
}

// expanding counts what comes out of compressions and archives, and stops it
// when that is beyond all measure of what went in.
type expanding struct {
	r   io.Reader
	run *run
	raw *rawReader
	err error // of r, as it was met

	ended bool // r came to its end
}

func (e *expanding) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.raw.out += int64(n)
	if e.raw.bomb(e.run.tune) {
		err = &fault{CodeExpansionLimit, fmt.Errorf("%d bytes out of %d", e.raw.out, e.raw.n)}
		return n, err
	}
	switch {
	case err == io.EOF:
		e.ended = true
	case err != nil:
		err = unpackFault(err)
		e.err = err
	}
	return n, err
}

func (c *rawReader) bomb(t tuning) bool {
	return c.out > t.expanded || c.out > t.ratioFloor && c.out/maxRatio > c.n
}

// unpackFault gives an error of a decompressor or an archive its code. What the
// system says while reading stays what it is.
func unpackFault(err error) error {
	if _, ok := errors.AsType[*fault](err); ok {
		return err
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &fault{CodeTruncated, err}
	}
	return &fault{CodeCorrupt, err}
}
