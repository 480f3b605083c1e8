# SPDX-License-Identifier: Apache-2.0
#
# What tenants make by the gateway: whom it may come from, what is added where the client says nothing, the rows that it
# leaves, and how many there may be in a minute.

use strict;
use warnings;
use utf8;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Gateway;
use TenantTest::Twilio;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $hooks = <<'END';
<Location "/hooks">
    TenantHandler twilio
    TenantPublicURL https://hooks.example.com
    TenantBasePath /public/hooks
</Location>
END
my $site = TenantTest::Site->make;
my $gateway = TenantTest::Gateway->start(site => $site, location => 'TenantGatewayRate off', server => <<"END");
$hooks
ProxyTimeout 20
<Location "/any/">
    TenantGateway on
    TenantGatewayFrom any
    TenantGatewayRate off
    ProxyPass "\${stub}/"
</Location>
<Location "/slow/">
    TenantGateway on
    TenantGatewayRate 4
    ProxyPass "\${stub}/"
</Location>
END
my $stub = $gateway->stub;
my %tenant = map { $_ => $gateway->account($_, phone => $_ eq 'acme' ? '+12025550199' : '+12025550177') } qw(acme globex);
my $acme = $tenant{acme};

# What the stub has got: the fields of its form, as [name, value].
sub sent {
    my @requests = $stub->requests;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(scalar @requests, 1, 'Twilio is asked once') or return [];
    my %length = @{ $requests[0]{headers} };
    is($length{'Content-Length'}, length $requests[0]{body}, '... with the length of the body');
    return [map { [map { tr/+/ /; s/%(..)/chr hex $1/ger } split /=/, $_, 2] } split /&/, $requests[0]{body}];
}

sub field { my ($form, $name) = @_; return join ',', map { $_->[0] eq $name ? $_->[1] : () } @$form }

sub stored {
    my ($table, $sid) = @_;
    my $row = $site->dbh->selectrow_hashref("SELECT * FROM $table WHERE sid = ?", undef, $sid);
    return $row ? { map { ($_ => $row->{$_}) } qw(tenant_id from_number to_number status direction), $table eq 'messages' ? 'body' : () } : undef;
}

# The row, once it is there.
sub row_of {
    my ($table, $sid) = @_;
    wait_until { stored($table, $sid) } 10;
    return stored($table, $sid);
}

sub elsewhere { my ($path, $name) = @_; return $acme->path($name) =~ s{^/gateway/}{/$path/}r }

sub setting {
    my ($value) = @_;
    my $id = $site->{tenants}{acme}{id};
    $site->dbh->do('DELETE FROM settings WHERE tenant_id = ?', undef, $id);
    $site->dbh->do('INSERT INTO settings (tenant_id, auto_record_calls) VALUES (?, ?)', undef, $id, $value) if defined $value;
}

my $url = 'https://hooks.example.com/public/hooks';
my $retries = '#rc=3&rp=ct,rt,5xx';

subtest 'a call' => sub {
    setting(undef);
    my $response = $acme->call;
    is_status($response, 201, 'is made');
    my $form = sent();
    is(field($form, 'From'), '+12025550199', 'from the number');
    is(field($form, 'StatusCallback'), "$url/call-status$retries", 'Twilio tells us how it goes on');
    is(field($form, 'StatusCallbackEvent'), 'initiated,ringing,answered,completed', '... each time');
    is(field($form, 'StatusCallbackMethod'), 'POST', '... by POST');
    is(field($form, 'Record'), '', 'it is not recorded');
    my ($made) = grep { $_->{sid} eq $response->json->{sid} } $stub->rows('calls');
    is_deeply($response->json, $made, 'the answer is what Twilio says');
    is_deeply(row_of(calls => $response->json->{sid}), { tenant_id => $site->{tenants}{acme}{id}, from_number => '+12025550199',
        to_number => '+12025550100', status => 'queued', direction => 'outbound-api' }, 'there is a row');
};

subtest 'a message' => sub {
    my $text = "Grüße & \x{1f600} = 100 %";
    my $response = $acme->message(Body => do { my $bytes = $text; utf8::encode($bytes); $bytes });
    is_status($response, 201, 'is sent');
    is(field(sent(), 'StatusCallback'), "$url/message-status$retries", 'Twilio tells us how it goes on');
    # the first Body counts for the stub
    my $row = row_of(messages => $response->json->{sid});
    is($row->{status}, 'queued', 'there is a row');
    is($row->{body}, 'Hello', '... with its text');
    is($row->{direction}, 'outbound-api', '... and its direction');
};

subtest 'a callback of its own' => sub {
    for my $own ('https://example.com/mine', '') {
        is_status($acme->call(StatusCallback => $own), 201, "a call with StatusCallback '$own'");
        my $form = sent();
        is_deeply([grep { $_->[0] =~ /^StatusCallback/ } @$form], [['StatusCallback', $own]], '... keeps it');
    }
    is_status($acme->message(StatusCallback => 'https://example.com/mine'), 201, 'a message');
    is(field(sent(), 'StatusCallback'), 'https://example.com/mine', '... keeps it');
};

subtest 'auto_record_calls' => sub {
    setting(1);
    is_status($acme->call, 201, 'a call');
    my $form = sent();
    is(field($form, 'Record'), 'true', 'is recorded');
    is(field($form, 'RecordingChannels'), 'dual', '... each side by itself');
    is(field($form, 'RecordingStatusCallback'), "$url/recording$retries", '... and we are told');
    for my $said ([Record => 'false'], [RecordingChannels => 'mono'], [RecordingTrack => 'inbound'], [record => 'true']) {
        is_status($acme->call(@$said), 201, "a call with @$said");
        is_deeply([grep { $_->[0] =~ /^record/i } @{ sent() }], [$said], '... keeps that');
    }
    is_status($acme->message, 201, 'a message');
    is_deeply([grep { $_->[0] =~ /^record/i } @{ sent() }], [], 'is not');
    setting(0);
    is_status($acme->call, 201, 'a call, where it is off');
    is(field(sent(), 'Record'), '', 'is not');
    setting(undef);
};

