# SPDX-License-Identifier: Apache-2.0
package TenantTest::Asking;

# For a test whose servers or requests are mostly alike: what they have in common is said once.
#
#     use TenantTest::Asking qw(starting start asking ask get no_faults);
#
#     starting(site => $site, processes => 1, server => 'Timeout 1');
#     my $server = start(pool => 'max=1', server => 'TenantCache off');    # with both lines
#
#     asking(to => $server, as => 'acme', is_judged => 1);
#     is_status(ask(PATCH => '/v1/settings', json => {}), 200);
#     is_status(get('/v1/calls', as => 'globex'), 200);
#     no_faults;

use strict;
use warnings;

use Exporter 'import';
use Test::More ();

use TenantTest;
use TenantTest::Contract qw(faults);
use TenantTest::Server;

our @EXPORT_OK = qw(starting start asking ask get no_faults);

my %servers;
my %common;
my $is_judged;    # whether answers are held against what no answer of the API may have
my @faults;

# The options of TenantTest::Server->start() that all servers have from now on.
sub starting {
    (%servers) = @_;
    return;
}

# Starts one. Lines of `server` and of `location` are added to the common ones; the other options replace them.
sub start {
    my (%option) = @_;
    for my $level (qw(server location)) {
        my @lines = grep { defined } $servers{$level}, $option{$level};
        $option{$level} = join "\n", @lines if @lines;
    }
    return TenantTest::Server->start(%servers, %option);
}

# The options of request() that all requests have from now on, if they do not say otherwise; and is_judged => 1.
sub asking {
    (%common) = @_;
    $is_judged = delete $common{is_judged};
    return;
}

sub ask {
    my ($method, $path, %option) = @_;
    my $response = request($method, $path, %common, %option);
    push @faults, map { "$method $path: $_" } faults($response) if $is_judged;
    return $response;
}

sub get {
    my ($path, %option) = @_;
    return ask(GET => $path, %option);
}

# That nothing was wrong with the answers that were judged.
sub no_faults {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is_deeply(\@faults, [], 'no answer had a fault');
}

1;
