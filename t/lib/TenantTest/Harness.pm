# SPDX-License-Identifier: Apache-2.0
package TenantTest::Harness;

# prove's harness, which fails a run for two things more, shown as if they were test files:
#
# - a skip whose reason t/skips does not list: a test that quietly never runs is none. t/skips holds a Perl
#   pattern a line, matched against the whole reason.
# - a process of httpd that died by a signal of its own making, whether or not a test noticed.

use strict;
use warnings;

use parent 'TAP::Harness';

use TAP::Parser;

use TenantTest::Server;

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
    _add($aggregate, 't/skips', _judge_skips(@skips)) if @skips;
    _add($aggregate, 'crashes', map { "not ok - $_" } _crashes());
}

# A line of TAP for each skip; prints them, for prove does not.
sub _judge_skips {
    my (@skips) = @_;
    my @allowed = _allowed();
    my @lines;

    for my $skip (@skips) {
        my ($file, $reason) = @$skip;
        my $ok = grep { $reason =~ /\A(?:$_)\z/ } @allowed;
        push @lines, ($ok ? 'ok' : 'not ok') . " - $file: $reason";
        print 'Skipped', $ok ? '' : ', which t/skips does not allow', ": $file: $reason\n";
    }
    return @lines;
}

# What the main server's log, and those of the servers that tests started, say of children that crashed.
sub _crashes {
    my @crashes = map { TenantTest::Server::crashes($_) } 't/logs/error_log', $ENV{TENANT_TEST_CRASHES} // ();
    print "Crashed: $_\n" for @crashes;
    return @crashes;
}

# Adds lines of TAP to the results; no lines, nothing to add.
sub _add {
    my ($aggregate, $name, @lines) = @_;
    return unless @lines;
    my $parser = TAP::Parser->new({ tap => join "\n", '1..' . @lines, @lines, '' });
    $parser->run;
    $aggregate->add($name, $parser);
}

sub _allowed {
    open my $file, '<', 't/skips' or die "t/skips: $!";
    return grep { length && !/^#/ } map { chomp; $_ } <$file>;
}

1;
