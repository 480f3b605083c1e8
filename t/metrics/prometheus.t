# SPDX-License-Identifier: Apache-2.0
# A real Prometheus scrapes the server, in OpenMetrics; its promtool finds nothing wrong with what is told and with the alerts.
# What the dashboard, the alerts and docs/metrics.md name is what there is.
use strict;
use warnings;

use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Sample;
use TenantTest::Scrape qw(promtool);

my $server = TenantTest::Server->start(server => qq{<Location "/metrics">\nTenantHandler metrics\nRequire local\n</Location>});
request(GET => '/v1/calls/1', as => 'acme', to => $server) for 1 .. 5;
request(GET => '/v1/calls/1', to => $server);
is(TenantTest::Scrape->await($server, 6, 'mod_tenant_requests_total', handler => 'api'), 6, 'there is something to tell');

my $plain = TenantTest::Scrape->of($server);
my $open = TenantTest::Scrape->of($server, openmetrics => 1);

# Each name that samples have, of families that have none now too: name => type.
sub sample_names {
    my ($scrape) = @_;
    my %ending = (counter => ['_total'], gauge => [''], info => ['_info'], histogram => [qw(_bucket _sum _count)]);
    return map {
        my $family = $_;
        map { ("$family->{name}$_" => $family->{type}) } @{ $ending{ $family->{type} } }
    } values %{ $scrape->{families} };
}

my %type = sample_names($open);

subtest 'promtool' => sub {
    my ($is_fine, $said) = promtool($plain->{text}, 'check metrics');
    ok($is_fine, 'check metrics') or diag $said;
    ok(!(promtool('mod_tenant_bad 1' . "\n", 'check metrics'))[0], 'which does find what is wrong');
    my $rules = qx{promtool check rules conf/prometheus-rules.yml 2>&1};
    is($?, 0, 'check rules') or diag $rules;
    like($rules, qr/SUCCESS: 11 rules found/);
};

subtest 'the documents' => sub {
    my $document = slurp('docs/metrics.md');
    my %told = map {
        my ($name, $type, $labels) = /^\| `(\w+)` \| (counter|gauge|histogram|info) \| ([\w, ]*) ?\|/ or die $_;
        ("mod_tenant_$name" => { type => $type, labels => join ',', sort split /, */, $labels =~ s/\s+$//r })
    } grep { /^\| `\w+` \| (?:counter|gauge|histogram|info) / } split /\n/, $document;
    my %type_of = map { $_ => $type{$_} } grep { !/_(?:bucket|sum|count)$/ } keys %type;
    $type_of{mod_tenant_request_duration_seconds} = 'histogram';
    is_deeply({ map { $_ => $told{$_}{type} } keys %told }, \%type_of, 'docs/metrics.md has each figure, with its type');
    for my $sample (@{ $open->{samples} }) {
        my $name = $sample->{name} =~ s/_(?:bucket|sum|count)$//r;
        my $labels = join ',', sort grep { $_ ne 'le' } keys %{ $sample->{labels} };
        next if $told{$name}{labels} eq $labels;
        fail("$sample->{name}: its labels are $labels, not $told{$name}{labels}");
    }
    my @alerts = slurp('conf/prometheus-rules.yml') =~ /- alert: (\w+)/g;
    like($document, qr/^\| `$_` \|/m, "it explains the alert $_") for @alerts;
};

# What an expression selects: each name with the labels that it asks for.
sub selectors {
    my ($text) = @_;
    my @found;
    while ($text =~ /\b(mod_tenant_\w+)(?:\{([^}]*)\})?/g) {
        my ($name, $labels) = ($1, $2 // '');
        push @found, [$name, grep { length } $labels =~ /(\w+)(?:=~|!=|=)/g];
    }
    return @found;
}

subtest 'what the samples name' => sub {
    my $dashboard = JSON::PP->new->utf8->decode(slurp('conf/grafana.json'));
    my @expressions = map { $_->{expr} } map { @{ $_->{targets} || [] } } @{ $dashboard->{panels} };
    cmp_ok(scalar @expressions, '>', 30, 'the dashboard asks for something');
    my %label = map { $_ => 1 } qw(instance le), map { keys %{ $_->{labels} } } @{ $open->{samples} };
    my @rules = slurp('conf/prometheus-rules.yml') =~ /expr: (.*?)\n\s+(?:for|labels):/sg;
    is(scalar @rules, 11, 'so does each alert');
    for my $expression (@expressions, @rules) {
        for (selectors($expression)) {
            my ($name, @labels) = @$_;
            ok($type{$name}, "there is a $name");
            ok($label{$_}, "$name: there is a label $_") for @labels;
        }
        $label{$_} or fail("no label $_: $expression") for map { split /, */ } $expression =~ /\bby \(([^)]*)\)/g;
    }
    my %ids;
    is(scalar(grep { $ids{ $_->{id} }++ } @{ $dashboard->{panels} }), 0, 'each panel has an id of its own');
};

# A Prometheus of the test's own.
sub start_prometheus {
    my $folder = site->{scratch} . "/prometheus.$$";
    my $port = TenantTest::Server::free_port();
    mkdir $folder or die "$folder: $!";
    open my $file, '>', "$folder/prometheus.yml" or die "$folder: $!";
    print $file <<"END";
global:
  scrape_interval: 2s
rule_files:
  - @{[Cwd::getcwd()]}/conf/prometheus-rules.yml
scrape_configs:
  - job_name: mod_tenant
    static_configs:
      - targets: ['127.0.0.1:$server->{port}']
END
    close $file or die "$folder: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', "$folder/log";
        open STDERR, '>&', \*STDOUT;
        exec 'prometheus', "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data",
            "--web.listen-address=127.0.0.1:$port"
            or POSIX::_exit(127);
    }
    return ($pid, $port, "$folder/log");
}

