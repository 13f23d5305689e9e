//! Plays the protocol under every fault, seed by seed, and proves that it would notice bugs.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use simulation::step::steps;
use simulation::{Count, Violation, play, shrink, trace};
use sync_protocol::mutant::{self, Mutant};

/// Plays the protocol under every fault, seed by seed.
#[derive(Parser)]
#[command(name = "simulation")]
struct Cli {
    /// How many seeds to play
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Plays one seed, and prints what happens
    #[arg(long)]
    replay: Option<u64>,
    /// Switches each known bug on in turn; every one must be caught within `--seeds`
    #[arg(long)]
    mutants: bool,
    /// Switches one bug on
    #[arg(long)]
    mutant: Option<String>,
    /// How many processors to use
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    std::panic::set_hook(Box::new(|_| {}));
    let chosen = match &cli.mutant {
        None => None,
        Some(name) => match Mutant::ALL.iter().find(|mutant| mutant.name() == name) {
            Some(mutant) => Some(*mutant),
            None => {
                eprintln!("simulation: no bug is called {name}");
                return ExitCode::FAILURE;
            }
        },
    };
    mutant::switch(chosen);
    if cli.mutants {
        return catch_all(&cli);
    }
    if let Some(seed) = cli.replay {
        return replay(seed);
    }
    let begun = Instant::now();
    let (count, failed) = play_all(&cli, chosen);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", in_words(cli.seeds, &count, seconds));
    println!("violations {}", failed.len());
    for (seed, violation) in failed.iter().take(5) {
        println!("  seed {seed}: {violation}");
    }
    match failed.first() {
        None => ExitCode::SUCCESS,
        Some((seed, _)) => {
            println!();
            replay(*seed)
        }
    }
}

type Failed = Vec<(u64, String)>;

fn play_all(cli: &Cli, chosen: Option<Mutant>) -> (Count, Failed) {
    let (last, threads) = (cli.first + cli.seeds, cli.threads.max(1) as u64);
    let mut count = Count::default();
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let play_some = |thread: u64| {
            mutant::switch(chosen);
            let (mut count, mut failed) = (Count::default(), Vec::new());
            for seed in (cli.first + thread..last).step_by(threads as usize) {
                let (counted, told) = play(seed, &steps(seed));
                count += counted;
                if let Err(violation) = told {
                    failed.push((seed, violation.0));
                }
            }
            (count, failed)
        };
        let workers: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || play_some(thread))).collect();
        for worker in workers {
            let (counted, some) = worker.join().expect("violations do not panic");
            count += counted;
            failed.extend(some);
        }
    });
    failed.sort();
    (count, failed)
}

fn in_words(seeds: u64, count: &Count, seconds: f64) -> String {
    format!(
        "{seeds} seeds in {seconds:.1} s, {:.0} seeds/s\n\
         operations {}, requests {}, deaths {}\n\
         restores {}, failovers {}, clones {}, forks {}\n\
         conflicts {}, parked {}, repairs {}, scopes that started over {}",
        seeds as f64 / seconds,
        count.ops,
        count.requests,
        count.deaths,
        count.restores,
        count.failovers,
        count.clones,
        count.forks,
        count.conflicts,
        count.parked,
        count.repairs,
        count.resets,
    )
}

/// Plays a seed, makes its story as short as it goes, and prints it.
fn replay(seed: u64) -> ExitCode {
    let all = steps(seed);
    let (_, told) = play(seed, &all);
    let shown = if told.is_err() { shrink::shrink(seed, &all) } else { all.clone() };
    let (lines, told) = trace(seed, &shown);
    println!("seed {seed}: {} steps, {} shown", all.len(), shown.len());
    for line in lines {
        println!("  {line}");
    }
    match told {
        Ok(()) => {
            println!("no violation");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("VIOLATION: {}", violation.0);
            println!("again: simulation --replay {seed}");
            ExitCode::FAILURE
        }
    }
}

/// Switches each bug on in turn and looks for the first seed that catches it.
fn catch_all(cli: &Cli) -> ExitCode {
    println!("{:<24} {:>7}  what is wrong, and what noticed it", "bug", "seed");
    let mut missed = 0;
    for mutant in Mutant::ALL {
        match first_caught(cli, *mutant) {
            Some((seed, violation)) => {
                let said = violation.0.lines().next().unwrap_or_default();
                let said: String = said.chars().take(64).collect();
                println!("{:<24} {seed:>7}  {}\n{:33}→ {said}", mutant.name(), mutant.about(), "");
            }
            None => {
                missed += 1;
                println!("{:<24} {:>7}  {}", mutant.name(), "MISSED", mutant.about());
            }
        }
    }
    println!("{} bugs, {missed} missed", Mutant::ALL.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The first seed that notices the bug, looked for on all processors.
fn first_caught(cli: &Cli, mutant: Mutant) -> Option<(u64, Violation)> {
    let (last, threads) = (cli.first + cli.seeds, cli.threads.max(1) as u64);
    let best = AtomicU64::new(u64::MAX);
    let look = |thread: u64| {
        mutant::switch(Some(mutant));
        for seed in (cli.first + thread..last).step_by(threads as usize) {
            if seed > best.load(Ordering::Relaxed) {
                return None;
            }
            if let Err(violation) = play(seed, &steps(seed)).1 {
                best.fetch_min(seed, Ordering::Relaxed);
                return Some((seed, violation));
            }
        }
        None
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let look = &look;
                    move || look(thread)
                })
            })
            .collect();
        let found = workers.into_iter().filter_map(|worker| worker.join().ok().flatten());
        found.min_by_key(|(seed, _)| *seed)
    })
}
