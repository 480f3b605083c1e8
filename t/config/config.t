# SPDX-License-Identifier: Apache-2.0
# Configurations that must not start, each with a message that names the directive and what it wants; and those that
# must. What they do is in effect.t.
use strict;
use warnings;

use File::Find ();
use POSIX ();
use Test::More;

use TenantTest;
use TenantTest::Configuration;
use TenantTest::Fault;
use TenantTest::Packages;
use TenantTest::Server;

my $site = site;
my $scratch = $site->{scratch};
my ($database, $key_file, $base) = base_directives;

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file>;
}

# Whether httpd may start with a configuration, and what it says. A frame that holds no more than what our directives
# need: there are many configurations to try.
sub configtest {
    my ($config) = @_;
    my $path = file('httpd.conf', <<"FRAME" . $config, 0644);
ServerRoot "$scratch"
DefaultRuntimeDir "$scratch/config"
ErrorLog "$scratch/config/error_log"
ServerName localhost
Define test_port 80
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule tenant_module $site->{module}
FRAME
    my $output = qx(/usr/sbin/apache2 -t -f '$path' 2>&1);
    return ($? == 0, $output);
}

# --- Key files that are refused ----------------------------------------------------------------------------

my $keys = slurp($site->{key_file});
my ($seal, $pepper) = map { $keys =~ /^$_ 1 (\S+) primary$/m } qw(seal pepper);
die "the key file has another form\n" unless defined $pepper;
my %key_path = (
    group    => file('group', $keys, 0640),
    others   => file('others', $keys, 0604),
    open     => file('open', $keys, 0600, 0777),
    short    => file('short', "seal 1 $seal primary\npepper 1 " . substr($pepper, 0, 30) . " primary\n", 0600),
    twice    => file('twice', "${keys}pepper 1 " . 'A' x 42 . "8=\n", 0600),
    word     => file('word', "${keys}salt 2 $pepper\n", 0600),
    primary  => file('primary', "seal 1 $seal primary\npepper 1 $pepper\n", 0600),
    empty    => file('empty', '', 0600),
    garbage  => file('garbage', "\xff\x00\x01 $pepper\n", 0600),
    long     => file('long', "# $pepper\n" x 2000, 0600),
    link     => "$scratch/config/link",
    fifo     => "$scratch/config/fifo",
);
symlink $site->{key_file}, $key_path{link};
POSIX::mkfifo($key_path{fifo}, 0600);

my @key_files = (
    ['is missing', "$scratch/config/none", qr/none: cannot be opened: No such file/],
    ['is a folder', $scratch, qr/must be a regular file/],
    ['is a symbolic link', $key_path{link}, qr/must not be a symbolic link/],
    ['is a FIFO', $key_path{fifo}, qr/must be a regular file/],
    ['can be read by its group', $key_path{group}, qr/must give no permission to group or others/],
    ['can be read by others', $key_path{others}, qr/must give no permission to group or others/],
    ['lies where others write', $key_path{open}, qr/must not be writable by others/],
    ['has a short key', $key_path{short}, qr/line 2: the key is not 32 bytes/],
    ['has an id twice', $key_path{twice}, qr/the id is taken by an earlier line/],
    ['has an unknown word', $key_path{word}, qr/line 5: a key is for seal or pepper/],
    ['has no primary pepper', $key_path{primary}, qr/primary/],
    ['is empty', $key_path{empty}, qr/no seal key is marked primary/],
    ['is garbage', $key_path{garbage}, qr/line 1: a line has the form/],
    ['is too long', $key_path{long}, qr/must not be larger than 64 KiB/],
);

for (@key_files) {
    my ($what, $path, $message) = @$_;
    my ($ok, $output) = configtest(qq{TenantKeyFile "$path"\n});
    subtest "refused: a key file that $what" => sub {
        ok(!$ok, 'configtest fails');
        like($output, qr/TenantKeyFile: key file \Q$path\E(?:, line \d+)?: /, 'the directive and the file are named');
        like($output, $message, 'and what is wrong');
        unlike($output, qr/\Q$_\E/, 'nothing of its content is shown') for substr($pepper, 0, 8), substr($seal, 0, 8);
    };
}

# --- Folders without the reference ------------------------------------------------------------------------

my %reference = map { $_ => "$scratch/config/reference-$_" } qw(folders large);
mkdir $_ for values %reference;
mkdir "$reference{folders}/$_" for qw(swagger-ui-bundle.js swagger-ui.css reference.js reference.css);
for my $name (qw(swagger-ui-bundle.js swagger-ui.css reference.js reference.css)) {
    open my $file, '>', "$reference{large}/$name" or die "$name: $!";
    truncate $file, 16 * 1024 * 1024 + 1;
}

