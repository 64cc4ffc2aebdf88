// Package sink keeps records as a dataset of Parquet files and gives them back.
//
// A dataset is a directory:
//
//	DIR/manifest.json                 written last: a dataset without it is not finished
//	DIR/messages/part-NNNNN.parquet   one row for each record, in input order
//	DIR/dns/part-NNNNN.parquet        each distinct DNS answer, in order of first use
//	DIR/problems/part-NNNNN.parquet   what could not be evaluated, and why
//	DIR/checkpoint.json               only while a run is under way
//
// With [PartitionMonth] the records lie in folders, as Hive names them:
//
//	DIR/messages/month=2024-03/part-NNNNN.parquet
//
// What would be one part, the records of a range of ordinals, is then a generation:
// one part for each month in it, all with the same number. It counts as a whole or
// not at all. Readers give records in input order all the same.
//
// [Create] begins or resumes one and [Writer.Commit] finishes it; [Open] reads
// it back. A row keeps the evidence beside the verdict, so that [Dataset.Records]
// can be judged again without the mail, and the answers of [Dataset.DNS] are
// enough to judge it the same way.
//
// The same records, in the same order, under the same options give the same
// bytes: no clock, random number, map order or number of processors has a part
// in them. That holds over a crash too. Parts end at fixed ordinals; each is
// written under a temporary name, synced and renamed; and the checkpoint, which
// is replaced atomically after that, names the parts that count. A run killed at
// any moment and resumed ends with the bytes of a run that was left alone.
//
// The columns are described in docs/schema.md, which is generated from the
// tables of this package, and in the metadata of each file.
//
// # Strings
//
// Columns of text are valid UTF-8 without NUL. Mail is not, always: a byte that
// is part of no valid character, and NUL, is kept as the private use character
// U+EF00 plus the byte. Those characters themselves are kept byte by byte in the
// same way, so that [UnescapeText] gives back what was there. Names and RDATA in
// the table dns are escaped as in master files (RFC 1035 section 5.1) instead.
//
// # Addresses
//
// Unless [AddressesFull] is asked for, no local part of a mail address reaches a
// dataset, except in what the DNS publishes (rua, ruf), and in message
// identifiers, which name messages.
//
// This package is the only one that knows a Parquet library.
package sink
