# SPDX-License-Identifier: Apache-2.0
#
# The big list of naughty strings, each of them in every text that a client can send: members of bodies, their
# names, filters, other parameters, paths, headers. It comes back byte for byte, or is refused as the contract
# says, and PostgreSQL finds nothing wrong with what reaches it.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use Test::More;
use TenantTest;
use TenantTest::Administration;
use TenantTest::Contract;
use TenantTest::Corpora;
use TenantTest::Pipeline;

my @strings = naughty_strings() or plan skip_all => 'blns.json is not there';

my $database = 'corpus_strings';
my $conninfo = database($database);

# With its codes, which alone tell errors apart whatever the locale.
sql("ALTER DATABASE $database SET log_error_verbosity = 'verbose'");
my $server = TenantTest::Server->start(
    database => qq($conninfo" admin=") . site->conninfo($database, 'tenant_admin'),
    server   => administration($database) . <<'END');
KeepAliveTimeout 300
<Location "/users/v1">
    TenantHandler api
    TenantUserAuthority read
</Location>
END
my $log = $server->error_log;
my $database_log = site->database_log($database);

my $acme  = TenantTest::Pipeline->new(to => $server, as => 'acme');
my $admin = TenantTest::Pipeline->new(to => $server, headers => [basic('root', 'secret')]);
my %status;    # how often each was answered
my @faults;    # what no answer may be

# Sends requests and notes what is wrong with any answer of the API.
sub ask {
    my ($pipeline, @requests) = @_;
    my @responses = $pipeline->ask(@requests);
    for my $n (0 .. $#responses) {
        my ($method, $target) = @{ $requests[$n] };
        $status{ $responses[$n]->status }++;
        push @faults, map { "$method $target: $_" } faults($responses[$n]) if @faults < 10;
    }
    return @responses;
}

# That nothing is wrong with any of the strings; what is tells of the first few.
sub is_clean {
    my ($name, @wrong) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(!@wrong, $name) or diag map { encode_utf8("$_\n") } splice @wrong, 0, 5;
}

sub shown { return JSON::PP->new->ascii->allow_nonref->encode($_[0]) }

