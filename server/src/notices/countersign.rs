//! Countersigning: a notification that arrived is looked at, and takes its place in the log.

use diesel::prelude::*;
use mobile_schema::notice::{NoticeContent, NoticeTemplate, Outcome, Unread};
use mobile_schema::{Hash, Labels, Value};
use sync_protocol::finding::Finding;
use sync_protocol::{Epoch, Record, RecordId, Version};
use uuid::Uuid;

use super::leaf::Leaf;
use super::{again, store};
use crate::db::AnyConnection;
use crate::db::schema::{blob_references, blobs, devices};
use crate::db::types::{Key, Timestamp};
use crate::devices::is_revoked;
use crate::records;

/// Most records a text may be made from.
const MOST_RECORDS: usize = 200;

/// The fields of the built-in register `notice`.
pub(super) mod field {
    pub(crate) const HOUSEHOLD: u32 = 1;
    pub(crate) const TEMPLATE: u32 = 2;
    pub(crate) const CONTENT: u32 = 3;
    pub(crate) const DIGEST: u32 = 4;
    pub(crate) const SIGNATURE: u32 = 5;
    pub(crate) const OUTCOME: u32 = 6;
    pub(crate) const SIGNED_AT: u32 = 7;
    pub(crate) const ABOUT: u32 = 11;
    pub(crate) const REASON: u32 = 12;
}

/// Why a notification is not countersigned. It stays as it came; nothing of it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    Content,
    NoStroke,
    TooManyPoints,
    Fields,
    Device,
    Signature,
    Revoked,
    Template,
    Supersedes,
    Again,
    Signer,
    Witness,
    Photos,
    Records,
}

/// Countersigns a notification unless something is wrong with it, which is told. Nothing is done
/// while a photo of it is still to come, and nothing twice. What its place in the log may be news
/// to is told, too: the records it is about, and notifications that may have waited for it.
pub(crate) fn countersign(
    connection: &mut AnyConnection,
    notice: &Record,
    now: Timestamp,
) -> QueryResult<(Vec<Finding>, Vec<RecordId>)> {
    // Whoever holds the key is alone; what is in the log already stays as it is.
    let pair = store::signing_pair(connection, now)?;
    if store::position(connection, notice.id)?.is_some() {
        return Ok((Vec::new(), Vec::new()));
    }
    let (content, leaf) = match look(connection, notice, now)? {
        Ok(looked_at) => looked_at,
        Err(doubt) => return Ok((vec![finding(notice, doubt)], Vec::new())),
    };
    if !has_all_photos(connection, notice, &content)? {
        return Ok((Vec::new(), Vec::new()));
    }
    store::append(connection, notice.id, &leaf, &content, &pair, now)?;
    let mut news: Vec<RecordId> =
        content.records.iter().map(|one| RecordId(Uuid::from_bytes(one.record))).collect();
    news.extend(store::waiting(connection, Some(Key(Uuid::from_bytes(content.household))))?);
    Ok((Vec::new(), news))
}

/// The bytes that were signed.
pub(super) fn content_of(notice: &Record) -> Option<Vec<u8>> {
    let content = notice.fields.get(&field::CONTENT).and_then(Value::as_text)?;
    data_encoding::BASE64.decode(content.as_bytes()).ok()
}

/// The template it says it was made from.
pub(super) fn template_of(notice: &Record) -> String {
    let template = notice.fields.get(&field::TEMPLATE).and_then(Value::as_text);
    template.unwrap_or_default().to_owned()
}

