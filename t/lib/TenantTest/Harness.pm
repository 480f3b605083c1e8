# SPDX-License-Identifier: Apache-2.0
package TenantTest::Harness;

# prove's harness, which counts a skip as a failure unless t/skips lists its reason: a test that quietly never
# runs is none. t/skips holds one Perl pattern a line, matched against the whole reason.

use strict;
use warnings;

use parent 'TAP::Harness';

use TAP::Parser;

sub aggregate_tests {
    my ($self, $aggregate, @tests) = @_;
    my @skips;    # [file, reason]

    $self->callback(made_parser => sub {
        my ($parser, $job) = @_;
        my $file = $job->[0];
        $parser->callback(plan => sub {
            my ($plan) = @_;
            push @skips, [$file, $plan->explanation] if $plan->directive eq 'SKIP';
        });
        $parser->callback(test => sub {
            my ($test) = @_;
            push @skips, [$file, $test->explanation] if $test->has_skip;
        });
    });
    $self->SUPER::aggregate_tests($aggregate, @tests);
    $self->_judge_skips($aggregate, @skips) if @skips;
}

# Prints the skips and adds them to the results, as a test file of that name would.
sub _judge_skips {
    my ($self, $aggregate, @skips) = @_;
    my @allowed = _allowed();
    my $tap = '1..' . @skips . "\n";

    for my $skip (@skips) {
        my ($file, $reason) = @$skip;
        my $ok = grep { $reason =~ /\A(?:$_)\z/ } @allowed;
        $tap .= ($ok ? 'ok' : 'not ok') . " - $file: $reason\n";
        print 'Skipped', $ok ? '' : ', which t/skips does not allow', ": $file: $reason\n";
    }
    my $parser = TAP::Parser->new({ tap => $tap });
    $parser->run;
    $aggregate->add('t/skips', $parser);
}

sub _allowed {
    open my $file, '<', 't/skips' or die "t/skips: $!";
    return grep { length && !/^#/ } map { chomp; $_ } <$file>;
}

1;
