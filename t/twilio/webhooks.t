# SPDX-License-Identifier: Apache-2.0
#
# TenantHandler twilio: what Twilio has signed is stored and answered, and nothing else is.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Twilio;

my $server = TenantTest::Server->start(server => <<'END');
<Location "/twilio">
    TenantHandler twilio
    TenantVoice dial number +12025550199
</Location>
END
my $acme = TenantTest::Twilio->account($server, 'acme');

my $call = sid('CA');
my $response = $acme->event('voice', CallSid => $call, From => '+12025550100', To => '+12025550123', CallStatus => 'ringing',
    Direction => 'inbound');
is($response->status, 200, 'a call is answered');
is($response->header('Content-Type'), 'text/xml; charset=utf-8', 'with TwiML');
like($response->body, qr{<Number [^>]*>\+12025550199</Number>}, 'it is to be dialled on');

my $row = request(GET => "/v1/calls/$call", as => 'acme', to => $server)->json;
is($row->{status}, 'ringing', 'there is a row');
is($row->{direction}, 'inbound', 'with a direction');

is($acme->event('call-status', CallSid => $call, CallStatus => 'completed', CallDuration => 12,
    Timestamp => 'Sat, 28 Nov 2026 10:00:00 +0000')->status, 204, 'a status is taken');
$row = request(GET => "/v1/calls/$call", as => 'acme', to => $server)->json;
is($row->{status}, 'completed', 'it has ended');
is($row->{duration}, 12, 'after so many seconds');
is($row->{from_number}, '+12025550100', 'its number is still there');

is_problem($acme->event({ signature => 'A' x 27 . '=' }, 'voice', CallSid => sid('CA')), 403, 'signature-invalid', 'what is not signed is refused');
is_problem($acme->event('faxes', CallSid => $call), 404, 'not-found', 'there are no others', qr/\AThere is nothing here/);
is($acme->event('faxes', CallSid => $call)->json->{title}, 'Not Found', 'no page explains that, so the title is the status\'s');

done_testing();
