# SPDX-License-Identifier: Apache-2.0
package TenantTest::Corpora;

# Test data by others that is not part of this repository: the folder that TENANT_CORPORA names, which has
# JSONTestSuite's test_parsing as json/, blns.json, the big list of naughty strings, and twilio_api_v2010.json, Twilio's OpenAPI
# document.

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(json_suite naughty_strings twilio_document);

my $folder = $ENV{TENANT_CORPORA} // Cwd::abs_path(__FILE__) =~ s{/t/lib/TenantTest/Corpora\.pm$}{/../shared/corpora}r;

# The texts of JSONTestSuite by the names of their files, as bytes; none where it is not there.
sub json_suite {
    return map { m{([^/]+)$} ? ($1 => _read($_)) : () } glob "$folder/json/[yni]_*.json";
}

# The naughty strings, in characters; none where they are not there.
sub naughty_strings {
    return () unless -e "$folder/blns.json";
    return @{ JSON::PP->new->utf8->decode(_read("$folder/blns.json")) };
}

# The path of Twilio's document; undef where it is not there.
sub twilio_document {
    my $path = "$folder/twilio_api_v2010.json";
    return -e $path ? $path : undef;
}

sub _read {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    return <$file> // '';
}

1;
