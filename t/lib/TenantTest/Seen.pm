# SPDX-License-Identifier: Apache-2.0
package TenantTest::Seen;

# What a TenantTest::Crowd has seen, counted. Each figure is a list of sentences, empty when all is right, or a number.

use strict;
use warnings;

use List::Util qw(max sum0);

sub new {
    my ($class, $crowd, @notes) = @_;
    return bless { crowd => $crowd, notes => \@notes }, $class;
}

sub notes {
    my ($self, @did) = @_;
    my %is = map { $_ => 1 } @did;
    return grep { $is{ $_->{did} } } @{ $self->{notes} };
}

# Writes that were acknowledged.
sub acknowledged { return grep { $_->{sid} || defined $_->{value} } $_[0]->notes(qw(post patch)) }

# Those of them that the database does not have.
sub lost {
    my ($self) = @_;
    my $dbh = $self->{crowd}->_dbh;
    my %has = map { $_ => 1 } @{ $dbh->selectcol_arrayref('SELECT sid FROM calls') };
    my %value = map { @$_ } @{ $dbh->selectall_arrayref('SELECT id, substr(description, 2)::int FROM products WHERE description ~ \'^v[0-9]+$\'') };
    my @lost = map { $has{ $_->{sid} } ? () : "the call $_->{sid} of $_->{ended}" } grep { $_->{sid} } $self->acknowledged;
    for my $patch (grep { defined $_->{value} } $self->acknowledged) {
        my $kept = $value{ $self->{crowd}{products}[$patch->{who}] } // -1;
        push @lost, "v$patch->{value} of writer $patch->{who}, where v$kept is" if $kept < $patch->{value};
    }
    return @lost;
}

# Reads that began after a change had been acknowledged and did not show it; those of whoever has written, and of others so many
# seconds after it.
sub stale { return $_[0]->_behind('read', 0) }
sub outdated { my ($self, $lag) = @_; return $self->_behind('follow', $lag) }

sub _behind {
    my ($self, $did, $lag) = @_;
    my (%done, @stale);
    push @{ $done{ $_->{who} } }, $_ for sort { $a->{ended} <=> $b->{ended} } grep { defined $_->{value} } $self->notes('patch');
    my %next;
    my %known;
    for my $read (grep { defined $_->{value} } $self->notes($did)) {
        my $who = $read->{who};
        my $done = $done{$who} // [];
        $known{$who} = $done->[$next{$who}++]{value} while ($next{$who} //= 0) < @$done && $done->[$next{$who}]{ended} + $lag < $read->{began};
        push @stale, "v$read->{value} of writer $who at $read->{began}, behind v$known{$who}" if ($known{$who} // 0) > $read->{value};
    }
    return @stale;
}

# Values of a product that were seen with more than one tag, and correct PATCHes that were 412.
sub contradictory_tags {
    my ($self) = @_;
    my %tags;
    $tags{"v$_->{value} of writer $_->{who}"}{ $_->{tag} } = 1 for grep { defined $_->{value} && defined $_->{tag} } $self->notes(qw(read follow patch));
    return ((map { "$_ has " . join ' and ', sort keys %{ $tags{$_} } } grep { keys %{ $tags{$_} } > 1 } sort keys %tags),
        map { "a PATCH by writer $_->{who} at $_->{ended}: 412" } grep { ($_->{wrong} // '') eq 'tag' } $self->notes('patch'));
}

# Other answers than those that a client has to reckon with.
sub wrong {
    my ($self) = @_;
    return map { "$_->{did} at $_->{ended}: $_->{wrong} " . ($_->{code} // '') } grep { ($_->{wrong} // 'tag') ne 'tag' } $self->notes(qw(post patch));
}

# How long behind its COMMIT a tenant that is switched off was still served, in seconds: of each request so served.
sub served_after_revocation {
    my ($self) = @_;
    my ($off, @late);
    for my $note ($self->notes(qw(off on ask))) {
        if ($note->{did} ne 'ask') { $off = $note->{did} eq 'off' && $note->{status} ? $note->{ended} : undef }
        elsif (defined $off && $note->{status} == 200 && $note->{began} > $off) { push @late, $note->{began} - $off }
    }
    return @late;
}

sub revocations { return scalar grep { $_->{status} } $_[0]->notes('off') }

# Requests that no client should have noticed: those that had to be sent again, and reads that failed.
sub failed {
    my ($self) = @_;
    return ((grep { ($_->{tries} // 1) > 1 || !$_->{status} } $self->notes(qw(post patch))), grep { $_->{status} != 200 } $self->notes('read'));
}

# The longest time without any read that succeeded, and without any write, in seconds.
sub longest_gap {
    my ($self, @did) = @_;
    my @ends = sort { $a <=> $b } map { $_->{ended} } grep { $_->{status} =~ /^2/ } $self->notes(@did);
    return @ends < 2 ? 9**9 : max map { $ends[$_] - $ends[$_ - 1] } 1 .. $#ends;
}

# Whom a part of the time is of interest: the same, of what began between two points in time.
sub between {
    my ($self, $from, $to) = @_;
    return ref($self)->new($self->{crowd}, grep { $_->{began} >= $from && $_->{began} <= $to } @{ $self->{notes} });
}

# One line for the documents.
sub summary {
    my ($self) = @_;
    my %status;
    $status{ $_->{status} }++ for $self->notes('read');
    my @took = sort { $a <=> $b } map { $_->{ended} - $_->{began} } $self->notes('read');
    return sprintf '%d writes acknowledged (%d sent again), %d reads (%s; median %.3f s, slowest %.2f s), longest without a read %.2f s, without a write %.2f s, '
        . '%d revocations, latest served %.3f s behind one',
        scalar $self->acknowledged, scalar(grep { $_->{tries} > 1 } $self->notes(qw(post patch))), scalar $self->notes('read'),
        join(', ', map {"$_: $status{$_}"} sort keys %status), $took[$#took / 2] // 0, $took[-1] // 0, $self->longest_gap('read'), $self->longest_gap(qw(post patch)),
        $self->revocations, max(0, $self->served_after_revocation);
}

1;
