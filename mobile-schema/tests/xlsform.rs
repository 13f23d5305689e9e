//! XLSForms become the XForms that pyxform makes of them, and their mistakes are told.
//!
//! The XForms in `tests/forms` hold what pyxform 4.5 makes of the workbooks beside them: the same
//! binds, instances, texts, actions and body.

use mobile_schema::form::problem::{Kind, Problem, Severity};
use mobile_schema::xlsform::{Compiled, compile, read};
use proptest::prelude::*;

fn compiled(markdown: &str) -> Compiled {
    compile(&read(markdown.as_bytes()).expect("a workbook"), "form")
}

#[test]
fn forms_become_the_xforms_of_pyxform() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms");
    let mut tried = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("readable");
        let name = path.file_stem().expect("a name").to_string_lossy();
        let Compiled { xform, problems, .. } = compile(&read(&bytes).expect("a workbook"), &name);
        let errors: Vec<String> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(|problem| problem.describe("en"))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        let expected = std::fs::read_to_string(path.with_extension("xml")).expect("the XForm");
        assert_eq!(xform.expect("an XForm").write(true), expected, "{name}");
        tried += 1;
    }
    assert!(tried >= 8);
}

/// A survey of rows `type | name | label | relevant | calculation | trigger | parameters`.
fn survey(rows: &[&str]) -> Vec<String> {
    let heading = "| | type | name | label | relevant | calculation | trigger | parameters |";
    let rows: Vec<String> = rows.iter().map(|row| format!("| | {row}")).collect();
    let choices = "| choices |\n| | list_name | name | label |\n| | l | a | A |\n| | l | b c | B |";
    let text = format!("| survey |\n{heading}\n{}\n{choices}\n", rows.join("\n"));
    described(&compiled(&text).problems)
}

fn described(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| problem.describe("en").lines().next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn mistakes_are_told_all_with_place_and_suggestion() {
    let found = survey(&[
        "text | a | A | ${b} = 1 and cuont(${a}) > 0 |",
        "txet | b | B |",
        "select_one lists | c | C |",
        "text | a | A |",
        "text | 1x | X |",
        "calculate | d | |",
        "begin group | g | G |",
        "text | e | | | | |",
        "text | f | F | | | ${nobody} |",
        "text | h | H | | | nobody |",
        "image | i | I | | | | max-pixel=3 |",
        "range | j | J | | | | step=0 |",
        "select_multiple l | k | K |",
        " | l | L |",
        "text | m | M ${nowhere} |",
        "text | n | N | (1 |",
    ]);
    for expected in [
        "error [survey, D2, relevant]: There is no question called “b”.",
        "error [survey, D2, relevant]: There is no function “cuont”. Did you mean “count”?",
        "error [survey, D2, relevant]: Several questions are called “a”; it can't be told which \
         is meant.",
        "error [survey, A3, type]: There is no question type “txet”. Did you mean “text”?",
        "error [survey, A4, type]: There is no list “lists” in the choices.",
        "error [survey, B5, name]: The name “a” stands twice in the same group (see row 2).",
        "error [survey, B6, name]: “1x” can't be a name: it has to begin with a letter or \
         underscore and hold only letters, digits, underscores, hyphens and dots.",
        "error [survey, A7, type]: A “calculate” needs a calculation.",
        "error [survey, B8, name]: The group “g” is never ended by “end group”.",
        "error [survey, B9, name]: The question “e” has neither label nor hint.",
        "error [survey, F10, trigger]: There is no question called “nobody”.",
        "error [survey, F11, trigger]: A trigger is a reference to a question, such as ${age}, \
         or several with commas between.",
        "error [survey, G12, parameters]: This type has no parameter “max-pixel”. Did you mean \
         “max-pixels”?",
        "error [survey, G13, parameters]: The parameter step can't be “0”: it can't be 0.",
        "error [survey, A14, type]: Choices of a select_multiple can't have spaces in their \
         names: “b c” in the list “l”.",
        "error [survey, row 15]: The row has no type.",
        "error [survey, C16, label]: There is no question called “nowhere”.",
        "error [survey, D17, relevant]: The bracket “(” has no partner.",
    ] {
        assert!(
            found.iter().any(|line| line.starts_with(expected)),
            "{expected}\nnot in {found:#?}"
        );
    }
    let errors = found.iter().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors, 18, "{found:#?}");
}

#[test]
fn groups_that_cross_are_told() {
    let found = survey(&["begin repeat | r | R |", "end group |", "end repeat |"]);
    assert_eq!(
        found,
        [
            "error [survey, A3, type]: This is “end group”, but what was begun in row 2 is the \
             repeat “r”.",
            "error [survey, A4, type]: “end repeat” has no “begin repeat”.",
        ]
    );
}

