# SPDX-License-Identifier: Apache-2.0
#
# The OpenAPI document: how it is served, and that it says what the server does. Tools by others judge it in
# tools.t and prism.t.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Contract;

my $document = request(GET => '/v1/openapi.json')->json;
my %schema = %{ $document->{components}{schemas} };
my %type = map { $_ => type_of($_) } resources(), records();

# The schema of what a resource's answers show.
sub type_of {
    my ($resource) = @_;
    my $path = $document->{paths}{"/$resource/{id}"} // $document->{paths}{"/$resource"} // die "there is no path of $resource";
    my $answer = resolved($path->{get}{responses}{200})->{content}{'application/json'}{schema}{'$ref'} // '';
    return $answer =~ s{.*/}{}r =~ s/List\z/Item/r;
}

sub operations {
    my ($of) = @_;
    my @operations;
    for my $path (sort keys %{ $of->{paths} }) {
        push @operations, map { [$path, $_, $of->{paths}{$path}{$_}] } grep { $_ ne 'parameters' } sort keys %{ $of->{paths}{$path} };
    }
    return @operations;
}

# What a reference leads to.
sub resolved {
    my ($thing) = @_;
    my $to = $document;
    return $thing unless ref $thing eq 'HASH' && exists $thing->{'$ref'};
    $to = $to->{$_} // die "$thing->{'$ref'} leads nowhere" for split m{/}, $thing->{'$ref'} =~ s{^#/}{}r;
    return $to;
}

