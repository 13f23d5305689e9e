//! A published version of a form as immutable bytes: what tablets fetch and visits name.

use serde::{Deserialize, Serialize};

use super::definition::Form;
use super::load::load;
use super::session::Files;
use super::{Problem, read_list};
use crate::Hash;
use crate::xml::Element;

/// A version of a form. Its bytes are named by their hash: another word, another file, another
/// version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormBundle {
    /// The form's id (`form_id`).
    pub form: String,
    /// The version as its author writes it.
    pub version: String,
    /// What people call it.
    pub title: String,
    /// The languages of its words.
    pub languages: Vec<String>,
    /// What was uploaded.
    pub source: BundleFile,
    /// What goes with it, by name: lists, pictures, sounds.
    pub files: Vec<BundleFile>,
    /// The XForm.
    pub xform: String,
}

/// A file, named by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleFile {
    /// Its name.
    pub name: String,
    /// Its SHA-256.
    pub hash: Hash,
    /// Bytes.
    pub length: u64,
    /// Its media type.
    pub media_type: String,
}

impl BundleFile {
    /// A file with these bytes.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            hash: Hash::of(bytes),
            length: bytes.len() as u64,
            media_type: media_type(name).to_owned(),
        }
    }
}

impl FormBundle {
    /// A version out of a form and its XForm.
    pub fn new(form: &Form, xform: &Element, source: BundleFile, files: Vec<BundleFile>) -> Self {
        let mut files = files;
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            form: form.id.clone(),
            version: form.version.clone(),
            title: form.title.clone(),
            languages: form.languages.clone(),
            source,
            files,
            xform: xform.write(false),
        }
    }

    /// The bytes, always the same for the same version.
    ///
    /// # Panics
    /// Never: nothing in it can't be written as JSON.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a form's bundle is plain data")
    }

    /// The form, to be run.
    ///
    /// # Errors
    /// What keeps it from being used: it was published by a program that knew more.
    pub fn open(&self) -> Result<Form, Vec<Problem>> {
        let mut problems = Vec::new();
        let xform = Element::read(&self.xform).unwrap_or_default();
        load(&xform, &mut problems).ok_or(problems)
    }

    /// The names of the lists among the files, with the ids that expressions call them by.
    pub fn lists<'a>(&'a self, form: &'a Form) -> impl Iterator<Item = (&'a str, &'a BundleFile)> {
        form.instances.iter().filter_map(|instance| {
            let name = instance.source.as_deref()?.rsplit('/').next()?;
            let file = self.files.iter().find(|file| file.name == name)?;
            Some((instance.id.as_str(), file))
        })
    }
}

/// Reads lists out of files: the id that expressions call each by, its name and its bytes. One
/// that can't be read is as if it were not there.
pub fn read_lists<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, &'a [u8])>) -> Files {
    let read = |(id, name, bytes): (&'a str, &'a str, &'a [u8])| {
        Some((id.to_owned(), read_list(name, bytes).ok()?))
    };
    files.into_iter().filter_map(read).collect()
}

/// The media type of a file by the ending of its name (RFC 6838); bytes where it isn't known.
pub fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "csv" => "text/csv; charset=utf-8",
        "geojson" => "application/geo+json",
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "m4a" => "audio/mp4",
        "md" => "text/markdown; charset=utf-8",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "ogg" => "audio/ogg",
        "png" => "image/png",
        "wav" => "audio/wav",
        "webm" => "video/webm",
        "webp" => "image/webp",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}
