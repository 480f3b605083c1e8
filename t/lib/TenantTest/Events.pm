# SPDX-License-Identifier: Apache-2.0
package TenantTest::Events;

# What happens to a fleet while a crowd is at it, each a subtest. TENANT_SCALE_EVENT=PATTERN runs those alone whose names match.
#
#     event('web2 is killed', sub { $fleet->kill_node(1) }, crowd => sub { TenantTest::Crowd->start(...) }, failed => 0);
#
# Always none: writes that are acknowledged and lost, stale reads, contradictory tags, wrong answers, requests as a tenant that is
# switched off, later than `late` seconds (0.2) behind the COMMIT. With failed => 0 no request had to be sent again either; gap:
# no longer than so many seconds without a read; lag: no follower sees what is older than so many seconds. todo: { FIGURE => why it is not so yet } with the names of the figures in @FIGURES.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(event);

my $BEFORE = 2;    # seconds of the crowd alone, ahead of what happens and behind it

my @FIGURES = (
    [lost => 'acknowledged and lost'],
    [stale => 'stale reads'],
    [contradictory_tags => 'contradictory tags'],
    [wrong => 'wrong answers'],
);

sub event {
    my ($name, $happen, %option) = @_;
    return if defined $ENV{TENANT_SCALE_EVENT} && $name !~ /$ENV{TENANT_SCALE_EVENT}/;
    return subtest $name => sub {
        my $crowd = $option{crowd}->();
        sleep $BEFORE;
        my $began = time;
        ok(eval { $happen->(); 1 }, 'it happens') or diag $@;
        my $ended = time;
        sleep $BEFORE;
        _judge($crowd->stop, $began, $ended, %option);
    };
}

sub _judge {
    my ($seen, $began, $ended, %option) = @_;
    my $todo = $option{todo} || {};
    my @late = grep { $_ > ($option{late} // 0.2) } $seen->served_after_revocation;
    my @failed = $seen->failed;

    note $seen->summary;
    diag $seen->summary if $ENV{TENANT_SCALE_EVENT} || $ENV{TENANT_SCALE_FIGURES};
    cmp_ok(scalar $seen->acknowledged, '>', 0, 'writes were acknowledged');
    _none($_->[1], $todo->{ $_->[0] }, $seen->can($_->[0])->($seen)) for @FIGURES;
    _none('served after revocation, later than ' . ($option{late} // 0.2) . ' s', $todo->{late}, @late);
    _none("followers behind by more than $option{lag} s", $todo->{outdated}, $seen->outdated($option{lag})) if $option{lag};
    _none('requests that failed', $todo->{failed}, map { "$_->{did} at $_->{began}: $_->{status}, sent " . ($_->{tries} // 1) . ' times' } @failed)
        if defined $option{failed};
    _at_most('seconds without a read', $todo->{gap}, $seen->longest_gap('read'), $option{gap}) if $option{gap};
    return;
}

sub _none {
    my ($name, $todo, @sentences) = @_;
    local $TODO = $todo;
    my @some = @sentences > 5 ? (@sentences[0 .. 4], '... and so on') : @sentences;
    is(scalar @sentences, 0, $name) or diag join "\n", @some;
    return;
}

sub _at_most {
    my ($name, $todo, $got, $most) = @_;
    local $TODO = $todo;
    cmp_ok($got, '<', $most, $name);
    return;
}

1;
