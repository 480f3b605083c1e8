# SPDX-License-Identifier: Apache-2.0
# What the database could not be told of the use of tenants is kept in a file, and told by the next server, once: httpd ends while the
# database is away, reloads, is killed as by a power cut; the file is damaged, a copy of an earlier one, or finds no room.
use strict;
use warnings;

use List::Util qw(sum0);
use Test::More;
use Time::HiRes qw(sleep);
use TenantTest;
use TenantTest::Fault qw(wait_until);

my $site = TenantTest::Site->make;
my $folder = "$site->{scratch}/kept";
my %sent = (acme => 0, globex => 0);
mkdir $folder or die "$folder: $!";

# Whoever tells does so at the start and at the end, unless a test says otherwise.
my $usage = qq{TenantUsage flush=60s keep=$folder};
my $server = TenantTest::Server->start(site => $site, processes => 2, server => $usage);
my $log = $server->error_log;

sub ask {
    my ($as, $count) = @_;
    is_status(counted_request(GET => '/v1/calls?limit=1', as => $as, to => $server), 200) for 1 .. $count;
    $sent{$as} += $count;
    return;
}

sub used { return 0 + $site->dbh->selectrow_array(q{SELECT coalesce(sum(requests), 0) FROM usage WHERE day > '2026-10-01' AND tenant_id = ?}, undef, tenant($_[0])->{id}) }
sub kept { return grep { !/[.]new\z/ } glob("$folder/usage-*") }

