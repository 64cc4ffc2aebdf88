package sink

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go/compress/zstd"
)

// A page is what the library's codec makes of it, up to the window's size; beyond, it
// still reads back.
func TestCodec(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	library := &zstd.Codec{Level: zstd.SpeedFastest}
	var dst []byte
	for _, size := range []int{0, 1, 100, 1 << 10, 64<<10 - 1, 64 << 10, 128<<10 + 1, pageBytes, dictionaryBytes, encoderWindow + 1, 3 * encoderWindow} {
		text := make([]byte, size)
		for i := range text {
			// Hashes between words that come again from near and from afar.
			if i%64 < 32 {
				text[i] = byte(rnd.Uint32())
			} else {
				text[i] = byte(i>>6)&15 + 'a'
			}
		}
		if size > 0 {
			copy(text[size/2:], text[:size/4])
		}
		got, err := compression.Encode(dst, text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := library.Encode(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		if size <= encoderWindow && !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d made of them, %d by the library", size, len(got), len(want))
		}
		back, err := library.Decode(nil, got)
		if err != nil || !bytes.Equal(back, text) {
			t.Errorf("%d bytes do not read back: %v", size, err)
		}
		dst = got
	}
}
