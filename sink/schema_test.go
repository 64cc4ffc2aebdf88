package sink

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

var update = flag.Bool("update", false, "write docs/schema.md anew")

func TestSchemaDocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "docs", "schema.md")
	var b bytes.Buffer
	if err := WriteSchemaDocument(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(old, b.Bytes()) {
		t.Error("docs/schema.md is stale: go test ./sink -run TestSchemaDocument -update")
	}
}

// promised are the first columns of the table messages: names, types and order
// that scripts rely on. A struct's fields are in brackets.
const promised = `digest string
source string
source_format string
source_offset int64
source_length int64
ordinal int64
message_id string
date timestamp
received_at timestamp
as_of timestamp
header_from_domain string
header_from_count int32
organizational_domain string
mail_from_domain string
helo_domain string
client_ip string
client_ip_source string
authenticated bool
list_id string
spf_result string
spf_domain string
spf_scope string
spf_mechanism string
spf_reason string
spf_alignment string
dkim_result string
dkim_alignment string
dkim [domain string, selector string, identity string, algorithm string, key_bits int32, canonicalization string, result string, reason string, alignment string, signed_at timestamp, expires_at timestamp, body_length int64, key_source string, body_hash_match bool, header_hash bytes, signature bytes
arc_result string
arc [instance int32, domain string, selector string, result string
dmarc_result string
dmarc_policy_domain string
dmarc_record string
dmarc_p string
dmarc_sp string
dmarc_np string
dmarc_pct int32
dmarc_t string
dmarc_adkim string
dmarc_aspf string
dmarc_policy string
disposition string
disposition_7_4 string
override_type string
override_comment string
category string
recorded_authserv_id string
recorded_spf string
recorded_dkim string
recorded_dmarc string
recorded_disposition string
anomalies []string`

func signatureOf(c *Column) string {
	if !c.isStruct() {
		list := ""
		if c.List {
			list = "[]"
		}
		return c.Name + " " + list + c.Fields[0].Type.String()
	}
	var fields []string
	for _, f := range c.Fields {
		fields = append(fields, f.Name+" "+f.Type.String())
	}
	return c.Name + " [" + strings.Join(fields, ", ")
}

func TestPromisedColumns(t *testing.T) {
	t.Parallel()
	columns, err := Columns("messages")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range strings.Split(promised, "\n") {
		if got := signatureOf(&columns[i]); got != want && !strings.HasPrefix(got, want+", ") {
			t.Errorf("column %d is %q, want %q", i, got, want)
		}
	}
}

func TestColumnNames(t *testing.T) {
	t.Parallel()
	for _, table := range tableNames {
		columns, err := Columns(table)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		check := func(name, doc string) {
			if name == "" || seen[name] || name != strings.ToLower(name) || strings.ContainsAny(name, ". -") {
				t.Errorf("%s: bad or doubled name %q", table, name)
			}
			seen[name] = true
			if doc == "" {
				t.Errorf("%s: %s has no description", table, name)
			}
		}
		for _, c := range columns {
			check(c.Name, c.Description)
			for _, f := range c.Fields {
				if c.isStruct() {
					check(c.Name+"/"+f.Name, f.Description)
				}
			}
		}
	}
}

// TestLayout looks at the file as such: row groups, codec, statistics, metadata.
func TestLayout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAll(t, dir, Options{RowGroupRows: 512, CreatedBy: "audit test", Addresses: AddressesFull}, 1, 1100)
	f, err := os.Open(filepath.Join(dir, "messages", "part-00000.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	md := p.Metadata()
	if md.CreatedBy != "audit test" {
		t.Errorf("created by %q", md.CreatedBy)
	}
	var rows []int64
	for _, g := range md.RowGroups {
		rows = append(rows, g.NumRows)
		for _, c := range g.Columns {
			if c.MetaData.Codec.String() != "ZSTD" {
				t.Errorf("%v: codec %s", c.MetaData.PathInSchema, c.MetaData.Codec)
			}
		}
	}
	if len(rows) != 3 || rows[0] != 512 || rows[1] != 512 || rows[2] != 76 {
		t.Errorf("row groups of %v rows, want 512, 512, 76", rows)
	}
	if v, _ := p.Lookup("audit.column.dkim.header_hash"); !strings.Contains(v, "b= signs") {
		t.Errorf("description of dkim.header_hash: %q", v)
	}
	if v, _ := p.Lookup("audit.addresses"); v != "full" {
		t.Errorf("addresses: %q", v)
	}
	ordinal, _ := p.Schema().Lookup("ordinal")
	index := p.ColumnIndexes()[ordinal.ColumnIndex]
	if len(index.MinValues) != 1 || len(index.MinValues[0]) != 8 || len(index.MaxValues[0]) != 8 {
		t.Error("the page index has no bounds for ordinal")
	}
}
