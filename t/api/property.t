# SPDX-License-Identifier: Apache-2.0
#
# 10,000 random writes of one tenant, valid ones and ones that are wrong in any number of ways: what is valid is
# taken and reads back as it was given, what is not is refused and changes nothing, and another tenant's rows are
# neither shown nor touched, whatever happens.
#
# TENANT_TEST_SEED=N t/TEST t/api/property.t repeats a run.

use strict;
use warnings;

use Digest::MD5 qw(md5);
use Test::More;
use TenantTest;
use TenantTest::Contract;
use TenantTest::Pipeline;
use TenantTest::RandomWrite;

my ($CASES, $AT_ONCE, $FAILURES) = (10_000, 200, 3);
my $seed = $ENV{TENANT_TEST_SEED} // time ^ $$ << 8;
diag "TENANT_TEST_SEED=$seed";
srand $seed;

my $database = 'property';
my $conninfo = database($database);
my $marker = sprintf 'canary%08x%08x', rand 2**32, rand 2**32;
my ($own, $foreign) = map { tenant($_)->{id} } qw(acme globex);
my %foreign_path;
for my $resource (collections()) {
    $foreign_path{$resource} = "/v1/$resource/" . row({ database => $database },
        "SELECT id FROM $resource WHERE tenant_id = ? ORDER BY id LIMIT 1", $foreign);
}
mark_rows($database, $foreign, $marker);

my $server = TenantTest::Server->start(database => $conninfo, processes => 1, server => 'KeepAliveTimeout 300');
my $log = $server->error_log;
my $database_log = site->database_log($database);
my $pipeline = TenantTest::Pipeline->new(to => $server, as => 'acme');

my %row;      # what each row showed last, by its path
my %paths;    # of the rows that may be changed, by resource
my %count;    # of what happened

for my $resource (singles()) {
    my ($response) = $pipeline->ask([GET => "/v1/$resource"]);
    $row{"/v1/$resource"} = $response->json;
    $paths{$resource} = ["/v1/$resource"];
}

# The rows that no write here may touch: those of others, and acme's own of before.
my %of_before = map { $_ => { map { $_ => 1 } rows_of($database, $_, $own) } } collections();

sub untouchable {
    my @others = map { my $resource = $_; map { rows_of($database, $resource, tenant($_)->{id}) } qw(globex closed) } resources();
    my @own = map { my $resource = $_; grep { $of_before{$resource}{$_} } rows_of($database, $resource, $own) } collections();
    return join "\n", @others, @own;
}

# The nth write: to a collection, a row that was made here, or a single resource.
sub write_number {
    my ($n) = @_;
    srand unpack 'N', md5("$seed $n");
    my @resources = writable();
    my $resource = $resources[rand @resources];
    my $is_single = grep { $_ eq $resource } singles();
    my $method = $is_single || $paths{$resource} && rand() < 0.5 ? 'PATCH' : 'POST';
    my $paths = $paths{$resource};
    return TenantTest::RandomWrite->new(
        seed         => "$seed $n",
        resource     => $resource,
        method       => $method,
        path         => $method eq 'POST' ? "/v1/$resource" : $paths->[rand @$paths],
        own          => $own,
        foreign      => $foreign,
        foreign_path => $method eq 'PATCH' ? $foreign_path{$resource} : undef,
        foreign_host => tenant('globex')->{host},
        foreign_key  => tenant('globex')->{key},
    );
}

# What a row is to show after a write; undef stands for what only the server knows.
sub expected {
    my ($write, $want, $shown) = @_;
    my %row = $write->{method} eq 'PATCH' ? %{ $row{ $write->{path} } } : map { $_ => undef } readable($write->{resource});
    my %row_after = (%row, %{ $want->{members} });
    delete $row_after{password};
    my @servers = $write->{method} eq 'POST' ? qw(id created_at updated_at) : qw(updated_at);
    push @servers, 'id' if $write->{resource} eq 'settings';    # which its first PATCH makes
    for (grep { !defined $row_after{$_} || $_ eq 'updated_at' } @servers) {
        $row_after{$_} = $shown->{$_} if exists $row_after{$_};
    }
    $row_after{tenant_id} = $own if exists $row_after{tenant_id};
    return \%row_after;
}

