//! The web app that is carried along: built by `make web`, empty where it was not.

use std::path::Path;

fn main() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    if let Err(problem) = std::fs::create_dir_all(&built) {
        println!("cargo::error=web/dist: {problem}");
    }
    println!("cargo::rerun-if-changed=../web/dist");
}
