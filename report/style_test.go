package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// colours are the sets of colours of the style sheet: light, dark, print.
func colours(t *testing.T) []map[string]string {
	t.Helper()
	var out []map[string]string
	for _, block := range strings.Split(ownStyle, ":root{")[1:] {
		block, _, _ = strings.Cut(block, "}")
		set := map[string]string{}
		if len(out) > 0 {
			for k, v := range out[0] { // the first is the ground of the others
				set[k] = v
			}
		}
		for _, line := range strings.Split(block, ";") {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				set[strings.TrimPrefix(name, "--")] = value
			}
		}
		out = append(out, set)
	}
	if len(out) != 3 {
		t.Fatalf("%d sets of colours, want light, dark and print", len(out))
	}
	return out
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = fmt.Sprintf("%c%c%c%c%c%c", hex[0], hex[0], hex[1], hex[1], hex[2], hex[2])
	}
	n, err := strconv.ParseUint(hex, 16, 24)
	if err != nil || len(hex) != 6 {
		t.Fatalf("%q is no colour", colour)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

// TestContrast holds the colours to level AA of WCAG 2.2: 4.5 to 1 for text
// (criterion 1.4.3), 3 to 1 for what is drawn (1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	text := [][2]string{{"fg", "bg"}, {"fg", "soft"}, {"dim", "bg"}, {"dim", "soft"}, {"link", "bg"},
		{"heatfg", "heat1"}, {"heatfg", "heat2"}, {"heatfg", "heat3"}, {"heatfg", "heat4"}}
	var drawn [][2]string
	for i := range outcomes {
		drawn = append(drawn, [2]string{fmt.Sprintf("o%d", i), "bg"})
	}
	for i := range 3 {
		drawn = append(drawn, [2]string{fmt.Sprintf("l%d", i), "bg"})
	}
	for at, set := range colours(t) {
		check := func(pairs [][2]string, least float64) {
			for _, p := range pairs {
				a, b := luminance(t, set[p[0]]), luminance(t, set[p[1]])
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < least {
					t.Errorf("set %d: %s on %s has %.2f to 1, want %.1f", at, p[0], p[1], ratio, least)
				}
			}
		}
		check(text, 4.5)
		check(drawn, 3)
	}
}
