# SPDX-License-Identifier: Apache-2.0
#
# tenantctl twilio sync where a server answers that is none of Twilio's, or one that has been taken over: it says what is
# wrong, stores nothing that it does not understand, needs no more memory, and sends no secret elsewhere.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;

use TenantTest;
use TenantTest::Command;
use TenantTest::Sync;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $sync = TenantTest::Sync->start('tenantctl_hostile');
my ($stub, $acme, $globex, $secret) = @$sync{qw(stub acme globex secret)};
my %id = %{ $sync->{id} };
my %login = %{ $sync->{login} };
my $evil = TenantTest::TwilioStub->start;    # where nothing may go

# That sync fails by a fault of each page of calls, and asks no second time.
sub is_hostile {
    my ($name, $why, %fault) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $stub->faults({ match => '/Calls', times => 0, %fault });
    $stub->requests;
    is_failed($sync->run($id{acme}), $why, $name);
    is(scalar(lists('Calls', $stub->requests)), 1, "$name: is not asked again");
    return;
}

sub is_hostile_answer {
    my ($name, $why, $body) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_hostile($name, $why, fault => 'answer', status => 200, body => $body);
}

# The same with an answer without end, where there is little memory.
sub is_endless {
    my ($name, $why, %fault) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $stub->faults({ match => '/Calls', fault => 'raw', most => 2e9, times => 0, %fault });
    my @arguments = map { TenantTest::Command::quoted($_) } 'build/tenantctl', $sync->arguments($id{acme});
    my $limit = $ENV{TENANT_TEST_PRELOAD} ? '' : 'ulimit -v 400000;';    # a sanitizer's shadow is larger
    my $errors = `$limit @arguments 2>&1 >/dev/null`;
    return like($errors, qr/\Atenantctl: tenant \d+: [^\n]*$why[^\n]*\n\z/, "$name, within 400 MB");
}

subtest 'a hostile server: where its pages lead' => sub {
    $sync->introduce;
    $stub->fill(calls => 300, { account_sid => $acme->{sid} });
    my $there = "127.0.0.1:$evil->{https}";
    my $path = "/2010-04-01/Accounts/$acme->{sid}";
    my $elsewhere = qr/a page of Calls has a next_page_uri that leads elsewhere, where no credentials go/;
    my %uris = (
        'another host'          => "https://$there\$",
        'any scheme'            => "//$there\$",
        'a host behind @'       => "\@$there/",
        'a host behind a dot'   => ".$there/",
        'another list'          => "$path/Messages.json?Page=1",
        'another list, by dots' => "$path/Calls.json/../Messages.json?Page=1",
        'another account'       => "/2010-04-01/Accounts/$globex->{sid}/Calls.json?Page=1",
        'headers of its own'    => "$path/Calls.json?Page=1 HTTP/1.1\r\nX: y",
        'a user'                => "$path/Calls.json?\@$there",
        'a long way'            => "$path/Calls.json?" . 'x' x 4_000,
    );
    is_hostile($_, $elsewhere, fault => 'members', members => { next_page_uri => $uris{$_} }) for sort keys %uris;
    is_hostile('a number', qr/next_page_uri that is no text/, fault => 'members', members => { next_page_uri => 7 });
    $stub->faults({ fault => 'members', match => '/Calls.*Page=1', members => { next_page_uri => "$path/Calls.json?Page=1" }, times => 0 },
        { fault => 'members', match => '/Calls', members => { next_page_uri => "$path/Calls.json?Page=1" } });
    is_failed($sync->run($id{acme}), qr/a next_page_uri that leads to itself/, 'round and round');
    is_hostile('a redirect', qr/answers 302.*: it leads elsewhere, where no credentials go/, fault => 'answer', status => 302, headers => { Location => $evil->https . "$path/Calls.json" });
    is(scalar(my @none = $evil->requests), 0, 'nothing came there');
};

