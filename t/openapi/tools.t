# SPDX-License-Identifier: Apache-2.0
#
# What tools by others make of the OpenAPI document: linters have nothing to say, and a client that is generated from it
# compiles and works.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Copy qw(copy);
use Test::More;
use TenantTest;
use TenantTest::Administration;
use TenantTest::Gateway;
use TenantTest::Packages;
use TenantTest::Sample qw(slurp);
use TenantTest::TwilioStub;

plan skip_all => packages_missing('t/node') // page_missing if packages_missing('t/node') // page_missing;

my $tools = abs_path('t/node');
my $scratch = site->{scratch} . '/tools';
mkdir $scratch;

my $database = database('openapi_tools');
my $server = TenantTest::Server->start(
    database => qq($database" admin=") . site->conninfo('openapi_tools', 'tenant_admin'),
    location => 'TenantReference "' . abs_path('build/reference') . '"',
    server   => administration('openapi_tools') . <<'END');
<Location "/users/v1">
    TenantHandler api
    TenantPublicRead products
    TenantUserAuthority write
</Location>
END

sub write_file {
    my ($path, $bytes) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $bytes;
    close $file or die "$path: $!";
}

# Runs a tool in the scratch folder, without a network to call home by: (whether it succeeded, its output).
sub tool {
    my ($name, @arguments) = @_;
    local @ENV{qw(REDOCLY_TELEMETRY REDOCLY_SUPPRESS_UPDATE_NOTICE NO_COLOR CI)} = ('off', 'true', 1, 1);
    my $pid = open(my $out, q(-|)) // die "fork: $!";
    if (!$pid) {
        chdir $scratch;
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', '/dev/null';
        exec 'node', $name =~ m{/} ? $name : "$tools/node_modules/.bin/$name", @arguments or die "node: $!";
    }
    my $output = do { local $/; <$out> } // '';
    close $out;
    return ($? == 0, $output);
}

sub succeeds {
    my ($what, @command) = @_;
    my ($ok, $output) = tool(@command);
    ok($ok, $what) or diag $output;
    return $output;
}

my %login = ('/admin' => [basic('root', 'secret')]);
my %documents = map { tr{/}{}dr . '.json' => request(GET => "$_/openapi.json", to => $server, headers => $login{$_}) }
    '/v1', '/users/v1', '/admin';
$documents{'gateway.json'} = request(GET => '/v1/openapi.json', to => TenantTest::Gateway->start->server);
write_file("$scratch/$_", $documents{$_}->body) for keys %documents;

subtest 'linters' => sub {
    my @redocly = ('redocly', 'lint', '--config', "$tools/redocly.yaml");
    my @spectral = ('spectral', 'lint', '--ruleset', "$tools/spectral.yaml", '--fail-severity', 'hint');
    succeeds('redocly lint has nothing to say', @redocly, sort keys %documents);
    succeeds('nor has spectral lint', @spectral, sort keys %documents);

    # A document of one path, for each linter looks at all that there is.
    my $broken = $documents{'v1.json'}->json;
    $broken->{paths} = { '/openapi.json' => $broken->{paths}{'/openapi.json'} };
    delete $broken->{paths}{'/openapi.json'}{get}{operationId};
    delete $broken->{components}{schemas}{Problem}{properties}{title}{maxLength};
    write_file("$scratch/broken.json", json($broken));
    like((tool(@redocly, 'broken.json'))[1], qr/operation-operationId/, 'redocly sees what is missing');
    like((tool(@spectral, 'broken.json'))[1], qr/owasp:api4:2023-string-limit/, 'and so does spectral');
};

subtest 'a generated client' => sub {
    copy("$tools/$_", $scratch) for qw(client.ts tsconfig.json package.json);
    symlink "$tools/node_modules", "$scratch/node_modules";
    succeeds('openapi-typescript makes the types of a server with a gateway', 'openapi-typescript', 'gateway.json', '--output', 'schema.d.ts');
    like(slurp("$scratch/schema.d.ts"), qr/"audio\/mpeg": string/, '... and the sound has one');
    succeeds('openapi-typescript makes the types', 'openapi-typescript', 'v1.json', '--output', 'schema.d.ts');
    succeeds('the client compiles', 'tsc');
    my $output = succeeds('and works', './client.js', 'http://127.0.0.1:' . $server->port . '/v1', tenant('acme')->{key});

    my %used = map { $_ => 1 } split /\n/, $output;
    my $paths = request(GET => '/v1/openapi.json', to => $server)->json->{paths};
    my @unused;
    for my $path (sort keys %$paths) {
        push @unused, grep { !$used{$_} } map { uc . " $path" } grep { $_ ne 'parameters' } sort keys %{ $paths->{$path} };
    }
    is_deeply(\@unused, [], 'every operation was used');
};

done_testing;
