#!/bin/sh
# Runs every test of ragd, with everything that they need: a Postgres and a Redis of their own in a
# temporary folder, the embedding model, two real PDFs, real clients of OpenAI's API from PyPI and npm.
# What it starts, it stops. Arguments go to the test runner: `scripts/test.sh store` runs the tests whose
# name contains "store". What is skipped for want of a program, a document or a server is counted and
# printed at the end; REQUIRE_ALL=1 makes it a failure, except for a Qdrant server.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'test: %s\n' "$*"; }
fail() {
    printf 'test: %s\n' "$*" >&2
    exit 1
}

if [ "${1:-}" = --help ]; then
    sed -n '2,8s/^# //p' "$0"
    exit 0
fi

is_root() { [ "$(id -u)" = 0 ]; }

# debian PACKAGE…: installs Debian packages where that can be done.
debian() {
    is_root && command -v apt-get >/dev/null 2>&1 || return 1
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null; }
}

command -v cargo >/dev/null 2>&1 || fail "cargo is missing: install Rust (rust-version in Cargo.toml says which)"
command -v cc >/dev/null 2>&1 || debian gcc libc6-dev || fail "a C compiler is missing: install gcc"

# Postgres --------------------------------------------------------------------------------------

find_postgres() {
    for folder in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    command -v initdb >/dev/null 2>&1 && dirname "$(command -v initdb)"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/ragd-test.XXXXXX")
postgres_bin=
redis_pid=
# Tests that are skipped append a line with the reason.
RAGD_TEST_SKIPPED=$work/skipped
export RAGD_TEST_SKIPPED

report_skipped() {
    [ -f "$RAGD_TEST_SKIPPED" ] || return 0
    say "skipped: $(wc -l <"$RAGD_TEST_SKIPPED") tests"
    sort "$RAGD_TEST_SKIPPED" | uniq -c | sort -rn | while read -r count reason; do
        say "  $count because $reason"
    done
}

# lacking WHAT: something that tests need cannot be had here.
lacking() {
    [ "${REQUIRE_ALL:-}" != 1 ] || fail "$*, and REQUIRE_ALL is set"
    say "$*: the tests of it are skipped"
}

stop() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$redis_pid" ]; then
        kill "$redis_pid" 2>/dev/null && wait "$redis_pid" 2>/dev/null || true
    fi
    if [ -n "$postgres_bin" ] && [ -f "$work/pg/postmaster.pid" ]; then
        as_postgres "$postgres_bin/pg_ctl" -D "$work/pg" -m immediate stop >/dev/null 2>&1 || true
    fi
    report_skipped
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

# Postgres refuses to run as root.
as_postgres() {
    if is_root; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

spare_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

command -v python3 >/dev/null 2>&1 || debian python3 python3-pip || fail "python3 is missing"
if [ -z "${TEST_POSTGRES_URL:-}" ]; then
    [ -n "$(find_postgres)" ] || debian postgresql || true
    postgres_bin=$(find_postgres)
    [ -n "$postgres_bin" ] ||
        fail "Postgres is missing: install it (Debian: apt-get install postgresql), or set TEST_POSTGRES_URL"
    is_root && chown postgres "$work"
    port=$(spare_port)
    say "starting Postgres on 127.0.0.1:$port"
    (cd / && as_postgres "$postgres_bin/initdb" -D "$work/pg" -U ragd --auth=trust --no-sync >"$work/initdb.log" 2>&1) ||
        { cat "$work/initdb.log" >&2; fail "initdb failed"; }
    (cd / && as_postgres "$postgres_bin/pg_ctl" -D "$work/pg" -w -l "$work/pg/log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$work' -c fsync=off -c max_connections=300" \
        start >/dev/null) || { cat "$work/pg/log" >&2; fail "Postgres does not start"; }
    TEST_POSTGRES_URL="postgres://ragd@127.0.0.1:$port/postgres"
    export TEST_POSTGRES_URL
fi

# Redis -------------------------------------------------------------------------------------------

# answers PORT: whether a Redis there says PONG.
answers() {
    python3 -c '
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1) as s:
    s.settimeout(1)
    s.sendall(b"PING\r\n")
    sys.exit(0 if s.recv(5) == b"+PONG" else 1)
' "$1" 2>/dev/null
}

if [ -z "${TEST_REDIS_URL:-}" ]; then
    command -v redis-server >/dev/null 2>&1 || debian redis-server || true
    command -v redis-server >/dev/null 2>&1 ||
        fail "Redis is missing: install it (Debian: apt-get install redis-server), or set TEST_REDIS_URL"
    port=$(spare_port)
    say "starting Redis on 127.0.0.1:$port"
    mkdir "$work/redis"
    redis-server --bind 127.0.0.1 --port "$port" --dir "$work/redis" --save "" --appendonly no \
        --daemonize no >"$work/redis/log" 2>&1 &
    redis_pid=$!
    tries=0
    until answers "$port"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 50 ] || ! kill -0 "$redis_pid" 2>/dev/null; then
            cat "$work/redis/log" >&2
            fail "Redis does not start"
        fi
        sleep 0.1
    done
    TEST_REDIS_URL="redis://127.0.0.1:$port"
    export TEST_REDIS_URL
