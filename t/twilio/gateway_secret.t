# SPDX-License-Identifier: Apache-2.0
#
# Of a tenant's Twilio credentials nothing is left anywhere: in no log, however much httpd writes there, in nothing that a
# client sees, and not in the memory of a child.

use strict;
use warnings;

use File::Find ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Gateway;
use TenantTest::Memory;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $gateway = TenantTest::Gateway->start(processes => 1, log_level => 'trace8', location => "TenantGatewayRate off\nTenantForward on", server => <<'END');
LoadModule dumpio_module /usr/lib/apache2/modules/mod_dumpio.so
DumpIOInput on
DumpIOOutput on
ProxyTimeout 2
ForensicLog "${test_logs}/forensic_log"
LogFormat "%{Authorization}i %{Authorization}o %{Proxy-Authorization}i %{TENANT_ID}e %{proxy-status}n" more
CustomLog "${test_logs}/more_log" more
RequestHeader set X-Echo "expr=%{HTTP:Authorization}"
Header always set X-Echo "expr=%{HTTP:Authorization}"
END
my $stub = $gateway->stub;
# mod_dumpio writes what clients send: the secrets come by another server
my $acme = $gateway->account('acme', by => site->{server});
my $globex = $gateway->account('globex', by => site->{server}, key => 0, phone => '+12025550177');

# What a secret, and the pair that it is part of, may look like.
my %canary = (
    'a secret'            => $acme->{secret},
    'a token'             => $globex->{token},
    "acme's token"        => $acme->{token},
    'credentials'         => encode_base64("$acme->{key}:$acme->{secret}", ''),
    'credentials, by token' => encode_base64("$globex->{sid}:$globex->{token}", ''),
);

my $responses = '';

sub keep {
    my ($response) = @_;
    $responses .= join "\n", $response->status, @{ $response->{headers} }, $response->body // '';
    return $response;
}

for my $tenant ($acme, $globex) {
    my $client = $gateway->server->client;
    for (1 .. 5) {
        is(keep($tenant->get('Calls.json', on => $client))->status, 200, "$tenant->{name}: a list");
        is(keep($tenant->call({ on => $client }))->status, 201, "$tenant->{name}: a call");
    }
    my ($recording) = $stub->put(recordings => { account_sid => $tenant->{sid} });
    is(keep($tenant->get("Recordings/$recording->{sid}.mp3", headers => [Range => 'bytes=0-9']))->status, 206, "$tenant->{name}: media");
    keep($tenant->call(From => '+1'));
    keep($tenant->get('Keys.json'));
    for my $fault ({ fault => 'break' }, { fault => 'stall' }, { fault => 'raw', text => "nothing\r\n" },
        { fault => 'answer', status => 302, headers => { Location => 'https://127.0.0.1:1/' } },
        { fault => 'answer', status => 500 }, { fault => 'answer', status => 401 }) {
        $stub->faults($fault);
        keep($tenant->get('Calls.json'));
    }
}

my $bearer = 0;
for my $request ($stub->requests) {
    my @headers = @{ $request->{headers} };
    my @values = map { lc $headers[2 * $_] eq 'authorization' ? $headers[2 * $_ + 1] : () } 0 .. $#headers / 2;
    $bearer++ if @values != 1 || $values[0] !~ /^Basic (?:\Q$canary{credentials}\E|\Q$canary{'credentials, by token'}\E)\z/;
}
is($bearer, 0, "Twilio always gets one Authorization, the tenant's");

sub files {
    my %text;
    File::Find::find({ no_chdir => 1, wanted => sub {
        return unless -f;
        open my $file, '<:raw', $_ or return;
        local $/;
        $text{$_} = <$file>;
    } }, $gateway->server->root);
    return \%text;
}

my %found;
my $text = files();
for my $what (sort keys %canary) {
    ok(!grep({ index($text->{$_}, $canary{$what}) >= 0 } keys %$text), "no file has $what") or diag join "\n", grep { index($text->{$_}, $canary{$what}) >= 0 } keys %$text;
    is(index($responses, $canary{$what}), -1, "no client sees $what");
}
my ($log) = map { $text->{$_} } grep { m{/error_log$} } keys %$text;
like($log, qr/mod_dumpio:.*Authorization: Basic mod_tenant_mark_/, 'what goes to Twilio is in the log, as far as others see it');
like($log, qr/:trace7\].*ssl/, '... and what TLS makes of it');
unlike($responses, qr/mod_tenant_mark_/, 'no client sees a mark');

SKIP: {
    skip 'a sanitizer keeps what is freed', 1 if $ENV{TENANT_TEST_PRELOAD};
    my ($worker) = $gateway->server->workers;
    skip 'no process may read another one\'s memory', 1 unless defined copies_in($worker, 'x');
    for my $what (sort keys %canary) {
        my $copies;
        for (1 .. 200) {
            last unless $copies = copies_in($worker, $canary{$what});
            sleep 0.1;
        }
        is($copies, 0, "nowhere in memory there is $what");
    }
}

is($stub->log, '', 'the stub is well');
done_testing;