fn look(
    connection: &mut AnyConnection,
    notice: &Record,
    now: Timestamp,
) -> QueryResult<Result<(NoticeContent, Leaf), Doubt>> {
    let text = |field| notice.fields.get(&field).and_then(Value::as_text).unwrap_or_default();
    let Some(bytes) = content_of(notice) else { return Ok(Err(Doubt::Content)) };
    let content = match NoticeContent::read(&bytes) {
        Ok(content) => content,
        Err(Unread::NotCanonical) => return Ok(Err(Doubt::Content)),
        Err(Unread::NoStroke) => return Ok(Err(Doubt::NoStroke)),
        Err(Unread::TooManyPoints) => return Ok(Err(Doubt::TooManyPoints)),
    };
    let digest = content.digest();
    let says_the_same = text(field::DIGEST) == digest.to_string()
        && notice.id == RecordId::derived(&digest)
        && text(field::HOUSEHOLD) == Uuid::from_bytes(content.household).to_string()
        && text(field::TEMPLATE) == content.template.to_string()
        && text(field::OUTCOME) == content.outcome.name()
        && notice.fields.get(&field::SIGNED_AT) == Some(&Value::Integer(content.signed_at));
    if !says_the_same {
        return Ok(Err(Doubt::Fields));
    }
    let device = Key(Uuid::from_bytes(content.device));
    let key: Option<Vec<u8>> =
        devices::table.find(device).select(devices::public_key).first(connection).optional()?;
    let Some(device_key) = key.and_then(|key| <[u8; 32]>::try_from(key).ok()) else {
        return Ok(Err(Doubt::Device));
    };
    let signature = data_encoding::BASE64.decode(text(field::SIGNATURE).as_bytes()).ok();
    let signature = signature.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let Some(device_signature) = signature else { return Ok(Err(Doubt::Signature)) };
    let leaf = Leaf { digest, device: content.device, device_key, device_signature, at: now.0 };
    if !leaf.is_signed() {
        return Ok(Err(Doubt::Signature));
    }
    // Whoever has a lost tablet can date back what they sign.
    if is_revoked(connection, device.into())? {
        return Ok(Err(Doubt::Revoked));
    }
    let Some(template) = store::template(connection, &content.template)? else {
        return Ok(Err(Doubt::Template));
    };
    if let Err(doubt) = fits(&content, &template) {
        return Ok(Err(doubt));
    }
    if again::is_about_another(connection, notice, &content, &template)?
        || !are_known(connection, notice, &content)?
    {
        return Ok(Err(Doubt::Records));
    }
    if let Some(earlier) = &content.supersedes
        && !again::may_replace(connection, notice, &content, &template, earlier)?
    {
        return Ok(Err(Doubt::Supersedes));
    }
    if again::is_said_again(connection, notice, &content, &template)? {
        return Ok(Err(Doubt::Again));
    }
    Ok(Ok((content, leaf)))
}

/// Whether it was signed by whom, and with what, the template asks for. Nobody has to sign, or to
/// be photographed for, what was refused.
fn fits(content: &NoticeContent, template: &NoticeTemplate) -> Result<(), Doubt> {
    if !template.may_sign(content.signer.kind()) || content.signer.is_nameless() {
        return Err(Doubt::Signer);
    }
    if matches!(content.outcome, Outcome::Refused { .. }) {
        return Ok(());
    }
    if template.witness && content.witness.is_none() {
        return Err(Doubt::Witness);
    }
    if content.photos.len() < template.photos.len() {
        return Err(Doubt::Photos);
    }
    Ok(())
}

