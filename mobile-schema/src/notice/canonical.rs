//! The bytes of a notification that are hashed and signed.

use serde::{Deserialize, Serialize};

use crate::Hash;
use crate::canonical::Encoder;

/// How the householder answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
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

/// One movement of the pen: `[x, y, milliseconds since the first point]`, in hundredths of a
/// CSS pixel.
pub type Stroke = Vec<[i64; 3]>;

/// A notification as it was shown and answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// How the householder answered.
    pub outcome: Outcome,
    /// The tablet's clock, microseconds since 1970 UTC.
    pub signed_at: i64,
    /// The tablet, a UUID.
    pub device: [u8; 16],
    /// The digest of the notification this one replaces.
    pub supersedes: Option<Hash>,
}

impl NoticeContent {
    /// Deterministic CBOR: a map with integer keys (`docs/protocol.md`, "Signed notifications").
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new();
        encoder.map(10).unsigned(0).text("ruhu-notice-1");
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
        encoder.finish()
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
            Self::Signed { strokes } => {
                encoder.array(strokes.len());
                for stroke in strokes {
                    encoder.array(stroke.len());
                    for point in stroke {
                        encoder.array(3);
                        for number in point {
                            encoder.integer(*number);
                        }
                    }
                }
            }
            Self::Refused { reason } => {
                encoder.text(reason);
            }
            Self::Paper { photo } => {
                encoder.hash(photo);
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
            outcome: Outcome::Signed { strokes: vec![vec![[0, 0, 0], [150, -20, 16]]] },
            signed_at: 1_700_000_000_000_000,
            device: [9; 16],
            supersedes: None,
        }
    }

    /// A change here would orphan every signature ever given.
    #[test]
    fn the_bytes_are_what_they_always_were() {
        insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&content().canonical_bytes()));
    }

    #[test]
    fn every_part_is_signed() {
        let mut digests = std::collections::BTreeSet::from([content().digest()]);
        let changes: [fn(&mut NoticeContent); 9] = [
            |notice| notice.template = Hash::of(b"other"),
            |notice| notice.household = [8; 16],
            |notice| notice.language = "en".into(),
            |notice| notice.text.push('。'),
            |notice| notice.photos.clear(),
            |notice| notice.outcome = Outcome::Refused { reason: "不需要".into() },
            |notice| notice.signed_at += 1,
            |notice| notice.device = [1; 16],
            |notice| notice.supersedes = Some(Hash::of(b"earlier")),
        ];
        for change in changes {
            let mut notice = content();
            change(&mut notice);
            assert!(digests.insert(notice.digest()), "{notice:?}");
        }
    }
}
