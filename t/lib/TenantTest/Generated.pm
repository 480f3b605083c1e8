# SPDX-License-Identifier: Apache-2.0
package TenantTest::Generated;

# A resource that nobody has thought of: a random name and random fields, the same for the same seed.
#
#     my $resource = TenantTest::Generated->new($seed);
#     $resource->add_to($tree);       # one entry in resources[], one Sqitch change
#     my $body = $resource->body;     # values for a create, as Perl data for JSON
#
# Members: name; fields, each with name, type (integer, text, boolean, time, password, secret), presence, and
#     presence      on create            null            on update
#     required      must be given        refused         as given
#     nullable      null where absent    null            as given
#     fallback      fallback if absent   refused         as given
#     reset         fallback if absent   the fallback    as given
#     server        refused; fallback                    refused; on_update, or as it was
# write_once refuses it on update; min, max, controls, check narrow its values; tells: it is whether that secret is
# set. text_id: ids are UUIDs, lists are in the order of created_at. created: its field created_at, the server's; undef
# where it has none. key: the field that names a row besides the id. is_public: TenantPublicRead may name it.

use strict;
use warnings;
use utf8;

use JSON::PP ();
use POSIX ();

my @syllables = map { my $c = $_; map { "$c$_" } qw(a e i o u) } qw(b d f g k l m n p r s t v z);
my @letters = (('a' .. 'z', 'A' .. 'Z', 0 .. 9) x 2, split //, q( '"\\/%$;:<>&{}[]-_.,é☃ß漢😀));

sub new {
    my ($class, $seed) = @_;
    srand $seed;
    my $self = bless { %{ _choice({}, {}, { text_id => 1 }) }, is_public => int rand 2 }, $class;
    my %taken = map { $_ => 1 } qw(id tenant_id created_at before);    # the last is a parameter of lists, and of three syllables
    my $name = sub {
        my $word;
        do { $word = _word() } while $taken{$word}++;
        return $word;
    };

    $self->{name} = $name->();
    # what there must be one of
    $self->{fields} = [_field($name->(), _choice(qw(integer text)), _choice(qw(required nullable)))];
    push @{ $self->{fields} }, _random_field($name->()) for 1 .. 2 + int rand 3;
    push @{ $self->{fields} }, _hidden($name->(), 'password') if rand() < 0.25;
    push @{ $self->{fields} }, _secret($name->()) if rand() < 0.25;
    push @{ $self->{fields} }, $self->{key} = _key($name->()) if !$self->{text_id} && rand() < 0.5;
    $self->{fields} = [sort { $a->{name} cmp $b->{name} } @{ $self->{fields} }];
    if ($self->{text_id} || rand() < 0.5) {
        my $filter = int rand 2;
        $self->{created} = { name => 'created_at', type => 'time', presence => 'server', filter => $filter, range => $filter };
    }
    return $self;
}

sub _choice { return $_[rand @_] }
sub _word { return join('', map { _choice(@syllables) } 1 .. 3 + int rand 3) . _choice('', '', '', '_at', '_2') }

sub _random_field {
    my ($name) = @_;
    my $type = _choice(qw(integer integer text text text boolean time time));
    my $field = _field($name, $type, _choice(qw(required nullable fallback reset server)));
    $field->{write_once} = 1 if $field->{presence} ne 'server' && rand() < 0.25;
    return $field;
}

sub _field {
    my ($name, $type, $presence) = @_;
    my %field = (name => $name, type => $type, presence => $presence);
    if ($type eq 'integer') {
        my ($low, $high) = sort { $a <=> $b } map { int rand 2000 } 1 .. 2;
        @field{qw(min max)} = @{ _choice([$low, $high], [-$high, $low], [-2147483648, 2147483647], [0, 2147483647]) };
    } elsif ($type eq 'text') {
        $field{min} = int rand 5;
        $field{max} = $field{min} + 1 + int rand 200;
        $field{controls} = 1 if rand() < 0.3;
        $field{check} = 'check_status', $field{min} = 1 if !$field{controls} && rand() < 0.3;
    }
    $field{filter} = 1 if rand() < 0.5;
    $field{range} = 1 if $field{filter} && $type =~ /^(?:integer|time)$/ && rand() < 0.5;
    $field{fallback} = random_value(\%field) if $presence =~ /^(?:fallback|reset|server)$/;
    $field{on_update} = random_value(\%field) if $presence eq 'server' && rand() < 0.5;
    return \%field;
}

# What is stored hashed or sealed, and never shown.
sub _hidden {
    my ($name, $type) = @_;
    return { name => $name, type => $type, presence => 'nullable', min => 8, max => 8 + int rand 100,
        $type eq 'password' ? (column => "${name}_hash") : () };
}

# A secret, and whether it is set.
sub _secret {
    my ($name) = @_;
    return (_hidden($name, 'secret'), { name => "${name}_set", type => 'boolean', presence => 'server', tells => $name });
}

sub _key {
    my ($name) = @_;
    return { name => $name, type => 'text', presence => 'required', write_once => 1, is_key => 1, filter => 1,
        min => 34, max => 34, check => 'check_recording_sid' };
}

# --- Values ----------------------------------------------------------------------------------------------------

sub is_hidden { return $_[0]{type} =~ /^(?:password|secret)$/ }
sub is_creatable { return $_[0]{presence} ne 'server' }
sub is_updatable { return is_creatable($_[0]) && !$_[0]{write_once} }

# A value that the field accepts, as Perl data for JSON.
sub random_value {
    my ($field) = @_;
    my $type = $field->{type};
    return truth(rand() < 0.5) if $type eq 'boolean';
    return 0 + _choice($field->{min}, $field->{max}, $field->{min} + int rand($field->{max} - $field->{min} + 1))
        if $type eq 'integer';
    return _random_time() if $type eq 'time';
    return random_text($field, _choice($field->{min}, $field->{max}, $field->{min} + int rand($field->{max} - $field->{min} + 1)));
}

# A text of so many characters.
sub random_text {
    my ($field, $length) = @_;
    my $check = $field->{check} // '';
    return 'RE' . join '', map { _choice(0 .. 9, 'a' .. 'f') } 3 .. $length if $check eq 'check_recording_sid';
    return join '', map { _choice('a' .. 'z') } 1 .. $length if $check eq 'check_status';
    return join '', map { _choice('a' .. 'z', 0 .. 9) } 1 .. $length if is_hidden($field);
    return join '', map { _choice(@letters, $field->{controls} ? ("\t", "\n", "\r", "\x01", "\e", "\x1F") : ()) } 1 .. $length;
}

sub truth { return $_[0] ? JSON::PP::true : JSON::PP::false }

# RFC 3339 in any offset.
sub _random_time {
    my $seconds = 86400 + int rand 86400 * 365 * 8000;
    my $minutes = _choice(0, 0, int(rand 1439), -int rand 1439);
    my $offset = $minutes ? sprintf('%s%02d:%02d', $minutes < 0 ? '-' : '+', abs($minutes) / 60, abs($minutes) % 60) : 'Z';
    my $fraction = _choice('', '', '.5', sprintf('.%06d', int rand 1e6), '.25');
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime $seconds + 60 * $minutes) . $fraction . $offset;
}