sub escaped {
    my ($text) = @_;
    return encode_utf8($text) =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

# The code with which a member refuses a string; '' where it takes it, undef where only its pattern tells.
sub verdict {
    my ($member, $string) = @_;
    return undef if $member->{type} eq 'time';
    my $length = length($member->{type} eq 'password' ? encode_utf8($string) : $string);
    return 'length' if $length < $member->{min} || $length > $member->{max};
    return '' if $member->{type} eq 'password';
    return 'pattern' if !$member->{controls} && $string =~ /[\x00-\x1F]/;
    return $member->{wrong} ? undef : '';
}

# What is wrong with the answer to a body that holds a string; nothing where it came back or was rightly refused.
sub wrong_with {
    my ($response, $name, $member, $string) = @_;
    my $want = verdict($member, $string);
    my $json = ref $response->json eq 'HASH' ? $response->json : {};

    if ($response->status == 200 || $response->status == 201) {
        return 'it was taken' if $want;
        return if $member->{type} eq 'password';
        return $json->{"${name}_set"} ? () : 'it is not set' if $member->{type} eq 'secret';
        return if ($json->{$name} // '') eq ($member->{lower} ? lc $string : $string);
        return 'it came back as ' . shown($json->{$name});
    }
    my @errors = @{ $json->{errors} || [] };
    return 'it was refused: ' . $response->body if defined $want && $want eq '';
    return if $response->status == 409 && $json->{code} =~ /-taken$/;
    return 'status ' . $response->status unless $response->status == 422 && @errors == 1;
    return "pointer $errors[0]{pointer}" if $errors[0]{pointer} ne "/$name";
    return $errors[0]{code} eq ($want // 'pattern') ? () : "code $errors[0]{code}";
}

# Sends each string as a member by requests that make($string) makes; returns the strings that were taken.
sub try_member {
    my ($what, $pipeline, $name, $member, $strings, $make) = @_;
    my @requests = map { $make->($_) } @$strings;
    my @responses = ask($pipeline, @requests);
    my (@wrong, @taken);

    for my $n (0 .. $#$strings) {
        my ($wrong) = wrong_with($responses[$n], $name, $member, $strings->[$n]);
        push @wrong, shown($strings->[$n]) . ": $wrong" if defined $wrong;
        push @taken, $strings->[$n] if $responses[$n]->status < 300;
    }
    is_clean("$what $name: " . @taken . ' taken', @wrong);
    return @taken;
}

sub is_string { return $_[0]{type} !~ /^(?:integer|boolean)$/ }

# The strings for a member: of those that are hashed as passwords, which takes its time, another eighth by each method.
sub strings_for {
    my ($member, $method) = @_;
    return \@strings unless $member->{type} eq 'password';
    my $part = $method eq 'POST' ? 0 : 4;
    return [map { $strings[$_] } grep { $_ % 8 == $part || verdict($member, $strings[$_]) } 0 .. $#strings];
}

my %taken;    # by resource and member: what POST took

for my $resource (collections()) {
    subtest "POST $resource" => sub {
        my $members = members($resource);
        for my $name (grep { is_string($members->{$_}) && !$members->{$_}{read_only} } sort keys %$members) {
            my @taken = try_member("POST $resource", $acme, $name, $members->{$name}, strings_for($members->{$name}, 'POST'),
                sub { [POST => "/v1/$resource", json => sample($resource, $name => $_[0])] });
            $taken{$resource}{$name} = { map { $_ => 1 } @taken };
        }
    };
}

for my $resource (writable()) {
    subtest "PATCH $resource" => sub {
        my $members = members($resource);
        my $is_single = grep { $_ eq $resource } singles();
        my ($row) = $is_single ? () : ask($acme, [POST => "/v1/$resource", json => sample($resource)]);
        my $path = $row ? $row->header('Location') : "/v1/$resource";
        for my $name (grep { !$members->{$_}{read_only} && !$members->{$_}{write_once} } sort keys %$members) {
            my $what = "PATCH $resource";
            if (!is_string($members->{$name})) {
                my @wrong = grep { $_->status != 422 } ask($acme, map { [PATCH => $path, json => { $name => $_ }] } @strings);
                is_clean("$what $name: no text", map { $_->body } @wrong);
                next;
            }
            try_member($what, $acme, $name, $members->{$name}, strings_for($members->{$name}, 'PATCH'),
                sub { [PATCH => $path, json => { $name => $_[0] }] });
        }
    };
}

subtest 'administration' => sub {
    my %members = (
        name          => members('tenant')->{name},
        status        => { type => 'text', min => 1, max => 50, wrong => [1] },
        custom_domain => { type => 'text', min => 1, max => 253, wrong => [1], lower => 1 },
    );
    my ($tenant) = ask($admin, [POST => '/admin/tenants', json => { name => 'naughty' }]);
    my $path = $tenant->header('Location');
    for my $name (sort keys %members) {
        try_member('PATCH tenants', $admin, $name, $members{$name}, \@strings,
            sub { [PATCH => $path, json => { $name => $_[0] }] });
        try_member('POST tenants', $admin, $name, $members{$name}, \@strings,
            sub { [POST => '/admin/tenants', json => { name => 'naughty', $name => $_[0] }] });
    }
};

subtest 'passwords' => sub {
    my @users = map { { email => "naughty$_\@example.com", password => $strings[$_] } }
        grep { $strings[$_] =~ /[^\x00-\x7F]/ && length encode_utf8($strings[$_]) >= 8 && $_ % 4 == 0 } 0 .. $#strings;
    my @wrong = grep { $_->status != 201 } ask($acme, map { [POST => '/v1/users', json => $_] } @users);
    my $public = TenantTest::Pipeline->new(to => $server, host => tenant('acme')->{host});
    is_clean('are kept', map { $_->body } @wrong);
    cmp_ok(scalar @users, '>', 10, 'a number of them');
    @wrong = grep { $_->status != 200 } ask($public, map { [GET => '/users/v1/calls?limit=1', headers => [
            basic(encode_utf8($_->{email}), encode_utf8($_->{password}))]] } @users);
    is_clean('open the account', map { $_->body } @wrong);
};

subtest 'names of members' => sub {
    for ([POST => '/v1/products'], [PATCH => '/v1/tenant']) {
        my ($method, $path) = @$_;
        my @names = grep { $_ ne 'name' } @strings;
        my @responses = ask($acme, map { [$method, $path, json => { name => 'x', $_ => 1 }] } @names);
        my @wrong = grep {
            my $pointer = '/' . $names[$_] =~ s/~/~0/gr =~ s{/}{~1}gr;
            my @errors = @{ ($responses[$_]->json || {})->{errors} || [] };
            $responses[$_]->status != 422 || @errors != 1 || $errors[0]{code} ne 'unknown' || $errors[0]{pointer} ne $pointer;
        } 0 .. $#names;
        is_clean("$method $path", map { shown($names[$_]) . ': ' . $responses[$_]->body } @wrong);
    }
};

# What is wrong with a list that is filtered by a member's value; @must are in it.
sub wrong_with_list {
    my ($response, $name, $string, $must) = @_;
    if ($response->status == 200) {
        my @rows = @{ $response->json->{data} };
        my @others = grep { ($name eq 'email' ? lc $_->{$name} ne lc $string : $_->{$name} ne $string) } @rows;
        return @others ? 'rows with ' . shown($others[0]{$name}) : $must && !@rows ? 'no row' : ();
    }
    my $code = ($response->json || {})->{code} // '';
    return $must || $response->status != 400 || $code ne 'bad-parameter' ? $response->status . " $code" : ();
}

for my $resource (collections()) {
    subtest "GET $resource" => sub {
        my $members = members($resource);
        for my $name (grep { $members->{$_}{type} =~ /^(?:text|time)$/ } sort keys %$members) {
            my $taken = $taken{$resource}{$name} || {};
            my ($probe) = ask($acme, [GET => "/v1/$resource?$name=" . escaped('2026-01-01T00:00:00Z')]);
            my $is_filter = $probe->body !~ /is unknown here/;
            my @responses = ask($acme, map { [GET => "/v1/$resource?limit=3&$name=" . escaped($_)] } @strings);
            my @wrong = map {
                my ($wrong) = $is_filter
                    ? wrong_with_list($responses[$_], $name, $strings[$_], $taken->{ $strings[$_] })
                    : $responses[$_]->status == 400 ? () : $responses[$_]->status;
                defined $wrong ? shown($strings[$_]) . ": $wrong" : ();
            } 0 .. $#strings;
            is_clean(($is_filter ? 'filter ' : 'no filter ') . $name, @wrong);
        }
        my ($path, %listed) = "/v1/$resource?limit=1000";
        while (defined $path) {
            my ($page) = ask($acme, [GET => $path]);
            for my $row (@{ $page->json->{data} }) {
                $listed{$_}{ $row->{$_} // '' } = 1 for keys %$row;
            }
            $path = $page->json->{next};
        }
        for my $name (grep { $members->{$_}{type} eq 'text' } sort keys %{ $taken{$resource} }) {
            is_clean("the list shows each $name", map { shown($_) } grep { !$listed{$name}{$_} } keys %{ $taken{$resource}{$name} });
        }
    };
}

# That each answer has one of the statuses.
sub is_answered {
    my ($name, $statuses, @requests) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @responses = ask($acme, @requests);
    is_clean($name, map { "@{ $requests[$_] }[0, 1]: " . $responses[$_]->status . ' ' . $responses[$_]->body }
        grep { $responses[$_]->status !~ $statuses } 0 .. $#responses);
}

subtest 'parameters' => sub {
    for my $name (qw(limit after before order fields id duration id.gt duration.lte created_at.gt created_at.null nope)) {
        is_answered("recordings?$name=", qr/^(?:200|400)$/, map { [GET => "/v1/recordings?$name=" . escaped($_)] } @strings);
    }
    is_answered('its name', qr/^(?:200|400)$/, map { [GET => '/v1/calls?' . escaped($_) . '=1'] } @strings);
    is_answered('the whole query', qr/^(?:200|400)$/, map { [GET => "/v1/users?$_"] }
        map { encode_utf8($_) =~ s/([\x00-\x20\x7F#])/sprintf '%%%02X', ord $1/ger } @strings);
};

subtest 'paths' => sub {
    my @segments = grep { !/^\.{0,2}\z/ } @strings;    # `.` and `..` lead elsewhere
    for my $path ('/v1/%s', '/v1/%s/1', '/v1/calls/%s', '/v1/users/%s', '/v1/problems/%s', '/v1/tenant/%s') {
        is_answered("$path escaped", qr/^(?:200|404)$/, map { [GET => sprintf $path, escaped($_)] } @segments);
        is_answered("$path as it is", qr/^(?:200|404)$/, map { [GET => sprintf $path, $_] }
            map { encode_utf8($_) =~ s{([\x00-\x20\x7F%/?#])}{sprintf '%%%02X', ord $1}ger } @segments);
    }
    is_answered('PATCH', qr/^404$/, map { [PATCH => '/v1/users/' . escaped($_), json => { email => 'a@b.example' }] } @segments);
    is_answered('DELETE', qr/^404$/, map { [DELETE => '/v1/users/' . escaped($_)] } @segments);
};

# A header's value has no control characters, and no space around it.
subtest 'headers' => sub {
    my @values = map { encode_utf8($_) } grep { /\S/ && !/[\x00-\x1F\x7F]/ } map { s/^[ \t]+|[ \t]+\z//gr } @strings;
    for my $name (qw(Accept If-Match If-None-Match Prefer Origin Accept-Encoding Range)) {
        is_answered($name, qr/^(?:200|304|4..)$/, map { [GET => '/v1/settings', headers => [bearer('acme'), $name => $_]] } @values);
    }
    for my $name (qw(Content-Type Idempotency-Key)) {
        my @type = $name eq 'Content-Type' ? () : (type => 'application/json');
        is_answered($name, qr/^(?:201|4..)$/, map { [POST => '/v1/calls', @type, body => json(sample('calls')),
                    headers => [bearer('acme'), $name => $_]] } @values);
    }
    my $anyone = TenantTest::Pipeline->new(to => $server);
    for my $name (qw(X-API-Key Authorization)) {
        my @responses = ask($anyone, map { [GET => '/v1/calls', headers => [$name => $_]] } @values);
        # A comma may be httpd's, which joins repeated headers.
        is_clean($name, map { $values[$_] . ': ' . $responses[$_]->body }
            grep { $responses[$_]->status != 401 && !($values[$_] =~ /,/ && $responses[$_]->json->{code} eq 'ambiguous-key') }
            0 .. $#values);
    }
};

is_deeply([grep { /^5|^0/ } sort keys %status], [], 'no 5xx among ' . json(\%status));
is_deeply(\@faults, [], 'no answer had a fault');
is_deeply([$log->matching(qr/exit signal|\[tenant:(?:warn|error|crit|alert|emerg)\]/)], [], 'the module has found nothing wrong');
my @errors = grep { !/autovacuum/ } $database_log->matching(qr/ (?:WARNING|ERROR|FATAL|PANIC):/);
my @taken = grep { / ERROR:  23505: / } @errors;
is_clean('PostgreSQL has logged no error but for what is taken', grep { !/ ERROR:  23505: / } @errors);
cmp_ok(scalar @taken, '<=', $status{409} // 0, 'each of which was answered with 409');

done_testing;
