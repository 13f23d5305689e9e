//! The whole server, measured from outside: `make bench` prints the tables of
//! `docs/benchmarks.md`. The server is a process of its own; clients share its machine.

mod apart;
mod bare;
mod crowd;
mod photos;
mod pulls;
mod pushes;
mod wire;

use harness::{Backend, DatabaseKind, MediaKind};

#[tokio::main]
async fn main() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores, clients included\n");
    wire::measure();
    println!();
    let both = [DatabaseKind::Sqlite, DatabaseKind::Postgres];
    println!(
        "| pushes of one visit (3 operations) | clients | pushes/s | ops/s | p50 ms | p95 ms |"
    );
    println!("|---|---|---|---|---|---|");
    for database in both {
        let backend = Backend { database, media: MediaKind::Folder };
        pushes::measure(backend).await;
        apart::pushes(backend).await;
        bare::measure(backend).await;
    }
    println!(
        "\n| 1,000 tablets with 20 visits each | seconds | p50 ms | p99 ms | CPU-seconds | peak memory |"
    );
    println!("|---|---|---|---|---|---|");
    for database in both {
        apart::day(Backend { database, media: MediaKind::Folder }).await;
    }
    println!("\n| an exchange without news | scopes in the database | median ms | bytes |");
    println!("|---|---|---|---|");
    for database in both {
        apart::empty(Backend { database, media: MediaKind::Folder }).await;
    }
    println!(
        "\n| pull | households stored | median ms | bytes on the wire | server's peak memory |"
    );
    println!("|---|---|---|---|---|");
    for database in both {
        pulls::measure(Backend { database, media: MediaKind::Folder }).await;
    }
    println!("\n| photos of 200 KB through tus | clients | photos/s | p95 ms |");
    println!("|---|---|---|---|");
    for media in [MediaKind::Folder, MediaKind::S3] {
        photos::measure(Backend { database: DatabaseKind::Sqlite, media }).await;
    }
    println!("\n| 1,000 visits with a photo each, 8 clients | CPU-seconds | peak memory |");
    println!("|---|---|---|");
    for database in both {
        photos::measure_visits(Backend { database, media: MediaKind::Folder }).await;
    }
}
