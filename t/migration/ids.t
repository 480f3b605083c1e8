# SPDX-License-Identifier: Apache-2.0
#
# Tables of the usual frameworks: products.id bigint, users.id uuid, users.email citext. Their types stay, for other tables
# refer to them, and the API serves them.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Cluster;

my $pg = TenantTest::Cluster->new;
my @file = ('--key-file', site->{key_file});
my $BIG = 5_000_000_000;
my $uuid = sub { sprintf '6f1c5b7e-3a52-4f0d-9b1e-%012x', $_[0] };

$pg->query('postgres', 'CREATE ROLE shop LOGIN');
$pg->query('postgres', 'CREATE DATABASE shop OWNER shop');
$pg->query('shop', 'CREATE EXTENSION citext');
$pg->query('shop', qq{
    CREATE TABLE products (id bigserial PRIMARY KEY, name varchar, description text);
    SELECT setval('products_id_seq', $BIG);
    INSERT INTO products (id, name) VALUES (7, 'small'), (2147483647, 'int'), (2147483648, 'more');
    INSERT INTO products (name) SELECT 'p' || i FROM generate_series(1, 60) i;
    CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email citext, password_hash text,
      created_at timestamptz DEFAULT now(), updated_at timestamptz);
    INSERT INTO users (id, email, created_at) SELECT format('6f1c5b7e-3a52-4f0d-9b1e-%s', lpad(to_hex(i), 12, '0'))::uuid,
      'User' || i || '\@example.org', 'epoch'::timestamptz + i / 10 * interval '1 day' FROM generate_series(1, 60) i;
    CREATE TABLE orders (id bigserial PRIMARY KEY, user_id uuid REFERENCES users, product_id bigint REFERENCES products);
    INSERT INTO orders (user_id, product_id) VALUES ('@{[$uuid->(1)]}', $BIG + 1)}, 'shop');
$pg->bootstrap('shop');

sub columns {
    return $pg->query('shop', q{SELECT table_name, column_name, udt_name FROM information_schema.columns
        WHERE table_name IN ('products', 'users', 'orders') AND column_name IN ('id', 'email', 'user_id', 'product_id') ORDER BY 1, 2});
}

my $columns = columns();
$pg->deploy('shop');
is(columns(), $columns, 'the types stay');

open my $out, '-|', 'build/tenantctl', qw(tenant key 1), '--database', $pg->conninfo('shop', 'tenant_admin'), @file or die "tenantctl: $!";
my ($key) = do { local $/; <$out> } =~ /\b(mt_\w+)/;
close $out or die 'tenantctl failed';
my $server = TenantTest::Server->start(database => $pg->conninfo('shop', 'tenant_api'), location => 'TenantUserAuthority write');

sub api {
    my ($method, $path, %option) = @_;
    return request($method, "/v1$path", to => $server, as => $key, %option);
}

# The ids of all pages of a list.
sub pages {
    my ($path) = @_;
    my @ids;
    for (my $next = "/v1$path"; defined $next && @ids < 1000;) {
        my $page = request(GET => $next, to => $server, as => $key);
        is_status($page, 200, $next) or last;
        push @ids, map { $_->{id} } @{ $page->json->{data} };
        $next = $page->json->{next};
    }
    return @ids;
}

