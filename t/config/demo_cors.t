# SPDX-License-Identifier: Apache-2.0
#
# The demo's page of another site, with the section of conf/site.conf that the demo switches on for it.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Browser;
use TenantTest::Sample;

my $pages = TenantTest::Server->start;    # in the demo it is the same server, by another name
my $section = `tools/cors-sample http://localhost:@{[$pages->port]}`;
like($section, qr/\ASetEnvIf Origin .*\n<Location "\/v1">\n(?: +Header .*\n)+<\/Location>\n\z/, 'the section is whole');
my $server = TenantTest::Server->start(server => $section);

my $text = slurp('conf/demo-cors.html.in') =~ s/\@PORT\@/$server->port/ger;
open my $file, '>', $pages->root . '/htdocs/cors.html' or die "cors.html: $!";
print $file $text;
close $file;

my @keys = (tenant('acme')->{key}, 'mt_wrong');
my $result = browse('demo_cors.js', url => 'http://localhost:' . $pages->port . '/cors.html', keys => \@keys);
like($result->{origin}, qr/localhost.*127\.0\.0\.1/, 'the page tells who is who');
like($result->{answers}[0], qr/^200 \{.*"data".*"sid"/s, 'it reads an answer');
like($result->{answers}[1], qr/^401 .*key-invalid/s, 'and an error');
is_deeply($result->{seen}{errors}, [], 'no script fails');

$result = browse('demo_cors.js', url => 'http://127.0.0.1:' . $pages->port . '/cors.html', keys => [$keys[0]]);
like($result->{answers}[0], qr/^The browser refuses/, 'from an origin that is not allowed it reads nothing');

my $demo = slurp('conf/demo.conf.in');
like($demo, qr/^Include "\@STATE\@\/cors\.conf"$/m, 'the demo has the section');
like($demo, qr/^LoadModule ${_}_module /m, "and mod_$_") for qw(headers setenvif);

done_testing;
