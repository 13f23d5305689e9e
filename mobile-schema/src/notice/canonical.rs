//! The bytes of a notification that are hashed and signed.

use super::template::SignerKind;
use crate::Hash;
use crate::canonical::Encoder;

/// How the household answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Signed on the tablet.
    Signed {
        /// The signature.
        strokes: Vec<Stroke>,
    },
    /// Would not sign; that costs the household nothing.
    Refused {
        /// Why, in the householder's words.
        reason: String,
    },
    /// Signed on paper, which was photographed.
    Paper {
        /// The photograph.
        photo: Hash,
    },
}

/// One movement of the pen.
pub type Stroke = Vec<Point>;

/// Where the pen was, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// To the right, hundredths of a CSS pixel.
    pub x: i64,
    /// Down, hundredths of a CSS pixel.
    pub y: i64,
    /// Milliseconds since the first point.
    pub ms: i64,
    /// How hard, in thousandths, where the screen feels it.
    pub pressure: Option<i64>,
}

impl From<[i64; 3]> for Point {
    fn from([x, y, ms]: [i64; 3]) -> Self {
        Self { x, y, ms, pressure: None }
    }
}

/// Who signs for the household.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signer {
    /// Its head.
    #[default]
    Householder,
    /// Somebody of the family.
    Relative {
        /// The name.
        name: String,
        /// The relation to the head, in words.
        relation: String,
    },
}

impl Signer {
    /// Whether somebody is meant, and not named.
    pub fn is_nameless(&self) -> bool {
        match self {
            Self::Householder => false,
            Self::Relative { name, relation } => {
                name.trim().is_empty() || relation.trim().is_empty()
            }
        }
    }

    /// What kind of signer this is to a template.
    pub fn kind(&self) -> SignerKind {
        match self {
            Self::Householder => SignerKind::Householder,
            Self::Relative { .. } => SignerKind::Relative,
        }
    }
}

/// Somebody who saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name.
    pub name: String,
    /// The signature.
    pub strokes: Vec<Stroke>,
}

/// A record as the text was made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordVersion {
    /// The record, a UUID.
    pub record: [u8; 16],
    /// The epoch of its version.
    pub epoch: u64,
    /// The number of its version.
    pub n: u64,
}

/// A notification as it was shown and answered.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeContent {
    /// The template it was made from.
    pub template: Hash,
    /// The household's record, a UUID.
    pub household: [u8; 16],
    /// The BCP 47 tag of the language it was shown in.
    pub language: String,
    /// The text exactly as it was shown.
    pub text: String,
    /// Photos that belong to it, sorted.
    pub photos: Vec<Hash>,
    /// How the household answered.
    pub outcome: Outcome,
    /// The tablet's clock, microseconds since 1970 UTC.
    pub signed_at: i64,
    /// The tablet, a UUID.
    pub device: [u8; 16],
    /// The digest of the notification this one replaces.
    pub supersedes: Option<Hash>,
    /// Who signed, refused or signed on paper.
    pub signer: Signer,
    /// Who saw it.
    pub witness: Option<Witness>,
    /// The records its text was made from, sorted; the household's own and what it is about.
    pub records: Vec<RecordVersion>,
}

impl NoticeContent {
    /// Deterministic CBOR: a map with integer keys (`docs/protocol.md`, "Signed notifications").
    /// One that says no more than the first of them could is written as they were.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new();
        let first = self.is_of_the_first_form();
        encoder.map(if first { 10 } else { 13 });
        encoder.unsigned(0).text(if first { Self::FIRST } else { Self::SECOND });
        encoder.unsigned(1).hash(&self.template);
        encoder.unsigned(2).bytes(&self.household);
        encoder.unsigned(3).text(&self.language);
        encoder.unsigned(4).text(&self.text);
        encoder.unsigned(5).array(self.photos.len());
        for photo in &self.photos {
            encoder.hash(photo);
        }
        encoder.unsigned(6);
        self.outcome.encode(&mut encoder);
        encoder.unsigned(7).integer(self.signed_at);
        encoder.unsigned(8).bytes(&self.device);
        encoder.unsigned(9).optional(self.supersedes.as_ref(), |encoder, hash| {
            encoder.hash(hash);
        });
        if !first {
            encoder.unsigned(10);
            self.signer.encode(&mut encoder);
            encoder.unsigned(11).optional(self.witness.as_ref(), |encoder, witness| {
                encoder.array(2).text(&witness.name);
                encode_strokes(&witness.strokes, encoder);
            });
            encoder.unsigned(12).array(self.records.len());
            for one in &self.records {
                encoder.array(3).bytes(&one.record).unsigned(one.epoch).unsigned(one.n);
            }
        }
        encoder.finish()
    }

    pub(super) const FIRST: &str = "ruhu-notice-1";
    pub(super) const SECOND: &str = "ruhu-notice-2";

    fn is_of_the_first_form(&self) -> bool {
        let plain = match &self.outcome {
            Outcome::Signed { strokes } => {
                strokes.iter().flatten().all(|point| point.pressure.is_none())
            }
            Outcome::Refused { .. } | Outcome::Paper { .. } => true,
        };
        plain
            && self.signer == Signer::Householder
            && self.witness.is_none()
            && self.records.is_empty()
    }

    /// Every signature on it.
    pub(super) fn signatures(&self) -> impl Iterator<Item = &[Stroke]> {
        let own = match &self.outcome {
            Outcome::Signed { strokes } => Some(strokes.as_slice()),
            Outcome::Refused { .. } | Outcome::Paper { .. } => None,
        };
        own.into_iter().chain(self.witness.as_ref().map(|witness| witness.strokes.as_slice()))
    }

    /// The SHA-256 of [`Self::canonical_bytes`]: the notification's name, and what is signed.
    pub fn digest(&self) -> Hash {
        Hash::of(&self.canonical_bytes())
    }
}

