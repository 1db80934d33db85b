#!/bin/sh
# Runs the clients that people use against a real server: OpenAI's, LangChain's and LlamaIndex's for
# Python, the AI SDK for Node. A server stands before the stub model server and takes in a document;
# a second one stands before an upstream that answers as a test tells it. What it starts, it stops.
#
#   scripts/test-clients.sh [--install] [openai] [llama-index] [node]      (default: all three)
#
# --install only fetches the clients (into target/clients, once for a list of versions). RAGD_BIN
# names the binary (default target/release/ragd), MODELS_PATH where scripts/fetch-models.sh put the
# model; PYTEST_ADDOPTS goes to pytest ("-k retrieval"). Exits with 1 when anything has failed.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'test-clients: %s\n' "$*"; }
fail() {
    printf 'test-clients: %s\n' "$*" >&2
    exit 1
}

install_only=no
parts=
for argument in "$@"; do
    case $argument in
    -h | --help)
        sed -n '2,10s/^#\( \|$\)//p' "$0"
        exit 0
        ;;
    --install) install_only=yes ;;
    openai | llama-index | node) parts="$parts $argument" ;;
    *) fail "unknown argument: $argument (see --help)" ;;
    esac
done
[ -n "$parts" ] || parts="openai llama-index node"
root=$PWD
home=$root/target/clients
# What Python compiles goes there too: only what is used, and nothing beside the tests.
export PYTHONPYCACHEPREFIX="$home/pycache"

is_root() { [ "$(id -u)" = 0 ]; }

# debian PACKAGE…: installs Debian packages where that can be done.
debian() {
    is_root && command -v apt-get >/dev/null 2>&1 || return 1
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null; }
}

# Clients -----------------------------------------------------------------------------------------

command -v python3 >/dev/null 2>&1 || debian python3 python3-venv ||
    fail "python3 is missing: install it (Debian: apt-get install python3 python3-venv)"

