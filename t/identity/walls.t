# SPDX-License-Identifier: Apache-2.0
#
# Each of the three walls between tenants proven alone: the statements of the API, run as tenant_api for acme
# against globex's rows, in databases where the other two walls are missing. That the wall was what held is shown
# by taking it away too.

use strict;
use warnings;

use DBD::Pg ();
use Test::More;
use TenantTest;
use TenantTest::Contract qw(new_sid);

my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);
my @tables = tenant_tables();

# --- The databases: what each lacks of the deployed one -------------------------------------------------------

sub tenant_column { return $_[0] eq 'tenants' ? 'id' : 'tenant_id' }

# The type of a resource's field; text for a password, whose column has another name.
my %types;
sub type_of {
    my ($resource, $field) = @_;
    my $table = $resource eq 'tenant' ? 'tenants' : $resource;
    return $types{"$table.$field"} //=
        row('SELECT data_type FROM information_schema.columns WHERE table_name = ? AND column_name = ?', $table, $field) // 'text';
}

# Unique keys, but for those that a statement or a foreign key needs to exist at all; privileges too, so that they
# are not what holds.
sub drop_keys {
    my ($database) = @_;
    for my $table (grep { !/^(?:tenants|settings)$/ } @tables) {
        my @constraints = column({ database => $database },
            "SELECT conname FROM pg_constraint WHERE conrelid = '$table'::regclass AND contype IN ('p', 'u')");
        sql({ database => $database }, "ALTER TABLE $table DROP CONSTRAINT $_") for @constraints;
        my @indexes = column({ database => $database },
            "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '$table'::regclass AND indisunique");
        sql({ database => $database }, "DROP INDEX $_") for @indexes;
    }
    sql({ database => $database }, 'GRANT ALL ON ALL TABLES IN SCHEMA public TO tenant_api');
    sql({ database => $database }, 'ALTER TABLE audit DISABLE TRIGGER audit_refuse');
}

