#!/usr/bin/perl
# Mail::SPF, Mail::DKIM and Mail::DMARC, asked one question a line in JSON; each answer is a line of JSON.
#
# {"kind": "spf", "zone": {"example.com TXT": [["v=spf1 -all"]]}, "ip": …, "sender": …, "helo": …}
# {"kind": "dkim", "zone": …, "message": base64}
# {"kind": "dmarc", "zone": …, "from": …, "spf": [domain, result], "dkim": [[domain, result], …]}
#
# DNS is the zone of the question. A name is there when it, or a name below it, has an entry; "servfail" in
# the place of the records makes that question fail.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use Net::DNS;

package Resolver;

sub new { my ($class) = @_; return bless { zone => {}, error => '' }, $class }

sub send {
    my ($self, $name, $type) = @_;
    $name = lc $name;
    $name =~ s/\.$//;
    my $packet = Net::DNS::Packet->new($name, $type);
    $packet->header->qr(1);
    $packet->header->ra(1);
    $self->{error} = 'NOERROR';
    my $values = $self->{zone}{"$name $type"};
    if (defined $values && !ref $values) {
        $self->{error} = 'SERVFAIL';
        $packet->header->rcode('SERVFAIL');
        return $packet;
    }
    for my $value (@{ $values || [] }) {
        $packet->push(answer => record($name, $type, $value));
    }
    if (!$values && !grep { /(?:^|\.)\Q$name\E \w+$/ } keys %{ $self->{zone} }) {
        $self->{error} = 'NXDOMAIN';
        $packet->header->rcode('NXDOMAIN');
    }
    return $packet;
}

sub record {
    my ($name, $type, $value) = @_;
    my %data = (
        A    => sub { (address    => $value) },
        AAAA => sub { (address    => $value) },
        PTR  => sub { (ptrdname   => $value) },
        MX   => sub { (preference => $value->[0], exchange => $value->[1]) },
        TXT  => sub { (txtdata    => $value) },
    );
    return Net::DNS::RR->new(name => $name, type => $type, ttl => 300, $data{$type}->());
}

sub query {
    my ($self, @question) = @_;
    my $packet = $self->send(@question);
    return $packet->answer ? $packet : undef;
}

sub search      { my ($self, @question) = @_; return $self->query(@question) }
sub errorstring { my ($self) = @_; return $self->{error} }

package main;

my $resolver = Resolver->new;
my %kinds    = (spf => \&spf, dkim => \&dkim, dmarc => \&dmarc);
my $json     = JSON::PP->new->utf8->canonical;
$| = 1;
while (my $line = <STDIN>) {
    my $asked = $json->decode($line);
    $resolver->{zone} = $asked->{zone};
    my $answer = eval { $kinds{ $asked->{kind} }->($asked) };
    print $json->encode(defined $answer ? $answer : { error => "$@" }), "\n";
}

sub spf {
    my ($asked) = @_;
    require Mail::SPF;
    my $server = Mail::SPF::Server->new(dns_resolver => $resolver, query_rr_types => 1, max_void_dns_lookups => 2);
    my $request = Mail::SPF::Request->new(
        versions      => [1],
        scope         => 'mfrom',
        identity      => $asked->{sender},
        ip_address    => $asked->{ip},
        helo_identity => $asked->{helo},
    );
    my $result = $server->process($request);
    return { result => $result->code, reason => '' . $result->local_explanation };
}

sub dkim {
    my ($asked) = @_;
    require Mail::DKIM::Verifier;
    Mail::DKIM::DNS::resolver($resolver);
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT(decode_base64($asked->{message}));
    $verifier->CLOSE;
    return { results => [map { [$_->domain, $_->result, $_->result_detail] } $verifier->signatures] };
}

sub dmarc {
    my ($asked) = @_;
    require Mail::DMARC::PurePerl;
    my $dmarc = Mail::DMARC::PurePerl->new;
    $dmarc->set_resolver($resolver);
    $dmarc->source_ip('192.0.2.1');
    $dmarc->header_from($asked->{from});
    my ($domain, $result) = @{ $asked->{spf} };
    $dmarc->spf([{ domain => $domain, scope => 'mfrom', result => $result }]);
    $dmarc->dkim([map { { domain => $_->[0], selector => 's', result => $_->[1] } } @{ $asked->{dkim} }]);
    my $found = $dmarc->validate;
    return { result => $found->result, disposition => $found->disposition };
}