# venv NAME REQUIREMENTS: the Python clients of a list, in target/clients/NAME; kept while the list
# and the Python stay as they are.
venv() {
    folder=$home/$1
    wanted=$( (python3 --version && cat "tests/clients/$2") | cksum)
    if [ "$(cat "$folder/.made-of" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3-venv ||
        fail "Python's venv is missing: install it (Debian: apt-get install python3-venv)"
    say "installing the Python clients of tests/clients/$2"
    rm -rf "$folder"
    python3 -m venv "$folder" || fail "no Python environment could be made in $folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --retries 10 --no-deps --no-compile \
        -r "tests/clients/$2" || fail "pip could not install tests/clients/$2; run this again"
    "$folder/bin/python" -m pip check --disable-pip-version-check >/dev/null ||
        fail "tests/clients/$2 lacks something: $("$folder/bin/python" -m pip check 2>&1 || true)"
    echo "$wanted" >"$folder/.made-of"
}

# The Node clients, in target/clients/node.
node_clients() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || debian nodejs npm || true
    command -v node >/dev/null 2>&1 || fail "node is missing: install Node 20 or later (Debian: apt-get install nodejs npm)"
    command -v npm >/dev/null 2>&1 || fail "npm is missing: install it (Debian: apt-get install npm)"
    mkdir -p "$home/node"
    wanted=$( (node --version && cat tests/clients/package.json tests/clients/package-lock.json) | cksum)
    if [ "$(cat "$home/node/.made-of" 2>/dev/null)" != "$wanted" ]; then
        say "installing the Node clients of tests/clients/package.json"
        rm -f "$home/node/.made-of"
        cp tests/clients/package.json tests/clients/package-lock.json "$home/node/"
        (cd "$home/node" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null) ||
            fail "npm could not install tests/clients/package.json; run this again"
        echo "$wanted" >"$home/node/.made-of"
    fi
    # Node looks for packages beside the file that imports them.
    cp tests/clients/*.mjs "$home/node/"
}

for part in $parts; do
    case $part in
    openai) venv venv requirements.txt ;;
    llama-index) venv venv-llama-index requirements-llama-index.txt ;;
    node) node_clients ;;
    esac
done
[ "$install_only" = no ] || exit 0

# Servers -----------------------------------------------------------------------------------------

RAGD_BIN=${RAGD_BIN:-target/release/ragd}
[ -x "$RAGD_BIN" ] || fail "there is no binary '$RAGD_BIN': build it (cargo build --release), or name it in RAGD_BIN"
RAGD_BIN=$(cd "$(dirname "$RAGD_BIN")" && pwd)/$(basename "$RAGD_BIN")
export RAGD_BIN

# Nothing of the caller's own set-up reaches a server or a client.
unset DATABASE_URL QDRANT_URL REDIS_URL RAGD_CONFIG RAGD_PROFILE RAGD_FAILPOINT PORT VECTOR_STORE_PATH \
    FORCE_DEFAULT_PROVIDER ANTHROPIC_API_KEY GOOGLE_API_KEY GROQ_API_KEY LLM_GROQ_API_KEY OLLAMA_URL \
    OPENAI_ORG_ID OPENAI_PROJECT_ID OPENAI_API_BASE HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy \
    https_proxy all_proxy
export NO_PROXY=127.0.0.1,localhost LANGSMITH_TRACING=false

CLIENTS_WORK=$(mktemp -d "${TMPDIR:-/tmp}/ragd-clients.XXXXXX")
export CLIENTS_WORK
pids=
stop() {
    status=$?
    trap - EXIT INT TERM
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $pids; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$CLIENTS_WORK"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

# start NAME COMMAND…: starts a server, waits until it says where it listens; sets `address`.
start() {
    log=$CLIENTS_WORK/$1.log
    shift
    : >"$log"
    "$@" >"$log" 2>&1 &
    pid=$!
    pids="$pids $pid"
    tries=0
    while :; do
        address=$(sed -n 's|.*listens on \(http://[^ "]*\).*|\1|p' "$log" | head -n 1)
        [ -z "$address" ] || return 0
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then
            cat "$log" >&2
            fail "it does not start: $*"
        fi
        sleep 0.1
    done
}

# serve NAME UPSTREAM EMBEDDINGS: starts ragd before an upstream.
serve() {
    start "$1" env DATA_DIR="$CLIENTS_WORK/$1" HOST=127.0.0.1 API_KEY="$RAGD_KEY" LLM_PROVIDER=openai \
        OPENAI_BASE_URL="$2/v1" OPENAI_API_KEY=sk-test OPENAI_MODEL=stub-model LLM_MODEL=stub-model \
        EMBEDDING_PROVIDER="$3" "$RAGD_BIN" serve --port 0
}

RAGD_KEY=clients-key-0123456789abcdef
start stub "$RAGD_BIN" stub-llm --port 0 --cite --tokens 20
STUB_URL=$address
start scripted-upstream python3 tests/clients/upstream.py
SCRIPTED_URL=$address
serve ragd "$STUB_URL" local
RAGD_URL=$address
RAGD_TOKEN=$(cat "$CLIENTS_WORK/ragd/local.token")
serve scripted-ragd "$SCRIPTED_URL" off
SCRIPTED_RAGD_URL=$address
export RAGD_KEY RAGD_URL RAGD_TOKEN STUB_URL SCRIPTED_URL SCRIPTED_RAGD_URL
LIGHTHOUSE_ID=$(python3 tests/clients/lighthouse.py) || {
    tail -n 25 "$CLIENTS_WORK/ragd.log" >&2
    fail "no document could be sent in"
}
export LIGHTHOUSE_ID

# Tests -------------------------------------------------------------------------------------------

# run_pytest VENV ARGUMENT…: runs the Python tests.
run_pytest() {
    python=$home/$1/bin/python
    shift
    "$python" -m pytest tests/clients -c tests/clients/pytest.ini --rootdir tests/clients "$@"
}

summary=
failed=no
# note NAME STATUS: a line of the summary.
note() {
    if [ "$2" = 0 ]; then
        summary="$summary$1: passed
"
    else
        failed=yes
        summary="$summary$1: FAILED
"
    fi
}

for part in $parts; do
    status=0
    case $part in
    openai)
        name="openai $(sed -n 's/^openai==//p' tests/clients/requirements.txt), langchain-openai $(sed -n 's/^langchain-openai==//p' tests/clients/requirements.txt)"
        say "$name"
        run_pytest venv --ignore tests/clients/test_llama_index.py || status=$?
        ;;
    llama-index)
        name="openai $(sed -n 's/^openai==//p' tests/clients/requirements-llama-index.txt), llama-index-llms-openai-like $(sed -n 's/^llama-index-llms-openai-like==//p' tests/clients/requirements-llama-index.txt)"
        say "$name"
        run_pytest venv-llama-index --ignore tests/clients/test_langchain.py -m "not slow" || status=$?
        ;;
    node)
        name="ai $(sed -n 's/^ *"ai": "\(.*\)".*/\1/p' tests/clients/package.json), @ai-sdk/openai-compatible $(sed -n 's/^ *"@ai-sdk\/openai-compatible": "\(.*\)".*/\1/p' tests/clients/package.json)"
        say "$name"
        (cd "$home/node" && node --test --test-reporter=spec ai_sdk.test.mjs) || status=$?
        ;;
    esac
    note "$name" "$status"
done

if [ "$failed" = yes ]; then
    for name in stub ragd scripted-ragd; do
        printf '\n--- the end of the log of %s\n' "$name" >&2
        tail -n 25 "$CLIENTS_WORK/$name.log" >&2
    done
fi
printf '\n%s' "$summary" | sed 's/^\(.\)/test-clients: \1/'
[ "$failed" = no ]
