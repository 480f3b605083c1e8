# SPDX-License-Identifier: Apache-2.0
package TenantTest::Harness;

# prove's harness, which fails a run for two things more, shown as if they were test files:
#
# - a skip whose reason t/skips does not list: a test that quietly never runs is none. t/skips holds a Perl
#   pattern a line, matched against the whole reason.
# - a process of httpd that died by a signal of its own making, whether or not a test noticed.
#
# What a failed test file said last is printed again behind the last one: of a long run often only the end is kept.

use strict;
use warnings;

use parent 'TAP::Harness';

use TAP::Parser;

use TenantTest::Server;

my $last_words = 12;    # lines of a test file that failed

sub aggregate_tests {
    my ($self, $aggregate, @tests) = @_;
    my @skips;    # [file, reason]
    my %said;     # by file, the lines that are neither results nor headings

    $self->merge(1);

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
        my $listen = sub {
            my $line = $_[0]->raw;
            return if $line =~ /^\s*(?:(?:not )?ok\b|\d+\.\.\d|# Subtest:|$)/;
            print STDERR "$line\n" if $self->verbosity <= 0;
            push @{ $said{$file} }, $line;
        };
        $parser->callback($_ => $listen) for qw(comment unknown);
    });
    $self->SUPER::aggregate_tests($aggregate, @tests);
    my %failed = map { $_ => 1 } $aggregate->failed, $aggregate->exit, $aggregate->parse_errors;
    _repeat($_, @{ $said{$_} || [] }) for sort keys %failed;
    _add($aggregate, 't/skips', _judge_skips(@skips)) if @skips;
    _add($aggregate, 'crashes', map { "not ok - $_" } _crashes());
}

sub _repeat {
    my ($file, @lines) = @_;
    my $from = @lines > $last_words ? @lines - $last_words : 0;
    print map { "$_\n" } "$file said:", @lines[$from .. $#lines];
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
