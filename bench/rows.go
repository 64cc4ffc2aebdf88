package main

import (
	"os"

	"github.com/parquet-go/parquet-go"
)

// row has about the columns of the table messages.
type row struct {
	MessageID            string         `parquet:"message_id,zstd"`
	Ordinal              int64          `parquet:"ordinal,zstd,delta"`
	Length               int64          `parquet:"source_length,zstd,delta"`
	Date                 string         `parquet:"date,zstd"`
	From                 string         `parquet:"header_from_domain,dict,zstd"`
	OrganizationalDomain string         `parquet:"organizational_domain,dict,zstd"`
	MailFrom             string         `parquet:"mail_from_domain,dict,zstd"`
	HELO                 string         `parquet:"helo_domain,dict,zstd"`
	ClientIP             string         `parquet:"client_ip,dict,zstd"`
	SPFResult            string         `parquet:"spf_result,dict,zstd"`
	SPFDomain            string         `parquet:"spf_domain,dict,zstd"`
	SPFReason            string         `parquet:"spf_reason,dict,zstd"`
	SPFAligned           bool           `parquet:"spf_aligned"`
	DKIMResult           string         `parquet:"dkim_result,dict,zstd"`
	DKIMAligned          bool           `parquet:"dkim_aligned"`
	DKIM                 []signatureRow `parquet:"dkim,list"`
	DMARCResult          string         `parquet:"dmarc_result,dict,zstd"`
	PolicyDomain         string         `parquet:"dmarc_policy_domain,dict,zstd"`
	Policy               string         `parquet:"dmarc_p,dict,zstd"`
	SubdomainPolicy      string         `parquet:"dmarc_sp,dict,zstd"`
	Disposition          string         `parquet:"disposition,dict,zstd"`
}

type signatureRow struct {
	Domain   string `parquet:"domain,dict,zstd"`
	Identity string `parquet:"identity,dict,zstd"`
	Headers  string `parquet:"headers,dict,zstd"`
	SignedAt int64  `parquet:"signed_at,zstd,delta"`
	Result   string `parquet:"result,dict,zstd"`
	Reason   string `parquet:"reason,dict,zstd"`
	Aligned  bool   `parquet:"aligned"`
}

// rowsAtOnce is how many rows are handed to the Parquet library in one call.
const rowsAtOnce = 1024

// rowWriter writes rows with parquet-go's GenericWriter, in batches.
type rowWriter struct {
	f     *os.File
	w     *parquet.GenericWriter[row]
	batch []row
}

func newRowWriter(path string) (*rowWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &rowWriter{f: f, w: parquet.NewGenericWriter[row](f)}, nil
}

func (w *rowWriter) write(r *row) error {
	w.batch = append(w.batch, *r)
	if len(w.batch) < rowsAtOnce {
		return nil
	}
	return w.flush()
}

func (w *rowWriter) flush() error {
	_, err := w.w.Write(w.batch)
	w.batch = w.batch[:0]
	return err
}

func (w *rowWriter) close() error {
	if err := w.flush(); err != nil {
		w.f.Close()
		return err
	}
	if err := w.w.Close(); err != nil {
		w.f.Close()
		return err
	}
	return w.f.Close()
}
