# SPDX-License-Identifier: Apache-2.0
package TenantTest;

# What a test of mod_tenant needs beside Test::More:
#
#     use Test::More;
#     use TenantTest;
#
#     my $response = request(GET => '/v1/calls/1', as => 'acme');
#     is_status($response, 200);
#     is($response->json->{tenant_id}, tenant('acme')->{id});
#     is_problem(request(GET => '/v1/calls/1', as => 'globex'), 404, 'not-found');
#
# The server is the one that t/TEST started with t/conf/extra.conf.in; TenantTest::Server starts others. The
# database of each is seeded with three tenants (TenantTest::Site).

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More ();
use Time::HiRes ();

use TenantTest::Client;
use TenantTest::Log;
use TenantTest::Prism;
use TenantTest::Response;
use TenantTest::Server;
use TenantTest::Site;

our @EXPORT = qw(
    site tenant request client counted_request bearer basic json until_heard
    is_status is_problem is_invalid is_same_answer
    error_log access_log
    sql row column database tenant_tables
);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $site;

# The TenantTest::Site of this run.
sub site {
    return $site //= TenantTest::Site->attach;
}

# A seeded tenant by name: { id, name, status, host, key }. acme and globex are active, closed is inactive.
sub tenant {
    my ($name) = @_;
    return site->{tenants}{$name} // die "no tenant $name\n";
}

# The headers of Basic credentials: a user name and a password, or both with their colon.
sub basic {
    my (@parts) = @_;
    return (Authorization => 'Basic ' . encode_base64(join(':', @parts), ''));
}

# The headers that carry a tenant's key, or any key.
sub bearer {
    my ($who) = @_;
    return (Authorization => 'Bearer ' . (site->{tenants}{$who} ? tenant($who)->{key} : $who));
}

# A value as JSON, in bytes, members in order of their names.
sub json {
    my ($value) = @_;
    return $json->encode($value);
}

