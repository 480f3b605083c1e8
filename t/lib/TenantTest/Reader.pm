# SPDX-License-Identifier: Apache-2.0
package TenantTest::Reader;

# What the tests of a standby that answers reads (TenantDatabase read=) share.

use strict;
use warnings;

use Exporter 'import';

use TenantTest;
use TenantTest::Fault;
use TenantTest::Scrape;

our @EXPORT = qw(leads_to start_server ask reads is_up is_read pause resume);

# The connection string of a cluster (TenantTest::Cluster).
sub leads_to { return 'host=' . $_[0]->socket_dir . ' dbname=tenant user=tenant_api' }

# A server whose reader may be so far behind. Options: primary, read (connection strings), server (lines).
sub start_server {
    my ($site, $standby, $lag, %option) = @_;
    my $primary = $option{primary} // leads_to($site->cluster);
    my $read = $option{read} // leads_to($standby);
    return TenantTest::Server->start(
        site => $site, processes => 2, threads => 10, database => undef,
        server => join "\n", qq{TenantDatabase "$primary" read="$read" lag=$lag}, $option{server} // (),
        '<Location "/metrics">', 'TenantHandler metrics', 'Require local', '</Location>'
    );
}

sub ask {
    my ($server, $method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

# How many reads the reader has answered; or the primary, by the label of a reason.
sub reads {
    my ($server, $by) = @_;
    return TenantTest::Scrape->of($server)->value('mod_tenant_reads_total', by => $by // 'reader');
}

# Whether the figures say that the reader is used: what they say once that is what is wanted.
sub is_up { my ($server, $want) = @_; return TenantTest::Scrape->await($server, $want, 'mod_tenant_reader_up') }

# Whether reads come from the reader now, most likely by each child.
sub is_read {
    my ($server) = @_;
    my $before = reads($server);
    ask($server, GET => '/v1/calls/1') for 1 .. 20;
    return reads($server) - $before == 20;
}

# Lets a standby replay nothing, and go on.
sub pause {
    my ($standby) = @_;
    $standby->query('postgres', 'SELECT pg_wal_replay_pause()');
    return wait_until { $standby->query('postgres', 'SELECT pg_get_wal_replay_pause_state()') eq 'paused' };
}

sub resume { return $_[0]->query('postgres', 'SELECT pg_wal_replay_resume()') }

1;
