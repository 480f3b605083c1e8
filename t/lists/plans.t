# SPDX-License-Identifier: Apache-2.0
#
# What the statements of lists cost the tenant that has nearly all rows: a million calls, and many of each other
# resource, with values that make it hard: one that nearly all rows have, one that only the oldest have, none at
# all; and one that has hardly any among these. Each list with at most one filter, in each order, both ways, with a cursor and without, finds its rows by an
# index: it sorts nothing, reads no table as a whole, and passes over no more than a few rows. Combinations of filters
# may look at more, until the deadline.

use strict;
use warnings;

use DBI ();
use JSON::PP ();
use Test::More;
use TenantTest;
use TenantTest::Fault qw(wait_until);

my $LIMIT  = 51;             # rows: a page of 50, and the one that tells that there are more
my $PASSED = 3 * $LIMIT;     # rows that a list may look at and not show, at most
my @TENANTS = (1, 500);      # the big one, and one of those that have ten calls and one or two of all else
my $BLOCKS = 5 * $LIMIT;     # blocks that it may look at: a row may be in a block of its own, and need two more

my $pg = TenantTest::Site->deployed_cluster('app',
    autovacuum           => 'off',
    shared_buffers       => "'512MB'",
    maintenance_work_mem => "'256MB'",
    max_wal_size         => "'4GB'",
    wal_level            => 'minimal',
    max_wal_senders      => 0,
);

# The tenant 1 has all rows but those whose number 101 divides. Of its calls the 30 oldest have a status of their own,
# half of the others another one; likewise for the rest. created_at grows with the id, three rows at a time.
my %rows = (
    tenants => [50_000, q{name, status, api_key_hash, custom_domain},
        q{CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END, CASE WHEN n <= 30 THEN 'inactive' ELSE 'active' END, 'hash ' || n,
          CASE WHEN n % 10 = 0 THEN n || '.example' END}],
    calls => [1_010_000, q{tenant_id, sid, from_number, to_number, status, direction, parent_call_sid, created_at},
        q{TENANT, 'CA' || lpad(to_hex(n), 32, '0'), CASE WHEN n <= 400000 THEN NULL WHEN n % 10 = 0 THEN 'usual' ELSE '+1' || n END,
          CASE WHEN n <= 30 THEN 'rare' WHEN n % 2 = 0 THEN 'usual' ELSE 'other' END,
          CASE WHEN n <= 30 THEN 'rare' WHEN n % 2 = 1 THEN 'usual' ELSE 'other' END,
          CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END, CASE WHEN n <= 30 THEN 'rare' WHEN n % 2 = 0 THEN 'usual' END, TIME}],
    messages => [101_000, q{tenant_id, sid, from_number, to_number, status, direction, error_code, created_at},
        q{TENANT, 'SM' || lpad(to_hex(n), 32, '0'), CASE WHEN n <= 30 THEN 'rare' END, '+1' || n,
          CASE WHEN n <= 30 THEN NULL WHEN n <= 60 THEN 'rare' ELSE 'usual' END,
          CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END, CASE WHEN n <= 30 THEN 7 WHEN n % 2 = 0 THEN 60 END, TIME}],
    recordings => [202_000, q{tenant_id, sid, call_sid, duration, status, created_at},
        q{TENANT, 'RE' || lpad(to_hex(n), 32, '0'), CASE WHEN n <= 30 THEN 'rare' END, CASE WHEN n <= 30 THEN NULL WHEN n <= 60 THEN 7 ELSE 60 END,
          CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END, CASE WHEN n <= 30 THEN 'epoch' ELSE '2020-01-01Z'::timestamptz END}],
    products => [101_000, q{tenant_id, name}, q{TENANT, CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END}],
    audit => [101_000, q{tenant_id, action, kind, row_id, actor, actor_type, role, changes, created_at},
        q{TENANT, CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END, CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END,
          CASE WHEN n <= 30 THEN NULL WHEN n <= 60 THEN 'rare' WHEN n % 2 = 0 THEN 'usual' ELSE n::text END,
          CASE WHEN n <= 30 THEN 'rare' ELSE 'usual' END, 'key', 'tenant_api', '{}', TIME}],
    usage => [101_000, q{tenant_id, day, requests}, q{TENANT, date '2000-01-01' + n, n}],
    users => [101_000, q{tenant_id, id, email, created_at, updated_at},
        q{TENANT, lpad(n::text, 8, '0'), n || '@example.com', CASE WHEN n <= 60 THEN TIME END,
          CASE WHEN n <= 30 THEN 'epoch' WHEN n <= 60 THEN NULL ELSE '2020-01-01Z'::timestamptz END}],
);

