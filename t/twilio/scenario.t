# SPDX-License-Identifier: Apache-2.0
#
# 10,000 callbacks of several tenants' calls, messages and recordings, in random order, with duplicates, over 32
# connections, while PostgreSQL crashes and some answers are cut off. As Twilio does where it is told so, what is not
# answered 2xx is sent again. The rows that it leaves are those of the ordered run, in which nothing goes wrong.

use strict;
use warnings;

use List::Util qw(shuffle sum0);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Twilio;

my $seed = $ENV{TENANT_TEST_SEED} // time;
srand $seed;
diag "TENANT_TEST_SEED=$seed";

my $all = 10_000;
my $different = 8_000;    # at least; the others are duplicates
my $connections = 32;
my $tries_max = 400;

my $site = TenantTest::Site->make;
my $dbh = $site->dbh;
my @names = qw(acme globex closed);
$dbh->do(q{UPDATE tenants SET status = 'active' WHERE name = 'closed'});
# Each child has a thread for every connection: one whose threads are all busy closes connections between requests
# (event MPM), and what was sent over such a one at that moment has no answer.
my $server = TenantTest::Server->start(site => $site, processes => 2, threads => $connections + 8, server => <<'CONFIG');
MaxKeepAliveRequests 0
KeepAliveTimeout 600
TenantPool max=8 wait=5s statement=20s
<Location "/twilio">
    TenantHandler twilio
    TenantVoice dial number +12025550199
</Location>
CONFIG
my @accounts = map { TenantTest::Twilio->account($server, $_) } @names;
$dbh->do(q{UPDATE tenants SET status = 'inactive' WHERE name = 'closed'});    # its events are stored all the same

# --- What happens ----------------------------------------------------------------------------------------

sub one_of { return $_[rand @_] }
sub number { return sprintf '+1202555%04d', rand 10_000 }

my $clock = 1_795_860_000;    # a second of 2026

sub timestamp {
    my ($after) = @_;
    return POSIX::strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime($clock + $after));
}

# The callbacks of a call's statuses: [status, seconds since the clock, more parameters …].
sub call_statuses {
    my ($call, @statuses) = @_;
    my $n = 0;
    return map {
        my ($status, $after, @more) = @$_;
        ['call-status', @$call, CallStatus => $status, Timestamp => timestamp($after), SequenceNumber => $n++,
            CallbackSource => 'call-progress-events', @more];
    } @statuses;
}

sub recorded {
    my ($call, $seconds) = @_;
    my $sid = sid('RE');
    my @recording = (CallSid => $call, RecordingSid => $sid, RecordingSource => 'DialVerb', RecordingChannels => 2,
        RecordingUrl => "https://api.twilio.com/2010-04-01/Accounts/x/Recordings/$sid");
    return (
        ['recording', @recording, RecordingStatus => 'in-progress'],
        ['recording', @recording, RecordingStatus => 'completed', RecordingDuration => $seconds],
    );
}

# A call comes in and two numbers ring, of which one is answered, or none.
sub incoming_call {
    my ($from, $to) = (one_of(number(), number(), 'client:anna', 'anonymous', 'sip:b%C3%BC@example.com'), number());
    my ($sid, @legs) = map { sid('CA') } 0 .. 2;
    my $seconds = 1 + int rand 600;
    my $is_answered = rand(3) >= 1;
    my @call = (CallSid => $sid, From => $from, To => $to, Direction => 'inbound');
    my @leg = map { [CallSid => $_, ParentCallSid => $sid, From => $from, To => number(), Direction => 'outbound-dial'] } @legs;
    my @first = $is_answered
        ? (['initiated', 1], ['ringing', 2], ['in-progress', 5], ['completed', 5 + $seconds, CallDuration => $seconds])
        : (['initiated', 1], ['ringing', 2], ['no-answer', 30, CallDuration => 0]);
    return (
        ['voice', @call, CallStatus => 'ringing'],
        call_statuses($leg[0], @first),
        call_statuses($leg[1], ['initiated', 1], ['ringing', 2], [one_of(qw(busy canceled no-answer failed)), 6, CallDuration => 0]),
        ['dial-status', @call, CallStatus => 'in-progress', DialCallSid => $legs[0],
            DialCallStatus => $is_answered ? 'completed' : 'no-answer', DialCallDuration => $is_answered ? $seconds : 0],
        call_statuses(\@call, ['completed', 7 + $seconds, CallDuration => 7 + $seconds]),
        $is_answered ? recorded($sid, $seconds) : (),
    );
}

