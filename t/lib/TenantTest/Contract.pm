# SPDX-License-Identifier: Apache-2.0
package TenantTest::Contract;

# The API's resources as its contract describes them, apart from the module's own table, and what tests of the
# contract share. Each function takes a resource's name.
#
#     for my $resource (collections()) {               # those that clients write; all are resources()
#         my $members = members($resource);            # name => { type, … }
#         my $body    = sample($resource);             # a new, valid body for POST
#     }
#
# A member:
#     type        integer, text, boolean, time; password or secret, which are never read
#     required, nullable, read_only, write_once        1 where that holds
#     reset       what null makes of it, where that is not null
#     controls    control characters are allowed in the text, all but U+0000
#     min, max    characters of a text or secret, bytes of a password, the range of an integer
#     good        values that are taken; [in, out] where they come back in another form
#     wrong       values that are refused for their pattern
#
# What is wrong with an answer that no answer of the API may have: faults($response), a list of sentences.

use strict;
use warnings;
use utf8;

use Exporter 'import';

use JSON::PP ();

use TenantTest ();

our @EXPORT = qw(
    collections singles writable resources records members readable has_sid new_sid sample change wrong_values the_table
    mark_rows rows_of snapshot faults
);

my $hex32 = '0123456789abcdefABCDEF0123456789';
my $emoji = "\x{1F600}";
my $controls = join '', map { chr } 1 .. 0x1F, 0x7F .. 0x9F, 0x2028;

sub _sid {
    my (@prefixes) = @_;
    return (
        type  => 'text',
        min   => 34,
        max   => 34,
        wrong => ["XX$hex32", lc($prefixes[0]) . $hex32, "$prefixes[0]${\ ('g' x 32)}", "$prefixes[0]${\ ('é' x 32)}"],
    );
}

my %id        = (type => 'integer', read_only => 1);
my %tenant_id = (type => 'integer', read_only => 1);
my %party     = (
    type     => 'text',
    nullable => 1,
    min      => 0,
    max      => 320,
    good     => ['', '+12025550100', 'sip:bob@example.com', $emoji x 320, "Ame\x{301}lie \x{200D}",
    "\x{7F}\x{A0}\x{FFFD}"],
);
my %status = (
    type     => 'text',
    nullable => 1,
    min      => 1,
    max      => 20,
    good     => ['a', 'in-progress', 'no_answer', 'z' x 20, 'a-_'],
    wrong    => ['A', '-a', '_a', 'a b', 'a1', 'é', 'a.'],
);
my %time = (
    type => 'time',
    good => [
        '2026-01-02T03:04:05Z',
        '1970-01-01T00:00:00Z',
        '9999-12-31T23:59:59.999999Z',
        ['2026-01-02t03:04:05z',                '2026-01-02T03:04:05Z'],
        ['2026-01-02T03:04:05.500Z',            '2026-01-02T03:04:05.5Z'],
        ['2026-01-02T03:04:05.1234567899Z',     '2026-01-02T03:04:05.123456Z'],
        ['2026-01-02T03:04:05+05:30',           '2026-01-01T21:34:05Z'],
        ['2024-02-28T23:30:00-01:00',           '2024-02-29T00:30:00Z'],
        ['1969-12-31T23:30:00-01:00',           '1970-01-01T00:30:00Z'],
        ['2016-12-31T23:59:60Z',                '2017-01-01T00:00:00Z'],
        ['2100-03-01T00:00:00+00:01',           '2100-02-28T23:59:00Z'],
    ],
    wrong => [
        '', 'now', 'infinity', 'epoch', '2026-01-02', '2026-01-02T03:04:05', '2026-01-02 03:04:05Z',
        '2026-1-2T03:04:05Z',
        '2026-02-29T00:00:00Z', '2100-02-29T00:00:00Z', '2026-00-01T00:00:00Z', '2026-13-01T00:00:00Z',
        '2026-01-32T00:00:00Z', '2026-01-00T00:00:00Z', '2026-01-02T24:00:00Z', '2026-01-02T03:60:00Z',
        '2026-01-02T03:04:61Z', '2026-01-02T03:04:05.Z', '2026-01-02T03:04:05+24:00', '2026-01-02T03:04:05+01:60',
        '2026-01-02T03:04:05+0100', '2026-01-02T03:04:05 Z', '2026-01-02T03:04:05Z ', ' 2026-01-02T03:04:05Z',
        '1969-12-31T23:59:59Z', '9999-12-31T23:59:60Z', '9999-12-31T23:59:59-00:01', '10000-01-01T00:00:00Z',
        '-2026-01-02T03:04:05Z', '20260102T030405Z', '2026-01-02T03:04:05Z; DROP TABLE calls', '２０２６-01-02T03:04:05Z',
    ],
);
my %created_at = (%time, write_once => 1);

