//! Forms as people bring them, by the door they bring them through: a file is opened, its problems
//! are told, and it is filled in with the files beside it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mobile_schema::form::{Files, Opened, Session, World, open, read_list};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults")
}

fn world() -> World {
    World {
        now: 1_764_057_600_000, // 2025-11-25T16:00:00+08:00
        offset: 480,
        language: "en".to_owned(),
        properties: HashMap::new(),
        location: None,
        seed: [7; 32],
    }
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What is told of a form, first lines only, without its files.
fn told(opened: &Opened) -> Vec<String> {
    let described = opened.problems.iter().map(|problem| problem.describe("en"));
    described.map(|text| text.lines().next().unwrap_or_default().to_owned()).collect()
}

fn read(name: &str) -> Opened {
    open(&bytes(name), name.split('.').next().unwrap_or(name))
}

/// The files of a form that are in the folder.
fn files(opened: &Opened) -> Files {
    let form = opened.form.as_ref().expect("a form");
    let mut files = Files::new();
    for instance in &form.instances {
        let Some(name) = instance.source.as_deref().and_then(|source| source.rsplit('/').next())
        else {
            continue;
        };
        if folder().join(name).is_file() {
            files.insert(instance.id.clone(), read_list(name, &bytes(name)).expect("a list"));
        }
    }
    files
}

/// A form that is filled in with the answers of its number.
fn fill(name: &str) -> Session {
    let opened = read(name);
    let files = files(&opened);
    let described = told(&opened);
    let form = opened.form.unwrap_or_else(|| panic!("{name}: {described:#?}"));
    let answers: Value = match std::fs::read(folder().join(format!("{}.json", &name[..2]))) {
        Ok(json) => serde_json::from_slice(&json).expect("answers"),
        Err(_) => serde_json::json!({}),
    };
    let mut session = Session::begin(Arc::new(form), &files, world());
    session.fill(&answers);
    session.finish();
    session
}

fn value(session: &Session, path: &str) -> String {
    let found = session.find(path);
    assert_eq!(found.len(), 1, "{path}");
    session.value(found[0]).to_owned()
}

fn invalid(session: &Session) -> Vec<String> {
    let all = session.validate(session.root());
    all.into_iter().map(|one| format!("{} {}", one.path, one.reason.name())).collect()
}

/// A form in Markdown with one sheet.
fn survey(heading: &str, rows: &[&str]) -> Opened {
    let rows: Vec<String> = rows.iter().map(|row| format!("| | {row} |")).collect();
    let text = format!("| survey |\n| | {heading} |\n{}\n", rows.join("\n"));
    open(text.as_bytes(), "form")
}

fn begin(opened: Opened) -> Session {
    let described = told(&opened);
    let form = opened.form.unwrap_or_else(|| panic!("{described:#?}"));
    Session::begin(Arc::new(form), &Files::new(), world())
}

#[test]
fn a_path_that_leads_nowhere_is_empty_and_told() {
    let opened = read("01-null-is-a-path.md");
    assert_eq!(
        told(&opened),
        ["warning [survey, D4, calculation]: The path “/data/total/null” leads nowhere in the \
          form, so it is always empty. Write words in quotes, questions as ${name}, and yes for \
          what always holds."]
    );
    let excerpt = opened.problems[0].describe("en");
    assert!(excerpt.contains("if(${unit} = 'd', ${days}, null)"), "the author's words: {excerpt}");
    assert_eq!(value(&fill("01-null-is-a-path.md"), "/data/total"), "");

    let session = fill("02-required-T.md");
    assert!(!session.is_required(session.find("/data/a")[0]));
    assert_eq!(told(&read("02-required-T.md")).len(), 1);
    // What is nearly the name of a question is a slip, and a name that isn't there stays an error.
    let slip = survey(
        "type | name | label | relevant",
        &[
            "text | village | V |",
            "text | house | H | /data/vilage = 'a'",
            "text | c | C | ${nix} = 1",
        ],
    );
    assert!(slip.form.is_none());
}

#[test]
fn numbers_are_compared_as_numbers() {
    let session = fill("03-decimals-equal.md");
    assert_eq!(value(&session, "/data/a"), "10.5", "typed when it is set");
    assert_eq!(value(&session, "/data/eq"), "true");
    assert_eq!(value(&session, "/data/eqn"), "false");
    assert_eq!(invalid(&session), [""; 0]);
    assert_eq!(invalid(&fill("04-yuan-sum.md")), [""; 0]);

    let mut session = begin(survey(
        "type | name | label | calculation",
        &[
            "decimal | a | A |",
            "integer | n | N |",
            "text | t | T |",
            "calculate | whole | | ${a} = ${n}",
            "calculate | words | | ${t} = '10.50' and ${t} = 10.5 and ${t} = ${a}",
            "calculate | shown | | concat(${a}, ' ', ${n})",
            "calculate | product | | 100 * 1.1",
            "calculate | both | | concat(100 * 1.1, ' ', 0.1 + 0.2 = 0.3)",
        ],
    ));
    for (path, text) in [("/data/a", "10.0"), ("/data/n", "0010"), ("/data/t", "10.50")] {
        session.set(session.find(path)[0], text);
    }
    assert_eq!(value(&session, "/data/whole"), "true");
    assert_eq!(value(&session, "/data/shown"), "10 10");
    assert_eq!(value(&session, "/data/n"), "10");
    session.set(session.find("/data/a")[0], "10.50");
    assert_eq!(value(&session, "/data/words"), "true");
    assert_eq!(value(&session, "/data/t"), "10.50", "words stay words");
    assert_eq!(value(&session, "/data/product"), "110");
    assert_eq!(value(&session, "/data/both"), "110 true");
    // What is no number is told, not lost.
    session.set(session.find("/data/n")[0], "7.5");
    assert_eq!(invalid(&session), ["/data/n type"]);
    // What was stored before stays as it was written, and counts as the number it is.
    let stored = serde_json::json!({ "a": "10.50", "n": 10, "t": "10.50" });
    let (again, untaken) = Session::reopen(session.form().clone(), &Files::new(), world(), &stored);
    assert!(untaken.is_empty());
    assert_eq!(value(&again, "/data/a"), "10.50");
    assert_eq!(value(&again, "/data/words"), "true");
    assert_eq!(session.form().judge(&Files::new(), world(), &stored), []);
}

#[test]
fn a_list_is_filtered_by_a_number_as_a_number() {
    let text = "| survey |\n| | type | name | label | choice_filter |\n\
        | | integer | code | Code | |\n\
        | | select_one v | v | V | zone = ${code} |\n\
        | choices |\n| | list_name | name | label | zone |\n\
        | | v | a | A | 7 |\n| | v | b | B | 007 |\n| | v | c | C | 70 |\n";
    let mut session = begin(open(text.as_bytes(), "form"));
    session.set(session.find("/data/code")[0], "07");
    let offered = session.choices(session.find("/data/v")[0]).expect("choices");
    let offered: Vec<&str> = offered.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(offered, ["a", "b"]);
}

#[test]
fn cells_that_no_form_uses_are_nobodys_business() {
    assert_eq!(told(&read("05-error-in-an-unused-sheet.xlsx")), [""; 0]);
}

#[test]
fn what_is_not_offered_is_blanked_and_told() {
    let opened = read("06-default-not-offered.md");
    assert_eq!(
        told(&opened),
        [
            "warning [survey, D2, default]: “Yes” is none of the choices of this question, so it \
             is blanked. Did you mean “yes”?",
            "warning [survey, E4, calculation]: “1” is none of the choices of this question, so it \
             is blanked.",
            "warning [survey, E4, calculation]: “0” is none of the choices of this question, so it \
             is blanked.",
        ]
    );
    let session = fill("06-default-not-offered.md");
    assert_eq!(
        (value(&session, "/data/a"), value(&session, "/data/b")),
        (String::new(), String::new())
    );
    let stored = session.answers();
    assert_eq!(stored.get("a").or(stored.get("b")), None, "{stored:#}");
    // In a repeat as well, and what is offered is kept; several are kept one by one.
    let text = "| survey |\n| | type | name | label | default | calculation |\n\
        | | begin repeat | r | R | | |\n| | select_one l | one | One | c | |\n\
        | | select_multiple l | all | All | a c b | |\n| | end repeat | | | | |\n\
        | | text | t | T | | |\n| | select_one l | from | From | | ${t} |\n\
        | choices |\n| | list_name | name | label |\n| | l | a | A |\n| | l | b | B |\n";
    let mut session = begin(open(text.as_bytes(), "form"));
    let root = session.root();
    let repeat = session.form().node_at("/data/r").expect("a repeat");
    session.add_instance(root, repeat);
    for instance in [1, 2] {
        assert_eq!(value(&session, &format!("/data/r[{instance}]/one")), "");
        assert_eq!(value(&session, &format!("/data/r[{instance}]/all")), "a b");
    }
    session.set(session.find("/data/t")[0], "b");
    assert_eq!(value(&session, "/data/from"), "b");
    session.set(session.find("/data/t")[0], "x");
    assert_eq!(value(&session, "/data/from"), "");
    // Records keep what was once written, to be looked at.
    let stored = serde_json::json!({ "r": [{ "one": "c" }] });
    let (again, _) = Session::reopen(session.form().clone(), &Files::new(), world(), &stored);
    assert_eq!(value(&again, "/data/r[1]/one"), "c");
    let doubts = session.form().judge(&Files::new(), world(), &stored);
    assert_eq!(doubts.iter().map(|doubt| doubt.reason).collect::<Vec<_>>(), ["choice"]);
}

#[test]
fn what_is_not_carried_out_is_told_and_keeps_a_form_out() {
    let opened = read("07-search.md");
    assert_eq!(
        told(&opened),
        ["warning [survey, D2, appearance]: “search()” isn't supported: it does nothing on \
          tablets, and a form with it can't be uploaded. Use select_one_from_file with a \
          choice_filter."]
    );
    assert!(opened.problems[0].kind.keeps_out());
    let rows = [
        "audit | | | |",
        "text | a | A | |",
        "start-geopoint | sg | | |",
        "background-geopoint | bg | | ${a} |",
        "background-audio | ba | | |",
        "image | photo | Photo | | annotate",
    ];
    let opened = survey("type | name | label | trigger | appearance", &rows);
    let told = told(&opened);
    for what in ["audit", "start-geopoint", "background-geopoint", "background-audio"] {
        let own = told.iter().filter(|line| line.contains(&format!("“{what}” isn't supported")));
        assert_eq!(own.count(), 1, "{what} in {told:#?}");
    }
    assert!(told.iter().any(|line| line.contains("Photos can't be drawn on")), "{told:#?}");
    assert_eq!(opened.problems.iter().filter(|one| one.kind.keeps_out()).count(), 4);
}

#[test]
fn answers_of_a_repeat_are_told_where_they_go_wrong() {
    let told_of = |name| told(&read(name));
    let several = told_of("08-select-multiple-from-a-repeat.md");
    assert!(
        several.iter().any(|line| line.contains("answers with spaces in them")),
        "{several:#?}"
    );
    assert_eq!(
        told_of("11-reference-into-a-repeat.md"),
        [
            "warning [survey, C5, label]: “n” is in the repeat “r” and may have several answers; \
             from outside, only the first is taken. Say which with indexed-repeat(), or take all \
             with join(), sum() or count().",
            "warning [survey, D6, calculation]: “n” is in the repeat “r” and may have several \
             answers; from outside, only the first is taken. Say which with indexed-repeat(), or \
             take all with join(), sum() or count().",
        ]
    );
    // Inside it, by its place, or all of it: nothing to tell.
    let fine = survey(
        "type | name | label | calculation | relevant",
        &[
            "begin repeat | r | R | |",
            "text | n | N | |",
            "integer | k | K of ${n} | | ${n} != ''",
            "calculate | twice | | ${k} * 2 |",
            "end repeat | | | |",
            "calculate | all | | join(', ', ${n}) |",
            "calculate | total | | if(sum(${k}) > 3, max(${k}), count(${r})) |",
            "calculate | second | | indexed-repeat(${n}, ${r}, 2) |",
        ],
    );
    assert_eq!(told(&fine), [""; 0]);
}

#[test]
fn files_are_looked_at_for_what_is_read_of_them() {
    let mut opened = read("09-column-that-is-not-there.md");
    let lists = files(&opened);
    opened.inspect_files(&lists);
    assert_eq!(
        told(&opened),
        [
            "warning [survey, D2, calculation]: The file “fruits.csv” has no column “titel”, so \
             what is read of it is always blank. It has: name_key, title. Did you mean “title”?",
            "warning [survey, B3, name]: The file “fruits.csv” has no column “name”, so nothing \
             can be chosen, and the form can't be uploaded. It has: name_key, title.",
            "warning [survey, B3, name]: The file “fruits.csv” has no column “label”, so what is \
             read of it is always blank. It has: name_key, title.",
        ]
    );
    // Excel writes semicolons where a comma is what stands before decimals.
    let session = fill("10-semicolons.md");
    let offered = session.choices(session.find("/data/v")[0]).expect("choices");
    assert_eq!(offered.len(), 1);
    assert_eq!((offered[0].value.as_str(), offered[0].label.as_str()), ("v1", "Upper"));
    assert_eq!(value(&session, "/data/v"), "v1");
}

#[test]
fn functions_do_as_collect_does() {
    assert_eq!(value(&fill("13-indexed-repeat-blank.md"), "/data/who"), "A");
    assert_eq!(value(&fill("14-format-a-time.md"), "/data/f"), "10:30");
    let mut session = begin(survey(
        "type | name | label | calculation",
        &[
            "dateTime | from | From |",
            "dateTime | to | To |",
            "calculate | days | | ${to} - ${from}",
            "calculate | exact | | decimal-date-time(${to}) - decimal-date-time(${from})",
        ],
    ));
    session.set(session.find("/data/from")[0], "2024-02-28T23:00:00.000+08:00");
    session.set(session.find("/data/to")[0], "2024-03-01T05:00:00.000+08:00");
    assert_eq!(value(&session, "/data/days"), "2");
    assert_eq!(value(&session, "/data/exact"), "1.25");
}

#[test]
fn labels_of_choices_follow_what_is_in_them() {
    let mut session = fill("15-choice-name-goes-stale.md");
    assert_eq!(value(&session, "/data/l"), "One of tea");
    session.set(session.find("/data/txt")[0], "maize");
    assert_eq!(value(&session, "/data/l"), "One of maize");
}

#[test]
fn far_cells_are_read_without_what_lies_between() {
    let opened = read("16-far-cells.xls");
    assert!(opened.form.is_some(), "{:#?}", told(&opened));
    // The most memory this process ever had: as a table, the sheet took 2.1 GB.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: Option<u64> =
            line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
        assert!(kilobytes.is_some_and(|most| most < 512 * 1024), "{kilobytes:?} kB");
    }
}

