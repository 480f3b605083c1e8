# SPDX-License-Identifier: Apache-2.0
#
# tenantctl twilio: check finds what a tenant's webhooks lack, simulate sends what Twilio would send.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use IO::Socket::INET;

use TenantTest;
use TenantTest::Command;
use TenantTest::Twilio;

my $database = 'tenantctl_twilio';
my $server = TenantTest::Server->start(database => database($database), server => <<'END');
<Location "/twilio">
    TenantHandler twilio
    TenantVoice dial number +12025550199
    TenantMessage "Thank you, %{TENANT:name} has it."
</Location>
<Location "/moved">
    TenantHandler twilio
    TenantPublicURL https://elsewhere.example.com
</Location>
END
my $tenant = tenant('acme')->{id};
my $acme   = TenantTest::Twilio->account($server, 'acme');
$acme->store(twilio_phone_number => '+12025550123');
my $token = $acme->{token};
my @both  = ('--database', site->conninfo($database, 'tenant_admin'), '--key-file', site->{key_file});
my $http  = "http://127.0.0.1:$server->{port}/twilio";
my $https = "https://127.0.0.1:$server->{tls_port}/twilio";
my @ca    = ('--ca', $server->{ca});
my @runs;

sub twilio {
    my $run = tenantctl('twilio', @_, @both);
    push @runs, $run;
    return $run;
}

sub simulate { return twilio('simulate', $tenant, @_) }
sub api      { return request(GET => "/v1/$_[0]/$_[1]", as => 'acme', to => $server)->json }

