//! The `ruhu` program.

use std::process::ExitCode;

/// What was freed goes back to the system. glibc keeps it, in as many arenas as there were threads:
/// after a day of photos a server held twice what it needed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ruhu::cli::main()
}
