# SPDX-License-Identifier: Apache-2.0
package TenantTest::Prism;

# Holds every exchange of a test with the server against the OpenAPI document, by Stoplight's Prism:
#
#     test --- request ---> prism proxy --errors ---> relay --- the test's own bytes ---> server
#
# Prism passes on what it has understood of a request and of an answer, not their bytes, and it knows no TLS and no Host.
# Therefore its upstream is a relay in the test itself: when Prism forwards the request there, the relay sends the
# server what the test really wanted to send, and hands the answer to Prism. If Prism finds nothing wrong, the test
# gets that answer, byte for byte; if it does, that is a failed test.
#
# There are two Prisms. `strict` judges requests too. What it refuses, the server has to refuse as well: whatever the
# server takes must be right by the document. `lenient` then judges the answer to such a request alone.
#
#     my $prism = TenantTest::Prism->start;
#     $prism->hold(qw(api/contract_read api/contract_write));       # runs these tests once more, under its eyes
#
# It finds its way by the environment: TenantTest::request() asks for() it. HEAD and OPTIONS are not in the document, other Locations and servers with other
# settings have other documents: such requests go to the server as ever.

use strict;
use warnings;

use Digest::SHA ();
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Test::Builder ();
use Test::More ();
use Time::HiRes qw(sleep time);

use TenantTest::Client;
use TenantTest::Response;
use TenantTest::Server;

my $base = '/v1';
my $json = JSON::PP->new->utf8->canonical;
my $present;    # what for() gives, in this process

# --- The proxies ----------------------------------------------------------------------------------------------

# Starts both (t/node/proxies.js) for the document of the main server, until the object goes.
sub start {
    my ($class) = @_;
    my $folder = File::Temp::tempdir('prism.XXXXXX', DIR => TenantTest::site()->{scratch});
    my $document = TenantTest::site()->{server}->client->request(GET => "$base/openapi.json")->body;
    my $self = bless {
        owner     => $$,
        relay     => TenantTest::Server::free_port(),
        digest    => _digest($document),
        folder    => $folder,
        log       => "$folder/prism.log",
        judgments => "$folder/judgments",
    }, $class;

    open my $file, '>', "$folder/openapi.json" or die "openapi.json: $!";
    print $file $document;
    close $file;
    $self->{$_} = TenantTest::Server::free_port() for qw(strict lenient);
    $self->_spawn("$folder/openapi.json");
    _wait_for($self->{$_}) for qw(strict lenient);
    $ENV{TENANT_TEST_PRISM} = $json->encode({ map { $_ => $self->{$_} } qw(relay strict lenient digest folder judgments) });
    return $self;
}

# Runs tests by their paths below t/, without the ending; each has to succeed, and many exchanges to be judged, none of them wrong.
sub hold {
    my ($self, @tests) = @_;
    undef $present;    # the relay's port is theirs
    for my $test (@tests) {
        my $output = `$^X -It/lib t/$test.t 2>&1`;
        Test::More::is($?, 0, "t/$test.t") or Test::More::diag($output);
    }
    my %counts = $self->_counts;
    Test::More::note("$_: $counts{$_}") for sort keys %counts;
    Test::More::cmp_ok($counts{fine} + $counts{refused}, '>', 1000, 'many exchanges were judged');
    Test::More::is($counts{wrong}, 0, 'nothing was wrong');
}

sub _spawn {
    my ($self, $document) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->{log};
        open STDERR, '>&', \*STDOUT;
        exec 'node', 't/node/proxies.js', $document, "http://127.0.0.1:$self->{relay}", @$self{qw(strict lenient)} or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    return;
}

sub _wait_for {
    my ($port) = @_;
    my $until = time + 60;
    until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")) {
        die "prism does not start\n" if time > $until;
        sleep 0.1;
    }
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;
    kill TERM => $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    $self->stop if $self->{owner} == $$;
}

# How many exchanges were judged, by judgment: `fine`; `refused`, by both sides, with an answer that is fine; `wrong`.
sub _counts {
    my ($self) = @_;
    my %counts = (fine => 0, refused => 0, wrong => 0);
    open my $file, '<', $self->{judgments} or return %counts;
    /^(\w+)/ and $counts{$1}++ while <$file>;
    return %counts;
}