sub is_used {
    my ($what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok((wait_until { used('acme') >= $sent{acme} && used('globex') >= $sent{globex} } 90), "$what: told");
    sleep 1;    # whatever is told twice would come now
    return is_deeply({ map { $_ => used($_) } keys %sent }, \%sent, "$what: once");
}

# Nothing is told from now on, not even the first time of a server that has just started; requests are served.
my $add = 'FUNCTION usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[])';
sub stop_telling { return $site->dbh->do("REVOKE EXECUTE ON $add FROM tenant_api") }
sub let_tell { return $site->dbh->do("GRANT EXECUTE ON $add TO tenant_api") }

sub start_database { $site->{cluster}->start; delete $site->{dbh}; return let_tell() }
sub stop_database { $site->{dbh}{$_}->disconnect for keys %{ $site->{dbh} || {} }; delete $site->{dbh}; return $site->{cluster}->stop }
sub configure { my ($line) = @_; return $server->reconfigure(sub { s/^TenantUsage .*$/$line/m }) }
sub slurp { return TenantTest::Server::_read($_[0]) }

# Ends httpd while the database is away, which then has something to be told of.
sub end_without_database {
    stop_database();
    $log->mark;
    return $server->stop;
}

subtest 'httpd ends while the database is away' => sub {
    for my $time (1, 2) {
        stop_telling();
        ask(acme => 5);
        ask(globex => 2);
        end_without_database();
        ok($log->matching(qr/the database has not been told of 7 requests of tenants: .+; they are kept, to be told later/), 'the last child says what it could not tell');
        my ($file) = my @files = kept();
        is(scalar @files, 1, "time $time: a file is kept");
        is((stat $file)[2] & 07777, 0600, 'which is its owner\'s');
        ok($log->matching(qr/7 requests of tenants are kept in \Q$file\E, for the next start to tell the database/), 'the log says where');
        $log->mark;
        $server->boot;
        ok($log->matching(qr/the database is told of 7 requests of tenants that \Q$file\E has kept/), 'it starts without the database, too');
        $server->stop;
        is_deeply([kept()], [$file], 'and ends again: it is kept still');
        start_database();
        $server->boot;
        is_used("time $time");
        ok((wait_until { !kept() } 90), 'the file goes once all is told');
    }
};

subtest 'a reload that brings another password' => sub {
    my $program = $server->root . '/conninfo';
    my $print = sub { TenantTest::Server::_write($program, qq{#!/bin/sh\necho "$site->{conninfo} password=$_[0]"\n}); chmod 0755, $program };
    $print->('one');
    my $other = TenantTest::Server->start(site => $site, processes => 2, database => "exec:$program", server => 'TenantUsage flush=60s keep=off',
        location => 'TenantRateLimit 100/24h');
    stop_telling();
    is_status(counted_request(GET => '/v1/calls?limit=1', as => 'acme', to => $other), 200) for 1 .. 5;
    $sent{acme} += 5;
    $print->('two');
    my $said = $other->error_log;
    $other->graceful;
    ok($said->wait_for(qr/5 requests of tenants: .+; they are kept, to be told later/, 60), 'the former children cannot tell');
    like(counted_request(GET => '/v1/calls?limit=1', as => 'acme', to => $other)->header('RateLimit'), qr/;r=94;/, 'what is left of a limit stays');
    $sent{acme}++;
    let_tell();
    $other->stop;
    is_used('the account is the same one');
};

subtest 'a reload that brings another database' => sub {
    stop_telling();
    ask(acme => 4);
    $log->mark;
    $server->reconfigure(sub { s/^(TenantDatabase "[^"]*)"/$1 application_name=another"/m })->graceful;
    ok($log->wait_for(qr/4 requests of tenants: .+; they are kept, to be told later/, 60), 'the former children cannot tell');
    $server->stop;
    is(scalar(my @files = kept()), 1, 'what they have left is kept at the end');
    $server->reconfigure(sub { s/ application_name=another"/"/ });
    let_tell();
    $server->boot;
    is_used('the former database, where it is used again');
};

subtest 'an end that tells all leaves nothing' => sub {
    ask(acme => 3);
    $server->stop;
    is_used('at the end');
    is(scalar(my @none = kept()), 0, 'no file');
    $server->boot;
};

subtest 'the answer to the telling was lost' => sub {
    stop_telling();
    ask(acme => 4);
    end_without_database();
    my ($file) = kept();
    my $text = slurp($file);
    start_database();
    $server->boot;
    is_used('first');
    $server->stop;
    # as if the server had not lived to hear that the database has it
    for my $time (1, 2) {
        TenantTest::Server::_write($file, $text);
        chmod 0600, $file;
        $server->boot;
        ask(acme => 1);
        ok((wait_until { !kept() } 90), 'the same file is told again');
        $server->stop;
        is_used("time $time again");
    }
    $server->boot;
};

subtest 'a reload while the database is away' => sub {
    configure(qq{TenantUsage flush=2s keep=$folder});
    $server->restart;
    ask(acme => 6);
    is_used('before');
    ask(acme => 6);
    stop_database();
    ok((wait_until { kept() } 90), 'a failure to tell is enough for a file');
    $log->mark;
    $server->graceful;
    ok((wait_until { $log->matching(qr/AH00094/) } 90), 'httpd reloads');
    ok(!$log->matching(qr/the database is told of \d+ requests/), 'memory has it: the file is not told beside it');
    sleep 3;
    start_database();
    is_used('behind it');
    ok((wait_until { !kept() } 90), 'the file goes');
};

subtest 'the power fails while the database is away' => sub {
    ask(acme => 8);
    ask(globex => 8);
    stop_database();
    ok((wait_until { kept() } 90), 'it is on the disk before anything ends');
    my @pids = $server->pids;
    $server->kill_and_wait(@pids);
    is(scalar(grep { TenantTest::Server::is_alive($_) } @pids), 0, 'all are gone');
    unlink "$server->{pid_file}";
    start_database();
    $server->boot;
    is_used('then');
    ok((wait_until { !kept() } 90), 'the file goes');
    configure($usage);
    $server->restart;
};

subtest 'a file that is no good' => sub {
    my $good;
    my %damage = (
        'is of something else' => sub { return "hello\n" },
        'is empty' => sub { return '' },
        'is cut' => sub { return substr $_[0], 0, length($_[0]) - 8 },
        'has another number' => sub { return $_[0] =~ s/^(\d+ \d+) (\d+) /"$1 9$2 "/mer },
        'is of a later version' => sub { return $_[0] =~ s/usage 1/usage 2/r },
        'counts less than nothing' => sub { return $_[0] =~ s/^(\d+ \d+) (\d+) /$1 -$2 /mr },
        'has more behind its end' => sub { return "$_[0]end 0\n" },
    );
    for my $what (sort keys %damage) {
        stop_telling();
        ask(acme => 3);
        end_without_database();
        my ($file) = kept();
        my $text = slurp($file);
        $sent{acme} -= 3;
        TenantTest::Server::_write($file, $damage{$what}->($text));
        start_database();
        $log->mark;
        $server->boot;
        ok($log->matching(qr/what \Q$file\E has of the use of tenants is on no bill: it is none of mod_tenant's, or is damaged; it is now \Q$file.refused-\E\d+/), "$what: the log says so");
        my ($aside) = glob "$file.refused-*";
        ok($aside && slurp($aside) eq $damage{$what}->($text), 'it is put aside as it is');
        unlink $aside;
        is_used($what);
    }
    for my $what ('others may write', 'is a link') {
        stop_telling();
        ask(acme => 3);
        end_without_database();
        my ($file) = kept();
        $sent{acme} -= 3;
        $what eq 'is a link' ? rename($file, "$folder/elsewhere") && symlink("$folder/elsewhere", $file) : chmod 0622, $file;
        start_database();
        $log->mark;
        $server->boot;
        ok($log->matching(qr/is on no bill: .*; it is now/), "$what: it is not believed");
        unlink glob("$file.refused-*"), "$folder/elsewhere";
        is_used($what);
    }
};

subtest 'there is no room for a file' => sub {
    for my $keep ("$folder/none", 'off') {
        configure("TenantUsage flush=60s keep=$keep");
        $log->mark;
        $server->restart;
        is(!!$log->matching(qr/TenantUsage: what the database is not told before the server ends cannot be kept in \Q$keep\E/), $keep ne 'off',
            "keep=$keep: the log says at start what will not do");
        is_used('before');
        stop_telling();
        ask(acme => 3);
        ask(globex => 2);
        end_without_database();
        ok($log->matching(qr/5 requests of tenants are on no bill: /), 'the log has how many requests are lost');
        for my $name (qw(acme globex)) {
            my $count = $name eq 'acme' ? 3 : 2;
            # a line a day, be it that a day ended among them
            my $line = qr/on no bill: tenant @{[tenant($name)->{id}]}, \d{4}-\d\d-\d\d: (\d+) requests, 0 rows written, \d+ bytes out/;
            is(sum0(map { /$line/ ? $1 : () } $log->matching($line)), $count, "those of $name, for a bill by hand");
        }
        start_database();
        $server->boot;
        $sent{acme} -= 3;
        $sent{globex} -= 2;
    }
    configure($usage);
    $server->restart;
};

subtest 'two servers of a machine' => sub {
    stop_telling();
    my $other = TenantTest::Server->start(site => $site, processes => 2, server => $usage);
    is_status(counted_request(GET => '/v1/calls?limit=1', as => 'acme', to => $other), 200) for 1 .. 3;
    ask(acme => 4);
    $sent{acme} += 3;
    stop_database();
    $_->stop for $server, $other;
    is(scalar(my @files = kept()), 2, 'each has a file of its own');
    start_database();
    $server->boot;
    ok((wait_until { 1 == (my @left = kept()) } 90), 'each tells its own');
    $other->boot;
    is_used('both');
    $other->end;
};

done_testing;
