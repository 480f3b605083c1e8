# SPDX-License-Identifier: Apache-2.0
#
# What requests that nobody's account has signed cost the database, however many there are: nothing, once it is known whose
# the AccountSid is that they name.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Statements;
use TenantTest::Twilio;

my $statements = TenantTest::Statements->new;

# One child with one connection, so that nothing depends on chance.
my $server = TenantTest::Server->start(site => $statements->site, processes => 1, server => <<'END');
TenantPool max=1
TenantCache size=64 negative=86400
<Location "/twilio">
    TenantHandler twilio
</Location>
END
my $acme = TenantTest::Twilio->account($server, 'acme');
my @nobodies = map { 'AC' . TenantTest::Twilio::hex32() } 1 .. 4;

# That they cost so much. While its database stands still for a moment a server remembers nothing: then it is asked again.
sub is_cost {
    my ($work, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $cost;
    for (1 .. 20) {
        $cost = $statements->cost($work);
        last if "@$cost" eq "@$want";
        sleep 0.3;
    }
    return is_deeply($cost, $want, $name);
}

my $event = sub {
    my ($option, %parameters) = @_;
    return $acme->event($option, 'call-status', CallSid => sid('CA'), CallStatus => 'ringing', %parameters);
};

# Waits until the server keeps what it looks up: it hears of changes, and the attestation of its connection is over.
my $until = time + 20;
do {
    sleep 0.05;
    $event->({});
} while ($statements->cost(sub { $event->({}) })->[1] && time < $until);
$event->({}, AccountSid => $_) for @nobodies;

is_cost(sub { $event->({}) for 1 .. 5 }, [5, 0], 'five events: five statements');

my %refused = (
    'unsigned'             => sub { $event->({ signature => '' }) },
    'forged'               => sub { $event->({ signature => 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }) },
    'of another token'     => sub { $event->({ token => 'x' }) },
    'of nobody\'s account' => sub { $event->({}, AccountSid => $nobodies[rand @nobodies]) },
    'of none'              => sub { $event->({}, AccountSid => undef) },
    'of no AccountSid'     => sub { $event->({}, AccountSid => "AC' OR true --") },
    'of a long one'        => sub { $event->({}, AccountSid => 'AC' . '0' x 5000) },
);
for my $name (sort keys %refused) {
    my %status;
    is_cost(sub { %status = (); $status{ $refused{$name}->()->status }++ for 1 .. 40 }, [0, 0], "40 requests $name: no statement");
    is_deeply(\%status, { 403 => 40 }, '... all refused');
}

my $form = { type => 'text/plain' };
is_cost(sub { $event->($form) for 1 .. 5 }, [0, 0], 'nor what is no form');

# Each AccountSid that is new costs one, and drives out nothing that is somebody's.
is_cost(sub { $event->({}, AccountSid => 'AC' . TenantTest::Twilio::hex32()) for 1 .. 200 }, [200, 200], 'a lookup for each that is new');
is_cost(sub {
    $event->({}, AccountSid => 'AC' . TenantTest::Twilio::hex32()) for 1 .. 200;
    $event->({}) for 1 .. 5;
}, [205, 200], 'what is somebody\'s is still known');

done_testing;