subtest 'a hostile server: what it says' => sub {
    $sync->introduce;
    my %row = (sid => sid('CA'), account_sid => $acme->{sid});
    is_hostile_answer('broken JSON',            qr/a page of Calls is no JSON object/, '{"calls": [');
    is_hostile_answer('an array',               qr/is no JSON object/, []);
    is_hostile_answer('deep JSON',              qr/is no JSON object, or too large/, '[' x 100_000);
    is_hostile_answer('many values',            qr/is no JSON object, or too large/, '{"calls":[' . '1,' x 200_000 . '1]}');
    is_hostile_answer('a page for people',      qr/is no JSON object/, '<html>');
    is_hostile_answer('no list',                qr/has no list/, { calls => {} });
    is_hostile_answer('a list of numbers',      qr/not understood: It is no JSON object/, { calls => [1] });
    is_hostile_answer('a sid that is none',     qr/sid is no sid of these/, { calls => [{ %row, sid => "CA'; DROP TABLE calls" }] });
    is_hostile_answer('a sid that is a number', qr/sid is no sid of these/, { calls => [{ %row, sid => 7 }] });
    is_hostile_answer('no sid',                 qr/sid is missing/, { calls => [\%row, { %row, sid => undef }] });
    is_hostile_answer("another account's",      qr/account_sid is not the account's/, { calls => [\%row, { %row, account_sid => $globex->{sid} }] });
    is_deeply($sync->rows_of_ours(calls => 'acme'), {}, 'nothing of such a page is stored');
    is_hostile('what was sent comes back', qr/answers 401/, fault => 'answer', status => 401, body => { code => 20_003, message => "$login{acme} " . encode_base64($login{acme}, '') });
    is_hostile('no HTTP', qr/gives no answer/, fault => 'raw', text => "HELLO $secret\r\n\r\n");
    is_hostile('a broken head', qr/gives no answer/, fault => 'raw', text => "HTTP/1.1 200 OK\r\nContent-Length: $secret\r\n\r\n");
    is_endless('an endless body', qr/answers with more than 8 MiB/, text => "HTTP/1.1 200 OK\r\n\r\n", piece => '[' x 65_536);
    is_endless('an endless head', qr/answers with more headers/, text => "HTTP/1.1 200 OK\r\n", piece => "X-More: headers\r\n" x 1_000);

    $stub->faults({ fault => 'answer', match => '/Calls', status => 200,
        body => { calls => [{ %row, status => { a => 1 }, from => [1], to => 'x' x 9_000, duration => '1e9', direction => "a\x07b", end_time => 'never', parent_call_sid => 12 }] } });
    is_synced($sync->run($id{acme}), 'values of other types', calls => 1, stored => 1);
    is($sync->rows_of_ours(calls => 'acme')->{ $row{sid} }, line(undef, undef, 'x' x 320, undef, undef, undef, undef), 'are made to fit, or left out');
};

subtest 'a server that is another one' => sub {
    $sync->introduce;
    $evil->requests;
    my @acme = ('twilio', 'sync', $id{acme}, @{ $sync->{both} });
    my $stranger = sub {
        my ($name, $why, @arguments) = @_;
        my $run = tenantctl(@acme, @arguments);
        $sync->keep($run);
        is_failed($run, $why, $name);
    };
    $stranger->('a certificate of nobody known', qr/cannot be reached: .*certificate/, '--base-url', $evil->https, '--ca', $stub->ca);
    $stranger->('one of another host', qr/cannot be reached/, '--base-url', $evil->https =~ s/127\.0\.0\.1/127.0.0.2/r, '--ca', $evil->ca);
    $stranger->('no TLS there', qr/cannot be reached/, '--base-url', "https://127.0.0.1:$evil->{http}", '--ca', $evil->ca);
    is(scalar(my @none = $evil->requests), 0, 'no request came there');
};

subtest 'the secrets' => sub {
    $sync->are_secrets_kept;
};

done_testing;
