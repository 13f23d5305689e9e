//! A server as a process of its own, to be killed.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// The `ruhu` program of this build.
pub fn ruhu_binary() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            // …/target/debug/deps/<this test> or …/target/release/<this program>
            let own = std::env::current_exe().expect("this program has a path");
            let is_profile =
                |folder: &&Path| folder.ends_with("debug") || folder.ends_with("release");
            let profile = own.ancestors().find(is_profile).expect("it lies in a target folder");
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = Command::new(cargo);
            // The whole workspace decides the features, as when it was built for this test.
            build.args(["build", "--quiet", "--workspace", "--bin", "ruhu"]);
            if profile.ends_with("release") {
                build.arg("--release");
            }
            assert!(build.status().is_ok_and(|status| status.success()), "the server builds");
            profile.join("ruhu")
        })
        .clone()
}

/// A folder that is removed when this test process ends, however it ends.
#[expect(clippy::zombie_processes, reason = "it outlives this process on purpose")]
pub(crate) fn folder_until_exit(prefix: &str) -> PathBuf {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir().expect("a directory").keep();
    let mut guard = Command::new("sh")
        .args(["-c", "cat >/dev/null; rm -rf \"$1\"", "folder-for-tests"])
        .arg(&folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    // The pipe closes with this process, and not before.
    std::mem::forget(guard.stdin.take());
    folder
}

/// What a process writes to its standard error, which is read all the while: a pipe that nobody
/// reads fills, and stops who writes into it.
struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Log {
    fn of(mut stderr: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let into = text.clone();
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(length @ 1..) = stderr.read(&mut piece) {
                let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
                text.extend_from_slice(&piece[..length]);
            }
        });
        Self { text, reader }
    }

    /// What it has written so far.
    fn so_far(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// All of it, once the process has ended.
    fn whole(self) -> String {
        self.reader.join().expect("it is read");
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// A running `ruhu serve`. It is killed when dropped.
pub struct ServerProcess {
    child: Child,
    address: String,
    said: BufReader<ChildStdout>,
    log: Option<Log>,
}

impl ServerProcess {
    /// Starts a server with these arguments on a free port, and waits until it says it is ready.
    pub fn start(arguments: &[String], environment: &[(String, String)]) -> Self {
        // A limit on files that is met is an error for it, as a full disk is, and not its end.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(ruhu_binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let log = Log::of(child.stderr.take().expect("it is piped"));
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("it says something");
        let Some(address) = line.trim().strip_prefix("Ruhu is ready at ") else {
            panic!("the server did not start: {line}{}", log.whole());
        };
        Self { address: address.to_owned(), child, said, log: Some(log) }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where its counts and times are, if it was told to have them (`RUHU_METRICS`).
    pub fn metrics(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it says something");
        let address = line.trim().strip_prefix("Counts and times for Prometheus are at ");
        address.unwrap_or_else(|| panic!("it says where they are: {line}")).to_owned()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.as_ref().map_or_else(String::new, Log::so_far)
    }

    /// Seconds of processor time it has used, and the most memory it has held, in bytes.
    pub fn usage(&self) -> (f64, u64) {
        let read = |file: &str| {
            let path = format!("/proc/{}/{file}", self.child.id());
            std::fs::read_to_string(path).expect("it runs")
        };
        // proc(5): the 14th and 15th fields of stat are user and system time in ticks of 10 ms.
        let stat = read("stat");
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks: f64 =
            fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        (ticks / 100.0, self.memory("VmHWM:"))
    }

    /// How much memory it holds now, in bytes.
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// A line of its status (proc(5)), in bytes.
    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kilobytes.map_or(0, |kilobytes: u64| kilobytes * 1024)
    }

    /// Stops it where it stands (SIGSTOP), as a machine that is frozen.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {name}");
    }

    /// Lets no file of its grow beyond so many bytes, as if the disk was full; none is without
    /// limit again.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let set = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string(), &format!("--fsize={limit}:unlimited")])
            .status();
        assert!(set.is_ok_and(|status| status.success()), "prlimit (util-linux)");
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop (SIGTERM), waits, and gives its log.
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        let status = self.child.wait().expect("it ends");
        let log = self.log.take().map_or_else(String::new, Log::whole);
        assert!(status.success(), "{status}\n{log}");
        log
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
