//! Reading the bytes of a notification again.

use minicbor::Decoder;
use minicbor::data::Type;

use super::{NoticeContent, Outcome, Point, RecordVersion, Signer, Stroke, Witness};
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
        for strokes in content.signatures() {
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
    let parts = from.map()?;
    let mut key = 0;
    let mut next = |from: &mut Decoder<'_>| {
        key += 1;
        if from.u32()? == key - 1 { Ok(()) } else { wrong() }
    };
    next(from)?;
    let second = match (from.str()?, parts) {
        (NoticeContent::FIRST, Some(10)) => false,
        (NoticeContent::SECOND, Some(13)) => true,
        _ => return wrong(),
    };
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
    let (mut signed_by, mut witness, mut records) = (Signer::Householder, None, Vec::new());
    if second {
        next(from)?;
        signed_by = signer(from)?;
        next(from)?;
        witness = match from.datatype()? {
            Type::Null => {
                from.null()?;
                None
            }
            _ if from.array()? == Some(2) => {
                Some(Witness { name: from.str()?.to_owned(), strokes: strokes(from)? })
            }
            _ => return wrong(),
        };
        next(from)?;
        records = list(from, record_version)?;
    }
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
        signer: signed_by,
        witness,
        records,
    })
}

fn signer(from: &mut Decoder<'_>) -> Decoding<Signer> {
    match (from.array()?, from.str()?) {
        (Some(1), "householder") => Ok(Signer::Householder),
        (Some(3), "relative") => {
            Ok(Signer::Relative { name: from.str()?.to_owned(), relation: from.str()?.to_owned() })
        }
        _ => wrong(),
    }
}

fn record_version(from: &mut Decoder<'_>) -> Decoding<RecordVersion> {
    if from.array()? != Some(3) {
        return wrong();
    }
    Ok(RecordVersion { record: fixed(from)?, epoch: from.u64()?, n: from.u64()? })
}

fn strokes(from: &mut Decoder<'_>) -> Decoding<Vec<Stroke>> {
    let point = |from: &mut Decoder<'_>| {
        let numbers = from.array()?;
        let mut point = Point::from([from.i64()?, from.i64()?, from.i64()?]);
        match numbers {
            Some(3) => {}
            Some(4) => point.pressure = Some(from.i64()?),
            _ => return wrong(),
        }
        Ok(point)
    };
    list(from, |from| list(from, point))
}

fn outcome(from: &mut Decoder<'_>) -> Decoding<Outcome> {
    if from.array()? != Some(2) {
        return wrong();
    }
    match from.str()? {
        "signed" => Ok(Outcome::Signed { strokes: strokes(from)? }),
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
            signer: Signer::Householder,
            witness: None,
            records: Vec::new(),
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        for outcome in [
            Outcome::Signed {
                strokes: vec![
                    vec![[0, 0, 0].into(), [150, -20, 16].into()],
                    vec![[1, 1, 1].into()],
                ],
            },
            Outcome::Refused { reason: "不需要".into() },
            Outcome::Paper { photo: Hash::of(b"paper") },
        ] {
            let first = content(outcome);
            let second = NoticeContent {
                signer: Signer::Relative { name: "王芳".into(), relation: "女儿".into() },
                witness: Some(Witness {
                    name: "李四".into(),
                    strokes: vec![vec![Point { x: 1, y: 2, ms: 3, pressure: Some(500) }]],
                }),
                records: vec![RecordVersion { record: [7; 16], epoch: u64::MAX, n: 2 }],
                ..first.clone()
            };
            for content in [first, second] {
                let bytes = content.canonical_bytes();
                assert_eq!(NoticeContent::read(&bytes), Ok(content));
                for length in 0..bytes.len() {
                    assert_eq!(NoticeContent::read(&bytes[..length]), Err(Unread::NotCanonical));
                }
                let longer = [bytes.as_slice(), &[0]].concat();
                assert_eq!(NoticeContent::read(&longer), Err(Unread::NotCanonical));
            }
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
            let strokes = vec![(0..points as i64).map(|at| [at, at, at].into()).collect()];
            NoticeContent::read(&content(Outcome::Signed { strokes }).canonical_bytes()).err()
        };
        assert_eq!(signed(0), Some(Unread::NoStroke));
        assert_eq!(signed(20_000), None);
        assert_eq!(signed(100_000), Some(Unread::TooManyPoints));
    }
}