#[test]
fn choices_are_checked() {
    let text = "| survey |\n| | type | name | label |\n| | select_one l | a | A |\n| choices |\n\
                | | list_name | name | label | bad heading |\n| | l | x | X | |\n| | l | x | X | |\n\
                | | l | | Y | |\n| | | z | Z | |\n| | l | w | | |\n";
    let found = described(&compiled(text).problems);
    assert_eq!(
        found,
        [
            "error [choices, B3, name]: The choice “x” stands twice in the list “l”. If that is \
             meant, set allow_choice_duplicates to yes in the settings.",
            "error [choices, row 4]: The choice has no name.",
            "warning [choices]: The heading “bad heading” is empty or has a space, so it can't \
             be used to filter choices. It is left out.",
            "warning [choices, row 5]: The choice has no list_name.",
            "warning [choices, B6, name]: The choice “w” has no label.",
        ]
    );
}

#[test]
fn sheets_and_headings_are_checked() {
    let found = described(&compiled("| survy |\n| | type |\n| choices |\n| | name |\n").problems);
    assert_eq!(found[0], "error: There is no sheet called “survey”. Did you mean “survy”?");
    let text = "| survey |\n| | type | name | label | relevant | relevance |\n| | text | a | A |\n";
    let found = described(&compiled(text).problems);
    assert_eq!(
        found,
        ["error [survey, E1]: The columns “relevant” and “relevance” mean the same. Keep one."]
    );
    let found = described(&compiled("| survey |\n| | kind | name |\n| | text | a |\n").problems);
    assert_eq!(found, ["error [survey]: There is no column “type”."]);
}

#[test]
fn languages_are_checked() {
    let text = "| survey |\n| | type | name | label::English (en) | label::english(en) | hint |\n\
                | | text | a | A | A | h |\n";
    let found = described(&compiled(text).problems);
    let expected = [
        "warning [survey]: The languages “English (en)” and “english(en)” differ only in case or \
         spaces and count as two.",
        "warning [survey]: The language “English (en)” lacks: hint.",
        "warning [survey]: The language “default” lacks: label.",
    ];
    for line in expected {
        assert!(found.contains(&line.to_owned()), "{line}\nnot in {found:#?}");
    }
}

