//! Rebuilds this crate when a migration is added or changed: they are embedded in the binary, and
//! Cargo does not see that by itself.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
    println!("cargo:rerun-if-changed=../../migrations/postgres");
}
