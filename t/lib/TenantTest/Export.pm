# SPDX-License-Identifier: Apache-2.0
package TenantTest::Export;

# Exports of tenants (tenantctl tenant export), read and made by other means than tenantctl's.
#
#     my $export = TenantTest::Export->read($file);
#     $export->{files}{'calls.ndjson'}        # its bytes
#     $export->manifest->{tenant}{name}
#     $export->rows('calls')                  # its lines, without ids
#     $export->write($file)                   # with the manifest made anew, unless it was changed by hand

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use JSON::PP ();

our @EXPORT_OK = qw(entry archive);

my $json = JSON::PP->new->utf8->canonical->allow_bignum;

# A file of a tar archive, with its header. Fields of the header may be given: type, link, magic, prefix, size.
sub entry {
    my ($name, $bytes, %field) = @_;
    my $size = $field{size} // sprintf '%011o', length $bytes;
    my $header = pack 'a100 a8 a8 a8 a12 a12 A8 a1 a100 a6 a2 a32 a32 a8 a8 a155 a12', $name, '0000600', '0000000', '0000000', $size,
        '00000000000', '', $field{type} // '0', $field{link} // '', $field{magic} // "ustar\0", '00', '', '', '', '', $field{prefix} // '', '';
    my $sum = 0;
    $sum += $_ for unpack 'C*', $header;
    substr $header, 148, 8, $field{checksum} // sprintf "%06o\0 ", $sum;
    return $header . $bytes . "\0" x (-length($bytes) % 512);
}

# An archive of entries.
sub archive { return join '', @_, "\0" x 1024 }

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar readline $in;
}

# Unpacks by tar itself, which has to find it in order.
sub read {
    my ($class, $file) = @_;
    my $self = bless { files => {}, order => [] }, $class;

    open my $list, '-|', 'tar', '-tf', $file or die "tar: $!";
    chomp(my @names = <$list>);
    close $list or die "tar -t: $?\n";
    for my $name (@names) {
        open my $member, '-|', 'tar', '-xOf', $file, $name or die "tar: $!";
        local $/;
        $self->{files}{$name} = readline($member) // '';
        push @{ $self->{order} }, $name;
        close $member or die "tar -x: $?\n";
    }
    return $self;
}

sub manifest { return $json->decode($_[0]{files}{'manifest.json'}) }

# The lines of a table, without ids that are numbers; in the order of the file.
sub rows {
    my ($self, $table) = @_;
    return [map { s/\A\{"id":[0-9]+,/{/r } split /\n/, $self->{files}{"$table.ndjson"}];
}

# Changes the rows of a table: its lines, each a hash, go through a function.
sub change {
    my ($self, $table, $change) = @_;
    my @rows = map { $json->decode($_) } split /\n/, $self->{files}{"$table.ndjson"};
    $self->{files}{"$table.ndjson"} = join '', map { $json->encode($_) . "\n" } $change->(@rows);
    return $self;
}

# The archive, with hashes, sizes and counts as they are; a function may change the manifest then.
sub bytes {
    my ($self, $change) = @_;
    my $manifest = $self->manifest;
    for my $file (@{ $manifest->{files} }) {
        my $bytes = $self->{files}{ $file->{name} } // next;
        @$file{qw(sha256 bytes rows)} = (sha256_hex($bytes), length $bytes, scalar(() = $bytes =~ /\n/g));
    }
    $change->($manifest) if $change;
    return archive((map { entry($_, $self->{files}{$_}) } grep { $_ ne 'manifest.json' && defined $self->{files}{$_} } @{ $self->{order} }),
        entry('manifest.json', $json->encode($manifest)));
}

sub write {
    my ($self, $file, $change) = @_;
    open my $out, '>:raw', $file or die "$file: $!";
    print $out $self->bytes($change);
    close $out or die "$file: $!";
    return $file;
}

1;
