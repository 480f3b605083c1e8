# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant export and import: everything of a tenant goes from one database into another, and comes out again as it
# was, but for ids.

use strict;
use warnings;
use utf8;

use Cwd ();
use File::Temp ();
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Command;
use TenantTest::Export;

my $folder = File::Temp->newdir;
my ($from, $to) = qw(export_from export_to);
my @keys = ('--key-file', site->{key_file});
database($_) for $from, $to;
sql({ database => $to }, 'DELETE FROM tenants');
my $acme = tenant('acme')->{id};

sub on { return ('--database', site->conninfo($_[0], $_[1] // 'tenant_owner')) }

my $files = 0;
sub file { return $folder . '/' . ++$files . '.tar' }

# Exports, and returns what was written.
sub export {
    my ($database, $tenant, @options) = @_;
    my $file = file();
    my $run = tenantctl('tenant', 'export', $tenant, $file, @options, on($database));
    is_done($run, 'exported') or return;
    return ($file, TenantTest::Export->read($file), $run);
}

# What is hard to carry: ends of lines, quotes, characters beyond the BMP, controls, values that are none, extremes.
my $texts = q{E'\n\r\t\\"''/ \u2028\u007f\u0001\ufeff\U0001F600 e\u0301 \U0010FFFF' || repeat('ü', 100000)};
sql({ database => $from }, "INSERT INTO messages (sid, tenant_id, body, media, error_code, created_at) VALUES
    ('SM' || repeat('f', 32), ?, $texts, '', 2147483647, '9999-12-31 23:59:59.999999Z'),
    ('SM' || repeat('e', 32), ?, NULL, NULL, -2147483648, '0001-01-01 00:00:00Z'),
    ('SM' || repeat('d', 32), ?, '', E'{}\\\\n', 0, '2026-03-29 02:30:00.123456+01')", $acme, $acme, $acme);
sql({ database => $from }, "INSERT INTO calls (sid, tenant_id, status, answered_at, ended_at, duration)
    VALUES ('CA' || repeat('f', 32), ?, NULL, '-infinity', 'infinity', NULL)", $acme);
sql({ database => $from }, "UPDATE tenants SET name = 'Acme \"Ü\" 😀', twilio_account_sid = 'AC' || repeat('0', 32), twilio_auth_token = 'mt1.secret',
    twilio_api_key_secret = 'mt1.other', twilio_phone_number = '+12025550100' WHERE id = ?", $acme);
sql({ database => $from }, "UPDATE users SET password_hash = 'argon-of-a-password' WHERE tenant_id = ? AND id = (SELECT min(id) FROM users WHERE tenant_id = ?)",
    $acme, $acme);

# What the audit has to carry.
sql({ database => $from }, $_) for "UPDATE tenants SET retiring_api_key_hash = api_key_hash, retiring_api_key_expires_at = '2030-01-01Z', api_key_hash = 'none' WHERE id = $acme",
    "UPDATE tenants SET api_key_hash = retiring_api_key_hash, retiring_api_key_hash = NULL, retiring_api_key_expires_at = NULL WHERE id = $acme",
    "DELETE FROM products WHERE id = (SELECT max(id) FROM products WHERE tenant_id = $acme)",
    "UPDATE users SET email = 'audited\@example.com' WHERE tenant_id = $acme AND id = (SELECT max(id) FROM users WHERE tenant_id = $acme)";

subtest 'there and back' => sub {
    my ($file, $first, $run) = export($from, $acme, '--json');
    my $manifest = $first->manifest;
    is((stat $file)[2] & 07777, 0600, 'nobody else may read the file');
    is_deeply([glob "$folder/*"], [$file], 'nothing else is beside it');
    is($manifest->{format}, 1, 'it says of which format it is');
    is($manifest->{schema}, row({ database => $from }, 'SELECT change FROM sqitch.changes ORDER BY committed_at DESC LIMIT 1'),
        'of which schema');
    is_deeply($manifest->{tenant}, { id => $acme, name => 'Acme "Ü" 😀' }, 'of which tenant');
    is_deeply([sort map { $_->{table} } @{ $manifest->{files} }], [sort grep { $_ ne 'idempotency_keys' } tenant_tables()],
        'all tables are in it, but for the answers of a day');
    is($run->json->{name}, 'Acme "Ü" 😀', 'the summary says whose it is');
    is_deeply({ map { $_->{table} => $_->{rows} } @{ $run->json->{tables} } },
        { map { $_->{table} => row({ database => $from }, "SELECT count(*) FROM $_->{table} WHERE " . ($_->{table} eq 'tenants' ? 'id' : 'tenant_id') . ' = ?', $acme) }
              @{ $manifest->{files} } }, 'and how many rows of what');
    like($run->json->{left_out}, qr/tenants\.api_key_hash,.*tenants\.twilio_auth_token,.*users\.password_hash/, 'and what is not in it');
    my $bytes = TenantTest::Export::slurp($file);
    unlike($bytes, qr/mt1\.|argon-of|globex/, 'no secret is in it, and nothing of others');

    $run = tenantctl('tenant', 'import', $file, '--json', on($to), @keys);
    is_done($run, 'imported into another database');
    my $made = $run->json;
    isnt($made->{id}, $acme, 'under an id of its own');
    is($made->{former_id}, $acme, 'the summary has both');
    my $server = TenantTest::Server->start(database => site->conninfo($to), server => 'TenantUsage off');    # which would add to rows
    my $answer = request(GET => '/v1/tenant', to => $server, as => $made->{api_key});
    is_status($answer, 200, 'its new key works');
    is($answer->json->{name}, 'Acme "Ü" 😀', 'for it');
    is_status(request(GET => '/v1/tenant', to => $server, as => 'acme'), 401, 'its old key does not');
    is_status(request(POST => '/v1/calls', to => $server, as => $made->{api_key}, json => { sid => 'CA' . '9' x 32 }), 201,
        'and ids go on behind those that were imported');
    sql({ database => $to }, q{DELETE FROM calls WHERE sid = 'CA' || repeat('9', 32)});

    my (undef, $second) = export($to, $made->{id});
    is_deeply($second->rows($_), $first->rows($_), "$_ are as they were") for grep { $_ ne 'audit' } map { $_->{table} } @{ $manifest->{files} };
    my ($made_line, @lines) = @{ $second->rows('audit') };
    my @former = splice @lines, 0, scalar @{ $first->rows('audit') };
    is_deeply(\@former, $first->rows('audit'), 'and the audit, each line in its place');
    like(join("\n", @former), qr/"action":"\Q$_\E"/, "... of $_") for qw(update change_password make_key revoke_key delete);
    unlike(join("\n", @former), qr/mt1\.|argon-of/, '... without a secret');
    my $own = sub { return join ' ', @{ JSON::PP::decode_json($_[0]) }{qw(action kind actor_type)} };
    my $count = @{ $second->rows('users') };
    is_deeply([map { $own->($_) } $made_line, @lines], ['create tenants tenantctl', 'import audit tenantctl', ('create settings tenantctl') x @{ $second->rows('settings') },
        ('create users tenantctl') x $count, 'delete calls role'], 'it tells of the import beside them') or diag join "\n", @lines;
    my $import = site->dbh($to)->selectrow_hashref(q{SELECT id, role, changes FROM audit WHERE action = 'import'});
    my $told = JSON::PP::decode_json($import->{changes});
    is($import->{role}, 'tenant_owner', 'by whom');
    is_deeply({ map { $_ => $told->{$_} } qw(rows former_tenant_id exported_at) },
        { rows => scalar @former, former_tenant_id => $acme, exported_at => $manifest->{exported_at} }, 'which lines are none of this database, and whence');
    is(row({ database => $to }, 'SELECT count(*) FROM audit WHERE tenant_id = ? AND id BETWEEN ? AND ?', $made->{id}, @$told{qw(first last)}), scalar @former, '... those, and no others');
    cmp_ok($told->{last}, '<', $import->{id}, '... ahead of it');
    is_status(request(GET => '/v1/audit?action=import', to => $server, as => $made->{api_key}), 200, 'the API tells it too');
    is_refused(tenantctl('tenant', 'import', $file, on($to), @keys, '--custom-domain', 'other.example.com'), 1,
        qr/sid of @{[TenantTest::Site::partitions() ? 'messages is there already: SM1' : 'calls is there already: CA1']}\S+\n.*id of users is there already: \S+\n.*: \d{2,3} of its rows are there already: nothing is imported\n\z/s,
        'a second time it is refused, with what is there');
    is_refused(tenantctl('tenant', 'import', $file, on($to), @keys), 1, qr/another tenant has this custom domain: .* --custom-domain\n\z/,
        'a domain that is taken');
    is(row({ database => $to }, 'SELECT count(*) FROM tenants'), 1, 'and nothing of it stays');
};

subtest 'passwords' => sub {
    is_refused(tenantctl('tenant', 'export', $acme, file(), '--with-passwords', on($from, 'tenant_admin')), 1, qr/connect as tenant_owner/,
        'take the owner');
    my ($file, $export) = export($from, $acme, '--with-passwords');
    like($export->{files}{'users.ndjson'}, qr/"password_hash":"argon-of-a-password"/, 'are exported where that is asked for');
    sql({ database => $to }, 'DELETE FROM tenants');
    is_done(tenantctl('tenant', 'import', $file, on($to), @keys, '--custom-domain', 'ACME.example.org'), 'and imported');
    is_deeply([row({ database => $to }, 'SELECT u.password_hash, t.custom_domain FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE password_hash IS NOT NULL')],
        ['argon-of-a-password', 'acme.example.org'], 'beside another domain');
    unlike(tenantctl('tenant', 'export', $acme, '-', on($from, 'tenant_admin'))->{output}, qr/argon-of/, 'not otherwise');
};

subtest 'tables and columns that nobody has told of' => sub {
    for my $database ($from, $to) {
        sql({ database => $database }, $_) for q{CREATE TABLE meters (tenant_id integer REFERENCES tenants ON DELETE CASCADE, day date, "order" numeric, raw json, bytes bytea,
                row_version bigint DEFAULT 1, PRIMARY KEY (tenant_id, day))},
            'GRANT SELECT ON meters TO tenant_admin', 'ALTER TABLE meters OWNER TO tenant_owner',
            qq{CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id integer REFERENCES tenants ON DELETE CASCADE,
                call_id integer, FOREIGN KEY (@{[TenantTest::Site::partitions() ? 'tenant_id, call_id' : 'call_id']}) REFERENCES calls ON DELETE CASCADE, parent_id bigint REFERENCES notes, pin text, twilio_auth_tokens text, unknown text)},
            'ALTER TABLE notes OWNER TO tenant_owner', 'GRANT SELECT (id, tenant_id, call_id, parent_id, pin, twilio_auth_tokens) ON notes TO tenant_api, tenant_admin',
            'ALTER TABLE users ADD recovery text', 'ALTER TABLE tenants ADD webhook text';
    }
    sql({ database => $to }, 'DELETE FROM tenants');
    sql({ database => $from }, q{INSERT INTO meters VALUES (?, '2026-01-02', 12345678901234567890.10, E'{"a":\n1.50}', '\x00ff', 7), (?, '-infinity', 'NaN', 'null', NULL, 7)}, $acme, $acme);
    sql({ database => $from }, q{INSERT INTO notes (tenant_id, call_id, parent_id, pin, twilio_auth_tokens, unknown)
        SELECT ?, id, NULL, 'known-secret', 'known-secret', 'known-secret' FROM calls WHERE tenant_id = ? ORDER BY id}, $acme, $acme);
    sql({ database => $from }, q{UPDATE notes SET parent_id = id - 1 WHERE id > 1});
    sql({ database => $from }, q{UPDATE users SET recovery = 'known-secret'});
    sql({ database => $from }, q{UPDATE tenants SET webhook = 'known-secret'});

    my ($file, $first, $run) = export($from, $acme, '--json');
    unlike(TenantTest::Export::slurp($file), qr/known-secret/, 'a column that may be secret stays');
    my $left_out = $run->json->{left_out};
    like($left_out, qr/(^|,)\Q$_\E(,|$)/, "the summary says so of $_") for qw(notes.pin notes.twilio_auth_tokens notes.unknown users.recovery tenants.webhook);
    is_deeply($first->rows('meters'), ['{"day":"-infinity","order":"NaN","raw":null,"bytes":null}',
            '{"day":"2026-01-02","order":12345678901234567890.10,"raw":{"a": 1.50},"bytes":"\\\\x00ff"}'], 'a new table goes, without the version of its rows');
    $run = tenantctl('tenant', 'import', $file, on($to), @keys, '--json');
    is_done($run, 'imported');
    my (undef, $second) = export($to, $run->json->{id});
    is_deeply($second->rows('meters'), $first->rows('meters'), 'as it was');
    my $chain = q{SELECT string_agg(concat_ws(' ', c.sid, p.sid), ',' ORDER BY c.sid)
        FROM notes n JOIN calls c ON c.id = n.call_id AND c.tenant_id = n.tenant_id LEFT JOIN notes o ON o.id = n.parent_id LEFT JOIN calls p ON p.id = o.call_id
        WHERE n.tenant_id = ?};
    is(row({ database => $to }, $chain, $run->json->{id}), row({ database => $from }, $chain, $acme), 'rows refer to what they did');
    is(row({ database => $to }, q{SELECT count(*) FROM notes n JOIN calls c ON c.id = n.call_id}), 26, 'all of them');
    is_deeply([column({ database => $to }, q{SELECT relname FROM pg_class WHERE relname LIKE 'import%'})], [], 'the table of ids is gone');

    sql({ database => $to }, 'DELETE FROM tenants');
    my $foreign = row({ database => $from }, 'SELECT id FROM calls WHERE tenant_id <> ? LIMIT 1', $acme);
    $first->change('notes', sub { $_[0]{call_id} = $foreign; @_ })->write($file);
    is_refused(tenantctl('tenant', 'import', $file, on($to), @keys), 1, qr/calls $foreign, which is not in the export/, 'to nothing else');
    sql({ database => $_ }, 'DROP TABLE meters, notes; ALTER TABLE users DROP recovery; ALTER TABLE tenants DROP webhook') for $from, $to;
};

subtest 'one snapshot' => sub {
    my $dbh = site->dbh($from)->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE products IN ACCESS EXCLUSIVE MODE');    # holds the export up between two tables
    my $file = file();
    my $started = start_tenantctl('tenant', 'export', $acme, $file, on($from, 'tenant_owner'));
    my $until = time + 20;
    sleep 0.02 until row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND wait_event_type = 'Lock'}, $from) || time > $until;
    ok(!-e $file, 'there is no file of that name before it is whole');
    my $calls = row({ database => $from }, 'SELECT count(*) FROM calls WHERE tenant_id = ?', $acme);
    sql({ database => $from }, $_) for "INSERT INTO recordings (sid, tenant_id) VALUES ('RE' || repeat('c', 32), $acme)", "DELETE FROM recordings WHERE sid LIKE 'RE1%1'",
        "UPDATE users SET email = 'changed\@example.com' WHERE tenant_id = $acme AND id = (SELECT min(id) FROM users WHERE tenant_id = $acme)";
    $dbh->do('COMMIT');
    is_done($started->wait, 'an export while rows change');
    my $export = TenantTest::Export->read($file);
    is(scalar @{ $export->rows('recordings') }, 25, 'has what was there at its beginning');
    unlike($export->{files}{$_}, qr/c{32}|changed@/, "and nothing later: $_") for 'recordings.ndjson', 'users.ndjson';
};

subtest 'what fails leaves nothing' => sub {
    my $file = file();
    open my $full, '>', '/dev/full' or die "/dev/full: $!";
    my $program = Cwd::abs_path('build/tenantctl');
    my $errors = `APACHE_CONFDIR=/nowhere $program tenant export $acme - --database '@{[site->conninfo($from, 'tenant_admin')]}' 2>&1 >/dev/full`;
    isnt($?, 0, 'a disk that is full');
    is($errors, "tenantctl: standard output: No space left on device\n", 'is told');
    my @limited = ('sh', '-c', 'trap "" XFSZ; ulimit -f 64; exec "$@"', 'sh', $program, 'tenant', 'export', $acme, $file, on($from));
    is(system("APACHE_CONFDIR=/nowhere " . join(' ', map { TenantTest::Command::quoted($_) } @limited) . " 2>$folder/errors") >> 8, 1, 'a file that may not grow');
    like(TenantTest::Export::slurp("$folder/errors"), qr/\Atenantctl: \Q$file\E: File too large\n\z/, 'is told');
    is_deeply([glob "$file*"], [], 'and is not there');
    is_refused(tenantctl('tenant', 'export', $acme, "$folder/none/x", on($from)), 1, qr/none\/x: No such file/, 'a folder that is not there');
    open my $there, '>', $file or die "$file: $!";
    is_refused(tenantctl('tenant', 'export', $acme, $file, on($from)), 1, qr/is there already/, 'a file that is there');
    is(-s $file, 0, 'stays as it was');
    is_refused(tenantctl('tenant', 'export', 999, file(), on($from)), 1, qr/there is no tenant 999/, 'a tenant that is not there');
    is_refused(tenantctl('tenant', 'import', $file, on($to, 'tenant_admin'), @keys), 1, qr/it has no end/, 'an empty file');
};

subtest 'progress' => sub {
    my $run = tenantctl({ asked => qr/tables|name/, input => '' }, 'tenant', 'export', $acme, file(), on($from));
    like($run->{output}, qr/\r\e\[Kcalls: 0 of 26 rows/, 'on a terminal it says how far it is');
};

done_testing;
