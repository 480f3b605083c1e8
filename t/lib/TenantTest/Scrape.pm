# SPDX-License-Identifier: Apache-2.0
package TenantTest::Scrape;

# What TenantHandler metrics tells, read:
#
#     my $before = TenantTest::Scrape->of($server);
#     ...
#     my $after = TenantTest::Scrape->of($server);
#     is($after->value('mod_tenant_requests_total', handler => 'api', method => 'GET'), 3);
#
# A value is the sum over all samples that have these labels. A text that is no such format is a death.

use strict;
use warnings;

use Exporter 'import';
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(promtool);

my $open = 'application/openmetrics-text';

# Options: openmetrics => 1; path; others are TenantTest::request()'s.
sub of {
    my ($class, $server, %option) = @_;
    my $is_open = delete $option{openmetrics};
    my $path = delete $option{path} // '/metrics';
    my $response = TenantTest::request(
        GET => $path,
        to => $server,
        ($is_open ? (headers => [Accept => "$open;version=1.0.0,text/plain;q=0.5"]) : ()), %option
    );
    die 'no scrape: ' . $response->status . ' ' . $response->body if $response->status != 200;
    return $class->read($response->body, $is_open, $response->header('Content-Type'));
}

# Reads a text; is_open: as OpenMetrics.
sub read {
    my ($class, $text, $is_open, $type) = @_;
    my $self = bless { text => $text, type => $type, samples => [], families => {} }, $class;
    my $family;

    die "the last line does not end\n" if $text !~ /\n\z/;
    my @lines = split /\n/, $text, -1;
    pop @lines;
    die "no # EOF at the end\n" if $is_open && pop @lines ne '# EOF';
    for my $line (@lines) {
        if ($line =~ /\A# HELP (\w+) (\S.*)\z/) {
            die "$1 comes twice\n" if $self->{families}{$1};
            $family = $self->{families}{$1} = { name => $1, help => $2 };
        } elsif ($line =~ /\A# TYPE (\w+) (counter|gauge|histogram|info)\z/) {
            die "TYPE of $1 is not behind its HELP\n" if $family->{name} ne $1 || $family->{type};
            $family->{type} = $2;
        } else {
            $self->_sample($line, $family, $is_open);
        }
    }
    return $self;
}

sub _sample {
    my ($self, $line, $family, $is_open) = @_;
    my %ending = (
        counter   => $is_open ? qr/_total/ : qr//,
        gauge     => qr//,
        histogram => qr/_bucket|_sum|_count/,
        info      => qr/_info/,
    );
    my ($name, $labels, $value) = $line =~ /\A(\w+)(?:\{(.*)\})? (-?\d+(?:\.\d+)?)\z/ or die "no sample: $line\n";
    my %labels;

    die "$name is not of the family $family->{name}\n" if $name !~ /\A\Q$family->{name}\E$ending{ $family->{type} }\z/;
    $labels //= '';
    while ($labels =~ /\G(?:,|\A)(\w+)="((?:[^"\\\n]|\\[\\"n])*)"/gc) {
        die "the label $1 comes twice: $line\n" if exists $labels{$1};
        $labels{$1} = $2 =~ s/\\(.)/$1 eq 'n' ? "\n" : $1/ger;
    }
    die "no labels: $line\n" if length $labels && (pos($labels) // 0) != length $labels;
    my $key = join "\0", $name, map { "$_=$labels{$_}" } sort keys %labels;
    die "a sample comes twice: $line\n" if $self->{seen}{$key}++;
    push @{ $self->{samples} }, { name => $name, labels => \%labels, value => $value };
}

# All samples of a name that have some labels.
sub samples {
    my ($self, $name, %labels) = @_;
    return grep {
        my $sample = $_;
        $sample->{name} eq $name && !grep { ($sample->{labels}{$_} // '') ne $labels{$_} } keys %labels
    } @{ $self->{samples} };
}

sub value {
    my ($self, $name, %labels) = @_;
    my $sum = 0;
    $sum += $_->{value} for $self->samples($name, %labels);
    return $sum;
}

# Scrapes until a value is what is wanted, or 20 s are over: a request is counted behind its answer. Returns the last value.
sub await {
    my ($class, $server, $want, $name, %labels) = @_;
    my $until = time + 20;
    my $value;
    sleep 0.02 while ($value = $class->of($server)->value($name, %labels)) != $want && time < $until;
    return $value;
}

# What promtool says of a text: (whether it is fine, what it said).
sub promtool {
    my ($text, @arguments) = @_;
    my $file = File::Temp->new;
    print $file $text;
    close $file;
    my $said = qx{promtool @arguments < $file 2>&1};
    return ($? == 0 && $said eq '', $said);
}

1;