impl Outcome {
    /// The name of the outcome in the `notice` register.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Signed { .. } => "signed",
            Self::Refused { .. } => "refused",
            Self::Paper { .. } => "paper",
        }
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).text(self.name());
        match self {
            Self::Signed { strokes } => encode_strokes(strokes, encoder),
            Self::Refused { reason } => {
                encoder.text(reason);
            }
            Self::Paper { photo } => {
                encoder.hash(photo);
            }
        }
    }
}

impl Signer {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Householder => {
                encoder.array(1).text("householder");
            }
            Self::Relative { name, relation } => {
                encoder.array(3).text("relative").text(name).text(relation);
            }
        }
    }
}

fn encode_strokes(strokes: &[Stroke], encoder: &mut Encoder) {
    encoder.array(strokes.len());
    for stroke in strokes {
        encoder.array(stroke.len());
        for point in stroke {
            encoder.array(if point.pressure.is_some() { 4 } else { 3 });
            encoder.integer(point.x).integer(point.y).integer(point.ms);
            if let Some(pressure) = point.pressure {
                encoder.integer(pressure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> NoticeContent {
        NoticeContent {
            template: Hash::of(b"template"),
            household: [7; 16],
            language: "zh-CN".into(),
            text: "资助告知书".into(),
            photos: vec![Hash::of(b"photo")],
            outcome: Outcome::Signed {
                strokes: vec![vec![[0, 0, 0].into(), [150, -20, 16].into()]],
            },
            signed_at: 1_700_000_000_000_000,
            device: [9; 16],
            supersedes: None,
            signer: Signer::Householder,
            witness: None,
            records: Vec::new(),
        }
    }

    fn second() -> NoticeContent {
        NoticeContent {
            signer: Signer::Relative { name: "王芳".into(), relation: "女儿".into() },
            witness: Some(Witness {
                name: "李四".into(),
                strokes: vec![vec![Point { x: 1, y: 2, ms: 3, pressure: Some(500) }]],
            }),
            records: vec![RecordVersion { record: [7; 16], epoch: 3, n: 2 }],
            ..content()
        }
    }

    /// A change here would orphan every signature ever given.
    #[test]
    fn the_bytes_are_what_they_always_were() {
        insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&content().canonical_bytes()));
        insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&second().canonical_bytes()));
    }

    #[test]
    fn every_part_is_signed() {
        let mut digests = std::collections::BTreeSet::from([content().digest()]);
        let changes: [fn(&mut NoticeContent); 12] = [
            |notice| notice.template = Hash::of(b"other"),
            |notice| notice.household = [8; 16],
            |notice| notice.language = "en".into(),
            |notice| notice.text.push('。'),
            |notice| notice.photos.clear(),
            |notice| notice.outcome = Outcome::Refused { reason: "不需要".into() },
            |notice| notice.signed_at += 1,
            |notice| notice.device = [1; 16],
            |notice| notice.supersedes = Some(Hash::of(b"earlier")),
            |notice| notice.signer = second().signer,
            |notice| notice.witness = second().witness,
            |notice| notice.records = second().records,
        ];
        for change in changes {
            let mut notice = content();
            change(&mut notice);
            assert!(digests.insert(notice.digest()), "{notice:?}");
        }
    }
}
