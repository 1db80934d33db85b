#!/bin/sh
# From nothing to an answer: builds ragd, fetches the embedding model, starts the server on
# 127.0.0.1:8000 with the embedded engines, ingests a folder of documents, asks a question.
#
#   scripts/quickstart.sh [FOLDER [QUESTION]]
#
# FOLDER defaults to this repository's own docs/. The data goes to ./data (DATA_DIR), the port is
# PORT (8000). The server keeps running after the script has ended; its last lines say how to stop
# it. Running the script again is harmless.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
-h | --help)
    sed -n '2,9s/^#\( \|$\)//p' "$0"
    exit 0
    ;;
esac

folder=${1:-docs}
question=${2:-"Which port does ragd listen on by default, and how is it changed?"}
if [ -n "${1:-}" ] && [ -z "${2:-}" ]; then
    question="What are these documents about?"
fi
DATA_DIR=${DATA_DIR:-data}
PORT=${PORT:-8000}
export DATA_DIR PORT
ragd=target/release/ragd
log=$DATA_DIR/quickstart.log
pid_file=$DATA_DIR/quickstart.pid

say() { printf '\n==> %s\n' "$*"; }
fail() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

[ -e "$folder" ] || fail "there is no '$folder'"
command -v cargo >/dev/null 2>&1 || fail "cargo is missing: install Rust (rust-version in Cargo.toml says which)"
command -v cc >/dev/null 2>&1 || fail "a C compiler is missing (Debian: apt-get install gcc libc6-dev)"

say "Building ragd (the first time takes 10 to 20 minutes on two cores)"
cargo build --release --locked --bin ragd

say "Fetching the embedding model (once, about 84 MB)"
RAGD_BIN=$ragd scripts/fetch-models.sh ||
    echo "quickstart: continuing without a model: retrieval is by words alone"

say "Starting the server on 127.0.0.1:$PORT, data in $DATA_DIR/"
mkdir -p "$DATA_DIR"
running() { [ -f "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; }
if running; then
    echo "it is running already (process $(cat "$pid_file"))"
else
    HOST=127.0.0.1 nohup "$ragd" serve >"$log" 2>&1 &
    echo $! >"$pid_file"
fi
is_ready() {
    python3 - "$PORT" <<'PYTHON' 2>/dev/null
import sys, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health/ready", timeout=2)
PYTHON
}
tries=0
until is_ready; do
    running || { cat "$log" >&2; fail "the server has ended; its log is above"; }
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { tail -5 "$log" >&2; fail "the server is not ready after a minute"; }
    sleep 1
done
grep -A 3 'A first API key was made' "$log" || true
echo "ready"

say "Ingesting $folder"
"$ragd" ingest "$folder" || echo "quickstart: some documents failed; the reasons are above"

say "Asking: $question"
"$ragd" ask "$question"

say "What to try next"
cat <<END
  $ragd ask "another question"
  $ragd search "words to look for"
  curl -s http://127.0.0.1:$PORT/chat -H "X-API-Key: \$(cat $DATA_DIR/api_key)" \\
       -H 'Content-Type: application/json' -d '{"question": "another question"}'
  the API's documentation: http://127.0.0.1:$PORT/docs

Stop the server:   kill $(cat "$pid_file")
Forget everything: rm -r $DATA_DIR
END