# The document as the test's server has it, or its digest: settings differ by server.
sub _digest { return Digest::SHA::sha256_hex($_[0]) }

# --- Judging --------------------------------------------------------------------------------------------------

# The one that judges requests to a server, or nothing. Forked children of a test share its relay and do without.
sub for {
    my ($class, $server) = @_;
    my $address = $ENV{TENANT_TEST_PRISM} or return;
    $present //= bless { owner => 0, user => $$, %{ $json->decode($address) } }, $class;
    return unless $present->{user} == $$;
    my $port = $server->port;
    $present->{judges}{$port} //= do {
        my $document = eval { $server->client->request(GET => "$base/openapi.json") };
        $document && $document->status == 200 && _digest($document->body) eq $present->{digest} ? 1 : 0;
    };
    return $present->{judges}{$port} ? $present : ();
}

# Makes an exchange under the proxies' eyes: exchange is called once, and returns the TenantTest::Response. The other
# arguments say what it will send, as those of TenantTest::Client::send().
sub exchange {
    my ($self, $exchange, $method, $target, %option) = @_;
    my ($judgment, $answer, $verdict) = $self->judge($exchange, $method, $target, %option);
    return $answer unless $judgment;
    if (open my $file, '>>', $self->{judgments}) {
        print $file "$judgment\n";
    }
    if ($judgment eq 'wrong') {
        my $builder = Test::Builder->new;
        $builder->ok(0, "the OpenAPI document allows for $method $target");
        $builder->diag($verdict, "\n", $answer->status, ' ', $answer->body);
    }
    return $answer;
}

