# SPDX-License-Identifier: Apache-2.0
package TenantTest::Crowd;

# Clients of an API behind a proxy, each in a process of its own, who note down all that they see: writers with Idempotency-Keys
# who send again what was not answered, readers, one who switches a tenant off and on in the database, and who asks as that tenant.
#
#     my $crowd = TenantTest::Crowd->start(address => [$fleet->address], site => $own, database => $conninfo);
#     ...
#     my $seen = $crowd->stop;          # TenantTest::Seen
#
# A writer makes calls, and counts up in the description of a product of its own (`v1`, `v2`, ...), with the last tag that it
# knows in If-Match. Readers read these products. So do followers, who are other clients of the same tenant. Options: writers (16),
# readers (8), followers (0), askers (2); pause, for so many seconds at most a writer rests behind a change.
#
# A note is a hash: did (post, patch, read, follow, ask, off, on), began, ended (seconds since the epoch), status (0: none came), and
#     tries, doubt    how often it was sent; whether an answer of before was lost or 5xx
#     sid             of a call that is acknowledged
#     who, value, tag of a product: whose, which value, its ETag
#     wrong           what should not have been answered; `tag` for a 412 that nothing explains

use strict;
use warnings;

use DBI ();
use File::Temp ();
use IO::Socket::SSL ();    # once, and not by each client, who would be late for what happens
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

use TenantTest::Client;
use TenantTest::Response;
use TenantTest::Load ();
use TenantTest::Seen;

my $PATIENCE = 60;    # seconds that a writer goes on to send again

