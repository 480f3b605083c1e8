# SPDX-License-Identifier: Apache-2.0
# A resource needs one entry in resources[] and one Sqitch change, and nothing else: here a random one is added to a
# copy of the source tree, built, deployed, and driven through every operation.
#
# TENANT_TEST_SEED=N t/TEST t/api/generated.t repeats a run.
use strict;
use warnings;

use Cwd ();
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Asking qw(asking ask);
use TenantTest::Generated;

my $seed     = $ENV{TENANT_TEST_SEED} // time ^ $$ << 8;
my $resource = TenantTest::Generated->new($seed);
my $name     = $resource->{name};
my @fields   = @{ $resource->{fields} };
my $path     = "/v1/$name";
my %by_name  = map { $_->{name} => $_ } @fields;
my $tree     = tempdir(CLEANUP => 1);

binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;
diag "TENANT_TEST_SEED=$seed";
note $resource->entry, map { "$_\n" } ($resource->change)[1];

# Runs a program, without which nothing after it makes sense.
sub runs {
    my ($what, @command) = @_;
    my $pid = open my $out, '-|';
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @command or die "$command[0]: $!";
    }
    my $output = do { local $/; <$out> } // '';
    close $out;
    ok($? == 0, $what) or die $output;
}

sub sqitch {
    my ($what, $command, @arguments) = @_;
    local @ENV{qw(PGHOST PGUSER PGDATABASE TZ)} = (site->{host}, 'tenant_owner', 'generated', 'UTC');
    local @ENV{qw(SQITCH_FULLNAME SQITCH_EMAIL)} = ('tester', 'tester@example.org');
    local @ENV{qw(SQITCH_USER_CONFIG SQITCH_SYSTEM_CONFIG)} = ('/dev/null', '/dev/null');
    runs($what, 'sqitch', '--chdir', "$tree/sql", $command, 'db:pg:', @arguments);
}

sub rows_stored { return row({ database => 'generated' }, "SELECT count(*) FROM $name") }

my ($server, $log);