sub outgoing_call {
    my @call = (CallSid => sid('CA'), From => number(), To => number(), Direction => 'outbound-api');
    my $seconds = 1 + int rand 600;
    my @end = one_of(
        [['in-progress', 4], ['completed', 4 + $seconds, CallDuration => $seconds]],
        [['busy', 3]], [['no-answer', 60]], [['canceled', 3]], [['failed', 2]],
    );
    return call_statuses(\@call, ['initiated', 0], ['ringing', 1], @{ $end[0] });
}

my $text = 0;

sub incoming_message {
    my $sid = sid('SM');
    my $media = int(rand 4) - 1;
    return ['message', MessageSid => $sid, SmsSid => $sid, SmsMessageSid => $sid, SmsStatus => 'received',
        From => one_of(number(), 'whatsapp:' . number(), '40404', 'ACME Ltd'), To => number(),
        Body => one_of("text $text", "Gr\x{fc}\x{df}e $text \x{1f600}", '') . ('.' x rand 3), NumSegments => 1,
        NumMedia => $media > 0 ? $media : 0,
        map { ("MediaUrl$_" => "https://media.example.com/$sid/$_", "MediaContentType$_" => 'image/png') } 0 .. $media - 1];
}

sub sent_message {
    my $sid = sid('SM');
    my @message = (MessageSid => $sid, SmsSid => $sid, From => number(), To => number());
    my $way = one_of(
        [['queued'], ['sent'], ['delivered']],
        [['queued'], ['sent'], ['delivered'], ['read']],
        [['queued'], ['sent'], ['undelivered', ErrorCode => 30003]],
        [['queued'], ['failed', ErrorCode => 21610]],
    );
    return map { my ($status, @more) = @$_; ['message-status', @message, MessageStatus => $status, SmsStatus => $status, @more] } @$way;
}

# What is sent of a callback, which is [hook, parameters …].
sub bytes {
    my ($account, $hook, @parameters) = @_;
    my $host = "127.0.0.1:$server->{port}";
    push @parameters, AccountSid => $account->{sid}, ApiVersion => '2010-04-01';
    utf8::encode($_) for @parameters;
    my $body = TenantTest::Twilio::encoded(@parameters);
    my $signature = TenantTest::Twilio::signature($account->{token}, "http://$host/twilio/$hook", @parameters);
    return "POST /twilio/$hook HTTP/1.1\r\nHost: $host\r\nX-Twilio-Signature: $signature\r\n"
        . "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
}

# Conversations: the callbacks of each in order.
my @conversations;
my $count = 0;
while ($count < $different) {
    $text++;
    $clock += 60;
    my @callbacks = one_of(\&incoming_call, \&outgoing_call, \&incoming_message, \&sent_message)->();
    my $account = one_of(@accounts);
    $count += @callbacks;
    push @conversations, [map { bytes($account, @$_) } @callbacks];
}

# --- Sending it ------------------------------------------------------------------------------------------

