# SPDX-License-Identifier: Apache-2.0
package TenantTest::Administration;

# The administration of a server (TenantHandler admin), as tests have it: below /admin, for users with a password.
#
#     my $server = TenantTest::Server->start(database => ..., server => administration('matrix'));
#     request(GET => '/admin/tenants', to => $server, headers => [basic('root', 'secret')]);

use strict;
use warnings;

use Digest::SHA qw(sha1_base64);
use Exporter 'import';

use TenantTest;

our @EXPORT = qw(administration);

# Its lines for a server's configuration. name: of the file of its users, in the run's scratch; users: root unless told. The
# password of each is `secret`.
sub administration {
    my ($name, @users) = @_;
    my $path = site->{scratch} . "/$name.htpasswd";
    open my $file, '>', $path or die "$path: $!";
    print $file "$_:{SHA}", sha1_base64('secret'), "=\n" for @users ? @users : 'root';
    close $file or die "$path: $!";
    return <<"END";
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
<Location "/admin">
    TenantHandler admin
    AuthType Basic
    AuthName administration
    AuthUserFile $path
    Require valid-user
</Location>
END
}

1;