# That an answer holds a row, as text, so that 1 and "1" differ. on_update: it has been updated.
sub is_row {
    my ($response, $want, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %got = %{ ref $response->json eq 'HASH' ? $response->json : {} };
    delete @got{ grep { !exists $want->{$_} } qw(id created_at) };
    return is(json(\%got), json($want), $what) || diag $response->body;
}

# A value in a query.
sub escaped {
    my ($text) = @_;
    $text = $text ? 'true' : 'false' if ref $text;
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

# Creates a row of a tenant; returns what the answer shows.
sub create {
    my ($body, $tenant) = @_;
    $tenant //= 'acme';
    my $response = ask(POST => $path, as => $tenant, json => $body);
    is_status($response, 201, 'created');
    is_row($response, $resource->row($body, tenant($tenant)->{id}), 'as it was given, with the fallbacks');
    is(keys %{ $response->json }, 2 + (grep { !TenantTest::Generated::is_hidden($_) } @fields) + !!$resource->{created},
        'and nothing else');
    is($response->header('Location'), "$path/" . ($response->json->{id} // ''), 'Location');
    return $response->json;
}

# That the OpenAPI document has it, with its operations, members and filters.
sub is_described {
    my ($document) = @_;
    my %methods = map { $_ => join ' ', sort grep { $_ ne 'parameters' } keys %{ $document->{paths}{$_} } } keys %{ $document->{paths} };
    is($methods{"/$name"}, 'get post', 'the document has its collection');
    is($methods{"/$name/{id}"}, 'delete get patch', 'and its rows');
    my $reference = $document->{paths}{"/$name"}{post}{requestBody}{content}{'application/json'}{schema}{'$ref'} // '';
    my ($schema) = map { $document->{components}{schemas}{$_} } $reference =~ m{([^/]+)$};
    is_deeply([sort keys %{ $schema->{properties} }], [sort map { $_->{name} } grep { TenantTest::Generated::is_creatable($_) } @fields],
        'what creates one');
    is_deeply([sort @{ $schema->{required} // [] }], [sort map { $_->{name} } grep { $_->{presence} eq 'required' } @fields],
        'and what must be given');
    my %parameters = map { ($_->{name} // '') => 1 } @{ $document->{paths}{"/$name"}{get}{parameters} };
    is_deeply([grep { $_->{filter} && !$parameters{ $_->{name} } } @fields], [], 'filters');
}

subtest 'one entry and one change' => sub {
    my $top = Cwd::getcwd();
    runs('the tree is copied', 'cp', '-Rp', (map { "$top/$_" } qw(Makefile mod_tenant sql tools build)), $tree);
    $resource->add_to($tree);
    runs('it builds', 'make', '-s', '-C', $tree, TenantTest::Server::build(), 'build/mod_tenant.so');
};

subtest 'before the change is deployed' => sub {
    my %with = (processes => 1, database => database('generated'), module => "$tree/build/mod_tenant.so",
        location => "TenantPublicRead products $name");
    if (!$resource->{is_public}) {
        my ($ok, $output) = TenantTest::Server->configtest(%with);
        ok(!$ok, 'what is not public cannot be made so');
        like($output, qr/TenantPublicRead may name only: products$/m, 'says configtest');
        delete $with{location};
    }
    $server = TenantTest::Server->start(%with);
    asking(to => $server);
    $log = $server->error_log;
    is_problem(ask(GET => $path, as => 'acme'), 503, 'misconfigured');
    is_problem(ask(GET => '/v1/calls', as => 'acme'), 503, 'misconfigured', 'for other resources too');
    ok($log->wait_for(qr/the Sqitch change \Q$name\E is not deployed/), 'the log names the change');
    is_problem(ask(GET => '/v1/nothing', as => 'acme'), 404, 'not-found', 'what needs no database is still answered');
};

subtest 'deployed' => sub {
    sqitch('the change deploys', 'deploy');
    sqitch('and verifies', 'verify', '--from-change', $name);
    my $response;
    for (1 .. 150) {
        last if ($response = ask(GET => $path, as => 'acme'))->status == 200;
        sleep 0.1;
    }
    is_status($response, 200, 'it is served without a reload');
    is($response->body, qq({"data":[],"next":null,"next_cursor":null}\n), 'there is no row yet');
    is(ask(GET => '/v1/')->json->{$name}, $path, 'the index links to it');
    is_described(ask(GET => '/v1/openapi.json')->json);
    is(ask(OPTIONS => $path)->header('Allow'), 'GET, HEAD, POST, OPTIONS', 'methods of the collection');
    is(ask(OPTIONS => "$path/1")->header('Allow'), 'GET, HEAD, PATCH, DELETE, OPTIONS', 'methods of a row')
        unless $resource->{text_id};
    is_problem(ask(DELETE => $path, as => 'acme'), 405, 'method-not-allowed');
    is_problem(ask(GET => $path), 401, 'key-missing');
    my $by_host = ask(GET => $path, host => tenant('acme')->{host});
    $resource->{is_public} ? is_status($by_host, 200, 'public: the Host is enough') : is_problem($by_host, 401, 'key-missing');
    is_problem(ask(POST => $path, host => tenant('acme')->{host}, json => $resource->body), 401, 'key-missing');
};

subtest 'create' => sub {
    create($resource->body('all')) for 1 .. 3;
    create($resource->body);
    my $body = $resource->body;
    $body->{ $_->{name} } = undef for grep { $_->{presence} =~ /^(?:nullable|reset)$/ } @fields;
    create($body);
    for my $field (grep { TenantTest::Generated::is_creatable($_) && !$_->{is_key} } @fields) {
        my @ends = $field->{type} eq 'integer' ? @$field{qw(min max)}
            : $field->{type} eq 'text' ? map({ TenantTest::Generated::random_text($field, $_) } @$field{qw(min max)}) : next;
        create({ %{ $resource->body }, $field->{name} => $_ }) for @ends;
    }
    for my $field (grep { TenantTest::Generated::is_hidden($_) } @fields) {
        my $value = TenantTest::Generated::random_value($field);
        my $row = create({ %{ $resource->body }, $field->{name} => $value });
        my $stored = row({ database => 'generated' },
            'SELECT ' . ($field->{column} // $field->{name}) . " FROM $name WHERE id = ?", $row->{id});
        ok(defined $stored && index($stored, $value) < 0, "what is stored for $field->{name} does not hold it");
    }
};

subtest 'validation' => sub {
    my $before = rows_stored();
    my @creatable = grep { TenantTest::Generated::is_creatable($_) } @fields;
    my (%all, %codes);

    for my $field (@creatable) {
        for (TenantTest::Generated::wrong_values($field)) {
            my ($value, $code) = @$_;
            is_invalid(ask(POST => $path, as => 'acme', json => { %{ $resource->body }, $field->{name} => $value }),
                { "/$field->{name}" => $code }, "$field->{name}: $code " . json($value));
            ($all{ $field->{name} }, $codes{"/$field->{name}"}) = ($value, $code);
        }
    }
    is_invalid(ask(POST => $path, as => 'acme', json => { %all, nothing => 1 }), { %codes, '/nothing' => 'unknown' },
        'all of it at once');
    is_invalid(ask(POST => $path, as => 'acme', json => {}),
        { map { ("/$_->{name}" => 'required') } grep { $_->{presence} eq 'required' } @fields }, 'what is required')
        if keys %{ $resource->body };
    for ('id', 'tenant_id', map({ $_->{name} } grep { !TenantTest::Generated::is_creatable($_) } @fields)) {
        is_invalid(ask(POST => $path, as => 'acme', json => { %{ $resource->body }, $_ => 1 }), { "/$_" => 'read-only' },
            "$_ is the server's");
    }
    is_invalid(ask(POST => $path, as => 'acme', json => [$resource->body]), { '' => 'type' }, 'no object');
    is_problem(ask(POST => $path, as => 'acme', body => '{"', type => 'application/json'), 400, 'bad-json');
    is_problem(ask(GET => "$path?nothing=1", as => 'acme'), 400, 'bad-parameter');
    is_problem(ask(GET => "$path/$_", as => 'acme'), 404, 'not-found', "no id: $_") for '0x1', '00', '-1', '1/', '%20';
    is(rows_stored(), $before, 'nothing was written');
};

subtest 'read' => sub {
    my $row  = create($resource->body('all'));
    my $read = ask(GET => "$path/$row->{id}", as => 'acme');
    is_status($read, 200);
    is_row($read, $row, 'by id');
    my $head = ask(HEAD => "$path/$row->{id}", as => 'acme');
    is($head->status . $head->header('Content-Length') . $head->body, '200' . length $read->body, 'HEAD');
    if (my $key = $resource->{key}) {
        is_same_answer(ask(GET => "$path/$row->{ $key->{name} }", as => 'acme'), $read, 'by key');
        is_problem(ask(POST => $path, as => 'acme', json => { %{ $resource->body }, $key->{name} => $row->{ $key->{name} } }),
            409, 'sid-taken', 'and the key is taken');
    }
};

# acme's ids in an order, of the rows that a condition holds for.
sub ids_of {
    my ($order, $condition, @values) = @_;
    my ($field, $direction) = $order =~ /^(\w+)\.(\w+)$/;
    return column({ database => 'generated' }, "SELECT id FROM $name WHERE tenant_id = ? AND $condition ORDER BY $field $direction, id $direction",
        tenant('acme')->{id}, @values);
}

# The ids on all pages from a path on, and the last page.
sub ids_on {
    my ($next, $relation) = @_;
    my ($page, @ids);
    while (defined $next && @ids < 1000) {
        $page = ask(GET => $next, as => 'acme');
        is_status($page, 200) or last;
        my @shown = map { $_->{id} } @{ $page->json->{data} };
        @ids = $relation eq 'next' ? (@ids, @shown) : (@shown, @ids);
        is($page->link('next'), $page->json->{next}, 'Link and next agree');
        $next = $page->link($relation);
    }
    return (\@ids, $page);
}

# That a list is in these orders, the first one being the usual one; page by page, forth and back.
sub is_listed {
    my ($query, $orders, $condition, @values) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $order ('', @$orders) {
        my @want = ids_of($order || $orders->[0], $condition, @values);
        my $at = "$path?limit=2" . ($query && "&$query") . ($order && "&order=$order");
        my ($ids, $last) = ids_on($at, 'next');
        is("@$ids", "@want", "$at: every row once, in order");
        my ($back) = ids_on($last->link('prev'), 'prev');
        is("@$back", "@want[0 .. $#$back]", 'and back');
        cmp_ok(@want - @$back, '<=', 2, 'to the first page');
    }
}

subtest 'list' => sub {
    create($resource->body, 'globex') for 1 .. 2;
    create($resource->body(int rand 2)) for 1 .. 7;
    my @usual = map { ("$_.desc", "$_.asc") } $resource->{text_id} ? 'created_at' : (), 'id', $resource->{created} && !$resource->{text_id} ? 'created_at' : ();
    my @rows = map { @{ ask(GET => "$path?limit=1000", as => $_)->json->{data} } } 'acme';

    is_listed('', \@usual, 'true');
    is(@{ ask(GET => $path, as => 'globex')->json->{data} }, 2, 'of one tenant only');
    is(ask(GET => $path, as => 'acme', headers => [Prefer => 'count=exact'])->json->{count}, scalar @rows, 'counted');
    for my $field (grep { !TenantTest::Generated::is_hidden($_) && !$_->{tells} } @fields, $resource->{created} // ()) {
        my ($id, $row) = ($field->{name}, grep { defined $_->{ $field->{name} } } @rows);
        my $value = $row ? escaped($row->{$id}) : $field->{type} eq 'time' ? '2026-01-01T00%3A00%3A00Z' : 1;
        my ($stored) = $row ? column({ database => 'generated' }, "SELECT $id FROM $name WHERE id = ?", $row->{id}) : ();
        # by its name alone, for a random text may hold .l too
        my %is_refused = map { $_ => 1 } grep { !$field->{filter} || /^\w+\.[gl]/ && !$field->{range} || /^\w+\.null=/ && $field->{presence} ne 'nullable' }
            "$id=$value", "$id.gt=$value", "$id.gte=$value", "$id.lt=$value", "$id.lte=$value", "$id.null=true", "$id.null=false";

        is_problem(ask(GET => "$path?$_", as => 'acme'), 400, 'bad-parameter', "no filter: $_") for sort keys %is_refused;
        is_problem(ask(GET => "$path?order=$id.asc", as => 'acme'), 400, 'bad-parameter', "no order: $id") if $id ne 'created_at';
        my $own = ["$id.desc", "$id.asc"];
        is_listed("$id=$value", \@usual, "$id = ?", $stored) if $row && !$is_refused{"$id=$value"};
        is_listed("$id.null=true", \@usual, "$id IS NULL") unless $is_refused{"$id.null=true"};
        is_listed("$id.null=false", $own, "$id IS NOT NULL") unless $is_refused{"$id.null=false"};
        next if !$row || $is_refused{"$id.gt=$value"};
        is_listed("$id.$_->[0]=$value", $own, "$id $_->[1] ?", $stored) for ['gt', '>'], ['gte', '>='], ['lt', '<'], ['lte', '<='];
        is_listed("$id.gte=$value&$id.lte=$value", $own, "$id = ?", $stored);
        is_problem(ask(GET => "$path?$id.gt=$value&order=id.asc", as => 'acme'), 400, 'bad-parameter', "no other order: $id");
    }
    my ($first) = grep { !TenantTest::Generated::is_hidden($_) } @fields;
    is_deeply([map { join ' ', sort keys %$_ } @{ ask(GET => "$path?fields=id,$first->{name}&limit=1", as => 'acme')->json->{data} }],
        [join ' ', sort 'id', $first->{name}], 'some fields');
    is_problem(ask(GET => "$path?limit=1001", as => 'acme'), 400, 'bad-parameter');
    is_problem(ask(GET => ask(GET => '/v1/calls?limit=1', as => 'acme')->json->{next} =~ s{/calls}{/$name}r, as => 'acme'),
        400, 'bad-cursor', 'the cursor of another list');
};

# What the row shows once it has been updated.
sub updated {
    my ($row, %changes) = @_;
    my %want = %$row;
    $want{ $_->{name} } = TenantTest::Generated::shown($_, $_->{on_update}) for grep { defined $_->{on_update} } @fields;
    while (my ($field, $value) = each %changes) {
        $want{"${field}_set"} = TenantTest::Generated::truth(defined $value) if $by_name{$field}{type} eq 'secret';
        $want{$field} = TenantTest::Generated::shown($by_name{$field}, $value)
            unless TenantTest::Generated::is_hidden($by_name{$field});
    }
    return \%want;
}

subtest 'update' => sub {
    my $row = create($resource->body('all'));
    my $at  = "$path/" . ($resource->{key} ? $row->{ $resource->{key}{name} } : $row->{id});
    my $patch = sub { return ask(PATCH => $at, as => 'acme', json => $_[0]) };

    is_row($patch->({}), $row, 'nothing changes nothing');
    for my $field (grep { TenantTest::Generated::is_updatable($_) } @fields) {
        my $value = TenantTest::Generated::random_value($field);
        $row = updated($row, $field->{name} => $value);
        is_row($patch->({ $field->{name} => $value }), $row, "$field->{name} alone");
        is_row(ask(GET => "$path/$row->{id}", as => 'acme'), $row, 'is stored');
        my $null = $patch->({ $field->{name} => undef });
        next if $field->{presence} =~ /^(?:required|fallback)$/;
        $row = updated($row, $field->{name} => $field->{presence} eq 'reset' ? $field->{fallback} : undef);
        is_row($null, $row, "null for $field->{name}");
    }
    my %all = map { $_->{name} => TenantTest::Generated::random_value($_) } grep { TenantTest::Generated::is_updatable($_) } @fields;
    $row = updated($row, %all);
    is_row(ask(PATCH => "$path/$row->{id}", as => 'acme', json => \%all, type => 'application/merge-patch+json'), $row, 'all');

    for my $field (@fields) {
        my @wrong = TenantTest::Generated::is_updatable($field) ? TenantTest::Generated::wrong_values($field)
            : [TenantTest::Generated::random_value($field), 'read-only'];
        is_invalid($patch->({ %all, $field->{name} => $_->[0] }), { "/$field->{name}" => $_->[1] }, "$field->{name}: $_->[1]")
            for @wrong;
    }
    is_row(ask(GET => "$path/$row->{id}", as => 'acme'), $row, 'a refused update changes nothing');
};

subtest 'another tenant' => sub {
    my $row = create($resource->body('all'));
    my ($used, $body) = ("$path/$row->{id}", { map { $_->{name} => TenantTest::Generated::random_value($_) }
            grep { TenantTest::Generated::is_updatable($_) } @fields });
    my $unused = "$path/" . ($resource->{text_id} ? 'no-such-id' : $row->{id} + 1000);
    for my $method (qw(GET HEAD PATCH DELETE)) {
        my %with = (as => 'globex', $method eq 'PATCH' ? (json => $body) : ());
        my $foreign = ask($method => $used, %with);
        is_status($foreign, 404, "$method: 404");
        is_same_answer($foreign, ask($method => $unused, %with), "$method answers as if it did not exist");
        is_same_answer(ask($method => "$path/$row->{ $resource->{key}{name} }", %with), $foreign, "$method by key too")
            if $resource->{key};
    }
    is_row(ask(GET => $used, as => 'acme'), $row, 'the row is as it was');
};

subtest 'delete' => sub {
    my ($row, $before) = (create($resource->body('all')), rows_stored());
    my $gone = ask(DELETE => "$path/" . ($resource->{key} ? $row->{ $resource->{key}{name} } : $row->{id}), as => 'acme');
    is_status($gone, 204);
    is($gone->body, '', 'without a body');
    is(rows_stored(), $before - 1, 'one row is gone');
    is_problem(ask($_ => "$path/$row->{id}", as => 'acme'), 404, 'not-found', "$_ finds it no more") for qw(GET DELETE);
    is_status(ask(DELETE => "$path/" . create($resource->body)->{id}, as => 'acme'), 204, 'by id');
};

subtest 'reverted' => sub {
    $server->stop;
    sqitch('the change reverts', 'revert', '-y', '--to', '@HEAD^');
    is(row({ database => 'generated' }, 'SELECT to_regclass(?)', $name), undef, 'and the table is gone');
};

diag join "\n", $log->matching(qr/\[tenant:error\]/) unless Test::More->builder->is_passing;
done_testing;
