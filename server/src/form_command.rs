//! `ruhu form`: checks, converts and fills in survey forms without a server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use mobile_schema::Catalogue;
use mobile_schema::form::{
    self, Files, Form, Opened, Session, Severity, Summary, Untaken, Version, World,
};
use mobile_schema::register::builtin_registers;
use mobile_schema::xml::Element;

use crate::config::speaks_chinese;
use crate::forms::wanted_files;
use crate::packs::embedded_packs;

/// The most bytes of a form's file or of one that goes with it.
const MAX_FILE: u64 = 64 * 1024 * 1024;

#[derive(Subcommand)]
pub(crate) enum FormCommand {
    /// Say what a form holds and everything that is wrong with it and its files; fails if it can't
    /// be used
    Check {
        #[command(flatten)]
        file: FormFile,
        /// Where lists and files of the form are; beside the form where it isn't told
        #[arg(long)]
        files: Option<PathBuf>,
    },
    /// Print the XForm of a form
    Convert {
        #[command(flatten)]
        file: FormFile,
    },
    /// Fill in a form and print the submission; fails if an answer doesn't do
    Run {
        #[command(flatten)]
        file: FormFile,
        /// The answers (JSON): objects by group, arrays for repeats, or whole paths. Given several
        /// times, one after another
        #[arg(long, required = true)]
        answers: Vec<PathBuf>,
        /// Where lists and files of the form are; beside the form where it isn't told
        #[arg(long)]
        files: Option<PathBuf>,
        /// Print every node with its state, and what is wrong, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is different between two versions of a form, and what becomes of answers
    Diff {
        /// The version before
        before: PathBuf,
        #[command(flatten)]
        file: FormFile,
        /// A submission of the version before (XML): print it as the new version has it
        #[arg(long)]
        submission: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct FormFile {
    /// An XLSForm (.xlsx, .xls, .md, .csv) or an XForm (.xml)
    file: PathBuf,
    /// Speak this language, zh-CN or en; that of the environment where it isn't told
    #[arg(long)]
    language: Option<String>,
}

impl FormFile {
    fn language(&self) -> String {
        self.language
            .clone()
            .unwrap_or_else(|| if speaks_chinese() { "zh-CN" } else { "en" }.to_owned())
    }

    /// Where its files are: in the folder that is told, else beside it.
    fn folder<'a>(&'a self, told: Option<&'a Path>) -> &'a Path {
        told.or(self.file.parent()).unwrap_or(Path::new("."))
    }

    fn open(&self) -> Result<Opened, String> {
        let bytes = read(&self.file)?;
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        Ok(form::open(&bytes, &name))
    }
}

/// Runs a command on forms.
pub(crate) fn run(command: FormCommand) -> Result<(), String> {
    match command {
        FormCommand::Check { file, files } => check(&file, files.as_deref()),
        FormCommand::Convert { file } => convert(&file),
        FormCommand::Run { file, answers, files, json } => {
            fill_in(&file, &answers, files.as_deref(), json)
        }
        FormCommand::Diff { before, file, submission, json } => {
            compare(before, &file, submission.as_deref(), json)
        }
    }
}

/// Prints; a reader that has seen enough is no mistake.
fn say(text: &str) -> Result<(), String> {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let length = std::fs::metadata(path).map_err(told)?.len();
    if length > MAX_FILE {
        return Err(format!("{}: larger than {MAX_FILE} bytes", path.display()));
    }
    std::fs::read(path).map_err(told)
}

fn check(file: &FormFile, folder: Option<&Path>) -> Result<(), String> {
    let mut opened = file.open()?;
    let folder = file.folder(folder);
    let mut absent = Vec::new();
    if let Some(form) = &opened.form {
        let lists = files(form, folder)?;
        absent = wanted_files(form, &registers_of_every_county());
        absent.retain(|name| !folder.join(name).is_file());
        opened.inspect_files(&lists);
    }
    let language = file.language();
    let chinese = language.starts_with("zh");
    if let Some(form) = &opened.form {
        say(&describe(form, &form.summary(), chinese))?;
    }
    for problem in &opened.problems {
        say(&format!("{}\n", problem.describe(&language)))?;
    }
    for name in &absent {
        let folder = folder.display();
        say(&if chinese {
            format!(
                "提醒 [{name}]：问卷用到这个文件，但 {folder} 里没有；没有它，列表没有选项，问卷也不能发布\n"
            )
        } else {
            format!(
                "warning [{name}]: The form names this file, and it is not in {folder}. Without it a \
                 list has no choices, and the form can't be published.\n"
            )
        })?;
    }
    let errors = count(&opened, Severity::Error);
    let warnings = count(&opened, Severity::Warning) + absent.len();
    say(&if chinese {
        format!("错误 {errors} 个，提醒 {warnings} 个\n")
    } else {
        format!("{errors} errors, {warnings} warnings\n")
    })?;
    match &opened.form {
        Some(_) => Ok(()),
        None if chinese => Err("此问卷不能使用".to_owned()),
        None => Err("the form can't be used".to_owned()),
    }
}

/// Lists that are called so come from records.
fn registers_of_every_county() -> Catalogue {
    let mut known = Catalogue::default();
    let packs = embedded_packs().unwrap_or_default().into_values();
    for register in builtin_registers().into_iter().chain(packs.flat_map(|pack| pack.registers)) {
        known.insert(register);
    }
    known
}

fn count(opened: &Opened, severity: Severity) -> usize {
    opened.problems.iter().filter(|problem| problem.severity == severity).count()
}

fn describe(form: &Form, summary: &Summary, chinese: bool) -> String {
    let counted = |counts: &std::collections::BTreeMap<&str, usize>| {
        let all: usize = counts.values().sum();
        let each: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if each.is_empty() { all.to_string() } else { format!("{all} ({})", each.join(", ")) }
    };
    let languages = form.languages.join(", ");
    let none = if chinese { "（未写）" } else { "(none)" };
    let or_none = |text: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let lines = [
        ("标题", "title", or_none(&form.title)),
        ("编号", "id", or_none(&form.id)),
        ("版本", "version", or_none(&form.version)),
        ("语言", "languages", or_none(&languages)),
        ("题目", "questions", counted(&summary.questions)),
        ("隐藏项", "hidden", counted(&summary.hidden)),
        ("分组", "groups", summary.groups.to_string()),
        ("重复组", "repeats", summary.repeats.to_string()),
        ("列表与文件", "lists and files", summary.lists.to_string()),
        ("表达式", "expressions", summary.expressions.to_string()),
    ];
    lines
        .iter()
        .map(|(zh, en, value)| format!("{}: {value}\n", if chinese { zh } else { en }))
        .collect()
}

/// The form, or all that keeps it from being used.
fn usable(file: &FormFile) -> Result<Opened, String> {
    let opened = file.open()?;
    let language = file.language();
    for problem in &opened.problems {
        eprintln!("{}", problem.describe(&language));
    }
    if opened.form.is_some() { Ok(opened) } else { Err("the form can't be used".to_owned()) }
}

fn convert(file: &FormFile) -> Result<(), String> {
    let opened = usable(file)?;
    say(&opened.xform.unwrap_or_default().write(true))
}

fn fill_in(
    file: &FormFile,
    answers: &[PathBuf],
    folder: Option<&Path>,
    json: bool,
) -> Result<(), String> {
    let opened = file.open()?;
    let language = file.language();
    let Some(form) = opened.form else {
        for problem in &opened.problems {
            eprintln!("{}", problem.describe(&language));
        }
        return Err("the form can't be used".to_owned());
    };
    let files = files(&form, file.folder(folder))?;
    let mut session = Session::begin(Arc::new(form), &files, world(language)?);
    let mut untaken = Vec::new();
    for path in answers {
        let answers = serde_json::from_slice(&read(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        untaken.extend(session.fill(&answers));
    }
    session.finish();
    for missing in session.missing_files() {
        eprintln!("{missing}: not found; its choices are empty");
    }
    for untaken in &untaken {
        eprintln!("{}: {}", untaken.path, untaken.reason);
    }
    for (path, failure) in session.failures() {
        eprintln!("{path}: {failure}");
    }
    let invalid = session.validate(session.root());
    if json {
        let mut state = session.state();
        state["submission"] = session.submission().write(false).into();
        state["untaken"] = untaken.iter().map(Untaken::to_json).collect();
        say(&format!("{state:#}\n"))?;
    } else {
        say(&session.submission().write(true))?;
    }
    for wrong in &invalid {
        eprintln!("{}: {}: {} ({})", wrong.path, wrong.reason.name(), wrong.message, wrong.label);
    }
    if invalid.is_empty() && untaken.is_empty() {
        Ok(())
    } else {
        Err(format!("{} invalid answers, {} not taken", invalid.len(), untaken.len()))
    }
}

fn compare(
    before: PathBuf,
    file: &FormFile,
    submission: Option<&Path>,
    json: bool,
) -> Result<(), String> {
    let language = file.language();
    let before = usable(&FormFile { file: before, language: Some(language.clone()) })?;
    let after = usable(file)?;
    let (Some(form_before), Some(xform_before)) = (&before.form, &before.xform) else {
        return Err("the version before can't be used".to_owned());
    };
    let (Some(form_after), Some(xform_after)) = (&after.form, &after.xform) else {
        return Err("the form can't be used".to_owned());
    };
    if let Some(path) = submission {
        let text = String::from_utf8(read(path)?).map_err(|error| error.to_string())?;
        let saved = Element::read(&text).map_err(|error| error.to_string())?;
        let upgraded = form::upgrade(&saved, form_before, form_after);
        return if json {
            say(&format!("{:#}\n", upgraded.to_json()))
        } else {
            for (from, to) in &upgraded.moved {
                eprintln!("{from} → {to}");
            }
            for aside in &upgraded.set_aside {
                eprintln!("{}: {:?} set aside: {}", aside.path, aside.value, aside.reason);
            }
            say(&upgraded.submission.write(true))
        };
    }
    let changes = form::diff(
        Version { form: form_before, xform: xform_before },
        Version { form: form_after, xform: xform_after },
    );
    if json {
        let told: serde_json::Value = changes.iter().map(form::Change::to_json).collect();
        return say(&format!("{told:#}\n"));
    }
    for change in &changes {
        say(&format!("{}\n", change.describe(&language)))?;
    }
    Ok(())
}

/// The lists and files of a form that are in a folder.
fn files(form: &Form, folder: &Path) -> Result<Files, String> {
    let mut files = HashMap::new();
    for instance in &form.instances {
        let Some(source) = &instance.source else { continue };
        let Some(name) = source.rsplit('/').next() else { continue };
        let path = folder.join(name);
        if path.is_file() {
            let list = form::read_list(name, &read(&path)?)
                .map_err(|kind| format!("{}: {}", path.display(), kind.message(false)))?;
            files.insert(instance.id.clone(), list);
        }
    }
    Ok(files)
}

fn world(language: String) -> Result<World, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(World {
        now: i64::try_from(now.as_millis()).map_err(|error| error.to_string())?,
        // China has one time.
        offset: 480,
        language,
        properties: HashMap::from([("deviceid".to_owned(), "ruhu:headless".to_owned())]),
        location: None,
        seed: rand::random(),
    })
}