# Returns once each has had a first answer.
sub start {
    my ($class, %option) = @_;
    my $self = bless { %option, owner => $$, pids => [], files => [], run => int rand 2**32, stop => 0 }, $class;
    my $tenant = $option{site}{tenants}{acme};
    my $dbh = $self->_dbh;

    $self->{products} = $dbh->selectcol_arrayref(q{SELECT id FROM products WHERE tenant_id = ? ORDER BY id}, undef, $tenant->{id});
    ($self->{asked}) = $dbh->selectrow_array(q{SELECT min(id) FROM products WHERE tenant_id = ?}, undef, $option{site}{tenants}{globex}{id});
    $dbh->do(q{UPDATE products SET description = 'v0' WHERE tenant_id = ?}, undef, $tenant->{id});
    $dbh->disconnect;
    pipe my $all_are_there, $self->{is_there} or die "pipe: $!";
    $self->_fork(\&_write, $_) for 0 .. ($option{writers} // 16) - 1;
    $self->_fork(\&_read, $_) for 0 .. ($option{readers} // 8) - 1;
    $self->_fork(\&_follow) for 1 .. $option{followers} // 0;
    $self->_fork(\&_ask) for 1 .. $option{askers} // 2;
    $self->_fork(\&_switch) if $option{askers} // 1;
    delete $self->{is_there};
    sysread $all_are_there, my $nothing, 1;    # the end, when the last of them has closed it
    return $self;
}

# Lets each end what it is at, and returns what was seen; then it is to be compared with the database.
sub stop {
    my ($self) = @_;
    return TenantTest::Seen->new($self, TenantTest::Load::gather(@$self{qw(pids files)}));
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return unless $self->{owner} == $$;
    kill KILL => @{ $self->{pids} } if @{ $self->{pids} };
    waitpid $_, 0 for @{ $self->{pids} };
}

sub _fork {
    my ($self, $what, @arguments) = @_;
    my $file = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $SIG{TERM} = sub { $self->{stop} = 1 };
        $self->{pids} = [];
        $self->{file} = $file;
        srand($self->{run} + $$);
        my $is_done = eval { $self->$what(@arguments); 1 };
        print STDERR $@ unless $is_done;
        $file->flush;
        POSIX::_exit($is_done ? 0 : 1);
    }
    push @{ $self->{pids} }, $pid;
    push @{ $self->{files} }, $file;
    return;
}

sub _note {
    my ($self, %note) = @_;
    delete $self->{is_there};
    print { $self->{file} } JSON::PP::encode_json(\%note), "\n";
    return;
}

sub _dbh {
    my ($self) = @_;
    my $conninfo = ($self->{admin} // $self->{site}->conninfo('tenant', 'postgres')) =~ s/\s+/;/gr;
    return DBI->connect("dbi:Pg:$conninfo;connect_timeout=2", '', '',
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, AutoInactiveDestroy => 1 });
}

# One request as a tenant, on a connection that is kept.
sub _exchange {
    my ($self, $who, $method, $target, %option) = @_;
    my $scheme = $self->{scheme} // 'Bearer';
    my @headers = (Authorization => "$scheme $self->{site}{tenants}{$who}{key}", @{ $option{headers} || [] });
    my $body = $option{json} ? JSON::PP->new->utf8->canonical->encode($option{json}) : undef;
    my $response;

    eval {
        $self->{client} //= TenantTest::Client->new(timeout => 30, @{ $self->{address} });
        push @headers, 'Content-Type' => 'application/json' if defined $body;
        $response = $self->{client}->request($method, $target, headers => \@headers, body => $body);
        1;
    } or $response = TenantTest::Response->new(status => 0, headers => [], body => '', error => $@);
    delete $self->{client} if defined $response->error || ($response->header('Connection') // '') =~ /close/i;
    return $response;
}

# Sends a request until it has an answer that is one; calls back with the response, and whether one before is in doubt.
sub _insist {
    my ($self, $did, $ask, $judge) = @_;
    my $began = time;
    my ($tries, $doubt) = (0, 0);
    while (1) {
        my $response = $ask->();
        my $status = 0 + $response->status;
        $tries++;
        my %verdict = $judge->($response, $doubt);
        if (%verdict || time - $began > $PATIENCE) {
            $self->_note(did => $did, began => $began, ended => time, status => $status, tries => $tries, doubt => $doubt,
                $verdict{wrong} ? (code => ref $response->json eq 'HASH' ? $response->json->{code} : '') : (), %verdict);
            return %verdict;
        }
        $doubt ||= $status == 0 || $status >= 500;
        sleep 0.05 + rand 0.1;
    }
}

sub _write {
    my ($self, $me) = @_;
    my $product = "/v1/products/$self->{products}[$me]";
    my $value = 0;
    my $tag;

    for (my $n = 1; !$self->{stop}; $n++) {
        my $sid = sprintf 'CA%08x%08x%016x', $self->{run}, $me, $n;
        $self->_insist(post => sub {
            return $self->_exchange(acme => POST => '/v1/calls', json => { sid => $sid }, headers => ['Idempotency-Key' => "key-of-$sid"]);
        }, sub {
            my ($response) = @_;
            my $code = ref $response->json eq 'HASH' ? $response->json->{code} // '' : '';
            return (sid => $sid) if $response->status == 201;
            return if $response->status == 0 || $response->status >= 500 || $code =~ /^(?:idempotency-in-progress|tenant-moved)$/;
            return (wrong => $response->status);
        });
        sleep rand 0.02;
        $tag //= $self->_exchange(acme => GET => $product)->header('ETag') or next;
        my %verdict = $self->_count_up($me, $product, $value + 1, $tag);
        $tag = $verdict{tag};
        $value++ if defined $verdict{value};
        sleep rand($self->{pause} // 0.02);
    }
    return;
}

# A correct PATCH. What is in doubt is looked at: 412 is right if it was done already.
sub _count_up {
    my ($self, $me, $product, $value, $tag) = @_;
    return $self->_insist(patch => sub {
        return $self->_exchange(acme => PATCH => $product, json => { description => "v$value" }, headers => ['If-Match' => $tag]);
    }, sub {
        my ($response, $doubt) = @_;
        my $status = $response->status;
        return (who => $me, value => $value, tag => $response->header('ETag')) if $status == 200;
        return if $status == 0 || $status >= 500 || $status == 421;
        return (wrong => $status) if $status != 412;
        my $now = $self->_exchange(acme => GET => $product);
        return if $now->status != 200;
        my %now = (who => $me, tag => $now->header('ETag'));
        return (%now, value => $value) if $doubt && $now->json->{description} eq "v$value";
        return (%now, wrong => 'tag');
    });
}

# With the same key, and another credential to HAProxy, who does not look into it.
sub _follow {
    my ($self) = @_;
    $self->{scheme} = 'bearer';
    return $self->_look('follow');
}

sub _read { return $_[0]->_look('read') }

sub _look {
    my ($self, $did) = @_;
    my $writers = $self->{writers} // 16;
    while (!$self->{stop}) {
        my $who = int rand $writers;
        my $began = time;
        my $response = $self->_exchange(acme => GET => "/v1/products/$self->{products}[$who]");
        my $is_read = $response->status == 200;
        $self->_note(did => $did, who => $who, began => $began, ended => time, status => 0 + $response->status,
            $is_read ? (value => substr($response->json->{description}, 1), tag => $response->header('ETag')) : ());
        sleep $is_read ? rand 0.02 : 0.05;
    }
    return;
}

sub _ask {
    my ($self) = @_;
    while (!$self->{stop}) {
        my $began = time;
        my $response = $self->_exchange(globex => GET => "/v1/products/$self->{asked}");
        $self->_note(did => 'ask', began => $began, ended => time, status => 0 + $response->status);
        sleep 0.02;
    }
    return;
}

sub _switch {
    my ($self) = @_;
    my $dbh;
    while (1) {
        for my $did ('off', 'on') {
            return if $self->{stop} && $did eq 'off';    # never leaves it off
            my $until = time + $PATIENCE;
            while (time < $until) {
                my $began = time;
                last if eval {
                    $dbh //= $self->_dbh;
                    $dbh->do(q{SET statement_timeout = '3s'});
                    $dbh->do('UPDATE tenants SET status = ? WHERE id = ?', undef, $did eq 'off' ? 'inactive' : 'active',
                        $self->{site}{tenants}{globex}{id});
                    $self->_note(did => $did, began => $began, ended => time, status => 200);
                    1;
                };
                $self->_note(did => $did, began => $began, ended => time, status => 0);
                undef $dbh;
                sleep 0.2;
            }
            sleep 0.7;
        }
    }
}

1;
