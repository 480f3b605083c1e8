# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant import: what is no whole export of tenantctl's is refused, with a reason, and changes nothing. And what a
# large tenant takes: as much memory as a small one.

use strict;
use warnings;

use Cwd ();
use File::Temp ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Command;
use TenantTest::Export qw(archive entry);

my $folder = File::Temp->newdir;
my ($from, $to) = qw(hostile_from hostile_to);
my @keys = ('--key-file', site->{key_file});
database($_) for $from, $to;
sql({ database => $to }, 'DELETE FROM tenants');
sql({ database => $to }, 'DELETE FROM audit');    # which leaves a line
my @to = ('--database', site->conninfo($to, 'tenant_owner'), @keys);
my @from = ('--database', site->conninfo($from, 'tenant_owner'));
my $acme = tenant('acme')->{id};
my $whole = "$folder/whole.tar";
is_done(tenantctl('tenant', 'export', $acme, $whole, @from), 'an export');
my $bytes = TenantTest::Export::slurp($whole);

sub export { return TenantTest::Export->read($whole) }

sub put {
    my ($content) = @_;
    open my $out, '>:raw', "$folder/bad.tar" or die "bad.tar: $!";
    print $out $content;
    close $out or die "bad.tar: $!";
    return "$folder/bad.tar";
}

