//! Sheets of paper as PDF: text with tables, signatures, photos, a table of facts and a QR code.
//!
//! A sheet has every word that is on it; nothing here speaks a language. The same sheets are the
//! same bytes, on any day and any machine that has the same fonts.

mod code;
mod drawing;
mod fonts;
mod print;

pub use code::{TooLongForACode, svg as code};
pub use drawing::{Pen, svg as drawing};
pub use print::{Unprintable, print};

use serde::Serialize;

/// Most sheets in one document; more are printed in parts.
pub const MOST_SHEETS: usize = 200;

/// A document of one or more pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The BCP 47 tag of the language it is in.
    pub language: String,
    /// The heading.
    pub title: String,
    /// The text.
    pub body: Vec<Part>,
    /// Who signed, and how.
    pub marks: Vec<Mark>,
    /// Photos, JPEG or PNG, with what they show; of the size they are to be embedded in.
    pub photos: Vec<Photo>,
    /// What is known of the sheet, each with its name.
    pub facts: Vec<[String; 2]>,
    /// What the QR code says.
    pub code: Option<String>,
    /// Words beside the code.
    pub code_words: Vec<String>,
    /// What is written across it, if it is not to be taken for the real one.
    pub stamp: Option<String>,
    /// The words before, between and after the numbers of "page 1 of 2".
    pub page_words: [String; 3],
}

/// Something of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "content", rename_all = "snake_case")]
pub enum Part {
    /// A paragraph.
    Paragraph(String),
    /// Rows of cells, the first of them the headings.
    Table(Vec<Vec<String>>),
}

/// A signature, or what stands in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Whose it is.
    pub label: String,
    /// The movements of the pen; none where it was not signed on a screen.
    pub strokes: Vec<Pen>,
    /// What stands there instead, or below.
    pub words: String,
}

/// A photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it shows.
    pub label: String,
}