# What Twilio alone says.
my %twilio_word   = (type => 'text', nullable => 1, read_only => 1);
my %twilio_number = (type => 'integer', nullable => 1, read_only => 1, min => 0, max => 2147483647);
my %twilio_time   = (type => 'time', nullable => 1, read_only => 1);

my %secret     = (
    type     => 'secret',
    nullable => 1,
    min      => 1,
    max      => 256,
    good     => ['x', 'ab~!"\\', 'y' x 256],
    wrong    => ['é', "\x7F", 'a b'],
);

my %resources = (
    calls => {
        prefixes => ['CA'],
        members  => {
            id          => \%id,
            sid         => { _sid('CA'), required => 1, write_once => 1 },
            tenant_id   => \%tenant_id,
            from_number => \%party,
            to_number   => \%party,
            status      => \%status,
            created_at  => \%created_at,
            direction   => { %twilio_word, min => 1, max => 32 },
            duration    => \%twilio_number,
            parent_call_sid => { %twilio_word, min => 34, max => 34 },
            answered_at => \%twilio_time,
            ended_at    => \%twilio_time,
        },
    },
    messages => {
        prefixes => ['SM', 'MM'],
        members  => {
            id          => \%id,
            sid         => { _sid('SM', 'MM'), required => 1, write_once => 1 },
            tenant_id   => \%tenant_id,
            from_number => \%party,
            to_number   => \%party,
            status      => \%status,
            body        => {
                type     => 'text',
                nullable => 1,
                controls => 1,
                min      => 0,
                max      => 4096,
                good     => ['', "a\tb\r\nc\n", $controls, $emoji x 4096, '<script>"\\/\'&amp;', '%s %d %% $1 :x'],
            },
            created_at => \%created_at,
            direction  => { %twilio_word, min => 1, max => 32 },
            error_code => \%twilio_number,
            num_media  => \%twilio_number,
            media      => { %twilio_word, min => 0, max => 4096 },
        },
    },
    recordings => {
        prefixes => ['RE'],
        members  => {
            id        => \%id,
            sid       => { _sid('RE'), required => 1, write_once => 1 },
            tenant_id => \%tenant_id,
            call_sid  => { _sid('CA'), nullable => 1, good => ["CA$hex32"] },
            url       => {
                type     => 'text',
                nullable => 1,
                min      => 1,
                max      => 2048,
                good     => [
                    'http://a', 'https://example.com/a?b=c#d', 'HTTPS://EXAMPLE.COM:8443', 'http://[::1]:8080/x',
                    'https://example.com/?q=a@b', 'https://example.com/' . 'x' x 2028,
                ],
                wrong => [
                    'ftp://example.com/', '/relative', '//example.com/', 'example.com', 'http:/example.com', 'http://',
                    'https://', 'http:///path', 'http://?q', 'http://:80/', 'http://user@example.com/',
                    'http://user:secret@example.com/', 'http://@example.com/', 'http://example.com/a b',
                    'http://example.com\\@evil.example/', 'javascript:alert(1)', 'http://example.com/<x>', ' http://a',
                ],
            },
            duration   => { type => 'integer', nullable => 1, min => 0, max => 2147483647, good => [0, 1, 2147483647] },
            created_at => \%created_at,
            status     => { %twilio_word, min => 1, max => 20 },
            channels   => \%twilio_number,
            source     => { %twilio_word, min => 1, max => 40 },
        },
    },
    products => {
        members => {
            id        => \%id,
            tenant_id => \%tenant_id,
            name      => {
                type     => 'text',
                required => 1,
                min      => 1,
                max      => 256,
                good     => ['x', ' ', $emoji x 256, "Ame\x{301}lie", '0', 'null'],
            },
            description => {
                type     => 'text',
                nullable => 1,
                controls => 1,
                min      => 0,
                max      => 16384,
                good     => ['', "a\tb\r\nc\n", $controls, 'x' x 16384, $emoji x 16000],
            },
        },
    },
    users => {
        members => {
            id        => { type => 'text', read_only => 1 },
            tenant_id => \%tenant_id,
            email     => {
                type     => 'text',
                required => 1,
                min      => 3,
                max      => 254,
                good     => ['a@b', 'A.B+c@Example.COM', 'ü@exämple.de', 'x' x 252 . '@y', $emoji x 252 . '@y'],
                wrong    => ['abc', '@abc', 'abc@', 'a@b@c', 'a b@c', 'a:b@c', ' a@b', 'a@b '],
            },
            password   => { type => 'password', nullable => 1, min => 8, max => 1024 },
            created_at => { type => 'time', nullable => 1, read_only => 1 },
            updated_at => { type => 'time', nullable => 1, read_only => 1 },
        },
    },
    audit => {
        is_read_only => 1,
        members      => {
            id        => \%id,
            tenant_id => \%tenant_id,
            created_at => { type => 'time', read_only => 1 },
            map({ $_ => { type => 'text', read_only => 1 } } qw(action kind changes actor_type actor role)),
            map({ $_ => { type => 'text', read_only => 1, nullable => 1 } } qw(row_id address request_id)),
        },
    },
    settings => {
        is_single => 1,
        members   => {
            id                => \%id,
            tenant_id         => \%tenant_id,
            auto_record_calls => { type => 'boolean', nullable => 1, reset => JSON::PP::false, good => [JSON::PP::true, JSON::PP::false] },
        },
    },
    tenant => {
        is_single => 1,
        members   => {
            id                        => \%id,
            name                      => { type => 'text', required => 1, min => 1, max => 256,
            good => ['x', $emoji x 256] },
            status                    => { type => 'text', read_only => 1 },
            custom_domain             => { type => 'text', read_only => 1 },
            twilio_account_sid        => { _sid('AC'), nullable => 1, good => ["AC$hex32"] },
            twilio_auth_token         => \%secret,
            twilio_auth_token_set     => { type => 'boolean', read_only => 1 },
            twilio_auth_token_previous_until => {
                type => 'time', nullable => 1, good => [], wrong => $time{wrong} },
            twilio_api_key_sid        => { _sid('SK'), nullable => 1, good => ["SK$hex32"] },
            twilio_api_key_secret     => \%secret,
            twilio_api_key_secret_set => { type => 'boolean', read_only => 1 },
            twilio_phone_number       => {
                type     => 'text',
                nullable => 1,
                min      => 3,
                max      => 16,
                good     => ['+12', '+123456789012345'],
                wrong    => ['123', '+01', '+1 2', '++1', '+12a'],
            },
        },
    },
);

