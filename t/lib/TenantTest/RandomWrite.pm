# SPDX-License-Identifier: Apache-2.0
package TenantTest::RandomWrite;

# A random POST or PATCH of a tenant's: a valid one, into which ingredients are mixed. Most ingredients are reasons
# to refuse it, the others must not matter. The same seed makes the same request.
#
#     my $write = TenantTest::RandomWrite->new(
#         seed     => 'any text',
#         resource => 'calls', method => 'PATCH', path => '/v1/calls/17',
#         own      => 1, foreign => 2,                      # the ids of the tenant and of another one
#         foreign_path => '/v1/calls/18', foreign_host => 'globex.example.com', foreign_key => 'mt_...',
#     );
#     my ($request, $want) = $write->make;
#
# $request is for TenantTest::Pipeline. $want: statuses => [those it may be refused with; none: it must be taken],
# members => { what the row shows of each member that was given }. Each make() takes another sid, e-mail address and Idempotency-Key.
# ingredients() are their names; without($n) is the same write without the nth of them.

use strict;
use warnings;
use utf8;

use Digest::MD5 ();
use Encode qw(encode_utf8);
use JSON::PP ();

use TenantTest::Contract;

my @texts = (
    (map { chr } 0x20 .. 0x7F) x 3, qw(" \\ / ' % $ { } [ ] : ; -- é ß ü 漢 字 ☃ 😀 𝄞),
    map { chr hex } qw(A0 AD 301 200B 200D 200F 202E 2028 2029 D7FF E000 FEFF FFFD FFFE FFFF 10000 1F4A9 10FFFF),
);
my %wrong_values;    # of each member that was asked for
my %ingredients;
my $keys = 0;         # that were made

sub new {
    my ($class, %self) = @_;
    my $self = bless \%self, $class;

    _srand($self->{seed}, 'ingredients');
    my @names = grep { my $on = $ingredients{$_}{on}; !$on || $on->($self) }
        map { ($_) x ($ingredients{$_}{weight} // 1) } sort keys %ingredients;
    my $count = _choice(0, 1, 1, 1, 2, 2, 3, 5);
    my %groups;
    $self->{ingredients} = [map { [$_, "$self->{seed} $_"] }
            grep { !$groups{ $ingredients{$_}{group} // $_ }++ } map { $names[rand @names] } 1 .. $count];
    return $self;
}

# Numbers that follow from a seed and a purpose. Perl's own for seeds next to each other are alike.
sub _srand { srand unpack 'N', Digest::MD5::md5("@_") }

sub ingredients { return map { $_->[0] } @{ $_[0]{ingredients} } }

sub without {
    my ($self, $n) = @_;
    my @rest = @{ $self->{ingredients} };
    splice @rest, $n, 1;
    return bless { %$self, ingredients => \@rest }, ref $self;
}

sub make {
    my ($self) = @_;
    _srand($self->{seed}, 'members');
    my $write = {
        %$self,
        type    => 'application/json',
        style   => _choice('plain', 'plain', 'escaped', 'mixed'),
        space   => [''],
        headers => [],
        query   => '',
        target  => $self->{path},
    };
    my ($members, $shown) = $self->_valid_members;
    my %statuses;

    $write->{members} = [map { [_string($write, $_), _value($write, $_, $members->{$_}), $_] } _shuffled(keys %$members)];
    my @ingredients = map { { %{ $ingredients{ $_->[0] } }, seed => $_->[1] } } @{ $self->{ingredients} };
    for my $step (qw(style members text request)) {
        $write->{text} = _object($write) if $step eq 'text';
        for my $ingredient (grep { $_->{$step} } @ingredients) {
            _srand($ingredient->{seed}, $step);
            $ingredient->{$step}->($write);
            $statuses{$_} = 1 for @{ $ingredient->{refused} || [] };
        }
    }
    push @{ $write->{headers} }, 'Content-Type' => $write->{type} if defined $write->{type};
    return (
        [$self->{method}, "$write->{target}$write->{query}", headers => $write->{headers}, body => $write->{text},
            exists $write->{host} ? (host => $write->{host}) : ()],
        { statuses => [sort keys %statuses], members => $shown },
    );
}

# --- Ingredients ----------------------------------------------------------------------------------------------------

# refused: the statuses that it is a reason for; none where it must not matter. on: whether it fits a write. weight:
# how often it is taken, 1 unless told. group: of each a write has one at most. What it does, by step: style (how JSON
# is spelled), members (pairs of JSON texts), text (the whole body), request.
%ingredients = (
    'white space'  => { style => sub { $_[0]{space} = ['', ' ', "\n", "\r\n\t", ' ' x 50] } },
    'escapes'      => { style => sub { $_[0]{style} = 'escaped' } },

    'tenant_id'    => { refused => [422], on => sub { $_[0]{resource} ne 'tenant' },
        members => sub { _add($_[0], 'tenant_id', $_[0]->{own}, $_[0]{foreign}, qq("$_[0]{foreign}"), 'null', -1, '{}', 1e10) } },
    'id'           => { refused => [422], members => sub { _add($_[0], 'id', 1, 2, '"1"', 'null', $_[0]{foreign}) } },
    'unknown'      => { refused => [422], members => sub { _add($_[0], _choice('tenant', 'TENANT_ID', 'tenant_id ', "tenant\x{200B}_id",
                'password_hash', 'api_key_hash', '__proto__', 'constructor', 'calls.tenant_id', '"tenant_id"', "x'; DROP TABLE calls; --",
                '', '$ne', _text(1, 40) . '!'), 1, '"x"', 'null', '[]', '{"tenant_id":1}') } },
    'a key with NUL' => { refused => [422], members => sub { my $name = _member_name($_[0]);
            _add_raw($_[0], qq("$name\\u0000x"), '"x"', 1) } },
    'tenant_id with NUL' => { refused => [422], members => sub { _add_raw($_[0], '"tenant_id\u0000"', $_[0]{foreign}) } },
    'a value with NUL' => { refused => [422], members => sub { _set($_[0], '"\u0000"', '"x\u0000y"', '["\u0000"]') } },
    'twice'        => { refused => [422], members => sub { _repeat($_[0], $_[0]{style}) } },
    'twice, once escaped' => { refused => [422], members => sub { _repeat($_[0], 'escaped') } },
    'wrong value'  => { refused => [422], members => \&_set_wrong },
    'nested'       => { refused => [422], members => sub { _set($_[0], qq({"tenant_id":$_[0]{foreign}}), '[]', '[[]]', '{"a":{"b":[1,{"c":null}]}}',
                '[' x 20 . ']' x 20) } },
    'read-only'    => { refused => [422], members => sub { _add($_[0], _closed_name($_[0]), 'null', 1, '"x"', 'true') } },
    'not given'    => { refused => [422], on => sub { $_[0]{method} eq 'POST' }, members => sub { $_[0]{members} = [] } },
    'huge number'  => { refused => [422], members => sub { _set($_[0], '1e400', '-1E+999', '9' x 400, '-' . '9' x 20, '9223372036854775808') } },
    'odd number'   => { refused => [400], members => sub { _set($_[0], qw(01 +1 1. .5 -), '0x1', 'NaN', '-Infinity', '1e', '1_000') } },
    'lone surrogate' => { refused => [400], members => sub { _set($_[0], map { qq("$_") } '\ud800', 'a\udfffb', '\ud83d\ud83d', '\ude00\ud83d') } },
    'lone surrogate in a key' => { refused => [400], members => sub { _add_raw($_[0], '"\udc00tenant_id"', 1) } },
    'deep'         => { refused => [400], members => sub { my $n = _choice(33, 40, 1000); _set($_[0], '[' x $n . ']' x $n, '{"a":' x $n . '1' . '}' x $n) } },
    'many members' => { refused => [400], members => sub { my ($write) = @_; _add($write, "k$_", 0) for 1 .. 300 } },

    'cut'          => { refused => [400], text => sub { $_[0]{text} = substr $_[0]{text}, 0, rand rindex $_[0]{text}, '}' } },
    'more'         => { refused => [400], text => sub { $_[0]{text} .= _choice('x', "\0", '//', "\xEF\xBB\xBF") } },
    'byte order mark' => { refused => [400], text => sub { $_[0]{text} = "\xEF\xBB\xBF$_[0]{text}" } },
    'no UTF-8'     => { refused => [400], text => sub { _insert($_[0], "\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\xBF\xBF\xBF", "\x80") } },
    'control'      => { refused => [400], text => sub { _insert($_[0], "\0", "\x01", "\x0B", "\x1F") } },
    'in an array'  => { refused => [422], text => sub { $_[0]{text} = "[$_[0]{text}]" } },
    'no object'    => { refused => [422], text => sub { $_[0]{text} = _choice(qw(null true 0 "x" []), '"{}"') } },
    'comment'      => { refused => [400], text => sub { $_[0]{text} = "/* */$_[0]{text}" } },

    'too large'    => { refused => [413], text => sub { $_[0]{text} .= ' ' x 70_000 } },

    'chunks'       => { request => \&_chunk },
    'charset'      => { request => sub { $_[0]{type} .= '; charset=UTF-8' if defined $_[0]{type} && $_[0]{type} !~ /;/ } },
    'merge patch'  => { on => sub { $_[0]{method} eq 'PATCH' }, request => sub {
            $_[0]{type} = 'application/merge-patch+json' if ($_[0]{type} // '') eq 'application/json' } },
    'other headers' => { request => sub { my ($write) = @_; push @{ $write->{headers} }, _choice(
                ['X-Tenant-Id' => $write->{foreign}], ['X-HTTP-Method-Override' => 'DELETE'], ['X-Forwarded-Host' => $write->{foreign_host}],
                ['Forwarded' => "host=$write->{foreign_host}"], ['Tenant-Id' => $write->{foreign}], [Cookie => "tenant_id=$write->{foreign}"],
                ['Connection' => 'X-Tenant-Id'], [Range => 'bytes=0-0'], [Accept => 'text/html, */*;q=0.1'], [TE => 'trailers'])->@* } },
    'condition'    => { group => 'condition', on => sub { $_[0]{method} eq 'PATCH' }, request => sub { push @{ $_[0]{headers} }, _choice(
                ['If-Match' => '*'], ['If-None-Match' => '"0-0"'], ['If-None-Match' => 'W/"x", "y"'])->@* } },
    'Idempotency-Key' => { group => 'key', on => sub { $_[0]{method} eq 'POST' },
        request => sub { push @{ $_[0]{headers} }, 'Idempotency-Key' => 'write-' . ++$keys } },
    'other version' => { group => 'condition', refused => [412], weight => 2, on => sub { $_[0]{method} eq 'PATCH' }, request => sub {
            push @{ $_[0]{headers} }, _choice(['If-Match' => '"1-0123456789abcdef", W/"*"'], ['If-None-Match' => '*'])->@* } },
    'no tags'      => { group => 'condition', refused => [400], on => sub { $_[0]{method} eq 'PATCH' }, request => sub {
            push @{ $_[0]{headers} }, _choice('If-Match', 'If-None-Match'), _choice('x', '"', '*, "a"', 'W/*', '"a" "b"') } },
    'no Idempotency-Key' => { group => 'key', refused => [400], on => sub { $_[0]{method} eq 'POST' }, request => sub {
            push @{ $_[0]{headers} }, 'Idempotency-Key' => _choice('a b', "\xE9", 'x' x 256, $_[0]{foreign_key}) } },
    'other type'   => { refused => [415], request => sub { $_[0]{type} = _choice(undef, 'text/plain', 'application/x-www-form-urlencoded',
                'application/json-patch+json', 'application/json; charset=utf-16', 'application', 'application/jsonx', 'text/json') } },
    'merge patch on POST' => { refused => [415], on => sub { $_[0]{method} eq 'POST' },
        request => sub { $_[0]{type} = 'application/merge-patch+json' } },
    'query'        => { refused => [400], request => sub { $_[0]{query} = '?' . _choice('tenant_id=2', 'id=1', 'limit=1', 'x', '%00', 'a=%ff') } },
    'other Host'   => { refused => [403], request => sub { $_[0]{host} = $_[0]{foreign_host} } },
    'two keys'     => { refused => [400], request => sub { push @{ $_[0]{headers} }, 'X-API-Key' => $_[0]{foreign_key} } },
    'other row'    => { refused => [404], weight => 8, on => sub { $_[0]{foreign_path} }, request => sub { $_[0]{target} = $_[0]{foreign_path} } },
);

# Adds a member, or one whose name is JSON text; its value is one of the JSON texts.
sub _add { my ($write, $name, @values) = @_; _add_raw($write, _string($write, $name), @values) }

sub _add_raw {
    my ($write, $name, @values) = @_;
    splice @{ $write->{members} }, rand 1 + @{ $write->{members} }, 0, [$name, _choice(@values)];
}

# Gives a member one of the JSON texts as its value.
sub _set {
    my ($write, @values) = @_;
    my $name = _open_name($write);
    @{ $write->{members} } = grep { ($_->[2] // '') ne $name } @{ $write->{members} };
    _add_raw($write, qq("$name"), @values);
}

sub _set_wrong {
    my ($write) = @_;
    my $name = _open_name($write);
    @{ $write->{members} } = grep { ($_->[2] // '') ne $name } @{ $write->{members} };
    my $wrong = $wrong_values{ $write->{resource} }{$name}
        //= [map { $_->[1] } grep { length $_->[1] < 4000 } wrong_values(members($write->{resource})->{$name})];
    _add_raw($write, qq("$name"), @$wrong);
}

# Gives a member a second time, with the value that it has.
sub _repeat {
    my ($write, $style) = @_;
    my $member = _choice(grep { defined $_->[2] } @{ $write->{members} }) // ['"x"', 1, 'x'];
    push @{ $write->{members} }, [_string({ style => $style }, $member->[2]), $member->[1]], $member;
}

# The name of a member that the write may give, may not, or of any.
sub _open_name   { my ($write) = @_; return _name($write, sub { !_is_closed($write->{method}, $_[0]) }) }
sub _closed_name { my ($write) = @_; return _name($write, sub { _is_closed($write->{method}, $_[0]) }) }
sub _member_name { my ($write) = @_; return _name($write, sub { 1 }) }

sub _name {
    my ($write, $filter) = @_;
    my $members = members($write->{resource});
    return _choice(sort grep { $filter->($members->{$_}) } keys %$members);
}

sub _is_closed { my ($method, $member) = @_; return $member->{read_only} || $method eq 'PATCH' && $member->{write_once} }

# Puts bytes somewhere into the text where they are always wrong.
sub _insert { my ($write, @bytes) = @_; substr $write->{text}, rand 1 + length $write->{text}, 0, _choice(@bytes) }

sub _is_chunked { return grep { $_ eq 'Transfer-Encoding' } @{ $_[0]{headers} } }

# The body in chunks, with an extension and a trailer now and then.
sub _chunk {
    my ($write) = @_;
    my $rest = $write->{text};
    my $body = '';

    return if _is_chunked($write);
    while (length $rest) {
        my $chunk = substr $rest, 0, 1 + rand _choice(1, 10, 100, 5000), '';
        $body .= sprintf "%x%s\r\n%s\r\n", length $chunk, _choice('', '', ';name=value'), $chunk;
    }
    $write->{text} = "${body}0\r\n" . _choice('', '', "X-Tenant-Id: $write->{foreign}\r\n") . "\r\n";
    push @{ $write->{headers} }, 'Transfer-Encoding' => 'chunked';
}

# --- What is valid ----------------------------------------------------------------------------------------------------

# Members and values for the write, and what the row shows of them.
sub _valid_members {
    my ($self) = @_;
    my $members = members($self->{resource});
    my $given = $self->{method} eq 'POST' ? sample($self->{resource}) : {};
    my %shown = %$given;

    for my $name (sort grep { !_is_closed($self->{method}, $members->{$_}) } keys %$members) {
        next if exists $given->{$name} || rand() < 0.5;
        my ($in, $out) = _valid_value($self->{resource}, $name, $members->{$name});
        $given->{$name} = $in;
        if ($members->{$name}{type} eq 'secret') {
            $shown{"${name}_set"} = defined $in ? JSON::PP::true : JSON::PP::false;
        } elsif ($members->{$name}{type} ne 'password') {
            $shown{$name} = $out;
        }
    }
    return ($given, \%shown);
}

# (as it may be given, as it is shown)
sub _valid_value {
    my ($resource, $name, $member) = @_;
    my $type = $member->{type};
    my $sample = sample($resource);

    return (undef, $member->{reset}) if $member->{nullable} && rand() < 0.1;
    return ($sample->{$name}) x 2 if exists $sample->{$name};
    return (_choice(undef, 'password ' . _text(1, 20))) x 2 if $type eq 'password';
    return ($member->{min} + int rand($member->{max} - $member->{min} + 1)) x 2 if $type eq 'integer';
    if ($type eq 'text' && !$member->{wrong} && rand() < 0.7) {
        return (_text($member->{min}, $member->{max} < 60 ? $member->{max} : 60)) x 2;
    }
    my $good = _choice(grep { ref || length($_) <= 1000 } @{ $member->{good} });
    return ref $good eq 'ARRAY' ? @$good : ($good, $good);
}

sub _text {
    my ($min, $max) = @_;
    return join '', map { $texts[rand @texts] } 1 .. $min + int rand($max - $min + 1);
}

# --- JSON, in many spellings ----------------------------------------------------------------------------------------------

sub _value {
    my ($write, $name, $value) = @_;
    my $type = members($write->{resource})->{$name}{type};
    return 'null' unless defined $value;
    return $type eq 'boolean' ? ($value ? 'true' : 'false') : $type eq 'integer' ? "$value" : _string($write, $value);
}

# A string as JSON in bytes.
sub _string {
    my ($write, $text) = @_;
    my $style = $write->{style};
    return '"' . join('', map { _character($_, $style) } split //, $text) . '"';
}

sub _character {
    my ($character, $style) = @_;
    my $code = ord $character;
    my $must = $code < 0x20 || $character eq '"' || $character eq '\\';

    return encode_utf8($character) unless $must || $style eq 'escaped' || $style eq 'mixed' && rand() < 0.3;
    return "\\$character" if $character =~ m{["\\/]} && rand() < 0.5;
    return sprintf '\u%04' . _choice('x', 'X'), $code if $code < 0x10000;
    return sprintf '\u%04x\u%04X', 0xD800 + ($code - 0x10000 >> 10), 0xDC00 + ($code - 0x10000 & 0x3FF);
}

sub _object {
    my ($write) = @_;
    my $space = sub { _choice(@{ $write->{space} }) };
    _srand($write->{seed}, 'spaces');
    return $space->() . '{' . join(',', map { $space->() . $_->[0] . $space->() . ':' . $space->() . $_->[1] . $space->() }
            @{ $write->{members} }) . '}' . $space->();
}

sub _choice { return $_[rand @_] }

sub _shuffled {
    my @list = sort @_;
    for my $n (reverse 1 .. $#list) {
        my $other = int rand $n + 1;
        @list[$n, $other] = @list[$other, $n];
    }
    return @list;
}

1;