# What an answer shows for a value that was stored: times in UTC, with as many digits as they need.
sub shown {
    my ($field, $value) = @_;
    return $value unless $field->{type} eq 'time' && defined $value;
    my ($y, $mon, $d, $h, $min, $s, $fraction, $sign, $oh, $om) =
        $value =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?(?:Z|([+-])(\d+):(\d+))$/ or die $value;
    my $seconds = 86400 * _days($y, $mon, $d) + 3600 * $h + 60 * $min + $s;
    $seconds -= ($sign eq '-' ? -60 : 60) * (60 * $oh + $om) if $sign;
    ($fraction //= '') =~ s/0+$//;
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime $seconds) . (length $fraction ? ".$fraction" : '') . 'Z';
}

# Days from 1970-01-01.
sub _days {
    my ($year, $month, $day) = @_;
    require Time::Local;
    return Time::Local::timegm_modern(0, 0, 0, $day, $month - 1, $year) / 86400;
}

# Values that the field refuses: [value, code].
sub wrong_values {
    my ($field) = @_;
    my ($type, $min, $max) = @$field{qw(type min max)};
    my @wrong = $field->{presence} =~ /^(?:required|fallback)$/ ? ([undef, 'null']) : ();
    return (@wrong, ['true', 'type'], [1, 'type'], [[], 'type']) if $type eq 'boolean';
    return (@wrong, ["$min", 'type'], [$min + 0.5, 'type'], [JSON::PP::true, 'type'],
        [$min - 1, 'range'], [$max + 1, 'range']) if $type eq 'integer';
    push @wrong, [5, 'type'], [{}, 'type'], [JSON::PP::false, 'type'];
    return (@wrong, map { [$_, 'pattern'] } '', 'now', '2026-02-03T04:05:06', '2026-02-30T00:00:00Z', '1969-12-31T23:59:59Z')
        if $type eq 'time';
    push @wrong, [random_text($field, $max + 1), 'length'];
    push @wrong, [random_text($field, $min - 1), 'length'] if $min > 0;
    return @wrong if is_hidden($field);
    push @wrong, ['A' . random_text($field, $max - 1), 'pattern'] if $field->{check};
    push @wrong, ["\n" . random_text($field, $max - 1), 'pattern'] unless $field->{controls};
    return @wrong;
}

