# SPDX-License-Identifier: Apache-2.0
package TenantTest::Writer;

=head1 NAME

TenantTest::Writer - an application of the old schema that goes on writing

=head1 SYNOPSIS

    my $writer = TenantTest::Writer->start($pg->conninfo('app', 'shop'), "$dir/products", \&one_round);
    ...
    my $report = $writer->stop;    # { slowest => seconds, statements => n, errors => [...], acknowledged => [...] }

A process of its own calls one_round($run, $number) again and again. $run->($note, $sql, @values) runs one statement in
its own transaction, measures how long it takes, and on success notes what the database has thereby promised to keep.
It returns the first column of the first row.

=cut

use strict;
use warnings;

use DBI;
use POSIX ();
use Time::HiRes qw(sleep time);

my $PAUSE = 0.003; # seconds between rounds: a steady writer, not one that takes a whole core

sub start {
    my ($class, $conninfo, $file, $round) = @_;
    my %is = (going => 1, fresh => 0);
    local @SIG{qw(TERM HUP)} = (sub { $is{going} = 0 }, sub { $is{fresh} = 0 });    # from its first step on
    my $pid = fork;
    die "fork: $!\n" if !defined $pid;
    if (!$pid) {
        eval { _work($conninfo, $file, $round, \%is); 1 } or warn $@;
        POSIX::_exit(0); # without the destructors of the parent's objects
    }
    return bless { pid => $pid, file => $file, owner => $$ }, $class;
}

sub DESTROY {
    my $self = shift;
    local $?;
    $self->_end if $self->{owner} == $$;
    return;
}

# Makes the writer connect anew before its next round, as an application that is restarted does.
sub reconnect { my $self = shift; return kill 'HUP', $self->{pid} }

sub stop {
    my $self = shift;
    $self->_end;
    open my $fh, '<', $self->{file} or die "$self->{file}: $!\n";
    my %report = (slowest => 0, statements => 0, errors => [], acknowledged => [], connections => 0);
    while (my $line = <$fh>) {
        chomp $line;
        my ($kind, $seconds, $text) = split /\t/, $line, 3;
        $report{connections}++ if $kind eq 'connected';
        next if $kind eq 'connected';
        $report{statements}++;
        @report{qw(slowest slowest_text)} = ($seconds, $text) if $seconds > $report{slowest};
        push @{ $kind eq 'error' ? $report{errors} : $report{acknowledged} }, $text;
    }
    return \%report;
}

sub _end {
    my $self = shift;
    my $pid  = delete $self->{pid} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return;
}

sub _work {
    my ($conninfo, $file, $round, $is) = @_;
    my $dbh;
    (my $dsn = "dbi:Pg:$conninfo") =~ s/ /;/g;
    open my $fh, '>', $file or die "$file: $!\n";
    my $run = sub {
        my ($note, $sql, @values) = @_;
        my $start = time;
        my @row   = eval { $dbh->selectrow_array($sql, undef, @values) };
        my $error = $@;
        my $took  = time - $start;
        $note = $note->(@row) if !$error && ref $note;
        $error =~ s/\s+/ /g;
        printf {$fh} "%s\t%.6f\t%s\n", $error ? ('error', $took, "$sql: $error") : ('done', $took, $note);
        return $row[0];
    };
    for (my $number = 1; $is->{going}; $number++) {
        if (!$is->{fresh}) {
            $is->{fresh} = 1;
            $dbh->disconnect if $dbh;
            $dbh = DBI->connect($dsn, '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
            print {$fh} "connected\t0\t\n";
        }
        $round->($run, $number);
        sleep $PAUSE;
    }
    close $fh or die "$file: $!\n";
    $dbh->disconnect;
    return;
}

1;
