# Judges the messages of a sample with Mail::DKIM, Mail::SPF and Mail::DMARC.
#   perl maildmarc.pl SAMPLE.tsv ZONE.tsv VERDICTS.tsv
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::DNS;
use Mail::SPF;
use Mail::DMARC::PurePerl;

# The zone answers in this process: nothing is asked of the network.
package ZoneResolver;
use Net::DNS;
our @ISA = ('Net::DNS::Resolver');
my ( %records, %exists, %answers );

sub load {
    my ($path) = @_;
    open my $f, '<', $path or die "$path: $!";
    while (<$f>) {
        chomp;
        my ( $name, $type, $value ) = split /\t/, $_, 3;
        push @{ $records{"$name $type"} }, $value;
        my $n = $name;
        while ($n) { $exists{$n} = 1; $n =~ s/^[^.]*\.?//; }
    }
}

sub send {
    my ( $self, $name, $type ) = @_;
    ( $name = lc $name ) =~ s/\.$//;
    $type ||= 'A';
    return $answers{"$name $type"} ||= answer( $name, uc $type );
}

sub query { my $p = &send; return $p->header->ancount ? $p : undef; }
sub search { return &query; }
sub bgsend { return &send; }
sub bgbusy { return 0; }
sub bgread { return $_[1]; }
sub errorstring { return 'NOERROR'; }

sub answer {
    my ( $name, $type ) = @_;
    my $p = Net::DNS::Packet->new( $name, $type, 'IN' );
    $p->header->qr(1);
    $p->header->rcode( $exists{$name} ? 'NOERROR' : 'NXDOMAIN' );
    for my $v ( @{ $records{"$name $type"} || [] } ) {
        my $rr;
        if ( $type eq 'TXT' ) {
            $rr = Net::DNS::RR->new( owner => $name, type => 'TXT', ttl => 60, txtdata => [ unpack '(a255)*', $v ] );
        }
        else { $rr = Net::DNS::RR->new("$name 60 IN $type $v"); }
        $p->push( answer => $rr );
    }
    return $p;
}

package main;

# The archive's domains end in .example and .test, which no suffix list has.
{
    no warnings 'redefine';
    *Mail::DMARC::Base::is_valid_domain = sub { 1 };
}
my ( $sample, $zone, $out ) = @ARGV;
ZoneResolver::load($zone);
my $dns = ZoneResolver->new( nameservers => ['127.0.0.1'] );
Mail::DKIM::DNS::resolver($dns);
my $spf = Mail::SPF::Server->new( dns_resolver => $dns );
open my $list, '<', $sample or die "$sample: $!";
open my $verdicts, '>', $out or die "$out: $!";

while (<$list>) {
    chomp;
    my ( $path, $ip, $helo, $from, $id ) = split /\t/, $_, -1;
    open my $f, '<:raw', $path or die "$path: $!";
    my $text = do { local $/; <$f> };
    close $f;
    my $dkim = Mail::DKIM::Verifier->new;
    $dkim->PRINT($text);
    $dkim->CLOSE;
    my $spf_result = 'none';
    if ($ip) {
        my $r = eval {
            $spf->process( Mail::SPF::Request->new(
                scope => ( $from ? 'mfrom' : 'helo' ), identity => $from || $helo, ip_address => $ip, helo_identity => $helo ) );
        };
        $spf_result = $r ? $r->code : 'permerror';
    }
    my ($author) = $text =~ /^From:(.*)$/mi;
    my $dmarc_result = '';
    my $d = Mail::DMARC::PurePerl->new;
    $d->set_resolver($dns) if $d->can('set_resolver');
    $d->{resolver} = $dns;
    eval {
        $d->source_ip($ip) if $ip;
        $d->header_from_raw($author);
        $d->envelope_from( $from =~ /\@(.*)/ ? $1 : $helo );
        $d->dkim($dkim);
        ( my $domain = $from || $helo ) =~ s/.*\@//;
        $d->spf( [ { domain => $domain, scope => ( $from ? 'mfrom' : 'helo' ), result => $spf_result } ] );
        my $r = $d->validate;
        $dmarc_result = $r->result;
        $dmarc_result = 'none' if $dmarc_result eq 'fail' && !eval { $r->published };
    };
    warn $@ if $@ && $ENV{BENCH_DIFF};
    print {$verdicts} join( "\t", $id, $spf_result, $dkim->result eq 'invalid' ? 'fail' : $dkim->result, $dmarc_result ), "\n";
}
