#!/usr/bin/perl
# Answers for Mail::DKIM and Mail::DMARC. Reads lines from standard input:
#
#   M <base64 of a message> <JSON of facts>
#
# and for each of them asks, as often as it needs, "Q <type> <name>", answered by
# "A <JSON list>" (records), "N" (none) or "F" (failure), and ends with
# "R <JSON result>". The facts are header_from, spf {domain, scope, result} and
# dkim [{domain, selector, result}], which DMARC is judged by.
use strict;
use warnings;
use MIME::Base64;
use JSON::PP;
use Net::DNS;
use Mail::DKIM::Verifier;
use Mail::DKIM::DNS;
use Mail::DMARC::PurePerl;

$| = 1;

package Asking;
sub new { my $class = shift; my $self = { error => 'NOERROR' }; return bless $self, $class; }
sub errorstring { return $_[0]{error}; }
sub tcp_timeout { }
sub udp_timeout { }

sub send {
    my ( $self, $name, $type ) = @_;
    $type ||= 'A';
    print "Q $type $name\n";
    my $line = <STDIN>;
    my $packet = Net::DNS::Packet->new( $name, $type );
    $self->{error} = 'NOERROR';
    if ( $line =~ /^A (.*)/ ) {
        for my $text ( @{ JSON::PP::decode_json($1) } ) {
            my $data = $type eq 'TXT' ? join( ' ', map { s/(["\\])/\\$1/gr =~ s/(.*)/"$1"/sr } unpack( '(a250)*', $text ) ) : $text;
            $packet->push( answer => Net::DNS::RR->new("$name 60 IN $type $data") );
        }
    }
    elsif ( $line =~ /^N/ ) {
        $packet->header->rcode('NXDOMAIN');
        $self->{error} = 'NXDOMAIN';
    }
    else {
        $packet->header->rcode('SERVFAIL');
        $self->{error} = 'SERVFAIL';
        return;
    }
    return $packet;
}

sub query {
    my $packet = Asking::send(@_);
    return $packet && $packet->answer ? $packet : undef;
}

package main;

my $resolver = Asking->new;
Mail::DKIM::DNS::resolver($resolver);

sub dkim_results {
    my ($message) = @_;
    my $v = Mail::DKIM::Verifier->new;
    $v->PRINT($message);
    $v->CLOSE;
    return [ map { { domain => $_->domain, selector => $_->selector, result => $_->result, detail => $_->result_detail, type => ref $_ } } $v->signatures ];
}

sub dmarc_result {
    my ($facts) = @_;
    my $d = Mail::DMARC::PurePerl->new;
    $d->set_resolver($resolver);
    $d->header_from( $facts->{header_from} );
    $d->source_ip('192.0.2.1');
    $d->dkim( @{ $facts->{dkim} } ? $facts->{dkim} : [ { domain => 'none.invalid', selector => 'x', result => 'none' } ] );
    $d->spf( [ $facts->{spf} ] );
    my $r = $d->validate;
    my $p = eval { $r->published };
    return { result => $r->result, disposition => $r->disposition, dkim => $r->dkim, spf => $r->spf, policy_domain => $p ? $p->domain : '' };
}

while ( my $line = <STDIN> ) {
    chomp $line;
    my ( $m, $message, $json ) = split / /, $line, 3;
    next if $m ne 'M';
    my $facts = decode_json($json);
    my %out;
    $out{dkim} = eval { dkim_results( decode_base64($message) ) } || [];
    $out{dkim_error} = "$@" if $@;
    if ( $facts->{header_from} ) {
        $out{dmarc} = eval { dmarc_result($facts) };
        $out{dmarc_error} = "$@" if $@;
    }
    print 'R ' . JSON::PP->new->canonical->encode( \%out ) . "\n";
}
