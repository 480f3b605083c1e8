# SPDX-License-Identifier: Apache-2.0
package TenantTest::Configuration;

# What configurations in tests are put together from.
#
#     my ($database, $key_file, $base) = base_directives;    # TenantDatabase, TenantKeyFile, both
#     my $config = location('TenantHandler api');            # with these two, in <Location "/v1">
#     my $config = $base . vhost('a.example.com', 'TenantCache off');
#     my $path = file('program', "#!/bin/sh\n", 0700);       # in the test's own folder
#     my @names = directives;                                # of the module, as httpd -L lists them

use strict;
use warnings;

use Exporter 'import';

use TenantTest ();
use TenantTest::Server;

our @EXPORT = qw(base_directives directives file location vhost);

# The directives that all others need, of the test's own database and key file; and both as lines.
sub base_directives {
    my $site = TenantTest::site();
    my ($database, $key_file) = (qq{TenantDatabase "$site->{conninfo}"}, qq{TenantKeyFile "$site->{key_file}"});
    return ($database, $key_file, "$database\n$key_file\n");
}

sub location {
    my (@lines) = @_;
    return join "\n", (base_directives())[2], '<Location "/v1">', @lines, '</Location>', '';
}

sub vhost {
    my ($name, @lines) = @_;
    return join "\n", '<VirtualHost 127.0.0.1:${test_port}>', "ServerName $name", @lines, '</VirtualHost>', '';
}

sub directives {
    my ($status, $listing) = TenantTest::Server->prepare(config => '')->_httpd('-L');
    return $listing =~ /^(\w+) \(mod_tenant\.c\)/mg;
}

# A file of that name and mode in a new folder of that mode; returns its path.
sub file {
    my ($name, $text, $mode, $folder_mode) = @_;
    my $folder = TenantTest::site()->{scratch} . '/' . ($folder_mode ? sprintf 'config-%o', $folder_mode : 'config');
    mkdir $folder;
    open my $file, '>', "$folder/$name" or die "$folder/$name: $!";
    print $file $text;
    close $file;
    chmod $mode, "$folder/$name";
    chmod $folder_mode // 0755, $folder;
    return "$folder/$name";
}

1;
