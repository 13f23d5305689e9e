//! The demo county as a person loads it from the command line.

use std::process::Command;

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
