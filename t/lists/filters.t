# SPDX-License-Identifier: Apache-2.0
#
# What lists can be filtered by, cut down to and ordered by, against what PostgreSQL says; and all that is refused,
# with a sentence that names it.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking get no_faults);
use TenantTest::Contract;

my $database = 'list_filters';
my $server = TenantTest::Server->start(database => database($database));
my $acme = tenant('acme')->{id};

asking(to => $server, as => 'acme', is_judged => 1);

sub db { my ($statement, @values) = @_; return sql({ database => $database }, $statement, @values) }
sub escape { return encode_utf8($_[0]) =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }
sub ids { return map { $_->{id} } @{ $_[0]->json->{data} // [] } }

# acme's ids of rows that a condition holds for.
sub ids_where {
    my ($table, $condition, @values) = @_;
    return column({ database => $database }, "SELECT id FROM $table WHERE tenant_id = ? AND ($condition)", $acme, @values);
}

sub is_list {
    my ($path, $name, @want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $list = get($path);
    is_status($list, 200, $name) or return;
    return is_deeply([sort(ids($list))], [sort @want], "$name: these rows and no others");
}

db(q{UPDATE calls SET status = CASE id % 3 WHEN 0 THEN 'done' WHEN 1 THEN 'failed' END, to_number = '', from_number = NULL WHERE id % 2 = 0});
db(q{UPDATE recordings SET duration = NULL, call_sid = NULL WHERE id % 4 = 0});
db(q{UPDATE users SET email = 'Ünïcode+x%_@Example.COM', created_at = NULL WHERE tenant_id = ? AND email LIKE 'user7@%'}, $acme);
db(q{UPDATE users SET updated_at = NULL, email = NULL WHERE tenant_id = ? AND email LIKE 'user9@%'}, $acme);
db(q{UPDATE products SET name = E'100% a+b&c=d\\\\\'"' WHERE id % 5 = 0});

# What lists can be filtered by, as RESOURCE.FIELD.
my %is_filter = map { my $of = $_->{name}; map { ("$of.$_->{name}" => 1) } grep { $_->{is_filter} } @{ $_->{fields} } } the_table();

subtest 'equality' => sub {
    my %absent = (map({ $_ => 'CA' . 'f' x 32 } qw(call_sid parent_call_sid)), email => 'nothing@example.com');
    for my $resource (collections()) {
        my ($members, $count) = (members($resource), 0);
        $absent{sid} = { calls => 'CA', messages => 'SM', recordings => 'RE' }->{$resource} . 'f' x 32 if $members->{sid};
        for my $name (readable($resource)) {
            for my $value (column({ database => $database },
                    "SELECT DISTINCT $name FROM $resource WHERE tenant_id = ? AND $name IS NOT NULL LIMIT 5", $acme)) {
                my $query = "/v1/$resource?limit=1000&$name=" . escape($members->{$name}{type} eq 'time' ? $value =~ s/ /T/r =~ s/\+00$/Z/r : $value);
                my $filtered = get($query)->status == 200 or next;
                is_list($query, "$resource by $name", ids_where($resource, "$name = ?", $value));
                $count++;
            }
            next if !$is_filter{"$resource.$name"} || $members->{$name}{type} eq 'boolean';
            is_list("/v1/$resource?$name=" . ($members->{$name}{type} =~ /integer/ ? 2147483647 : $members->{$name}{type} eq 'time' ? '9999-12-31T23:59:59Z'
                : $absent{$name} // 'nothing'), "$resource by a $name that there is not");
        }
        cmp_ok($count, '>', 3, "$resource has filters");
    }
    is_list('/v1/calls?to_number=', 'the empty text', ids_where('calls', "to_number = ''"));
    is_list('/v1/calls?sid=' . row({ database => $database }, 'SELECT sid FROM calls WHERE tenant_id = ? LIMIT 1', tenant('globex')->{id}), 'a foreign sid');
};

subtest 'e-mail' => sub {
    my ($unicode) = ids_where('users', "email LIKE '%nïcode%'");
    is_list('/v1/users?email=' . escape($_), encode_utf8($_), $unicode)
        for 'Ünïcode+x%_@Example.COM', 'ünïcode+x%_@example.com', 'ÜNÏCODE+X%_@EXAMPLE.COM';
    is_list('/v1/users?email=' . escape($_), encode_utf8("no pattern: $_")) for '%@acme.example.com', 'Ünïcode+x__@Example.COM', q('OR'true@--), 'user1@globex.example.com';
    is_problem(get('/v1/users?email=' . escape($_)), 400, 'bad-parameter', "no address: $_", qr/`email` must be/) for '%', '', "' OR true --";
    is_list("/v1/users?email=USER1\@acme.example.com&order=$_", "in the order $_", ids_where('users', "email = 'user1\@acme.example.com'"))
        for qw(id.asc id.desc created_at.asc created_at.desc);
    is_list('/v1/users?email=user1@acme.example.com&created_at.gt=2999-01-01T00:00:00Z', 'and with another filter');
};

subtest 'ranges' => sub {
    my ($low, $high) = ('2026-01-01T00:05:00Z', '2026-01-01T00:10:00Z');
    my %operator = (gt => '>', gte => '>=', lt => '<', lte => '<=');
    for my $resource (grep { members($_)->{created_at} } collections()) {
        is_list("/v1/$resource?created_at.$_=$low", "$resource created_at.$_", ids_where($resource, "created_at $operator{$_} ?", $low))
            for sort keys %operator;
        is_list("/v1/$resource?created_at.gte=$low&created_at.lt=$high", "$resource from, to",
            ids_where($resource, 'created_at >= ? AND created_at < ?', $low, $high));
        is_list("/v1/$resource?created_at.gte=$low&created_at.gt=$low&created_at=2026-01-01T00:07:00Z", "$resource several at once",
            ids_where($resource, "created_at = '2026-01-01T00:07:00Z'"));
        is_list("/v1/$resource?created_at.gt=$high&created_at.lt=$low", "$resource nothing between");
        is_list("/v1/$resource?created_at.lt=2026-01-01T01:00:00%2B01:00&limit=1000", "$resource in another offset",
            ids_where($resource, "created_at < '2026-01-01T00:00:00Z'"));
    }
    is_list("/v1/recordings?duration.$_=100", "duration.$_", ids_where('recordings', "duration $operator{$_} 100")) for sort keys %operator;
    is_list('/v1/recordings?duration.gt=2147483647', 'nothing is longer');
    is_list('/v1/users?updated_at.lte=2026-01-01T00:00:00Z', 'updated_at', ids_where('users', "updated_at <= '2026-01-01Z'"));
    is_list('/v1/users?created_at.lt=9999-12-31T00:00:00Z', 'a row without a time is in no range', ids_where('users', 'created_at IS NOT NULL'));
};

subtest 'null' => sub {
    for (['calls', 'from_number'], ['calls', 'to_number'], ['calls', 'status'], ['messages', 'status'], ['recordings', 'duration'],
        ['recordings', 'call_sid'], ['users', 'created_at'], ['users', 'updated_at']) {
        my ($resource, $name) = @$_;
        is_list("/v1/$resource?$name.null=true", "$resource $name.null", ids_where($resource, "$name IS NULL"));
        is_list("/v1/$resource?$name.null=false", "$resource not $name.null", ids_where($resource, "$name IS NOT NULL"));
        is_list("/v1/$resource?$name.null=true&id=" . (ids_where($resource, "$name IS NOT NULL"))[0], "$resource $name.null and another");
    }
    is_list('/v1/calls?status.null=true&status=done', 'both null and not');
};

subtest 'together' => sub {
    is_list('/v1/calls?status=done&to_number=', 'two', ids_where('calls', "status = 'done' AND to_number = ''"));
    is_list('/v1/calls?status.null=true&from_number.null=true&created_at.gte=2026-01-01T00:05:00Z&to_number=', 'four',
        ids_where('calls', "status IS NULL AND from_number IS NULL AND to_number = '' AND created_at >= '2026-01-01T00:05Z'"));
    my ($row) = @{ get('/v1/messages?limit=1')->json->{data} };
    is_list('/v1/messages?' . join('&', map { "$_=" . escape($row->{$_}) } grep { $is_filter{"messages.$_"} && defined $row->{$_} } sort keys %$row), 'all that a row has', $row->{id});
};

subtest 'fields' => sub {
    for my $resource (collections()) {
        my @names = readable($resource);
        my $whole = get("/v1/$resource?limit=5")->json;
        for my $names ([$names[-1]], [@names[1, 0]], [reverse @names]) {
            my $cut = get("/v1/$resource?limit=5&fields=" . join ',', @$names);
            my @want = map { my $row = $_; +{ map { $_ => $row->{$_} } @$names } } @{ $whole->{data} };
            is_deeply($cut->json->{data}, \@want, "$resource: @$names");
            is_deeply([ids(get($cut->json->{next} =~ s/\?fields=[^&]*&/?/r))], [ids(get($whole->{next}))], 'the cursor is the same as without');
            my $next = get($cut->json->{next})->json->{data}[0];
            is_deeply([sort keys %$next], [sort @$names], 'and next keeps them');
        }
    }
    my ($order) = get('/v1/calls?limit=1&fields=status,sid,id')->body =~ /\{"data":\[(\{.*?\})/;
    like($order, qr/^\{"id":\d+,"sid":"[^"]+","status":/, 'members come in the order of the resource');
    is_problem(get("/v1/calls?fields=$_"), 400, 'bad-parameter', "fields=$_", qr/`fields`/)
        for '', ',', 'id,', 'id,id', 'nothing', 'ID', 'password', 'id%20', '*', 'id.sid';
    is_problem(get('/v1/users?fields=id,password'), 400, 'bad-parameter', 'no password');
    is_problem(get('/v1/calls/1?fields=id'), 400, 'bad-parameter', 'of lists only', qr/`fields`/);
};

subtest 'what is refused' => sub {
    my @wrong = (
        ['calls?status.gt=a', qr/`status\.gt`/], ['calls?id.gt=1', qr/`id\.gt`/], ['calls?sid.null=true', qr/`sid\.null`/],
        ['calls?created_at.null=true', qr/`created_at\.null`/], ['calls?created_at.ne=2026-01-01T00:00:00Z', qr/`created_at\.ne`/],
        ['calls?created_at.GT=2026-01-01T00:00:00Z', qr/`created_at\.GT`/], ['calls?created_at.=x', qr/`created_at\.`/],
        ['calls?direction.null=true', qr/`direction\.null` must be false/], ['messages?error_code.null=true', qr/must be false/],
        ['calls?parent_call_sid.null=yes', qr/must be true or false/],
        ['calls?status.null=yes', qr/`status\.null` must be true or false/], ['calls?status.null=', qr/`status\.null`/],
        ['calls?created_at.gt=yesterday', qr/`created_at\.gt`/], ['calls?created_at=2026-01-01', qr/`created_at`/],
        ['calls?created_at.lt=2026-01-01T00:00:00', qr/`created_at\.lt`/], ['calls?created_at.lt=2026-01-01T00:00:00+01:00', qr/`created_at\.lt`/],
        ['calls?created_at.lt=1969-12-31T23:59:59Z', qr/`created_at\.lt`/], ['recordings?duration.gt=1.5', qr/`duration\.gt`/],
        ['recordings?duration.gt=', qr/`duration\.gt`/], ['recordings?duration=-1', qr/`duration`/],
        ['recordings?duration.lte=2147483648', qr/`duration\.lte`/], ['calls?id=abc', qr/`id`/], ['calls?id=1%20', qr/`id`/],
        ['calls?from_number=' . 'x' x 321, qr/`from_number`/], ['calls?status=%FF', qr/`status`.*UTF-8/], ['calls?status=a%00b', qr/`status`.*UTF-8/], ['calls?status=%4', qr/`status`.*encoding/],
        ['calls?status=a&status=b', qr/`status` is repeated/], ['calls?created_at.gt=2026-01-01T00:00:00Z&created_at.gt=2026-01-02T00:00:00Z', qr/repeated/],
        ['calls?status.null=true&status.null=false', qr/repeated/], ['calls?tenant_id=1', qr/`tenant_id`/], ['users?email.null=true', qr/`email\.null`/],
        ['users?password=x', qr/`password`/], ['users?password_hash=x', qr/`password_hash`/], ['messages?body=x', qr/`body`/],
        ['products?created_at.gt=2026-01-01T00:00:00Z', qr/`created_at\.gt`/], ['calls?order=status.asc', qr/`order` must be one of `id\.asc`/],
        ['calls?order=', qr/`order`/], ['calls?order=id', qr/`order`/], ['calls?order=id.asc&order=id.desc', qr/repeated/],
        ['products?order=created_at.asc', qr/`order` must be one of `id\.asc`, `id\.desc`\./],
        ['recordings?order=duration.asc', qr/`order`/], ['calls?created_at.gt=2026-01-01T00:00:00Z&order=id.asc', qr/range.*`created_at\.asc`/],
        ['recordings?duration.null=false&order=id.desc', qr/range.*`duration\.desc`/],
    );
    is_problem(get("/v1/$_->[0]"), 400, 'bad-parameter', substr($_->[0], 0, 60), $_->[1]) for @wrong;
    my ($after) = get('/v1/calls?limit=1')->json->{next} =~ /(after=.*)/;
    is_problem(get("/v1/calls?$after&" . $after =~ s/after/before/r), 400, 'bad-cursor', 'two cursors', qr/exclude/);
    is_problem(get('/v1/calls?before=x'), 400, 'bad-cursor', 'no cursor', qr/`before`/);
    is_problem(get("/v1/calls?$after&order=id.asc"), 400, 'bad-cursor', 'a cursor of another order', qr/`after`/);
    my $range = get('/v1/calls?created_at.gte=2026-01-01T00:05:00Z&limit=1')->json->{next};
    is_problem(get($range =~ s/00%3a05/00%3a06/r), 400, 'bad-cursor', 'a cursor of another range');
};

no_faults;
done_testing;
