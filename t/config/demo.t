# SPDX-License-Identifier: Apache-2.0
#
# `make run`: each checkout has a demo of its own, what fails leaves nothing running, and nothing but the page for browsers
# needs npm.

use strict;
use warnings;

use File::Copy ();
use IO::Socket::INET;
use Test::More;
use TenantTest;
use TenantTest::Fault qw(wait_until);

my $scratch = site->{scratch} . '/demo';
mkdir $scratch;

# Runs a command in a folder: its exit status and all that it said. Variables may come ahead.
sub in_folder {
    my ($folder, @command) = @_;
    my $variables = ref $command[0] ? shift @command : {};
    local @ENV{keys %$variables} = values %$variables;
    my $pid = open(my $out, '-|') // die "fork: $!";
    if (!$pid) {
        chdir $folder or die "$folder: $!";
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', '/dev/null';
        exec { $command[0] } @command or die "$command[0]: $!";
    }
    my $output = do { local $/; <$out> } // '';
    close $out;
    return ($? >> 8, $output);
}

# What `make run` needs of a checkout, as if it had been cloned and built there.
sub checkout {
    my ($name) = @_;
    my $folder = "$scratch/$name";
    mkdir $folder;
    mkdir "$folder/build";
    system('cp', '-R', qw(tools conf sql), $folder) == 0 or die 'cp failed';
    system('cp', qw(build/mod_tenant.so build/tenantctl), "$folder/build") == 0 or die 'cp failed';
    return $folder;
}

sub variables {
    my ($folder) = @_;
    open my $file, '<', "$folder/run/demo.env" or die "demo.env: $!";
    return { map { /^(\w+)=(.*)$/ ? ($1 => $2) : () } <$file> };
}

# The names of the products that a demo shows to its own Acme, or the status.
sub products {
    my ($variables) = @_;
    my $answer = TenantTest::Client->new(port => $variables->{BASE_URL} =~ /:(\d+)/)
        ->request(GET => '/v1/products?fields=name&limit=1000', headers => [bearer($variables->{ACME_KEY})]);
    return $answer->status == 200 ? join(',', map { $_->{name} } @{ $answer->json->{data} }) : $answer->status;
}

