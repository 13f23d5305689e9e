//! How long forms take: made, loaded, answered and validated; beside ODK's engine in the same run
//! where `web/e2e/forms-oracle` has its packages, and beside pyxform where Python has it.
//!
//! `cargo bench --package mobile-schema --features workbooks` prints the tables of
//! `docs/benchmarks.md`.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mobile_schema::form::{Files, Form, Session, World, load};
use mobile_schema::xlsform::{compile, read};
use mobile_schema::xml::Element;

/// A survey as households are asked: groups of ten questions with skips, checks and totals.
fn survey(questions: usize) -> String {
    let mut text = String::from(
        "| survey |\n| | type | name | label | relevant | calculation | constraint | required | choice_filter |\n",
    );
    let mut row = |cells: [&str; 8]| {
        let _ = writeln!(text, "| | {} |", cells.join(" | "));
    };
    for at in 0..questions {
        let name = format!("q{at}");
        let label = format!("Question {at}");
        let before = |back: usize| format!("${{q{}}}", at.saturating_sub(back));
        if at % 10 == 0 {
            let group = format!("g{}", at / 10);
            let relevant = if at > 0 { format!("{} != 'none'", before(10)) } else { String::new() };
            row(["begin group", &group, &group, &relevant, "", "", "", ""]);
        }
        match at % 10 {
            0 => row(["text", &name, &label, "", "", "string-length(.) < 50", "yes", ""]),
            1 | 2 => row(["integer", &name, &label, "", "", ". >= 0 and . < 200", "", ""]),
            3 => {
                let sum = format!("coalesce({}, 0) + coalesce({}, 0)", before(1), before(2));
                row(["calculate", &name, "", "", &sum, "", "", ""]);
            }
            4 => row([
                "select_one town",
                &name,
                &label,
                &format!("{} > 5", before(1)),
                "",
                "",
                "",
                "",
            ]),
            5 => {
                let filter = format!("town = {}", before(1));
                row(["select_one village", &name, &label, "", "", "", "", &filter]);
            }
            6 => row(["select_multiple crop", &name, &label, "", "", "", "", ""]),
            7 => {
                let relevant = format!("selected({}, 'tea')", before(1));
                row(["decimal", &name, &label, &relevant, "", ". < 1000", "", ""]);
            }
            8 => row(["date", &name, &label, "", "", ". <= today()", "", ""]),
            _ => {
                let told = format!("About {} and {}", before(9), before(6));
                row(["note", &name, &told, "", "", "", "", ""]);
            }
        }
        if at % 10 == 9 {
            row(["end group", "", "", "", "", "", "", ""]);
        }
    }
    text.push_str("| choices |\n| | list_name | name | label | town |\n");
    for town in 0..20 {
        let _ = writeln!(text, "| | town | t{town} | Town {town} | |");
        for village in 0..15 {
            let _ = writeln!(text, "| | village | v{town}_{village} | V {village} | t{town} |");
        }
    }
    for crop in ["rice", "tea", "maize"] {
        let _ = writeln!(text, "| | crop | {crop} | {crop} | |");
    }
    text
}

fn members() -> String {
    "| survey |\n| | type | name | label | relevant | calculation |\n\
     | | begin repeat | member | Member | | |\n\
     | | text | name | Name | | |\n\
     | | integer | age | Age | | |\n\
     | | text | school | School | ${age} < 18 | |\n\
     | | calculate | next | | | ${age} + 1 |\n\
     | | end repeat | | | | |\n\
     | | calculate | all | | | sum(${age}) |\n"
        .to_owned()
}

fn world() -> World {
    World {
        now: 1_764_057_600_000,
        offset: 480,
        language: "en".to_owned(),
        properties: HashMap::new(),
        location: None,
        seed: [0; 32],
    }
}

fn xform_of(markdown: &str) -> Element {
    let workbook = read(markdown.as_bytes()).expect("a workbook");
    let compiled = compile(&workbook, "form");
    compiled.xform.unwrap_or_else(|| {
        panic!("{:#?}", compiled.problems.iter().map(|one| one.describe("en")).collect::<Vec<_>>())
    })
}

fn form_of(xform: &Element) -> Form {
    load(xform, &mut Vec::new()).expect("a form")
}

/// The middle of several runs.
fn median(times: usize, mut run: impl FnMut()) -> Duration {
    let mut taken: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    taken.sort();
    taken[taken.len() / 2]
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros >= 1_000.0 { format!("{:.2} ms", micros / 1e3) } else { format!("{micros:.1} µs") }
}

/// A value of the kind a node takes.
fn value_of(at: usize, round: usize) -> String {
    match at % 10 {
        0 => format!("name {round}"),
        1 | 2 => ((at + round) % 9).to_string(),
        4 => format!("t{}", (at + round) % 20),
        6 => ["rice tea", "maize"][round % 2].to_owned(),
        7 => format!("{}.5", (at + round) % 90),
        8 => "2024-02-29".to_owned(),
        _ => String::new(),
    }
}

