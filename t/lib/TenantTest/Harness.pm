# SPDX-License-Identifier: Apache-2.0
package TenantTest::Harness;

# prove's harness, which fails a run for two things more, shown as if they were test files:
#
# - a skip whose reason t/skips does not list: a test that quietly never runs is none. t/skips holds a Perl
#   pattern a line, matched against the whole reason.
# - a process of httpd that died by a signal of its own making, whether or not a test noticed.
#
# Tests run side by side in as many lanes as there are jobs. Each lane has a site of its own (TenantTest::Site), which is
# the main one to the test that runs there. `t/schedule` has the tests that begin ahead of the others, as they take long,
# those of which two run at a time, and those beside which nothing else runs.
#
# What a failed test file said last is printed again behind the last one: of a long run often only the end is kept.

use strict;
use warnings;

use parent 'TAP::Harness';

use List::Util qw(min);
use TAP::Parser;

use TenantTest::Server;
use TenantTest::Site;

my $last_words = 12;    # lines of a test file that failed

my @lanes;    # the files of their sites, one for each job
my %taken;    # by lane, the parser of the test that runs there

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
            print STDERR $self->jobs > 1 ? "$file: " : '', "$line\n" if $self->verbosity <= 0;
            push @{ $said{$file} }, $line;
        };
        $parser->callback($_ => $listen) for qw(comment unknown);
    });
    my ($together, $pairs, $alone) = _schedule(@tests);
    @lanes = split /:/, $ENV{TENANT_TEST_LANES} // '';
    for ([$self->jobs, $together], [2, $pairs], [1, $alone]) {
        my ($most, $part) = @$_;
        $self->jobs(min($self->jobs, $most));
        $self->SUPER::aggregate_tests($aggregate, @$part) if @$part;
    }
    my %failed = map { $_ => 1 } $aggregate->failed, $aggregate->exit, $aggregate->parse_errors;
    _add($aggregate, 't/skips', _judge_skips(@skips)) if @skips;
    _add($aggregate, 'crashes', map { "not ok - $_" } _crashes());
    _repeat($_, @{ $said{$_} || [] }) for sort keys %failed;
}

# A test takes a lane that is free.
sub make_parser {
    my ($self, $job) = @_;
    my ($lane) = grep { !$taken{$_} } 0 .. $#lanes;
    return $self->SUPER::make_parser($job) unless defined $lane;
    local @ENV{qw(TENANT_TEST_LANE TENANT_TEST_SITE)} = ($lane, $lanes[$lane]);
    my ($parser, $session) = $self->SUPER::make_parser($job);
    $taken{$lane} = $parser;
    return ($parser, $session);
}

sub finish_parser {
    my ($self, $parser, $session) = @_;
    delete @taken{ grep { $taken{$_} == $parser } keys %taken };
    return $self->SUPER::finish_parser($parser, $session);
}

# The tests that run side by side, the long ones first; those that run in pairs; and those that run alone. t/schedule has lines
# of `first`, `pair` or `alone`, and a path. Pairs keep its order.
sub _schedule {
    my (@tests) = @_;
    my (%rank, %apart);
    for (_lines('t/schedule')) {
        my ($when, $file) = /^(first|pair|alone) (\S+)/ or die "t/schedule: $_\n";
        die "t/schedule: there is no $file\n" unless -e $file;
        $rank{$file} = keys %rank;
        $apart{$file} = $when if $when ne 'first';
    }
    my $last = keys %rank;
    my @order = sort { ($rank{ $tests[$a] } // $last) <=> ($rank{ $tests[$b] } // $last) || $a <=> $b } 0 .. $#tests;
    my %part;
    push @{ $part{ $apart{$_} // 'together' } }, $_ for @tests[@order];
    return map { $part{$_} // [] } qw(together pair alone);
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

# What the logs of the main servers, and of those that tests started, say of children that crashed.
sub _crashes {
    my @logs = map { "$_->{server}{logs}/error_log" } map { TenantTest::Site::description($_) } @lanes;
    my @crashes = map { TenantTest::Server::crashes($_) } @logs, $ENV{TENANT_TEST_CRASHES} // ();
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

sub _allowed { return _lines('t/skips') }

# A file without its comments.
sub _lines {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    return grep { length && !/^#/ } map { chomp; $_ } <$file>;
}

1;