subtest 'whom it comes from' => sub {
    for my $case (
        ['another number', 21212, From => '+12025550177'],
        ['one more digit', 21212, From => '+120255501990'],
        ['two', 21212, From => '+12025550199', From => '+12025550177'],
        ['two, the other way round', 21212, From => '+12025550177', From => '+12025550199'],
        ['other letters', 21212, From => '+12025550199', from => '+12025550177'],
        ['an array', 21212, From => '+12025550199', 'From[]' => '+12025550177'],
        ['a NUL', 21212, From => '+12025550199', "From\0" => '+12025550177'],
        ['a NUL behind it', 21212, From => "+12025550199\0"],
        ['a client', 21212, From => 'client:anna'],
        ['nobody', 21213],
    ) {
        my ($name, $code, @from) = @$case;
        is_fault($acme->post('Calls.json', @from, To => '+12025550100', Url => 'https://example.com/'), 400, $code, "not from: $name");
    }
    is_fault($acme->post('Messages.json', From => '+12025550177', To => '+12025550100', Body => 'x'), 400, 21606, 'a message from another number');
    is_fault($acme->post('Messages.json', MessagingServiceSid => 'MG' . '0' x 32, To => '+12025550100', Body => 'x'), 400, 21603, 'a service for messages');
    is(scalar(my @none = $stub->requests), 0, 'Twilio is not asked');

    is_status($acme->post(elsewhere(any => 'Calls.json'), From => '+12025550177', To => '+12025550100', Url => 'https://example.com/'), 201, 'TenantGatewayFrom any');
    is(field(sent(), 'From'), '+12025550177', '... lets it be');
    is_status($acme->post(elsewhere(any => 'Messages.json'), MessagingServiceSid => 'MG' . '0' x 32, To => '+12025550100', Body => 'x'), 201, '... and services');
    sent();
};

subtest 'what Twilio refuses' => sub {
    my $count = $site->dbh->selectrow_array('SELECT count(*) FROM calls');
    my $response = $acme->post('Calls.json', From => $acme->{phone}, To => '+12025550100');
    is_fault($response, 400, 21205, 'is passed on');
    is($site->dbh->selectrow_array('SELECT count(*) FROM calls'), $count, 'without a row');
    $stub->requests;
};

subtest 'answers that tell nothing' => sub {
    my $log = $gateway->server->error_log;
    for my $case (['no JSON', 'not JSON'], ['an array', '[]'], ['no sid', '{"status":"queued"}'], ['a sid that is none', '{"sid":"CA1","status":"queued"}'],
        ['empty', ''], ['long', '{"sid":"' . 'x' x 100_000 . '"}'], ['deep', '[' x 100 . ']' x 100]) {
        my ($name, $body) = @$case;
        $stub->faults({ fault => 'answer', status => 201, body => $body });
        my $response = $acme->call;
        is_status($response, 201, "$name: passed on");
        is($response->body, $body, "$name: unchanged");
        ok($log->wait_for(qr/is not stored/, 10), "$name: that is logged") if $name ne 'long';
        $log->mark;
    }
    $stub->requests;
};

subtest 'the ceiling' => sub {
    my @answers = map { $acme->post(elsewhere(slow => $_ % 2 ? 'Messages.json' : 'Calls.json'), From => $acme->{phone}, To => '+12025550100',
        Url => 'https://example.com/', Body => 'x') } 1 .. 5;
    is_deeply([map { $_->status } @answers], [201, 201, 201, 201, 429], 'as many as it says');
    is_fault($answers[4], 429, 20429, 'in the shape of Twilio', qr/ 4 /);
    cmp_ok($answers[4]->header('Retry-After'), '<=', 15, 'the next may be soon');
    is(scalar(my @passed = $stub->requests), 4, 'no more reach Twilio');
    is_status($acme->get(elsewhere(slow => 'Calls.json')), 200, 'what makes nothing does not count');
    my $globex = $tenant{globex};
    is_status($globex->post($globex->path('Calls.json') =~ s{^/gateway/}{/slow/}r, From => $globex->{phone}, To => '+12025550100', Url => 'https://example.com/'), 201,
        'another tenant has its own');
    $gateway->server->graceful;
    is_fault($acme->post(elsewhere(slow => 'Calls.json'), From => $acme->{phone}, To => '+12025550100', Url => 'https://example.com/'), 429, 20429,
        'a restart forgets nothing');
    $stub->requests;
};

subtest 'the database goes away meanwhile' => sub {
    my $log = $gateway->server->error_log;
    $stub->set(delay => 6_000);    # so long PostgreSQL has to end
    my $client = $gateway->server->client;
    $client->send(POST => $acme->path('Calls.json'), headers => [bearer('acme'), 'Content-Type' => 'application/x-www-form-urlencoded'], body => TenantTest::Twilio::encoded(From => $acme->{phone}, To => '+12025550100', Url => 'https://example.com/'));
    wait_until { scalar(my @asked = $stub->requests) } 10;
    $_->disconnect for values %{ $site->{dbh} };
    $site->cluster->stop('immediate');
    my $response = $client->receive;
    $site->cluster->start;
    $stub->set(delay => 0);
    is_status($response, 201, 'the answer passes');
    my $sid = $response->json->{sid};
    ok($log->wait_for(qr/is not stored, and callbacks have to bring the row with the sid \Q$sid\E/, 10), 'it is logged');
};

is($stub->log, '', 'the stub is well');
done_testing;
