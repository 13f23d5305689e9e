//! Reading the bytes of a notification again.

use minicbor::Decoder;
use minicbor::data::Type;

use super::{NoticeContent, Outcome};
use crate::Hash;

/// Bytes that are no notification's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// They are not the deterministic CBOR that a notification has.
    #[error("not the canonical bytes of a notification")]
    NotCanonical,
    /// A signature without a stroke.
    #[error("a signature without a stroke")]
    NoStroke,
    /// More points than a hand draws.
    #[error("a signature of more than {} points", NoticeContent::MOST_POINTS)]
    TooManyPoints,
}

impl NoticeContent {
    /// Most points of a signature.
    pub const MOST_POINTS: usize = 20_000;

    /// Reads what [`Self::canonical_bytes`] wrote, and nothing else: bytes that say the same
    /// otherwise are refused, for their hash is another.
    ///
    /// # Errors
    /// Where they are no notification's, or its signature can't be one.
    pub fn read(bytes: &[u8]) -> Result<Self, Unread> {
        let content = read(&mut Decoder::new(bytes)).map_err(|_| Unread::NotCanonical)?;
        if content.canonical_bytes() != bytes {
            return Err(Unread::NotCanonical);
        }
        if let Outcome::Signed { strokes } = &content.outcome {
            let points: usize = strokes.iter().map(Vec::len).sum();
            if points == 0 {
                return Err(Unread::NoStroke);
            }
            if points > Self::MOST_POINTS {
                return Err(Unread::TooManyPoints);
            }
        }
        Ok(content)
    }
}

type Decoding<T> = Result<T, minicbor::decode::Error>;

fn wrong<T>() -> Decoding<T> {
    Err(minicbor::decode::Error::message("not a notification"))
}

fn read(from: &mut Decoder<'_>) -> Decoding<NoticeContent> {
    if from.map()? != Some(10) {
        return wrong();
    }
    let mut key = 0;
    let mut next = |from: &mut Decoder<'_>| {
        key += 1;
        if from.u32()? == key - 1 { Ok(()) } else { wrong() }
    };
    next(from)?;
    if from.str()? != "ruhu-notice-1" {
        return wrong();
    }
    next(from)?;
    let template = hash(from)?;
    next(from)?;
    let household = fixed(from)?;
    next(from)?;
    let language = from.str()?.to_owned();
    next(from)?;
    let text = from.str()?.to_owned();
    next(from)?;
    let photos = list(from, hash)?;
    next(from)?;
    let outcome = outcome(from)?;
    next(from)?;
    let signed_at = from.i64()?;
    next(from)?;
    let device = fixed(from)?;
    next(from)?;
    let supersedes = match from.datatype()? {
        Type::Null => {
            from.null()?;
            None
        }
        _ => Some(hash(from)?),
    };
    Ok(NoticeContent {
        template,
        household,
        language,
        text,
        photos,
        outcome,
        signed_at,
        device,
        supersedes,
    })
}

fn outcome(from: &mut Decoder<'_>) -> Decoding<Outcome> {
    if from.array()? != Some(2) {
        return wrong();
    }
    match from.str()? {
        "signed" => {
            let point = |from: &mut Decoder<'_>| match from.array()? {
                Some(3) => Ok([from.i64()?, from.i64()?, from.i64()?]),
                _ => wrong(),
            };
            let strokes = list(from, |from| list(from, point))?;
            Ok(Outcome::Signed { strokes })
        }
        "refused" => Ok(Outcome::Refused { reason: from.str()?.to_owned() }),
        "paper" => Ok(Outcome::Paper { photo: hash(from)? }),
        _ => wrong(),
    }
}

/// An array. What it says of its length is not believed before it is there.
fn list<T>(
    from: &mut Decoder<'_>,
    read: impl Fn(&mut Decoder<'_>) -> Decoding<T>,
) -> Decoding<Vec<T>> {
    let Some(count) = from.array()? else { return wrong() };
    (0..count).map(|_| read(from)).collect()
}

fn fixed<const N: usize>(from: &mut Decoder<'_>) -> Decoding<[u8; N]> {
    from.bytes()?.try_into().or_else(|_| wrong())
}

fn hash(from: &mut Decoder<'_>) -> Decoding<Hash> {
    fixed(from).map(Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(outcome: Outcome) -> NoticeContent {
        NoticeContent {
            template: Hash::of(b"template"),
            household: [7; 16],
            language: "zh-CN".into(),
            text: "资助告知书".into(),
            photos: vec![Hash::of(b"photo")],
            outcome,
            signed_at: 1_700_000_000_000_000,
            device: [9; 16],
            supersedes: Some(Hash::of(b"earlier")),
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        for outcome in [
            Outcome::Signed { strokes: vec![vec![[0, 0, 0], [150, -20, 16]], vec![[1, 1, 1]]] },
            Outcome::Refused { reason: "不需要".into() },
            Outcome::Paper { photo: Hash::of(b"paper") },
        ] {
            let content = content(outcome);
            let bytes = content.canonical_bytes();
            assert_eq!(NoticeContent::read(&bytes), Ok(content));
            for length in 0..bytes.len() {
                assert_eq!(NoticeContent::read(&bytes[..length]), Err(Unread::NotCanonical));
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert_eq!(NoticeContent::read(&longer), Err(Unread::NotCanonical));
        }
        // The same number in more bytes than it needs.
        let mut bytes = content(Outcome::Refused { reason: String::new() }).canonical_bytes();
        assert_eq!(bytes[1], 0);
        bytes.splice(1..2, [0x18, 0]);
        assert_eq!(NoticeContent::read(&bytes), Err(Unread::NotCanonical));
        // An array that says it has more items than there are bytes.
        let bytes = [0xaa, 0x00, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(NoticeContent::read(&bytes), Err(Unread::NotCanonical));
    }

    #[test]
    fn a_signature_has_points_and_not_too_many() {
        let signed = |points: usize| {
            let strokes = vec![(0..points as i64).map(|at| [at, at, at]).collect()];
            NoticeContent::read(&content(Outcome::Signed { strokes }).canonical_bytes()).err()
        };
        assert_eq!(signed(0), Some(Unread::NoStroke));
        assert_eq!(signed(20_000), None);
        assert_eq!(signed(100_000), Some(Unread::TooManyPoints));
    }
}
