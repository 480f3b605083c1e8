# SPDX-License-Identifier: Apache-2.0
#
# No client makes a backend believe that it is another tenant's, or any tenant's: by no spelling of the header that a
# backend might read as ours, by none of mod_proxy's protocols, nor by CGI.

use strict;
use warnings;

use IO::Select;
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Backend;

my $FORGED = 'forged99';
my %id = map { $_ => tenant($_)->{id} } qw(acme globex);

# A backend that writes down what it is sent, until there is no more for a while, and hangs up.
my ($told, $tell);
pipe $told, $tell or die "pipe: $!";
my $backend = TenantTest::Backend->start(sub {
    my ($connection) = @_;
    my $bytes = '';
    my $ready = IO::Select->new($connection);
    my $wait = 5;
    while ($ready->can_read($wait) && sysread $connection, my $more, 65536) {
        $bytes .= $more;
        $wait = 0.3 if length $bytes > 64;    # FastCGI begins with 16 bytes of their own
    }
    syswrite $tell, pack(q{N}, length $bytes) . $bytes if length $bytes;
    print $connection "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" if $bytes =~ m{^POST \S+ HTTP/};    # else it is asked again
});
my $port = $backend->port;

# What the backend was sent since the last call.
sub told {
    my $bytes = '';
    IO::Select->new($told)->can_read(10) or return 'nothing';
    sysread $told, my $length, 4;
    $length = unpack 'N', $length;
    while (length $bytes < $length) {
        sysread $told, $bytes, $length - length $bytes, length $bytes or last;
    }
    return $bytes;
}

my @schemes = qw(http scgi fcgi uwsgi ajp);
my @modules = map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so" } 'proxy', map { "proxy_$_" } @schemes;

sub start {
    my (@lines) = @_;
    my $locations = join '', map { qq(<Location "/$_/">\nProxyPass "$_://127.0.0.1:$port/"\nTenantForward on\n</Location>\n) } @schemes;
    my %files = ('htdocs/env.cgi' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\ncat >/dev/null\nenv\n");
    return TenantTest::Server->start(processes => 1, files => \%files, server => join "\n", @modules,
        'LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so', 'ScriptSock cgisock', @lines, $locations, <<'END');
ScriptAlias "/cgi" "${test_root}/htdocs/env.cgi"
<Location "/cgi">
    TenantForward on
</Location>
END
}

# What is sent to whoever answers at a path.
sub sent {
    my ($server, $scheme, @option) = @_;
    my $response = request(POST => "/$scheme/", to => $server, @option);
    return $scheme eq 'cgi' ? $response->body : told();
}

my $server = start();

# What may stand in a name beside letters and digits (RFC 9110 section 5.6.2).
my @marks = split //, q{!#$%&'*+.^_`|~-};

subtest 'any mark for a hyphen' => sub {
    my @headers = map { my $mark = $_; map { ("X${mark}Tenant$_" => $FORGED) } "-Id", "${mark}Id", "${mark}Via", "${mark}id" } @marks;
    for my $scheme (@schemes, 'cgi') {
        for my $as ('acme', undef) {
            my $sent = sent($server, $scheme, as => $as, headers => \@headers);
            my $whose = $as ? 'with a key' : "nobody's";
            cmp_ok(length $sent, '>', 20, "$scheme: $whose: a request was sent");
            unlike($sent, qr/$FORGED/, "$scheme: $whose: no forged header") or diag $sent;
            like($sent, qr/$id{acme}/, "$scheme: $whose: the tenant") if $as;
        }
    }
};

subtest 'other names are not ours' => sub {
    my @headers = map { ($_ => $FORGED) } qw(X-Tenant X-Tenant-Ident X-Tenant-I XTenantId X--Tenant-Id -X-Tenant-Id X-Tenant-Id- X-Tenant1Id);
    my $sent = sent($server, 'http', headers => \@headers);
    is(scalar(() = $sent =~ /$FORGED/g), 8, 'they pass') or diag $sent;
};

# A body's trailers come once the head has been looked at; httpd may be told to make headers of them.
subtest 'trailers' => sub {
    for my $server ($server, start('MergeTrailers on')) {
        for my $scheme (@schemes, 'cgi') {
            my $client = client(to => $server);
            $client->write("POST /$scheme/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Tenant-Id\r\n\r\n"
                . "4\r\nbody\r\n0\r\nX-Tenant-Id: $FORGED\r\nX_Tenant_Via: $FORGED\r\n\r\n", 'POST');
            my $response = $client->receive;
            next if $response->status == 411;    # SCGI and uwsgi want a length, and pass on nothing without
            my $sent = $scheme eq 'cgi' ? $response->body : told();
            cmp_ok(length $sent, '>', 20, "$scheme: a request was sent");
            unlike($sent, qr/$FORGED/, "$scheme: no forged header") or diag $sent;
        }
    }
};

subtest 'Connection' => sub {
    for my $scheme (@schemes, 'cgi') {
        for ('X-Tenant-Id', 'x-tenant-id, X-Tenant-Via', 'close, X.Tenant.Id') {
            like(sent($server, $scheme, as => 'acme', headers => [Connection => $_]), qr/$id{acme}/, "$scheme: $_ does not strip it");
        }
    }
};

done_testing;
