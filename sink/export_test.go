package sink

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// exported is a dataset of one record whose export can be written down.
func exported(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	w, err := Create(dir, Options{Addresses: AddressesFull})
	if err != nil {
		t.Fatal(err)
	}
	e := &evidence.Evidence{
		Origin:    evidence.Origin{Source: "=cmd|'/c calc'!A0", Format: "mbox", Length: 7},
		MessageID: "a\"b,c\r\nd<é>", HasDigest: true, Digest: [16]byte{0: 0xAB, 15: 1},
		Date:       time.Date(2024, 2, 29, 23, 59, 58, 120000000, time.FixedZone("", 3600)),
		Envelope:   evidence.Envelope{ClientIP: netip.MustParseAddr("2001:db8::1"), Basis: evidence.BasisReceived, Hop: -1},
		Anomalies:  []string{"bare_cr", "nul"},
		Signatures: []evidence.Signature{{Domain: "example.org", HeaderHash: []byte{0xFF, 0xFE}, BodyLength: -1}},
	}
	r := &evaluate.Record{Evidence: e}
	r.Verdict.SPF, r.Verdict.DKIMBest, r.Verdict.Category = &spf.Outcome{Result: spf.None}, -1, evaluate.NoPolicy
	if err := w.Write(r); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(Manifest{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

var exportColumns = []string{
	"source", "message_id", "digest", "date", "received_at", "client_ip", "authenticated",
	"anomalies", "dkim.domain", "dkim.header_hash", "header_from_domains", "category", "ordinal",
}

func TestExportJSONLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := Export(exported(t), "messages", exportColumns, JSONLines, &b); err != nil {
		t.Fatal(err)
	}
	const want = `{"source":"=cmd|'/c calc'!A0","message_id":"a\"b,c\r\nd<é>","digest":"ab000000000000000000000000000001",` +
		`"date":"2024-02-29T22:59:58.12Z","received_at":null,"client_ip":"2001:db8::1","authenticated":false,` +
		`"anomalies":["bare_cr","nul"],"dkim":[{"domain":"example.org","header_hash":"//4="}],"header_from_domains":[],` +
		`"category":"no_policy","ordinal":0}` + "\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestExportCSV(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := Export(exported(t), "messages", exportColumns, CSV, &b); err != nil {
		t.Fatal(err)
	}
	const want = "source,message_id,digest,date,received_at,client_ip,authenticated,anomalies,dkim,header_from_domains,category,ordinal\r\n" +
		`'=cmd|'/c calc'!A0,"a""b,c` + "\r\n" + `d<é>",ab000000000000000000000000000001,2024-02-29T22:59:58.12Z,,2001:db8::1,false,` +
		`"[""bare_cr"",""nul""]","[{""domain"":""example.org"",""header_hash"":""//4=""}]",[],no_policy,0` + "\r\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Errorf("read back: %v, %v", rows, err)
	}
}

// TestExportHostile: every line is JSON, every row has as many cells, and no
// cell begins a formula, whatever mail says.
func TestExportHostile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAll(t, dir, smallOptions, 21, 400)
	for _, table := range tableNames {
		var j, c strings.Builder
		if err := errors.Join(Export(dir, table, nil, JSONLines, &j), Export(dir, table, nil, CSV, &c)); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(j.String()) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("%s: not JSON: %s", table, line)
			}
		}
		rows, err := csv.NewReader(strings.NewReader(c.String())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		columns, err := Columns(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			for i, cell := range row {
				if columns[i].Fields[0].Type == TypeString && cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Fatalf("%s: %s begins a formula: %q", table, columns[i].Name, cell)
				}
			}
		}
		if len(rows)-1 != strings.Count(j.String(), "\n") || len(rows) < 2 {
			t.Errorf("%s: %d rows of CSV, %d of JSON", table, len(rows)-1, strings.Count(j.String(), "\n"))
		}
	}
}

func TestExportErrors(t *testing.T) {
	t.Parallel()
	dir := exported(t)
	var b strings.Builder
	var column *UnknownColumnError
	if err := Export(dir, "dns", []string{"category"}, CSV, &b); !errors.As(err, &column) || !strings.Contains(err.Error(), "it has name, type, status") {
		t.Errorf("error %v", err)
	}
	var table *UnknownTableError
	if err := Export(dir, "mail", nil, CSV, &b); !errors.As(err, &table) || !strings.Contains(err.Error(), "messages, dns, problems") {
		t.Errorf("error %v", err)
	}
	if err := Export(dir, "dns", nil, "xml", &b); err == nil || !strings.Contains(err.Error(), "jsonl, csv, arrow") {
		t.Errorf("error %v", err)
	}
}