# --- Configurations that are refused -----------------------------------------------------------------------

# Each: what, the configuration, the message.
my @refused = (
    ['TenantDatabase with a password', 'TenantDatabase "host=/tmp user=tenant_api password=hunter2"',
        qr/TenantDatabase must not hold a password: use a passfile, peer authentication or exec:/],
    ['TenantDatabase with a password in a URI', 'TenantDatabase postgresql://tenant_api:hunter2@localhost/tenant',
        qr/TenantDatabase must not hold a password/],
    ['TenantDatabase with garbage', 'TenantDatabase "hunter2 and more"', qr/TenantDatabase is not a libpq connection string/],
    ['TenantDatabase with an unknown keyword', 'TenantDatabase "hots=hunter2"',
        qr/TenantDatabase is not a libpq connection string: there is no keyword hots$/m],
    ['TenantDatabase with a password that is not quoted', 'TenantDatabase "dbname=x password=not hunter2=x"',
        qr/TenantDatabase is not a libpq connection string$/m],
    ['TenantDatabase without quotes', 'TenantDatabase host=/tmp dbname=tenant user=tenant_api', qr/TenantDatabase .*quotes/],
    ['TenantDatabase with another encoding', 'TenantDatabase "client_encoding=LATIN1"', qr/TenantDatabase .*client_encoding than UTF8/],
    ['TenantDatabase that waits for ever', 'TenantDatabase "connect_timeout=0"', qr/TenantDatabase .*connect_timeout/],
    ['TenantDatabase with a relative program', 'TenantDatabase exec:bin/print', qr/TenantDatabase wants an absolute path behind exec:/],
    ['TenantDatabase with no program', 'TenantDatabase exec:', qr/TenantDatabase wants an absolute path behind exec:/],
    ['TenantDatabase with nothing', 'TenantDatabase', qr/TenantDatabase wants a connection string/],
    ['TenantDatabase with a bad admin=', "$database admin=\"password=hunter2\"", qr/TenantDatabase admin= must not hold a password/],
    ['TenantDatabase with admin= alone', 'TenantDatabase admin="user=tenant_admin"', qr/TenantDatabase admin=, listen= and read= need the API's/],
    ['TenantDatabase with read= alone', 'TenantDatabase read="user=tenant_api"', qr/TenantDatabase admin=, listen= and read= need the API's/],
    ['TenantDatabase with a bad read=', "$database read=\"password=hunter2\"", qr/TenantDatabase read= must not hold a password/],
    ['TenantDatabase with read= that is no string', "$database read=hunter2", qr/TenantDatabase read= is not a libpq connection string/],
    ['TenantDatabase with a relative program in read=', "$database read=exec:bin/print", qr/TenantDatabase read= wants an absolute path behind exec:/],
    ['TenantDatabase with read= twice', "$database read=\"host=/a\" read=\"host=/b\"", qr/TenantDatabase .*quotes/],
    ['TenantDatabase with lag= alone', "$database lag=5s", qr/TenantDatabase lag= is for a read=, which is missing/],
    (map { ["TenantDatabase $_", "$database read=\"host=/a\" $_", qr/TenantDatabase lag= wants a time from 500ms to 3600s/] }
        qw(lag= lag=0 lag=499ms lag=3601s lag=-1 lag=soon)),

    ['TenantKeyFile with a relative path', 'TenantKeyFile keys', qr/TenantKeyFile wants an absolute path/],
    ['TenantKeyFile with two paths', 'TenantKeyFile /a /b', qr/TenantKeyFile takes one argument/],
    ['TenantKeyFile in a virtual host', vhost('a.example.com', $key_file), qr/TenantKeyFile cannot occur within <VirtualHost> section/],

    (map { ["TenantPool $_", "$database\nTenantPool $_", qr/TenantPool max= wants a number from 1 to 1000/] }
        qw(max=0 max=-1 max=1001 max= max=ten max=1.5 max=99999999999999999999)),
    (map { ["TenantPool $_", "$database\nTenantPool $_", qr/TenantPool lists= wants a number from 1 to 1000/] }
        qw(lists=0 lists=1001 lists= lists=all)),
    (map { ["TenantPool $_", "$database\nTenantPool $_", qr/TenantPool wait= wants a time from 1ms to 60s, such as/] }
        qw(wait=0 wait=61 wait=-1 wait= wait=2x wait=60001ms wait=99999999999999999999)),
    (map { ["TenantPool $_", "$database\nTenantPool $_", qr/TenantPool statement= wants a time from 10ms to 600s, such as/] }
        qw(statement=9ms statement=601 statement=soon)),
    (map { ["TenantPool $_", "$database\nTenantPool $_", qr/TenantPool idle= wants a time from 1000ms to 86400s, such as/] }
        qw(idle=999ms idle=86401 idle=2d)),
    (map { ["TenantPool $_", "$database\nTenantPool $_", qr/TenantPool knows max=, lists=, wait=, statement=, idle= and prepare=on\|off/] }
        qw(prepare=yes prepare= min=1 max 10)),
    ['TenantPool with nothing', 'TenantPool', qr/TenantPool requires at least one argument/],

    (map { ["TenantCache $_", "TenantCache $_", qr/TenantCache size= wants a number from \d+ to \d+/] }
        qw(size=0 size=-1 size= size=1k size=99999999999)),
    (map { ["TenantCache $_", "TenantCache $_", qr/TenantCache (?:ttl|negative)= wants a time from 100ms to 86400s, such as/] }
        qw(ttl=99ms ttl=86401 ttl= ttl=never negative=0 negative=2d)),
    (map { ["TenantCache $_", "TenantCache $_", qr/TenantCache must be off, or have size=, ttl= and negative=/] } qw(on max=10 0)),
    ['TenantCache in a virtual host', vhost('a.example.com', 'TenantCache off'), qr/TenantCache cannot occur within <VirtualHost> section/],

    ['TenantHandler without TenantDatabase', qq{$key_file\n<Location "/v1">\nTenantHandler api\n</Location>},
        qr/TenantHandler needs TenantDatabase in the same server/],
    ['TenantHandler without TenantKeyFile', qq{$database\n<Location "/v1">\nTenantHandler api\n</Location>},
        qr/TenantHandler needs TenantKeyFile/],
    ['TenantHandler in a virtual host without TenantDatabase',
        $key_file . "\n" . vhost('a.example.com', $database) . vhost('b.example.com', '<Location "/v1">', 'TenantHandler api', '</Location>'),
        qr/TenantHandler needs TenantDatabase in the same server \(\S+httpd\.conf:\d+\)/],
    ['TenantHandler admin without the role', location('TenantHandler admin'), qr/TenantHandler admin needs TenantDatabase with admin=/],
    ['TenantHandler with an unknown word', location('TenantHandler apis'), qr/TenantHandler must be api, .*off/],
    ['TenantHandler with two words', location('TenantHandler api admin'), qr/TenantHandler takes one argument/],
    ['TenantHandler with nothing', location('TenantHandler'), qr/TenantHandler takes one argument/],

    (map { ["TenantPasswordSlots $_", "TenantPasswordSlots $_", qr/TenantPasswordSlots wants a number from 1 to 1024/] } qw(0 1025 -1 many 2.5)),
    ['TenantPasswordSlots in a virtual host', vhost('a.example.com', 'TenantPasswordSlots 1'),
        qr/TenantPasswordSlots cannot occur within <VirtualHost> section/],
    (map { ["TenantLoginRate $_", "TenantLoginRate $_", qr{TenantLoginRate must be off, or a number from 1 to 10000 of failed logins per time}] }
        qw(10 on 0/60 10001/60 10/0 10/2d 10/86401 /60 10/ 10/x -1/60 10/60/60)),
    (map { ["TenantFailureRate $_", "TenantFailureRate $_", qr{TenantFailureRate must be off, or a number from 1 to 10000 of failed keys and logins per time}] }
        qw(0 -1 on 10 10/0 10001/60 10/60/60)),
    ['TenantFailureRate in a virtual host', vhost('a.example.com', 'TenantFailureRate off'),
        qr/TenantFailureRate cannot occur within <VirtualHost> section/],
    (map { ["TenantRateLimit $_", location("TenantRateLimit $_"), qr/TenantRateLimit must be off, or a number from 1 to 1000000 of a tenant's requests/] }
        qw(0/1m 1000001/1m 5 on 5/ 5/0 5/25h 5/1d 5/1ms -5/1m), '5/1m burst=0', '5/1m burst', '5/1m burst=1000001', '5/1m 20', 'off burst=5'),
    ['TenantRateLimit with three words', location('TenantRateLimit 5/1m burst=5 more'), qr/TenantRateLimit takes 1-2 arguments/],
    ['TenantLoginRate in a virtual host', vhost('a.example.com', 'TenantLoginRate off'),
        qr/TenantLoginRate cannot occur within <VirtualHost> section/],
    (map { ["TenantLinger $_", "TenantLinger $_", qr/TenantLinger must be off, or a time from 1ms to 1000ms, such as 5ms/] }
        qw(on 0ms 5 1001ms 2s -1 -5ms 5x ms 99999999999999999999)),
    (map { ["TenantMetrics $_", "TenantMetrics $_", qr/TenantMetrics must be on, off, or tenants=N: .* 0 to 1000/] }
        qw(yes tenants= tenants=-1 tenants=1001 tenants=x 200)),
    ['TenantMetrics in a virtual host', vhost('a.example.com', 'TenantMetrics off'),
        qr/TenantMetrics cannot occur within <VirtualHost> section/],
    (map { ["TenantUsage $_", "TenantUsage $_", qr/TenantUsage must be on, off, flush=TIME, keep=FOLDER, or tenants=N: .* 100 to 1000000/] }
        qw(yes tenants= tenants=99 tenants=1000001 tenants=x 200)),
    (map { ["TenantUsage $_", "TenantUsage $_", qr/TenantUsage flush= wants a time from/] } qw(flush=1s flush=61s flush=x flush=)),
    (map { ["TenantUsage $_", "TenantUsage $_", qr/TenantUsage keep= wants the absolute path of a folder, or off/] } qw(keep= keep=run keep=on)),
    ['TenantUsage in a virtual host', vhost('a.example.com', 'TenantUsage off'),
        qr/TenantUsage cannot occur within <VirtualHost> section/],
    ['TenantLinger with two times', 'TenantLinger 5ms 10ms', qr/TenantLinger takes one argument/],
    (map { ["TenantBasePath $_", location('TenantHandler api', "TenantBasePath $_"), qr{TenantBasePath must be the path that clients see, such as /public/v1}] }
        'public/v1', 'https://api.example.com/v1', '//', '//v1', '/v1//', '/a//b', '/a/../b', '/a/..', '/./a', '/a/.', '"/a b"', '/a%20b', '/a?b', '/caf\xc3\xa9', '/<a>'),
    ['TenantBasePath with two paths', location('TenantBasePath /a /b'), qr/TenantBasePath takes one argument/],
    ['TenantBasePath beside a handler', location('TenantHandler api') . "<Location \"/v1/calls\">\nTenantBasePath /x\n</Location>\n",
        qr{TenantBasePath stands in <Location "/v1/calls">, which has no TenantHandler}],
    ['TenantBasePath where nothing answers', location('TenantHandler off', 'TenantBasePath /x'), qr{TenantBasePath stands in <Location "/v1">}],
    ['TenantBasePath of another server', $base . vhost('a.example.com', '<Location "/v1">', 'TenantHandler api', '</Location>')
        . vhost('b.example.com', '<Location "/v1">', 'TenantBasePath /x', '</Location>'), qr{TenantBasePath stands in .*\(\S+httpd\.conf:\d+\)}],
    ['TenantUserAuthority with a word', location('TenantUserAuthority all'), qr/TenantUserAuthority must be none, read or write/],
    ['TenantPublicRead of what is not public', location('TenantPublicRead calls'), qr/TenantPublicRead may name only: products/],
    ['TenantPublicRead of nothing known', location('TenantPublicRead products faxes'), qr/TenantPublicRead may name only: products/],
    ['TenantRequireTLS with a number', location('TenantRequireTLS 1'), qr/TenantRequireTLS must be On or Off/],
    ['TenantIdentify with a word', location('TenantIdentify maybe'), qr/TenantIdentify must be On or Off/],
    ['TenantForward with a word', location('TenantForward always'), qr/TenantForward must be On or Off/],
    (map { ["TenantPageSize $_", location("TenantPageSize $_"), qr/TenantPageSize wants two numbers from 1 to 10000\b.* default .*maximum/] }
        '0 10', '10 0', '-1 10', 'ten 100', '10 ten', '10 10001', '10001 10001', '100 50', '10.5 20'),
    ['TenantReference with a relative path', location('TenantHandler api', 'TenantReference reference'),
        qr/TenantReference wants the absolute path of a folder/],
    ['TenantReference with two paths', location('TenantReference /a /b'), qr/TenantReference takes one argument/],
    ['TenantReference of nothing', location('TenantHandler api', 'TenantReference /nowhere'),
        qr{TenantReference: /nowhere/\S+ cannot be read: No such file}],
    ['TenantReference of a folder without the files', location('TenantHandler api', "TenantReference $scratch/config"),
        qr{TenantReference: \Q$scratch\E/config/\S+ cannot be read: No such file}],
    ['TenantReference of folders instead of files', location('TenantHandler api', "TenantReference $reference{folders}"),
        qr{TenantReference: \Q$reference{folders}\E/\S+ cannot be read: it is no regular file}],
    ['TenantReference of a file that is too large', location('TenantHandler api', "TenantReference $reference{large}"),
        qr{TenantReference: \Q$reference{large}\E/\S+ cannot be read: it is no regular file of at most 16 MiB}],
    ['TenantReference in a virtual host', $base . vhost('a.example.com', '<Location "/v1">', 'TenantHandler api', 'TenantReference /nowhere', '</Location>'),
        qr{TenantReference: /nowhere/\S+ .*\(\S+httpd\.conf:\d+\)}],
    (map { ["TenantVoice $_", location('TenantHandler twilio', "TenantVoice $_"),
            qr/TenantVoice must be dial number\|client\|sip WHOM, say TEXT, reject \[busy\|rejected\], or redirect URL; a text of several words/] }
        '', 'answer', 'dial', 'dial number', 'dial +12025550100', 'dial fax +12025550100', 'dial number +1 202', 'say', 'say Hello there', 'say ""',
        'redirect', 'redirect https://a.example.com b', 'reject softly', 'reject busy busy', 'number +12025550100'),
    ['TenantVoice with an expression that is none', location('TenantHandler twilio', 'TenantVoice say "%{TENANT:name"'), qr/TenantVoice: \S/],
    ['TenantVoice with an unknown function', location('TenantHandler twilio', 'TenantVoice say "%{nothing:name}"'), qr/TenantVoice: .*nothing/],
    ['TenantMessage with an unknown function', location('TenantHandler twilio', 'TenantMessage "%{nothing:name}"'), qr/TenantMessage: .*nothing/],
    ['TenantMessage with two texts', location('TenantHandler twilio', 'TenantMessage Thank you'), qr/TenantMessage takes one argument/],
    (map { ["TenantPublicURL $_", location('TenantHandler twilio', "TenantPublicURL $_"), qr{TenantPublicURL must begin with https:// or http://, such as}] }
        'api.example.com', '/twilio', 'ftp://api.example.com', '%{HTTP_HOST}'),
    ['TenantGatewayFrom', location('TenantGatewayFrom nobody'), qr/TenantGatewayFrom must be own or any/],
    (map { ["TenantGatewayRate $_", location("TenantGatewayRate $_"), qr/TenantGatewayRate must be off, or a number from 1 to 100000/] }
        qw(0 -1 100001 on 10/60 1.5)),
    ['TenantGateway without a database', "<Location \"/g/\">\nTenantGateway on\n</Location>\n", qr/TenantGateway needs TenantDatabase in the same server, and TenantKeyFile/],
    ['TenantPublicURL with an unknown function', location('TenantHandler twilio', 'TenantPublicURL "https://%{nothing:name}"'), qr/TenantPublicURL: .*nothing/],
    ['TenantHandler twilio without TenantDatabase', qq{$key_file\n<Location "/twilio">\nTenantHandler twilio\n</Location>},
        qr/TenantHandler needs TenantDatabase in the same server/],
    ['TenantHandler twilio without TenantKeyFile', qq{$database\n<Location "/twilio">\nTenantHandler twilio\n</Location>},
        qr/TenantHandler needs TenantKeyFile/],
    ['TenantPageSize with one number', location('TenantPageSize 10'), qr/TenantPageSize takes two arguments/],
    (map { ["TenantMaxBody $_", location("TenantMaxBody $_"), qr/TenantMaxBody wants a number of bytes from 1 to 16777216/] }
        qw(0 -1 64k 16777217 99999999999999999999)),

    (map { ["Require tenant $_", location('AuthType Tenant', "Require tenant $_"), qr/Require tenant takes ids of tenants only, such as/] }
        'abc', '0', '01', '-1', '1,2', '1 acme', '1.0', '9999999999', '"1 2"'),
    ['Require tenant-host with an argument', location('Require tenant-host 1'), qr/Require tenant-host takes nothing/],

    ['one database, two pools',
        "${base}TenantPool max=5\n" . vhost('a.example.com', 'TenantPool max=6'), qr/TenantPool differs .*same TenantDatabase.*\(\S+httpd\.conf:\d+\)/],
    ['one database, one with a reader', $base . vhost('a.example.com', "$database read=\"host=/a\""),
        qr/TenantDatabase read= or lag= differs .*same database/],
    ['one database, two lags', ($base =~ s/($database)/$1 read="host=\/a" lag=1s/r) . vhost('a.example.com', "$database read=\"host=/a\" lag=2s"),
        qr/TenantDatabase read= or lag= differs .*same database/],
    ['one database in two spellings, two pools',
        "$base" . vhost('a.example.com', $database =~ s/(host=\S+) (dbname=\S+)/$2 $1/r, 'TenantPool wait=1s'), qr/TenantPool differs/],
);

# Where a directive is refused, whatever it says. %s stands for it.
my %section = (
    'the server'        => '%s',
    'a virtual host'    => vhost('a.example.com', '%s'),
    'Directory'         => "<Directory \"/\">\n%s\n</Directory>",
    'DirectoryMatch'    => "<DirectoryMatch \"^/v1\">\n%s\n</DirectoryMatch>",
    'Files'             => "<Files \"v1\">\n%s\n</Files>",
    'FilesMatch'        => "<FilesMatch \"v1\">\n%s\n</FilesMatch>",
    'If'                => "<If \"true\">\n%s\n</If>",
    'LocationMatch'     => "<LocationMatch \"^/v1\">\n%s\n</LocationMatch>",
    'a regex Location'  => "<Location ~ \"^/v1\">\n%s\n</Location>",
    'a regex Location without signs' => "<Location ~ \"/v1\">\n%s\n</Location>",
    'Location with *'   => "<Location \"/v*\">\n%s\n</Location>",
    'Location with ?'   => "<Location \"/v?\">\n%s\n</Location>",
    'Location with []'  => "<Location \"/v[12]\">\n%s\n</Location>",
    'Location with %'   => "<Location \"/v%%31\">\n%s\n</Location>",
    'Location with //'  => "<Location \"/api//v1\">\n%s\n</Location>",
    'Location with ..'  => "<Location \"/api/../v1\">\n%s\n</Location>",
    'Location of a URL' => "<Location \"http://example.com/v1\">\n%s\n</Location>",
    'If in a Location'  => "<Location \"/v1\">\n<If \"true\">\n%s\n</If>\n</Location>",
    'Limit in a Location' => "<Location \"/v1\">\n<Limit GET>\n%s\n</Limit>\n</Location>",
    'Location'          => "<Location \"/v1\">\n%s\n</Location>",
);
# A right line of each directive, by where alone it may stand; the last ones may stand in any section.
my @of_location = (
    'TenantHandler api', 'TenantHandler off', 'TenantHandler twilio', 'TenantBasePath /public/v1', 'TenantPublicRead products',
    'TenantUserAuthority read', 'TenantReference /usr/share/mod_tenant/reference', 'TenantVoice reject', 'TenantMessage Thanks',
    'TenantPublicURL https://a.example.com', 'TenantGateway on', 'TenantGatewayFrom any', 'TenantGatewayRate 10', 'TenantPageSize 10 20',
    'TenantMaxBody 1024',
);
my @of_server = (
    $database, $key_file, 'TenantPool max=3', 'TenantCache off', 'TenantPasswordSlots 2', 'TenantLoginRate off', 'TenantFailureRate off',
    'TenantLinger off', 'TenantMetrics off', 'TenantUsage off',
);
my @of_any = ('TenantRequireTLS on', 'TenantIdentify on', 'TenantForward on', 'TenantRateLimit off');

sub name_of { return $_[0] =~ s/ .*//r }

# Such lines are refused in those sections.
sub refused_in {
    my ($lines, $sections, $message) = @_;
    for my $line (@$lines) {
        my $directive = name_of($line);
        push @refused, map { ["$line in $_", $base . sprintf($section{$_}, $line), qr/\b$directive (?:$message)/] } @$sections;
    }
}

refused_in(\@of_location, [grep { $_ ne 'Location' } sort keys %section],
    qr/is allowed only in a <Location "\/path"> without pattern|not allowed here|not allowed in/);
refused_in(\@of_server, [grep { !/^(?:the server|a virtual host)$/ } sort keys %section],
    qr/not allowed here|not allowed in|cannot occur within/);
# Outside of a Location a switch would do nothing.
push @refused, map { ["$_ in the server", "$base$_ on", qr/\b$_ not allowed here/] } qw(TenantRequireTLS TenantForward);

for (@refused) {
    my ($what, $config, $message) = @$_;
    my ($ok, $output) = configtest("$config\n");
    ok(!$ok, "refused: $what");
    like($output, $message, '... and the message says what is allowed');
    unlike($output, qr/hunter2/, '... and shows no password') if $config =~ /hunter2/;
}

# --- Configurations that are accepted ----------------------------------------------------------------------

my @accepted = (
    ['nothing but the module', ''],
    ['the API', location('TenantHandler api')],
    ['the administration', qq{$database admin="user=tenant_admin"\n$key_file\n<Location "/admin">\nTenantHandler admin\n</Location>\n}],
    ['in capitals', location('TenantHandler API', 'TenantRequireTLS OFF')],
    ['a program', qq{TenantDatabase exec:/bin/true\n$key_file}],
    ['a URI', "TenantDatabase postgresql://tenant_api\@localhost/tenant?application_name=x\n"],
    ['a passfile', "TenantDatabase 'host=/tmp dbname=tenant user=tenant_api passfile=/etc/apache2/pgpass'\n"],
    ['every setting of the pool at its least', "${base}TenantPool max=1 lists=1 wait=1ms statement=10ms idle=1s prepare=off\n"],
    ['every setting of the pool at its most', "${base}TenantPool max=1000 lists=1000 wait=60s statement=10min idle=24h prepare=On\n"],
    ['the cache', "${base}TenantCache size=100 ttl=1min negative=100ms\n"],
    ['slots', "${base}TenantPasswordSlots 1024\n"],
    (map { ["a rate of failures: $_", "${base}TenantFailureRate $_\n"] } qw(off OFF 1/1 10000/24h)),
    (map { ["a rate limit: $_", location("TenantRateLimit $_")], ["a rate limit of the server: $_", "${base}TenantRateLimit $_\n"],
           ["a rate limit of a virtual host: $_", $base . vhost('a.example.com', "TenantRateLimit $_")] }
        qw(off OFF 1/1 1000000/24h 5/1440m 100/86400s), '100/1m burst=20', '1/1h burst=1000000'),
    (map { ["a rate of logins: $_", "${base}TenantLoginRate $_\n"] } qw(off OFF 1/1 10000/24h 5/10min 10/60s)),
    ['no cache', "${base}TenantCache OFF\n"],
    (map { ["usage: $_", "${base}TenantUsage $_\n" . location('TenantHandler api')] } 'on', 'OFF', 'tenants=100', 'on tenants=1000000 flush=2s', 'keep=off', 'keep=/var/lib/other'),
    (map { ["metrics: $_", "${base}TenantMetrics $_\n" . location('TenantHandler metrics')] } 'on', 'OFF', 'tenants=0', 'on tenants=1000'),
    (map { ["to linger: $_", "${base}TenantLinger 5ms\n" . vhost('a.example.com', "TenantLinger $_")] } qw(off OFF 0 1ms 1000ms 1s 1)),
    ['every setting of a Location', location('TenantHandler api', 'TenantPublicRead products', 'TenantRequireTLS off',
        'TenantIdentify on', 'TenantPageSize 1 1', 'TenantMaxBody 1', 'TenantUserAuthority Write',
        'TenantReference "' . page_folder . '"')],
    (map { ["a base path: $_", location('TenantHandler api', "TenantBasePath $_")] } qw(/ /v1 /public/v1 /public/v1/ /.a/b_~c-d)),
    ['a base path of a Location in two parts', location('TenantBasePath /public/v1') . "<Location \"/v1\">\nTenantHandler api\n</Location>\n"],
    ['a base path in a virtual host', location('TenantHandler api') . vhost('a.example.com', '<Location "/v1/">', 'TenantBasePath /x', '</Location>')],
    ['the largest numbers', location('TenantHandler api', 'TenantPageSize 10000 10000', 'TenantMaxBody 16777216')],
    ['the root', "$base<Location \"/\">\nTenantHandler api\n</Location>\n"],
    ['a slash at the end', "$base<Location \"/api/v1/\">\nTenantHandler api\n</Location>\n"],
    ['a dotted path', "$base<Location \"/.well-known/a_b~c-d\">\nTenantHandler api\n</Location>\n"],
    ['IfModule in a Location', location('<IfModule tenant_module>', 'TenantHandler api', '</IfModule>')],
    ['a Location in a virtual host', $base . vhost('a.example.com', '<Location "/v1">', 'TenantHandler api', '</Location>')],
    ['off, ahead of any database', "<Location \"/v1\">\nTenantHandler off\n</Location>\n"],
    ['a database for each virtual host', "$key_file\n" . join '', map {
        vhost("$_.example.com", "TenantDatabase dbname=$_", 'TenantPool max=' . length, '<Location "/v1">', 'TenantHandler api', '</Location>')
    } qw(a bb)],
    ['one database for two virtual hosts', "$key_file\n" . join '', map {
        vhost("$_.example.com", $database, 'TenantPool max=4', '<Location "/v1">', 'TenantHandler api', '</Location>')
    } qw(a b)],
    (map { ["a call: $_", location('TenantHandler twilio', "TenantVoice $_", 'TenantMessage "Thanks from %{TENANT:name}"', 'TenantPublicURL https://%{HTTP_HOST}')] }
        'dial number +12025550100', 'DIAL Number "+12025550100"', 'dial client "%{TENANT:id}-desk"', 'dial sip sip:a@b', 'say "Hello, %{TENANT:name}"',
        'redirect https://app.example.com/%{TENANT:id}', 'reject', 'reject busy', 'Reject Rejected'),
    ['a gateway that is off', location('TenantGateway off', 'TenantGatewayFrom Any', 'TenantGatewayRate OFF')],
    (map { ["a gateway's rate $_", location("TenantGatewayRate $_", 'TenantGatewayFrom own')] } qw(1 100000)),
    ['tenants let in elsewhere', "$base<Directory \"/\">\nAuthType Tenant\nRequire tenant 1 2 999999999\n</Directory>\n"
        . "<Files \"x\">\nRequire tenant-host\n</Files>\n<If \"true\">\nRequire tenant\n</If>\n"],
    ['switches anywhere', "${base}TenantIdentify on\n<Directory \"/\">\nTenantRequireTLS off\nTenantForward on\n</Directory>\n"],
);

for (@accepted) {
    my ($what, $config) = @$_;
    my ($ok, $output) = configtest($config);
    ok($ok, "accepted: $what") or diag $output;
}

subtest 'configtest has no side effect' => sub {
    my ($socket, $folder) = silent_database($site);
    my $program = file('program', "#!/bin/sh\ntouch $scratch/ran\necho dbname=tenant\n", 0700);
    my $server = TenantTest::Server->prepare(config => qq{TenantDatabase "host=$folder dbname=tenant"\n$key_file\n}
        . "<Location \"/v1\">\nTenantHandler api\n</Location>\n"
        . vhost('a.example.com', "TenantDatabase exec:$program", '<Location "/v1">', 'TenantHandler api', '</Location>'));
    my $listing = sub { my @found; File::Find::find(sub { push @found, "$File::Find::name " . (lstat)[9] }, $server->root); [sort @found] };
    my $before = $listing->();
    my ($status, $output) = $server->_httpd('-t');
    is($status, 0, 'it passes') or diag $output;
    is_deeply($listing->(), $before, 'no file is made or changed');
    ok(!-e "$scratch/ran", 'no program runs');
    ok(!is_asked($socket), 'no database is asked');
};

# --- Every directive is tested and documented --------------------------------------------------------------

my @directives = directives;
cmp_ok(scalar @directives, '>=', 8, 'httpd lists our directives');
my %has_place = map { name_of($_) => 1 } @of_location, @of_server, @of_any;
is_deeply([sort keys %has_place], [sort @directives], 'each directive is in @of_location, @of_server or @of_any');
my $refusals = join "\n", map { $_->[1] } @refused;
my $acceptances = join "\n", map { $_->[1] } @accepted;
my %document = map { $_ => slurp($_) } qw(docs/directives.md conf/tenant.conf);
for my $directive (@directives) {
    ok($refusals =~ /^\s*$directive\b/m, "$directive is refused in a test");
    ok($acceptances =~ /^\s*$directive\b/m, "$directive is accepted in a test");
    ok($document{$_} =~ /\b$directive\b/, "$directive is in $_") for sort keys %document;
}
for my $name (sort keys %document) {
    my %known = map { $_ => 1 } @directives;
    my @unknown = grep { !$known{$_} } $document{$name} =~ /^\s*#?\s*(Tenant[A-Z]\w*)/mg;
    is_deeply(\@unknown, [], "$name has no other directive");
}

# Each directive has a section with all that a reader looks for.
my %section_of = map { /^(Tenant\w+)\n(.*)/s ? ($1 => $2) : () } split /^## /m, $document{'docs/directives.md'};
is_deeply([sort keys %section_of], [sort @directives], 'docs/directives.md has a section for each directive');
my ($table) = $document{'docs/directives.md'} =~ /^(\| for \| directives \|\n.*?)\n\n/ms;
is_deeply([grep { $table !~ /\[$_\]/ } @directives], [], 'and its table at the beginning names each');
for my $directive (sort keys %section_of) {
    like($section_of{$directive}, qr/^\| \Q$_\E \| \S/m, "$directive: $_") for qw(Syntax Default Context);
    like($section_of{$directive}, qr/^    .*\b$directive\b/m, "$directive: an example");
}

# So are the words of TenantHandler, as its refusal lists them.
my ($words) = (configtest(location('TenantHandler nothing')))[1] =~ /TenantHandler must be (.*)/;
my @words = grep { $_ ne 'or' } ($words // '') =~ /\w+/g;
cmp_ok(scalar @words, '>=', 5, 'TenantHandler says what there is');
my ($sample) = $document{'conf/tenant.conf'} =~ /^# What answers below this path: (.*?)\./m;
for my $word (@words) {
    ok($acceptances =~ /TenantHandler $word\b/, "TenantHandler $word is accepted in a test");
    ok($section_of{TenantHandler} =~ /^\| Syntax \| .*\b$word\b/m, '... is in the syntax in docs/directives.md');
    ok($section_of{TenantHandler} =~ /^- `$word`: /m, '... and explained there');
    ok(($sample // '') =~ /\b$word\b/, '... and is in conf/tenant.conf');
}

done_testing;
