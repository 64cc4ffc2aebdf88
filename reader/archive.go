package reader

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Nothing of an archive is ever written under its name: members are streams,
// and their names are only told.

// isZip knows archives with members and empty ones.
func isZip(b []byte) bool {
	return bytes.HasPrefix(b, []byte("PK\x03\x04")) || bytes.HasPrefix(b, []byte("PK\x05\x06"))
}

// isTar checks the sum of the first header block, which even the oldest tars
// have (POSIX.1-2017, pax, "ustar Interchange Format").
func isTar(b []byte) bool {
	const block, field, size = 512, 148, 8
	if len(b) < block {
		return false
	}
	want, ok := octal(b[field : field+size])
	if !ok {
		return false
	}
	var unsigned, signed int64
	for i, c := range b[:block] {
		if i >= field && i < field+size {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return want != 8*' ' && (want == unsigned || want == signed)
}

func octal(b []byte) (int64, bool) {
	s := strings.Trim(string(b), " \x00")
	var n int64
	for _, c := range s {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n*8 + int64(c-'0')
	}
	return n, s != ""
}

func (r *run) archive(s *source, in io.Reader, format Format) error {
	if format == Zip {
		return r.zip(s, in)
	}
	return r.tar(s, in)
}

// member makes the source of an archive member.
func (r *run) member(s *source, name string, size int64, in io.Reader) (*source, *expanding) {
	e := &expanding{r: in, run: r, raw: s.raw}
	m := &source{
		name: s.name + "!" + escape(name), base: path.Base(name), size: size,
		r: e, raw: s.raw, format: Auto, layers: s.layers + 1,
	}
	if dir := path.Base(path.Dir(name)); dir == "cur" || dir == "new" {
		if t := maildirName(m.base); !t.IsZero() {
			m.format, m.env = Maildir, Envelope{ReceivedAt: t, Zoned: true}
		}
	}
	return m, e
}

func (r *run) memberProblem(s *source, name, code, detail string) error {
	return r.problem(&Problem{Source: s.name + "!" + escape(name), Offset: -1, Code: code, Detail: detail})
}

// tar reads the members of a tar archive as they come.
func (r *run) tar(s *source, in io.Reader) error {
	t := tar.NewReader(in)
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF {
			return r.tarEnd(s, in, n)
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return r.broken(s, -1, 0, unpackFault(err))
		}
		if n >= maxMembers {
			return r.problem(&Problem{Source: s.name, Offset: -1, Code: CodeExpansionLimit, Detail: "too many members"})
		}
		again, err := r.tarMember(s, t, h)
		if err != nil || !again {
			return err
		}
	}
}

// tarEnd reads on to the end of the source, so that its digest is whole.
func (r *run) tarEnd(s *source, in io.Reader, members int) error {
	if _, err := io.Copy(io.Discard, in); err != nil {
		return r.broken(s, -1, 0, unpackFault(err))
	}
	if members == 0 {
		return r.problem(&Problem{Source: s.name, Offset: -1, Code: CodeEmptyInput, Detail: "no member in it"})
	}
	return nil
}

// tarMember reads one member and tells whether the archive can be read on.
func (r *run) tarMember(s *source, t *tar.Reader, h *tar.Header) (bool, error) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, '7', 0:
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return true, nil
	case tar.TypeLink, tar.TypeSymlink:
		return true, r.memberProblem(s, h.Name, CodeArchiveLink, "to "+escape(h.Linkname))
	default:
		return true, r.memberProblem(s, h.Name, CodeArchiveMember, "type "+escape(string(h.Typeflag)))
	}
	if (folderKind{}).ignores(path.Base(h.Name)) {
		return true, nil
	}
	m, e := r.member(s, h.Name, h.Size, t)
	if err := r.source(m); err != nil {
		return false, err
	}
	// The member's own fault has been told. The archive's, seen through the
	// member, is the same one: do not tell it twice.
	return e.err == nil && !s.raw.bomb(r.tune), nil
}

// zip reads the members of a zip archive in the order of its directory, which
// stands at the end: what cannot be read from anywhere is put into a temporary
// file first.
func (r *run) zip(s *source, in io.Reader) error {
	at, size, closer, err := r.seekable(s, in)
	if err != nil {
		return r.broken(s, -1, 0, err)
	}
	defer closer()
	z, err := zip.NewReader(at, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return r.broken(s, -1, 0, unpackFault(err))
	}
	z.RegisterDecompressor(12, func(in io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(in)) })
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow)))
	if len(z.File) == 0 {
		return r.problem(&Problem{Source: s.name, Offset: -1, Code: CodeEmptyInput, Detail: "no member in it"})
	}
	for _, f := range z.File {
		if err := r.zipMember(s, f); err != nil || s.raw.bomb(r.tune) {
			return err
		}
	}
	return nil
}

func (r *run) zipMember(s *source, f *zip.File) error {
	const encrypted = 1 // APPNOTE 4.4.4, bit 0
	mode := f.Mode()
	switch {
	case mode.IsDir() || strings.HasSuffix(f.Name, "/"):
		return nil
	case mode&fs.ModeSymlink != 0:
		return r.memberProblem(s, f.Name, CodeArchiveLink, "")
	case !mode.IsRegular():
		return r.memberProblem(s, f.Name, CodeArchiveMember, mode.Type().String())
	case f.Flags&encrypted != 0:
		return r.memberProblem(s, f.Name, CodeEncrypted, "")
	case (folderKind{}).ignores(path.Base(f.Name)):
		return nil
	}
	in, err := f.Open()
	if err != nil {
		return r.memberProblem(s, f.Name, CodeCorrupt, err.Error())
	}
	defer in.Close()
	m, _ := r.member(s, f.Name, -1, in)
	if f.UncompressedSize64 < 1<<40 {
		m.size = int64(f.UncompressedSize64)
	}
	return r.source(m)
}

// seekable gives a source as something that can be read anywhere. A file is
// read through once before, for its digest.
func (r *run) seekable(s *source, in io.Reader) (io.ReaderAt, int64, func(), error) {
	if s.path != "" {
		if _, err := io.Copy(io.Discard, in); err != nil {
			return nil, 0, nil, err
		}
		f, err := os.Open(s.path)
		if err != nil {
			return nil, 0, nil, err
		}
		return f, s.size, func() { f.Close() }, nil
	}
	sp, err := newSpool(r.opt.TempDir)
	if err != nil {
		return nil, 0, nil, &fault{CodeSpoolFailed, err}
	}
	n, err := io.Copy(sp.f, io.LimitReader(in, r.tune.spool+1))
	switch {
	case err != nil:
		sp.close()
		return nil, 0, nil, err
	case n > r.tune.spool:
		sp.close()
		return nil, 0, nil, &fault{CodeExpansionLimit, errors.New("zip archive too large for a temporary file")}
	}
	return sp.f, n, sp.close, nil
}
