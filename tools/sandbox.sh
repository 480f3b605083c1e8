# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# What `make run` and `make bench` share: a private PostgreSQL cluster on a unix socket, httpds with configurations of
# their own, and all state in one folder. Sourced by a script that has set top, the checkout, and command, what to call
# itself in messages; it calls sandbox_use before anything else.

export LC_ALL=C.UTF-8

: "${top:?}" "${command:?}"
run=$top/run
database=tenant

fail() {
    echo "$command: $*" >&2
    exit 1
}

is_root() {
    [ "$(id -u)" = 0 ]
}

# sandbox_use demo|bench: the state lives in run/, or in run/bench. Root's is in a folder of /var/lib that belongs to this
# checkout, with a link to it, for neither PostgreSQL's user nor httpd's could reach it below /root; PostgreSQL runs as
# postgres, httpd's children as www-data.
sandbox_use() {
    if is_root; then
        home=/var/lib/mod_tenant-demo-$(printf '%s' "$top" | sha256sum | cut -c 1-8)
        worker=www-data
        as_postgres='runuser -u postgres --'
    else
        home=$run
        worker=$(id -un)
        as_postgres=
    fi
    state=$home
    [ "$1" = demo ] || state=$home/$1
    data=$state/pgdata
}

# --- Processes -------------------------------------------------------------------------------------------

# httpd_pids NAME: every process of that httpd, which its configuration file marks: also children that outlived a killed
# parent.
httpd_pids() {
    grep -lszxF -e "$state/$1.conf" /proc/[0-9]*/cmdline | cut -d/ -f3 | while read -r pid; do
        case $(readlink "/proc/$pid/exe" 2>/dev/null || :) in */apache2*) echo "$pid" ;; esac
    done
}

# Every process of our cluster; they all run in its data directory.
postgres_pids() {
    for link in /proc/[0-9]*/cwd; do
        [ "$(readlink "$link" 2>/dev/null || :)" = "$data" ] || continue
        case $(readlink "${link%cwd}exe" 2>/dev/null || :) in */postgres*) echo "$link" | cut -d/ -f3 ;; esac
    done
}

# The postmaster, when it is one of them.
postgres_pid() {
    postgres_pids | grep -xF -e "$(head -n 1 "$data/postmaster.pid" 2>/dev/null || echo none)" || :
}