sub types { return ref $_[0]{type} ? @{ $_[0]{type} } : $_[0]{type} // () }
sub is_nullable { return scalar grep { $_ eq 'null' } types($_[0]) }

# Whether a text is what a schema wants.
sub takes {
    my ($schema, $text) = @_;
    my $pattern = ($schema->{pattern} // '') =~ s/\\u([0-9A-F]{4})/\\x{$1}/gr =~ s/\$\z/\\z/r;    # from ECMA 262
    return 0 if length $text < ($schema->{minLength} // 0) || length $text > $schema->{maxLength};
    return $text =~ /$pattern/;
}

subtest 'how it is served' => sub {
    my $answer = request(GET => '/v1/openapi.json');
    is_status($answer, 200, 'without a key');
    is($answer->type, 'application/json', 'JSON');
    is($document->{openapi}, '3.1.0', 'OpenAPI 3.1');
    is_deeply([map { $_->{url} } @{ $document->{servers} }], ['/v1'], 'for this base path');
    is_same_answer(request(GET => '/v1/openapi.json', host => 'evil.example.com'), $answer, 'whatever the Host');
    is_same_answer(request(GET => '/v1/openapi.json', as => 'globex'), $answer, 'and whoever asks');
    is($answer->header('Cache-Control'), 'no-cache', 'a copy may be kept, but is asked about');
    my $tag = $answer->header('ETag');
    like($tag, qr/^"[0-9a-f]{40}"$/, 'by its ETag');
    my $known = request(GET => '/v1/openapi.json', headers => ['If-None-Match' => $tag]);
    is($known->status . $known->body, '304', 'which a client may have');
    is($known->header($_), $answer->header($_), "... $_") for qw(ETag Cache-Control);
    is_status(request(GET => '/v1/openapi.json', headers => ['If-None-Match' => '"other"']), 200, 'or not');
    is_problem(request(GET => '/v1/openapi.json', headers => ['If-Match' => '"other"']), 412, 'precondition-failed', 'If-Match');
    isnt(request(GET => '/public/v1/openapi.json')->header('ETag'), $tag, 'another Location has another document');
    my $head = request(HEAD => '/v1/openapi.json');
    is($head->header('Content-Length'), length $answer->body, 'HEAD has its length');
    is($head->body, '', 'and no body');
    is(request(OPTIONS => '/v1/openapi.json')->header('Allow'), 'GET, HEAD, OPTIONS', 'OPTIONS');
    is_problem(request($_ => '/v1/openapi.json', as => 'acme', json => {}), 405, 'method-not-allowed', $_) for qw(POST PUT DELETE);
    is_problem(request(GET => '/v1/openapi.json', headers => [Accept => 'text/yaml']), 406, 'not-acceptable', 'no YAML');
    is_problem(request(GET => '/v1/openapi.json?x'), 400, 'bad-parameter', 'no parameters');
    is_problem(request(GET => '/v1/openapi.json', headers => [bearer('mt_wrong')]), 401, 'key-invalid', 'no wrong keys');
};

subtest 'operations' => sub {
    my (%methods, %ids);
    for (operations($document)) {
        my ($path, $method, $operation) = @$_;
        $methods{$path}{ uc $method } = 1;
        $ids{ $operation->{operationId} }++;
        for my $status (sort keys %{ $operation->{responses} }) {
            my $response = resolved($operation->{responses}{$status});
            ok(length $response->{description}, "$method $path: $status is described");
            resolved($_) for values %{ $response->{headers} };
            next unless $status >= 400;
            is_deeply([keys %{ $response->{content} }], ['application/problem+json'], '... and a problem');
            my ($codes) = map { $_->{properties}{code}{enum} // () } @{ $response->{content}{'application/problem+json'}{schema}{allOf} };
            my %status = map { $_->{code} => $_->{status} } @{ request(GET => '/v1/problems')->json->{data} };
            is_deeply([grep { $status{$_} != $status } @$codes], [], '... with codes of that status');
        }
    }
    is_deeply([grep { $ids{$_} > 1 } keys %ids], [], 'each has an id of its own');
    for my $path (sort keys %methods) {
        my $at = '/v1' . $path =~ s/\{code\}/invalid/r =~ s/\{id\}/17/r;
        my $allow = request(OPTIONS => $at)->header('Allow');
        is(join(', ', sort keys %{ $methods{$path} }), join(', ', grep { !/^(?:HEAD|OPTIONS)$/ } sort split /, /, $allow),
            "the methods of $path");
    }
    my $links = request(GET => '/v1/')->json;
    ok($methods{s{^/v1}{}r}, "the index's link $_ is described") for values %$links;
};

subtest 'resources' => sub {
    is_deeply([sort(resources(), records())], [sort map { $_->{name} } grep { !$_->{spans_tenants} } the_table()], 'TenantTest::Contract has all of them');
    is_deeply([@type{qw(calls settings tenant)}], [qw(Call Settings Tenant)], 'types have the name of one');
    for my $resource (resources(), records()) {
        my $members = members($resource);
        my $shown = $schema{ $type{$resource} };
        is_deeply([sort keys %{ $shown->{properties} }], [readable($resource)], "$resource: the members that answers show");
        is_deeply([sort @{ $shown->{required} // [] }], [$type{$resource} =~ /Item\z/ ? () : readable($resource)], '... which are all required');
        ok(defined $shown->{additionalProperties} && !$shown->{additionalProperties}, '... and there are no others');
        for my $use (qw(Create Update)) {
            my $body = $schema{"$type{$resource}$use"} or next;
            my @names = sort grep { !$members->{$_}{read_only} && !($use eq 'Update' && $members->{$_}{write_once}) } keys %$members;
            is_deeply([sort keys %{ $body->{properties} }], \@names, "$use: its members");
            ok(defined $body->{additionalProperties} && !$body->{additionalProperties}, '... no others');
            is_deeply([sort @{ $body->{required} // [] }], $use eq 'Create' ? [grep { $members->{$_}{required} } @names] : [],
                '... what is required');
            judge_member("$resource $use $_", $members->{$_}, $body->{properties}{$_}) for @names;
        }
    }
};

# That a schema for a body takes what the member takes, and nothing else as far as a schema can tell.
sub judge_member {
    my ($name, $member, $schema) = @_;
    my %json = (text => 'string', time => 'string', password => 'string', secret => 'string');
    is((types($schema))[0], $json{ $member->{type} } // $member->{type}, "$name: its type");
    is(is_nullable($schema), $member->{nullable} ? 1 : 0, '... whether it may be null');
    is_deeply([@$schema{qw(minimum maximum)}], [@$member{qw(min max)}], '... its range') if $member->{type} eq 'integer';
    is($schema->{format}, 'date-time', '... its format') if $member->{type} eq 'time';
    is($schema->{writeOnly} ? 1 : 0, $member->{type} =~ /^(?:password|secret)$/ ? 1 : 0, '... whether it is secret');
    return unless $member->{type} =~ /^(?:text|secret)$/;
    my @wrong = map { my ($what, $text, $code) = @$_; $text =~ /^"/ && $code =~ /^(?:pattern|length|nul)$/ ? JSON::PP->new->utf8->allow_nonref->decode($text) : () }
        wrong_values($member);
    is_deeply([grep { !takes($schema, $_) } @{ $member->{good} }], [], '... it takes what is good');
    is_deeply([grep { takes($schema, $_) } @wrong], [], '... and nothing that is wrong');
}

# The example of a parameter, as its text in a query.
sub example {
    my ($parameter) = @_;
    my $schema = $parameter->{schema};
    my ($example) = map { ref $_ eq 'JSON::PP::Boolean' ? ($_ ? 'true' : 'false') : $_ } $parameter->{example} // (),
        @{ $schema->{examples} // [] }, $schema->{default} // (), @{ $schema->{enum} // [] };
    $example = join ',', @{ $schema->{items}{enum} } if ($schema->{type} // '') eq 'array';
    return ($example // 'true') =~ s/([^A-Za-z0-9._~,-])/sprintf '%%%02X', ord $1/ger;
}

subtest 'parameters of lists' => sub {
    for my $resource (collections(), 'audit') {
        my @query = grep { $_->{in} eq 'query' } map { resolved($_) } @{ $document->{paths}{"/$resource"}{get}{parameters} };
        my %found = map { $_->{name} => $_ } @query;
        for my $parameter (grep { !/^(?:order|after|before)$/ } sort keys %found) {
            is_status(request(GET => "/v1/$resource?$parameter=" . example($found{$parameter}), as => 'acme'), 200, "$resource by $parameter");
        }
        for my $order (@{ $found{order}{schema}{enum} }) {
            my ($field) = $order =~ /^(\w+)\./;
            my ($range) = grep { $found{$_} } "$field.gte", "$field.null";
            my $with = !defined $range ? '' : "&$range=" . ($range =~ /null/ ? 'false' : example($found{$range}));
            is_status(request(GET => "/v1/$resource?order=$order$with", as => 'acme'), 200, "$resource in order of $order$with");
        }
        my ($next) = request(GET => "/v1/$resource?limit=1", as => 'acme')->json->{next} // next;
        my ($cursor) = $next =~ /after=([^&]*)/;
        is_status(request(GET => "/v1/$resource?limit=1&$_=$cursor", as => 'acme'), 200, "$resource $_ a cursor") for qw(after before);
        ok(takes(resolved({ '$ref' => '#/components/parameters/After' })->{schema}, $cursor), '... which looks like one');
    }
};

# NULL in the database is null in an answer, so that the document must allow for it.
subtest 'null' => sub {
    for my $resource (resources(), records()) {
        my $table = $resource eq 'tenant' ? 'tenants' : $resource;
        for my $name (readable($resource)) {
            my ($nullable) = row(q{SELECT is_nullable = 'YES' FROM information_schema.columns WHERE table_name = ? AND column_name = ?},
                $table, $name) // next;
            my $expected = $nullable && "$resource.$name" ne 'audit.tenant_id' || ($resource eq 'settings' && $name eq 'id') ? 1 : 0;
            is(is_nullable($schema{ $type{$resource} }{properties}{$name}), $expected, "$resource.$name");
        }
    }
};

subtest 'Locations' => sub {
    my $server = TenantTest::Server->start(server => <<'END', location => "TenantPublicRead products\nTenantUserAuthority read\nTenantPageSize 5 7");
<Location "/">
    TenantHandler api
</Location>
<Location "/write">
    TenantHandler api
    TenantUserAuthority write
</Location>
END
    my %of = map { $_ => request(GET => "$_/openapi.json", to => $server)->json } '/v1', '/write', '';
    my $security = sub {
        my ($base, $path, $method) = @_;
        return join ' ', map { join('+', sort keys %$_) || 'nobody' } @{ $of{$base}{paths}{$path}{$method}{security} };
    };
    my $keys = 'bearerKey headerKey basicKey';
    is($of{''}{servers}[0]{url}, '/', 'at the root');
    is($security->('', '/products', 'get'), $keys, 'a key by default');
    is($security->('/v1', '/products', 'get'), "nobody $keys login", 'what is public needs none');
    is($security->('/v1', '/products', 'post'), $keys, '... to be read');
    is($security->('/v1', '/calls', 'get'), "$keys login", 'users may read');
    is($security->('/v1', '/calls', 'post'), $keys, '... only');
    is($security->('/write', '/calls', 'post'), "$keys login", '... or write');
    is($security->('/write', '/tenant', 'patch'), $keys, '... but not the tenant');
    is($security->('/write', '/openapi.json', 'get'), '', 'the document is for everybody');
    is_deeply([sort keys %{ $of{''}{components}{securitySchemes} }], [qw(basicKey bearerKey headerKey)], 'no login where there is none');
    my $limit = $of{'/v1'}{components}{parameters}{Limit};
    is($limit->{schema}{default}, 5, 'the size of a page');
    like($limit->{description}, qr/at most 7\./, '... and its limit');
    is($of{'/v1'}{components}{schemas}{CallList}{properties}{data}{maxItems}, 7, '... which rows keep');
    like($of{'/write'}{components}{responses}{NotFound}{content}{'application/problem+json'}{examples}{'not-found'}{value}{type},
        qr{^/write/problems/not-found$}, 'paths in examples');
};

done_testing;