subtest 'each event arrives' => sub {
    my $call = sid('CA');
    my $run = simulate('voice', '--url', $https, @ca, '--sid', $call, '--from', '+12025550177', '--json');
    is_done($run, 'voice');
    is($run->json->{status}, 200, 'is answered');
    is($run->json->{sid}, $call, 'by its sid');
    like($run->json->{answer}, qr{<Number [^>]*>\+12025550199</Number>}, 'with TwiML');
    my $fragment = '#rc=3&amp;rp=ct,rt,5xx';
    like($run->json->{answer}, qr/statusCallback="\Q$https\E\/call-status\Q$fragment\E"/, 'that asks for repeats');
    my $row = api(calls => $call);
    is_deeply([@{$row}{qw(status from_number to_number direction)}], ['ringing', '+12025550177', '+12025550123', 'inbound'], 'the call is there');

    $run = simulate('call-status', '--url', $http, '--sid', $call, '--status', 'busy', '--duration', 7, '--json');
    is_done($run, 'call-status');
    is($run->json->{status}, 204, 'has no answer');
    $row = api(calls => $call);
    is_deeply([@{$row}{qw(status duration)}], ['busy', 7], 'the call has ended');
    like($row->{ended_at}, qr/\A20\d\d-/, 'at a time');

    my $leg = sid('CA');
    is_done(simulate('dial-status', '--url', $https, @ca, '--sid', $call, '--call-sid', $leg), 'dial-status');
    is(api(calls => $leg)->{parent_call_sid}, $call, 'the leg is there');
    is_done(simulate('voice-fallback', '--url', $https, '--insecure'), 'voice-fallback, whosever certificate it is');

    my $message = sid('SM');
    $run = simulate('message', '--url', $https, @ca, '--sid', $message, '--body', "Gr\xc3\xbc\xc3\x9fe & 1+1=2 'x' %41\xe2\x82\xac");
    is_done($run, 'message');
    like($run->{output}, qr{^answer: +<\?xml .*<Response><Message>Thank you, \w+ has it\.</Message></Response>$}m, 'the reply is on a line');
    is(api(messages => $message)->{body}, "Gr\x{fc}\x{df}e & 1+1=2 'x' %41\x{20ac}", 'its text is there');
    is_done(simulate('message-status', '--url', "$https/", @ca, '--sid', $message, '--status', 'failed'), 'message-status');
    is(api(messages => $message)->{status}, 'failed', 'the message has failed');

    my $recording = sid('RE');
    is_done(simulate('recording', '--url', $https, @ca, '--sid', $recording, '--call-sid', $call, '--duration', 11), 'recording');
    $row = api(recordings => $recording);
    is_deeply([@{$row}{qw(call_sid status duration channels)}], [$call, 'completed', 11, 2], 'the recording is there');
    like($row->{url}, qr{\Ahttps://api\.twilio\.com/.*/\Q$recording\E\z}, 'with a URL');

    my @sids = map { simulate('voice', '--url', $http, '--json')->json->{sid} } 1, 2;
    isnt($sids[0], $sids[1], 'without --sid each is a new one');
};

subtest 'what fails says why' => sub {
    my $free = TenantTest::Server::free_port();
    my $refused = sub {
        my ($status, $why, $name, @arguments) = @_;
        is_refused(twilio('simulate', @arguments), $status, $why, $name);
    };
    my $answered = sub {
        my ($status, $why, $name, @arguments) = @_;
        my $run = twilio('simulate', $tenant, @arguments);
        is($run->{status}, 1, $name);
        like($run->{output}, qr/^status: +$status$/m, "is answered $status");
        like($run->{errors}, qr/\Atenantctl: \S+ answered $status: .*$why.*\n\z/, 'and says what to look at');
    };
    $refused->(1, qr/Failed to connect.*does httpd run/, 'nobody listens', $tenant, 'voice', '--url', "http://127.0.0.1:$free/twilio");
    $refused->(1, qr/certificate.*--ca FILE.*--insecure/, 'a certificate of nobody known', $tenant, 'voice', '--url', $https);
    $refused->(1, qr/\S/, 'no TLS there', $tenant, 'voice', '--url', "https://127.0.0.1:$server->{port}/twilio");
    $refused->(1, qr/no tenant 2147483647/, 'no such tenant', 2147483647, 'voice', '--url', $http);
    $refused->(2, qr/an event is voice, .*or recording/, 'no such event', $tenant, 'fax', '--url', $http);
    $refused->(2, qr/--url says where to/, 'without --url', $tenant, 'voice');
    $refused->(2, qr/--url must be https/, "--url $_", $tenant, 'voice', '--url', $_)
        for 'ftp://a/b', 'host/path', 'https://', 'https:///x', 'https://:443/x', 'https://a/b?c', 'https://a/b#c', 'https://u:p@a/b', 'https://a/b c', '';
    $refused->(2, qr/EVENT is missing/, 'without an event', $tenant, '--url', $http);
    $answered->(404, 'TenantHandler twilio', 'another path', 'voice', '--url', $http =~ s/twilio$/nowhere/r);
    $answered->(404, 'TenantHandler twilio', 'the API', 'voice', '--url', $http =~ s/twilio$/v1/r);
    $answered->(403, 'TenantPublicURL', 'a server that knows itself by another URL', 'voice', '--url', $http =~ s/twilio$/moved/r);
    $answered->(400, 'the answer says why', 'a sid of another kind', 'voice', '--url', $http, '--sid', sid('SM'));

    TenantTest::Twilio->account($server, 'globex');
    sql({ database => $database }, 'UPDATE tenants SET twilio_auth_token = (SELECT twilio_auth_token FROM tenants WHERE id = ?) WHERE id = ?', tenant('globex')->{id}, $tenant);
    is_refused(simulate('voice', '--url', $http), 1, qr/auth token of tenant $tenant cannot be opened/, "another tenant's token");
    sql({ database => $database }, 'UPDATE tenants SET twilio_auth_token = ? WHERE id = ?', 'canary-in-clear', $tenant);
    is_refused(simulate('voice', '--url', $http), 1, qr/is stored in clear.*rewrap --plaintext/, 'a token in clear');
    sql({ database => $database }, 'UPDATE tenants SET twilio_auth_token = NULL WHERE id = ?', $tenant);
    is_refused(simulate('voice', '--url', $http), 1, qr/is not set: .*--twilio-auth-token/, 'no token');
    sql({ database => $database }, 'UPDATE tenants SET twilio_account_sid = NULL WHERE id = ?', $tenant);
    is_refused(simulate('voice', '--url', $http), 1, qr/has no AccountSid/, 'no account');
    $acme->store(twilio_account_sid => $acme->{sid}, twilio_auth_token => $token);
    is_done(simulate('voice', '--url', $http), 'once all is there again it works');
};

sub findings {
    my ($run) = @_;
    return [map {"$_->{check}: $_->{finding}"} @{ $run->json->{findings} }];
}

subtest 'check' => sub {
    my $run = twilio('check', $tenant, '--url', $https, @ca, '--json');
    is_done($run, 'all is well');
    is_deeply([@{ $run->json }{qw(clean id twilio_account_sid twilio_phone_number url)}],
        [JSON::PP::true, $tenant, $acme->{sid}, '+12025550123', $https], 'it says of what');
    is_deeply({ map { ($_->{webhook} => $_->{url}) } @{ $run->json->{webhooks} } },
        { (map { ($_ => "$https/$_") } qw(voice voice-fallback)),
            map { ($_ => "$https/$_#rc=3&rp=ct,rt,5xx") } qw(call-status message message-status recording) }, 'and the URLs');
    $run = twilio('check', $tenant, '--url', $https, @ca);
    like($run->{output}, qr/^clean: +true\n.*^call-status +\Q$https\E\/call-status#rc=3&rp=ct,rt,5xx +\S.*Without it such an event is lost/ms, 'to people too');

    is_deeply(findings(twilio('check', $tenant, '--json')), [], 'the custom domain is the URL') if tenant('acme')->{host};
    like(join("\n", @{ findings(twilio('check', $tenant, '--url', $http, '--json')) }), qr/\Atls: is in the clear[^\n]*\z/, 'not by TLS');
    like(findings(twilio('check', $tenant, '--url', $https, '--json'))->[0], qr/\Aserver: gives no answer: .*--ca FILE/, 'a certificate of nobody known');
    like(findings(twilio('check', $tenant, '--url', $https =~ s/twilio$/moved/r, @ca, '--json'))->[0], qr/\Aserver: answers a signed request 403: .*TenantPublicURL/, 'another URL');
    like(findings(twilio('check', $tenant, '--url', $https =~ s/twilio$/v1/r, @ca, '--json'))->[0], qr/\Aserver: answers a signed request 40\d: /, 'no webhooks');

    sql({ database => $database }, "UPDATE tenants SET status = 'inactive', twilio_auth_token = NULL, twilio_account_sid = NULL, twilio_phone_number = NULL, custom_domain = NULL WHERE id = ?", $tenant);
    $run = twilio('check', $tenant, '--json');
    is($run->{status}, 1, 'what is missing fails');
    is_deeply([map { $_->{check} } @{ $run->json->{findings} }], [qw(status account-sid auth-token phone-number url)], 'is found');
    is_deeply($run->json->{webhooks}, [], 'no URL is known');
    is(twilio('check', $tenant)->{status}, 1, 'nor to people');
};

subtest 'the token is nowhere' => sub {
    sql({ database => $database }, "UPDATE tenants SET status = 'active' WHERE id = ?", $tenant);
    $acme->store(twilio_account_sid => $acme->{sid}, twilio_auth_token => $token);
    my $deaf = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "socket: $!";
    my $run = start_tenantctl('twilio', 'simulate', $tenant, 'voice', '--url', 'http://127.0.0.1:' . $deaf->sockport . '/twilio', @both);
    my $client = $deaf->accept or die "accept: $!";
    my $sent = '';
    sysread $client, $sent, 65_536;
    like($sent, qr{\APOST /twilio/voice HTTP/1\.1\r\n.*^X-Twilio-Signature: \S{27}=\r$}ms, 'while it waits for an answer');
    for my $file (qw(cmdline environ)) {
        open my $in, '<', "/proc/$run->{pid}/$file" or die "$file: $!";
        local $/;
        unlike(<$in>, qr/\Q$token\E/, "no $file has it");
    }
    unlike($sent, qr/\Q$token\E/, 'nor what is sent');
    print $client "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:$server->{port}/twilio/voice\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    close $client;
    $run->wait;
    push @runs, $run;
    is($run->{status}, 1, 'a redirect is not followed');
    like($run->{errors}, qr/answered 302: the path leads elsewhere/, 'but told');
    my $all = join '', map {"$_->{output}$_->{errors}"} @runs;
    unlike($all, qr/\Q$token\E|canary/, 'nor anything that was printed');
    unlike($server->error_log->text, qr/\Q$token\E|canary/, "nor the server's log");
};

done_testing;