# A worker's connection, which sends callbacks until each is answered 2xx. Returns what it has seen: how many answers of
# each status ("cut": none), and `lost`, those that it has given up.
sub send_all {
    my ($cut, $progress, @callbacks) = @_;
    my ($client, %seen);
    my $attempt = sub {
        $client //= eval { $server->client } // return 'cut';
        $client->write($_[0], 'POST');
        if (rand() < $cut) {    # nobody knows what has become of it
            undef $client;
            return 'cut';
        }
        my $answer = $client->receive;
        undef $client if $answer->status == 0 || ($answer->header('Connection') // '') eq 'close';
        return $answer->status || 'cut';
    };
    for my $callback (@callbacks) {
        my $status = '';
        for (my $try = 0; $try < $tries_max && $status !~ /^2/; $try++) {
            sleep 0.05 + rand 0.1 if $try;
            $status = $attempt->($callback);
            $seen{$status}++;
            last if $status =~ /^[34]/;    # of no use to send it again
        }
        $seen{lost}++ if $status !~ /^2/;
        syswrite $progress, '.';
    }
    return %seen;
}

# Sends lists of callbacks, each over a connection of its own, and calls a function meanwhile with another that says how
# many have been answered. Returns what all have seen.
sub side_by_side {
    my ($cut, $meanwhile, @lists) = @_;
    my $path = "$site->{scratch}/progress";
    unlink $path;
    my @workers = map {
        my $list = $_;
        my $random = rand 2**31;
        my $pid = open(my $out, '-|') // die "fork: $!";
        if (!$pid) {
            srand $random;
            open my $progress, '>>', $path or die "$path: $!";
            my %seen = send_all($cut, $progress, @$list);
            print map {"$_ $seen{$_}\n"} keys %seen;
            close STDOUT;
            POSIX::_exit(0);
        }
        $out;
    } @lists;
    $meanwhile->(sub { -s $path // 0 }) if $meanwhile;
    my %seen;
    for my $out (@workers) {
        while (my $line = <$out>) {
            my ($what, $how_many) = split ' ', $line;
            $seen{$what} += $how_many;
        }
        close $out or fail('a worker has died');
    }
    return \%seen;
}

# Deals cards to so many players.
sub deal {
    my (@cards) = @_;
    my @hands;
    push @{ $hands[$_ % $connections] }, $cards[$_] for 0 .. $#cards;
    return @hands;
}

# Each row without what an order of events may change, by its sid.
sub rows {
    my %rows;
    for my $table (qw(calls messages recordings)) {
        my $of = $site->dbh->selectall_arrayref("SELECT sid, (to_jsonb(r) - 'id' - 'created_at' - 'row_version')::text FROM $table r");
        $rows{ $_->[0] } = "$table $_->[1]" for @$of;
    }
    return \%rows;
}

sub remove_rows { $site->dbh->do("DELETE FROM $_") for qw(calls messages recordings) }

remove_rows();
my $seen = side_by_side(0, undef, map { [map {@$_} @$_] } deal(@conversations));
is_deeply([grep { !/^20[04]$/ } keys %$seen], [], 'in order, each is stored at once');
my $ordered = rows();
my %sids = map { $_ => 1 } map { /(?<=Sid=)((?:CA|SM|RE)[0-9a-f]{32})/g } map {@$_} @conversations;
is(keys %$ordered, keys %sids, keys(%sids) . ' rows are made');
is(scalar(grep { /"status": null/ } values %$ordered), 0, 'each has a status');

remove_rows();
my @once = map {@$_} @conversations;
my @callbacks = shuffle(@once, map { one_of(@once) } 1 .. $all - @once);
my $restarted_at;
$seen = side_by_side(0.01, sub {
    my ($answered) = @_;
    wait_until { $answered->() > $all / 3 } 300;
    restart($site, 'immediate');
    $restarted_at = $answered->();
}, deal(@callbacks));
diag join ', ', map {"$_: $seen->{$_}"} sort keys %$seen;

cmp_ok($restarted_at, '<', 0.9 * $all, 'PostgreSQL was restarted in the middle');
is(sum0(@$seen{ grep { /^2/ } keys %$seen }), $all, 'each callback is answered 2xx in the end');
is($seen->{lost}, undef, 'none is given up');
is_deeply([grep { !/^(?:20[04]|503|cut)$/ } keys %$seen], [], 'what could not be stored is refused with 503');
cmp_ok($seen->{503} // 0, '>', 0, 'which happens');

my $shuffled = rows();
my @wrong = grep { ($shuffled->{$_} // '') ne ($ordered->{$_} // '') } sort keys %{ { %$ordered, %$shuffled } };
is(scalar @wrong, 0, 'the rows are those of the ordered run, byte for byte') or diag map {
    "ordered:  @{[$ordered->{$_} // 'none']}\nshuffled: @{[$shuffled->{$_} // 'none']}\n"
} @wrong[0 .. ($#wrong < 4 ? $#wrong : 4)];
is($site->dbh->selectrow_array('SELECT sum(deadlocks) FROM pg_stat_database'), 0, 'without a deadlock');

done_testing;
