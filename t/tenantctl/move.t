# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant move: a tenant comes to another database while it is served, and nothing of it is lost.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Cells;
use TenantTest::Command;

plan skip_all => TenantTest::Fleet::missing() if TenantTest::Fleet::missing();

my $cells = TenantTest::Cells->start;
my %tenant = %{ $cells->{source}{tenants} };
my $acme = $tenant{acme}{id};

$cells->serve;

# A request as a tenant, past the proxy or through it.
sub ask {
    my ($side, $name, $method, $path, %option) = @_;
    my %to = $side eq 'proxy' ? $cells->address($name)
           : (port => $cells->node($side)->tls_port, tls => 1, ca => "$cells->{fleets}{$side}{folder}/tls/ca.pem", host => $tenant{$name}{host}, sni => 'api.example.com');
    my @headers = (Authorization => "Bearer $tenant{$name}{key}", @{ $option{headers} || [] });
    push @headers, 'Content-Type' => 'application/json' if $option{json};
    return TenantTest::Client->new(%to)->request($method, $path, headers => \@headers,
        body => $option{json} ? JSON::PP->new->utf8->canonical->encode($option{json}) : undef);
}

sub count { return $cells->value(@_) }

# That nothing is left of what copies.
sub is_clean {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([map { count(@$_) } [source => 'SELECT count(*) FROM pg_replication_slots'], [source => 'SELECT count(*) FROM pg_publication'],
        [target => 'SELECT count(*) FROM pg_subscription']], [0, 0, 0], $name);
}