subtest 'bigint' => sub {
    is(api(GET => "/products/$_->[0]")->json->{name}, $_->[1], "product $_->[0]")
        for [7, 'small'], [2147483647, 'int'], [2147483648, 'more'], [$BIG + 60, 'p60'];
    is_problem(api(GET => "/products/$_"), 404, 'not-found', "$_ is nobody's") for $BIG, '9007199254740991', '9007199254740992', '9' x 19, '9' x 30;
    is_deeply([map { $_->{id} } @{ api(GET => "/products?id=@{[$BIG + 3]}")->json->{data} }], [$BIG + 3], 'as a filter');
    is_problem(api(GET => '/products?id=9007199254740992'), 400, 'bad-parameter', 'a filter beyond any');
    my @all = (7, 2147483647, 2147483648, map { $BIG + $_ } 1 .. 60);
    is_deeply([pages('/products?limit=7')], [reverse @all], 'pages, descending');
    is_deeply([pages('/products?limit=7&order=id.asc')], \@all, 'pages, ascending');
    my $made = api(POST => '/products', json => { name => 'new' });
    is_status($made, 201);
    is($made->json->{id}, $BIG + 61, 'a new one');
    is($made->header('Location'), '/v1/products/' . ($BIG + 61), 'and its place');
    is_status(api(PATCH => "/products/@{[$BIG + 61]}", json => { name => 'newer' }), 200);
    my @again = map { api(POST => '/products', json => { name => 'once' }, headers => ['Idempotency-Key' => 'once']) } 1 .. 2;
    is($again[1]->body, $again[0]->body, 'the same answer to the same request');
    is_status(api(DELETE => '/products/' . $again[0]->json->{id}), 204);
};

subtest 'many at once' => sub {
    my $together = 0;
    my $until = time + 60;
    for (my $round = 1; $round <= 20 || !$together && time < $until; $round++) {    # a busy machine may take longer to share any
        my @clients = map { client(to => $server) } 1 .. 16;    # httpd may close idle ones where its threads are busy
        $clients[$_]->send(GET => '/v1/products/' . ($BIG + 1 + $_), headers => [bearer($key)]) for 0 .. $#clients;
        my @answers = map { $_->receive } @clients;
        my @names = map { ref $_->json ? $_->json->{name} : $_->status . ' ' . ($_->error // $_->body) } @answers;
        is_deeply(\@names, [map { "p$_" } 1 .. 16], "round $round") or last;
        $together ||= $pg->query('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%unnest(%int[], %bigint[])%FROM products%'
            AND pid <> pg_backend_pid()});
    }
    ok($together, 'some were read by one statement');
};

subtest 'uuid' => sub {
    is(api(GET => '/users/' . $uuid->(17))->json->{email}, 'User17@example.org', 'a user');
    is(api(GET => '/users/' . uc $uuid->(17))->json->{id}, $uuid->(17), 'in capitals');
    is_problem(api(GET => "/users/$_"), 404, 'not-found', "$_ is nobody's") for $uuid->(99), 'x', '17', $uuid->(17) . '0', "{@{[$uuid->(17)]}}";
    is_problem(api(PATCH => '/users/x', json => { email => 'x@example.org' }), 404, 'not-found');
    is_problem(api(DELETE => '/users/x'), 404, 'not-found');
    is_deeply(api(GET => '/users?id=x')->json->{data}, [], 'as a filter');
    my @order = sort { int($b / 10) <=> int($a / 10) || $b <=> $a } 1 .. 60;
    is_deeply([pages('/users?limit=7')], [map { $uuid->($_) } @order], 'pages');
    is_deeply([map { $_->{id} } @{ api(GET => "/users?email=uSER$_\@EXAMPLE.org")->json->{data} }], [$uuid->($_)], "by e-mail: $_") for 5, 55;
    is_problem(api(POST => '/users', json => { email => 'USER5@example.org' }), 409, 'email-taken');
    my $made = api(POST => '/users', json => { email => 'New@example.org', password => 'a password' });
    is_status($made, 201);
    like($made->json->{id}, qr/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/, 'a new one');
    my @again = map { api(POST => '/users', json => { email => 'once@example.org' }, headers => ['Idempotency-Key' => 'once']) } 1 .. 2;
    is($again[1]->body, $again[0]->body, 'the same answer to the same request');
    is_status(api(PATCH => '/users/' . $made->json->{id}, json => { email => 'newer@example.org' }), 200);
    is_status(api(DELETE => '/users/' . $again[0]->json->{id}), 204);
};

$server->stop;
$pg->query('shop', 'TRUNCATE usage');    # of what was asked above: else it would not be reverted
my ($status, $output) = $pg->sqitch('revert', 'shop', '-y');
is($status, 0, 'it reverts') or diag $output;
is(columns(), $columns, 'to the same types');

done_testing;
