//! A program pack: registers, forms and notification templates an admin installs together.
//!
//! A pack is a folder of reviewable text. This module is given the files' contents by path;
//! whoever has a file system reads them.

#[cfg(feature = "workbooks")]
pub mod archive;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::form::{BundleFile, FormBundle};
use crate::ledger::LedgerDefinition;
use crate::notice::{NoticeTemplate, TemplateProblem};
use crate::register::builtin_registers;
use crate::rule::{RuleProblem, RuleSet};
use crate::{Hash, Labels, RegisterDefinition, Words};

/// Most bytes in one file of a pack.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// `pack.toml`: what the pack is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackManifest {
    /// Its name: lower-case words with hyphens.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// What people read.
    pub labels: Labels,
    /// What it is for.
    pub description: Labels,
}

/// A pack, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// What it is.
    pub manifest: PackManifest,
    /// `registers/*.toml`
    pub registers: Vec<RegisterDefinition>,
    /// `forms/*.md`: XLSForms in Markdown.
    pub forms: Vec<PackForm>,
    /// `notices/*.toml`
    pub notices: Vec<NoticeTemplate>,
    /// `rules/*.toml`
    pub rules: Vec<RuleSet>,
    /// `ledgers/*.toml`
    pub ledgers: Vec<LedgerDefinition>,
}

/// A form of a pack, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct PackForm {
    /// What tablets fetch.
    pub bundle: FormBundle,
    /// What is written in the pack.
    pub source: String,
}

/// What kind of definition a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BundleKind {
    /// A register definition, JSON.
    Register,
    /// A form, compiled: a [`FormBundle`], JSON.
    Form,
    /// A notification template, JSON.
    Notice,
    /// Rules, JSON.
    Rules,
    /// What a form was made from.
    Source,
}

impl BundleKind {
    /// As it is stored and told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Form => "form",
            Self::Notice => "notice",
            Self::Rules => "rules",
            Self::Source => "source",
        }
    }
}

/// A definition as immutable bytes, named by their hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// What it is.
    pub kind: BundleKind,
    /// Its name in the pack.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// What people read.
    pub labels: Labels,
    /// What the bytes are served as.
    pub media_type: String,
    /// The definition.
    pub bytes: Vec<u8>,
}

const JSON: &str = "application/json";

impl Bundle {
    /// The SHA-256 of the bytes: the bundle's address.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bytes)
    }
}

/// What is wrong in a pack, by file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct PackProblem {
    /// The path in the pack.
    pub file: String,
    /// What is wrong.
    pub message: Words,
}

impl Pack {
    /// Reads a pack from its files by path, and finds everything that is wrong with it.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, Vec<PackProblem>> {
        let mut reader = Reader::default();
        let manifest = reader.manifest(files);
        let registers_there = builtin_registers();
        let builtin = |name: &str| {
            registers_there.iter().find(|one| one.name == name).expect("every county has it")
        };
        let (mut registers, mut forms) = (Vec::new(), Vec::new());
        let (mut notices, mut rules, mut ledgers) = (Vec::new(), Vec::new(), Vec::new());
        for (path, bytes) in files {
            let Some(text) = reader.text(path, bytes) else { continue };
            match path.split_once('/') {
                Some(("registers", name)) if name.ends_with(".toml") => {
                    if let Some(register) = reader.toml::<RegisterDefinition>(path, text) {
                        reader.note_all(path, register.check().into_iter().map(|one| one.message));
                        // Apps in the field read bundles strictly, and would stop at it.
                        let rights = (!register.rights.is_empty()).then(|| {
                            Words::new(
                                "程序包的基础数据还不能写权限（right）",
                                "a pack's register can't have rights (`right`) yet",
                            )
                        });
                        reader.note_all(path, rights.into_iter());
                        registers.push(register);
                    }
                }
                Some(("notices", name)) if name.ends_with(".toml") => {
                    if let Some(notice) = reader.toml::<NoticeTemplate>(path, text) {
                        reader.note_all(path, notice.check().iter().map(TemplateProblem::words));
                        notices.push(notice);
                    }
                }
                Some(("forms", name)) if name.ends_with(".md") => {
                    let name = name.trim_end_matches(".md");
                    let opened = crate::form::open(bytes, name);
                    let errors = opened.problems.iter().filter(|problem| {
                        problem.severity == crate::form::Severity::Error
                    });
                    reader.note_all(path, errors.map(|problem| {
                        Words::new(problem.describe("zh-CN"), problem.describe("en"))
                    }));
                    if let (Some(form), Some(xform)) = (&opened.form, &opened.xform) {
                        let source = BundleFile::of(&format!("{name}.md"), bytes);
                        let bundle = FormBundle::new(form, xform, source, Vec::new());
                        forms.push(PackForm { bundle, source: text.to_owned() });
                    }
                }
                Some(("rules", name)) if name.ends_with(".toml") => {
                    if let Some(set) = reader.toml::<RuleSet>(path, text) {
                        let wrong = set.check_to_publish(builtin("household"), builtin("member"));
                        reader.note_all(path, wrong.iter().map(RuleProblem::words));
                        rules.push(set);
                    }
                }
                Some(("ledgers", name)) if name.ends_with(".toml") => {
                    if let Some(ledger) = reader.toml::<LedgerDefinition>(path, text) {
                        ledgers.push((path.clone(), ledger));
                    }
                }
                None if path == "pack.toml" || path == "README.md" => {}
                _ => reader.note(path, Words::new(
                    "业务包只能有 pack.toml、README.md、registers/*.toml、forms/*.md、rules/*.toml、notices/*.toml 和 ledgers/*.toml",
                    "packs have pack.toml, README.md, registers/*.toml, forms/*.md, rules/*.toml, notices/*.toml and ledgers/*.toml only",
                )),
            }
        }
        for notice in &notices {
            let file = format!("notices/{}.toml", notice.name);
            reader.note_all(
                &file,
                notice.unknown_sources(&registers).iter().map(TemplateProblem::words),
            );
        }
        let known = [registers.as_slice(), &registers_there].concat();
        for (path, ledger) in &ledgers {
            reader.note_all(path, ledger.check(&known).into_iter());
        }
        let ledgers = ledgers.into_iter().map(|(_, ledger)| ledger).collect();
        match manifest {
            Some(manifest) if reader.problems.is_empty() => {
                Ok(Self { manifest, registers, forms, notices, rules, ledgers })
            }
            _ => Err(reader.problems),
        }
    }

    /// Every definition in the pack that tablets need as an immutable bundle, but for its forms.
    pub fn bundles(&self) -> Vec<Bundle> {
        let registers = self.registers.iter().map(register_bundle);
        let notices = self.notices.iter().map(notice_bundle);
        registers.chain(notices).chain(self.rules.iter().map(rules_bundle)).collect()
    }
}

