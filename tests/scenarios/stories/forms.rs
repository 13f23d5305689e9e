//! `ruhu form` as a person uses it: what it prints, and whether it fails.

use std::path::PathBuf;
use std::process::{Command, Output};

use harness::ruhu_binary;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Runs `ruhu form …` in the folder, with a language of the environment.
    fn form(&self, language: &str, arguments: &[&str]) -> (bool, String, String) {
        let Output { status, stdout, stderr } = Command::new(ruhu_binary())
            .arg("form")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("LC_ALL", language)
            .output()
            .expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (status.success(), text(stdout), text(stderr))
    }
}

const FORM: &str = "| survey |
| | type | name | label | constraint | required | calculation |
| | text | head | Head of household | | yes | |
| | integer | age | Age | . < 130 | | |
| | select_one_from_file villages.csv | village | Village | | | |
| | begin repeat | member | Member | | | |
| | text | name | Name | | | |
| | end repeat | | | | | |
| | calculate | members | | | | count(${member}) |
| settings |
| | form_title | version |
| | Household | 3 |
";

#[test]
fn a_form_is_checked_converted_and_filled_in() {
    let desk = Desk::new();
    desk.put("household.md", FORM);
    let (well, out, _) = desk.form("C", &["check", "household.md"]);
    let told = "warning [villages.csv]: The form names this file, and it is not in";
    assert!(well && out.contains(told) && out.ends_with("0 errors, 1 warnings\n"), "{out}");
    desk.put("villages.csv", "name,label\nv1,Upper\n");
    let (well, out, _) = desk.form("C", &["check", "household.md"]);
    assert!(well && !out.contains("warning ["), "{out}");
    for line in ["title: Household", "version: 3", "repeats: 1", "0 errors, 0 warnings"] {
        assert!(out.lines().any(|one| one == line), "{line}\nnot in\n{out}");
    }
    let (well, xform, _) = desk.form("C", &["convert", "household.md"]);
    assert!(well && xform.starts_with("<?xml"));
    desk.put("household.xml", &xform);
    assert!(desk.form("C", &["check", "household.xml"]).0);

    desk.put("good.json", r#"{"head":"Wang","age":70,"village":"v1","member":[{"name":"A"},{}]}"#);
    // The XForm has its lists where it is told to look for them.
    for file in ["household.md", "household.xml"] {
        let (well, out, told) =
            desk.form("C", &["run", file, "--answers", "good.json", "--files", "."]);
        assert!(well, "{told}");
        assert!(out.contains("<members>2</members>") && out.contains("<village>v1</village>"));
    }
    desk.put("bad.json", r#"{"age":200,"village":"v9","nobody":1}"#);
    let (well, out, told) = desk.form("C", &["run", "household.md", "--answers", "bad.json"]);
    assert!(!well && out.contains("<age>200</age>"));
    for part in [
        "/data/head: required: This question needs an answer. (Head of household)",
        "/data/age: constraint: The answer isn't allowed. (Age)",
        "/data/village: no such choice",
        "/data/nobody: no such question",
    ] {
        assert!(told.lines().any(|one| one == part), "{part}\nnot in\n{told}");
    }
    let (_, out, _) = desk.form("C", &["run", "household.md", "--answers", "bad.json", "--json"]);
    let state: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(state["invalid"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_form_that_cannot_be_used_fails_and_says_all_of_why() {
    let desk = Desk::new();
    let bad = FORM.replace(". < 130", ". < 130 annd 1").replace("count(", "cuont(");
    desk.put("bad.md", &bad);
    let (well, out, told) = desk.form("en_US.UTF-8", &["check", "bad.md"]);
    assert!(!well && told.contains("the form can't be used"));
    assert!(out.contains("Did you mean “count”?") && out.contains("annd"), "{out}");
    assert!(out.ends_with("2 errors, 0 warnings\n"), "{out}");
    let (well, out, _) = desk.form("zh_CN.UTF-8", &["check", "bad.md"]);
    assert!(!well && out.contains("没有函数“cuont”。您是否想写“count”?"), "{out}");
    for command in [vec!["convert", "bad.md"], vec!["run", "bad.md", "--answers", "bad.md"]] {
        let (well, out, told) = desk.form("C", &command);
        assert!(!well && out.is_empty() && told.contains("cuont"), "{told}");
    }
    // What every county has as a register is no file; what words show is one.
    let shown = FORM
        .replace("villages.csv", "household.csv")
        .replace("| calculation |", "| calculation | media::image |")
        .replace("| Head of household | | yes | |", "| Head of household | | yes | | tea.jpg |");
    desk.put("shown.md", &shown);
    let (well, out, _) = desk.form("zh_CN.UTF-8", &["check", "shown.md"]);
    assert!(well && out.contains("提醒 [tea.jpg]：问卷用到这个文件"), "{out}");
    assert!(!out.contains("[household.csv]"), "{out}");
    let (well, _, told) = desk.form("C", &["check", "nowhere.xlsx"]);
    assert!(!well && told.contains("nowhere.xlsx"), "{told}");
    desk.put("rubbish.xlsx", "PK\u{3}\u{4}rubbish");
    let (well, out, _) = desk.form("C", &["check", "rubbish.xlsx"]);
    assert!(!well && out.contains("The workbook is damaged"), "{out}");
}

#[test]
fn versions_are_compared_and_submissions_carried_over() {
    let desk = Desk::new();
    desk.put("before.md", FORM);
    desk.put("after.md", &FORM.replace("| | integer | age | Age | . < 130 | | |\n", ""));
    desk.put("answers.json", r#"{"head":"Wang","age":70}"#);
    let (_, saved, _) = desk.form("C", &["run", "before.md", "--answers", "answers.json"]);
    desk.put("saved.xml", &saved);
    let (well, out, _) = desk.form("C", &["diff", "before.md", "after.md"]);
    assert!(well);
    assert_eq!(out, "/data/age: removed; answers are set aside\n");
    let (well, out, told) =
        desk.form("C", &["diff", "before.md", "after.md", "--submission", "saved.xml"]);
    assert!(well && out.contains("<head>Wang</head>") && !out.contains("age"));
    assert!(told.contains("/data/age: \"70\" set aside: no such question"), "{told}");
}
