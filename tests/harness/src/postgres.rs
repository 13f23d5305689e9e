//! A PostgreSQL server for this test process, and a database for each test.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use ruhu::db::DatabaseUrl;

use crate::gate::Gate;

static SERVER: OnceLock<Postgres> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);
static DURABLE: AtomicBool = AtomicBool::new(false);

/// A PostgreSQL server on a socket in a private directory.
pub struct Postgres {
    directory: PathBuf,
    // While it lives, its standard input stays open; when that closes, the server stops.
    _guard: Child,
}

/// Starts PostgreSQL and stops it, and removes its directory, when standard input closes, even
/// if the test process was killed.
const GUARD: &str = r#"
set -e
cd "$1"
"$2/initdb" --no-sync --no-locale --encoding=UTF8 --auth=trust --username=ruhu -D data >log 2>&1
"$2/postgres" -D data -k "$1" -c listen_addresses= -c fsync="$3" -c synchronous_commit="$3" \
    -c full_page_writes="$3" -c max_connections=300 -c shared_buffers=64MB >>log 2>&1 &
server=$!
while ! "$2/pg_isready" -q -h "$1" -U ruhu; do kill -0 $server; sleep 0.05; done
echo ready
cat >/dev/null || true
kill -INT $server
wait $server || true
cd /
rm -rf "$1"
"#;

impl Postgres {
    /// Has the server of this process wait for its disk, as one in earnest does. Counts until the
    /// server is first used.
    pub fn durable() {
        DURABLE.store(true, Ordering::Relaxed);
    }

    /// The server of this test process.
    pub fn server() -> &'static Self {
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let binaries = binaries()
            .expect("PostgreSQL is not installed; on Debian or Ubuntu: apt-get install postgresql");
        let directory = tempfile::Builder::new().prefix("ruhu-pg-").tempdir().expect("a directory");
        let directory = directory.keep();
        // PostgreSQL refuses to run as root.
        let mut command = if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&directory).status();
            assert!(owned.is_ok_and(|status| status.success()), "chown postgres");
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut guard = command
            .args(["-c", GUARD, "postgres-for-tests"])
            .arg(&directory)
            .arg(&binaries)
            .arg(if DURABLE.load(Ordering::Relaxed) { "on" } else { "off" })
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut ready = [0; 6];
        let said = guard.stdout.as_mut().expect("it is piped").read_exact(&mut ready);
        if said.is_err() || &ready != b"ready\n" {
            let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
            panic!("PostgreSQL did not start:\n{log}");
        }
        let server = Self { directory, _guard: guard };
        server.create("template_ruhu", None);
        ruhu::db::migrate(&server.url("template_ruhu")).expect("the migrations run");
        server
    }

    /// A new database of this server with the layout in place.
    pub fn database(&self) -> DatabaseUrl {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.create(&name, Some("template_ruhu"));
        self.url(&name)
    }

    /// A new database of this server with nothing in it.
    pub fn empty_database(&self) -> DatabaseUrl {
        let name = format!("empty_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.create(&name, None);
        self.url(&name)
    }

    /// A gate before this server, and one of its databases as it is reached through the gate.
    pub fn behind_a_gate(&self, database: &DatabaseUrl) -> (Gate, DatabaseUrl) {
        let DatabaseUrl::Postgres(url) = database else { unreachable!("it is one") };
        let gate = Gate::before_socket(self.directory.join(".s.PGSQL.5432"));
        let name = url.rsplit('/').next().expect("it has a name");
        let through = format!("postgres://ruhu@{}/{name}", gate.address());
        (gate, DatabaseUrl::Postgres(through))
    }

    fn create(&self, name: &str, template: Option<&str>) {
        let DatabaseUrl::Postgres(url) = self.url("postgres") else { unreachable!("it is one") };
        let mut connection = PgConnection::establish(&url).expect("the server answers");
        let template = template.map_or(String::new(), |template| format!(" TEMPLATE {template}"));
        let create = format!("CREATE DATABASE {name}{template}");
        connection.batch_execute(&create).expect("the database is made");
    }

    fn url(&self, name: &str) -> DatabaseUrl {
        let socket = self.directory.display().to_string().replace('/', "%2F");
        DatabaseUrl::Postgres(format!("postgres://ruhu@{socket}/{name}"))
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// The newest PostgreSQL there is.
fn binaries() -> Option<PathBuf> {
    let complete = |folder: &Path| {
        ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).exists())
    };
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.into_iter().rev().chain(std::env::split_paths(&path)).find(|folder| complete(folder))
}
