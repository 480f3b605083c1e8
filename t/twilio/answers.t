# SPDX-License-Identifier: Apache-2.0
#
# What calls and messages are answered. Each answer is valid by a schema (t/twilio/twiml.xsd), and the same as what the
# classes of Twilio's own library make of the same input (t/twilio/twiml.js). With the database away there is one as well.

use strict;
use warnings;
use utf8;

use File::Temp ();
use IO::Handle;
use IPC::Open2 ();
use JSON::PP ();
use Test::More;

use TenantTest;
use TenantTest::Fault;
use TenantTest::Packages;
use TenantTest::Twilio;

plan skip_all => packages_missing('t/twilio') if packages_missing('t/twilio');

my $name = qq{Zoë & "Sons" <\x{1F600}> d'Or};
my $expression = 'Welcome to %{TENANT:name}, you & <others>';

my %voice = (
    number   => 'dial number +12025550199',
    client   => 'dial client "agent-%{TENANT:id} & co"',
    sip      => 'dial sip "sip:bob@example.com;transport=tls?x=1&y=2"',
    say      => qq{say "$expression"},
    reject   => 'reject',
    rejected => 'reject rejected',
    busy     => 'reject busy',
    redirect => 'redirect "https://app.example.com/%{TENANT:id}?name=a&b=<c>"',
    empty    => 'say "%{HTTP_COOKIE}"',
    controls => 'say "%{unescape:a%01b%0Ac%EF%BF%BEd%FFe}"',
);

my $config = join "\n",
    map({ qq{<Location "/$_">\nTenantHandler twilio\nTenantVoice $voice{$_}\n</Location>} } sort keys %voice),
    qq{<Location "/none">\nTenantHandler twilio\n</Location>},
    qq{<Location "/reply">\nTenantHandler twilio\nTenantMessage "Thanks, %{TENANT:name} & <co>"\n</Location>},
    qq{<Location "/public">\nTenantHandler twilio\nTenantBasePath /hooks\nTenantPublicURL "https://%{HTTP_HOST}"\nTenantVoice dial number +1\n</Location>};

my $site = TenantTest::Site->make;
role_setting($site, lock_timeout => '300ms');
my $server = TenantTest::Server->start(site => $site, processes => 1, server => $config);
my $acme = TenantTest::Twilio->account($server, 'acme');
my $globex = TenantTest::Twilio->account($server, 'globex');
my $log = $server->error_log;
$acme->store(name => $name);

sub record { request(PATCH => '/v1/settings', as => 'acme', to => $server, json => { auto_record_calls => $_[0] ? JSON::PP::true : JSON::PP::false }) }

# --- Answers, and what they are held against ------------------------------------------------------------------

my $folder = File::Temp->newdir;

sub store {
    my ($name, $text) = @_;
    open my $file, '>:raw', "$folder/$name" or die "$name: $!";
    print {$file} $text;
    close $file or die "$name: $!";
    return "$folder/$name";
}

sub canonical {
    my ($bytes) = @_;
    my $file = store('xml', $bytes);
    my $text = qx(xmllint --nonet --c14n $file 2>&1);
    return $text;
}

my ($asked, $written);
my $node = IPC::Open2::open2($written, $asked, 'node', 't/twilio/twiml.js');
$asked->autoflush;

# What the library makes of verbs; bytes.
sub library {
    my ($kind, @verbs) = @_;
    print {$asked} JSON::PP->new->utf8->encode({ kind => $kind, verbs => \@verbs }) . "\n";
    my $line = <$written> // die 'twiml.js has ended';
    my $xml = JSON::PP->new->utf8->allow_nonref->decode($line);
    utf8::encode($xml);
    return $xml;
}

# That an answer is TwiML, valid, and what the library makes of verbs.
sub is_twiml {
    my ($response, $name, $kind, @verbs) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_status($response, 200, "$name: answered") or return;
    is($response->header('Content-Type'), 'text/xml; charset=utf-8', "$name: as XML");
    my $file = store('answer', $response->body);
    my $said = qx(xmllint --nonet --noout --schema t/twilio/twiml.xsd $file 2>&1);
    is($?, 0, "$name: valid") or diag $said;
    return is(canonical($response->body), canonical(library($kind, @verbs)), "$name: the library writes the same");
}

sub voice { my ($path, %option) = @_; return $acme->event({ path => "/$path", %option }, 'voice', CallSid => sid('CA'), CallStatus => 'ringing') }

my $origin = "http://127.0.0.1:$server->{port}";
my $retries = '#rc=3&rp=ct,rt,5xx';
my @call_events = (statusCallbackEvent => [qw(initiated ringing answered completed)]);
my @recording_events = (recordingStatusCallbackEvent => [qw(in-progress completed absent)]);

sub dialled {
    my ($path, $noun, $whom, $is_recorded, $base) = @_;
    $base //= "$origin/$path";
    return { verb => 'dial',
        attributes => { action => "$base/dial-status$retries",
            $is_recorded ? (record => 'record-from-answer-dual', recordingStatusCallback => "$base/recording$retries", @recording_events) : () },
        verbs => [{ verb => $noun, attributes => { statusCallback => "$base/call-status$retries", @call_events }, text => $whom }] };
}

# What begins the recording of a call that is not dialled.
sub started {
    my ($path, $is_recorded) = @_;
    return $is_recorded ? { verb => 'start', verbs => [{ verb => 'recording',
        attributes => { recordingStatusCallback => "$origin/$path/recording$retries", @recording_events } }] } : ();
}

# --- Calls ----------------------------------------------------------------------------------------------------

my $id = tenant('acme')->{id};
for my $is_recorded (0, 1) {
    my $how = $is_recorded ? 'recorded' : 'not recorded';
    is_status(record($is_recorded), 200, "calls are $how");
    my %want = (
        number   => [dialled('number', number => '+12025550199', $is_recorded)],
        client   => [dialled('client', client => "agent-$id & co", $is_recorded)],
        sip      => [dialled('sip', sip => 'sip:bob@example.com;transport=tls?x=1&y=2', $is_recorded)],
        say      => [started('say', $is_recorded), { verb => 'say', text => "Welcome to $name, you & <others>" }],
        reject   => [{ verb => 'reject' }],
        rejected => [{ verb => 'reject' }],
        busy     => [{ verb => 'reject', attributes => { reason => 'busy' } }],
        redirect => [started('redirect', $is_recorded), { verb => 'redirect', text => "https://app.example.com/$id?name=a&b=<c>" }],
        empty    => [{ verb => 'reject' }],
        none     => [{ verb => 'reject' }],
        controls => [started('controls', $is_recorded), { verb => 'say', text => "ab\ncd\x{FFFD}e" }],
    );
    for my $path (sort keys %want) {
        my $response = voice($path);
        is_twiml($response, "$how: $path", VoiceResponse => @{ $want{$path} });
        my $recorded = () = $response->body =~ /(?: record=|<Recording\b)/g;
        my $is_answered = grep { $_->{verb} ne 'reject' } @{ $want{$path} };
        is($recorded, $is_recorded && $is_answered ? 1 : 0, "$how: $path: by one mechanism, or by none");
        my $fallback = $acme->event({ path => "/$path" }, 'voice-fallback', CallSid => sid('CA'), CallStatus => 'ringing', ErrorCode => 11200);
        is($fallback->body, $response->body, "$how: $path: the fallback says the same");
    }
}

{
    my $sid = sid('CA');
    my $response = request(POST => '/public/voice', to => $server, host => 'acme.test', type => 'application/x-www-form-urlencoded',
        body => 'AccountSid=' . $acme->{sid} . "&CallSid=$sid",
        headers => ['X-Twilio-Signature' => TenantTest::Twilio::signature($acme->{token}, 'https://acme.test/hooks/voice',
            AccountSid => $acme->{sid}, CallSid => $sid)]);
    is_twiml($response, 'behind a proxy', VoiceResponse => dialled(undef, number => '+1', 1, 'https://acme.test/hooks'));
    $response = $acme->event({ path => '/number' }, 'dial-status', CallSid => sid('CA'), CallStatus => 'completed');
    is_twiml($response, 'dial-status', 'VoiceResponse');
    is_twiml($globex->event({ path => '/number' }, 'voice', CallSid => sid('CA')), 'a tenant without settings',
        VoiceResponse => dialled('number', number => '+12025550199', 0));
}

# --- Messages -------------------------------------------------------------------------------------------------

sub message { my ($path) = @_; return $acme->event({ path => "/$path" }, 'message', MessageSid => sid('SM'), From => '+1', Body => 'Hi') }

is_twiml(message('none'), 'no reply', 'MessagingResponse');
is_twiml(message('reply'), 'a reply', MessagingResponse => { verb => 'message', text => "Thanks, $name & <co>" });

# --- The database, wholly or partly away ----------------------------------------------------------------------

subtest 'settings that cannot be read' => sub {
    record(1);
    my $lock = lock_table($site, 'settings');
    $log->mark;
    is_twiml(voice('number'), 'locked', VoiceResponse => dialled('number', number => '+12025550199', 0));
    ok($log->wait_for(qr/\[tenant:error\].*a call of tenant $id is not recorded: its settings cannot be read/), 'the log says so');
    $lock->release;
    is_twiml(voice('number'), 'and then', VoiceResponse => dialled('number', number => '+12025550199', 1));
};

subtest 'events that cannot be stored' => sub {
    my @locks = map { lock_table($site, $_) } qw(calls messages recordings);
    $log->mark;
    is_twiml(voice('number'), 'a call', VoiceResponse => dialled('number', number => '+12025550199', 1));
    ok($log->wait_for(qr/\[tenant:warn\].*an event of tenant $id is answered, but could not be stored/), 'the log says so');
    is(message('reply')->status, 503, 'a message is to be sent again');
    is_twiml($acme->event({ path => '/number' }, 'dial-status', CallSid => sid('CA')), 'the end of a call', 'VoiceResponse');
    my %status = ('call-status' => [CallSid => sid('CA')], 'message-status' => [MessageSid => sid('SM')], recording => [RecordingSid => sid('RE')]);
    for my $hook (sort keys %status) {
        my $response = $acme->event({ path => '/number' }, $hook, @{ $status{$hook} });
        is($response->status, 503, "$hook: to be sent again");
        ok(defined $response->header('Retry-After'), '... with Retry-After');
    }
    $_->release for @locks;
    my $sid = sid('CA');
    is_status($acme->event({ path => '/number' }, 'call-status', CallSid => $sid, CallStatus => 'ringing'), 204, 'and then it is stored');
};

subtest 'PostgreSQL away' => sub {
    $_->disconnect for values %{ $site->{dbh} };
    $site->cluster->stop('immediate');
    is_problem(voice('number'), 503, 'database-away', 'nobody can say whose token signs a call: Twilio asks the fallback URL');
    is_problem($acme->event({ path => '/number' }, 'call-status', CallSid => sid('CA')), 503, 'database-away', 'a status is to be sent again');
    $site->cluster->start;
    ok(wait_until(sub { voice('number')->status == 200 }, 30), 'it comes back');
};

close $asked;
waitpid $node, 0;
is($?, 0, 'twiml.js runs to its end');

done_testing;
