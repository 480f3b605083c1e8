# SPDX-License-Identifier: Apache-2.0
#
# Random requests that Twilio's own library for Node.js signs, and Node's crypto with it (t/twilio/sign.js), are taken, and
# none of them with anything changed. TENANT_TEST_SEED=N t/TEST t/twilio_signature.t repeats a run.

use strict;
use warnings;
use utf8;

use File::Temp ();
use JSON::PP ();
use Test::More;
use TenantTest;
use TenantTest::Packages;

plan skip_all => packages_missing('t/twilio') if packages_missing('t/twilio');

use constant REQUESTS => 600;

my $json = JSON::PP->new->canonical->utf8;
my $seed = $ENV{TENANT_TEST_SEED} // time ^ $$ << 8;
srand $seed;
diag "TENANT_TEST_SEED=$seed";

sub one_of { return $_[rand @_] }

# --- Random requests ------------------------------------------------------------------------------------------

my @words = ('', 'a', '+12025550100', 'whatsapp:+1', ' two  words ', "lines\r\n\t", 'é', 'Zoë 😀', '漢字', '%41', 'a=b&c', "'\"<>",
    '~*()!', "\x{301}", 'x' x 300);
my @names = ('CallSid', 'From', 'To', 'Body', 'AccountSid', 'a', 'A', 'Z', '_', 'ab', 'aB', 'é', 'Media Url', 'x[]', '&=');

sub port { return one_of('', '', ':80', ':443', ':8080', ':8443') }

sub url {
    my $query = one_of('', '', '?', '?a=1', '?name=William+O\'hara', '?u=sip%3Abob%40b&x=a%20b%2Bc', '?b=2&a=1', '?x=%C3%A9',
        '?bodySHA256=00');
    return one_of('http', 'https') . '://' . one_of('', '', 'user:pw@') . one_of('a.test', 'api.example.com', '[2001:db8::1]') . port()
        . one_of('', '/', '/v', '/twilio/voice/', '/%7Ex/a%2Fb') . $query . one_of('', '', '#rc=2&rp=ct,rt,5xx');
}

sub form {
    my %params;
    for (1 .. rand 8) {
        my $name = one_of(@names);
        $params{$name} = rand() < 0.3 ? [map { one_of(@words) } 0 .. rand 4] : one_of(@words);
    }
    return \%params;
}

sub random_request {
    my $request = { url => url(), token => join '', map { one_of(0 .. 9, 'a' .. 'f') } 1 .. one_of(1, 32, 32, 32, 64, 65) };
    my $kind = one_of(qw(form form form body get));
    $request->{url} =~ s/\?bodySHA256=00// if $kind ne 'form';    # of other bodies it counts
    $request->{params} = form() if $kind eq 'form';
    $request->{body} = one_of('{}', '', '{"a":"é"}', $json->encode({ a => one_of(@words) })) if $kind eq 'body';
    return $request;
}

# --- Who signs, who verifies ------------------------------------------------------------------------------------

# Sends requests to a program, a line each, and returns its lines.
sub ask {
    my ($command, @requests) = @_;
    my $file = File::Temp->new;
    print {$file} map { $json->encode($_) . "\n" } @requests;
    close $file or die $!;
    my @lines = qx($command <$file);
    is $?, 0, "$command runs to its end";
    is @lines, @requests, '... and answers each';
    return @lines;
}

sub verified { return map { $_ + 0 } ask('build/unit/verify', @_) }

sub shown { my ($request) = @_; return $json->encode({ %$request, token => '…' }) }

sub all_are {
    my ($wanted, $name, @requests) = @_;
    my @verdicts = verified(@requests);
    my @wrong = grep { $verdicts[$_] != $wanted } 0 .. $#requests;
    ok(!@wrong, $name) or diag map { shown($requests[$_]) . "\n" } @wrong[0 .. ($#wrong < 4 ? $#wrong : 4)];
}

my @requests = map { random_request() } 1 .. REQUESTS;
my @signed = map { $json->decode($_) } ask('node t/twilio/sign.js', @requests);
$signed[$_]{token} = $requests[$_]{token} for 0 .. $#signed;

# --- What is taken, and what is not -----------------------------------------------------------------------------

all_are(1, 'each is taken', @signed);

# Twilio signs without the port, or with it; whoever serves sees the port, or not.
my $host = qr{^\w+://(?:[^/?#]*@)?(?:\[[^]]*\]|[^/?#:]*)};
all_are(1, 'with a port that was not signed too', map { +{ %$_, url => $_->{url} =~ s/($host)(?!:)/$1:9443/r } }
    grep { $_->{url} =~ /$host(?!:)(?:[\/?#]|$)/ } @signed);

sub changed { my ($name, $change) = @_; return all_are(0, $name, map { my %copy = %$_; $change->(\%copy) ? \%copy : () } @signed) }

changed('not under another token', sub { $_[0]{token} .= '0' });
changed('nor without one', sub { $_[0]{token} = ''; 1 });
changed('nor for another host', sub { $_[0]{url} =~ s{(test|com|1\])(?=[:/?#]|$)}{$1x} });
changed('nor by another scheme', sub { $_[0]{url} =~ s{^http(s?)}{$1 ? 'http' : 'https'}e });
changed('nor for another path', sub { $_[0]{url} =~ s{(?=[?#]|$)}{/x} });
changed('nor with another query', sub { $_[0]{url} =~ s{(?=#|$)}{$_[0]{url} =~ /\?/ ? '&n=1' : '?n=1'}e });
changed('nor with one parameter more', sub { ($_[0]{type} // '') =~ /form/ && ($_[0]{body} .= '&Extra=1') });
changed('nor with one less', sub { ($_[0]{type} // '') =~ /form/ && $_[0]{body} =~ s/^Body=[^&]+(?:&|$)// && $_[0]{body} !~ /Body=/ });
changed('nor with another body', sub { ($_[0]{type} // '') =~ /json/ && ($_[0]{body} .= ' ') });
changed('nor with a body at all, where there was none', sub { !$_[0]{type} && ($_[0]{body} = 'x') });
changed('nor with another signature', sub { $_[0]{signature} =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/e });
changed('nor with a part of it', sub { chop $_[0]{signature} });

done_testing;