subtest 'a scrape' => sub {
    my ($pid, $port, $log) = start_prometheus();
    my $ask = sub {
        my ($path) = @_;
        my $client = eval { TenantTest::Client->new(port => $port) } or return {};
        my $response = eval { $client->request(GET => $path) } or return {};
        return $response->status == 200 ? $response->json : {};
    };
    my $value = sub {
        my ($query) = @_;
        my $answer = $ask->('/api/v1/query?query=' . $query =~ s/([^\w])/sprintf '%%%02X', ord $1/ger);
        return ($answer->{data}{result} || [])->[0]{value}[1];
    };
    # a value, once there is one: behind a scrape that was too late there is none, up to the next
    my $await = sub {
        my ($query) = @_;
        my $until = time + 60;
        my $seen;
        sleep 0.3 until defined($seen = $value->($query)) || time > $until;
        return $seen // 'none';
    };
    my $sum = 'sum(mod_tenant_requests_total{handler="api",resource="calls",method="GET"})';
    is($await->($sum), 6, 'Prometheus has what was counted') or diag slurp_any($log);
    is($await->('up == 1'), 1, 'the target is up');
    is($await->('mod_tenant_tenant_requests_total{name="' . tenant('acme')->{name} . '"}'), 5, 'a tenant by name');
    isnt($await->('histogram_quantile(0.5, sum by (le) (mod_tenant_request_duration_seconds_bucket))'), 'none', 'a quantile');
    is($await->('sum(mod_tenant_key_info) > bool 0'), 1, 'the keys\' ids');
    my $target;
    my $until = time + 60;
    sleep 0.3 until (($target) = @{ $ask->('/api/v1/targets')->{data}{activeTargets} || [] }) && $target->{lastError} eq '' || time > $until;
    is($target->{lastError}, '', 'nothing was wrong');
    my $metadata = $ask->('/api/v1/metadata')->{data} || {};
    is($metadata->{mod_tenant_build}[0]{type} // '', 'info', 'in OpenMetrics, which alone has this type');
    my ($group) = @{ $ask->('/api/v1/rules')->{data}{groups} || [] };
    is(scalar @{ $group->{rules} || [] }, 11, 'it has the alerts');
    is_deeply([grep { $_->{health} eq 'err' } @{ $group->{rules} || [] }], [], 'and can evaluate them');
    kill TERM => $pid;
    waitpid $pid, 0;
};

sub slurp_any { open my $file, '<', $_[0] or return ''; local $/; return <$file> }

done_testing;
