//! The whole server, measured from outside: `make bench` prints the tables of
//! `docs/benchmarks.md`. The server is a process of its own; clients share its machine.

mod apart;
mod bare;
mod crowd;
mod fingerprints;
mod notices;
mod photos;
mod pictures;
mod pulls;
mod pushes;
mod tables;
mod wire;

use std::path::Path;

use harness::{Backend, DatabaseKind, MediaKind, Postgres};

/// The tables, by the names under which one of them can be asked for. A folder (a name with a
/// slash) has photos to measure with instead of painted ones.
const TABLES: [&str; 15] = [
    "wire",
    "pushes",
    "inside",
    "day",
    "empty",
    "pulls",
    "photos",
    "visits",
    "looks",
    "tables",
    "fingerprints",
    "pictures",
    "similar",
    "notices",
    "copies",
];

#[tokio::main]
async fn main() {
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    let photos = asked.iter().position(|name| name.contains('/')).map(|at| asked.remove(at));
    if let Some(unknown) = asked.iter().find(|name| !TABLES.contains(&name.as_str())) {
        eprintln!("no table {unknown:?}; there are {}", TABLES.join(", "));
        std::process::exit(2);
    }
    Postgres::durable();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores, clients included");
    for table in TABLES {
        if asked.is_empty() || asked.iter().any(|name| name == table) {
            println!();
            print(table, photos.as_deref().map(Path::new)).await;
        }
    }
}

async fn print(table: &str, folder: Option<&Path>) {
    let both = [DatabaseKind::Sqlite, DatabaseKind::Postgres]
        .map(|database| Backend { database, media: MediaKind::Folder });
    match table {
        "wire" => wire::measure(),
        "fingerprints" => fingerprints::measure(folder),
        "pictures" => pictures::look(),
        "copies" => pictures::copies(folder),
        "similar" => {
            println!(
                "| a photo against | photos stored | median ms | p95 ms | found | first read, s |"
            );
            println!("|---|---|---|---|---|---|");
            for backend in both {
                pictures::similar(backend).await;
            }
        }
        "notices" => {
            println!("| of a notification, on one core | each | per second |");
            println!("|---|---|---|");
            notices::alone();
            for backend in both {
                notices::log(backend).await;
            }
        }
        "pushes" => {
            println!(
                "| pushes of one visit (3 operations) | clients | pushes/s | ops/s | p50 ms | p95 ms |"
            );
            println!("|---|---|---|---|---|---|");
            for backend in both {
                pushes::measure(backend).await;
                apart::pushes(backend).await;
            }
        }
        "inside" => {
            println!(
                "| inside the server | at once | pushes/s | bare rows, pushes/s | of the bare rows |"
            );
            println!("|---|---|---|---|---|");
            for backend in both {
                pushes::inside(backend).await;
            }
        }
        "day" => {
            println!(
                "| 1,000 tablets with 20 visits each | seconds | p50 ms | p99 ms | CPU-seconds | peak memory |"
            );
            println!("|---|---|---|---|---|---|");
            for backend in both {
                apart::day(backend).await;
            }
        }
        "empty" => {
            println!("| an exchange without news | scopes in the database | median ms | bytes |");
            println!("|---|---|---|---|");
            for backend in both {
                apart::empty(backend).await;
            }
        }
        "pulls" => {
            println!(
                "| pull | households stored | median ms | bytes on the wire | server's peak memory |"
            );
            println!("|---|---|---|---|---|");
            for backend in both {
                pulls::measure(backend).await;
            }
        }
        "tables" => {
            println!("| taken away, or counted | seconds | size |");
            println!("|---|---|---|");
            for backend in both {
                tables::measure(backend).await;
            }
        }
        "looks" => {
            println!("| a photo's look, SQLite | visits stored | median ms | p95 ms |");
            println!("|---|---|---|---|");
            photos::looks().await;
        }
        "photos" => {
            println!(
                "| photos of 200 KB through tus | clients | photos/s | p95 ms | looked at, photos/s |"
            );
            println!("|---|---|---|---|---|");
            for media in [MediaKind::Folder, MediaKind::S3] {
                photos::measure(Backend { database: DatabaseKind::Sqlite, media }).await;
            }
        }
        _ => {
            println!(
                "| visits with a photo each, 8 clients | visits/s | until all is looked at, s | \
                 CPU-seconds | peak memory | bytes stored per photo | doubts |"
            );
            println!("|---|---|---|---|---|---|---|");
            for backend in both {
                photos::measure_visits(backend).await;
            }
        }
    }
}
