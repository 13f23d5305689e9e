//! The text of a notification, with places for a household's data.

use serde::{Deserialize, Serialize};

use crate::{Hash, Labels};

/// A notification's text. Published templates never change; a new version is a new template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeTemplate {
    /// Its name, `snake_case`.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// The heading.
    pub title: Labels,
    /// The register whose records it tells a household of, each of them once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Names that `{…}` in a paragraph may use.
    #[serde(alias = "field")]
    pub fields: Vec<TemplateField>,
    /// Rows that tables may show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowField>,
    /// The text, in order.
    #[serde(rename = "paragraph")]
    pub paragraphs: Vec<Paragraph>,
    /// Photos that have to be there when it is signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "photo")]
    pub photos: Vec<RequiredPhoto>,
    /// Who may sign; the householder alone where nobody is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<SignerKind>,
    /// Whether a witness has to sign too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub witness: bool,
}

/// A name that a text may use, and where its value comes from. Written as text where it comes
/// from no record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenField", into = "WrittenField")]
pub struct TemplateField {
    /// The name.
    pub name: String,
    /// `household.` or `about.` and a field, or a field of what that refers to; in rows the field
    /// alone. A person fills in what comes from nowhere.
    pub from: Option<String>,
    /// What is shown when the template is tried.
    pub sample: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum WrittenField {
    Name(String),
    Whole {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sample: Option<String>,
    },
}

impl From<WrittenField> for TemplateField {
    fn from(written: WrittenField) -> Self {
        match written {
            WrittenField::Name(name) => Self { name, from: None, sample: None },
            WrittenField::Whole { name, from, sample } => Self { name, from, sample },
        }
    }
}

impl From<TemplateField> for WrittenField {
    fn from(field: TemplateField) -> Self {
        match field {
            TemplateField { name, from: None, sample: None } => Self::Name(name),
            TemplateField { name, from, sample } => Self::Whole { name, from, sample },
        }
    }
}

/// Rows that a table may show: the household's records of a register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowField {
    /// The name that tables and conditions use.
    pub name: String,
    /// The register.
    pub from: String,
    /// What is used of each record.
    #[serde(alias = "field")]
    pub fields: Vec<TemplateField>,
}

/// A paragraph of a notification, or a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paragraph {
    /// The words, with `{field}` where a value stands.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub text: Labels,
    /// Where it stands at all: an expression over the fields and rows by name, money in yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// A table below the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
}

fn is_empty(labels: &Labels) -> bool {
    labels.0.is_empty()
}

/// A table with a line for each row. One without rows is left out, with its paragraph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The name of the rows.
    pub rows: String,
    /// Its columns.
    #[serde(alias = "column")]
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading.
    pub heading: Labels,
    /// What stands in it, with `{field}` for values of the row.
    pub value: String,
}

/// A photo that has to be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredPhoto {
    /// Its name, `snake_case`.
    pub name: String,
    /// What it shows.
    pub labels: Labels,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerKind {
    /// The head of the household.
    Householder,
    /// Somebody of the family, whose relation is named.
    Relative,
}

impl NoticeTemplate {
    /// Reads a template written in TOML.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The immutable bytes that the template is served and named by.
    pub fn bundle(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a template has text keys only")
    }

    /// The hash of [`Self::bundle`].
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bundle())
    }

    /// Whether somebody of this kind may sign.
    pub fn may_sign(&self, signer: SignerKind) -> bool {
        match self.signers.as_slice() {
            [] => signer == SignerKind::Householder,
            named => named.contains(&signer),
        }
    }
}
