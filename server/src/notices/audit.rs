//! Going through the whole log: whether anything was changed anywhere, and where.

use diesel::{OptionalExtension, QueryResult};
use mobile_schema::Hash;
use mobile_schema::notice::NoticeContent;
use sync_protocol::{Record, RecordId};

use super::countersign::{content_of, field, photos_of};
use super::leaf::{self, Leaf};
use super::receipt::PublishedKeys;
use super::store;
use super::tree;
use crate::db::AnyConnection;
use crate::records;

/// Entries in one go.
const PAGE: i64 = 200;

/// What was gone through.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Entries of the log.
    pub(super) entries: u64,
    /// Those whose notification was erased since: what they say of it holds, and no word is left.
    pub(super) erased: u64,
    /// Photos that they name.
    pub(super) photos: Vec<(u64, Hash)>,
    /// What is not as it was signed: where, in Chinese and English.
    pub(super) wrong: Vec<[String; 2]>,
}

/// Goes through the log, its tree, its heads, and the notifications it is about.
pub(super) fn audit(connection: &mut AnyConnection) -> QueryResult<Audit> {
    let mut audit = Audit::default();
    let published = store::published(connection)?;
    loop {
        let page = store::entries(connection, audit.entries, PAGE)?;
        if page.is_empty() {
            break;
        }
        let ids: Vec<RecordId> = page.iter().map(|entry| entry.1).collect();
        let erased = store::erased(connection, &ids)?;
        let notices = load(connection, &ids)?;
        for (position, id, bytes, key, signature) in page {
            if position != audit.entries {
                audit.say(audit.entries, "登记缺失", "the entry is missing");
                audit.entries = position;
            }
            let hash = tree::leaf_hash(&bytes);
            let is_by = key_of(&published, &key).is_some_and(|key| {
                leaf::is_by(&key, &leaf::countersigned(position, &hash), &signature)
            });
            if !is_by {
                audit.say(
                    position,
                    "登记簿条目或服务器回签有改动（log_entries）",
                    "the entry or its countersignature was changed (log_entries)",
                );
            }
            match Leaf::read(&bytes) {
                Some(leaf) if leaf.is_signed() && erased.contains(&id) => audit.erased += 1,
                Some(leaf) if leaf.is_signed() => {
                    let notice = notices.iter().find(|notice| notice.id == id);
                    audit.notice(position, notice, &leaf);
                }
                _ => audit.say(
                    position,
                    "登记内容读不出来或平板签名无效（log_entries.leaf）",
                    "the leaf can't be read, or its tablet's signature is not valid (log_entries.leaf)",
                ),
            }
            audit.tree(connection, position, hash)?;
            audit.head(connection, position + 1, &published)?;
            audit.entries += 1;
        }
    }
    Ok(audit)
}

/// Those of these records that can be read.
fn load(connection: &mut AnyConnection, ids: &[RecordId]) -> QueryResult<Vec<Record>> {
    match records::load(connection, ids) {
        Err(diesel::result::Error::DeserializationError(_)) if ids.len() > 1 => {
            let mut readable = Vec::new();
            for id in ids {
                readable.extend(load(connection, &[*id])?);
            }
            Ok(readable)
        }
        Err(diesel::result::Error::DeserializationError(_)) => Ok(Vec::new()),
        loaded => loaded,
    }
}

fn key_of(published: &PublishedKeys, id: &str) -> Option<[u8; 32]> {
    let key = published.keys.iter().find(|key| key.id == id)?;
    key.key.0.as_slice().try_into().ok()
}

impl Audit {
    fn say(&mut self, position: u64, zh: &str, en: &str) {
        self.wrong.push([format!("第 {position} 号：{zh}"), format!("position {position}: {en}")]);
    }

    /// The record must say what was signed.
    fn notice(&mut self, position: u64, notice: Option<&Record>, leaf: &Leaf) {
        let Some(notice) = notice else {
            return self.say(
                position,
                "告知书记录不见了，或读不出来（records）",
                "its record is gone, or can't be read (records)",
            );
        };
        let bytes = content_of(notice).unwrap_or_default();
        if Hash::of(&bytes) != leaf.digest {
            return self.say(
                position,
                "告知书正文与签名时不一致（records.fields，content）",
                "the text is not what was signed (records.fields, content)",
            );
        }
        let Ok(content) = NoticeContent::read(&bytes) else {
            return self.say(position, "告知书正文读不出来", "the text can't be read");
        };
        let text = |field| {
            let value = notice.fields.get(&field);
            value.and_then(mobile_schema::Value::as_text).unwrap_or_default()
        };
        let is_same = text(field::DIGEST) == leaf.digest.to_string()
            && text(field::OUTCOME) == content.outcome.name()
            && text(field::TEMPLATE) == content.template.to_string()
            && text(field::SIGNATURE) == data_encoding::BASE64.encode(&leaf.device_signature);
        if !is_same {
            self.say(
                position,
                "告知书记录的摘要、结果、模板或签名有改动（records.fields）",
                "the record's digest, outcome, template or signature was changed (records.fields)",
            );
        }
        self.photos.extend(photos_of(&content).into_iter().map(|photo| (position, photo)));
    }

    /// The subtrees that end with this entry must follow from what is below them.
    fn tree(
        &mut self,
        connection: &mut AnyConnection,
        position: u64,
        hash: Hash,
    ) -> QueryResult<()> {
        let expected = tree::append(position, hash, |node| store::node(connection, node));
        let expected = expected.optional()?;
        let mut is_well = expected.is_some();
        for (node, hash) in expected.unwrap_or_default() {
            is_well &= store::node(connection, node).optional()? == Some(hash);
        }
        if !is_well {
            self.say(
                position,
                "登记簿的哈希树与条目不符（log_nodes）",
                "the tree does not follow from the entries (log_nodes)",
            );
        }
        Ok(())
    }

    /// What was signed when the log ended here must be what it was.
    fn head(
        &mut self,
        connection: &mut AnyConnection,
        size: u64,
        published: &PublishedKeys,
    ) -> QueryResult<()> {
        let root = tree::root(size, |node| store::node(connection, node)).optional()?;
        let head = store::head(connection, Some(size))?;
        let is_well = head.zip(root).is_some_and(|(head, root)| {
            let signature: Option<[u8; 64]> = head.signature.0.as_slice().try_into().ok();
            let signed = leaf::tree_head(size, &head.root, head.at);
            let by = key_of(published, &head.key).zip(signature);
            head.root == root && by.is_some_and(|(key, by)| leaf::is_by(&key, &signed, &by))
        });
        if !is_well {
            self.say(
                size - 1,
                "登记簿签名与条目不符（log_heads）",
                "what was signed of the log does not follow from the entries (log_heads)",
            );
        }
        Ok(())
    }
}