sub drop_row_security {
    my ($database) = @_;
    sql({ database => $database }, "ALTER TABLE $_ DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
        for @tables;
}

# Policies that show every row; what may be written is as deployed, or anything.
sub open_policies {
    my ($database, $check) = @_;
    for my $table (@tables) {
        my $written = $check // tenant_column($table) . ' = tenant_context()';
        sql({ database => $database }, "ALTER POLICY tenant ON $table USING (true) WITH CHECK ($written)");
    }
}

my %make = (
    walls_all  => sub { },
    walls_none => sub { drop_keys($_[0]); drop_row_security($_[0]) },
    walls_rls  => sub { drop_keys($_[0]) },
    walls_keys => sub { open_policies($_[0]) },
    walls_open => sub { open_policies($_[0], 'true') },
);
for my $name (sort keys %make) {
    database($name);
    sql({ database => $name }, 'INSERT INTO settings (tenant_id, auto_record_calls) VALUES (?, true)', $globex);
    sql({ database => $name }, q{INSERT INTO idempotency_keys (tenant_id, id, fingerprint, answer)
        SELECT id, 'calls/kept', '1:00', jsonb_build_object('tenant_id', id) FROM tenants});
    $make{$name}->($name);
}

# --- The statements -------------------------------------------------------------------------------------------

# What tells a test whose rows a statement reaches: it shows the tenant of each row, of a count's too, and LIMIT
# sets the context as it does, but leaves out no row.
sub telling {
    my ($sql) = @_;
    $sql =~ s/^SELECT count\(\*\) /SELECT id /;
    $sql =~ s/^(?:.* LATERAL \()?SELECT \K(?=id\b)/tenant_id, / unless $sql =~ / FROM tenants /;
    $sql =~ s/ RETURNING \K(?=id\b)/tenant_id, / unless $sql =~ /^UPDATE tenants /;
    $sql =~ s/ AS r \(\K(?=id )/tenant_id int, /;
    $sql =~ s/ LIMIT \K(?=length\()/1000 + 0 * /;
    return $sql;
}

my (@statements, %known);
open my $out, '-|', 'build/unit/statements' or die "build/unit/statements: $!";
while (<$out>) {
    chomp;
    my ($resource, $label, $sql, $names) = split /\t/;
    my $table = $resource eq 'tenant' ? 'tenants' : $resource;
    next if $resource =~ /^(?:tenants$|all_)/ || $known{$sql}++ || $label =~ /_event$/;    # these: t/sql/twilio.pg
    $label = $resource . ($sql =~ /^SELECT count/ ? '_count' : '_list') . ', all filters' if $label eq '-';
    my %statement = (label => $label, verb => $label =~ s/^\Q$resource\E_//r, table => $table, resource => $resource,
        sql => telling($sql), names => [split / /, $names // '']);
    $statement{table} = 'idempotency_keys' if $statement{verb} eq 'created';
    push @statements, \%statement;
    push @statements, { %statement, label => "$label, the answer", table => 'idempotency_keys', part => ' SELECT t.id, t.request,' }
        if $statement{verb} eq 'create_once';
}
close $out or die 'build/unit/statements failed';

sub verb_is { my ($statement, $pattern) = @_; return $statement->{verb} =~ /^(?:$pattern)(?![a-z])/ }
sub reads   { return verb_is($_[0], 'read|list|count|created') }
sub creates { return verb_is($_[0], 'create') }
sub changes { return verb_is($_[0], 'update|upsert|remove') }    # in a transaction that sets the context first

# The statement as if the module had forgotten whose rows it may touch: it no longer asks for the tenant's rows, and
# inserts for globex. The order of its parts and its parameters stay.
sub without_predicate {
    my ($statement) = @_;
    my ($sql, $column) = ($statement->{sql}, tenant_column($statement->{table}));

    if ($statement->{verb} eq 'create') {
        $sql =~ s/ VALUES \(\K(?=(?:CASE WHEN )?set_config\()/$globex + 0 * / or return;
    } elsif (creates($statement)) {
        my $part = $statement->{part} // ' SELECT t.id,';
        $sql =~ s/\Q$part/$part =~ s{t\.id}{$globex + 0 * t.id}r/e or return;
    } elsif ($statement->{verb} eq 'created') {
        $sql =~ s/ WHERE $column = t\.id / WHERE t.id IS NOT NULL / or return;
    } elsif (verb_is($statement, 'read_many')) {
        $sql =~ s/ WHERE $column = k\.tenant / WHERE k.tenant IS NOT NULL / or return;
    } elsif (verb_is($statement, 'upsert')) {
        $sql =~ s/ VALUES \((CASE WHEN .*? THEN )%d::int END,/ VALUES ($1$globex + 0 * %d::int END,/ or return;
        $sql =~ s/ WHERE $statement->{table}\.$column = excluded\.$column / / or return;
    } else {
        $sql =~ s/ WHERE $column = %d::int / WHERE %d::int IS NOT NULL / or return;
        $sql =~ s/_of_email\(\Ktenant_context\(\), /$globex, /;
    }
    return $sql;
}

# What to write into a field so that it shows.
sub new_value {
    my ($statement, $field) = @_;
    my $type = type_of($statement->{resource}, $field);
    return new_sid($statement->{resource}) if $field eq 'sid';
    return 'stolen@example.com' if $field eq 'email';
    return $type eq 'boolean' ? 'false' : $type =~ /^timestamp/ ? '2026-01-01T00:00:00Z' : $type =~ /int/ ? 1 : 'stolen';
}

# The end of a list's field from which rows are counted: above it, or below it.
sub end_of {
    my ($statement, $field, $is_low) = @_;
    my $type = type_of($statement->{resource}, $field);
    my @ends = $type =~ /^(?:timestamp|date)/ ? qw(-infinity infinity) : $type =~ /int/ ? (-1, 2147483647) : ('', '~~~~');
    return $ends[$is_low ? 0 : 1];
}

# The value of a parameter, by its name, of a statement that a tenant runs and that is aimed at a row, a reference to its
# columns.
sub value_of {
    my ($statement, $name, $row, $as) = @_;
    my %single = (
        tenant        => $as,
        request       => $row->{id} . (creates($statement) ? ' anew' : ''),
        fingerprint   => '1:00',
        lock          => 1,
        origin        => '{}',
        if_match      => undef,
        if_none_match => undef,
        limit         => 1000,
    );
    my ($what, $rest) = split /\./, { from => 'day.gte', to => 'day.lte' }->{$name} // $name;

    return $single{$name} if exists $single{$name};
    return $row->{$rest} if $what eq 'row';
    return new_value($statement, $rest) if $what eq 'new';
    return 'true' if $what eq 'has';
    return end_of($statement, $rest, scalar($statement->{verb} =~ /_up(?:_on)?$/)) if $what eq 'order';
    die "$statement->{label}: what is $name?\n" unless verb_is($statement, 'list|count');    # by a filter, which says `status` or `duration.gt`
    return defined $rest ? end_of($statement, $what, scalar($rest =~ /^g/)) : $row->{$what};
}

# A value for each of its parameters, acme's unless told.
sub values_of {
    my ($statement, $row, $as) = @_;
    my @values = map { value_of($statement, $_, $row, $as // $acme) } @{ $statement->{names} };
    return verb_is($statement, 'read_many') ? map { "{$_}" } @values : @values;
}

# --- Running one ----------------------------------------------------------------------------------------------

sub rows_not_of {
    my ($dbh, $table, $tenant) = @_;
    my $rows = $dbh->selectcol_arrayref("SELECT format('%s %s', ctid, t) FROM $table t WHERE " . tenant_column($table)
        . " <> $tenant ORDER BY 1");
    return join "\n", @$rows;
}

# Runs a statement as tenant_api, and undoes it: for acme unless told, by the site's connection to the database unless
# one is given; behind another tenant's statement, where there is one, within its transaction. Whoever runs the same text
# twice by one connection runs one prepared statement. Returns error (SQLSTATE, or ''), rows (how many it
# returned), all of them, foreign (how many of them another tenant's), touched (whether it wrote any row of another tenant).
sub run {
    my ($database, $statement, $sql, $values, %how) = @_;
    my $dbh = $how{by} // site->dbh($database);
    my $as = $how{as} // $acme;
    my ($table, $n, %result) = ($statement->{table}, 0);

    my @types = map { $_ eq 'd' ? DBD::Pg::PG_INT4() : DBD::Pg::PG_VARCHAR() } grep { $_ ne '%' } $sql =~ /%(.)/g;
    $sql =~ s/%(.)/$1 eq '%' ? '%' : '$' . ++$n/ge;
    $dbh->begin_work;
    # a list of the rows that lack something needs some
    # (ahead of the triggers, for the audit takes no UPDATE)
    $dbh->do('SET LOCAL session_replication_role = replica');
    $dbh->do("UPDATE $table SET $1 = NULL WHERE true") if $statement->{verb} =~ /^(?:list|count)_null_(\w+?)(?:_by_\w+)?$/;
    $dbh->do('SET LOCAL session_replication_role = origin');
    my $before = reads($statement) ? '' : rows_not_of($dbh, $table, $as);    # a SELECT writes nothing
    $dbh->do('SET LOCAL ROLE tenant_api');
    $dbh->do('SET LOCAL plan_cache_mode = force_generic_plan');
    $dbh->do("SELECT set_config('mod_tenant.tenant_id', '$as', true)") if changes($statement);
    $dbh->do("SELECT set_config('mod_tenant.tenant_id', '$how{behind}', true)") if $how{behind};
    my $rows = eval {
        my $handle = $dbh->prepare_cached($sql, { pg_server_prepare => 1 }, 3);
        $handle->bind_param($_, $values->[$_ - 1], { pg_type => $types[$_ - 1] }) for 1 .. $n;
        $handle->execute;
        $handle->fetchall_arrayref({});
    };
    $result{error} = $rows ? '' : $dbh->state || $@;
    if ($rows) {
        my $column = tenant_column($table);
        $dbh->do('RESET ROLE');
        $result{all} = $rows;
        $result{rows} = @$rows;
        $result{foreign} = grep { exists $_->{$column} && $_->{$column} != $as } @$rows;
        $result{touched} = !reads($statement) && rows_not_of($dbh, $table, $as) ne $before ? 1 : 0;
    }
    $dbh->rollback;
    return \%result;
}

sub row_of {
    my ($database, $table, $tenant) = @_;
    my $column = tenant_column($table);
    return site->dbh($database)->selectrow_hashref("SELECT * FROM $table WHERE $column = ? ORDER BY id LIMIT 1", undef,
        $tenant) // die "t/lib/TenantTest/seed.sql has no row of the tenant $tenant in $table\n";
}

sub says { my ($result) = @_; return join ' ', map { "$_=$result->{$_}" } grep { $_ ne 'all' } sort keys %$result }

sub is_harmless {
    my ($result, $name) = @_;
    my $ok = $result->{error} eq '42501' || $result->{error} eq '' && !$result->{foreign} && !$result->{touched};
    return ok($ok, $name) || diag says($result);
}

sub is_harmful {
    my ($result, $statement, $name) = @_;
    my $ok = $result->{error} eq '' && $result->{ reads($statement) ? 'foreign' : 'touched' };
    return ok($ok, $name) || diag says($result);
}

# --- The proofs -----------------------------------------------------------------------------------------------

ok(@statements > 30, 'the statements of all resources');
is_deeply([sort keys %{ { map { $_->{table} => 1 } @statements } }], \@tables, 'of each table that has rows of tenants');
my %lacking;    # by label

subtest 'the predicate can be taken out of each statement' => sub {
    for my $statement (@statements) {
        my $sql = $lacking{ $statement->{label} } = without_predicate($statement);
        ok(defined $sql && $sql ne $statement->{sql}, $statement->{label}) or diag $statement->{sql};
    }
};

# Each statement aimed at a tenant's row: as it is, or without its predicate. As whom, by which connection and behind
# whom: see run().
sub aim {
    my ($database, $statement, $tenant, %how) = @_;
    my $sql = $how{without} ? $lacking{ $statement->{label} } : $statement->{sql};
    return run($database, $statement, $sql,
        [values_of($statement, row_of($database, $statement->{table}, $tenant), $how{as})], %how);
}

sub is_own {
    my ($result, $name) = @_;
    my $ok = $result->{error} eq '' && $result->{rows} && !$result->{foreign} && !$result->{touched};
    return ok($ok, $name) || diag says($result);
}

subtest 'each statement works where it should' => sub {
    for my $statement (@statements) {
        for my $database (qw(walls_all walls_none walls_rls walls_keys)) {
            is_own(aim($database, $statement, $acme), "$statement->{label} on acme's rows, $database");
        }
    }
};

# Reads and inserts set the context within their one statement, and row-level security has to find it when it asks for
# it: by a connection that has served nobody, by one whose same prepared statement has served another tenant, behind
# another tenant's statement in a round trip that they share, and whatever the plan.
my %plans = (
    'as deployed'       => '',
    'by other indexes'  => 'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_seqscan = off',
    'by no index'       => 'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off',
    'by many processes' => 'SET force_parallel_mode = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
                            SET min_parallel_table_scan_size = 0; SET enable_indexscan = off; SET enable_bitmapscan = off',
);

# What a statement does, whatever its fields are called.
sub shape {
    my ($statement) = @_;
    my $type = sub { type_of($statement->{resource}, $_[0]) =~ s/character varying/text/r };
    return $statement->{label} =~ s/(?<=_)(?:eq|null|by)_\K(\w+?)(?=_by_|_up|_down|$)/$type->($1)/gre;
}

# The first of those that are alike by what a function says.
sub each_once {
    my ($alike, @of) = @_;
    my %seen;
    return grep { !$seen{ $alike->($_) }++ } @of;
}

# Those that set it themselves: one of each shape and table, and one of each shape.
my @settle = each_once(\&shape, grep { !changes($_) } @statements);
my @shapes = each_once(sub { shape($_[0]) =~ s/^\Q$_[0]{resource}\E//r }, @settle);

subtest 'the context is set ahead of the rows' => sub {
    for my $statement (@shapes) {
        my $label = $statement->{label};
        my ($new, $used) = map { site->dbh('walls_all')->clone } 1 .. 2;
        is_harmless(aim('walls_all', $statement, $globex, as => $acme, by => $new), "$label: nothing of globex's at first");
        is_own(aim('walls_all', $statement, $globex, as => $globex, by => $used), "$label: globex's for globex");
        is_harmless(aim('walls_all', $statement, $globex, as => $acme, by => $used), "$label: nothing of globex's then");
        is_own(aim('walls_all', $statement, $acme, as => $acme, by => $used), "$label: acme's for acme");
        $_->disconnect for $new, $used;
    }
};

for my $plan (sort keys %plans) {
    subtest "the same behind another tenant's statement, $plan" => sub {
        my $used = site->dbh('walls_all')->clone;
        $used->do($plans{$plan}) if $plans{$plan};
        for my $statement ($plans{$plan} ? @shapes : @settle) {
            my %how = (as => $acme, by => $used, behind => $globex);
            is_own(aim('walls_all', $statement, $acme, %how), "$statement->{label}: acme's");
            is_harmless(aim('walls_all', $statement, $globex, %how, without => 1), "$statement->{label}: no other's");
        }
        $used->disconnect;
    };
}

# Where calls are divided, PostgreSQL chooses the partitions of a statement without its predicate by the context that there is ahead
# of it: so the policy alone shows too little, and never too much.
sub shows_nothing_alone { return TenantTest::Site::partitions() && $_[0]{table} eq 'calls' }

# Of several callers' reads in one statement each is in the context of its own caller.
for my $plan (sort keys %plans) {
    subtest "many callers in one statement, $plan" => sub {
        my $used = site->dbh('walls_all')->clone;
        $used->do($plans{$plan}) if $plans{$plan};
        for my $statement (grep { verb_is($_, 'read_many') } @statements) {
            my %row = map { $_ => row_of('walls_all', $statement->{table}, $_) } $acme, $globex;
            my @callers = ([$acme, $acme], [$acme, $globex], [$globex, $acme], [$globex, $globex], [$acme, $acme]);
            my $has_ids = grep { $_ eq 'row.id' } @{ $statement->{names} };
            my @values = (join(',', map { $_->[0] } @callers), $has_ids ? join(',', map { $row{ $_->[1] }{id} } @callers) : ());
            my @wanted = $has_ids ? ("1 $acme", "4 $globex", "5 $acme") : map { "$_ $callers[$_ - 1][0]" } 1 .. @callers;
            for my $sql ($statement->{sql}, shows_nothing_alone($statement) ? () : $lacking{ $statement->{label} }) {
                my $result = run('walls_all', $statement, $sql, [map { "{$_}" } @values], by => $used);
                my @got = map { "$_->{n} " . $_->{ tenant_column($statement->{table}) } } @{ $result->{all} };
                is_deeply([sort @got], \@wanted, $statement->{label} . ($sql eq $statement->{sql} ? '' : ' by row-level security alone'))
                    or diag says($result);
            }
        }
        $used->disconnect;
    };
}

subtest 'the predicate alone' => sub {
    is_harmless(aim('walls_none', $_, $globex), $_->{label}) for @statements;
};

subtest 'row-level security alone' => sub {
    for my $statement (@statements) {
        is_harmless(aim('walls_rls', $statement, $globex, without => 1), $statement->{label});
        next if creates($statement) || verb_is($statement, 'upsert') || $statement->{sql} =~ /_of_email\(/;
        my $own = aim('walls_rls', $statement, $acme, without => 1);
        next if shows_nothing_alone($statement);
        ok($own->{rows}, "$statement->{label}: it does show acme's own") or diag says($own);
    }
};

subtest 'none of them' => sub {
    is_harmful(aim('walls_none', $_, $globex, without => 1), $_, "$_->{label} reaches globex's row") for @statements;
};

my @writes = grep { !reads($_) && !verb_is($_, 'remove') } @statements;

subtest 'checks alone' => sub {
    for my $statement (@writes) {
        is(aim('walls_keys', $statement, $globex, without => 1)->{error}, '42501', "$statement->{label} is refused");
        is_harmful(aim('walls_open', $statement, $globex, without => 1), $statement,
            "$statement->{label} without the check is not");
    }
};

# Two tenants with the same id and sid, which only missing keys allow: the predicate still picks one's own.
subtest 'the predicate among twins' => sub {
    for my $table (grep { !/^(?:tenants|settings)$/ } @tables) {
        my $sid = exists row_of('walls_none', $table, $acme)->{sid} ? ', sid = own.sid' : '';
        sql({ database => 'walls_none' }, "UPDATE $table SET id = own.id$sid FROM $table own
            WHERE own.id = (SELECT min(id) FROM $table WHERE tenant_id = $acme)
              AND $table.id = (SELECT min(id) FROM $table WHERE tenant_id = $globex)");
        for my $statement (grep { $_->{table} eq $table && !creates($_) } @statements) {
            my $result = aim('walls_none', $statement, $acme);
            ok($result->{rows} && !$result->{foreign} && !$result->{touched},
                $statement->{label}) or diag says($result);
            next if verb_is($statement, 'list|count');
            is_harmful(aim('walls_none', $statement, $acme, without => 1), $statement, "$statement->{label} without it");
        }
    }
};

# Statements that the module does not have, by which a row would change hands.
sub move {
    my ($table, $from, $to) = @_;
    return "UPDATE $table SET tenant_id = $to WHERE id = (SELECT min(id) FROM $table WHERE tenant_id = $from)";
}

my %moves = (
    'gives a row' => sub { move($_[0], $acme, $globex) },
    'takes a row' => sub { move($_[0], $globex, $acme) },
);

subtest 'privileges and checks against rows that change hands' => sub {
    my @statement = map { { table => $_, verb => 'update', label => $_ } } grep { !/^(?:tenants|settings)$/ } @tables;
    for my $statement (@statement) {
        my $table = $statement->{table};
        for my $move (sort keys %moves) {
            my $sql = $moves{$move}->($table);
            is(run('walls_keys', $statement, $sql, [])->{error}, '42501', "$table: no UPDATE $move");
            is_harmful(run('walls_none', $statement, $sql, []), $statement, "$table: without any wall it $move");
        }
    }
    sql({ database => 'walls_keys' }, "GRANT UPDATE (tenant_id) ON $_->{table} TO tenant_api") for @statement;
    is(run('walls_keys', $_, $moves{'gives a row'}->($_->{table}), [])->{error}, '42501',
        "$_->{table}: the check alone lets no row go") for @statement;
    sql({ database => 'walls_keys' }, "REVOKE UPDATE (tenant_id) ON $_->{table} FROM tenant_api") for @statement;
};

subtest 'unique keys alone' => sub {
    for my $statement (grep { $_->{verb} eq 'create' && $_->{sql} =~ /\bsid\b/ } @statements) {
        next if TenantTest::Site::partitions() && $statement->{table} eq 'calls';    # each tenant has sids of its own
        my $taken = row("SELECT sid FROM $statement->{table} WHERE tenant_id = $globex LIMIT 1");
        my @values = map { $_ eq 'new.sid' ? $taken : value_of($statement, $_, { id => '' }, $acme) } @{ $statement->{names} };
        is(run('walls_open', $statement, $statement->{sql}, \@values)->{error}, '23505',
            "$statement->{table}: a sid of globex's");
        is(run('walls_none', $statement, $statement->{sql}, \@values)->{error}, '',
            "$statement->{table}: without the key it is taken twice");
    }
    my $statement = { table => 'users', verb => 'create', label => 'users' };
    my $taken = "INSERT INTO users (tenant_id, id, email)
        SELECT $acme, id, 'twin\@example.com' FROM users WHERE tenant_id = $globex LIMIT 1";
    is(run('walls_open', $statement, $taken, [])->{error}, '23505', "users: an id of globex's");
    is(run('walls_none', $statement, $taken, [])->{error}, '', 'users: without the key it is taken twice');
};

done_testing;
