# SPDX-License-Identifier: Apache-2.0
#
# Twilio's own library for Node.js uses the gateway as it would use Twilio (t/twilio/gateway.js).

use strict;
use warnings;
use utf8;

use JSON::PP ();
use Test::More;

use TenantTest;
use TenantTest::Gateway;
use TenantTest::Packages;
use TenantTest::TwilioStub;

plan skip_all => packages_missing('t/twilio') if packages_missing('t/twilio');

binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

my $gateway = TenantTest::Gateway->start(processes => 1, location => 'TenantGatewayRate off');
my $stub = $gateway->stub;
my $acme = $gateway->account('acme');
my ($recording) = $stub->put(recordings => { account_sid => $acme->{sid} });
$stub->fill(calls => 30, { account_sid => $acme->{sid}, to => '+1202555%d' });

my $base = 'http://127.0.0.1:' . $gateway->server->port . '/gateway';
open my $out, '-|', 'node', 't/twilio/gateway.js', $base, $acme->{sid}, tenant('acme')->{key}, $recording->{sid}, $acme->{phone} or die "node: $!";
my $text = do { local $/; <$out> };
ok(close $out, 'the program runs') or BAIL_OUT('node');
my $said = JSON::PP->new->utf8->decode($text);

is($said->{call}{status}, 'queued', 'a call is made') or diag explain $said->{call};
is($said->{call}{direction}, 'outbound-api', '... outward');
is($said->{message}{status}, 'queued', 'a message is sent') or diag explain $said->{message};
is($said->{message}{body}, "Grüße & \x{1f600}", '... as it was written');
is($said->{fetch}, $said->{call}{sid}, 'the call is fetched');
is($said->{update}, 'completed', '... and ended');
is_deeply([sort @{ $said->{list} }], [sort map { $_->{sid} } $stub->rows('calls')], 'all calls are listed, page by page');
is($said->{recording}, $recording->{sid}, 'a recording is fetched');
is_deeply($said->{media}, { status => 206, range => 'bytes 10-19/65536', type => 'audio/mpeg', bytes => [10 .. 19] }, '... and a part of its sound');
is($said->{remove}, JSON::PP::true, 'a message is removed');
is($said->{user}, 0, 'any user name will do');

my %fault = (missing => [404, 20404], foreign => [400, 21212], forbidden => [404, 20404], keyless => [401, 20003]);
for my $step (sort keys %fault) {
    my ($status, $code) = @{ $fault{$step} };
    my $error = $said->{$step};
    is("$error->{error} $error->{status} $error->{code}", "RestException $status $code", "$step: the usual exception") or diag explain $error;
    is($error->{moreInfo}, "https://www.twilio.com/docs/errors/$code", "$step: ... with its page");
}

is(row('SELECT from_number FROM calls WHERE sid = ?', $said->{call}{sid}), $acme->{phone}, 'the call has a row');
is(row('SELECT body FROM messages WHERE sid = ?', $said->{message}{sid}), do { my $bytes = "Grüße & \x{1f600}"; $bytes }, 'the message has a row');
is($stub->log, '', 'the stub is well');
done_testing;
