# SPDX-License-Identifier: Apache-2.0
#
# What events leave behind: each hook with what Twilio sends to it, in any order and any number of times, from whomever.

use strict;
use warnings;
use utf8;

use JSON::PP ();
use List::Util qw(shuffle);
use Test::More;
use TenantTest;
use TenantTest::Twilio;

binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

my $seed = $ENV{TENANT_TEST_SEED} // time ^ $$ << 8;
srand $seed;
diag "TENANT_TEST_SEED=$seed";

my $server = TenantTest::Server->start(log_level => 'info', server => <<'END');
<Location "/twilio">
    TenantHandler twilio
    TenantVoice dial number +12025550199
</Location>
END
my $acme = TenantTest::Twilio->account($server, 'acme');
my $globex = TenantTest::Twilio->account($server, 'globex');

sub get { my ($what, $sid, $as) = @_; return request(GET => "/v1/$what/$sid", as => $as // 'acme', to => $server) }

# That a row is what GET says, but for what no event says.
sub is_row {
    my ($what, $sid, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $response = get($what, $sid);
    is_status($response, 200, "$name: there is a row") or return;
    my %got = %{ $response->json };
    delete @got{qw(id created_at)};
    my %full = map { $_ => undef } keys %got;
    return is_deeply(\%got, { %full, tenant_id => tenant('acme')->{id}, sid => $sid, %$want }, $name);
}

# --- Each hook ------------------------------------------------------------------------------------------------

# What Twilio sends along with all of a call's events.
my @geo = map { my $who = $_; map { ("$who$_" => "") } qw(City State Zip) } qw(From To Caller Called);
my @call = (ApiVersion => '2010-04-01', From => '+12025550100', To => '+12025550123', Caller => '+12025550100', Called => '+12025550123',
    @geo, FromCountry => 'US', Direction => 'inbound', CallToken => '{"parentCallInfoToken":"eyJhbGciOiJFUzI1NiJ9"}', StirVerstat => 'TN-Validation-Passed-A');
my %call = (from_number => '+12025550100', to_number => '+12025550123', direction => 'inbound');

sub progress { return (CallbackSource => 'call-progress-events', SequenceNumber => shift, @_) }

for my $hook (qw(voice voice-fallback)) {
    my $sid = sid('CA');
    my $response = $acme->event($hook, CallSid => $sid, CallStatus => 'ringing', @call, $hook eq 'voice' ? ()
        : (ErrorCode => 11200, ErrorUrl => 'https://hooks.example.com/twilio/voice'));
    is_status($response, 200, "$hook: answered");
    is_row(calls => $sid, { %call, status => 'ringing' }, $hook);
}

{
    my $sid = sid('CA');
    my @events = (
        ['call-status', CallSid => $sid, CallStatus => 'initiated', @call, progress(0, Timestamp => 'Sat, 28 Nov 2026 09:59:50 +0000')],
        ['call-status', CallSid => $sid, CallStatus => 'ringing', @call, progress(1, Timestamp => 'Sat, 28 Nov 2026 09:59:52 +0000')],
        ['call-status', CallSid => $sid, CallStatus => 'in-progress', @call, progress(2, Timestamp => 'Sat, 28 Nov 2026 10:00:00 +0000')],
        ['call-status', CallSid => $sid, CallStatus => 'completed', @call, progress(3, Timestamp => 'Sat, 28 Nov 2026 10:01:05 +0000',
            Duration => 2, CallDuration => 65, SipResponseCode => 200)],
    );
    for (@events) {
        is_status($acme->event(@$_), 204, "call-status: $_->[4]");
        is(get(calls => $sid)->json->{status}, $_->[4], '... stored');
    }
    is_row(calls => $sid, { %call, status => 'completed', duration => 65, answered_at => '2026-11-28T10:00:00Z', ended_at => '2026-11-28T10:01:05Z' },
        'call-status');
}

{
    my ($sid, $leg) = (sid('CA'), sid('CA'));
    my $response = $acme->event('dial-status', CallSid => $sid, CallStatus => 'in-progress', @call, DialCallSid => $leg,
        DialCallStatus => 'no-answer', DialCallDuration => 0, DialBridged => 'false');
    is_status($response, 200, 'dial-status: answered');
    is($response->body =~ s/\s+\z//r, qq{<?xml version="1.0" encoding="UTF-8"?>\n<Response></Response>}, '... that the call is over');
    is_row(calls => $sid, { %call, status => 'in-progress' }, 'dial-status: the call');
    is_row(calls => $leg, { status => 'no-answer', parent_call_sid => $sid, direction => 'outbound-dial', duration => 0 }, 'dial-status: its leg');
    is_status($acme->event('dial-status', CallSid => $sid, CallStatus => 'completed', DialCallStatus => 'failed'), 200, 'dial-status: without a leg');
}

{
    my $sid = sid('SM');
    my @media = map { ("MediaUrl$_" => "https://api.twilio.com/media/$_", "MediaContentType$_" => 'image/png') } 0 .. 1;
    my $response = $acme->event('message', ToCountry => 'US', SmsMessageSid => $sid, NumMedia => 2, ToCity => '', SmsSid => $sid, SmsStatus => 'received',
        Body => "Zoë 😀\n'; DROP TABLE calls; --", MessagingServiceSid => 'MG' . '0' x 32, To => '+12025550123', NumSegments => 1,
        MessageSid => $sid, From => '+12025550100', ApiVersion => '2010-04-01', @media);
    is_status($response, 200, 'message: answered');
    is($response->body =~ s/\s+\z//r, qq{<?xml version="1.0" encoding="UTF-8"?>\n<Response></Response>}, '... without a reply');
    my $got = get(messages => $sid)->json;
    is_deeply(JSON::PP->new->decode(delete $got->{media}), [map { { url => "https://api.twilio.com/media/$_", type => 'image/png' } } 0 .. 1],
        'message: its media');
    delete @$got{qw(id created_at)};
    is_deeply($got, { tenant_id => tenant('acme')->{id}, sid => $sid, status => 'received', body => "Zoë 😀\n'; DROP TABLE calls; --",
        from_number => '+12025550100', to_number => '+12025550123', direction => 'inbound', num_media => 2, error_code => undef }, 'message');
}

{
    my $sid = sid('SM');
    request(POST => '/v1/messages', as => 'acme', to => $server, json => { sid => $sid, body => 'Hello', from_number => '+1', to_number => '+2' });
    my @same = (MessageSid => $sid, SmsSid => $sid, From => '+12025550123', To => '+12025550100', ApiVersion => '2010-04-01');
    is_status($acme->event('message-status', @same, MessageStatus => 'sent', SmsStatus => 'sent'), 204, 'message-status: sent');
    is_status($acme->event('message-status', @same, MessageStatus => 'undelivered', SmsStatus => 'undelivered', ErrorCode => 30003,
        RawDlrDoneDate => '2611280959'), 204, 'message-status: undelivered');
    is_status($acme->event('message-status', MessageSid => $sid, MessageStatus => 'queued', Body => '', ErrorCode => ''), 204, 'message-status: a late one');
    my $got = get(messages => $sid)->json;
    is_deeply([@$got{qw(status error_code body direction)}], ['undelivered', 30003, 'Hello', 'outbound'], 'message-status: nothing is erased');
}

{
    my ($sid, $call) = (sid('RE'), sid('CA'));
    my @same = (CallSid => $call, RecordingSid => $sid, RecordingUrl => "https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/$sid",
        RecordingSource => 'StartCallRecordingTwiML', RecordingTrack => 'both', RecordingStartTime => 'Sat, 28 Nov 2026 10:00:00 +0000', RecordingChannels => 2);
    is_status($acme->event('recording', @same, RecordingStatus => 'in-progress'), 204, 'recording: begun');
    is_status($acme->event('recording', @same, RecordingStatus => 'completed', RecordingDuration => 61, ErrorCode => 0), 204, 'recording: completed');
    is_row(recordings => $sid, { status => 'completed', call_sid => $call, url => "https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/$sid",
        source => 'StartCallRecordingTwiML', channels => 2, duration => 61 }, 'recording');
}

is_problem($acme->event('nothing', CallSid => sid('CA')), 404, 'not-found', 'no other hook');
is_problem($acme->event({ method => 'PUT' }, 'voice', CallSid => sid('CA')), 405, 'method-not-allowed', 'no other method');

# --- Any order ------------------------------------------------------------------------------------------------

# The events of a call with a leg, its recording and two messages, with sids of their own.
sub scenario {
    my %sid = (call => sid('CA'), leg => sid('CA'), recording => sid('RE'), in => sid('SM'), out => sid('MM'));
    my $at = sub { sprintf 'Sat, 28 Nov 2026 10:00:%02d +0000', shift };
    my @leg = (CallSid => $sid{leg}, ParentCallSid => $sid{call}, From => '+12025550100', To => '+12025550199', Direction => 'outbound-dial');
    my @out = (MessageSid => $sid{out}, From => 'ACME', To => '+12025550100');
    return (\%sid,
        ['voice', CallSid => $sid{call}, CallStatus => 'ringing', @call],
        ['call-status', @leg, CallStatus => 'initiated', progress(0, Timestamp => $at->(1))],
        ['call-status', @leg, CallStatus => 'ringing', progress(1, Timestamp => $at->(2))],
        ['call-status', @leg, CallStatus => 'in-progress', progress(2, Timestamp => $at->(5))],
        ['recording', CallSid => $sid{call}, RecordingSid => $sid{recording}, RecordingStatus => 'in-progress'],
        ['call-status', @leg, CallStatus => 'completed', CallDuration => 20, progress(3, Timestamp => $at->(25))],
        ['dial-status', CallSid => $sid{call}, CallStatus => 'in-progress', @call, DialCallSid => $sid{leg}, DialCallStatus => 'completed', DialCallDuration => 20],
        ['call-status', CallSid => $sid{call}, CallStatus => 'completed', CallDuration => 26, @call, Timestamp => $at->(26)],
        ['recording', CallSid => $sid{call}, RecordingSid => $sid{recording}, RecordingStatus => 'completed', RecordingDuration => 20,
            RecordingUrl => 'https://api.twilio.com/r', RecordingChannels => 2, RecordingSource => 'DialVerb'],
        ['message', MessageSid => $sid{in}, SmsStatus => 'received', From => '+12025550100', To => '+12025550123', Body => 'Hi', NumMedia => 0],
        ['message-status', @out, MessageStatus => 'queued'],
        ['message-status', @out, MessageStatus => 'sent'],
        ['message-status', @out, MessageStatus => 'failed', ErrorCode => 30007],
    );
}

# The rows of a scenario, by what they are in it.
sub outcome {
    my ($sid) = @_;
    my %kind = (call => 'calls', leg => 'calls', recording => 'recordings', in => 'messages', out => 'messages');
    my $text = json({ map { $_ => do { my %row = %{ get($kind{$_}, $sid->{$_})->json // {} }; delete @row{qw(id created_at)}; \%row } } keys %kind });
    $text =~ s/$sid->{$_}/$_/g for keys %$sid;
    return $text;
}

my ($sids, @script) = scenario();
$acme->event(@$_) for @script;
my $wanted = outcome($sids);
like($wanted, qr/"status":"completed"/, 'events in their order');
for my $round (1 .. 12) {
    my ($own, @events) = scenario();
    my @sent = $round == 1 ? reverse @events : shuffle @events, map { $events[rand @events] } 1 .. 8;
    my %statuses = map { $acme->event(@$_)->status => 1 } @sent;
    is_deeply([sort keys %statuses], [200, 204], "round $round: each is taken");
    is(outcome($own), $wanted, '... and in the end it is the same') or diag join "\n", map { "@$_" } @sent;
}

subtest 'a status never goes back' => sub {
    my %order = (
        calls => ['call-status', CallSid => 'CallStatus', 'CA', qw(queued initiated ringing in-progress completed)],
        messages => ['message-status', MessageSid => 'MessageStatus', 'SM', qw(accepted queued sending sent delivered read)],
        recordings => ['recording', RecordingSid => 'RecordingStatus', 'RE', qw(in-progress processing completed)],
    );
    for my $what (sort keys %order) {
        my ($hook, $name, $status, $prefix, @statuses) = @{ $order{$what} };
        for my $later (1 .. $#statuses) {
            my $sid = sid($prefix);
            $acme->event($hook, $name => $sid, $status => $statuses[$later]);
            my $tag = get($what => $sid)->header('ETag');
            $acme->event($hook, $name => $sid, $status => $_) for @statuses[0 .. $later];
            is(get($what => $sid)->json->{status}, $statuses[$later], "$what: from $statuses[$later]");
            is(get($what => $sid)->header('ETag'), $tag, '... the row is not even written');
        }
    }
};

# --- Another tenant's -----------------------------------------------------------------------------------------

subtest 'another tenant\'s sid' => sub {
    my $log = $server->error_log;
    my %event = (
        calls => [CA => 'call-status', CallSid => CallStatus => 'completed', CallDuration => 1],
        messages => [SM => 'message-status', MessageSid => MessageStatus => 'failed', ErrorCode => 1],
        recordings => [RE => 'recording', RecordingSid => RecordingStatus => 'completed', RecordingUrl => 'https://x.test/'],
    );
    # Where calls are divided each tenant may have a call of that sid.
    delete $event{calls} if TenantTest::Site::partitions();
    for my $what (sort keys %event) {
        my ($prefix, $hook, $name, @says) = @{ $event{$what} };
        my $sid = sid($prefix);
        request(POST => "/v1/$what", as => 'globex', to => $server, json => { sid => $sid });
        my $before = get($what => $sid, 'globex');
        is_status($before, 200, "$what: there it is");
        is_status($acme->event($hook, $name => $sid, @says), 204, 'an event of it needs no repetition');
        is_same_answer(get($what => $sid, 'globex'), $before, 'it is as before');
        is_problem(get($what => $sid), 404, 'not-found', 'and nobody else\'s');
        ok($log->wait_for(qr/\[tenant:warn\].*the $what row with the sid $sid is another tenant's/), 'the log says so');
    }
    my ($sid, $leg) = (sid('CA'), sid('CA'));
    request(POST => '/v1/calls', as => 'globex', to => $server, json => { sid => $leg });
    my $before = get(calls => $leg, 'globex');
    is_status($acme->event('dial-status', CallSid => $sid, CallStatus => 'in-progress', DialCallSid => $leg, DialCallStatus => 'completed'), 200,
        'a leg that is another tenant\'s');
    is_same_answer(get(calls => $leg, 'globex'), $before, 'it is as before');
    is(get(calls => $sid)->json->{status}, 'in-progress', 'the call is stored');
};

# --- Odd senders, long and broken values ----------------------------------------------------------------------

my @odd = ('ACME Shop', '72345', 'whatsapp:+15551234567', 'client:' . 'a' x 256, 'sip:alice@example.com;transport=tls', 'sip:' . 'x' x 300 . '@y.test',
    'anonymous', 'Restricted', '', '+266696687', 'sim:DE0123456789abcdef0123456789abcdef', 'client:Zoë 😀', 'rcs:agent');
for my $who (@odd) {
    my %sid = (calls => sid('CA'), messages => sid('SM'));
    $acme->event('call-status', CallSid => $sid{calls}, CallStatus => 'ringing', From => $who, To => $who);
    $acme->event('message', MessageSid => $sid{messages}, From => $who, To => $who, Body => 'x');
    my $shown = substr $who, 0, 30;
    is_deeply([@{ get($_ => $sid{$_})->json // {} }{qw(from_number to_number)}], [$who, $who], "$_: from '$shown'") for sort keys %sid;
}

subtest 'what does not fit' => sub {
    my $log = $server->error_log;
    my $call = sid('CA');
    is_status($acme->event('call-status', CallSid => $call, CallStatus => 'ringing', From => '😀' x 400, Direction => 'd' x 500,
        CallDuration => '99999999999999999999', ParentCallSid => 'x', Timestamp => 'yesterday'), 204, 'a call of long values is taken');
    my $row = get(calls => $call)->json;
    is($row->{from_number}, '😀' x 320, 'they are cut by characters');
    is_deeply([@$row{qw(status duration parent_call_sid answered_at)}], ['ringing', undef, undef, undef], 'what has another form is left out');
    ok($log->wait_for(qr/\[tenant:info\].*calls row with the sid $call: parts that do not fit.*From.*CallDuration.*ParentCallSid/), 'the log says which');
    unlike($log->text, qr/😀|dddddd/, '... and not what they were');
    is_status($acme->event('call-status', CallSid => $call, CallStatus => 'in-progress', CallDuration => 5), 204, 'the next one is taken');
    is_deeply([@{ get(calls => $call)->json }{qw(status duration)}], ['in-progress', 5], '... and adds to it');

    my $message = sid('SM');
    is_status($acme->event('message', MessageSid => $message, Body => 'é' x 5000, From => '+1', NumMedia => '-1',
        map { ("MediaUrl$_" => "https://m.test/$_" . 'x' x 900, "MediaContentType$_" => 'image/png') } 0 .. 9), 200, 'a long message is taken');
    $row = get(messages => $message)->json;
    is($row->{body}, 'é' x 4096, 'its text is cut');
    my $media = JSON::PP->new->decode($row->{media} // 'null');
    is(scalar @$media, 4, 'of its media there are as many as fit');
    is($media->[3]{url}, 'https://m.test/3' . 'x' x 900, '... each whole');

    my $recording = sid('RE');
    is_status($acme->event('recording', RecordingSid => $recording, RecordingStatus => 'completed', RecordingUrl => 'no url', CallSid => 'CA1',
        RecordingChannels => 'two', RecordingSource => 's' x 100), 204, 'a recording is taken');
    $row = get(recordings => $recording)->json;
    is_deeply([@$row{qw(status url call_sid channels source)}], ['completed', undef, undef, undef, 's' x 40], '... as far as it fits');
};

subtest 'what is no text' => sub {
    my %body = ("a\0b" => "a\x{FFFD}b", "\xFF" => "\x{FFFD}", "\xC3" => "\x{FFFD}", "x\xE2\x82y" => qr/^x\x{FFFD}+y\z/, "\xED\xA0\x80" => qr/^\x{FFFD}+\z/,
        "\xF4\x90\x80\x80" => qr/^\x{FFFD}+\z/, "\xC0\x80" => qr/^\x{FFFD}+\z/, "a\nb\tc" => "a\nb\tc", "\x01" => "\x01", "\x7F" => "\x7F");
    for my $bytes (sort keys %body) {
        my ($sid, $call) = (sid('SM'), sid('CA'));
        my $hex = unpack 'H*', $bytes;
        is_status($acme->event({ bytes => 1 }, 'message', MessageSid => $sid, From => "+1$bytes", Body => $bytes, "N$bytes" => $bytes), 200, "$hex: taken");
        my $got = get(messages => $sid)->json;
        my $want = $body{$bytes};
        ref $want ? like($got->{body}, $want, "$hex: stored") : is($got->{body}, $want, "$hex: stored");
        unlike($got->{from_number} // '+1', qr/[\0-\x1F]/, "$hex: no control character in a number");
        is_status($acme->event({ bytes => 1 }, 'call-status', CallSid => $call, CallStatus => "ringing", From => $bytes, Direction => $bytes), 204, "$hex: a call");
        is(get(calls => $call)->json->{status}, 'ringing', "$hex: stored");
    }
};

subtest 'words that are new' => sub {
    my $sid = sid('CA');
    is_status($acme->event('call-status', CallSid => $sid, CallStatus => 'on-hold', New => 1, Duration => 'x'), 204, 'a status');
    is(get(calls => $sid)->json->{status}, 'on-hold', '... stored');
    $acme->event('call-status', CallSid => $sid, CallStatus => 'queued');
    is(get(calls => $sid)->json->{status}, 'queued', '... until there is one that is known');
    for my $status ('', 'two words', 'x' x 100, '漢字') {
        my $own = sid('CA');
        is_status($acme->event('call-status', CallSid => $own, CallStatus => $status, From => '+1'), 204, "'$status': taken");
        is(get(calls => $own)->json->{from_number}, '+1', '... and stored');
    }
};

done_testing;
