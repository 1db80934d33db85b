#!/bin/sh
# Asks a real manual real questions: takes every page of the PostgreSQL 15 manual into a scratch
# ragd, tells how fast that went and how much memory it took, then asks the questions of
# tests/data/postgres_questions.json and prints at which place the right page was found, and whether
# the answer was grounded.
#
#   scripts/eval-manual.sh [FOLDER]
#
# FOLDER holds the HTML pages; without it Debian's package postgresql-doc-15 is fetched and unpacked
# under target/. SETS chooses among "tuned held_out" (both), RAGD_BIN names a binary that is built
# already, and MANUAL_DATA a data folder that is kept, so that a second run ingests nothing. This
# takes minutes and is run by hand. Exits with 1 when a set misses what is required of it.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n==> %s\n' "$*"; }
fail() {
    printf 'eval-manual: %s\n' "$*" >&2
    exit 1
}

case "${1:-}" in
-h | --help)
    sed -n '2,13s/^#\( \|$\)//p' "$0"
    exit 0
    ;;
esac

SETS=${SETS:-tuned held_out}
command -v python3 >/dev/null 2>&1 || fail "python3 is missing"

folder=${1:-}
if [ -z "$folder" ]; then
    folder=target/postgres-doc/usr/share/doc/postgresql-doc-15/html
    if [ ! -f "$folder/index.html" ]; then
        say "Fetching postgresql-doc-15"
        command -v apt-get >/dev/null 2>&1 || fail "there is no apt-get: name the folder of the pages"
        mkdir -p target/postgres-doc
        (cd target/postgres-doc && apt-get download postgresql-doc-15 >/dev/null &&
            dpkg-deb -x postgresql-doc-15_*.deb . && rm -f postgresql-doc-15_*.deb) ||
            fail "the package is not to be had: name the folder of the pages"
    fi
fi
[ -f "$folder/index.html" ] || fail "there is no index.html in '$folder'"

if [ -z "${RAGD_BIN:-}" ]; then
    say "Building ragd"
    cargo build --release --locked --bin ragd
    RAGD_BIN=target/release/ragd
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/ragd-manual.XXXXXX")
server=
stop() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

DATA_DIR=${MANUAL_DATA:-$work/data}
mkdir -p "$DATA_DIR"
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export DATA_DIR PORT
# Only what ragd makes of the pages is measured: no provider, no other database.
unset LLM_PROVIDER DATABASE_URL QDRANT_URL || true
export LLM_PROVIDER=extractive

say "Starting a scratch ragd on 127.0.0.1:$PORT"
HOST=127.0.0.1 "$RAGD_BIN" serve >"$work/log" 2>&1 &
server=$!
tries=0
until python3 -c 'import sys, urllib.request; urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health/ready", timeout=2)' "$PORT" 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; fail "the server has ended"; }
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || fail "the server is not ready after two minutes"
    sleep 1
done

pages=$(find "$folder" -name '*.html' | wc -l)
say "Ingesting $pages pages"
"$RAGD_BIN" ingest --json "$folder" >"$work/ingest.json" || true

python3 - "$work/ingest.json" "$pages" "$server" "$PORT" "$DATA_DIR/api_key" "$SETS" <<'PYTHON'
import json, sys, time, urllib.request

ingest, pages, server, port, key_file, sets = sys.argv[1:7]
summary = json.load(open(ingest))
pages, seconds = int(pages), summary["seconds"]
taken = summary["indexed"] + summary["unchanged"]
print(f"{summary['indexed']} indexed, {summary['unchanged']} unchanged, {len(summary['failed'])} failed of {pages} pages")
for failed in summary["failed"]:
    print(f"  failed: {failed['path']}: {failed['reason']}")
if summary["indexed"]:
    print(f"{seconds:.1f} s: {summary['indexed'] / seconds:.1f} documents/s, {summary['passages'] / seconds:.1f} passages/s ({summary['passages']} passages)")


def memory():
    fields = dict(line.split(":", 1) for line in open(f"/proc/{server}/status") if line.startswith("Vm"))
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


try:
    found = memory()
    print(f"resident {found['VmRSS']:.0f} MB, at most {found['VmHWM']:.0f} MB")
except OSError:
    print("resident memory: not known on this system")

key = open(key_file).read().strip()


def ask(question):
    body = json.dumps({"question": question}).encode()
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/chat", body, headers)
    begun = time.monotonic()
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer), time.monotonic() - begun


questions = json.load(open("tests/data/postgres_questions.json"))
missed = taken < pages
for name in sets.split():
    one = questions[name]
    print(f"\n==> {name}: {len(one['answerable'])} questions that the manual answers")
    in_top3 = grounded = 0
    times = []
    for item in one["answerable"]:
        answer, elapsed = ask(item["question"])
        times.append(elapsed)
        uris = [source["uri"].rsplit("/", 1)[-1] for source in answer["sources"]]
        rank = next((place for place, uri in enumerate(uris, 1) if uri in item["pages"]), None)
        cited = {source["uri"].rsplit("/", 1)[-1] for source in answer["sources"] if source["cited"]}
        right = "right page cited" if cited & set(item["pages"]) else ""
        in_top3 += rank is not None and rank <= 3
        grounded += answer["grounded"]
        print(f"{rank or '-':>3}  {'grounded' if answer['grounded'] else '-':8}  {answer['confidence']:.2f}  {item['question']}  {right}")
    print(f"\n==> {name}: {len(one['unanswerable'])} questions that it cannot answer")
    refused = 0
    for question in one["unanswerable"]:
        answer, elapsed = ask(question)
        times.append(elapsed)
        refused += not answer["grounded"]
        said = f"  [{answer['answer'][:150]}]" if answer["grounded"] else ""
        print(f"{'grounded' if answer['grounded'] else '-':8}  {answer['confidence']:.2f}  {question}{said}")
    times.sort()
    print(f"\n{name}: right page in the top 3 {in_top3} of {len(one['answerable'])}, grounded {grounded}; "
          f"not grounded {refused} of {len(one['unanswerable'])}; answer p50 {times[len(times) // 2] * 1000:.0f} ms")
    missed |= in_top3 < 0.85 * len(one["answerable"]) or refused < 0.9 * len(one["unanswerable"])
sys.exit(1 if missed else 0)
PYTHON