#[test]
fn patterns_are_javas() {
    let opened = read("12-patterns.md");
    assert_eq!(told(&opened), [""; 0]);
    let mut session = fill("12-patterns.md");
    assert_eq!(invalid(&session), [""; 0]);
    for (path, text) in [("/data/mail", "a b@c.org"), ("/data/name", "R2"), ("/data/code", "012")] {
        session.set(session.find(path)[0], text);
    }
    assert_eq!(invalid(&session).len(), 3);
    let opened = survey(
        "type | name | label | constraint",
        &["text | a | A | regex(., 'a(?!b)c')", "text | b | B | regex(., '(a')"],
    );
    let told = told(&opened);
    assert!(told[0].contains("Patterns can't use “(?!…)”"), "{told:#?}");
    assert!(told[1].contains("The pattern can't be read"), "{told:#?}");
}

#[test]
fn long_labels_are_read() {
    let session = fill("18-long-labels.xml");
    let question = session.find("/data/a")[0];
    assert_eq!(session.label(question), "Long question");
    assert_eq!(session.choices(question).expect("choices")[0].label, "Choice one");
}

#[test]
fn what_is_not_seen_is_not_read() {
    let opened = read("20-zero-width-space.xlsx");
    assert!(opened.form.is_some(), "{:#?}", told(&opened));
    let text =
        "| survey |\n| | type\u{feff} | name | label |\n| | te\u{200b}xt | a | A\u{200b}B |\n";
    let session = begin(open(text.as_bytes(), "form"));
    assert_eq!(session.label(session.find("/data/a")[0]), "A\u{200b}B", "words keep it");
}

#[test]
fn headings_below_a_title_are_told() {
    assert_eq!(
        told(&read("23-title-row-above.xlsx")),
        [
            "error [survey, row 2]: The headings have to stand in the first row of the sheet and were \
          found in row 2. Take out what stands above them, from row 1 on."
        ]
    );
}

#[test]
fn a_circle_is_told_cell_by_cell_and_each_fault_once() {
    let circle = survey(
        "type | name | label | relevant | calculation",
        &[
            "text | a | A | ${c} = 'x' |",
            "calculate | b | | | ${a}",
            "text | c | C | | concat(${b}, 'x')",
        ],
    );
    assert_eq!(
        told(&circle),
        ["error [survey, D2, relevant]: These depend on each other in a circle: a (survey, D2, \
          relevant) → c (survey, E4, calculation) → b (survey, E3, calculation) → a (survey, D2, \
          relevant)."]
    );
    let text = "| survey |\n| | type | name | label |\n| | text | a | A |\n| settings |\n\
                | | form_id | instance_name |\n| | f | concat(${nix}, ${nox}) |\n";
    let told = told(&open(text.as_bytes(), "form"));
    assert_eq!(told.len(), 2, "{told:#?}");
}
