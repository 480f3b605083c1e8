# SPDX-License-Identifier: Apache-2.0
#
# The pages that the types of problems lead to: for programs and for people, and what browsers may do with them.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Contract;

my @codes = do {
    open my $file, '<', 'mod_tenant/problem.h' or die "problem.h: $!";
    local $/;
    <$file> =~ /^    X\(\w+, \d+, "([a-z-]+)"/mg;
};
cmp_ok(scalar @codes, '>', 30, 'the problems of the module');

my $browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

sub page { my ($path, @headers) = @_; return request(GET => $path, headers => \@headers) }
sub html { return page($_[0], Accept => 'text/html') }

subtest 'for programs' => sub {
    my $list = page('/v1/problems');
    is_status($list, 200);
    is($list->type, 'application/json', 'JSON is the default');
    is_deeply([faults($list)], [], 'as every answer');
    is_deeply([map { $_->{code} } @{ $list->json->{data} }], \@codes, 'every problem is there');
    for my $problem (@{ $list->json->{data} }) {
        my $code = $problem->{code};
        my $one = page($problem->{type});
        is_deeply($one->json, $problem, "$code by itself");
        is_deeply([sort keys %$problem], [qw(advice code meaning status title type)], '... with all there is to say');
        like($problem->{$_}, qr/^[A-Z`].*\.\z/, "... its $_ is made of sentences") for qw(title meaning advice);
        is(($problem->{meaning} =~ tr/`//) % 2 + ($problem->{advice} =~ tr/`//) % 2, 0, '... whose quotes are closed');
    }
};

subtest 'for people' => sub {
    my $list = html('/v1/problems');
    is_status($list, 200);
    is($list->header('Content-Type'), 'text/html; charset=utf-8', 'HTML');
    for my $code (@codes) {
        like($list->body, qr{<a href="/v1/problems/$code">}, "$code is linked to");
        my $page = page("/v1/problems/$code", Accept => $browser);
        is($page->type, 'text/html', '... and browsers see a page');
        like($page->body, qr{<h1><code>$code</code>}, '... about it');
        is($page->header('Content-Security-Policy'), q(default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; )
                . q(form-action 'none'; frame-ancestors 'none'), '... that can load nothing');
        is($page->header('Referrer-Policy'), 'no-referrer', '... and tells nobody where it was');
        is($page->header($_), page("/v1/problems/$code")->header($_), "... $_") for qw(Cache-Control X-Content-Type-Options Vary);
        unlike($page->body, qr/`|<script|\bon\w+=|(?:src|url)\s*[=(]/i, '... and wants to load nothing');
    }
    my $head = request(HEAD => '/v1/problems/invalid', headers => [Accept => 'text/html']);
    is($head->header('Content-Length'), length html('/v1/problems/invalid')->body, 'HEAD has its length');
    is($head->body, '', 'and no body');
};

subtest 'the type of a problem leads there' => sub {
    for my $answer (request(GET => '/v1/nothing'), request(GET => '/v1/calls'), request(GET => '/v1/calls', as => 'closed'),
        request(POST => '/v1/calls', as => 'acme', json => {}), request(GET => '/public/v1/nothing')) {
        my $problem = $answer->json;
        my $page = page($problem->{type});
        is_status($page, 200, $problem->{type});
        is_deeply({ map { $_ => $page->json->{$_} } qw(type code status title) },
            { map { $_ => $problem->{$_} } qw(type code status title) }, 'and says the same');
    }
};

subtest 'what is refused' => sub {
    is_problem(page("/v1/problems/$_", Accept => $browser), 404, 'not-found', "no problem: $_")
        for 'nothing', 'Invalid', 'invalid/', 'invalid%20', '', '%3Cscript%3E', 'x' x 3000;
    is_problem(page('/v1/problems/'), 404, 'not-found', 'a slash at the end');
    for my $path ('/v1/problems', '/v1/problems/invalid') {
        is_problem(page($path, Accept => 'text/csv'), 406, 'not-acceptable', $path);
        is_problem(page("$path?x=1"), 400, 'bad-parameter', 'parameters');
        is_problem(page($path, bearer('mt_wrong')), 401, 'key-invalid', 'a wrong key');
        is_problem(request($_ => $path, as => 'acme', json => {}), 405, 'method-not-allowed', $_) for qw(POST PATCH DELETE PUT);
        my $options = request(OPTIONS => $path);
        is($options->status . $options->header('Allow'), '204GET, HEAD, OPTIONS', 'OPTIONS');
    }
};

done_testing;
