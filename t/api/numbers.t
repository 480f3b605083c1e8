# SPDX-License-Identifier: Apache-2.0
#
# An integer is one by its value, as JSON Schema has it, however a client writes it: some languages have no other numbers
# than doubles, and write 12.0.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking);

my $database = database('numbers');
my $server = TenantTest::Server->start(database => $database);

asking(to => $server, as => 'acme', type => 'application/json');

sub ask { my ($method, $path, $body) = @_; return TenantTest::Asking::ask($method, $path, body => $body) }

my $sid = 0;
sub sid { return sprintf 'RE%032x', ++$sid }

my %integers = (
    '12.0' => 12, '1.2e1' => 12, '1.20E+1' => 12, '1200e-2' => 12, '0.0' => 0, '-0.0' => 0, '0e99999' => 0,
    '2147483647.0' => 2147483647, '2.147483647e9' => 2147483647,
);

subtest 'what is an integer' => sub {
    for my $text (sort keys %integers) {
        my $sid = sid();
        my $made = ask(POST => '/v1/recordings', qq({"sid": "$sid", "duration": $text}));
        is_status($made, 201, $text);
        is($made->json->{duration}, $integers{$text}, "$text is $integers{$text}");
        is(row({ database => 'numbers' }, 'SELECT duration FROM recordings WHERE sid = ?', $sid), $integers{$text}, '... in the database');
        like($made->body, qr/"duration":\d+[,}]/, '... and is shown without a fraction');
        my $changed = ask(PATCH => "/v1/recordings/$sid", qq({"duration": $text}));
        is($changed->json->{duration}, $integers{$text}, '... by PATCH as well');
    }
};

subtest 'what is none' => sub {
    my @made = (sid(), ask(POST => '/v1/recordings', qq({"sid": "@{[sid()]}"}))->json->{id});
    for my $text (qw(12.5 1e-1 12.00000000000000000000000000000001 1.25e1)) {
        is_invalid(ask(PATCH => "/v1/recordings/$made[1]", qq({"duration": $text})), { '/duration' => 'type' }, $text);
    }
    for my $text (qw(2147483648.0 2147483647.0e1 1e10 1e19 1e300 -1.0 -1e300 9223372036854775808.0 1e400)) {
        is_invalid(ask(PATCH => "/v1/recordings/$made[1]", qq({"duration": $text})), { '/duration' => 'range' }, $text);
    }
};

subtest 'other integers' => sub {
    my $rotated = ask(POST => '/v1/tenant/key', '{"grace_seconds": 6.0e1}');
    is_status($rotated, 200, 'a time of grace');
    is($rotated->json->{grace_seconds}, 60, 'is understood');
};

done_testing;
