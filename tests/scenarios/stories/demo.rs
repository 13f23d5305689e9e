//! The demo county as a person loads it from the command line.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use harness::ruhu_binary;

#[test]
fn the_demo_has_evidence_of_which_some_is_doubtful() {
    let folder = tempfile::tempdir().expect("a folder");
    let ruhu = |arguments: &[&str]| {
        let output = Command::new(ruhu_binary())
            .args(arguments)
            .arg("--data")
            .arg(folder.path())
            .env("LC_ALL", "C")
            .output()
            .expect("it runs");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{arguments:?}: {text:?}");
        text.concat()
    };
    ruhu(&["demo", "load"]);
    // Once more changes nothing.
    ruhu(&["demo", "load"]);
    let report = ruhu(&["evidence", "report", "--area", ruhu::demo::COUNTY]);
    let sum = "10 visits, 18 photos: 18 verified, 0 can't be shown, 0 waiting, 0 not arrived; \
               3 notifications: 3 in the log; flags: 6 open, 0 explained";
    assert!(report.contains(sum), "{report}");
    for rule in ["photo/reused", "photo/far", "photo/early", "photo/edited"] {
        assert!(report.contains(rule), "{rule} not in\n{report}");
    }
    let json = ruhu(&["evidence", "report", "--json", "--area", ruhu::demo::COUNTY]);
    assert_eq!(json.lines().count(), 13);
    assert!(json.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    let check = ruhu(&["notice", "check", "--photos"]);
    assert!(check.contains("3 notifications; the log is whole"), "{check}");
}

/// A process that another one started.
fn child_of(pid: u32) -> Option<u32> {
    // proc(5): the fourth field of stat; the second is a name, which may have anything in it.
    let parent = |process: &u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all = std::fs::read_dir("/proc").expect("it is Linux").flatten();
    let mut all = all.filter_map(|one| one.file_name().to_str()?.parse().ok());
    all.find(|process| parent(process) == Some(pid))
}

#[test]
fn the_command_line_keeps_what_is_a_secret_and_asks_before_it_mixes_what_is_invented_with_people() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |program: &str, arguments: &[&str], typed: &str| {
        let mut child = Command::new(program)
            .args(arguments)
            .env("LC_ALL", "C")
            .env("RUHU_DATA", folder.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it runs");
        child.stdin.take().expect("it is piped").write_all(typed.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.success(), text.concat())
    };
    let ruhu = ruhu_binary();
    let ruhu = ruhu.to_str().expect("a path");
    let table = folder.path().join("areas.csv");
    std::fs::write(&table, "code,name\n520123000000,某县\n").expect("it is written");
    let (imported, told) = run(ruhu, &["area", "import", table.to_str().unwrap()], "");
    assert!(imported, "{told}");

    // A person at a terminal types it twice, each time when it is asked for, and nobody sees it.
    let secret = "correct horse battery";
    let add = "user add admin --name Li --role admin --area 520123000000";
    let mut terminal = Command::new("script")
        .args(["-qec", &format!("{ruhu} {add}"), "/dev/null"])
        .env("LC_ALL", "C")
        .env("RUHU_DATA", folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("script (util-linux) runs");
    let mut keys = terminal.stdin.take().expect("it is piped");
    let mut screen = terminal.stdout.take().expect("it is piped");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut byte = [0];
        while screen.read_exact(&mut byte).is_ok() && tell.send(byte[0]).is_ok() {}
    });
    let (mut seen, patience) = (Vec::new(), Duration::from_secs(60));
    // A person is slower than a program that asks first and hides what is typed then.
    let pid = terminal.id();
    let is_hidden = || {
        let child = child_of(pid)?;
        let tty = std::fs::read_link(format!("/proc/{child}/fd/0")).ok()?;
        let told = Command::new("stty").arg("-F").arg(tty).arg("-a").output().ok()?;
        String::from_utf8_lossy(&told.stdout).contains("-echo ").then_some(())
    };
    for asked in ["Password: ", "again: "] {
        while !seen.ends_with(asked.as_bytes()) {
            let byte = told.recv_timeout(patience);
            let byte = byte.unwrap_or_else(|_| panic!("{asked:?} is never asked: {seen:?}"));
            seen.push(byte);
        }
        let begun = Instant::now();
        while is_hidden().is_none() {
            assert!(begun.elapsed() < patience, "what is typed is never hidden");
            std::thread::sleep(Duration::from_millis(20));
        }
        keys.write_all(format!("{secret}\n").as_bytes()).expect("it reads");
    }
    loop {
        match told.recv_timeout(patience) {
            Ok(byte) => seen.push(byte),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("it never ends: {seen:?}"),
        }
    }
    let seen = String::from_utf8(seen).unwrap();
    assert!(terminal.wait().expect("it ends").success(), "{seen}");
    assert!(seen.contains("Password: ") && seen.contains("admin may sign in"), "{seen}");
    assert!(!seen.contains("horse"), "{seen}");
    // One that is piped in is taken as it is.
    let add = ["user", "add", "li", "--name", "Li", "--role", "admin", "--area", "520123000000"];
    assert!(run(ruhu, &add, "a piped password\n").0);
    // What is no login, name or password in a browser is none here.
    let refused = [
        ("Wang", "Wang", "", "a login has 2 to 50"),
        ("wang", " ", "", "a name has 1 to 50"),
        ("wang", "Wang", "eleven-long", "a password has 12 to 200"),
        ("wang", "Wang", "password1234", "too easily guessed"),
        ("wang", "Wang", "wangwangwang", "too easily guessed"),
    ];
    for (login, name, password, told) in refused {
        let add =
            ["user", "add", login, "--name", name, "--role", "admin", "--area", "520123000000"];
        let (added, said) = run(ruhu, &add, password);
        assert!(!added && said.contains(told), "{login}, {name}, {password}: {said}");
    }

    let (loaded, told) = run(ruhu, &["demo", "load", "--visits", "0"], "");
    assert!(!loaded && told.contains("--yes"), "{told}");
    let (there, report) = run(ruhu, &["evidence", "report", "--area", ruhu::demo::COUNTY], "");
    assert!(!there, "{report}");
    let (loaded, told) = run(ruhu, &["demo", "load", "--visits", "0", "--yes"], "");
    assert!(!loaded && told.contains("admin"), "their admin is not the demo's: {told}");

    // A command has the settings it uses.
    let (_, help) = run(ruhu, &["serve", "--help"], "");
    assert!(help.contains("--tls-names") && help.contains("--s3-endpoint"), "{help}");
    let (_, help) = run(ruhu, &["user", "add", "--help"], "");
    assert!(help.contains("--database-url") && !help.contains("--tls-names"), "{help}");
    let (_, help) = run(ruhu, &["form", "--help"], "");
    assert!(!help.contains("--data"), "{help}");
    assert!(!run(ruhu, &["keys", "rotate", "--listen", "127.0.0.1:1"], "").0);
}
