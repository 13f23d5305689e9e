//! Notifications on paper: the same bytes whenever they are printed, and sealed, so that a file
//! that was changed shows it.

use actix_web::web;
use data_encoding::BASE64URL_NOPAD;
use diesel::prelude::*;
use mobile_schema::Hash;
use mobile_schema::notice::NoticeContent;
use paper::{Sheet, Unprintable};
use sync_protocol::RecordId;

use super::countersign::{content_of, photos_of};
use super::leaf::{self, Leaf};
use super::receipt::{PublishedKeys, Receipt};
use super::sheet;
use super::store::{self, SigningPair};
use crate::app::App;
use crate::db::AnyConnection;
use crate::http::{Kind, Problem};
use crate::limits::MAX_BLOB;
use crate::media_store::{MediaError, ObjectName};
use crate::photos::{self, Thumbnail};
use crate::records;

/// What the last line of a printed file begins with; a reader of PDFs takes it for a comment.
const SEAL: &[u8] = b"%RUHU-PDF1:";

/// A notification of the log, as it is needed to print it.
pub(super) struct Printable {
    content: NoticeContent,
    leaf: Leaf,
    receipt: Receipt,
    pair: SigningPair,
}

/// What is needed to print a notification; nothing of one that is not in the log.
pub(super) fn printable(
    connection: &mut AnyConnection,
    notice: RecordId,
) -> QueryResult<Option<Printable>> {
    let Some(record) = records::load(connection, &[notice])?.pop() else { return Ok(None) };
    let Some(receipt) = store::receipt(connection, notice)? else { return Ok(None) };
    let content = content_of(&record).and_then(|bytes| NoticeContent::read(&bytes).ok());
    let (Some(content), Some(leaf)) = (content, Leaf::read(&receipt.leaf.0)) else {
        return Ok(None);
    };
    let pair = store::pair_named(connection, &receipt.key)?;
    Ok(Some(Printable { content, leaf, receipt, pair }))
}

/// Prints notifications as one file, sealed with the key of the first.
pub(super) async fn print(app: &App, all: Vec<Printable>) -> Result<Vec<u8>, Problem> {
    let pair = all.first().map(|one| one.pair.clone());
    let pair = pair.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let mut sheets = Vec::with_capacity(all.len());
    for one in all {
        let mut pictures = Vec::new();
        for photo in photos_of(&one.content) {
            pictures.push((photo, picture(app, photo).await?));
        }
        sheets.push(sheet::sheet(&one.content, &one.leaf, &one.receipt, &pictures));
    }
    let mut pdf = typeset(sheets).await?;
    seal(&mut pdf, &pair);
    Ok(pdf)
}

/// Sheets as a file.
pub(super) async fn typeset(sheets: Vec<Sheet>) -> Result<Vec<u8>, Problem> {
    let printed = web::block(move || paper::print(&sheets)).await;
    let printed = printed.map_err(|_| Problem::new(&Kind::INTERNAL))?;
    printed.map_err(|why| {
        let problem = Problem::new(&Kind::UNPRINTABLE).detail(why.to_string());
        match why {
            Unprintable::NoGlyph(character) => problem.with("character", character.to_string()),
            _ => problem,
        }
    })
}

/// A photo as it is printed; nothing where it can't be looked at.
async fn picture(app: &App, photo: Hash) -> Result<Option<Vec<u8>>, Problem> {
    let name = ObjectName::Thumbnail(photo, Thumbnail::Small);
    match app.media.whole(name, MAX_BLOB).await {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(MediaError::Missing) => {
            let now = app.now();
            let why = app.write(move |connection| photos::why_not(connection, &photo, now)).await?;
            app.jobs.ring();
            match why {
                Some(_) => Ok(None),
                // A sheet that lacks a photo now and has it later would not be the same.
                None => Err(Problem::new(&Kind::UNAVAILABLE).retry_after(2)),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn sealed(bytes: &[u8]) -> Vec<u8> {
    [b"ruhu-pdf-1\0".as_slice(), Hash::of(bytes).as_bytes()].concat()
}

fn seal(pdf: &mut Vec<u8>, pair: &SigningPair) {
    if !pdf.ends_with(b"\n") {
        pdf.push(b'\n');
    }
    let signature = leaf::sign(&pair.seed, &sealed(pdf));
    pdf.extend_from_slice(SEAL);
    pdf.extend_from_slice(pair.id.as_bytes());
    pdf.push(b':');
    pdf.extend_from_slice(BASE64URL_NOPAD.encode(&signature).as_bytes());
    pdf.push(b'\n');
}

/// Whether a file is as it was printed, by published keys; in Chinese and English, what is wrong.
pub(super) fn verify(pdf: &[u8], published: &PublishedKeys) -> Result<(), [&'static str; 2]> {
    let no_seal = [
        "文件没有印制签章：不是本系统印制的，或结尾有改动",
        "the file has no seal: it was not printed by this system, or its end was changed",
    ];
    let start = pdf.windows(SEAL.len()).rposition(|window| window == SEAL).ok_or(no_seal)?;
    let seal = std::str::from_utf8(&pdf[start + SEAL.len()..]).map_err(|_| no_seal)?;
    let seal = seal.strip_suffix('\n').ok_or(no_seal)?;
    let (id, signature) = seal.split_once(':').ok_or(no_seal)?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok();
    let signature: [u8; 64] = signature.and_then(|one| one.try_into().ok()).ok_or(no_seal)?;
    let key = published.keys.iter().find(|key| key.id == id).ok_or([
        "印制签章的密钥不在公布的密钥中",
        "the key of the file's seal is not among the published ones",
    ])?;
    let key: [u8; 32] = key.key.0.as_slice().try_into().map_err(|_| no_seal)?;
    if leaf::is_by(&key, &sealed(&pdf[..start]), &signature) {
        Ok(())
    } else {
        Err(["文件有改动：内容与印制时不一致", "the file was changed since it was printed"])
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::super::receipt::PublicKey;
    use super::*;

    #[test]
    fn a_byte_that_is_changed_shows() {
        let pair = SigningPair { id: "0123456789abcdef".into(), seed: [7; 32] };
        let key = SigningKey::from_bytes(&pair.seed).verifying_key().to_bytes();
        let key = PublicKey { id: pair.id.clone(), key: key.into(), from: 0, until: None };
        let published = PublishedKeys { version: 1, keys: vec![key], revoked_devices: Vec::new() };
        let mut pdf = b"%PDF-1.7\nwords\n%%EOF".to_vec();
        seal(&mut pdf, &pair);
        assert_eq!(verify(&pdf, &published), Ok(()));
        for at in 0..pdf.len() {
            let mut changed = pdf.clone();
            changed[at] ^= 1;
            assert!(verify(&changed, &published).is_err(), "{at}");
        }
        assert!(verify(&pdf[..pdf.len() - 1], &published).is_err());
        assert!(verify(&[pdf.as_slice(), b"x"].concat(), &published).is_err());
    }
}