#[test]
fn rubbish_is_refused_by_name() {
    let refusal = |bytes: &[u8]| read(bytes).err().map(|kind| kind.message(false));
    let is = |bytes: &[u8], start: &str| {
        let found = refusal(bytes).unwrap_or_default();
        assert!(found.starts_with(start), "{found}");
    };
    is(b"hello", "This is no form.");
    is(b"a,b\n\xff,c\n", "The file isn't UTF-8.");
    is(b"PK\x03\x04 not a zip", "The workbook is damaged");
    is(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 cut off", "The workbook is damaged");
    let mut locked = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    locked.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    is(&locked, "The workbook is protected by a password.");
}

#[test]
fn a_bomb_of_zeros_is_not_unpacked() {
    use std::io::Write;
    let one = {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file("zeros", zip::write::SimpleFileOptions::default()).expect("begun");
        archive.write_all(&vec![0; 1024 * 1024]).expect("written");
        archive.finish().expect("finished")
    };
    let mut one = zip::ZipArchive::new(one).expect("an archive");
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for at in 0..130 {
        let file = one.by_index_raw(0).expect("a file");
        archive.raw_copy_file_rename(file, format!("xl/{at}.xml")).expect("copied");
    }
    let bytes = archive.finish().expect("finished").into_inner();
    assert!(bytes.len() < 1024 * 1024);
    let refusal = read(&bytes).expect_err("refused");
    assert!(matches!(refusal, Kind::TooLarge("bytes unpacked", _)), "{refusal:?}");
}

#[test]
fn nesting_is_bounded() {
    let begin: String = (0..10_000).map(|at| format!("| | begin group | g{at} | G |\n")).collect();
    let end = "| | end group |\n".repeat(10_000);
    let text = format!("| survey |\n| | type | name | label |\n{begin}| | text | a | A |\n{end}");
    let found = described(&compiled(&text).problems);
    assert_eq!(found, ["error [survey, row 42]: Groups are nested more than 40 deep."]);
}

/// A workbook out of words that forms are made of, put together with little sense.
fn nonsense() -> impl Strategy<Value = String> {
    const TYPES: [&str; 22] = [
        "text",
        "integer",
        "decimal",
        "select_one l",
        "select_multiple l2 or_other",
        "note",
        "select_one ${a}",
        "calculate",
        "range",
        "rank l",
        "image",
        "geoshape",
        "date",
        "text",
        "begin group",
        "begin repeat",
        "end",
        "end",
        "csv-external",
        "background-geopoint",
        "select_one_from_file f.csv",
        "nothing",
    ];
    const WORDS: [&str; 26] = [
        "${a}",
        "${b} + 1",
        "sum(${b})",
        "indexed-repeat(${a}, ${r}, 1)",
        "count(${r})",
        "yes",
        "position(..)",
        ". > ${a}",
        "selected(${a}, 'x')",
        "${last-saved#a}",
        "no",
        "${",
        "(",
        "pulldata('f', 'x', 'y', ${a})",
        "instance('l')/root/item[name = ${a}]/label",
        "'",
        "<&",
        "jr:choice-name(${a}, '${a}')",
        "once(${a})",
        "../a",
        "today()",
        ". != ''",
        "true()",
        "${q3} = 'a'",
        "concat(${q1}, ${q2})",
        "name = ${q1}",
    ];
    const PARAMETERS: [&str; 5] =
        ["start=1 end=5 step=2", "randomize=true", "max-pixels=9", "rows=3", "label=x"];
    const LOOKS: [&str; 4] = ["table-list", "field-list", "search('f')", "label"];
    let some = |share: f64, words: &'static [&'static str]| {
        prop::option::weighted(share, prop::sample::select(words))
            .prop_map(Option::unwrap_or_default)
    };
    let row = (
        prop::sample::select(&TYPES[..]),
        some(0.1, &["a", "b", "r", "other"]),
        prop::collection::vec(some(0.12, &WORDS), 6),
        some(0.1, &PARAMETERS),
        some(0.1, &LOOKS),
    );
    prop::collection::vec(row, 1..20).prop_map(|rows| {
        let mut text = String::from(
            "| survey |\n| | type | name | label | relevant | calculation | constraint | required \
             | repeat_count | choice_filter | parameters | appearance |\n",
        );
        let mut open: Vec<&str> = Vec::new();
        let mut add = |kind: &str, name: &str, words: &str| {
            text.push_str(&format!("| | {kind} | {name} | L {name} | {words} |\n"));
        };
        add("text", "a", "");
        add("integer", "b", "");
        add("begin repeat", "r", "");
        add("text", "c", "");
        add("end repeat", "", "");
        for (at, (kind, name, words, parameters, look)) in rows.iter().enumerate() {
            let kind = match *kind {
                "end" => match open.pop() {
                    Some(section) => format!("end {section}"),
                    None => continue,
                },
                other => {
                    open.extend(other.strip_prefix("begin "));
                    other.to_owned()
                }
            };
            let name = if name.is_empty() { format!("q{at}") } else { (*name).to_owned() };
            let words = format!("{} | {parameters} | {look}", words.join(" | "));
            add(&kind, &name, &words);
        }
        while let Some(section) = open.pop() {
            add(&format!("end {section}"), "", "");
        }
        text + "| choices |\n| | list_name | name | label |\n| | l | a | A |\n| | l | b | B ${a} |\n\
                | | l2 | x | X |\n"
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_workbook_panics_and_what_is_accepted_runs(markdown in nonsense()) {
        let opened = mobile_schema::form::open(markdown.as_bytes(), "form");
        let errors =
            opened.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        prop_assert_eq!(opened.form.is_none(), errors > 0);
        for problem in &opened.problems {
            prop_assert!(!problem.describe("zh-CN").is_empty());
        }
        if let Some(form) = opened.form {
            let again = mobile_schema::xml::Element::read(
                &opened.xform.expect("an XForm").write(true),
            );
            prop_assert!(again.is_ok());
            let world = mobile_schema::form::World {
                now: 0,
                offset: 0,
                language: "en".to_owned(),
                properties: Default::default(),
                location: None,
                seed: [1; 32],
            };
            let form = std::sync::Arc::new(form);
            let mut session = mobile_schema::form::Session::begin(form, &Default::default(), world);
            let mut open = vec![session.root()];
            while let Some(node) = open.pop() {
                open.extend(session.children(node));
                if session.children(node).is_empty() {
                    session.set(node, "3");
                }
            }
            session.validate(session.root());
            session.submission();
        }
    }
}

#[test]
fn entities_are_checked() {
    let entity = |row: &str| -> Vec<String> {
        let text = format!(
            "| survey |\n| | type | name | label | save_to |\n| | text | a | A | title |\n\
             | entities |\n| | list_name | label | entity_id | create_if | update_if | lable |\n\
             | | {row} |\n"
        );
        described(&compiled(&text).problems)
    };
    let column = "error [entities]: This sheet has no column “lable”. Did you mean “label”?";
    let at_row = "error [entities, row 2]:";
    assert_eq!(entity("trees | ${a} | | | |"), [column]);
    assert_eq!(
        entity("trees | | | | |"),
        [column.to_owned(), format!("{at_row} An entity that is created needs a label.")]
    );
    assert_eq!(
        entity("trees | ${a} | | | ${a} != '' |"),
        [column.to_owned(), format!("{at_row} An entity with update_if needs an entity_id.")]
    );
    assert_eq!(
        entity("trees | ${a} | ${a} | ${a} = '' | |"),
        [
            column.to_owned(),
            format!("{at_row} An entity with entity_id and create_if needs an update_if."),
        ]
    );
    let bad_name = &entity("__trees | ${a} | | | |")[1];
    assert!(bad_name.contains("“__trees” can't be the name"), "{bad_name}");
}