/// A version of a form and what it was made from, as bundles; `ordinal` counts its versions.
pub fn form_bundles(form: &FormBundle, source: &[u8], ordinal: u32) -> [Bundle; 2] {
    let labels = Labels([("zh-CN".to_owned(), form.title.clone())].into());
    let bundle = |kind, media_type: &str, bytes| Bundle {
        kind,
        name: form.form.clone(),
        version: ordinal,
        labels: labels.clone(),
        media_type: media_type.to_owned(),
        bytes,
    };
    [
        bundle(BundleKind::Source, &form.source.media_type, source.to_vec()),
        bundle(BundleKind::Form, JSON, form.bytes()),
    ]
}

/// Rules as a bundle.
pub fn rules_bundle(rules: &RuleSet) -> Bundle {
    Bundle {
        kind: BundleKind::Rules,
        name: rules.name.clone(),
        version: rules.version,
        labels: rules.labels.clone(),
        media_type: JSON.to_owned(),
        bytes: rules.bundle(),
    }
}

/// A notification's template as a bundle.
pub fn notice_bundle(notice: &NoticeTemplate) -> Bundle {
    Bundle {
        kind: BundleKind::Notice,
        name: notice.name.clone(),
        version: notice.version,
        labels: notice.title.clone(),
        media_type: JSON.to_owned(),
        bytes: notice.bundle(),
    }
}

/// A register's definition as a bundle.
pub fn register_bundle(register: &RegisterDefinition) -> Bundle {
    Bundle {
        kind: BundleKind::Register,
        name: register.name.clone(),
        version: register.version,
        labels: register.labels.clone(),
        media_type: JSON.to_owned(),
        bytes: register.bundle(),
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<PackProblem>,
}

impl Reader {
    fn note(&mut self, file: &str, message: Words) {
        self.problems.push(PackProblem { file: file.to_owned(), message });
    }

    fn note_all(&mut self, file: &str, messages: impl Iterator<Item = Words>) {
        for message in messages {
            self.note(file, message);
        }
    }

    fn text<'a>(&mut self, path: &str, bytes: &'a [u8]) -> Option<&'a str> {
        if bytes.len() > MAX_FILE_BYTES {
            self.note(
                path,
                Words::new(
                    format!("超过 {MAX_FILE_BYTES} 字节"),
                    format!("is larger than {MAX_FILE_BYTES} bytes"),
                ),
            );
            return None;
        }
        let text = std::str::from_utf8(bytes);
        if text.is_err() {
            self.note(path, Words::new("不是 UTF-8 文本", "is not text in UTF-8"));
        }
        text.ok()
    }

    fn toml<T: serde::de::DeserializeOwned>(&mut self, path: &str, text: &str) -> Option<T> {
        match toml::from_str(text) {
            Ok(read) => Some(read),
            Err(problem) => {
                let told = problem.to_string();
                let told = told.trim_end();
                self.note(path, Words::new(format!("TOML 写法不对：{told}"), told));
                None
            }
        }
    }

    fn manifest(&mut self, files: &BTreeMap<String, Vec<u8>>) -> Option<PackManifest> {
        let Some(bytes) = files.get("pack.toml") else {
            self.note("pack.toml", Words::new("没有这个文件", "is missing"));
            return None;
        };
        let text = self.text("pack.toml", bytes)?;
        let manifest: PackManifest = self.toml("pack.toml", text)?;
        let labels = manifest.labels.missing_languages();
        self.note_all("pack.toml", labels.into_iter().map(|tag| Words::missing("labels", tag)));
        Some(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_every_file_is_listed() {
        let files = [
            (
                "pack.toml",
                "name = \"x\"\nversion = 1\nlabels = { zh-CN = \"某\" }\ndescription = {}",
            ),
            ("registers/a.toml", "name = "),
            ("notes.txt", "hello"),
            ("forms/f.md", "| survey |\n| | type | name | label |\n| | txet | a | A |\n"),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
        let problems = Pack::read(&files).unwrap_err();
        let about: Vec<_> = problems.iter().map(|problem| problem.file.as_str()).collect();
        assert_eq!(about, ["pack.toml", "forms/f.md", "notes.txt", "registers/a.toml"]);
        let Words { zh, en } = &problems[1].message;
        assert!(en.contains("Did you mean “text”?"), "{en}");
        assert!(zh.contains("text") && zh != en, "{zh}");
    }
}