my @listed = grep { $_->{is_listed} } @{ JSON::PP::decode_json(`build/unit/resources`) };
is_deeply([sort keys %rows], [sort keys %{ { map { table_of($_->{name}) => 1 } @listed } }], 'there are rows for the lists of each resource');

# The table of a resource, and whether it is the administrator's.
sub table_of { return $_[0] =~ s/^all_//r }
sub is_of_all { return $_[0] =~ /^(?:tenants$|all_)/ }

# Fills a table, with what slows that down taken away and put back.
sub fill {
    my ($table) = @_;
    my ($count, $columns, $values) = @{ $rows{$table} };
    $values =~ s/TENANT/CASE WHEN n % 101 = 0 THEN 2 + n % 997 ELSE 1 END/;
    $values =~ s/TIME/'epoch'::timestamptz + n \/ 3 * interval '1 minute'/;
    my $insert = "INSERT INTO $table ($columns) SELECT $values FROM generate_series(1, $count) n";
    return "$insert;" if $table eq 'tenants';
    # of partitions nothing can be taken away one by one
    return "SET session_replication_role = replica; $insert; RESET session_replication_role;" if $table eq 'calls' && TenantTest::Site::partitions();
    return <<"END";
CREATE TEMP TABLE built AS
  SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition, conname, pg_get_constraintdef(c.oid) AS key
    FROM pg_index LEFT JOIN pg_constraint c ON conindid = indexrelid AND contype IN ('p', 'u')
   WHERE indrelid = '$table'::regclass;
CREATE TEMP TABLE reference AS
  SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = '$table'::regclass AND contype = 'f';
SELECT format('ALTER TABLE $table DROP CONSTRAINT %I', conname) FROM reference \\gexec
SELECT CASE WHEN key IS NULL THEN format('DROP INDEX %s', name) ELSE format('ALTER TABLE $table DROP CONSTRAINT %I', conname) END FROM built \\gexec
ALTER TABLE $table SET UNLOGGED;
$insert;
SELECT CASE WHEN key IS NULL THEN definition ELSE format('ALTER TABLE $table ADD CONSTRAINT %I %s', conname, key) END FROM built \\gexec
SELECT format('ALTER TABLE $table ADD CONSTRAINT %I %s NOT VALID', conname, definition) FROM reference \\gexec
DROP TABLE built, reference;
END
}

# The audit has rows of its own here: a line for each row of the others takes longer than all else.
sub audit {
    my ($able) = @_;
    return qq{SELECT format('ALTER TABLE %s $able TRIGGER audit_change', tgrelid::regclass) FROM pg_trigger WHERE tgname = 'audit_change' \\gexec};
}
$pg->query('app', join("\n", 'SET client_min_messages = warning;', audit('DISABLE'), map({ fill($_) } 'tenants', sort grep { $_ ne 'tenants' } keys %rows),
    'INSERT INTO settings (tenant_id) SELECT id FROM tenants;',
    q{INSERT INTO idempotency_keys (tenant_id, id, fingerprint, answer) SELECT 1, 'calls/' || n, '1:00', '{}' FROM generate_series(1, 50000) n;},
    audit('ENABLE'), 'VACUUM ANALYZE;'));

# --- What is asked for ---------------------------------------------------------------------------------------------

# For each field a value that few rows have, those at one end; one that none has; and one that nearly all have.
my %values = (
    id            => ['31', '1999999999', '500000'],
    'id of users' => ['00000031', 'nobody', '00050000'],
    email         => ['31@EXAMPLE.com', 'nobody@example.com', '50000@example.com'],
    duration      => ['7', '8', '60'],
    error_code    => ['7', '8', '60'],
    created_at    => ['1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '2020-01-01T00:00:00Z'],
    updated_at    => ['1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '2020-01-01T00:00:00Z'],
    tenant_id     => ['2', '1999', '1'],
    day => [qw(2000-01-02 2100-01-01 2276-01-01)],
    'tenant_id of all_usage' => [1, 500, 999_999],
    custom_domain => ['10.example', 'nobody.example', '40000.example'],
    sid           => ['CA' . '0' x 30 . '1f', 'CA', 'SM' . '0' x 30 . '1f'],
);
my @usual = ('rare', 'none', 'usual');

# What the rows of a list are in the order of.
sub key_of {
    my ($resource, $field) = @_;
    return $field unless $resource eq 'users' && $field eq 'created_at';
    return "CASE WHEN created_at IS NULL THEN '-infinity'::timestamptz ELSE created_at END";
}

# The rows that a filter lets pass, as a condition.
sub condition {
    my ($dbh, $resource, $filter, $value) = @_;
    my $tenant = is_of_all($resource) ? 'true' : 'tenant_id = 1';
    return $tenant unless defined $filter;
    my ($field, $test) = @{ { from => [qw(day gte)], to => [qw(day lte)] }->{$filter} // [$filter =~ /^(\w+)(?:\.(\w+))?$/] };
    my %operator = (gt => '>', gte => '>=', lt => '<', lte => '<=');
    return "$tenant AND lower($field) = lower(" . $dbh->quote($value) . ')' if $field eq 'email';
    return "$tenant AND $field " . ($test ? $operator{$test} : '=') . ' ' . $dbh->quote($value);
}

# Of the rows that pass, the first, one in the middle, and the last, as cursors: (key, id) each.
my %known;
sub cursors {
    my ($dbh, $resource, $order, $condition) = @_;
    my $key = key_of($resource, $order);
    my $row = sub {
        my ($direction, $offset) = @_;
        return $dbh->selectrow_arrayref("SELECT $key, id FROM @{[table_of($resource)]} WHERE $condition
            ORDER BY $key $direction, id $direction LIMIT 1 OFFSET $offset");
    };
    return $known{"$resource $order $condition"} //= [grep { defined } $row->('', 0), $row->('', 20), $row->('DESC', 5000), $row->('DESC', 0)];
}

# The values of a tenant's statement, several times: by what the build says of its parameters. A filter for NULL has
# none. The cursors are the big tenant's.
sub cases {
    my ($dbh, $statement, $tenant) = @_;
    my ($resource, @names) = ($statement->{resource}, @{ $statement->{values} });
    my ($filter) = grep { !/^(?:tenant|limit|order\..*)$/ } @names;
    my ($order) = (grep({ $_ ne 'id' } map { /^order\.(\w+)/ ? $1 : () } @names), 'id');
    my ($field) = ($filter // '') =~ /^(\w+)/;
    $field = 'day' if ($field // '') =~ /^(?:from|to)$/;
    my $null = $statement->{label} =~ /_(not_)?null_(\w+?)_by_/ ? ' AND ' . key_of($resource, $2) . ' IS ' . ($1 ? 'NOT' : '') . ' NULL' : '';
    my @cases;
    for my $value (@{ defined $field ? $values{"$field of $resource"} // $values{$field} // \@usual : [undef] }) {
        my $cursors = grep({ /^order/ } @names) ? cursors($dbh, $resource, $order, condition($dbh, $resource, $filter, $value) . $null) : [[]];
        for my $cursor (@$cursors) {
            push @cases, [map { $_ eq 'tenant' ? $tenant : $_ eq 'limit' ? $LIMIT : $_ eq 'order.id' ? $cursor->[1]
                : /^order\./ ? $cursor->[0] : $value } @names];
        }
    }
    return @cases;
}

# --- What that costs -----------------------------------------------------------------------------------------------

# All nodes of a plan.
sub nodes { my ($node) = @_; return ($node, map { nodes($_) } @{ $node->{Plans} // [] }) }

sub passed {
    my ($node) = @_;
    my $passed = 0;
    $passed += $node->{$_} // 0 for 'Rows Removed by Filter', 'Rows Removed by Index Recheck', 'Rows Removed by Join Filter';
    return $passed * ($node->{'Actual Loops'} // 1);
}

# What is wrong with how a prepared statement ran. A count may look at all rows of the tenant; the administrator's is
# one of all rows.
sub faults {
    my ($run, $statement) = @_;
    my @nodes = nodes($run->{Plan});
    my @faults = grep { /^(?:Incremental )?Sort$|^Seq Scan$/ } map { $_->{'Node Type'} } @nodes;
    my $passed = 0;

    return is_of_all($statement->{resource}) ? () : @faults if $statement->{label} =~ /_count/;
    $passed += passed($_) for @nodes;
    my $blocks = $run->{Plan}{'Shared Hit Blocks'} + $run->{Plan}{'Shared Read Blocks'};
    push @faults, "it looks at $passed rows in vain" if $passed > $PASSED;
    push @faults, "it looks at $blocks blocks" if $blocks > $BLOCKS;
    return @faults;
}

# --- The statements ------------------------------------------------------------------------------------------------

my %dbh = map { ($_ => DBI->connect('dbi:Pg:' . $pg->conninfo('app', $_) =~ tr/ /;/r, undef, undef,
    { RaiseError => 1, PrintError => 0, pg_server_prepare => 0 })) } qw(tenant_api tenant_admin postgres);
$dbh{$_}->do('SET statement_timeout = 0') for keys %dbh;

my (@statements, %seen);
open my $out, '-|', "build/unit/statements" or die "build/unit/statements: $!";
while (<$out>) {
    chomp;
    my ($resource, $label, $sql, $values) = split /\t/, $_, 4;
    my $n = 0;
    my @types = map { $_ eq 'd' ? 'int' : 'varchar' } grep { $_ ne '%' } $sql =~ /%(.)/g;
    $sql =~ s/%(.)/$1 eq '%' ? '%' : '$' . ++$n/ge;
    push @statements, { resource => $resource, label => $label, sql => $sql, types => \@types, values => [split / /, $values],
        is_list => scalar($label =~ /_(?:list|count)(?:_|$)/) } unless $seen{$sql}++ || $label eq '-';
}
close $out or die 'build/unit/statements failed';

sub plan_of {
    my ($statement, $options, @values) = @_;
    my $dbh = $dbh{ is_of_all($statement->{resource}) ? 'tenant_admin' : 'tenant_api' };
    my $values = @values ? '(' . join(', ', map { $dbh->quote($_) } @values) . ')' : '';
    my ($json) = $dbh->selectrow_array("EXPLAIN (FORMAT JSON$options) EXECUTE s$values");
    return JSON::PP::decode_json($json)->[0];
}

sub prepared {
    my ($statement, $run) = @_;
    my $dbh = $dbh{ is_of_all($statement->{resource}) ? 'tenant_admin' : 'tenant_api' };
    $dbh->do('PREPARE s' . (@{ $statement->{types} } ? '(' . join(', ', @{ $statement->{types} }) . ')' : '')
        . " AS $statement->{sql}");
    $run->();
    $dbh->do('DEALLOCATE s');
}

is($dbh{tenant_api}->selectrow_array('SHOW plan_cache_mode'), 'force_generic_plan', 'what is seen here is what runs');

for my $resource (sort map { $_->{name} } @listed) {
    subtest "lists of $resource" => sub {
        my ($count) = $dbh{postgres}->selectrow_array("SELECT count(*) FROM @{[table_of($resource)]}" . (is_of_all($resource) ? '' : ' WHERE tenant_id = 1'));
        cmp_ok($count, '>=', $resource eq 'calls' ? 1_000_000 : 50_000, "there are $count");
        for my $statement (grep { $_->{resource} eq $resource && $_->{is_list} } @statements) {
            my ($runs, @faults) = (0);
            prepared($statement, sub {
                for my $values (map { cases($dbh{postgres}, $statement, $_) } is_of_all($resource) ? 1 : @TENANTS) {
                    my $run = plan_of($statement, ', ANALYZE, BUFFERS, TIMING OFF', @$values);
                    push @faults, map { "$_ (@$values)" } faults($run, $statement);
                    $runs++;
                }
            });
            ok(!@faults, "$statement->{label}: $runs times") or diag join "\n", $statement->{sql}, @faults;
        }
    };
}

subtest 'all other statements' => sub {
    for my $statement (grep { !$_->{is_list} } @statements) {
        prepared($statement, sub {
            my $run = plan_of($statement, '', map { undef } @{ $statement->{types} });
            my @faults = grep { /Sort$|^Seq Scan$/ } map { $_->{'Node Type'} } nodes($run->{Plan});
            is("@faults", '', $statement->{label}) or diag $statement->{sql};
        });
    }
};

# The same by HTTP, with so little time that no statement that looks at half of the rows ends in it.
subtest 'combinations end at the deadline' => sub {
    $dbh{postgres}->do(q{UPDATE tenants SET status = 'active', api_key_hash = ? WHERE id = 1}, undef, tenant('acme')->{hash});
    my $server = TenantTest::Server->start(database => $pg->conninfo('app', 'tenant_api'), processes => 1, server => 'TenantPool statement=50ms');
    my $get = sub { my ($query) = @_; return request(GET => "/v1/calls?limit=50&$query", as => 'acme', to => $server) };

    for my $query ('status=usual', 'to_number=usual&order=created_at.asc', 'from_number.null=true', 'status=none') {
        ok((wait_until { $get->($query)->status == 200 } 30), "$query: in time");
    }
    # a connection that was cut off is replaced by one that is checked first, which may take longer than 50 ms too
    my $try = sub {
        my ($query) = @_;
        my $answer;
        wait_until { $get->('status=usual')->status == 200 && (($answer = $get->($query))->json->{code} // '') ne 'database-away' } 30;
        return $answer;
    };
    for my $query ('status=usual&to_number=usual', 'status=usual&to_number=usual&order=created_at.asc', 'status=other&to_number=other&order=id.asc') {
        my $late = $try->($query);
        is_problem($late, 503, 'query-timeout', "$query: too late");
        is($late->header('Retry-After'), 1, 'with a time to come back');
    }
    ok((wait_until { $get->('status=usual')->status == 200 } 30), 'and the server goes on');
};

done_testing;