fi

# Binary, model, documents ------------------------------------------------------------------------

# Optimised dependencies, ragd's own crates as they compile fastest: .cargo/quick.toml says why.
quick="--release --locked --config .cargo/quick.toml --workspace"
say "building (the first build of all dependencies takes 10 to 15 minutes on two cores)"
# Unquoted: the options are words of their own.
cargo test $quick --lib --bins --test it --no-run
RAGD_BIN=target/release/ragd scripts/fetch-models.sh

if [ -z "${RAGD_BASH_DOC:-}" ]; then
    for folder in /usr/share/doc/bash-doc /usr/share/doc/bash; do
        [ -f "$folder/bashref.pdf" ] && [ -f "$folder/bash.pdf" ] && RAGD_BASH_DOC=$folder
    done
fi
if [ -z "${RAGD_BASH_DOC:-}" ] && command -v apt-get >/dev/null 2>&1; then
    # Unpacked beside the build, not installed: it is only two documents to read.
    if [ ! -f target/bash-doc/usr/share/doc/bash/bash.pdf ]; then
        mkdir -p target/bash-doc
        (cd target/bash-doc && { apt-get download bash-doc >/dev/null 2>&1 ||
            { is_root && apt-get update >/dev/null && apt-get download bash-doc >/dev/null; }; } &&
            dpkg-deb -x bash-doc_*.deb . && rm -f bash-doc_*.deb) || true
    fi
    [ -f target/bash-doc/usr/share/doc/bash/bash.pdf ] &&
        RAGD_BASH_DOC=$PWD/target/bash-doc/usr/share/doc/bash
fi
if [ -n "${RAGD_BASH_DOC:-}" ]; then
    export RAGD_BASH_DOC
    say "real PDFs from $RAGD_BASH_DOC"
else
    lacking "Debian's package bash-doc cannot be fetched"
fi
if ! command -v tesseract >/dev/null 2>&1; then
    debian tesseract-ocr || lacking "tesseract cannot be installed"
fi
[ -n "${QDRANT_URL:-}" ] || say "QDRANT_URL is not set: the tests of a Qdrant server are skipped"

# Tests -------------------------------------------------------------------------------------------

# Most tests wait for a server, a process or a timer for a third of their time: one more than there are
# cores keeps these busy.
RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}
export RUST_TEST_THREADS

cargo test $quick --lib --bins --test it "$@"
[ $# != 0 ] || cargo test $quick --doc

# Real clients of OpenAI's API, where everything was asked for ---------------------------------------

if [ $# = 0 ]; then
    say "clients of OpenAI's API: openai, langchain, llama-index, ai-sdk"
    RAGD_BIN=target/release/ragd scripts/test-clients.sh
fi

# A short rehearsal of crashes, where everything was asked for --------------------------------------

# chaos DATABASE_URL: the rehearsal on this database; on SQLite when it is empty.
chaos() {
    PSQL="${postgres_bin:+$postgres_bin/}psql" DATABASE_URL=$1 RAGD_BIN=target/release/ragd \
        scripts/chaos-ingest.sh 24
}

if [ $# = 0 ]; then
    say "killing a server at every failpoint, on SQLite and on Postgres"
    # Nothing may fail while the first one runs in the background, which would go on alone.
    if [ -n "$postgres_bin" ]; then
        "$postgres_bin/psql" "$TEST_POSTGRES_URL" -qc 'CREATE DATABASE ragd_chaos'
    fi
    chaos '' >"$work/chaos.log" 2>&1 &
    on_sqlite=$!
    if [ -n "$postgres_bin" ]; then
        chaos "${TEST_POSTGRES_URL%/*}/ragd_chaos" || postgres_failed=yes
    fi
    wait "$on_sqlite" || sqlite_failed=yes
    cat "$work/chaos.log"
    [ -z "${postgres_failed:-}${sqlite_failed:-}" ] || fail "a crash was not survived; the reasons are above"
fi
