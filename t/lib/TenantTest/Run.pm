# SPDX-License-Identifier: Apache-2.0
package TenantTest::Run;

# Apache::TestRun with a site (PostgreSQL, keys, certificate) around httpd, and one prove for all kinds of tests.

use strict;
use warnings;

use parent 'Apache::TestRun';

use List::Util qw(min);

use TenantTest::Server;
use TenantTest::Site;

# Not a member of the object: Apache::Test writes the object to a file and makes copies from it.
my $site;

# Apache::Test would run itself again to allow core files.
sub set_ulimit { }

# The exit status for the process.
sub status {
    my ($self) = @_;
    return $self->{status} // 0;
}

# The modules and programs of Debian, and variables for t/conf/*.conf.in.
sub new_test_config {
    my ($self) = @_;
    my $options = $self->{conf_opts};
    return $self->SUPER::new_test_config if grep { $self->{opts}{$_} } qw(clean help);

    $site //= TenantTest::Site->make(is_main => 1);
    %$options = (
        %$options,
        save            => 1,
        apxs            => '/usr/bin/apxs',
        httpd           => TenantTest::Server::program(),
        httpd_conf      => "$site->{conf_dir}/modules.conf",
        port            => TenantTest::Server::free_port(),
        servername      => '127.0.0.1',
        tls_port        => TenantTest::Server::free_port(),
        TenantTest::Server::sizes(),
        (map { $_ => $site->{$_} } qw(module conninfo key_file certificate certificate_key)),
    );
    delete $options->{thaw};
    return $self->SUPER::new_test_config;
}

# Tells the tests where httpd is.
sub configure {
    my ($self) = @_;
    $self->SUPER::configure;
    my $vars = $self->{test_config}{vars};
    mkdir $vars->{t_logs};
    $site->save(server => {
        root     => $vars->{serverroot},
        pid_file => $vars->{t_pid_file},
        logs     => $vars->{t_logs},
        port     => $vars->{port},
        tls_port => $vars->{tls_port},
        ca       => $site->{ca_file},
    });
}

# Apache::TestServer ends this process by SIGTERM when httpd does not start: the site has to go then too.
sub install_sighandlers {
    my ($self) = @_;
    $SIG{TERM} = sub { exit 1 };
    $self->SUPER::install_sighandlers;
}

# Test files of any kind, as prove takes them, and folders of them.
sub split_test_args {
    my ($self) = @_;
    my @arguments = @{ $self->{argv} };
    $self->{tests} = [map { -d $_ ? _tests_in($_) : $_ } grep { -e } @arguments];
    $self->{argv} = [grep { !-e } @arguments];
}

# Runs them in lanes side by side (TenantTest::Harness).
sub run_tests {
    my ($self) = @_;
    my @tests = @{ $self->{tests} };

    @tests = _all_tests() unless @tests;
    my @lanes = $self->_make_lanes(min(scalar @tests, $ENV{TENANT_TEST_JOBS} || 3 + _processors()));
    local $ENV{TENANT_TEST_CRASHES} = "$site->{scratch}/crashes";
    local $ENV{TENANT_TEST_LANES} = join ':', map { $_->path } @lanes;
    my @prove = ($^X, '-It/lib', '-S', 'prove', '-It/lib', '--harness', 'TenantTest::Harness', '--timer', '-j', scalar @lanes);
    push @prove, '-v' if $self->{opts}{verbose};
    $self->{status} = system(@prove, @tests) == 0 ? 0 : 1;
    $_->remove for grep { $_ != $site } @lanes;
}

# The sites that tests side by side have to themselves: the main one, and others like it.
sub _make_lanes {
    my ($self, $count) = @_;
    my @lanes = ($site);

    for (2 .. $count) {
        my $lane = TenantTest::Site->make(is_lane => 1);
        my $config = _read('t/conf/extra.conf.in') =~ s/\@(\w+)\@/$lane->{$1}/gr;
        my $server = $lane->{server} = TenantTest::Server->start(site => $lane, config => $config);
        $lane->save(server => { map { $_ => $server->{$_} } qw(root pid_file logs port tls_port ca) });
        push @lanes, $lane;
    }
    return @lanes;
}

sub _processors {
    my $count = () = _read('/proc/cpuinfo') =~ /^processor\b/mg;
    return $count || 1;
}

sub _read {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return <$file>;
}

# The C units first, for what all rests on fails first. Not what `make test-scale` runs, which takes many minutes.
sub _all_tests {
    return map { _tests_in($_) } 't/unit', 't', grep { $_ ne 't/unit' && $_ ne 't/scale' } glob 't/*';
}

# The tests of a folder. A unit test is built from t/unit/NAME_test.c.
sub _tests_in {
    my ($folder) = @_;
    $folder =~ s{/+\z}{};
    my @units = map { m{([^/]+)_test\.c$} ? "build/unit/$1" : () } glob "$folder/*_test.c";
    return sort(@units, glob "$folder/*.t");
}

# Stops httpd as TenantTest::Server does, quietly: prove has the last word.
sub stop {
    my ($self) = @_;
    my $vars = $self->{test_config}{vars};
    TenantTest::Server->attach({ map { $_ => $vars->{$_ eq 'pid_file' ? 't_pid_file' : $_} } qw(pid_file port tls_port) })->stop;
    $site->remove if $site;
}

1;
