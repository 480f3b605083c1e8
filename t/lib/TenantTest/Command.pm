# SPDX-License-Identifier: Apache-2.0
package TenantTest::Command;

# Runs tenantctl:
#
#     my $run = tenantctl('tenant', 'list', '--json', '--database', $conninfo);
#     is($run->{status}, 0);
#     is($run->json->{tenants}[0]{name}, 'acme');
#
# A reference to a hash may come first: input => the text of standard input, which is empty otherwise; asked =>
# pattern: standard input, output and error are a terminal, what appears there is the output, and the input is typed
# once the pattern is there.

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Temp ();
use JSON::PP ();
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(tenantctl start_tenantctl is_done is_refused);

$ENV{APACHE_CONFDIR} = '/nowhere';    # what this machine's httpd is set to is no default of a test

my $program = Cwd::abs_path(__FILE__) =~ s{/t/lib/TenantTest/Command\.pm$}{/build/tenantctl}r;

sub tenantctl {
    return start_tenantctl(@_)->wait;
}

# The same, without waiting for its end: ->{pid}, ->wait.
sub start_tenantctl {
    my $option = ref $_[0] ? shift : {};
    my @command = ($program, @_);
    my $self = bless { map { $_ => scalar File::Temp::tempfile() } qw(out err) }, __PACKAGE__;
    my ($in, $input) = (scalar File::Temp::tempfile(), $option->{input} // '');

    if ($option->{asked}) {
        @command = ('script', '-qfec', join(' ', map { quoted($_) } @command), '/dev/null');
        pipe $in, $self->{terminal} or die "pipe: $!";
    }
    else {
        print $in $input;
        $in->flush;
        seek $in, 0, 0;
    }
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        close $self->{terminal} if $self->{terminal};
        $ENV{LD_PRELOAD} = $ENV{TENANT_TEST_PRELOAD} if $ENV{TENANT_TEST_PRELOAD};    # for the httpd that it asks
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $self->{out};
        open STDERR, '>&', $self->{err};
        exec { $command[0] } @command or die "$command[0]: $!";
    }
    if ($option->{asked}) {
        my $until = time + 10;
        sleep 0.02 until $self->_printed =~ $option->{asked} || time > $until;
        syswrite $self->{terminal}, $input;
    }
    return $self;
}

# What is in the output up to now.
sub _printed {
    my ($self) = @_;
    open my $file, '<', "/proc/$$/fd/" . fileno $self->{out} or die "output: $!";
    local $/;
    return <$file> // '';
}

# Its end: status (128 + the number of a signal that ended it), output, errors.
sub wait {
    my ($self) = @_;
    waitpid $self->{pid}, 0;
    close $self->{terminal} if $self->{terminal};
    $self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    for (qw(out err)) {
        seek $self->{$_}, 0, 0;
        local $/;
        $self->{$_} = readline($self->{$_}) // '';
    }
    @$self{qw(output errors)} = @$self{qw(out err)};
    return $self;
}

# The document that it printed.
sub json {
    my ($self) = @_;
    return JSON::PP->new->utf8->decode($self->{output});
}

# A word for the shell.
sub quoted {
    my ($word) = @_;
    return "'" . $word =~ s/'/'\\''/gr . "'";
}

# That it succeeded, in silence on standard error.
sub is_done {
    my ($run, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::ok($run->{status} == 0 && $run->{errors} eq '', $name);
    Test::More::diag("status $run->{status}\n$run->{errors}$run->{output}") unless $ok;
    return $ok;
}

# That it ended with this status, printed nothing, and said why: one line, where it is not wrong usage.
sub is_refused {
    my ($run, $status, $why, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::ok($run->{status} == $status && $run->{output} eq '' && $run->{errors} =~ $why, $name);
    Test::More::diag("status $run->{status}\n$run->{errors}$run->{output}") unless $ok;
    return $ok;
}

1;
