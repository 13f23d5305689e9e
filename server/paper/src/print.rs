//! Typesetting.

use std::collections::HashMap;

use serde::Serialize;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use crate::code::{self, TooLongForACode};
use crate::fonts::{self, Fonts};
use crate::{MOST_SHEETS, Part, Sheet, drawing};

/// Why sheets are not printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprintable {
    /// A character is in no font of this machine.
    #[error("no font here has the character {0} (U+{code:04X}); install fonts-noto-cjk", code = u32::from(*.0))]
    NoGlyph(char),
    /// There are none, or more than one document has.
    #[error("a document has from one to {MOST_SHEETS} sheets")]
    HowMany,
    /// What the code is to say doesn't fit.
    #[error(transparent)]
    Code(#[from] TooLongForACode),
    /// The typesetter did not do it, for a photo that is none, say.
    #[error("not typeset: {0}")]
    Typesetter(String),
}

/// The sheets as one PDF, each beginning on a page of its own and counting its own pages.
///
/// # Errors
/// Where they can't be printed; nothing is left out silently.
pub fn print(sheets: &[Sheet]) -> Result<Vec<u8>, Unprintable> {
    if sheets.is_empty() || sheets.len() > MOST_SHEETS {
        return Err(Unprintable::HowMany);
    }
    let fonts = fonts::for_texts(sheets.iter().flat_map(texts)).map_err(Unprintable::NoGlyph)?;
    let mut files = Files::default();
    let set = Set {
        fonts: fonts.families().map(str::to_lowercase).collect(),
        sheets: sheets
            .iter()
            .map(|sheet| sheet_data(sheet, &mut files))
            .collect::<Result<_, _>>()?,
    };
    files.add("sheets.json", serde_json::to_vec(&set).expect("sheets are text"));
    let main = Source::new(id("sheets.typ"), include_str!("sheets.typ").to_owned());
    let desk = Desk { library: LazyHash::new(Library::default()), fonts, main, files: files.0 };
    let document = typst::compile::<PagedDocument>(&desk).output.map_err(failed)?;
    let options = PdfOptions {
        // What is not said is made up from the clock or the text.
        ident: Smart::Custom("ruhu".to_owned()),
        creator: Smart::Custom(Some("Ruhu".to_owned())),
        timestamp: None,
        ..PdfOptions::default()
    };
    let pdf = typst_pdf::pdf(&document, &options).map_err(failed);
    // Nothing of one household stays in memory for the next.
    typst::comemo::evict(0);
    pdf
}

fn failed(problems: impl IntoIterator<Item = SourceDiagnostic>) -> Unprintable {
    let problems: Vec<_> = problems.into_iter().map(|one| one.message.to_string()).collect();
    Unprintable::Typesetter(problems.join("; "))
}

/// Every text that is on a sheet.
fn texts(sheet: &Sheet) -> impl Iterator<Item = &str> + Clone {
    let body = sheet.body.iter().flat_map(|part| match part {
        Part::Paragraph(text) => vec![text.as_str()],
        Part::Table(rows) => rows.iter().flatten().map(String::as_str).collect(),
    });
    let marks = sheet.marks.iter().flat_map(|mark| [mark.label.as_str(), mark.words.as_str()]);
    let photos = sheet.photos.iter().map(|photo| photo.label.as_str());
    let facts = sheet.facts.iter().flatten().map(String::as_str);
    let words = sheet.code_words.iter().chain(&sheet.stamp).chain(&sheet.page_words);
    std::iter::once(sheet.title.as_str())
        .chain(body)
        .chain(marks)
        .chain(photos)
        .chain(facts)
        .chain(words.map(String::as_str))
}

/// What `sheets.typ` reads.
#[derive(Serialize)]
struct Set<'a> {
    fonts: Vec<String>,
    sheets: Vec<SheetData<'a>>,
}

#[derive(Serialize)]
struct SheetData<'a> {
    lang: &'a str,
    region: Option<&'a str>,
    title: &'a str,
    body: &'a [Part],
    marks: Vec<MarkData<'a>>,
    photos: Vec<PhotoData<'a>>,
    facts: &'a [[String; 2]],
    code: Option<String>,
    code_words: &'a [String],
    stamp: Option<&'a str>,
    page_words: &'a [String; 3],
}

#[derive(Serialize)]
struct MarkData<'a> {
    label: &'a str,
    drawing: Option<String>,
    words: &'a str,
}

#[derive(Serialize)]
struct PhotoData<'a> {
    file: String,
    label: &'a str,
}

fn sheet_data<'a>(sheet: &'a Sheet, files: &mut Files) -> Result<SheetData<'a>, Unprintable> {
    // Of zh-Hans-CN, the typesetter wants the first and the last.
    let mut tags = sheet.language.split('-');
    let lang = tags.next().filter(|tag| matches!(tag.len(), 2 | 3)).unwrap_or("zh");
    let region = tags.find(|tag| tag.len() == 2);
    let marks = sheet.marks.iter().map(|mark| MarkData {
        label: &mark.label,
        drawing: drawing::svg(&mark.strokes).map(|svg| files.add_next("svg", svg.into_bytes())),
        words: &mark.words,
    });
    let marks = marks.collect();
    let photos = sheet.photos.iter().map(|photo| PhotoData {
        file: files.add_next("photo", photo.bytes.clone()),
        label: &photo.label,
    });
    let photos = photos.collect();
    let code = sheet.code.as_deref().map(code::svg).transpose()?;
    Ok(SheetData {
        lang,
        region,
        title: &sheet.title,
        body: &sheet.body,
        marks,
        photos,
        facts: &sheet.facts,
        code: code.map(|svg| files.add_next("svg", svg)),
        code_words: &sheet.code_words,
        stamp: sheet.stamp.as_deref(),
        page_words: &sheet.page_words,
    })
}

fn id(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("a plain name is a path");
    FileId::new(RootedPath::new(VirtualRoot::Project, path))
}

/// The files that `sheets.typ` may open.
#[derive(Default)]
struct Files(HashMap<FileId, Bytes>);

impl Files {
    fn add(&mut self, name: &str, bytes: Vec<u8>) {
        self.0.insert(id(name), Bytes::new(bytes));
    }

    /// Names are counted, since each is kept for ever.
    fn add_next(&mut self, ending: &str, bytes: Vec<u8>) -> String {
        let name = format!("{}.{ending}", self.0.len());
        self.add(&name, bytes);
        name
    }
}

/// Everything the typesetter may look at.
struct Desk {
    library: LazyHash<Library>,
    fonts: &'static Fonts,
    main: Source,
    files: HashMap<FileId, Bytes>,
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.fonts.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::NotSource) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