# A body for a create: with `all`, every field that it takes; else the required ones.
sub body {
    my ($self, $all) = @_;
    return { map { $_->{name} => random_value($_) }
            grep { $all ? is_creatable($_) : $_->{presence} eq 'required' } @{ $self->{fields} } };
}

# What the row of a body shows, but for its id and created_at.
sub row {
    my ($self, $body, $tenant_id) = @_;
    my %row = (tenant_id => 0 + $tenant_id);
    for my $field (@{ $self->{fields} }) {
        next if is_hidden($field);
        my $value = $body->{ $field->{name} } // $field->{fallback};
        $row{ $field->{name} } = $field->{tells} ? truth(defined $body->{ $field->{tells} }) : shown($field, $value);
    }
    return \%row;
}

# --- The entry and the change ----------------------------------------------------------------------------------

# A string of C, or of SQL.
sub _c { my ($text) = @_; $text =~ s/(["\\])/\\$1/g; $text =~ s/\n/\\n/g; $text =~ s/\r/\\r/g; $text =~ s/\t/\\t/g; return qq{"$text"} }
sub _sql { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" }

# A value as SQL in the entry, where % is doubled. Of a boolean it is JSON as well.
sub _expression {
    my ($field, $value) = @_;
    return $value ? 'true' : 'false' if $field->{type} eq 'boolean';
    return "$value" if $field->{type} eq 'integer';
    my $sql = _sql(shown($field, $value)) . ($field->{type} eq 'time' ? '::timestamptz' : '');
    $sql =~ s/%/%%/g;
    return $sql;
}

sub _c_field {
    my ($field) = @_;
    my @flags = (
        { required => 'REQUIRED', nullable => 'NULLABLE', reset => 'RESET', server => 'READ_ONLY' }->{ $field->{presence} } // (),
        $field->{write_once} ? 'WRITE_ONCE' : (), $field->{is_key} ? 'KEY' : (), $field->{filter} ? 'FILTER' : (),
        $field->{range} ? 'RANGE' : (), $field->{controls} ? 'CONTROLS' : (),
    );
    my @members = ('.name = ' . _c($field->{name}), '.type = FIELD_' . ($field->{tells} ? 'SEALED' : uc $field->{type}));
    push @members, '.flags = ' . join ' | ', map { "FIELD_$_" } @flags if @flags;
    push @members, ".min = $field->{min}", ".max = $field->{max}" if defined $field->{max};
    push @members, ".check = $field->{check}" if $field->{check};
    push @members, '.column = ' . _c($field->{column}) if $field->{column};
    push @members, '.column = ' . _c($field->{tells}) if $field->{tells};
    for (qw(fallback on_update)) {
        push @members, ".$_ = " . _c(_expression($field, $field->{$_})) if defined $field->{$_};
    }
    return '{' . join(', ', @members) . '}';
}

# The entry of resources[].
sub entry {
    my ($self) = @_;
    my @fields = map { _c_field($_) } @{ $self->{fields} };
    if ($self->{text_id}) {
        unshift @fields, '{.name = "id", .type = FIELD_TEXT, .flags = FIELD_READ_ONLY | FIELD_FILTER, .min = 1, .max = 256,'
            . ' .fallback = "gen_random_uuid()::text"}';
    } else {
        unshift @fields, 'ID';
    }
    push @fields, '{.name = "created_at", .type = FIELD_TIME, .flags = FIELD_READ_ONLY'
        . ($self->{created}{filter} ? ' | FIELD_FILTER | FIELD_RANGE' : '') . ', .fallback = "now()"}' if $self->{created};
    splice @fields, 1, 0, 'TENANT_ID';
    my $entry = qq(    {\n     .name = "$self->{name}",\n     .operations = RESOURCE_ALL,\n);
    $entry .= "     .order = ORDER_CREATED,\n" if $self->{text_id};
    $entry .= "     .is_public = 1,\n" if $self->{is_public};
    $entry .= "     .fields = (const field_t[]){\n" . join('', map { "         $_,\n" } @fields) . "         {0}},\n";
    $entry .= "     .conflicts = (const conflict_t[]){{\"$self->{name}_$self->{key}{name}_key\", &problem_sid_taken}, {0}},\n"
        if $self->{key};
    return "$entry    },\n";
}

sub _column {
    my ($field) = @_;
    my $type = { integer => 'integer', boolean => 'boolean', time => 'timestamptz', password => 'text', secret => 'text',
        text => $field->{max} && $field->{max} % 2 ? 'text' : 'varchar(' . ($field->{max} // 1) . ')' }->{ $field->{type} };
    return join ' ', $field->{column} // $field->{name}, $type, $field->{presence} eq 'nullable' ? () : 'NOT NULL',
        $field->{is_key} ? 'UNIQUE' : ();
}

# The scripts of the change: deploy, revert, verify.
sub change {
    my ($self) = @_;
    my $name = $self->{name};
    my @columns = ($self->{text_id} ? 'id text PRIMARY KEY' : 'id serial PRIMARY KEY',
        'tenant_id integer NOT NULL REFERENCES tenants (id) ON DELETE CASCADE',
        (map { _column($_) } grep { !$_->{tells} } @{ $self->{fields} }), $self->{created} ? 'created_at timestamptz' : ());
    my $list = sub {
        my ($condition) = @_;
        return "'{" . join(',', map { $_->{column} // $_->{name} } grep { $_->{$condition} } @{ $self->{fields} }) . "}'";
    };
    return (
        deploy => "BEGIN;\nCREATE TABLE $name (\n  " . join(",\n  ", @columns) . "\n);\n"
            . "CALL tenant_table_secure('$name', filterable => " . $list->('filter') . ', write_once => '
            . $list->('write_once') . ', secret => ' . $list->('column') . ");\nCOMMIT;\n",
        revert => "DROP TABLE $name;\n",
        verify => "CALL tenant_table_check('$name');\n",
    );
}

# Adds both to a copy of the source tree.
sub add_to {
    my ($self, $tree) = @_;
    my %change = $self->change;
    my $entry = $self->entry;

    _edit("$tree/mod_tenant/resource/resources.c", sub { s/^(?=    \{0\s*\},\n\};)/$entry/m });
    _edit("$tree/sql/sqitch.plan", sub {
        $_ .= "$self->{name} [tenant_table_secure] 2026-11-24T00:00:00Z tester <tester\@example.org> # Add $self->{name}\n";
    });
    for (keys %change) {
        open my $file, '>:utf8', "$tree/sql/$_/$self->{name}.sql" or die $!;
        print $file $change{$_};
        close $file or die $!;
    }
}

# Runs an edit with the file's text in $_; dies when it changes nothing.
sub _edit {
    my ($path, $edit) = @_;
    open my $in, '<:utf8', $path or die "$path: $!";
    local $_ = do { local $/; <$in> };
    $edit->() or die "$path is not as expected\n";
    open my $out, '>:utf8', $path or die "$path: $!";
    print $out $_;
    close $out or die "$path: $!";
}

1;
