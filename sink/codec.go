package sink

import (
	kzstd "github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// compression is at the fastest level, chosen by measurement: most bytes of a
// file are hashes, and the default level makes it less than 1 % smaller.
var compression = &codec{
	Codec:    zstd.Codec{Level: zstd.SpeedFastest},
	encoders: make(chan *kzstd.Encoder, maxEncoders),
}

const (
	// encoderWindow is how far back an encoder finds what it has seen, in bytes: as
	// much as pages and dictionaries hold, so that each is what the library makes of
	// it, whose encoders have memory for pages sixteen times as large.
	encoderWindow = 1 << 20
	// maxEncoders is how many encoders are kept while nobody uses them.
	maxEncoders = 64
)

// codec is the library's with encoders that take less memory.
type codec struct {
	zstd.Codec
	encoders chan *kzstd.Encoder
}

// Encode compresses src into the memory of dst, where it has room.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	var e *kzstd.Encoder
	select {
	case e = <-c.encoders:
	default:
		var err error
		if e, err = newEncoder(); err != nil {
			return nil, err
		}
	}
	dst = e.EncodeAll(src, dst[:0])
	select {
	case c.encoders <- e:
	default:
	}
	return dst, nil
}

func newEncoder() (*kzstd.Encoder, error) {
	return kzstd.NewWriter(nil,
		kzstd.WithEncoderConcurrency(1), kzstd.WithEncoderLevel(kzstd.SpeedFastest),
		kzstd.WithZeroFrames(true), kzstd.WithEncoderCRC(false), kzstd.WithWindowSize(encoderWindow),
		kzstd.WithLowerEncoderMem(true))
}
