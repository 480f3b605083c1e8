# SPDX-License-Identifier: Apache-2.0
#
# A million rows: all of them arrive, and the child that sends them takes no more memory and connections than for a few.

use strict;
use warnings;

use Digest::MD5;
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;

my $database = 'stream_export';
my $conninfo = database($database);
my $acme = tenant('acme')->{id};
my $rows = 1_000_000;

# Indexes that the list does not use only take time here.
sql({ database => $database }, $_) for map { "DROP INDEX calls_tenant_${_}_idx" } qw(created_at from_number to_number status);
sql({ database => $database }, <<'SQL', $acme, $rows - row({ database => $database }, 'SELECT count(*) FROM calls WHERE tenant_id = ?', $acme));
INSERT INTO calls (sid, tenant_id, from_number, to_number, status, created_at)
SELECT format('CA9%s', lpad(n::text, 31, '0')), ?, '+1202555' || n, '+12025550100', 'completed',
       timestamptz '2026-02-01 00:00:00Z' + n * interval '1 second' FROM generate_series(1, ?) n
SQL
sql({ database => $database }, 'ANALYZE calls');
my ($count, $sum) = row({ database => $database }, <<'SQL', $acme);
SELECT count(*), md5(string_agg(id || ',' || sid || E'\n', '' ORDER BY id DESC)) FROM calls WHERE tenant_id = ?
SQL
is($count, $rows, 'a million rows');

my $server = TenantTest::Server->start(database => $conninfo, processes => 1, server => <<'END');
TenantPool max=4 statement=20s
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2c http/1.1
END
my ($child) = $server->workers;

# curl's output line by line, and the process.
sub curl {
    my ($form, @arguments) = @_;
    my %bearer = bearer('acme');
    my $type = $form eq 'csv' ? 'text/csv' : 'application/x-ndjson';
    my $pid = open my $out, '-|', 'curl', '-s', '--cacert', $server->{ca}, '-H', "Authorization: $bearer{Authorization}",
        '-H', "Accept: $type", @arguments or die "curl: $!";
    return ($out, $pid);
}

# KiB that the child has for itself and its share of what it has with others.
sub memory {
    open my $file, '<', "/proc/$child/smaps_rollup" or die "no memory of $child: $!";
    my ($pss) = join('', <$file>) =~ /^Pss:\s+(\d+) kB/m;
    return $pss;
}

sub connections {
    return scalar row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'stream_export' AND usename = 'tenant_api'
        AND application_name NOT LIKE 'mod_tenant %'});
}

my %url = (http => 'http://127.0.0.1:' . $server->port, https => 'https://127.0.0.1:' . $server->tls_port);
my %line = (ndjson => qr/^\{"id":(\d+),"sid":"(\w+)",/, csv => qr/^(\d+),(\w+),/);

for (['ndjson', 'http'], ['csv', 'https'], ['ndjson', 'http', '--http2-prior-knowledge']) {
    my ($form, $scheme, @arguments) = @$_;
    subtest "@$_" => sub {
        is(request(GET => '/v1/calls?limit=1000', to => $server, as => 'acme')->status, 200, 'a page');
        my ($out) = curl($form, @arguments, "$url{$scheme}/v1/calls?limit=1000");
        my $lines = () = <$out>;
        is($lines, $form eq 'csv' ? 1001 : 1000, 'a short stream');
        close $out;

        my ($before, $most, $connections, $got) = (memory(), 0, 0, 0);
        my $digest = Digest::MD5->new;
        my $began = time;
        ($out) = curl($form, @arguments, "$url{$scheme}/v1/calls");
        readline $out if $form eq 'csv';
        while (my $text = readline $out) {
            $text =~ $line{$form} or die "not a row: $text";
            $digest->add("$1,$2\n");
            next if ++$got % 50_000;
            my ($memory, $now) = (memory(), connections());
            $most = $memory if $memory > $most;
            $connections = $now if $now > $connections;
        }
        ok(close $out, 'curl is content');
        note sprintf '%d rows/s, %d KiB more', $rows / (time - $began), $most - $before;
        is($got, $rows, 'every row');
        is($digest->hexdigest, $sum, 'as it is stored, in order');
        SKIP: {
            skip 'a sanitizer keeps what is freed', 1 if $ENV{TENANT_TEST_PRELOAD};
            cmp_ok($most - $before, '<=', 8 * 1024, 'the child takes at most 8 MiB more');
        }
        is($connections, 1, 'and one connection');
    };
}

subtest 'HTTP/2 breaks off' => sub {
    my ($out) = curl('ndjson', '--http2-prior-knowledge', '--limit-rate', '20M', "$url{http}/v1/calls");
    readline $out;
    sql({ database => $database }, q{UPDATE tenants SET status = 'inactive' WHERE id = ?}, $acme);
    my $got = 1;
    $got++ while readline $out;
    close $out;
    cmp_ok($got, '<', $rows, 'amid the rows');
    isnt($?, 0, 'and curl knows');
};

done_testing;