# Sends one request on a connection of its own and returns the TenantTest::Response.
#     as => tenant or key     Authorization: Bearer
#     host => name            the Host header (undef: none)
#     headers => [...]        name, value pairs, names may repeat
#     json => value           the body, with Content-Type: application/json
#     body => bytes           the body; type => its Content-Type
#     to => server            a TenantTest::Server instead of the main one
#     on => client            a TenantTest::Client that is open, for several requests on one connection
#     tls => 1                over HTTPS
#     timeout => seconds      how long the server may be silent (30)
#     is_unexplained => 1     the Location has no pages of problems: is_problem() wants about:blank
sub request {
    my ($method, $target, %option) = @_;
    my %content = content(%option);
    my $exchange = sub { return ($option{on} // client(%option))->request($method, $target, %content) };
    my $prism = TenantTest::Prism->for($option{to} // site->{server});
    my $response = $prism ? $prism->exchange($exchange, $method, $target, %content) : $exchange->();
    $response->{is_unexplained} = $option{is_unexplained};
    return $response;
}

# The same, and returns once it is counted too, in the figures and on its tenant's bill. A server does that behind the answer, and
# ahead of the next one on the same connection, or of its end.
sub counted_request {
    my ($method, $target, %option) = @_;
    my $client = client(%option);
    my $response = request($method, $target, %option, on => $client);
    my $is_counted = ($response->header('Connection') // '') =~ /close/i ? $client->is_closed(20)
        : $client->request(GET => '/static.txt')->status;
    Test::More::diag("whether $method $target is counted is not known") unless $is_counted;
    return $response;
}

# A new connection: options to, tls, timeout as for request().
sub client {
    my (%option) = @_;
    my %connection = map { $_ => $option{$_} } grep { defined $option{$_} } qw(tls timeout sni);
    return ($option{to} // site->{server})->client(%connection);
}

# Waits for as long as a change of tenants or users by others than httpd may take to be in effect there (the 200 ms of
# docs/operate.md). A change by the API is in effect at once on its own server.
sub until_heard {
    Time::HiRes::sleep(0.2);
    return;
}

# The options of request() as those of TenantTest::Client::send().
sub content {
    my (%option) = @_;
    my @headers = @{ $option{headers} || [] };
    my $body = exists $option{json} ? json($option{json}) : $option{body};
    my $type = $option{type} // (exists $option{json} ? 'application/json' : undef);

    unshift @headers, bearer($option{as}) if defined $option{as};
    push @headers, 'Content-Type' => $type if defined $type;
    return (headers => \@headers, body => $body, exists $option{host} ? (host => $option{host}) : ());
}

sub is_status {
    my ($response, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::is($response->status, $status, $name // "status $status");
    Test::More::diag($response->error // $response->body) unless $ok;
    return $ok;
}

# That the answer is the problem of that status and code, whole and as every problem has to be; a pattern for
# its detail may be given.
sub is_problem {
    my ($response, $status, $code, $name, $detail) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $problem = ref $response->json eq 'HASH' ? $response->json : {};
    my %want = (status => $status, code => $code);
    my @wrong;

    push @wrong, 'the status is ' . $response->status if $response->status != $status;
    push @wrong, 'the connection: ' . $response->error if defined $response->error;
    push @wrong, 'the type is ' . $response->type if $response->type ne 'application/problem+json';
    for (sort keys %want) {
        push @wrong, "$_ is " . ($problem->{$_} // 'absent') unless ($problem->{$_} // '') eq $want{$_};
    }
    my $type = $response->{is_unexplained} ? qr/^about:blank\z/ : qr{^(?:/\S+)?/problems/\Q$code\E$};
    push @wrong, 'type is ' . ($problem->{type} // 'absent') if ($problem->{type} // '') !~ $type;
    for (qw(title request_id)) {
        push @wrong, "$_ is missing" unless length($problem->{$_} // '');
    }
    push @wrong, "detail is " . ($problem->{detail} // 'absent') if $detail && ($problem->{detail} // '') !~ $detail;
    push @wrong, 'there is no Retry-After' if $status =~ /^(?:429|503)$/ && !defined $response->header('Retry-After');
    push @wrong, 'there is no WWW-Authenticate' if $status == 401 && !defined $response->header('WWW-Authenticate');
    push @wrong, 'there is no Allow' if $status == 405 && !defined $response->header('Allow');
    push @wrong, 'it may be cached' if ($response->header('Cache-Control') // '') !~ /no-store/;
    push @wrong, 'it may be sniffed' if ($response->header('X-Content-Type-Options') // '') ne 'nosniff';

    my $ok = Test::More::ok(!@wrong, $name // "$status $code");
    Test::More::diag(join "\n", @wrong, $response->body) unless $ok;
    return $ok;
}

# That the answer is 422 `invalid` with exactly these errors: { pointer => code }.
sub is_invalid {
    my ($response, $errors, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_problem($response, 422, 'invalid', $name) or return 0;
    my %got = map { ($_->{pointer} => $_->{code}) } @{ $response->json->{errors} || [] };
    return Test::More::is_deeply(\%got, $errors, ($name // 'invalid') . ': its errors');
}

# That two answers cannot be told apart, but for Date and the request's id.
sub is_same_answer {
    my ($got, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is($got->fingerprint, $want->fingerprint, $name // 'the same answer');
}

# The main server's logs from now on (TenantTest::Log).
sub error_log  { return site->{server}->error_log }
sub access_log { return site->{server}->access_log }

# Runs a statement as superuser, whom no policy binds, on the seeded database; returns the number of rows.
# Parameters as in DBI: sql('DELETE FROM calls WHERE id = ?', 1). An option { database => NAME } may come first.
sub sql {
    my ($database, $statement, @parameters) = _statement(@_);
    return 0 + site->dbh($database)->do($statement, undef, @parameters);
}

# The first row of a query as a list; the first column in scalar context.
sub row {
    my ($database, $statement, @parameters) = _statement(@_);
    my @row = site->dbh($database)->selectrow_array($statement, undef, @parameters);
    return wantarray ? @row : $row[0];
}

# The first column of all rows.
sub column {
    my ($database, $statement, @parameters) = _statement(@_);
    return @{ site->dbh($database)->selectcol_arrayref($statement, undef, @parameters) };
}

# The tables with rows of tenants, sorted, as the database's catalog has them.
sub tenant_tables {
    return column(q{SELECT relname FROM pg_class c
                     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                       AND (relname = 'tenants'
                            OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped))
                     ORDER BY relname COLLATE "C"});
}

sub _statement {
    my $option = ref $_[0] ? shift : {};
    return ($option->{database}, @_);
}

# A new database of that name, seeded like the main one, for a test that breaks something in it; returns the
# conninfo for TenantDatabase.
sub database {
    my ($name) = @_;
    return site->make_database($name);
}

1;
