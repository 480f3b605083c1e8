# SPDX-License-Identifier: Apache-2.0
# tools/new-resource makes a resource that is served, and that the tests of each table know: in a copy of the source tree it
# adds one, which is built, deployed, and driven through the API.
use strict;
use warnings;

use Cwd ();
use File::Temp qw(tempdir);
use FindBin;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;

my $top  = Cwd::abs_path("$FindBin::Bin/../..");
my $tree = tempdir(CLEANUP => 1);
my @parcels = (    # none that docs/extend.md makes: whoever follows it runs this too
    'parcels', 'number:text(40):required:filter', 'cents:integer:filter:range', 'paid:boolean', 'due_at:time:once:filter:range',
    'note:text',
);
chmod 0755, $tree;

# Runs a program: (whether it succeeded, its output).
sub output_of {
    my (@command) = @_;
    my $pid = open(my $out, '-|') // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @command or die "$command[0]: $!";
    }
    my $output = do { local $/; <$out> } // '';
    close $out;
    return ($? == 0, $output);
}

# Runs one without which nothing after it makes sense.
sub runs {
    my ($what, @command) = @_;
    my ($ok, $output) = output_of(@command);
    ok($ok, $what) or die $output;
    return $output;
}

sub sqitch {
    my ($what, $command, @arguments) = @_;
    local @ENV{qw(PGHOST PGUSER PGDATABASE TZ)} = (site->{host}, 'tenant_owner', 'new_resource', 'UTC');
    local @ENV{qw(SQITCH_FULLNAME SQITCH_EMAIL)} = ('tester', 'tester@example.org');
    local @ENV{qw(SQITCH_USER_CONFIG SQITCH_SYSTEM_CONFIG)} = ('/dev/null', '/dev/null');
    runs($what, 'sqitch', '--chdir', "$tree/sql", $command, 'db:pg:', @arguments);
}

my $tool = "$tree/tools/new-resource";
my @kept = map { "$tree/$_" } qw(mod_tenant/resource/resources.c sql/sqitch.plan t/sql/grants.pg);
sub sums { return join ' ', (output_of('cksum', @kept))[1] }

runs('the tree is copied', 'cp', '-Rp', (map { "$top/$_" } qw(Makefile mod_tenant sql tools build t)), $tree);

subtest 'what is wrong is refused' => sub {
    my $before = sums();
    my %wrong = (
        'no name: lower-case'               => ['Invoices', 'number:text'],
        'calls is there already'            => ['calls', 'number:text'],
        'there is no type money'            => ['parcels', 'cents:money'],
        'there is no option unique'         => ['parcels', 'number:text:unique'],
        'each resource has that by itself'  => ['parcels', 'created_at:time'],
        'a field is NAME:TYPE'              => ['parcels', 'number'],
        'only a text has a length'          => ['parcels', 'cents:integer(4)'],
        'a range is one of an integer'      => ['parcels', 'number:text:filter:range'],
        'lists have another parameter'      => ['parcels', 'order:text:filter'],
        'number is there twice'             => ['parcels', 'number:text', 'number:integer'],
        'user: SQL reserves that word'      => ['parcels', 'user:text'],
        'order: SQL reserves that word'     => ['order', 'number:text'],
        "live is a path of the API's own"     => ['live', 'number:text'],
        "problems is a path of the API's own" => ['problems', 'number:text'],
    );
    for my $why (sort keys %wrong) {
        my ($ok, $output) = output_of($tool, @{ $wrong{$why} });
        ok(!$ok, "refused: @{ $wrong{$why} }");
        like($output, qr/^new-resource: .*\Q$why\E/, '... with a sentence');
    }
    like((output_of($tool))[1], qr/^Usage: /, 'without arguments it says how it is used');
    is(sums(), $before, 'nothing was written');
};

subtest 'a resource' => sub {
    runs('the tool adds it', $tool, @parcels);
    my ($again, $output) = output_of($tool, @parcels);
    ok(!$again, 'once');
    like($output, qr/parcels is there already/, '... it says');
    runs('the module is built, and what prints its table', 'make', '-s', '-C', $tree, TenantTest::Server::build(),
        map { "build/$_" } qw(mod_tenant.so tenantctl unit/statements unit/resources));
};

# The pgTAP tests of the copy, on a cluster of their own: privileges, columns, walls, and the plan of each statement.
subtest 'the tests of each table know it' => sub {
    my ($ok, $output) = output_of('env', '-C', $tree, $^X, "-I$tree/t/lib", "$tree/t/sql/pgtap.t");
    ok($ok, 't/sql/pgtap.t') or diag $output;
    like($output, qr/parcels has its columns/, '... its columns');
    like($output, qr/one big tenant: module: parcels_list_eq_number_by_id_down/, '... its statements');
};