# What each is refused for.
sub is_bad {
    my ($content, $why, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_refused(tenantctl('tenant', 'import', put($content), @to), 1, $why, $name);
}

subtest 'archives' => sub {
    my $manifest = entry('manifest.json', export->{files}{'manifest.json'});
    my @bad = (
        ['', qr/it has no end/, 'nothing'],
        ['x' x 2048, qr/file 1 in it is no ustar header/, 'something else'],
        ["\0" x 1024, qr/there is no manifest\.json in it/, 'an empty archive'],
        ["\0" x 512, qr/its end has been cut/, 'half an end'],
        [substr($bytes, 0, length($bytes) - 1024), qr/it has no end/, 'one without its end'],
        [substr($bytes, 0, 5000), qr/is longer than the archive: the file has been cut/, 'one that is cut'],
        [$bytes . 'x', qr/something follows its end/, 'one with more behind it'],
        [$bytes . $bytes, qr/something follows its end/, 'two'],
        [archive($manifest, $manifest), qr/file 2 in it is there twice/, 'a file that is there twice'],
        [archive(entry('manifest.json', '', link => '/etc/passwd', type => '2')), qr/is no regular file/, 'a link'],
        [archive(entry('manifest.json', '', link => 'x', type => '1')), qr/is no regular file/, 'a hard link'],
        [archive(entry('manifest.json', '', type => '5')), qr/is no regular file/, 'a folder'],
        [archive(entry('manifest.json', '', type => 'x')), qr/is no regular file/, 'a header of pax'],
        [archive(entry('../manifest.json', '{}')), qr/has a folder in its name/, 'a way out'],
        [archive(entry('/etc/passwd', '{}')), qr/has a folder in its name/, 'a path from the root'],
        [archive(entry('manifest.json', '{}', prefix => '../..')), qr/has no name of its own/, 'a prefix'],
        [archive(entry('', '{}')), qr/has no name of its own/, 'no name'],
        [archive(entry('m' x 100, '{}')), qr/has no name of its own/, 'a name without an end'],
        [archive(entry('manifest.json', '{}', checksum => "000000\0 ")), qr/has a wrong checksum/, 'a wrong checksum'],
        [archive(entry('manifest.json', '{}', size => '77777777777')), qr/is longer than the archive/, 'a size beyond it'],
        [archive(entry('manifest.json', '{}', size => "\x80" . "\0" x 3 . "\x7f" . "\xff" x 7)), qr/is longer than the archive/, 'the largest size'],
        [archive(entry('manifest.json', '{}', size => "\x80" . "\0" x 3 . "\xff" x 8)), qr/has no size/, 'one beyond it'],
        [archive(entry('manifest.json', '{}', size => '-0000000001')), qr/has no size/, 'a size below none'],
        [archive(entry('manifest.json', '{}', size => "\xff" x 12)), qr/has no size/, 'the same in base 256'],
        [archive(entry('manifest.json', ' ' x (1 << 20) . '{}')), qr/manifest\.json is too long/, 'a manifest that is too long'],
        [archive(map { entry("f$_", '') } 1 .. 1001), qr/is one of too many/, 'too many files'],
    );
    is_bad(@$_) for @bad;
    is_refused(tenantctl('tenant', 'import', "$folder/none", @to), 1, qr/none: No such file/, 'no file');
    is_refused(tenantctl('tenant', 'import', $folder, @to), 1, qr/it is no regular file/, 'a folder in its place');
    POSIX::mkfifo("$folder/pipe", 0600);
    is_refused(tenantctl('tenant', 'import', "$folder/pipe", @to), 1, qr/it is no regular file/, 'a pipe, which is not waited for');
};

subtest 'manifests' => sub {
    for my $case (
        [sub { $_[0]{format} = 2 }, qr/a format that this tenantctl does not know/, 'a later format'],
        [sub { delete $_[0]{format} }, qr/a format that/, 'no format'],
        [sub { delete $_[0]{schema} }, qr/lacks schema/, 'no schema'],
        [sub { $_[0]{schema} = 'of_the_future' }, qr/with the change of_the_future, which this database has not/, 'a later schema'],
        [sub { $_[0]{tenant} = 'x' }, qr/lacks schema, exported_at, tenant/, 'no tenant'],
        [sub { $_[0]{files} = {} }, qr/has no files/, 'no files'],
        [sub { $_[0]{files}[2]{table} = '../x' }, qr/has a wrong file 3/, 'an odd table'],
        [sub { $_[0]{files}[2]{name} = 'x.ndjson' }, qr/has a wrong file 3/, 'an odd name'],
        [sub { $_[0]{files}[2]{columns} = ['id"; DROP TABLE calls; --'] }, qr/has a wrong file 3/, 'an odd column'],
        [sub { $_[0]{files}[2]{columns} = ['id', 'id'] }, qr/has a wrong file 3/, 'a column that is there twice'],
        [sub { $_[0]{files}[2]{rows} = -1 }, qr/has a wrong file 3/, 'fewer rows than none'],
        [sub { $_[0]{files}[2]{rows}++ }, qr/calls\.ndjson has another number of lines/, 'a row too many'],
        [sub { $_[0]{files}[2]{bytes}++ }, qr/calls\.ndjson has another size/, 'a byte too many'],
        [sub { $_[0]{files}[2]{sha256} = '0' x 64 }, qr/calls\.ndjson is not what it was/, 'a wrong hash'],
        [sub { pop @{ $_[0]{files} } }, qr/has other files than the archive/, 'a file too few'],
        [sub { push @{ $_[0]{files} }, $_[0]{files}[2] }, qr/has the table calls twice/, 'a table that is there twice'],
        [sub { $_[0]{files}[0]{columns} = ['name', 'status', 'api_key_hash'] }, qr/has the column api_key_hash of tenants/, 'a column that is secret'],
        [sub { $_[0]{files}[0]{columns} = ['name', 'status', 'twilio_auth_token'] }, qr/has the column twilio_auth_token of tenants/, 'another'],
        [sub { push @{ $_[0]{files}[2]{columns} }, 'tenant_id' }, qr/has the column tenant_id of calls/, 'the tenant\'s id'],
        [sub { push @{ $_[0]{files}[-1]{columns} }, 'password_hash' }, qr/has the column password_hash of users/, 'passwords that the manifest denies'],
    ) {
        my ($change, @told) = @$case;
        is_bad(export->bytes($change), @told);
    }
    is_bad(archive(entry('manifest.json', '{"format":')), qr/manifest\.json is no JSON that can be read/, 'no JSON');
    is_bad(archive(entry('manifest.json', '[' x 100000)), qr/manifest\.json is no JSON that can be read/, 'one that is nested');
    my $missing = export;
    delete $missing->{files}{'calls.ndjson'};
    is_bad($missing->bytes, qr/has other files than the archive/, 'a file that is missing');
    (my $changed = $bytes) =~ s/CA1(?=0{20})/CA2/ or die;
    is_bad($changed, qr/calls\.ndjson is not what it was/, 'a row that was changed');
};

subtest 'rows' => sub {
    my $foreign = sub { my ($table, $lines) = @_; my $export = export; $export->{files}{"$table.ndjson"} = $lines; return $export->bytes };
    for my $case (
        ['calls', "{}", qr/calls\.ndjson has a last line without an end/, 'a line without an end'],
        ['calls', "{\0}\n", qr/calls\.ndjson has a NUL in it/, 'a NUL'],
        ['calls', "{\"sid\":\n", qr/calls\.ndjson, behind line 0:\n.*invalid input syntax for type json/, 'no JSON'],
        ['calls', "1\n", qr/cannot call json_populate_recordset|argument of json/, 'no object'],
        ['calls', "{\"sid\":\"\xff\"}\n", qr/invalid byte sequence/, 'no UTF-8'],
        ['calls', qq({"sid":"CA1","created_at":"2026-01-01"}\n) x 2, qr/rows of it repeat each other/, 'a sid that is there twice'],
        ['calls', qq({"sid":"CA1","created_at":"2026-01-01"},{"sid":"CA2","created_at":"2026-01-01"}\n), qr/more than lines/, 'two rows in a line'],
        ['calls', qq({"sid":"CA1","created_at":"infinity"}\n), qr/violates check constraint|violates/, 'a time that no row may have'],
        ['calls', qq({"sid":null}\n), qr/null value in column/, 'no sid'],
        ['calls', '[' x 100000 . "\n", qr/stack depth|invalid input syntax/, 'one that is nested'],
        ['tenants', '', qr/it has not one tenant/, 'no tenant'],
        ['tenants', qq({"name":"a","status":"active"}\n) x 2, qr/it has not one tenant/, 'two tenants'],
        ['tenants', qq({"name":"a\\u001b[2J","status":"active"}\n), qr/name must not hold control characters/, 'a name that is none'],
        ['tenants', qq({"name":"a","status":"active","custom_domain":"a b"}\n), qr/custom_domain must/, 'a domain that is none'],
        ['tenants', qq({"name":"a","status":"active"},{"name":"b","status":"active"}\n), qr/no JSON object/, 'two in a line'],
        ['tenants', "[]\n", qr/no JSON object/, 'an array'],
    ) {
        my ($table, $lines, @told) = @$case;
        is_bad($foreign->($table, $lines), @told);
    }
    my $ok = export->change('calls', sub { map { { %$_, tenant_id => 1, version => 7, unknown => 1 } } @_ })->write("$folder/more.tar");
    my $run = tenantctl('tenant', 'import', $ok, '--json', @to);
    is_done($run, 'members that the manifest does not name');
    is(row({ database => $to }, 'SELECT count(*) FROM calls WHERE tenant_id = ?', $run->json->{id}), 25, 'are not stored');
    sql({ database => $to }, 'DELETE FROM tenants');
};

subtest 'roles' => sub {
    is_refused(tenantctl('tenant', 'import', $whole, '--database', site->conninfo($to, 'tenant_admin'), @keys), 1, qr/connect as tenant_owner\n\z/,
        'the administrators\' may not');
    is_refused(tenantctl('tenant', 'import', $whole, '--database', site->conninfo($to, 'tenant_api'), @keys), 1, qr/connect as tenant_admin\n\z/,
        'the tenants\' may not');
};

is(row({ database => $to }, "SELECT count(*) FROM $_"), 0, "nothing has come into $_") for grep { $_ ne 'audit' } tenant_tables();
is(row({ database => $to }, 'SELECT count(DISTINCT tenant_id) FROM audit'), 1, 'the audit tells of the one that was imported, and of none that was refused');

subtest 'a large tenant' => sub {
    plan skip_all => 'a sanitizer takes all addresses' if $ENV{TENANT_TEST_PRELOAD};
    sql({ database => $from }, q{INSERT INTO calls (sid, tenant_id) SELECT 'CX' || lpad(n::text, 32, '0'), ? FROM generate_series(1, 50000) n}, $acme);
    sql({ database => $from }, q{INSERT INTO messages (sid, tenant_id, body) SELECT 'SX' || lpad(n::text, 32, '0'), ?, repeat('x', 1000000) FROM generate_series(1, 40) n}, $acme);
    my $program = Cwd::abs_path('build/tenantctl');
    local $ENV{APACHE_CONFDIR} = '/nowhere';
    my $limited = sub { return system('prlimit', '--data=33554432', @_) >> 8 };
    isnt($limited->('sh', '-c', "psql -XAtc 'SELECT body FROM messages' '@{[site->conninfo($from, 'tenant_owner')]}' >$folder/psql 2>&1"), 0,
        'the rows do not fit into the memory that there is');
    open my $saved, '>&', \*STDOUT;
    open STDOUT, '>', "$folder/printed";
    my $exported = $limited->($program, 'tenant', 'export', $acme, "$folder/large.tar", @from);
    my $imported = $limited->($program, 'tenant', 'import', "$folder/large.tar", @to);
    open STDOUT, '>&', $saved;
    is($exported, 0, 'they are exported');
    is($imported, 0, 'and imported');
    is(row({ database => $to }, 'SELECT count(*) FROM calls'), 50025, 'all of them');
    is(row({ database => $to }, 'SELECT sum(length(body)) FROM messages WHERE sid LIKE ?', 'SX%'), 40000000, 'whole');
};

subtest 'killed' => sub {
    sql({ database => $to }, 'DELETE FROM tenants');
    my $dbh = site->dbh($to)->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE users IN SHARE MODE');    # the last table
    my $started = start_tenantctl('tenant', 'import', $whole, @to[2, 3], '--database', "$to[1] options='-c lock_timeout=60s'");
    my $until = time + 30;
    sleep 0.02 until row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND wait_event_type = 'Lock'}, $to) || time > $until;
    kill KILL => $started->{pid};
    is($started->wait->{status}, 128 + 9, 'in the middle');
    $dbh->do('ROLLBACK');
    $until = time + 20;
    sleep 0.02 while row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND application_name = 'tenantctl'}, $to) && time < $until;
    is(row({ database => $to }, 'SELECT count(*) FROM calls'), 0, 'it leaves nothing');
    is_done(tenantctl('tenant', 'import', $whole, @to), 'and it may be run again');
};

done_testing;
