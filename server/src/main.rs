//! The `ruhu` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ruhu::cli::main()
}