# What is wrong with the answer to a write; '' where nothing is. Takes note of what was written.
sub judge {
    my ($write, $want, $response) = @_;
    my @refusals = @{ $want->{statuses} };
    my ($status, $shown) = ($response->status, $response->json);

    return "it shows another tenant's row" if index($response->fingerprint, $marker) >= 0;
    return join '; ', faults($response) if faults($response);
    $count{$status}++;
    if (@refusals) {
        return (grep { $_ == $status } @refusals) ? '' : "status $status instead of @refusals: " . $response->body;
    }
    return "status $status: " . $response->body if $status != ($write->{method} eq 'POST' ? 201 : 200);
    my ($is, $wanted) = map { json($_) } $shown, expected($write, $want, $shown);
    my $path = $write->{method} eq 'POST' ? $response->header('Location') : $write->{path};
    push @{ $paths{ $write->{resource} } }, $path unless $row{$path};
    $row{$path} = $shown;
    return $is eq $wanted ? '' : "it shows $is, but was given $wanted";
}

# The smallest write that fails like this one: [write, request, what is wrong].
sub shrunk {
    my ($write, $request, $wrong) = @_;
    for my $n (reverse 0 .. $write->ingredients - 1) {
        my $less = $write->without($n);
        my ($smaller, $want) = $less->make;
        my $still = judge($less, $want, $pipeline->ask($smaller)) or next;
        ($write, $request, $wrong) = ($less, $smaller, $still);
    }
    return ($write, $request, $wrong);
}

my $untouchable = untouchable();
my @failures;
for (my $n = 0; $n < $CASES && @failures < $FAILURES; $n += $AT_ONCE) {
    my @writes = map { write_number($_) } $n .. $n + $AT_ONCE - 1;
    my @made = map { [$_->make] } @writes;
    my @responses = $pipeline->ask(map { $_->[0] } @made);
    for my $i (0 .. $#writes) {
        my $wrong = judge($writes[$i], $made[$i][1], $responses[$i]) or next;
        push @failures, [$n + $i, shrunk($writes[$i], $made[$i][0], $wrong)] if @failures < $FAILURES;
    }
    next if untouchable() eq $untouchable;
    fail("write $n to " . ($n + $#writes) . ": rows of others are as they were");
    last;
}
is(scalar @failures, 0, "$CASES writes: " . json(\%count));
for (@failures) {
    my ($n, $write, $request, $wrong) = @$_;
    my ($method, $target, %option) = @$request;
    diag "write $n, with ", join(', ', $write->ingredients) || 'nothing', "\n$method $target @{ $option{headers} }\n",
        substr($option{body}, 0, 2000), "\n", $wrong;
}
cmp_ok($count{$_} // 0, '>', 20, "status $_ is among the answers") for qw(200 201 400 403 404 412 413 415 422);

subtest 'what was written' => sub {
    my @paths = sort keys %row;
    my @responses = $pipeline->ask(map { [GET => $_] } @paths);
    my @wrong = grep { json($responses[$_]->json) ne json($row{ $paths[$_] }) } 0 .. $#paths;
    is(scalar @wrong, 0, @paths . ' rows read as their last write left them')
        or diag map { $responses[$_]->body . ' instead of ' . json($row{ $paths[$_] }) . "\n" } splice @wrong, 0, 3;
    for my $resource (collections()) {
        my $stored = row({ database => $database }, "SELECT count(*) FROM $resource WHERE tenant_id = ?", $own);
        is($stored, keys(%{ $of_before{$resource} }) + @{ $paths{$resource} || [] }, "$resource: no row more, and none less");
    }
};

is(untouchable(), $untouchable, "other tenants' rows, and those of before, are as they were");
is_deeply([$log->matching(qr/exit signal|\[tenant:(?:warn|error|crit|alert|emerg)\]/)], [], 'the module has found nothing wrong');
is_deeply([grep { !/autovacuum/ } $database_log->matching(qr/ (?:WARNING|ERROR|FATAL|PANIC):/)], [], 'nor has PostgreSQL');

done_testing;
