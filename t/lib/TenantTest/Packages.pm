# SPDX-License-Identifier: Apache-2.0
package TenantTest::Packages;

# What only tests of the browser's page and of the OpenAPI document need, and what may be missing where npm cannot install
# it: the reason to skip such a test, or undef.
#
#     plan skip_all => packages_missing('t/node') if packages_missing('t/node');

use strict;
use warnings;

use Cwd ();
use Exporter 'import';

use TenantTest;

our @EXPORT = qw(packages_missing page_missing page_folder);

# Of a folder with a package-lock.json.
sub packages_missing {
    my ($folder) = @_;
    return -d "$folder/node_modules" ? undef : "npm could not install the packages of $folder";
}

# Of build/reference.
sub page_missing {
    return -d 'build/reference' ? undef : 'the reference page was left out of the build';
}

# A folder for TenantReference: build/reference, or where that was left out empty files with the names of the page's.
sub page_folder {
    return Cwd::abs_path('build/reference') unless page_missing;
    my $folder = TenantTest::site()->{scratch} . '/page';
    mkdir $folder;
    for (qw(swagger-ui-bundle.js swagger-ui.css reference.js reference.css)) {
        open my $file, '>', "$folder/$_" or die "$folder/$_: $!";
    }
    return $folder;
}

1;
