#!/bin/sh
# Cargo runs this in place of rustc (see .cargo/config.toml). qdrant-edge 0.9.0, our embedded vector
# engine, uses `assert_matches`, which became stable one release after Rust 1.95, the compiler that
# we support. On an older compiler this script lets that one crate, by name, use that one feature,
# and it does nothing to any other crate or on a newer compiler. Delete it, and the line in
# .cargo/config.toml, when the minimum Rust rises to 1.96.
#
# A wrapper of your own (a compiler cache, say) goes into RAGD_INNER_WRAPPER: it is called with the
# compiler and its arguments, just as cargo would call it.
rustc=$1
shift

crate=
previous=
for argument in "$@"; do
    if [ "$previous" = "--crate-name" ]; then
        crate=$argument
        break
    fi
    previous=$argument
done

if [ "$crate" = qdrant_edge ]; then
    minor=$("$rustc" --version | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    if [ -n "$minor" ] && [ "$minor" -lt 96 ]; then
        RUSTC_BOOTSTRAP=1
        export RUSTC_BOOTSTRAP
        set -- "$@" "-Zcrate-attr=feature(assert_matches)"
    fi
fi

exec ${RAGD_INNER_WRAPPER:+"$RAGD_INNER_WRAPPER"} "$rustc" "$@"
