package rooms

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps", "mailaudit/...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	m := map[string]pkg{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if err == io.EOF {
			return m
		}
		if err != nil {
			t.Fatal(err)
		}
		m[p.ImportPath] = p
	}
}

// homes says where a library lives: only these packages may import it, and it
// may reach no other room through them unless the room is listed as well.
var homes = map[string][]string{
	"github.com/miekg/dns":               {"mailaudit/evaluate/dns"},
	"github.com/parquet-go/parquet-go":   {"mailaudit/sink"},
	"github.com/apache/arrow-go/v18":     {"mailaudit/sink/arrow"},
	"github.com/spf13/cobra":             {"mailaudit/cmd/audit"},
	"go.etcd.io/bbolt":                   {"mailaudit/evaluate/dns/history"},
	"filippo.io/bigmod":                  {"mailaudit/evaluate/dkim"},
	"golang.org/x/net/publicsuffix":      {"mailaudit/evaluate/dmarc"},
	"github.com/klauspost/compress/zstd": {"mailaudit/reader", "mailaudit/sink"},
}

// never says what a room must not depend on, however far the way.
var never = map[string][]string{
	"mailaudit/reader":            {"mailaudit/evaluate", "mailaudit/sink", "mailaudit/stats", "net/mail"},
	"mailaudit/evaluate/evidence": {"mailaudit/evaluate/dns", "github.com/miekg/dns", "mailaudit/sink", "mailaudit/stats"},
	"mailaudit/evaluate/dns":      {"mailaudit/reader", "mailaudit/evaluate/evidence", "mailaudit/sink"},
	"mailaudit/evaluate/spf":      {"mailaudit/evaluate/evidence", "mailaudit/evaluate/dkim", "mailaudit/evaluate/dmarc"},
	"mailaudit/evaluate/dkim":     {"mailaudit/evaluate/spf", "mailaudit/evaluate/dmarc", "mailaudit/evaluate/arc"},
	"mailaudit/evaluate/arc":      {"mailaudit/evaluate/spf", "mailaudit/evaluate/dmarc"},
	"mailaudit/evaluate/dmarc":    {"mailaudit/evaluate/spf", "mailaudit/evaluate/dkim", "mailaudit/evaluate/evidence", "mailaudit/reader"},
	"mailaudit/evaluate":          {"mailaudit/sink", "mailaudit/stats", "mailaudit/internal/pipeline"},
	"mailaudit/sink":              {"mailaudit/stats", "mailaudit/internal/pipeline", "github.com/apache/arrow-go/v18"},
	"mailaudit/stats":             {"mailaudit/sink", "mailaudit/internal/pipeline", "github.com/parquet-go/parquet-go"},
	"mailaudit/sources":           {"mailaudit/sink", "mailaudit/stats", "mailaudit/reader/maillog"},
	"mailaudit/impact":            {"github.com/apache/arrow-go/v18", "mailaudit/reader/maillog"},
	"mailaudit/internal/pipeline": {"mailaudit/reader", "mailaudit/evaluate", "mailaudit/sink", "mailaudit/stats"},
	"mailaudit/internal/corpus":   {"mailaudit/reader", "mailaudit/evaluate", "mailaudit/sink", "mailaudit/stats"},
}

// within tells whether path is the package root or below it.
func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func TestLibrariesStayAtHome(t *testing.T) {
	t.Parallel()
	pkgs := packages(t)
	for lib, home := range homes {
		found := false
		for _, p := range pkgs {
			if !within(p.ImportPath, "mailaudit") || !slices.ContainsFunc(p.Imports, func(i string) bool { return within(i, lib) }) {
				continue
			}
			found = true
			if !slices.ContainsFunc(home, func(h string) bool { return within(p.ImportPath, h) }) {
				t.Errorf("%s imports %s, whose home is %v", p.ImportPath, lib, home)
			}
		}
		if !found {
			t.Errorf("nobody imports %s: is it still needed?", lib)
		}
	}
}

func TestRoomsStayApart(t *testing.T) {
	t.Parallel()
	pkgs := packages(t)
	for room, banned := range never {
		p, ok := pkgs[room]
		if !ok {
			t.Errorf("there is no package %s", room)
			continue
		}
		for _, d := range p.Deps {
			for _, b := range banned {
				if within(d, b) {
					t.Errorf("%s depends on %s", room, d)
				}
			}
		}
	}
}
