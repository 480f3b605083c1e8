# SPDX-License-Identifier: Apache-2.0
# A row has one tag, wherever it is read: on the primary and a standby, before and after a failover, and in what is restored from
# pg_dump. Two versions never share one, though a failover has lost the first of them.
use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $old = $site->cluster;
my $new = $old->standby('next');

sub start_server {
    my ($conninfo) = @_;
    return TenantTest::Server->start(site => $site, processes => 1, threads => 20,
        database => "$conninfo user=tenant_api", server => "TenantCache off\nTenantPool max=10 wait=5s");
}

my $first = start_server('host=' . $old->socket_dir . ' dbname=tenant');
my $second = start_server('host=' . $new->socket_dir . ' dbname=tenant target_session_attrs=prefer-standby');

sub acme { my ($server, $method, $target, %option) = @_; return request($method, $target, as => 'acme', to => $server, %option) }
sub tag { my ($server, $path) = @_; return acme($server, GET => $path)->header('ETag') }

my %change = (
    '/v1/products/1' => sub { { name => $_[0] } },
    '/v1/calls/1' => sub { { from_number => $_[0] } },
    '/v1/messages/1' => sub { { from_number => $_[0] } },
    '/v1/recordings/1' => sub { { duration => length $_[0] } },
    '/v1/settings' => sub { { auto_record_calls => length($_[0]) % 2 ? JSON::PP::true : JSON::PP::false } },
    '/v1/tenant' => sub { { name => $_[0] } },
    '/v1/users/' . $site->dbh->selectrow_array('SELECT min(id) FROM users WHERE tenant_id = ?', undef, $site->{tenants}{acme}{id}) =>
        sub { { email => "$_[0]\@example.com" } },
);
my @paths = sort keys %change;

sub change_if {
    my ($server, $path, $tag, $to) = @_;
    return acme($server, PATCH => $path, json => $change{$path}->($to), headers => ['If-Match' => $tag]);
}

# The tags that a path has for 40 clients at once, who need more connections than there are yet.
sub tags_at_once {
    my ($server, $path) = @_;
    my $token = $site->{tenants}{acme}{key};
    my @clients = map { client(to => $server) } 1 .. 40;
    $_->send(GET => $path, headers => ["Authorization" => "Bearer $token"]) for @clients;
    my %tags = map { ($_->receive->header('ETag') // 'none') => 1 } @clients;
    return sort keys %tags;
}

is_status(acme($first, PATCH => $_, json => $change{$_}->('ahead')), 200, "$_ is written") for @paths;
ok(wait_until { !grep { tag($second, $_) ne tag($first, $_) } @paths }, 'a standby follows');
my %ahead = map { $_ => tag($first, $_) } @paths;
is(tag($second, $_), $ahead{$_}, "$_ has the same tag on the standby") for @paths;

subtest 'promotion' => sub {
    $new->promote;    # connections to it stay
    for my $path (@paths) {
        is_deeply([tags_at_once($second, $path)], [$ahead{$path}], "$path has one tag, as before, by old connections and new ones");
        my $tag = $ahead{$path};
        for my $n (1 .. 10) {
            my $changed = change_if($second, $path, $tag, "new$n");
            is_status($changed, 200, "$path: the tag that a GET or PATCH gave is right");
            $tag = $changed->header('ETag');
            is(tag($second, $path), $tag, 'and is the only one');
        }
        is_problem(change_if($second, $path, $ahead{$path}, 'x'), 412, 'precondition-failed', "$path: the former one is not");
    }
};

# The old primary still takes writes, which nobody will have. They begin at the same versions, and are as many.
subtest 'what is lost' => sub {
    for my $path (@paths) {
        my ($lost, $kept) = (tag($first, $path), undef);
        is($lost, $ahead{$path}, "$path: the old primary is where they parted");
        my %new = map { $_ => 1 } tag($second, $path);
        my @lost = map { $lost = change_if($first, $path, $lost, "old$_")->header('ETag') } 1 .. 11;
        is(scalar(grep { $new{$_} } @lost), 0, 'no lost version has the tag of the new one');
        is_problem(change_if($second, $path, $_, 'x'), 412, 'precondition-failed', 'nor is it taken for that') for @lost[0, -2, -1];
    }
};

subtest 'pg_dump' => sub {
    my %there = map { $_ => tag($second, $_) } @paths;
    my ($status, $text) = $new->dump('tenant');
    is($status, 0, 'it is dumped');
    $new->create_database('restored');
    my $file = $new->socket_dir . '/dump.sql';
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
    $new->query('restored', "\\i $file");
    my $restored = start_server('host=' . $new->socket_dir . ' dbname=restored');
    for my $path (@paths) {
        is(tag($restored, $path), $there{$path}, "$path has its tag in what is restored");
        my $changed = change_if($restored, $path, $there{$path}, 'restored');
        is_status($changed, 200, 'which is right there');
        isnt($changed->header('ETag'), $there{$path}, 'and the next version has another');
    }
    is(tag($second, $_), $there{$_}, "$_: the original has it still") for @paths;
};

done_testing;