# The processes that have their working folder below one: PostgreSQL's, and what a script started.
sub processes {
    my ($folder) = @_;
    return grep { (readlink("$_/cwd") // '') =~ /^\Q$folder\E/ } glob '/proc/[0-9]*';
}

# That none is left. Whoever was killed may take a while to be gone on a busy machine.
sub is_idle {
    my ($folder, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    wait_until { !processes($folder) } 30;
    return is_deeply([processes($folder)], [], $name);
}

sub ports { return { PORT => TenantTest::Server::free_port(), TLS_PORT => TenantTest::Server::free_port() } }

subtest 'two checkouts' => sub {
    my %demo;
    for my $name (qw(one two)) {
        my $folder = checkout($name);
        my $ports = ports();
        my ($status, $output) = in_folder($folder, $ports, 'tools/demo', 'start');
        is($status, 0, "$name starts") or diag $output;
        like($output, qr{answered 200\n  <\?xml .*<Say>Hello, this is Acme\.</Say>.*answered 204\n.*"status":"completed".*"duration":42,}s, 'a call comes in, and is there');
        unlike($output, qr/to try in a browser/, 'it has no page for browsers, and names none');
        $demo{$name} = { folder => $folder, ports => $ports, %{ variables($folder) } };
        is($demo{$name}{BASE_URL}, "http://127.0.0.1:$ports->{PORT}/v1", 'on its port');
        is($demo{$name}{METRICS_URL}, "http://127.0.0.1:$ports->{PORT}/metrics", 'with its figures');
        my $counted = qr/^mod_tenant_requests_total\{handler="twilio",.*\} [1-9]/m;
        my $figures;
        wait_until { ($figures = TenantTest::Client->new(port => $ports->{PORT})->request(GET => '/metrics')->body) =~ $counted };
        like($figures, $counted, 'which have counted the call');
    }
    my ($one, $two) = @demo{qw(one two)};
    isnt($one->{ACME_KEY}, $two->{ACME_KEY}, 'each has keys of its own');
    is_status(TenantTest::Client->new(port => $one->{ports}{PORT})->request(POST => '/v1/products',
        headers => [bearer($one->{ACME_KEY}), 'Content-Type' => 'application/json'], body => '{"name": "of one"}'), 201);
    like(products($one), qr/of one/, 'and data');
    unlike(products($two), qr/of one/, 'of its own');

    my ($status, $output) = in_folder($one->{folder}, 'tools/demo', 'start');
    is($status, 0, 'started again') or diag $output;
    is(variables($one->{folder})->{BASE_URL}, $one->{BASE_URL}, 'it keeps its port');
    like(products($one), qr/of one/, 'and its data');

    in_folder($two->{folder}, 'tools/demo', 'clean');
    like(products($one), qr/of one/, 'it outlives the other one');
    ok(!-e "$two->{folder}/run", 'which is gone');
    is_idle($two->{folder}, 'with its processes');

    system('cp', '-R', $one->{folder}, "$scratch/copy") == 0 or die 'cp failed';
    ($status, $output) = in_folder("$scratch/copy", ports(), 'tools/demo', 'start');
    is($status, 1, 'a copy of a checkout does not start from the state of the original');
    like($output, qr/is a copy of \Q$one->{folder}\E\S*, or was moved from there: make clean/, 'and says why');
    in_folder("$scratch/copy", 'tools/demo', 'clean');
    like(products($one), qr/of one/, 'to clean it leaves the original alone');

    in_folder($one->{folder}, 'tools/demo', 'clean');
    is_idle($one->{folder}, 'nothing is left');
};

subtest 'a start that fails' => sub {
    my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => TenantTest::Server::free_port(),
        ReuseAddr => 1);
    my $folder = checkout('failing');
    my ($status, $output) = in_folder($folder, { %{ ports() }, PORT => $taken->sockport }, 'tools/demo', 'start');
    is($status, 1, 'a port that is taken');
    like($output, qr/a port of 127\.0\.0\.1 is taken; free it, or choose others: make run PORT=n TLS_PORT=n/, 'is said');
    is_idle($folder, 'nothing is left running');
    ok(!-e "$folder/run/ports", 'and the port is not kept');
};

subtest 'the page for browsers' => sub {
    my $bin = "$scratch/bin";
    my $folder = checkout('page');
    mkdir $bin;
    for my $tool (qw(find sh rm mkdir cp dirname timeout mktemp tail cmp cat)) {
        my ($path) = grep { -x } map { "$_/$tool" } split /:/, $ENV{PATH};
        symlink $path, "$bin/$tool" or die "$tool: $!";
    }
    system('cp', '-R', 'reference', $folder) == 0 or die 'cp failed';
    system('rm', '-rf', "$folder/reference/node_modules", "$folder/reference/built");
    my @command = ({ PATH => $bin }, 'tools/reference-page', 'build/reference');

    my ($status, $output) = in_folder($folder, @command);
    is($status, 0, 'without npm there is none');
    is($output, "The reference page is left out: it needs npm, which \"make reference\" installs\n", 'which one line says');
    ok(!-e "$folder/build/reference", 'and TenantReference has no folder');
    is((in_folder($folder, @command, 'wanted'))[0], 1, 'make reference fails then');

    open my $npm, '>', "$bin/npm" or die "npm: $!";
    print $npm "#!/bin/sh\necho no registry today\nexit 1\n";
    close $npm;
    chmod 0755, "$bin/npm";
    ($status, $output) = in_folder($folder, @command);
    is($status, 0, 'nor where npm fails');
    is($output, "The reference page is left out: npm could not fetch its viewer; build/reference.log says why\n", 'in one line');
    open my $log, '<', "$folder/build/reference.log" or die "reference.log: $!";
    like(do { local $/; <$log> }, qr/no registry today/, 'and the log has what npm said');

    mkdir "$folder/reference/built";
    File::Copy::copy("reference/$_", "$folder/reference/built") for qw(reference.js reference.css);
    ($status, $output) = in_folder($folder, @command, 'wanted');
    is($status, 0, 'a release brings it');
    is($output, '', 'and needs no npm');
    ok(-e "$folder/build/reference/reference.js", 'there it is');
};

done_testing;
