# SPDX-License-Identifier: Apache-2.0
#
# Entity tags and what hangs on them: If-None-Match, If-Match, for every resource that has single rows.

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking ask no_faults);
use TenantTest::Contract;

my $database = 'condition';
my $server = TenantTest::Server->start(
    database => database($database),
    server   => <<'END',
<Location "/small/v1">
    TenantHandler api
    SetOutputFilter DEFLATE
</Location>
END
);

asking(to => $server, as => 'acme', is_judged => 1);

# The same with a header more.
sub ask_if {
    my ($header, $value, $method, $path, %option) = @_;
    return ask($method, $path, %option, headers => [$header => $value, @{ $option{headers} || [] }]);
}

sub tag { my ($path, @option) = @_; return scalar ask(GET => $path, @option)->header('ETag') }

sub is_not_modified {
    my ($response, $tag, $name) = @_;
    is_status($response, 304, $name);
    is($response->header('ETag'), $tag, "$name: with the tag");
    is($response->body . ($response->header('Content-Type') // ''), '', "$name: and no body");
    return;
}

sub is_failed {
    my ($response, $tag, $name) = @_;
    is_problem($response, 412, 'precondition-failed', $name);
    is($response->header('ETag'), $tag, "$name: it tells the tag there is");
    return;
}

# A PATCH that changes a row of the resource, another one each time.
my $count = 0;

sub change_of {
    my ($resource) = @_;
    $count++;
    return { email => "changed$count\@example.com" } if $resource eq 'users';
    return { auto_record_calls => $count % 2 ? JSON::PP::false : JSON::PP::true } if $resource eq 'settings';
    return { duration => $count } if $resource eq 'recordings';
    return { name => "changed $count" } if $resource =~ /^(?:products|tenant)$/;
    return { from_number => "changed $count" } if $resource =~ /^(?:calls|messages)$/;
    return change($resource, $count);
}

# The paths of a row: by id, and by sid.
sub paths {
    my ($resource) = @_;
    return "/v1/$resource" if grep { $_ eq $resource } singles();
    my $row = ask(POST => "/v1/$resource", json => sample($resource))->json;
    return map { "/v1/$resource/$row->{$_}" } 'id', has_sid($resource) ? 'sid' : ();
}

# What is no tag of the row, and well formed.
my @others = ('"x"', '""', '"0"', '"1-0000000000000000"', 'W/"x"', '"x", "y"');

# --- Tags -----------------------------------------------------------------------------------------------------

subtest 'tags' => sub {
    for my $resource (collections()) {
        my $made = ask(POST => "/v1/$resource", json => sample($resource));
        my $tag = $made->header('ETag');
        my $path = $made->header('Location');

        like($tag, qr/^"[0-9a-f]{1,16}-[0-9a-f]{16}"$/, "$resource: a new row has one, a strong one");
        is(tag($path), $tag, 'which GET has');
        is(ask(HEAD => $path)->header('ETag'), $tag, 'and HEAD');
        is(tag($path), $tag, 'again and again');
        is(tag("/v1/$resource/" . $made->json->{sid}), $tag, 'by sid too') if has_sid($resource);
        is(ask(PATCH => $path, json => {})->header('ETag'), $tag, 'and after a PATCH of nothing');
        my $changed = ask(PATCH => $path, json => change_of($resource))->header('ETag');
        isnt($changed, $tag, 'after a change there is another');
        is(tag($path), $changed, 'which GET has then');
        ok(!defined tag("/v1/$resource"), 'a list has none');
    }
    for my $resource (singles()) {
        my $tag = tag("/v1/$resource");
        my $changed = ask(PATCH => "/v1/$resource", json => change_of($resource))->header('ETag');
        isnt($changed, $tag, "$resource: a change changes it");
        is(tag("/v1/$resource"), $changed, 'which GET has then');
    }
    is(tag('/v1/settings', as => 'globex'), '"0"', 'settings that are not there yet');
    ok(!defined ask(DELETE => (paths('calls'))[0])->header('ETag'), 'what is gone has none');
    ok(!defined tag('/v1/'), 'nor has the index');
};

subtest 'one transaction, two tenants' => sub {
    sql({ database => $database }, "UPDATE tenants SET name = name");
    isnt(tag('/v1/tenant', as => 'globex'), tag('/v1/tenant'), 'have tags of their own at the same path');
};

# Both are copies of a third one.
subtest 'one row, two databases' => sub {
    my $path = '/v1/recordings/1';
    my $copy = TenantTest::Server->start(database => database('condition_copy'));
    my $theirs = sub { return request(@_, to => $copy, as => 'acme') };
    is_deeply($theirs->(GET => $path)->json, ask(GET => $path)->json, 'a row is in both');
    is($theirs->(GET => $path)->header('ETag'), tag($path), 'with one tag, for it is the same version');
    my $changed = $theirs->(PATCH => $path, json => { duration => 1 }, headers => ['If-Match' => tag($path)]);
    is_status($changed, 200, 'it counts in either');
    is_failed(ask_if('If-Match' => $changed->header('ETag'), PATCH => $path, json => { duration => 1 }), tag($path),
        'once the one is changed its tag is none in the other');
    is_status(ask_if('If-None-Match' => $changed->header('ETag'), GET => $path), 200, 'for reading too');
    isnt(ask(PATCH => $path, json => { duration => 1 })->header('ETag'), $changed->header('ETag'),
        'though that is changed in the same way');
    my $other = TenantTest::Server->start(database => site->conninfo($database));
    is_status(request(PATCH => $path, to => $other, as => 'acme', json => { duration => 1 }, headers => ['If-Match' => tag($path)]),
        200, 'another httpd knows it ahead of any connection');
    is(request(GET => $path, to => $other, as => 'acme')->header('ETag'), tag($path), 'and has the same');
};

# What clients cannot write: the version, by a member of that name.
subtest 'a version is not to be given' => sub {
    my ($path) = paths('calls');
    my $tag = tag($path);
    is_invalid(ask(PATCH => $path, json => { row_version => 1 }), { '/row_version' => 'unknown' }, 'by a PATCH');
    is(tag($path), $tag, 'which changes nothing');
    is_invalid(ask(POST => '/v1/calls', json => { %{ sample('calls') }, row_version => 1 }), { '/row_version' => 'unknown' },
        'nor by a POST');
};

# Who writes does not matter.
subtest 'written past the API' => sub {
    my %table = (tenant => 'tenants');
    for my $resource (collections(), singles()) {
        my ($path) = paths($resource);
        my $table = $table{$resource} // $resource;
        my $id = $path =~ m{/([^/]+)\z} && $1;
        my @only = $resource eq 'tenant' ? ('id = ?', tenant('acme')->{id})
            : $resource eq 'settings' ? ('tenant_id = ?', tenant('acme')->{id}) : ('id = ?', $id);
        my $where = shift @only;
        my $tag = tag($path);
        sql({ database => $database }, "UPDATE $table SET tenant_id = tenant_id WHERE $where", @only) if $table ne 'tenants';
        sql({ database => $database }, "UPDATE $table SET name = name WHERE $where", @only) if $table eq 'tenants';
        my $changed = tag($path);
        isnt($changed, $tag, "$path: an UPDATE of SQL makes another version");
        sql({ database => $database }, "UPDATE $table SET row_version = 0 WHERE $where", @only);
        isnt(tag($path), $changed, 'whatever version it asks for');
        unlike(tag($path), qr/^"0-/, 'which it does not get');
        next if grep { $_ eq $resource } singles();
        my $before = tag($path);
        my @columns = map { $_->[0] } @{ site->dbh($database)->selectall_arrayref(
            q{SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped
                 AND attname <> 'row_version'}, undef, $table) };
        my $columns = join ', ', @columns;
        sql({ database => $database }, "CREATE TABLE kept AS SELECT $columns FROM $table WHERE $where", @only);
        sql({ database => $database }, "DELETE FROM $table WHERE $where", @only);
        sql({ database => $database }, "INSERT INTO $table ($columns) SELECT $columns FROM kept");
        sql({ database => $database }, 'DROP TABLE kept');
        isnt(tag($path), $before, 'a row that is deleted and made again has another one');
        is_failed(ask_if('If-Match' => $before, PATCH => $path, json => change_of($resource)), tag($path), 'the old one is gone');
    }
};

# --- Reading --------------------------------------------------------------------------------------------------

subtest 'If-None-Match on GET' => sub {
    for my $resource (collections(), singles()) {
        for my $path (paths($resource)) {
            my $tag = tag($path);
            for my $method (qw(GET HEAD)) {
                is_not_modified(ask_if('If-None-Match' => $_, $method, $path), $tag, "$method $path: $_")
                    for $tag, "W/$tag", "\"x\",$tag", '*', " $tag , \"y\" ";
                for (@others) {
                    my $response = ask_if('If-None-Match' => $_, $method, $path);
                    is_status($response, 200, "$method $path: $_") unless $_ eq $tag;
                    is($response->header('ETag'), $tag, 'with the tag');
                }
            }
            my $whole = ask(GET => $path);
            my $head = ask(HEAD => $path);
            is_deeply([$head->status, @{ $head->{headers} }], [$whole->status, @{ $whole->{headers} }], 'HEAD equals GET')
                if $head->header('Date') eq $whole->header('Date');
            my $response = ask_if('If-None-Match' => $tag, GET => $path);
            is($response->header($_), $whole->header($_), "a 304 has $_ as the 200 has") for qw(ETag Vary Cache-Control);
        }
    }
    is_not_modified(ask_if('If-None-Match' => '"0"', GET => '/v1/settings', as => 'globex'), '"0"', 'settings without a row');
    is_not_modified(ask_if('If-None-Match' => '*', GET => '/v1/settings', as => 'globex'), '"0"', '... whatever they are');
};

subtest 'If-Match on GET' => sub {
    my ($path) = paths('calls');
    my $tag = tag($path);
    is_status(ask_if('If-Match' => $_, GET => $path), 200, $_) for $tag, '*', qq("x", $tag);
    is_failed(ask_if('If-Match' => $_, GET => $path), $tag, $_) for @others, "W/$tag";
    is_status(ask_if('If-Match' => 'W/"x"', HEAD => $path), 412, 'HEAD');
    is_failed(ask(GET => $path, headers => ['If-Match' => '"x"', 'If-None-Match' => $tag]), $tag, 'If-Match comes first');
    is_not_modified(ask(GET => $path, headers => ['If-Match' => $tag, 'If-None-Match' => $tag]), $tag, 'then the other');
};

# --- Writing --------------------------------------------------------------------------------------------------

sub rows { my ($resource) = @_; return [rows_of($database, $resource)] }

subtest 'PATCH' => sub {
    for my $resource (collections(), singles()) {
        for my $path (paths($resource)) {
            my $tag = tag($path);
            my $before = rows($resource);
            for my $body ({}, change_of($resource)) {
                my $what = "PATCH $path " . json($body);
                is_failed(ask_if('If-Match' => $_, PATCH => $path, json => $body), $tag, "$what, If-Match $_")
                    for @others, "W/$tag", "W/$tag, \"x\"";
                is_failed(ask_if('If-None-Match' => $_, PATCH => $path, json => $body), $tag, "$what, If-None-Match $_")
                    for $tag, "W/$tag", '*', "\"x\", $tag";
                is_failed(ask(PATCH => $path, json => $body, headers => ['If-Match' => $tag, 'If-None-Match' => '*']), $tag,
                    "$what, both");
            }
            is_deeply(rows($resource), $before, 'nothing was written');
            is_status(ask_if('If-Match' => $_, PATCH => $path, json => {}), 200, "PATCH $path {}, If-Match $_")
                for $tag, '*', "\"x\", $tag";
            is_deeply(rows($resource), $before, 'nor by these');
            for ('$', '*', '"x", $', 'W/"x", $-gzip') {
                my $value = s/\$-gzip/$tag =~ s{"$}{-gzip"}r/er;
                $value =~ s/\$/$tag/;
                my $changed = ask_if('If-Match' => $value, PATCH => $path, json => change_of($resource));
                is_status($changed, 200, "PATCH $path, If-Match $_");
                isnt($changed->header('ETag'), $tag, 'with another tag');
                is_failed(ask_if('If-Match' => $tag, PATCH => $path, json => change_of($resource)), $changed->header('ETag'),
                    'the old one is over') if $_ eq '$';
                $tag = $changed->header('ETag');
            }
            for (@others) {
                my $changed = ask_if('If-None-Match' => $_, PATCH => $path, json => change_of($resource));
                is_status($changed, 200, "PATCH $path, If-None-Match $_");
                $tag = $changed->header('ETag');
            }
        }
    }
};

subtest 'DELETE' => sub {
    for my $resource (collections()) {
        for my $by (0, has_sid($resource) ? 1 : ()) {
            my $path = (paths($resource))[$by];
            my $tag = tag($path);
            my $before = rows($resource);
            is_failed(ask_if('If-Match' => $_, DELETE => $path), $tag, "DELETE $path, If-Match $_") for @others, "W/$tag";
            is_failed(ask_if('If-None-Match' => $_, DELETE => $path), $tag, "DELETE $path, If-None-Match $_")
                for $tag, "W/$tag", '*';
            is_deeply(rows($resource), $before, 'nothing was removed');
            is_status(ask_if('If-Match' => $tag, DELETE => $path), 204, "DELETE $path, If-Match $tag");
        }
    }
    is_status(ask_if('If-Match' => '*', DELETE => (paths('calls'))[0]), 204, 'If-Match *');
    is_status(ask_if('If-None-Match' => '"x"', DELETE => (paths('calls'))[0]), 204, 'If-None-Match "x"');
};

subtest 'a password' => sub {
    my ($path) = paths('users');
    my $tag = tag($path);
    my $first = ask_if('If-Match' => $tag, PATCH => $path, json => { password => 'a new password' });
    is_status($first, 200, 'the right version');
    isnt($first->header('ETag'), $tag, 'is another version then, though nothing shows');
    is_failed(ask_if('If-Match' => $tag, PATCH => $path, json => { password => 'another password' }), $first->header('ETag'),
        'the version before');
};

subtest 'settings without a row' => sub {
    my @as = (as => 'globex');
    my $exists = sub { scalar rows_of($database, 'settings', tenant('globex')->{id}) };
    my $body = { auto_record_calls => JSON::PP::true };
    for my $json ({}, $body) {
        is_failed(ask_if('If-Match' => $_, PATCH => '/v1/settings', json => $json, @as), '"0"', "If-Match $_")
            for '"x"', 'W/"0"', '"0-0000000000000000"';
        is_failed(ask_if('If-None-Match' => $_, PATCH => '/v1/settings', json => $json, @as), '"0"', "If-None-Match $_")
            for '"0"', 'W/"0"', '*', '"x", "0"';
    }
    is($exists->(), 0, 'none was made');
    for ('"0"', '*', '"x", "0"') {
        my $made = ask_if('If-Match' => $_, PATCH => '/v1/settings', json => $body, @as);
        is_status($made, 200, "If-Match $_");
        is($exists->(), 1, 'makes it');
        is_failed(ask_if('If-Match' => '"0"', PATCH => '/v1/settings', json => $body, @as), $made->header('ETag'),
            'once it is there');
        sql({ database => $database }, 'DELETE FROM settings WHERE tenant_id = ?', tenant('globex')->{id});
    }
    is_status(ask_if('If-None-Match' => '"x"', PATCH => '/v1/settings', json => $body, @as), 200, 'If-None-Match "x"');
    is($exists->(), 1, 'makes it too');
    sql({ database => $database }, 'DELETE FROM settings');
};

# --- Races ----------------------------------------------------------------------------------------------------

# Sends so many of a request at the same time; returns the statuses in order.
sub at_once {
    my ($times, $method, $path, $headers, $body) = @_;
    my @clients = map { client(to => $server) } 1 .. $times;
    $_->send($method, $path, headers => [bearer('acme'), 'Content-Type' => 'application/json', @$headers],
        body => json($body->())) for @clients;
    return [sort map { $_->receive->status } @clients];
}

subtest 'races' => sub {
    for my $resource (qw(calls tenant settings)) {
        my ($path) = paths($resource);
        for my $round (1 .. 5) {
            is_deeply(at_once(10, PATCH => $path, ['If-Match' => tag($path)], sub { change_of($resource) }),
                [200, (412) x 9], "$resource: of ten who know the same version one wins");
        }
    }
    for my $round (1 .. 5) {
        sql({ database => $database }, 'DELETE FROM settings');
        is_deeply(at_once(10, PATCH => '/v1/settings', ['If-Match' => '"0"'], sub { change_of('settings') }),
            [200, (412) x 9], 'of ten who make the settings one does');
    }
    my ($path) = paths('calls');
    is_deeply(at_once(10, DELETE => $path, ['If-Match' => tag($path)], sub { {} }), [204, (404) x 9], 'a row is removed once');
};

# --- What is not there ----------------------------------------------------------------------------------------

subtest 'what is not there' => sub {
    for my $resource (collections()) {
        my $theirs = request(POST => "/v1/$resource", to => $server, as => 'globex', json => sample($resource));
        my $path = $theirs->header('Location');
        my $tag = $theirs->header('ETag');
        my $own = tag((paths($resource))[0]);
        my $none = "/v1/$resource/" . ($resource eq 'users' ? '00000000-0000-4000-8000-ffffffffffff' : 2147483647);
        my $before = rows($resource);
        for my $method (qw(GET HEAD PATCH DELETE)) {
            for my $header ('If-Match', 'If-None-Match') {
                for my $value ($tag, "W/$tag", '*', '"x"', '"0"', $own) {
                    my @option = $method eq 'PATCH' ? (json => change_of($resource)) : ();
                    my ($foreign, $missing) = map { ask_if($header => $value, $method, $_, @option) } $path, $none;
                    is($foreign->status, 404, "$method $resource, $header $value");
                    is_same_answer($foreign, $missing, "globex's is as none");
                }
            }
        }
        is_deeply(rows($resource), $before, 'nothing was written');
    }
};

# --- Headers --------------------------------------------------------------------------------------------------

subtest 'malformed' => sub {
    my ($path) = paths('calls');
    my $tag = tag($path);
    my $before = rows('calls');
    for my $header ('If-Match', 'If-None-Match') {
        for my $value ('x', '', ',', '"x', 'x"', "*, $tag", '**', '"x" "y"', "'x'", 'w/"x"', '"a b"', join(',', ('"x"') x 101)) {
            for my $method (qw(GET PATCH DELETE)) {
                my @option = $method eq 'PATCH' ? (json => { status => 'x' }) : ();
                is_problem(ask_if($header => $value, $method, $path, @option), 400, 'bad-header', "$method, $header: $value", qr/$header/);
            }
        }
        is_problem(request(GET => $path, to => $server, headers => [$header => 'x']), 400, 'bad-header', 'ahead of the key');
        is_problem(ask(GET => $path, headers => [$header => '*', $header => '*']), 400, 'bad-header', "$header twice");
    }
    is_status(ask(GET => $path, headers => ['If-Match' => '"x"', 'If-Match' => $tag]), 200, 'two lines are one list');
    is_deeply(rows('calls'), $before, 'nothing was written');
    is_status(ask_if('If-None-Match' => 'x', GET => '/v1/calls'), 200, 'a list is not asked for');
    is_status(ask_if('If-Match' => 'x', POST => '/v1/calls', json => sample('calls')), 201, 'nor a new row');
};

subtest 'times' => sub {
    my ($path) = paths('calls');
    my ($past, $future) = ('Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT');
    my $response = ask(GET => $path);
    ok(!defined $response->header('Last-Modified'), 'no answer has Last-Modified');
    is_status(ask_if('If-Modified-Since' => $future, GET => $path), 200, 'so If-Modified-Since is nothing');
    is_status(ask_if('If-Unmodified-Since' => $past, PATCH => $path, json => { status => 'x' }), 200, 'nor If-Unmodified-Since');
    is_status(ask(GET => $path, headers => ['If-Range' => '"x"', Range => 'bytes=0-1']), 200, 'nor If-Range');
};

# mod_deflate appends -gzip to the tags of what it compresses.
subtest 'compressed' => sub {
    my $row = ask(POST => '/v1/products', json => { name => 'x', description => 'y' x 1000 })->json;
    my ($path, $plain) = ("/small/v1/products/$row->{id}", tag("/v1/products/$row->{id}"));
    my @gzip = ('Accept-Encoding' => 'gzip');
    my $small = request(GET => $path, to => $server, as => 'acme', headers => [@gzip]);
    my $tag = $small->header('ETag');

    is($small->header('Content-Encoding'), 'gzip', 'it is');
    isnt($tag, $plain, 'the tag says so');
    is($tag =~ s/-gzip//r, $plain, 'by a suffix');
    for ($tag, $plain, "W/$tag") {
        my $response = ask(GET => $path, headers => [@gzip, 'If-None-Match' => $_]);
        is_status($response, 304, "If-None-Match $_");
        is($response->header('ETag') =~ s/-gzip//r, $plain, 'with one of its tags');
    }
    is(ask(GET => $path, headers => [@gzip, 'If-None-Match' => $tag])->header('ETag'), $tag, "the compressed one's where that was asked for");
    my $failed = request(PATCH => $path, to => $server, as => 'acme', headers => [@gzip, 'If-Match' => '"x"'], json => { name => 'z' });
    is_status($failed, 412, 'another version');
    my $changed = ask(PATCH => $path, headers => [@gzip, 'If-Match' => $failed->header('ETag')], json => { name => 'z' });
    is_status($changed, 200, 'the tag of a 412 is good');
    is_status(ask(DELETE => $path, headers => ['If-Match' => $changed->header('ETag')]), 204, 'so is that of a change');
};

no_faults;

done_testing;
