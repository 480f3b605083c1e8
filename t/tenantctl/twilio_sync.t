# SPDX-License-Identifier: Apache-2.0
#
# tenantctl twilio sync: asks Twilio (a stub of it, t/twilio/stub.js) for what webhooks have missed. After any sequence of
# lost, repeated and reordered webhooks, and one sync, our rows are Twilio's.

use strict;
use warnings;

use List::Util qw(shuffle);
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Command;
use TenantTest::Fault qw(wait_until);
use TenantTest::Memory;
use TenantTest::Sync;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $seed = $ENV{TENANT_TEST_SEED} // time;
srand $seed;
diag "TENANT_TEST_SEED=$seed";

my $database = 'tenantctl_sync';
my $sync = TenantTest::Sync->start($database);
my ($server, $stub, $acme, $globex, $key) = @$sync{qw(server stub acme globex key)};
my @both = @{ $sync->{both} };
my %id = %{ $sync->{id} };

sub api { return request(GET => "/v1/$_[0]/$_[1]", as => $_[2] // 'acme', to => $server)->json }

# What a request sent as a header.
sub headers {
    my ($request, $name) = @_;
    my @pairs = @{ $request->{headers} };
    return map { $pairs[ 2 * $_ + 1 ] } grep { lc $pairs[ 2 * $_ ] eq lc $name } 0 .. $#pairs / 2;
}

subtest 'five thousand calls, on a bad day' => sub {
    $sync->introduce;
    $stub->fill(calls      => 5_000, { account_sid => $acme->{sid}, from => '+1202%d', duration => '%d' });
    $stub->fill(messages   => 450,   { account_sid => $acme->{sid}, body => "Gr\x{fc}\x{df}e %d \x{1f600}", status => 'undelivered', error_code => 30_003 });
    $stub->fill(recordings => 201,   { account_sid => $acme->{sid}, call_sid => sid('CA'), duration => '%d' });
    $stub->fill(calls      => 7,     { account_sid => $globex->{sid} });
    $stub->faults(
        { fault => 'answer', match => '/Calls.json.*Page=3', status => 429, code => 20_429, headers => { 'Retry-After' => '2' } },
        { fault => 'break',  match => '/Calls.json.*Page=7' },
        { fault => 'break',  match => '/Calls.json.*Page=7', bytes => 0 },
        { fault => 'answer', match => '/Messages.json', status => 503 },
    );
    is_synced($sync->run($id{acme}), 'the first', done => JSON::PP::true, calls => 5_000, messages => 450, recordings => 201, asked => 0,
        stored => 5_651, foreign => 0, gone => 0, requests => 25 + 3 + 2 + 4, error => undef);
    $sync->are_equal('acme', 'after it');
    is_deeply($sync->rows_of_ours(calls => 'globex'), {}, "another tenant's are not asked for");

    my @requests = $stub->requests;
    is(scalar(lists('Calls', @requests)), 28, 'what broke was asked again, and no other page');
    my ($refused, $again) = grep { $_->{url} =~ /Calls.*Page=3/ } @requests;
    is($again->{url}, $refused->{url}, 'so was what was refused');
    cmp_ok($again->{time} - $refused->{time}, '>=', 2, 'not ahead of Retry-After');
    is_deeply([grep { line(headers($_, 'Authorization')) ne 'Basic ' . encode_base64($sync->{login}{acme}, '') } @requests], [], 'by the API key alone');
    is_deeply([grep { !$_->{secure} || $_->{method} ne 'GET' } @requests], [], 'all of it over TLS');
    my ($since) = $requests[0]{url} =~ m{^/2010-04-01/Accounts/\Q$acme->{sid}\E/Calls\.json\?PageSize=200&StartTime%3E=(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)$};
    is_ago($since // '', 7 * 86_400, 'the last week');
    like((lists('Messages', @requests))[0]{url}, qr/\?PageSize=200&DateSent%3E=\Q$since\E$/, 'messages too');
    like((lists('Recordings', @requests))[0]{url}, qr/\?PageSize=200&DateCreated%3E=\Q$since\E$/, 'and recordings');

    my $versions = row({ database => $database }, 'SELECT sum(row_version) FROM calls');
    is_synced($sync->run($id{acme}), 'another', calls => 5_000, stored => 0, requests => 25 + 3 + 2);
    is(row({ database => $database }, 'SELECT sum(row_version) FROM calls'), $versions, 'which writes nothing');
    is($stub->log, '', 'the stub is well');
};

subtest 'what is merged stays' => sub {
    $sync->introduce;
    $stub->fill(calls => 1_000, { account_sid => $globex->{sid} });
    $stub->put(messages => { account_sid => $globex->{sid} });
    $stub->faults({ fault => 'answer', match => '/Calls.json.*Page=2', status => 400, code => 20_001 });
    my $run = $sync->run($id{globex});
    is_failed($run, qr/answers 400 \(Twilio's error 20001\)/, 'a list that breaks off');
    is(keys %{ $sync->rows_of_ours(calls => 'globex') }, 400, 'leaves what it had');
    is(keys %{ $sync->rows_of_ours(messages => 'globex') }, 1, 'and does not keep the other lists');
    is_deeply([@{ $run->json->{tenants}[0] }{qw(done calls messages stored)}], [JSON::PP::false, 400, 1, 401], 'which the summary says');
    is_synced($sync->run($id{globex}), 'the next one', calls => 1_000, stored => 600);
    $sync->are_equal('globex', 'after it');
    my ($request) = $stub->requests;
    is_deeply([headers($request, 'Authorization')], ['Basic ' . encode_base64($sync->{login}{globex}, '')], 'by the auth token, where there is no API key');

    $stub->faults({ fault => 'answer', match => '/Recordings', status => 503, times => 0 });
    is_failed($sync->run($id{globex}), qr/answers 503/, 'what does not pass');
    is(scalar(lists('Recordings', $stub->requests)), 6, 'is asked six times');
    $stub->faults({ fault => 'answer', match => '/Recordings', status => 429, headers => { 'Retry-After' => '86400' }, times => 0 });
    is_failed($sync->run($id{globex}), qr/answers 429.*ask again in 86400 s/, 'who is told to wait a day');
    is(scalar(lists('Recordings', $stub->requests)), 1, 'does not wait');
    $stub->faults({ fault => 'stall', match => '/Calls' });
    is_synced($sync->run($id{globex}), 'a silent server is asked again', stored => 0);
};

# --- Webhooks -----------------------------------------------------------------------------------------------------

sub stamp { return strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime $_[0]) }

sub one_of { return $_[rand @_] }

# What happened to a call: Twilio's rows of it and of its recording, and the events that told of both.
sub call_story {
    my ($n) = @_;
    my ($sid, $began, $end) = (sid('CA'), int(time - 90_000 + 60 * $n), one_of(qw(completed completed busy no-answer failed canceled)));
    my $is_open = rand() < 0.1;
    my $length = $end eq 'completed' ? 1 + int rand 40 : 0;
    my %row = (sid => $sid, account_sid => $acme->{sid}, from => "+1202555$n", to => '+12025550123', direction => 'inbound', date_created => $began,
        status => $is_open ? 'in-progress' : $end, $is_open ? () : (duration => "$length", end_time => $began + 50));
    my @common = (CallSid => $sid, From => $row{from}, To => $row{to}, Direction => 'inbound');
    my @events = (['voice', @common, CallStatus => 'ringing'],
        ['call-status', @common, CallStatus => 'ringing', Timestamp => stamp($began + 1)],
        $is_open || $length ? ['call-status', @common, CallStatus => 'in-progress', Timestamp => stamp($began + 10)] : (),
        $is_open ? () : ['call-status', @common, CallStatus => $end, CallDuration => $length, Timestamp => stamp($began + 50)]);
    return (\%row, [], \@events) if $is_open || !$length;

    my $recording = sid('RE');
    my $url = "https://api.twilio.com/2010-04-01/Accounts/$acme->{sid}/Recordings/$recording";
    push @events, ['recording', RecordingSid => $recording, CallSid => $sid, RecordingStatus => 'completed', RecordingUrl => $url,
        RecordingDuration => $length, RecordingChannels => 2, RecordingSource => 'OutboundAPI'];
    return (\%row, [{ sid => $recording, account_sid => $acme->{sid}, call_sid => $sid, duration => "$length", date_created => $began }], \@events);
}

sub message_story {
    my ($n) = @_;
    my ($sid, $end) = (sid('SM'), one_of(qw(sent delivered undelivered failed read queued)));
    my $error = $end =~ /failed|undelivered/ ? 30_005 : undef;
    my $began = int(time - 80_000 + $n);
    my %row = (sid => $sid, account_sid => $acme->{sid}, from => '+12025550123', to => "+1303555$n", body => "text $n", status => $end,
        error_code => $error, date_created => $began, date_sent => $began);
    my @common = (MessageSid => $sid, SmsSid => $sid, From => $row{from}, To => $row{to});
    my @events = map { ['message-status', @common, MessageStatus => $_, $_ eq $end && $error ? (ErrorCode => $error) : ()] }
        $end eq 'queued' ? ('queued') : ('queued', 'sending', $end eq 'failed' || $end eq 'sent' ? () : 'sent', $end);
    return (\%row, \@events);
}

sub missed { return scalar grep { $acme->event(@$_)->status !~ /^20/ } @_ }

subtest 'webhooks that are lost, repeated and out of order' => sub {
    $sync->introduce;
    my (@calls, @recordings, @messages, @events);
    for my $n (1000 .. 1119) {
        my ($call, $recordings, $events) = call_story($n);
        push @calls, $call;
        push @recordings, @$recordings;
        push @events, @$events;
        my ($message, $more) = message_story($n);
        push @messages, $message;
        push @events, @$more;
    }
    $stub->put(calls => @calls);
    $stub->put(messages => @messages);
    $stub->put(recordings => @recordings);
    my @sent = shuffle map { ($_) x (rand() < 0.2 ? 2 : 1) } grep { rand() < 0.6 } @events;
    my @later = splice @sent, @sent / 2;
    is(missed(@sent), 0, 'some of the events');
    is_synced($sync->run($id{acme}), 'in the midst of them', foreign => 0);
    is(missed(@later), 0, 'others, some of them again');
    $sync->are_equal('acme', 'after all');

    $stub->change(calls => $_->{sid}, status => 'completed') for grep { $_->{status} eq 'in-progress' } @calls;
    is_synced($sync->run($id{acme}), 'when nothing was told', foreign => 0);
    $sync->are_equal('acme', 'after that');
};

subtest 'nothing goes back' => sub {
    $sync->introduce;
    my ($call) = $stub->put(calls => { account_sid => $acme->{sid}, status => 'in-progress' });
    $acme->event('call-status', CallSid => $call->{sid}, CallStatus => 'completed', CallDuration => 9, ParentCallSid => sid('CA'), Timestamp => stamp(time));
    my $before = api(calls => $call->{sid});
    is_synced($sync->run($id{acme}), 'a list that is behind', calls => 1, asked => 0);
    my $row = api(calls => $call->{sid});
    my @known = qw(status duration parent_call_sid ended_at);
    is_deeply([@{$row}{@known}], [@{$before}{@known}], 'leaves what is known');
    is($row->{to_number}, $call->{to}, 'and adds to it');
};

subtest 'what no list has' => sub {
    $sync->introduce;
    my $month = int time - 30 * 86_400;
    my ($ended, $open) = $stub->put(calls => map { +{ account_sid => $acme->{sid}, status => $_, date_created => $month } } qw(completed in-progress));
    my ($unsent) = $stub->put(messages => { account_sid => $acme->{sid}, status => 'canceled' });
    my ($made) = $stub->put(recordings => { account_sid => $acme->{sid}, date_created => $month, call_sid => $ended->{sid} });
    my $lost = sid('CA');
    missed(map({ ['voice', CallSid => $_, CallStatus => 'ringing'] } $ended->{sid}, $open->{sid}, $lost),
        ['message-status', MessageSid => $unsent->{sid}, MessageStatus => 'scheduled'],
        ['recording', RecordingSid => $made->{sid}, CallSid => $ended->{sid}, RecordingStatus => 'in-progress'],
        ['call-status', CallSid => sid('CA'), CallStatus => 'busy']);
    is_synced($sync->run($id{acme}), 'is asked for one by one', calls => 0, asked => 5, stored => 4, gone => 1);
    is_deeply([map { $_->{url} =~ m{/(\w{34})\.json$} ? $1 : () } $stub->requests], [map({ $_->{sid} } $ended, $open), $lost, $unsent->{sid}, $made->{sid}],
        'if it is not finished');
    is(api(calls => $ended->{sid})->{status}, 'completed', 'a call that was stuck has ended');
    is(api(calls => $open->{sid})->{status}, 'in-progress', 'one that goes on goes on');
    is(api(calls => $lost)->{status}, 'ringing', 'one that Twilio does not know stays');
    is(api(messages => $unsent->{sid})->{status}, 'canceled', 'a message that was never sent');
    is(api(recordings => $made->{sid})->{status}, 'completed', 'a recording');
    is_synced($sync->run($id{acme}, '--since', '60d'), 'with an earlier --since the lists have them', calls => 2, recordings => 1, asked => 1, gone => 1);
    $stub->faults({ fault => 'answer', match => "/$lost.json", status => 200, body => $open });
    is_failed($sync->run($id{acme}), qr/the answer of $lost is not understood: it has another sid/, 'the answer of another one is none');
};

subtest 'a row that somebody else is writing' => sub {
    $sync->introduce;
    my ($held, $free) = $stub->put(calls => { account_sid => $acme->{sid} }, { account_sid => $acme->{sid} });
    missed(['voice', CallSid => $held->{sid}, CallStatus => 'ringing']);
    my $dbh = site->dbh($database);
    my $wait = sub {
        my ($seconds) = @_;
        $dbh->begin_work;
        $dbh->do(q{UPDATE calls SET from_number = from_number WHERE sid = ?}, undef, $held->{sid});
        my $run = start_tenantctl($sync->arguments($id{acme}));
        wait_until { row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND usename = 'tenant_admin' AND wait_event_type = 'Lock'}, $database) };
        sleep $seconds;
        $dbh->commit;
        return $sync->keep($run->wait);
    };
    is_synced($wait->(3), 'longer than PostgreSQL waits', stored => 2);
    $sync->are_equal('acme', 'after it');
    sql({ database => $database }, 'DELETE FROM calls WHERE sid = ?', $free->{sid});
    sql({ database => $database }, q{UPDATE calls SET status = 'ringing'});
    is_failed($wait->(9), qr/the database says: .*lock timeout/, 'longer than anybody does');
    is(keys %{ $sync->rows_of_ours(calls => 'acme') }, 1, 'then nothing of the page is stored');
};

subtest "another tenant's" => sub {
    $sync->introduce;
    my $sid = sid('CA');
    $globex->event('call-status', CallSid => $sid, CallStatus => 'busy', From => '+1', To => '+2');
    my $before = $sync->rows_of_ours(calls => 'globex');
    $stub->put(calls => { sid => $sid, account_sid => $acme->{sid} }, { account_sid => $acme->{sid} });
    # Where calls are divided each tenant may have a call of that sid.
    my $is_divided = TenantTest::Site::partitions();
    is_synced($sync->run($id{acme}), 'a sid that another tenant has', calls => 2, $is_divided ? (stored => 2) : (stored => 1, foreign => 1));
    is_deeply($sync->rows_of_ours(calls => 'globex'), $before, 'is let be');
    is(keys %{ $sync->rows_of_ours(calls => 'acme') }, $is_divided ? 2 : 1, 'by both');
};

subtest 'an account of two tenants' => sub {
    $sync->introduce;
    my $shared = TenantTest::Twilio->account($server, 'globex', sid => $acme->{sid}, token => $acme->{token});
    $shared->store(twilio_phone_number => '+12025550177');
    my ($ours, $theirs) = $stub->put(calls => map { +{ account_sid => $acme->{sid}, from => '+13035550100', to => $_ } } qw(+12025550123 +12025550177 +12025550188));
    my ($recording) = $stub->put(recordings => map { +{ account_sid => $acme->{sid}, call_sid => $_->{sid} } } $ours, $theirs);
    my ($leg) = $stub->put(calls => { account_sid => $acme->{sid}, parent_call_sid => $ours->{sid}, to => '+4', from => '+3', date_created => int time - 100 });
    is_synced($sync->run($id{acme}), 'one of them', calls => 4, recordings => 2, foreign => 4, stored => 2);
    is_synced($sync->run($id{acme}), 'again', stored => 1);
    is_deeply([sort keys %{ $sync->rows_of_ours(calls => 'acme') }], [sort $ours->{sid}, $leg->{sid}], 'gets the calls of its number, and their legs');
    is_deeply([keys %{ $sync->rows_of_ours(recordings => 'acme') }], [$recording->{sid}], 'and their recordings');
    is_synced($sync->run($id{globex}), 'the other', stored => 2);
    is_deeply([keys %{ $sync->rows_of_ours(calls => 'globex') }], [$theirs->{sid}], 'gets its own');
    TenantTest::Twilio->account($server, 'globex', sid => $globex->{sid}, token => $globex->{token});
};

subtest 'all tenants' => sub {
    $sync->introduce;
    $stub->put(calls => { account_sid => $_->{sid} }) for $acme, $globex;
    my $run = $sync->run('--all');
    is_done($run, '--all');
    is_deeply([map { [@{$_}{qw(id done calls stored)}] } @{ $run->json->{tenants} }], [map { [$_, JSON::PP::true, 1, 1] } sort { $a <=> $b } @id{qw(acme globex)}],
        'are those with an account');
    $stub->put(calls => { account_sid => $_->{sid} }) for $acme, $globex;
    $stub->account($acme->{sid}, $acme->{token}, { $key => 'another' });
    $run = $sync->run('--all');
    is_failed($run, qr/answers 401 \(Twilio's error 20003\): it does not take the credentials of $key/, 'one that fails');
    is_deeply({ map { $_->{id} => $_->{done} } @{ $run->json->{tenants} } }, { $id{acme} => JSON::PP::false, $id{globex} => JSON::PP::true }, 'does not keep the others');
    is(keys %{ $sync->rows_of_ours(calls => 'globex') }, 2, 'from their rows');

    my $nobody = 'https://127.0.0.1:' . TenantTest::Server::free_port();
    $run = $sync->keep(tenantctl('twilio', 'sync', '--all', '--base-url', $nobody, '--json', @both));
    is(scalar(my @lines = $run->{errors} =~ /^tenantctl: tenant \d+: \Q$nobody\E cannot be reached: .*$/mg), 2, 'where nobody listens all fail');
    is_deeply([map { $_->{requests} } @{ $run->json->{tenants} }], [6 + 2, 3], 'and only the first of them waits');

    my $stored = sub { sql({ database => $database }, 'UPDATE tenants SET twilio_api_key_secret = ? WHERE id = ?', $_[0], $id{acme}) };
    my $sealed = row({ database => $database }, 'SELECT twilio_api_key_secret FROM tenants WHERE id = ?', $id{acme});
    $stub->requests;
    $stored->('canary-in-clear');
    is_failed($sync->run($id{acme}), qr/the API key secret is stored in clear/, 'a secret in clear');
    $stored->($sealed =~ s/.{4}\z/AAAA/r);
    is_failed($sync->run($id{acme}), qr/the API key secret cannot be opened/, 'one that was altered');
    is(scalar(my @none = $stub->requests), 0, 'nor is the token used then');
    $stored->(undef);
    is_synced($sync->run($id{acme}), 'without one it is', stored => 1);
    $stored->($sealed);
};

# --- The command line -----------------------------------------------------------------------------------------------

subtest 'usage' => sub {
    is_refused(tenantctl('twilio', 'sync', @both), 2, qr/TENANT\|--all is missing/, 'without a tenant');
    is_refused(tenantctl('twilio', 'sync', $id{acme}, '--all', @both), 2, qr/words beyond/, 'a tenant and all of them');
    is_refused($sync->run($id{acme}, '--since', $_), 2, qr/--since/, "--since '$_'")
        for '', 'd', '7', '7w', '-1d', '1.5d', 'yesterday', '2026-02-30', '2026-11-20T12:00', '2026-11-20 12:00:00', '2999-01-01', '99999999999999d', '7d ';
    is_refused(tenantctl('twilio', 'sync', $id{acme}, '--base-url', $_, @both), 2, qr/--base-url must be https/, "--base-url '$_'")
        for '', 'api.twilio.com', 'http://api.twilio.com', 'http://127.0.0.1.example.com', 'http://localhost@example.com', 'ftp://127.0.0.1', 'https://', 'https:///x', 'https://u:p@a', 'https://a?b', 'https://a#b';
    is_refused($sync->run(2_147_483_647), 1, qr/no tenant 2147483647/, 'no such tenant');
    is_failed($sync->run($id{closed}), qr/has no AccountSid/, 'a tenant without an account');
    $sync->introduce;
    my $asked = sub { return ($stub->requests)[0]{url} =~ s/.*=//r };
    is_synced($sync->run($id{acme}, '--since', '2026-11-20'), '--since DATE');
    is($asked->(), '2026-11-20T00:00:00Z', 'is its midnight');
    is_synced($sync->run($id{acme}, '--since', '2026-11-20T12:13:14Z'), '--since TIME');
    is($asked->(), '2026-11-20T12:13:14Z', 'is that');
    is_synced($sync->run($id{acme}, '--since', '36h'), '--since 36h');
    is_ago($asked->(), 36 * 3_600, 'is so long ago');
    my $run = tenantctl('twilio', 'sync', $id{acme}, '--base-url', $stub->http . '/', @both);
    is_done($run, 'http:// of this machine');
    like($run->{output}, qr/^ID +DONE +CALLS +MESSAGES.*\n$id{acme} +true +0 /, 'and a table for people');
};

subtest 'the sample for systemd' => sub {
    $sync->introduce;
    my $service = do { local (@ARGV, $/) = 'conf/tenant-sync.service'; <> };
    my ($arguments) = $service =~ m{^ExecStart=/usr/bin/tenantctl (.*)$}m;
    my $run = tenantctl(split(/ /, $arguments), '--base-url', $stub->https, '--ca', $stub->ca, @both);
    is_done($run, "tenantctl $arguments");
    is_ago(($stub->requests)[0]{url} =~ s/.*=//r, 86_400, 'asks for the last day');
};

subtest 'progress' => sub {
    $sync->introduce;
    $stub->fill(calls => 450, { account_sid => $acme->{sid} });
    my $run = tenantctl({ asked => qr/"requests"/ }, $sync->arguments($id{acme}));
    like($run->{output}, qr/\r\e\[Ktenant $id{acme}: 200 calls, .*\r\e\[Ktenant $id{acme}: 450 calls, .* 450 stored.*\r\e\[K\{/s, 'is shown on a terminal');
};

subtest 'the secrets are nowhere' => sub {
    $sync->introduce;
    $stub->put(calls => { account_sid => $acme->{sid} });
    $stub->faults({ fault => 'answer', match => '/Calls', status => 200, body => {}, delay => 3_000 });
    my $run = start_tenantctl($sync->arguments($id{acme}));
    my $until = time + 20;
    sleep 0.05 until $stub->requests || time > $until;
    for my $file (qw(cmdline environ)) {
        open my $in, '<', "/proc/$run->{pid}/$file" or die "$file: $!";
        local $/;
        my $text = <$in>;
        is(scalar(grep { index($text, $_) >= 0 } @{ $sync->{secrets} }), 0, "no $file has them");
    }
    $sync->keep($run->wait);

    $stub->faults({ fault => 'answer', match => "$globex->{sid}/Calls", status => 200, body => {}, delay => 9_000 });
    $stub->requests;
    $run = start_tenantctl($sync->arguments('--all'));
    $until = time + 20;
    sleep 0.05 until (grep { $_->{url} =~ /\Q$globex->{sid}\E/ } $stub->requests) || time > $until;
    my %copies;
    for my $text (@{ $sync->{secrets} }) {
        $copies{$text} = copies_in($run->{pid}, $text);
    }
    kill TERM => $run->{pid};
    $sync->keep($run->wait);
    SKIP: {
        skip 'a sanitizer keeps what is freed', 3 if $ENV{TENANT_TEST_PRELOAD};
        skip 'the memory of another process cannot be read', 3 unless defined $copies{ $sync->{secret} };
        cmp_ok($copies{ $globex->{token} }, '>', 0, 'while a tenant is asked for, its secret is in memory');
        is($copies{ $sync->{secret} }, 0, "not that of one who is done");
        is($copies{ encode_base64($sync->{login}{acme}, '') }, 0, 'nor as it was sent');
    }
    $sync->are_secrets_kept;
    is(scalar(grep { index($server->error_log->text, $_) >= 0 } @{ $sync->{secrets} }), 0, "nor the server's log");
};

done_testing;