# wait_until SECONDS COMMAND...
wait_until() {
    tries=$(($1 * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

# none_of LISTING...: whether that lists no process. signal_all SIGNAL LISTING...: sends it to each.
none_of() {
    [ -z "$("$@")" ]
}

signal_all() {
    signal=$1
    shift
    for pid in $("$@"); do kill -s "$signal" "$pid" 2>/dev/null || :; done
}

# stop_httpd NAME
stop_httpd() {
    signal_all TERM httpd_pids "$1"
    wait_until 5 none_of httpd_pids "$1" || signal_all KILL httpd_pids "$1"
    rm -f "$state/$1.pid"
}

stop_postgres() {
    none_of postgres_pid || $as_postgres "$pg/pg_ctl" stop -s -w -m fast -D "$data"
}

# What fails, or is interrupted, from here on leaves nothing running: the script's own stop ends it.
stop_on_failure() {
    trap 'end_all $?' EXIT
    trap 'exit 130' INT TERM HUP
}

# end_all STATUS: what the trap does.
end_all() {
    trap - EXIT
    [ "$1" = 0 ] || stop
    exit "$1"
}

# --- The folder ------------------------------------------------------------------------------------------

# The folder of the state; what holds keys in it is 0600.
make_state() {
    if is_root; then
        [ ! -e "$run" ] || [ -L "$run" ] || fail "$run belongs to another user's demo: make clean as that user first"
        install -d -m 755 "$home" "$state"
        ln -sfn "$home" "$run"
    elif [ -L "$run" ]; then
        fail "$run belongs to root's demo: sudo make clean first"
    fi
    install -d -m 755 "$run" "$state"
    [ ! -e "$state/place" ] || is_in_place ||
        fail "$state is a copy of $(cat "$state/place"), or was moved from there: make clean, then $command, starts anew"
    echo "$state" >"$state/place"
    install -d -m 755 "$state/logs"
}

# Whether the state was made where it is: a copy of a checkout is none of the processes and sockets that it names.
is_in_place() {
    [ "$(cat "$state/place" 2>/dev/null)" = "$state" ]
}

# The folder of PostgreSQL's socket: a socket's path has at most 107 bytes, so below a deep state it is one in /tmp.
make_socket_dir() {
    sockets=$state/socket
    if [ ${#sockets} -gt 90 ]; then
        sockets=$(cat "$state/socket-dir" 2>/dev/null || :)
        [ -O "$sockets" ] && [ -d "$sockets" ] && [ ! -L "$sockets" ] || sockets=$(mktemp -d /tmp/mod_tenant.XXXXXX)
        echo "$sockets" >"$state/socket-dir"
    elif [ ! -d "$sockets" ]; then
        mkdir -m 755 "$sockets"
        ! is_root || chown postgres: "$sockets"
    fi
}

remove_state() {
    if is_in_place && [ -e "$state/socket-dir" ]; then rm -rf "$(cat "$state/socket-dir")"; fi
    rm -rf "$state"
    [ "$state" != "$home" ] || [ ! -L "$run" ] || rm -f "$run"
}

# --- PostgreSQL ------------------------------------------------------------------------------------------

# The newest there is, or the one that made the cluster.
find_postgres() {
    for pg in /usr/lib/postgresql/*/bin; do :; done
    [ ! -d "$data" ] || [ ! -e "$data/PG_VERSION" ] || pg=/usr/lib/postgresql/$(cat "$data/PG_VERSION")/bin
}

# The cluster, its roles and who may be whom: the kernel says who connects (peer), so nothing has a password.
make_cluster() {
    rm -rf "$data"
    ! is_root || install -d -m 700 -o postgres -g postgres "$data"
    $as_postgres "$pg/initdb" -D "$data" -U postgres -A peer -E UTF8 --locale=C.UTF-8 >"$state/logs/initdb.log" 2>&1 ||
        fail "initdb failed: $(cat "$state/logs/initdb.log")"
    echo 'local all all peer map=sandbox' | write_as_postgres pg_hba.conf
    {
        for role in postgres tenant_owner tenant_api tenant_admin; do
            echo "sandbox $(id -un) $role"
            ! is_root || echo "sandbox postgres $role"
        done
        echo "sandbox $worker tenant_api"
        echo "sandbox $worker tenant_admin"
    } | sort -u | write_as_postgres pg_ident.conf
}

write_as_postgres() {
    # shellcheck disable=SC2016
    $as_postgres sh -c 'cat >"$1"' sh "$data/$1"
}

start_postgres() {
    none_of postgres_pid || return 0
    # Backends whose postmaster was killed end by themselves; only then are its lock files mere remains.
    wait_until 10 none_of postgres_pids || fail "processes without a postmaster still use $data"
    rm -f "$data/postmaster.pid" "$sockets/.s.PGSQL.5432.lock"
    $as_postgres "$pg/pg_ctl" start -s -w -D "$data" -l "$data/log" -o "-c listen_addresses= -k '$sockets'" ||
        fail "PostgreSQL does not start: $(tail -n 5 "$data/log")"
}

psql() {
    command psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# The roles and the schema, in $database: what an upgrade does, and nothing where all is there. Each change is verified by the
# tests; here that would double the time until the first answer.
deploy() {
    psql -f "$top/sql/bootstrap.sql" || fail "the roles could not be made"
    (cd "$top/sql" && SQITCH_FULLNAME=Demo SQITCH_EMAIL=demo@localhost TZ=UTC PGUSER=tenant_owner \
        PGOPTIONS='-c client_min_messages=warning' sqitch --quiet deploy --no-verify "db:pg:$database") || fail "the schema could not be deployed (make clean, then $command, starts anew)"
}

# --- httpd -----------------------------------------------------------------------------------------------

# fill_in TEMPLATE NAME=VALUE...: the template with each @NAME@ replaced. STATE, MODULE, SOCKETS, DATABASE and USER (the
# lines that choose the children's user) are known here.
fill_in() {
    template=$1
    shift
    user=
    ! is_root || user="User $worker
Group $worker"
    set -- "$@" "STATE=$state" "MODULE=$top/build/mod_tenant.so" "SOCKETS=$sockets" "DATABASE=$database" "USER=$user"
    for pair; do
        set -- "$@" -e "s|@${pair%%=*}@|$(sed_text "${pair#*=}")|g"
        shift
    done
    sed "$@" "$template"
}

sed_text() {
    printf '%s' "$1" | sed -e 's/[\\&|]/\\&/g' -e '$!s/$/\\/'
}

# start_httpd NAME PORT: with $state/NAME.conf; returns once it answers on that port.
start_httpd() {
    started=$(/usr/sbin/apache2 -f "$state/$1.conf" -k start 2>&1) || case $started in
    *'could not bind'*) fail_taken "$started" ;;
    *) fail "httpd does not start: $started" ;;
    esac
    wait_until 10 httpd_answers "$2" || fail "httpd does not answer: see $state/logs"
}

fail_taken() {
    fail "a port of 127.0.0.1 is taken; free it, or choose others${ports_hint:+: $ports_hint}: $1"
}

# check_ports PORT...: that nobody listens there, before anything is made that takes long.
check_ports() {
    for port_to_check; do
        status=0
        curl -s -o /dev/null -m 1 "http://127.0.0.1:$port_to_check/" || status=$?
        [ "$status" = 7 ] || fail_taken "$port_to_check" # 7: the connection is refused
    done
}

httpd_answers() {
    curl -s -o /dev/null "http://127.0.0.1:$1/"
}

# --- Words -----------------------------------------------------------------------------------------------

# A word for the shell; bare where it can be, for readers that are no shells.
quoted() {
    case $1 in
    *[!A-Za-z0-9_./-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
    esac
}
