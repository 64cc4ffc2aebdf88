package columns

// Marks are a column of text by what its texts say: a small number for each of
// them, found out once. The zero Marks is ready for Reset.
type Marks struct {
	// Any tells whether one of them is not 0.
	Any   bool
	codes []int32
	of    []uint8 // by place, the first of which is null
}

// Reset goes on with another column. Null says what the empty text does.
func (m *Marks) Reset(v *Vector, say func(text string) uint8) {
	m.codes, m.of = v.Codes, append(m.of[:0], say(""))
	m.Any = m.of[0] != 0
	for _, text := range v.Dict {
		n := say(text)
		m.of = append(m.of, n)
		m.Any = m.Any || n != 0
	}
}

// At is what value i says.
func (m *Marks) At(i int) uint8 { return m.of[m.codes[i]+1] }

// Is tells whether what value i says is not 0. Where none does, it looks at
// nothing.
func (m *Marks) Is(i int) bool { return m.Any && m.At(i) != 0 }
