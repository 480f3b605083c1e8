# SPDX-License-Identifier: Apache-2.0
#
# No cell of a CSV is a formula to a spreadsheet, whatever tenants store: [stored, as the cell has it].

use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8);
use Test::More;
use TenantTest;
use TenantTest::Stream qw(csv_rows);

my $server = TenantTest::Server->start(database => database('csv_formula'));
my @cases = (
    (map { ["$_=1+1", "'$_=1+1"] } ' ', "\x{A0}", "\x{1680}", "\x{2003}", "\x{202F}", "\x{3000}", "\x{200B}", "\x{FEFF}", "\x{AD}", "\x{2060}", "\x{E0020}",
        "\x01", "\x0B", "\x0C", "\x1F", "\x7F", "\x{85}", "\x{200E}", " \x{200B}\x{A0}"),
    (map { ["${_}1+1", "'${_}1+1"] } "\x{FF1D}", "\x{FF0B}", "\x{FF0D}", "\x{FF20}", "\x{FE66}", "\x{FE62}", "\x{FE63}", "\x{FE6B}", "\x{2212}", ' @', ' -', ' +'),
    (map { ["x$_=1+1", "x$_'=1+1"] } ';', "\t", "\r\n", "\n"),
    (map { ["x;$_=1+1", "x;'$_=1+1"] } ' ', '"', "\x{A0}"),
    (map { [$_, $_] } '', ' ', ' x', 'x=1', 'x,=1', ' +12025550100', '-1;+2', "a\n+49301234\n", 'é=1', "\x{FF1C}1"),
);
my @sent = map { request(POST => '/v1/products', to => $server, as => 'acme', json => { name => 'formula', description => $_->[0] }) } @cases;
is_status($_, 201, 'stored') for grep { $_->status != 201 } @sent;

sub cells {
    my ($prefer) = @_;
    my $response = request(GET => '/v1/products?name=formula&order=id.asc&fields=description', to => $server, as => 'acme',
        headers => [TenantTest::Stream::form('csv'), Prefer => $prefer]);
    my (undef, @rows) = csv_rows($response->body);
    return map { decode_utf8($_->[0]) } @rows;
}

is_deeply([cells('csv=raw')], [map { $_->[0] } @cases], 'raw is what is stored');
is_deeply([cells('csv=safe')], [map { $_->[1] } @cases], 'else no cell, and none that another separator makes of it, is a formula');

done_testing;