# What the server alone writes: it is listed.
my %records = (
    usage => {
        members => {
            id        => \%id,
            tenant_id => \%tenant_id,
            day       => { type => 'date', read_only => 1 },
            map { $_ => { type => 'integer', read_only => 1, min => 0, max => 9007199254740991 } }
                qw(requests rows_written bytes_out calls call_seconds messages recordings recording_seconds),
        },
    },
);

sub records     { return sort keys %records }
sub resources   { return sort keys %resources }
sub collections { return grep { !$resources{$_}{is_single} && !$resources{$_}{is_read_only} } resources() }
sub writable    { return grep { !$resources{$_}{is_read_only} } resources() }
sub singles     { return grep { $resources{$_}{is_single} } resources() }

sub members { return ($resources{ $_[0] } // $records{ $_[0] })->{members} }

# The names of the members that answers show.
sub readable {
    my ($resource) = @_;
    my $members = members($resource);
    return sort grep { $members->{$_}{type} !~ /^(?:password|secret)$/ } keys %$members;
}

sub has_sid { return exists $resources{ $_[0] }{members}{sid} }

# A sid that no row has, of any of the resource's prefixes.
my $count = 0;

sub new_sid {
    my ($resource) = @_;
    my @prefixes = @{ $resources{$resource}{prefixes} };
    $count++;
    return $prefixes[$count % @prefixes] . sprintf '%s%012x', 'f' x 20, $count;
}

# A valid body for POST with the required members alone; given ones are added to it.
sub sample {
    my ($resource, %more) = @_;
    my %body;
    $body{sid} = new_sid($resource) if has_sid($resource);
    $body{name} = 'product ' . ++$count if $resource eq 'products';
    $body{email} = 'sample' . ++$count . '@example.com' if $resource eq 'users';
    my $members = members($resource);
    $body{$_} //= $members->{$_}{good}[0] for grep { $members->{$_}{required} } keys %$members;
    return { %body, %more };
}

# A body for PATCH that changes a row in the n-th way; {}: nothing of it can be changed.
sub change {
    my ($resource, $n) = @_;
    my $members = members($resource);
    for my $name (grep { !$members->{$_}{read_only} && !$members->{$_}{write_once} && !$members->{$_}{wrong} } sort keys %$members) {
        my ($type, $max) = @{ $members->{$name} }{qw(type max)};
        return { $name => substr "$n changed", 0, $max } if $type eq 'text';
        return { $name => $n } if $type eq 'integer';
        return { $name => $n % 2 ? JSON::PP::true : JSON::PP::false } if $type eq 'boolean';
        return { $name => sprintf '2026-01-01T00:%02d:%02dZ', $n / 60, $n % 60 } if $type eq 'time';
    }
    return {};
}

# THE table of the module as the build prints it: a list of resources, each with its fields.
sub the_table {
    open my $out, '-|', 'build/unit/resources' or die "build/unit/resources: $!";
    my $json = do { local $/; <$out> };
    close $out or die 'build/unit/resources failed';
    return @{ JSON::PP::decode_json($json) };
}

# Values that a member refuses, whatever the rest of the body: [what, JSON text, code of the error].
sub wrong_values {
    my ($member) = @_;
    my ($type, $min, $max) = @$member{qw(type min max)};
    my $is_string = $type !~ /^(?:integer|boolean)$/;
    my @wrong = map { [$_, $_, 'type'] } '[]', '{}',
        $is_string ? qw(1 1.5 true) : $type eq 'integer' ? qw("1" true 1.5 1e-1) : qw("true" 0 1);

    push @wrong, ['null', 'null', 'null'] unless $member->{nullable};
    my $rest = 'x' x (($min || 1) - 1);
    push @wrong, ['NUL', qq("\\u0000$rest"), 'nul'] if $is_string;
    push @wrong, map { [_shown($_), _json($_), 'pattern'] } @{ $member->{wrong} || [] };
    if ($type eq 'integer') {
        push @wrong, map { [$_, $_, 'range'] } $min - 1, $max + 1, "@{[$max + 1]}.0", '1e30', '-1e30',
            '9223372036854775807', '-9223372036854775808',
            '9223372036854775808', '1e400';
    }
    if ($is_string && defined $max) {
        my $wide = $type eq 'password' ? 'x' : $emoji;
        push @wrong, map { [_shown($_), _json($_), 'length'] } 'x' x ($max + 1), $max < 16000 ? $wide x ($max + 1) : (),
            $min > 0 ? ('', 'x' x ($min - 1)) : (), $type eq 'password' ? $emoji : ();
    }
    push @wrong, map { [_shown($_), _json("$_$rest"), 'pattern'] } "\x01", "\x0B", "\x1F", "\t", "\n"
        if $type =~ /^(?:text|secret)$/ && !$member->{controls};
    return @wrong;
}

sub _json { return TenantTest::json($_[0]) }

# A value as the name of a test may show it.
sub _shown {
    my ($value) = @_;
    my $json = JSON::PP->new->ascii->allow_nonref->encode($value);
    return length $json <= 60 ? $json : substr($json, 0, 20) . '..., ' . length($value) . ' characters';
}

# Puts a marker into every text of a tenant's rows that no test goes by.
sub mark_rows {
    my ($database, $tenant, $marker) = @_;
    my %text = (
        tenants    => join(', ', map { "$_ = ?" } qw(name twilio_account_sid twilio_auth_token twilio_api_key_secret)),
        calls      => q{from_number = ?, to_number = ?},
        messages   => q{from_number = ?, to_number = ?, body = ?},
        recordings => q{url = 'https://example.com/' || ?},
        products   => q{name = ?, description = ?},
        users      => q{email = id || '@' || ?, password_hash = ?},
    );
    for my $resource (grep { !$text{$_} } collections()) {
        my $members = members($resource);
        $text{$resource} = join ', ', map { "$_ = left(?, $members->{$_}{max})" }
            grep { $members->{$_}{type} eq 'text' && !$members->{$_}{read_only} && !$members->{$_}{wrong} } sort keys %$members;
    }
    for my $table (grep { $text{$_} } keys %text) {
        my $column = $table eq 'tenants' ? 'id' : 'tenant_id';
        my @values = ($marker) x ($text{$table} =~ tr/?//);
        TenantTest::sql({ database => $database }, "UPDATE $table SET $text{$table} WHERE $column = ?", @values, $tenant);
    }
}

# A resource's rows in a database as text, with what shows that a row was written again though nothing differs:
# all of them, or a tenant's.
sub rows_of {
    my ($database, $resource, $tenant) = @_;
    my ($table, $column) = $resource eq 'tenant' ? qw(tenants id) : ($resource, 'tenant_id');
    my $only = defined $tenant ? "WHERE $column = $tenant" : '';
    return TenantTest::column({ database => $database },
        "SELECT format('%s %s %s', ctid, xmin, t) FROM $table t $only ORDER BY 1");
}

# All rows of all tables as one text: the same twice means that nothing was written in between.
sub snapshot {
    my ($database) = @_;
    return join "\n", map { ("[$_]", rows_of($database, $_)) } resources();
}

sub faults {
    my ($response) = @_;
    my ($status, $type) = ($response->status, $response->header('Content-Type') // 'none');
    my $wanted = $status =~ /^(?:204|304)$/ ? 'none' : $status < 400 ? 'application/json' : 'application/problem+json';
    my @faults;

    push @faults, "the status is $status" if $status < 200 || $status >= 500;
    push @faults, "the connection: " . $response->error if defined $response->error;
    push @faults, "Content-Type is $type" if $type ne $wanted;
    push @faults, 'Cache-Control is wrong' if ($response->header('Cache-Control') // '') ne 'private, no-store';
    push @faults, 'X-Content-Type-Options is wrong'    # httpd leaves it out of a 304
        if $status != 304 && ($response->header('X-Content-Type-Options') // '') ne 'nosniff';
    for my $header (qw(Accept Authorization X-API-Key)) {
        push @faults, "Vary lacks $header"
            unless grep { lc eq lc $header } split /\s*,\s*/, $response->header('Vary') // '';
    }
    push @faults, 'the body has another status'
        if $wanted =~ /problem/ && length $response->body && ($response->json // {})->{status} != $status;
    push @faults, 'there is no Allow' if $status == 405 && !$response->header('Allow');
    push @faults, 'there is no WWW-Authenticate' if $status == 401 && !$response->header('WWW-Authenticate');
    push @faults, 'there is no ETag' if $status =~ /^(?:201|304|412)$/ && !defined $response->header('ETag');
    push @faults, 'it is a redirect' if $status =~ /^3(?!04)/ || $status != 201 && defined $response->header('Location');
    push @faults, 'it tells of the database'
        if $status >= 400 && $response->body =~ /\b(?:SELECT|INSERT|UPDATE|DELETE)\b|constraint|duplicate key|SQLSTATE/;
    return map { "$_: " . $response->body } @faults;
}

1;
