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
    /// Writes a compression dictionary made of invented messages to a file
    Dictionary {
        /// The file
        file: std::path::PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let plan = match Cli::parse().command {
        Command::Day(plan) => plan,
        Command::Dictionary { file } => {
            return match std::fs::write(&file, tablets::sample::dictionary()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("tablets: {}: {error}", file.display());
                    ExitCode::FAILURE
                }
            };
        }
    };
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