/// Whether the records a text was made from are there, were once of that version, and are of the
/// same place.
fn are_known(
    connection: &mut AnyConnection,
    notice: &Record,
    content: &NoticeContent,
) -> QueryResult<bool> {
    if content.records.len() > MOST_RECORDS {
        return Ok(false);
    }
    let ids: Vec<RecordId> =
        content.records.iter().map(|one| RecordId(Uuid::from_bytes(one.record))).collect();
    let there = records::load(connection, &ids)?;
    for one in &content.records {
        let id = RecordId(Uuid::from_bytes(one.record));
        let Some(record) = there.iter().find(|record| record.id == id) else { return Ok(false) };
        let version = Version { epoch: Epoch(one.epoch), n: one.n };
        let was = record.version == version || records::was(connection, id, version)?;
        if record.scope != notice.scope || !was {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Every photo that is signed for: those of the text, and that of the paper.
pub(super) fn photos_of(content: &NoticeContent) -> Vec<Hash> {
    let paper = match content.outcome {
        Outcome::Paper { photo } => Some(photo),
        _ => None,
    };
    content.photos.iter().copied().chain(paper).collect()
}

/// Whether every photo is there, and was sent by whoever named it.
fn has_all_photos(
    connection: &mut AnyConnection,
    notice: &Record,
    content: &NoticeContent,
) -> QueryResult<bool> {
    let mut wanted: Vec<Vec<u8>> =
        photos_of(content).iter().map(|hash| hash.as_bytes().to_vec()).collect();
    wanted.sort();
    wanted.dedup();
    let count = wanted.len() as i64;
    let there: i64 = blob_references::table
        .inner_join(blobs::table.on(blobs::hash.eq(blob_references::hash)))
        .filter(blob_references::hash.eq_any(wanted))
        .filter(blob_references::record.eq(Key::from(notice.id)))
        .count()
        .get_result(connection)?;
    Ok(there == count)
}

fn finding(notice: &Record, doubt: Doubt) -> Finding {
    let (rule, zh, en) = match doubt {
        Doubt::Content => (
            "notice/content",
            "告知书内容读不出来，未登记。请在平板上重新签收。",
            "The notification can't be read; it is not in the log. Have it signed again.",
        ),
        Doubt::NoStroke => (
            "notice/no-stroke",
            "签名是空的，未登记。请重新签字，或登记为拒签、纸质签字。",
            "The signature is empty; it is not in the log. Sign again, or record a refusal or a signature on paper.",
        ),
        Doubt::TooManyPoints => (
            "notice/too-many-points",
            "签名笔迹过长，未登记。请重新签字。",
            "The signature has too many points; it is not in the log. Sign again.",
        ),
        Doubt::Fields => (
            "notice/fields",
            "告知书记录与签名的内容不一致，未登记。",
            "The record says something else than what was signed; it is not in the log.",
        ),
        Doubt::Device => (
            "notice/device",
            "签名的平板没有登记过，未登记。",
            "The tablet that signed was never enrolled; it is not in the log.",
        ),
        Doubt::Signature => (
            "notice/signature",
            "平板签名无效：签名的密钥不是这台平板登记时的密钥，或内容有改动。未登记。",
            "The tablet's signature is not valid: the key is not the one it was enrolled with, or something was changed. It is not in the log.",
        ),
        Doubt::Revoked => (
            "notice/revoked",
            "这台平板已报失，报失以后收到的签收不登记。请用其他平板重新签收。",
            "The tablet was reported lost; what arrives from it after that is not in the log. Have it signed again on another.",
        ),
        Doubt::Template => (
            "notice/template",
            "服务器上没有这份告知书模板，未登记。",
            "The server doesn't know this template; it is not in the log.",
        ),
        Doubt::Signer => (
            "notice/signer",
            "签名的人不是这份告知书允许的签收人，或没有写明姓名和关系，未登记。",
            "Whoever signed may not sign this notification, or is not named with the relation; it is not in the log.",
        ),
        Doubt::Witness => (
            "notice/witness",
            "这份告知书需要见证人签名，未登记。",
            "This notification needs a witness; it is not in the log.",
        ),
        Doubt::Photos => (
            "notice/photos",
            "缺少这份告知书要求的照片，未登记。",
            "Photos that this notification asks for are missing; it is not in the log.",
        ),
        Doubt::Records => (
            "notice/records",
            "告知书引用的记录或版本，服务器上没有，未登记。",
            "The text was made from records, or versions of them, that the server doesn't have; it is not in the log.",
        ),
        Doubt::Again => (
            "notice/again",
            "这项内容已经签收过。这一份没有写明理由，也没有替代前一份，未登记。确需重签的，请在平板上写明理由再签。",
            "This has been signed for already. This one gives no reason and does not replace the first; it is not in the log. If it has to be signed again, do so on the tablet with a reason.",
        ),
        Doubt::Supersedes => (
            "notice/supersedes",
            "要替代的告知书没有登记过，或不是同一户、同一种告知书，未登记。",
            "What it replaces is not in the log, or was of another household or another kind; this one is not in the log.",
        ),
    };
    let words = [("zh-CN", zh), ("en", en)].map(|(tag, text)| (tag.to_owned(), text.to_owned()));
    Finding {
        subject: notice.id,
        rule: rule.to_owned(),
        place: String::new(),
        severity: "error",
        message: Labels(words.into()),
        evidence: std::collections::BTreeMap::new(),
        judged_by: Hash::of(rule.as_bytes()),
        explainable: false,
    }
}