my $server = TenantTest::Server->start(processes => 1, database => database('new_resource'), module => "$tree/build/mod_tenant.so");
sub ask { my ($method, $target, %option) = @_; return request($method, $target, to => $server, as => 'acme', %option) }

subtest 'the API' => sub {
    is_problem(ask(GET => '/v1/parcels'), 503, 'misconfigured', 'nothing before it is deployed');
    sqitch('the change deploys', 'deploy', '--verify');
    for (1 .. 300) {
        last if ask(GET => '/v1/parcels')->status == 200;
        sleep 0.1;
    }
    my %body = (number => 'A-1', cents => 1250, paid => \1, due_at => '2026-02-01T00:00:00Z', note => 'by post');
    my $made = ask(POST => '/v1/parcels', json => \%body);
    is_status($made, 201, 'one is created');
    my $row = $made->json;
    is_deeply([@$row{qw(number cents due_at note tenant_id)}], ['A-1', 1250, '2026-02-01T00:00:00Z', 'by post', tenant('acme')->{id}],
        'as it was given');
    ok($row->{paid} && $row->{created_at}, 'with the time of its creation');
    is_deeply(ask(GET => "/v1/parcels/$row->{id}")->json, $row, 'it is read');
    is_deeply(ask(GET => '/v1/parcels?number=A-1&cents.gt=1249')->json->{data}, [$row], 'listed by its filters');
    is_deeply(ask(PATCH => "/v1/parcels/$row->{id}", json => { cents => undef })->json, { %$row, cents => undef }, 'changed');
    is_invalid(ask(POST => '/v1/parcels', json => { cents => -1, due_at => 'soon' }),
        { '/number' => 'required', '/cents' => 'range', '/due_at' => 'pattern' }, 'what is wrong is refused');
    is_invalid(ask(PATCH => "/v1/parcels/$row->{id}", json => { due_at => '2026-02-01T00:00:00Z' }), { '/due_at' => 'read-only' },
        'what is settled once');
    is_problem(ask(GET => "/v1/parcels/$row->{id}", as => 'globex'), 404, 'not-found', 'another tenant sees nothing of it');
    is_status(ask(DELETE => "/v1/parcels/$row->{id}"), 204, 'it is deleted');
    ok(ask(GET => '/v1/openapi.json')->json->{paths}{'/parcels/{id}'}, 'the document has it');
};

# What the copy's tenantctl says of the database that is about the table.
sub findings {
    my ($ok, $output) = output_of("$tree/build/tenantctl", 'doctor', '--json', '--database', site->conninfo('new_resource', 'tenant_admin'),
        '--key-file', site->{key_file});
    my ($json) = $output =~ /^(\{.*\})$/m or die $output;
    return map {"$_->{check} $_->{object} $_->{finding}"} grep { $_->{object} =~ /parcels/ } @{ JSON::PP::decode_json($json)->{findings} };
}

subtest 'tenantctl doctor' => sub {
    my $database = { database => 'new_resource' };
    is_deeply([findings()], [], 'has nothing to say of it');
    sql($database, $_) for 'REVOKE DELETE ON parcels FROM tenant_api', 'ALTER TABLE parcels ALTER created_at DROP NOT NULL',
        'ALTER TABLE parcels DROP CONSTRAINT parcels_created_at_check', 'DROP INDEX parcels_tenant_id_cents_id_idx',
        'DROP INDEX parcels_tenant_id_cents_created_at_id_idx';
    is_deeply([sort(findings())], ['constraints parcels.created_at has no validated check of its range', 'constraints parcels.created_at may be NULL',
        'grants parcels tenant_api lacks DELETE on it', 'indexes parcels.cents has no index that serves its filter'], 'finds what it lacks');
    sql($database, 'ALTER TABLE parcels RENAME TO bills');
    is_deeply([grep { /^tables/ } findings()], ['tables parcels does not exist: run sqitch deploy'], 'and that it is gone');
    sql($database, 'ALTER TABLE bills RENAME TO parcels');
};

subtest 'reverted' => sub {
    $server->stop;
    sqitch('the change reverts', 'revert', '-y', '--to', '@HEAD^');
    is(row({ database => 'new_resource' }, q{SELECT to_regclass('parcels')}), undef, 'and the table is gone');
};

done_testing;