# The same, told instead of noted: (judgment, answer, what is wrong). Without a judgment it was none of the document's
# business.
sub judge {
    my ($self, $exchange, $method, $target, %option) = @_;
    my ($path) = $target =~ m{^\Q$base\E(/.*|\?.*|)$}s;
    return (undef, $exchange->())
        if !defined $path || $method !~ /^(?:GET|POST|PATCH|DELETE|PUT)$/ || !_is_plain($path);
    $path = "/$path" unless $path =~ m{^/};

    my ($answer, $verdict) = $self->_ask($self->{strict}, $exchange, $method, $path, %option);
    return (undef, $answer) if $answer && (defined $answer->error || _is_beside($answer));
    $verdict //= $self->_unknown_headers($method, $path, $answer) if $answer;
    return ($verdict ? 'wrong' : 'fine', $answer, $verdict) if $answer;

    $answer = $exchange->();
    return (undef, $answer) if defined $answer->error || _is_beside($answer);
    return ('wrong', $answer, "the server takes what the document does not allow for: $verdict") if $answer->status < 400;
    (undef, $verdict) = $self->_ask($self->{lenient}, sub { $answer }, $method, $path);
    $verdict //= $self->_unknown_headers($method, $path, $answer);
    return ('wrong', $answer, $verdict) if $verdict && $verdict !~ m{prism/errors#NO_(?:PATH|METHOD)_MATCHED};
    return ('refused', $answer);
}

# What Prism does not look for: headers of an answer that the document does not have, beside those of every HTTP server.
sub _unknown_headers {
    my ($self, $method, $path, $answer) = @_;
    my $document = $self->{document} //= $json->decode(do { local (@ARGV, $/) = "$self->{folder}/openapi.json"; <> });
    my ($template) = grep { _is_of_template($path, $_) } sort keys %{ $document->{paths} };
    my $response = $document->{paths}{ $template // '' }{ lc $method }{responses}{ $answer->status };
    my ($name) = ($response->{'$ref'} // '') =~ m{([^/]+)$};
    $response = $document->{components}{responses}{$name} if $name;
    my %known = map { lc $_ => 1 } keys %{ $response->{headers} // {} },
        qw(Date Server Connection Keep-Alive Content-Type Content-Length Content-Encoding Transfer-Encoding);
    my @headers = @{ $answer->{headers} };
    my @unknown = grep { !$known{ lc $_ } } map { $headers[2 * $_] } 0 .. $#headers / 2;
    return @unknown ? "the document has no header @unknown" : undef;
}

# Whether an answer is one that the document tells of in words alone: streams and pages for people. Generators of clients make
# one thing out of all forms that it names.
sub _is_beside {
    my ($answer) = @_;
    return $answer->status == 200 && $answer->type =~ m{^(?:text/html|text/csv|application/x-ndjson)\b};
}

sub _is_of_template {
    my ($path, $template) = @_;
    my $pattern = join '[^/?]*', map { quotemeta } split /\{\w+\}/, $template, -1;
    return $path =~ /^$pattern(?:\?|\z)/;
}

# Whether a path is spelt as clients spell it (RFC 3986 section 6.2.2), in escapes that stand for text: by another
# spelling Prism does not find it, or ends.
sub _is_plain {
    my ($target) = @_;
    my ($path) = $target =~ /^([^?]*)/;
    my $bytes = $path =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
    return utf8::decode($bytes) && $path !~ m{//|/\.\.?(?:/|\z)|%(?![0-9A-Fa-f]{2})|%(?:2D|2E|5F|7E|3\d|[46][1-9A-F]|[57][0-9A])}i;
}

# Sends a request to a Prism. Returns the answer of exchange and what is wrong with it; without the answer, if the
# request was not forwarded.
sub _ask {
    my ($self, $port, $exchange, $method, $path, %option) = @_;
    my $relay = $self->{socket} //= IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:$self->{relay}", ReuseAddr => 1)
        // die "no relay: $!\n";
    my $client = TenantTest::Client->new(port => $port, timeout => 120);
    $client->send($method, _spread($path), headers => _presentable(%option),
        $method =~ /^P/ && defined $option{body} ? (body => $option{body}) : ());

    my ($first) = IO::Select->new($relay, $client->{socket})->can_read(120) or die "prism is silent\n";
    my $answer;
    if ($first == $relay) {
        my $connection = $relay->accept;
        _read_head($connection);
        $answer = $exchange->();
        syswrite $connection, _raw($answer);
        close $connection;
        return ($answer, undef) if defined $answer->error;
    }
    my $reply = $client->receive;
    $client->close;
    my $verdict = $reply->header('sl-violations') // ($reply->body =~ m{prism/errors#} ? $reply->body : undef);
    $verdict //= $answer ? undef : 'prism answered ' . $reply->status . ' by itself: ' . $reply->body;
    return ($answer, $verdict);
}

# A path with the names in `fields` as a parameter each: a document can describe one way of writing a list.
sub _spread {
    my ($path) = @_;
    return $path =~ s{([?&])fields=([^&]*,[^&]*|[^&]*%2C[^&]*)}{$1 . join '&', map { "fields=$_" } split /,|%2C/i, $2, -1}gier;
}

# The headers of a request as far as a proxy may see them; without any, who asks is not the question.
sub _presentable {
    my (%option) = @_;
    return [Authorization => 'Bearer judged-by-itself'] unless $option{headers};
    my @headers = @{ $option{headers} };
    my @presentable;
    while (my ($name, $value) = splice @headers, 0, 2) {
        push @presentable, $name, $value
            unless $name =~ /^(?:Host|Connection|Content-Length|Transfer-Encoding|Expect|TE|Trailer|Upgrade|Range)$/i;
    }
    return \@presentable;
}

# Reads a request's head; its body, which nobody needs, is on the way.
sub _read_head {
    my ($connection) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        sysread $connection, $head, 65536, length $head or die "prism's request broke off\n";
    }
}

# An answer as it goes over a wire, of known length.
sub _raw {
    my ($answer) = @_;
    my @headers = @{ $answer->{headers} };
    my $text = 'HTTP/1.1 ' . $answer->status . " Judged\r\nConnection: close\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n" unless $name =~ /^(?:Connection|Keep-Alive|Transfer-Encoding|Content-Length)$/i;
    }
    $text .= 'Content-Length: ' . length($answer->body) . "\r\n" unless $answer->status =~ /^(?:204|304)$/;
    return "$text\r\n" . $answer->body;
}

1;
