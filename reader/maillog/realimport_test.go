package maillog

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// dbi stands in for the database of opendmarc-import: it numbers what is looked
// up and writes down each row of messages and signatures.
const dbi = `package DBI;
our %id; our $n = 0; our $last; our $errstr = "";
sub connect { bless {}, shift }
sub prepare { bless { q => $_[1] }, "DBI::st" }
sub disconnect { 1 }
sub errstr { "" }
package DBI::st;
sub execute {
	my ($s, @v) = @_;
	my $q = $s->{q}; $s->{row} = undef;
	if ($q =~ /^SELECT id FROM (\w+)/) { my $k = "$1 @v"; $s->{row} = [ $DBI::id{$k} ] if exists $DBI::id{$k} }
	elsif ($q =~ /^\s*INSERT INTO (messages|signatures)/) { $DBI::last = ++$DBI::n; print STDOUT "$1: ", join("|", map { defined $_ ? $_ : "undef" } @v), "\n" }
	elsif ($q =~ /^INSERT INTO (\w+)/) { $DBI::last = $DBI::id{"$1 @v"} = ++$DBI::n; print STDOUT "$1 $DBI::n: @v\n" }
	elsif ($q =~ /LAST_INSERT_ID/) { $s->{row} = [ $DBI::last ] }
	elsif ($q =~ /^SELECT/) { $s->{row} = [ 0 ] }
	1
}
sub fetchrow_arrayref { my $r = $_[0]{row}; $_[0]{row} = undef; $r }
sub finish { 1 }
1;
`

// TestOpenDMARCImport gives what HistoryWriter writes to OpenDMARC's own
// importer, with a stand-in for its database.
func TestOpenDMARCImport(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("opendmarc-import")
	if err != nil {
		t.Skip("needs opendmarc-import installed")
	}
	if out, err := exec.Command("perl", "-MSwitch", "-MJSON", "-e1").CombinedOutput(); err != nil {
		t.Skipf("needs the importer's Perl modules: %.100s", out)
	}
	dir := t.TempDir()
	write(t, dir+"/DBI.pm", []byte(dbi))
	if err := os.Mkdir(dir+"/DBD", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/DBD/mysql.pm", []byte("package DBD::mysql; 1;\n"))
	var history bytes.Buffer
	w := NewHistoryWriter(&history)
	for _, e := range []HistoryEntry{
		{Job: "A1", Reporter: "mx.example", Received: time.Unix(1772359200, 0), ClientIP: netip.MustParseAddr("192.0.2.7"), From: "example.org", MailFrom: "bounce.example.org",
			SPF: "pass", Signatures: []HistorySignature{{"example.org", "s1", "pass"}, {"example.net", "", "temperror"}}, DMARC: "pass", P: "reject", PCT: 100, AlignDKIM: true, Disposition: "none"},
		{Job: "A2", Reporter: "mx.example", Received: time.Unix(1772359201, 0), ClientIP: netip.MustParseAddr("2001:db8::1"), From: "example.org", SPF: "softfail",
			DMARC: "fail", DMARCPolicy: "reject", P: "reject", PCT: 100, Disposition: "reject"},
	} {
		w.Write(&e)
	}
	w.Flush()
	cmd := exec.Command("perl", "-I", dir, path)
	cmd.Stdin = &history
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "unknown key") || strings.Contains(string(out), "failed") {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
	// date, job, reporter, policy, disposition, ip, domains, spf, alignments, signatures, arc, arc_policy
	for _, want := range []string{
		"messages: 1772359200|A1|1|15|2|4|3|2|2|0|5|4|2|11|1\n", ": s1 ", "messages: 1772359201|A2|1|16|0|", "|2|5|5|0|11|1\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the importer did not write %q:\n%s", want, out)
		}
	}
}