/// Answers every question twice; the times of each answer, sorted.
fn answer(session: &mut Session, questions: usize) -> Vec<Duration> {
    let nodes: Vec<(usize, u32)> = (0..questions)
        .filter(|at| ![3, 5, 9].contains(&(at % 10)))
        .map(|at| (at, session.find(&format!("/data/g{}/q{at}", at / 10))[0]))
        .collect();
    let mut taken = Vec::new();
    for round in 0..2 {
        for (at, node) in &nodes {
            let value = value_of(*at, round);
            let start = Instant::now();
            session.set(*node, &value);
            taken.push(start.elapsed());
        }
    }
    taken.sort();
    taken
}

fn main() {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/e2e/forms-oracle");
    let folder = std::env::temp_dir().join(format!("ruhu-forms-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    println!("| form | engine | load | set p50 | set p95 | set p99 | validate |");
    println!("|---|---|---|---|---|---|---|");
    for questions in [300, 2_000] {
        let markdown = survey(questions);
        let xform = xform_of(&markdown);
        let text = xform.write(false);
        let loaded = median(9, || {
            let element = Element::read(&text).expect("XML");
            Session::begin(Arc::new(form_of(&element)), &Files::new(), world());
        });
        let mut session = Session::begin(Arc::new(form_of(&xform)), &Files::new(), world());
        let sets = answer(&mut session, questions);
        let validated = median(9, || {
            session.validate(session.root());
        });
        let percentile = |share: usize| shown(sets[(sets.len() - 1) * share / 100]);
        println!(
            "| {questions} questions | ours, native | {} | {} | {} | {} | {} |",
            shown(loaded),
            percentile(50),
            percentile(95),
            percentile(99),
            shown(validated)
        );
        let path = folder.join(format!("{questions}.xml"));
        std::fs::write(&path, &text).expect("written");
        if oracle.join("node_modules").is_dir() {
            let run = Command::new("node")
                .arg("time.mjs")
                .args([path.as_os_str(), questions.to_string().as_ref()])
                .current_dir(&oracle)
                .output()
                .expect("node runs");
            print!("{}", String::from_utf8_lossy(&run.stdout));
            eprint!("{}", String::from_utf8_lossy(&run.stderr));
        }
    }
    making(&folder);
    repeating();
    choosing();
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// A workbook becomes an XForm.
fn making(folder: &Path) {
    println!("\n| XLSForm → XForm | ours | pyxform |\n|---|---|---|");
    for questions in [300, 2_000] {
        let markdown = survey(questions);
        let ours = median(9, || {
            xform_of(&markdown);
        });
        let path = folder.join(format!("{questions}.md"));
        std::fs::write(&path, &markdown).expect("written");
        let script = "import sys,time\n\
                      from pyxform.xls2xform import convert\n\
                      runs=[]\n\
                      for _ in range(3):\n\
                      \x20 start=time.perf_counter(); convert(sys.argv[1],validate=False,pretty_print=False)\n\
                      \x20 runs.append(time.perf_counter()-start)\n\
                      print(sorted(runs)[1])";
        let python = std::env::var("PYXFORM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let theirs = Command::new(python).args(["-c", script]).arg(&path).output().ok();
        let theirs = theirs
            .and_then(|run| String::from_utf8(run.stdout).ok())
            .and_then(|text| text.trim().parse::<f64>().ok())
            .map_or("not installed".to_owned(), |time| shown(Duration::from_secs_f64(time)));
        println!("| {questions} questions | {} | {theirs} |", shown(ours));
    }
}

/// An edit in one of many instances of a repeat.
fn repeating() {
    println!("\n| one age among | answer it | add an instance |\n|---|---|---|");
    let xform = xform_of(&members());
    for count in [10, 100, 1_000] {
        let mut session = Session::begin(Arc::new(form_of(&xform)), &Files::new(), world());
        let repeat = session.form().node_at("/data/member").expect("the repeat");
        let root = session.root();
        let adding = Instant::now();
        for _ in 1..count {
            session.add_instance(root, repeat);
        }
        let added = adding.elapsed() / (count - 1);
        let middle = session.find(&format!("/data/member[{}]/age", count / 2))[0];
        let mut age = 0;
        let set = median(201, || {
            age += 1;
            session.set(middle, &age.to_string());
        });
        println!("| {count} members | {} | {} |", shown(set), shown(added));
    }
}

/// Choices out of a long list.
fn choosing() {
    println!("\n| villages of a town, among | first time | later |\n|---|---|---|");
    for villages in [100, 10_000, 100_000] {
        let mut text = "| survey |\n| | type | name | label | choice_filter |\n\
             | | text | town | Town | |\n| | select_one village | village | V | town = ${town} |\n\
             | choices |\n| | list_name | name | label | town |\n"
            .to_owned();
        for at in 0..villages {
            let _ = writeln!(text, "| | village | v{at} | Village {at} | t{} |", at / 20);
        }
        let xform = xform_of(&text);
        let mut session = Session::begin(Arc::new(form_of(&xform)), &Files::new(), world());
        let town = session.find("/data/town")[0];
        let village = session.find("/data/village")[0];
        session.set(town, "t1");
        let start = Instant::now();
        let offered = session.choices(village).expect("choices");
        let first = start.elapsed();
        assert_eq!(offered.len(), 20);
        let later = median(101, || {
            session.choices(village).expect("choices");
        });
        println!("| {villages} | {} | {} |", shown(first), shown(later));
    }
}
