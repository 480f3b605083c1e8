# SPDX-License-Identifier: Apache-2.0
#
# Clients of HTTP/2 that let the server send nothing cost mod_http2 no thread of the MPM, so that it may have more requests
# under way than threads to answer them. With the line of conf/tuning.conf that bounds this, other clients notice nothing.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Http2;
use TenantTest::Sample;

my ($workers) = slurp('conf/tuning.conf') =~ m{^(<IfModule http2_module>.*?</IfModule>)}ms or die 'tuning.conf has no line';
my $server = TenantTest::Server->start(processes => 1, threads => 8, server => <<"CONFIG");
TenantPool max=8 lists=2 statement=20s wait=1s
Timeout 60
AsyncRequestWorkerFactor 32
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2 h2c http/1.1
$workers
CONFIG

my @clients = map { closed_window($server, '/v1/calls?limit=5') } 1 .. 60;
sleep 2;
for my $path ('/static.txt', '/v1/calls?limit=5', '/v1/tenant') {
    is(http2_answer($server, $path, tls => $_), '2 200', "$path by " . ($_ ? 'https' : 'http')) for 0, 1;
}
is_status(request(GET => '/v1/tenant', as => 'globex', to => $server), 200, 'HTTP/1.1 too');

done_testing;
