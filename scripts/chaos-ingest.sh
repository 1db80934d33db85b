#!/bin/sh
# Rehearses crashes: a real server takes documents in over HTTP, is killed with SIGKILL at random
# moments and at every named failpoint, and is started again, until it was killed N times. Then it
# is left to finish, and SQL and the index are compared with what was acknowledged: every
# acknowledged document is `indexed` or `failed(reason)`, each passage is there exactly once in both,
# and nothing of a deleted document is.
#
#   scripts/chaos-ingest.sh [N]           (default 20)
#
# DATABASE_URL names an empty Postgres database; without it SQLite is used. RAGD_BIN names a binary
# that is built already, CHAOS_SEED repeats a run's choices, EMBEDDING_PROVIDER=local makes vectors
# too (default off), PSQL the client that reads Postgres (default psql). Everything else is in a
# temporary folder. Exits with 1 when anything is wrong.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
-h | --help)
    sed -n '2,15s/^#\( \|$\)//p' "$0"
    exit 0
    ;;
esac
kills=${1:-20}
command -v python3 >/dev/null 2>&1 || {
    echo "chaos-ingest: python3 is missing" >&2
    exit 1
}
if [ -z "${RAGD_BIN:-}" ]; then
    cargo build --release --locked --bin ragd
    RAGD_BIN=target/release/ragd
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/ragd-chaos.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
python3 scripts/chaos_ingest.py "$RAGD_BIN" "$work" "$kills"
