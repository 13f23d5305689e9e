//! Headless tablets for trying out and measuring a Ruhu server.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use indicatif::ProgressBar;
use tablets::day::{self, Plan};

/// Headless tablets for trying out and measuring a Ruhu server.
#[derive(Parser)]
#[command(name = "tablets", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A day in the village: three tablets work offline, then sync over a link that drops
    Day(Plan),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { command: Command::Day(plan) } = Cli::parse();
    match day::play(&plan, ProgressBar::new(0)).await {
        Ok(report) => {
            println!("A day in the village\n{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("tablets: {error}");
            ExitCode::FAILURE
        }
    }
}