subtest 'moved under load' => sub {
    my $product = ask(proxy => acme => GET => '/v1/products?limit=1')->json->{data}[0]{id};
    my $tag = ask(proxy => acme => GET => "/v1/products/$product")->header('ETag');
    my %made = (json => { name => 'once' }, headers => ['Idempotency-Key' => 'made-before-the-move']);
    my $first = ask(proxy => acme => POST => '/v1/products', %made);
    is($first->status, 201, 'a product is made');

    my $crowd = $cells->crowd('acme', writers => 6, readers => 3);
    my $others = $cells->crowd('globex', writers => 2, readers => 1);
    sleep 1;
    my $began = time;
    my $run = $cells->move($acme, '--json', '--switch', "$cells->{folder}/switch");
    my $ended = time;
    is($run->{status}, 0, 'it moves') or diag $run->{errors};
    note $run->{errors}, $run->{output};
    sleep 1;
    $crowd->{admin} = $cells->conninfo('target', 'postgres');
    my $seen = $crowd->stop;
    my $seen_others = $others->stop;

    cmp_ok($run->json->{milliseconds_without_writes}, '<=', 5000, 'as it says, it was without writes for no longer than it may be');
    cmp_ok($seen->longest_gap(qw(post patch)), '<', 15, 'so say its clients, on a busy machine');
    diag sprintf 'it moved in %.1f s; without a write %.2f s (says tenantctl: %d ms), without a read %.2f s: %s', $ended - $began,
        $seen->longest_gap(qw(post patch)), $run->json->{milliseconds_without_writes}, $seen->longest_gap('read'), $seen->summary if $ENV{TENANT_SCALE_FIGURES};
    is_deeply([$seen->$_], [], "$_: none") for qw(lost stale contradictory_tags wrong);
    cmp_ok(scalar $seen->between($ended, 2**40)->acknowledged, '>', 0, 'it writes on at the target');
    is_deeply([$seen_others->$_], [], "another tenant, $_: none") for qw(lost stale contradictory_tags wrong failed);

    my $again = ask(proxy => acme => POST => '/v1/products', %made);
    is($again->header('Idempotency-Replayed'), 'true', 'what was asked before it is not done again');
    is($again->json->{id}, $first->json->{id}, 'but answered alike');
    is(count(target => q{SELECT count(*) FROM products WHERE name = 'once'}), 1, 'once');
    my $kept = $cells->rows('source', $acme);
    my %target = map { $_ => 1 } map { @$_ } values %{ $cells->rows('target', $acme) };
    my @untouched = grep { /"(?:id|sid)": "?(?:SM|RE|0000)/ } map { @$_ } @$kept{qw(messages recordings users settings)};
    cmp_ok(scalar @untouched, '>', 50, 'rows that nobody has written');
    is(scalar(grep { !$target{$_} } @untouched), 0, 'are the same, versions and all');
    is_clean('nothing of what has copied is left');
};

subtest 'behind it' => sub {
    my $moved = ask(source => acme => GET => '/v1/calls');
    is($moved->status, 421, 'the source sends requests away');
    is($moved->json->{code}, 'tenant-moved', 'and says why');
    is(ask(source => acme => POST => '/v1/products', json => { name => 'late' })->status, 421, 'writes too');
    ok(!eval { $cells->dbh('source')->do(q{UPDATE products SET name = 'late' WHERE tenant_id = ?}, undef, $acme); 1 }, 'no SQL writes there either');
    like($@, qr/tenant $acme has moved/, 'and is told why');
    my $new = ask(target => acme => POST => '/v1/products', json => { name => 'new' })->json->{id};
    is($new % 16, 2, 'new ids are the target\'s');
    cmp_ok($new, '>', count(source => 'SELECT max(id) FROM products WHERE tenant_id = ?', $acme), 'and behind the old ones');
    is(count(source => q{SELECT count(*) FROM audit WHERE tenant_id = ? AND action = 'move_away' AND actor_type = 'tenantctl'}, $acme), 1, 'the source\'s audit tells of it');
    is(count(target => q{SELECT count(*) FROM audit WHERE tenant_id = ? AND action = 'move_here' AND actor_type = 'tenantctl'}, $acme), 1, 'and the target\'s');
    my $run = $cells->move($acme, '--json');
    is($run->json->{state}, 'done', 'run again it finds all done');
    is_refused($cells->move($acme, '--abort'), 1, qr/is served by the target/, 'and takes nothing back');
};

subtest 'usage' => sub {
    my $bill = sub { count($_[0] => q{SELECT coalesce(sum(requests), 0) FROM usage WHERE tenant_id = ? AND day = date '1970-01-01' + 20000}, $acme) };
    my $here;
    for (1 .. 3) {    # the source's httpd tells every minute, and may have done so since
        $here = count(source => 'SELECT coalesce(sum(requests), 0) FROM usage WHERE tenant_id = ?', $acme) or last;
        $cells->move($acme);
    }
    is($here, 0, 'what the source has counted is at the target');
    $cells->dbh('source')->do('SELECT usage_add(7, 1, ARRAY[?::int], ARRAY[20000], ARRAY[5::bigint], ARRAY[0::bigint], ARRAY[0::bigint])', undef, $acme);
    is($bill->('source'), 5, 'a server of the source tells late');
    is($cells->move($acme)->{status}, 0, 'the move is run again');
    is($bill->('source'), 0, 'that is carried too');
    is(count(target => q{SELECT requests FROM usage WHERE tenant_id = ? AND day = date '1970-01-01' + 20000}, $acme), 5, 'and added once');
    $cells->move($acme);
    is(count(target => q{SELECT requests FROM usage WHERE tenant_id = ? AND day = date '1970-01-01' + 20000}, $acme), 5, 'not twice');
};

subtest 'what is left at the source' => sub {
    my $archive = "$cells->{folder}/left.tar";
    is_refused(tenantctl('tenant', 'export', $acme, $archive, '--database', $cells->conninfo('source', 'tenant_admin')), 1,
        qr/tenant $acme has moved to another database: export it there\n\z/, 'is not exported as if it were what the tenant has');
    ok(!-e $archive, 'nor written');
    is_done(tenantctl('tenant', 'export', $acme, $archive, '--database', $cells->conninfo('target', 'tenant_admin')), 'the target exports it');
    is(tenantctl('tenant', 'erase', $acme, '--without-export', '--yes', '--database', $cells->conninfo('source', 'tenant_owner'))->{status}, 0, 'is erased');
    is(count(source => q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tenant\_move\_%'}), 0, 'with the triggers');
};

done_testing;
