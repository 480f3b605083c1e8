# SPDX-License-Identifier: Apache-2.0
package TenantTest::Sync;

# What tests of tenantctl twilio sync share: a server with a database of its own, a stub of Twilio (TenantTest::TwilioStub),
# and two tenants with accounts there: acme by an API key, globex by its auth token.
#
#     my $sync = TenantTest::Sync->start('tenantctl_sync');
#     $sync->introduce;                                          # Twilio and the database know the accounts, and no rows
#     $sync->{stub}->put(calls => { account_sid => $sync->{acme}{sid} });
#     is_synced($sync->run($sync->{id}{acme}), 'a run', calls => 1, stored => 1);

use strict;
use warnings;

use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use Test::More ();

use TenantTest;
use TenantTest::Command;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

our @EXPORT = qw(is_synced is_failed is_ago line lists);

my @kinds = qw(calls messages recordings);

sub start {
    my ($class, $database) = @_;
    my $server = TenantTest::Server->start(database => TenantTest::database($database), server => <<'END');
<Location "/twilio">
    TenantHandler twilio
    TenantVoice dial number +12025550199
</Location>
END
    my %self = (database => $database, server => $server, stub => TenantTest::TwilioStub->start, runs => []);
    $self{both} = ['--database', site->conninfo($database, 'tenant_admin'), '--key-file', site->{key_file}];
    $self{id} = { map { ($_ => tenant($_)->{id}) } qw(acme globex closed) };
    $self{$_} = TenantTest::Twilio->account($server, $_) for qw(acme globex);
    $self{key} = 'SK' . TenantTest::Twilio::hex32();
    # Longer than the token: no request by that writes over one by this.
    $self{secret} = 'canary' . join '', map { TenantTest::Twilio::hex32() } 1 .. 6;
    $self{acme}->store(twilio_api_key_sid => $self{key}, twilio_api_key_secret => $self{secret}, twilio_phone_number => '+12025550123');
    $self{login} = { acme => "$self{key}:$self{secret}", globex => "$self{globex}{sid}:$self{globex}{token}" };
    $self{secrets} = [$self{secret}, map({ $_->{token} } @self{qw(acme globex)}), map { encode_base64($_, '') } values %{ $self{login} }];
    return bless \%self, $class;
}

sub introduce {
    my ($self) = @_;
    my ($acme, $globex) = @$self{qw(acme globex)};
    $self->{stub}->clear;
    $self->{stub}->account($acme->{sid}, $acme->{token}, { $self->{key} => $self->{secret} });
    $self->{stub}->account($globex->{sid}, $globex->{token});
    sql({ database => $self->{database} }, "DELETE FROM $_") for @kinds;
    return;
}

# A command line, and a run of it. Each run is kept in {runs}.
sub arguments {
    my ($self, @arguments) = @_;
    return ('twilio', 'sync', @arguments, '--base-url', $self->{stub}->https, '--ca', $self->{stub}->ca, '--json', @{ $self->{both} });
}

sub run {
    my ($self, @arguments) = @_;
    return $self->keep(tenantctl($self->arguments(@arguments)));
}

sub keep {
    my ($self, $run) = @_;
    push @{ $self->{runs} }, $run;
    return $run;
}

# That none of the tenants' secrets was printed by any run.
sub are_secrets_kept {
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $all = join '', map {"$_->{output}$_->{errors}"} @{ $self->{runs} };
    Test::More::cmp_ok(length $all, '>', 5_000, 'much was printed');
    Test::More::is(scalar(grep { index($all, $_) >= 0 } @{ $self->{secrets} }, 'canary'), 0, 'none of it has a secret');
    return;
}

# --- Rows -------------------------------------------------------------------------------------------------------

my %columns = (
    calls      => [qw(status from_number to_number direction duration parent_call_sid ended_at)],
    messages   => [qw(status from_number to_number direction body error_code num_media)],
    recordings => [qw(status call_sid url duration channels source)],
);
my %members = (from_number => 'from', to_number => 'to', ended_at => 'end_time', url => 'media_url');

# Values as one text.
sub line { return join '|', map { $_ // '-' } @_ }

# What our rows of an account's have to be: { sid => line }.
sub rows_of_twilio {
    my ($self, $kind, $account) = @_;
    return { map { my $row = $_; ($row->{sid} => line(map { $row->{ $members{$_} // $_ } } @{ $columns{$kind} })) }
            grep { $_->{account_sid} eq $account->{sid} } $self->{stub}->rows($kind) };
}

# What a tenant's rows are.
sub rows_of_ours {
    my ($self, $kind, $tenant) = @_;
    my $columns = join ', ', map { $_ eq 'ended_at' ? q{to_char(ended_at, 'Dy, DD Mon YYYY HH24:MI:SS +0000')} : $_ } @{ $columns{$kind} };
    my $dbh = site->dbh($self->{database});
    $dbh->do(q{SET TIME ZONE 'UTC'});
    my $rows = $dbh->selectall_arrayref("SELECT sid, $columns FROM $kind WHERE tenant_id = $self->{id}{$tenant}");
    return { map { my ($sid, @values) = @$_; ($sid => line(@values)) } @$rows };
}

sub are_equal {
    my ($self, $tenant, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $kind (@kinds) {
        my ($want, $have) = ($self->rows_of_twilio($kind, $self->{$tenant}), $self->rows_of_ours($kind, $tenant));
        my @wrong = grep { ($want->{$_} // 'none') ne ($have->{$_} // 'none') } sort keys %{ { %$want, %$have } };
        Test::More::ok(!@wrong, "$name: $kind are Twilio's, " . keys %$want);
        splice @wrong, 5 if @wrong > 5;
        Test::More::diag(map { "$_\n  want " . ($want->{$_} // 'none') . "\n  have " . ($have->{$_} // 'none') . "\n" } @wrong) if @wrong;
    }
    return;
}

# --- Assertions -------------------------------------------------------------------------------------------------

# That a run is done, and the summary of its first tenant has these members.
sub is_synced {
    my ($run, $name, %members) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_done($run, $name) or return;
    my $summary = $run->json->{tenants}[0];
    Test::More::is_deeply({ map { ($_ => $summary->{$_}) } keys %members }, \%members, "$name: its summary");
    return;
}

# That one of its tenants failed, and why is said in one line.
sub is_failed {
    my ($run, $why, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::ok($run->{status} == 1 && $run->{errors} =~ /\Atenantctl: tenant \d+: [^\n]*$why[^\n]*\n\z/, $name);
    Test::More::diag("status $run->{status}\n$run->{errors}$run->{output}") unless $ok;
    return $ok;
}

# The requests among some that ask for pages of a list.
sub lists {
    my ($name, @requests) = @_;
    return grep { $_->{url} =~ m{/$name\.json\?} } @requests;
}

sub ago { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0])) }

# That a time of the last five minutes is so many seconds ago.
sub is_ago {
    my ($text, $seconds, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok($text le ago($seconds) && $text ge ago($seconds + 300), "$name: $text");
}

1;
