# SPDX-License-Identifier: Apache-2.0
package TenantTest::TwilioStub;

# Twilio's REST API in a process of its own (t/twilio/stub.js), over HTTP and HTTPS. It goes with the object.
#
#     plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;
#     my $stub = TenantTest::TwilioStub->start;
#     $stub->account($sid, $token, { $api_key_sid => $api_key_secret });
#     $stub->fill(calls => 5_000, { account_sid => $sid, to => '+1202555%d' });
#     my ($call) = $stub->put(calls => { account_sid => $sid, status => 'in-progress' });
#     $stub->change(calls => $call->{sid}, status => 'completed');
#     $stub->faults({ fault => 'answer', match => '^GET .*/Calls', status => 429, headers => { 'Retry-After' => '1' } });
#     ... $stub->https ...                           # https://127.0.0.1:PORT; $stub->ca has signed its certificate
#     is(scalar $stub->requests, 3);
#
# Dates of rows are given in seconds since 1970, and come as Twilio's texts.

use strict;
use warnings;

use Cwd ();
use File::Temp ();
use JSON::PP ();
use POSIX ();

use TenantTest::Client;

my $top = Cwd::abs_path(__FILE__) =~ s{/t/lib/TenantTest/TwilioStub\.pm$}{}r;
my $json = JSON::PP->new->utf8->allow_nonref;

# Why it cannot run; undef: it can.
sub missing {
    for my $folder (split /:/, $ENV{PATH}) {
        return undef if -x "$folder/node";
    }
    return 'there is no node';
}

# names: what its certificate is for beside 127.0.0.1 and localhost.
sub start {
    my ($class, @names) = @_;
    my $folder = File::Temp->newdir('twilio.XXXXXX', TMPDIR => 1);
    system("$top/tools/make-certificates", $folder, @names) == 0 or die 'no certificates';
    pipe my $from, my $out or die "pipe: $!";
    pipe my $in, my $to or die "pipe: $!";

    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $to;
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>', "$folder/log";
        exec 'node', "$top/t/twilio/stub.js", "$folder/server.pem", "$folder/server.key" or POSIX::_exit(127);
    }
    close $_ for $in, $out;
    my $ports = <$from> // die 'the stub of Twilio does not start: ' . _text("$folder/log");
    return bless { owner => $$, pid => $pid, folder => $folder, to => $to, %{ $json->decode($ports) } }, $class;
}

sub http  { return "http://127.0.0.1:$_[0]{http}" }
sub https { return "https://127.0.0.1:$_[0]{https}" }
sub ca    { return "$_[0]{folder}/ca.pem" }

# Tells it something; returns what it answers.
sub order {
    my ($self, $name, $value) = @_;
    $self->{client} = undef if ($self->{user} // 0) != $$;    # a connection is one process's
    $self->{client} //= TenantTest::Client->new(port => $self->{control});
    $self->{user} = $$;
    my $response = $self->{client}->request(POST => "/$name", body => $json->encode($value));
    die "the stub of Twilio: $name: " . ($response->error // $response->body) . "\n" if $response->status != 200;
    return $response->json;
}

# An account that it knows: AC…, auth token, and API keys with their secrets.
sub account {
    my ($self, $sid, $token, $keys) = @_;
    return $self->order(account => { sid => $sid, token => $token, keys => $keys // {} });
}

# Rows of a kind (calls, messages, recordings); returns them as Twilio shows them.
sub put {
    my ($self, $kind, @rows) = @_;
    return @{ $self->order(put => { kind => $kind, rows => \@rows }) };
}

# So many rows, one a second, the last of now or of until; %d in a value is the row's number.
sub fill {
    my ($self, $kind, $count, $row, $until) = @_;
    return $self->order(fill => { kind => $kind, count => $count, row => $row, $until ? (until => $until) : () });
}

# Changes fields of a row; a call that is over gets its end.
sub change {
    my ($self, $kind, $sid, %fields) = @_;
    return $self->order(change => { kind => $kind, sid => $sid, fields => \%fields });
}

sub remove {
    my ($self, $kind, $sid) = @_;
    return $self->order(remove => { kind => $kind, sid => $sid });
}

# All rows of a kind, the one first that was made first.
sub rows {
    my ($self, $kind) = @_;
    return @{ $self->order(rows => { kind => $kind }) };
}

# What was asked since the last time: method, url, headers (name, value, …, as they came), body, secure, time.
sub requests { return @{ $_[0]->order('requests') } }

# What goes wrong from now on (stub.js says which faults there are); without any, nothing.
sub faults {
    my ($self, @faults) = @_;
    return $self->order(faults => \@faults);
}

# delay: milliseconds ahead of each answer; media: bytes of a recording.
sub set {
    my ($self, %values) = @_;
    return $self->order(set => \%values);
}

# Forgets all that it was told and asked.
sub clear { return $_[0]->order('clear') }

sub _text {
    my ($name) = @_;
    open my $file, '<', $name or return '';
    local $/;
    return <$file>;
}

# What it has said of itself: nothing, if all is well.
sub log { return _text("$_[0]{folder}/log") }

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return unless $self->{owner} == $$ && $self->{pid};
    kill TERM => $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
