# SPDX-License-Identifier: Apache-2.0
package TenantBench;

# What the measures of `make bench` share: options, loads, medians. The site is t/bench/site's.
#
#     my $bench = TenantBench->new;
#     my $load = $bench->wrk(port => $bench->port('event'), mode => 'get');    # a hash: rate, failures, p50, p99, …
#     my %median = $bench->rounds(sub { ... return (name => figure, ...) });

use strict;
use warnings;

use Cwd ();
use FindBin;

my %offset = (event => 0, worker => 1, 'null-event' => 2, 'null-worker' => 3, growth_1k => 4, growth_100k => 5, growth_1m => 6, gateway => 7, divided_4 => 8);

# The statements that the requests need at least, for pgbench: what PostgreSQL could do without the rest.
my $columns = 'id, sid, tenant_id, from_number, to_number, status, created_at';
my %statement = (
    get  => "SELECT $columns FROM calls WHERE tenant_id = :tenant AND id = :id",
    list => "SELECT $columns FROM calls WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 50",
    post => 'INSERT INTO calls (sid, tenant_id, from_number, to_number, status)'
        . " VALUES ('CA' || md5(random()::text || clock_timestamp()::text), :tenant, '+12125550166', '+12025550100', 'queued')"
        . " RETURNING $columns",
);

sub new {
    my ($class) = @_;
    my $top = Cwd::realpath("$FindBin::Bin/../..");
    return bless {
        top         => $top,
        run         => "$top/run/bench",
        port        => $ENV{PORT} // 8170,
        rounds      => $ENV{BENCH_ROUNDS} // 5,
        seconds     => $ENV{BENCH_SECONDS} // 3,
        connections => $ENV{BENCH_CONNECTIONS} // 16,
    }, $class;
}

sub port {
    my ($self, $name) = @_;
    return $self->{port} + $offset{$name};
}

# Runs t/bench/site; dies when it fails.
sub site {
    my ($self, @command) = @_;
    local $ENV{PORT} = $self->{port};
    system("$self->{top}/t/bench/site", @command) == 0 or die "t/bench/site @command failed\n";
    return;
}

sub pid {
    my ($self, $name) = @_;
    return $self->first_line($name eq 'postgres' ? 'pgdata/postmaster.pid' : "$name.pid");
}

# Files of the site's folder.
sub read {
    my ($self, $name) = @_;
    my $file = "$self->{run}/$name";
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}

sub write {
    my ($self, $name, $text) = @_;
    my $file = "$self->{run}/$name";
    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    return;
}

sub first_line {
    my ($self, $name) = @_;
    return (split /\n/, $self->read($name))[0];
}

# Starts wrk. Takes port, mode, and optionally keys (the list's name), only and pause (as load.lua has them),
# connections and seconds. Returns what wrk_end takes.
sub wrk_start {
    my ($self, %option) = @_;
    local %ENV = (
        %ENV,
        KEYS => "$self->{run}/" . ($option{keys} // 'keys') . '.tsv',
        MODE => $option{mode},
        ACCOUNTS => "$self->{run}/accounts.tsv",
        map { $option{ lc $_ } ? ($_ => $option{ lc $_ }) : () } qw(ONLY PAUSE),
    );
    my @command = (
        'wrk', '-t1',
        '-c' . ($option{connections} // $self->{connections}),
        '-d' . ($option{seconds} // $self->{seconds}),
        '--timeout', '10', '-s', "$self->{top}/t/bench/load.lua", "http://127.0.0.1:$option{port}",
    );
    open my $out, '-|', @command or die "wrk: $!\n";
    return { out => $out, what => "$option{mode} on port $option{port}" };
}

# Waits for its end. A hash: rate (successful answers per second), requests, failures, p50 and p99 (microseconds).
sub wrk_end {
    my ($self, $wrk) = @_;
    my $text = do { local $/; readline $wrk->{out} };
    close $wrk->{out};
    my ($requests, $time, $failures, $p50, $p99) = $text =~ /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$/m
        or die "wrk failed: $text\n";
    return {
        rate     => ($requests - $failures) / $time * 1e6,
        requests => $requests,
        failures => $failures,
        p50      => $p50,
        p99      => $p99,
        what     => $wrk->{what},
    };
}

# Both; complains where requests failed.
sub wrk {
    my ($self, %option) = @_;
    my $load = $self->wrk_end($self->wrk_start(%option));
    print STDERR "$load->{failures} of $load->{requests} requests failed: $load->{what}\n" if $load->{failures};
    return $load;
}

# The rate of a bare prepared statement.
sub pgbench {
    my ($self, $mode) = @_;
    my ($low, $high) = $self->_ranges;
    $self->write("$mode.sql", "\\set k random(0, $high->[0] - $low->[0])\n"
        . "\\set tenant $low->[0] + :k\n"
        . "\\set id $low->[1] + :k * ($low->[2] - $low->[1] + 1) + random(0, $low->[2] - $low->[1])\n"
        . "$statement{$mode};\n");
    my $dsn = "host='" . $self->socket_folder . "' dbname=tenant user=postgres";
    my $text = `pgbench -n -M prepared -f '$self->{run}/$mode.sql' -c $self->{connections} -j 1 -T $self->{seconds} "$dsn" 2>&1`;
    $text =~ /^tps = ([\d.]+)/m or die "pgbench failed: $text\n";
    return $1;
}

# The first and the last tenant: [id, lowest, highest id of its calls].
sub _ranges {
    my ($self) = @_;
    my @lines = split /\n/, $self->read('keys.tsv');
    return map { [(split /\t/)[1 .. 3]] } @lines[0, -1];
}

sub socket_folder {
    my ($self) = @_;
    return -e "$self->{run}/socket-dir" ? $self->first_line('socket-dir') : "$self->{run}/socket";
}

# The medians of all figures that the function returns in each of the rounds. Of a round before them, which warms
# everything up, the figures are not used.
sub rounds {
    my ($self, $measure) = @_;
    my %all;
    $measure->();
    for my $round (1 .. $self->{rounds}) {
        my %figure = $measure->();
        push @{ $all{$_} }, $figure{$_} for keys %figure;
    }
    return map { $_ => median(@{ $all{$_} }) } keys %all;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return @sorted % 2 ? $sorted[$#sorted / 2] : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

1;
