//! Whether a household was told the same before: one award is signed for once, and again only as
//! what replaces the first, with a reason.

use diesel::prelude::*;
use mobile_schema::notice::{NoticeContent, NoticeTemplate};
use mobile_schema::{Hash, Value};
use sync_protocol::{Record, RecordId};
use uuid::Uuid;

use super::countersign::{content_of, field, template_of};
use super::store;
use crate::db::AnyConnection;
use crate::db::schema::{log_entries, notice_subjects};
use crate::db::types::Key;
use crate::records;

/// Whether a notification says once more what the log has, and neither replaces that nor says why.
pub(super) fn is_said_again(
    connection: &mut AnyConnection,
    notice: &Record,
    content: &NoticeContent,
    template: &NoticeTemplate,
) -> QueryResult<bool> {
    // Once it is replaced, what replaced it is what stands.
    if let Some(replaced) = &content.supersedes
        && (!has_reason(notice) || store::is_superseded(connection, replaced)?)
    {
        return Ok(true);
    }
    let Some(about) = about(connection, notice, content, template)? else { return Ok(false) };
    let earlier = standing(connection, about, template)?;
    Ok(match &content.supersedes {
        Some(replaced) => !earlier.is_empty() && !earlier.contains(replaced),
        None => !earlier.is_empty(),
    })
}

/// Whether a notification may stand in the place of an earlier one: one that the log has, of the same
/// household and the same template, in the same village.
pub(super) fn may_replace(
    connection: &mut AnyConnection,
    notice: &Record,
    content: &NoticeContent,
    template: &NoticeTemplate,
    earlier: &Hash,
) -> QueryResult<bool> {
    let there = log_entries::table.filter(log_entries::digest.eq(earlier.as_bytes().to_vec()));
    let there: Option<Key> = there.select(log_entries::notice).first(connection).optional()?;
    let Some(there) = there else { return Ok(false) };
    let versions = store::versions(connection, &template.name)?;
    let found = records::load(connection, &[there.into()])?;
    let Some(replaced) = found.first() else { return Ok(false) };
    let household = replaced.fields.get(&field::HOUSEHOLD).and_then(Value::as_text);
    let is_of_this = household == Some(&Uuid::from_bytes(content.household).to_string())
        && versions.contains(&template_of(replaced))
        && replaced.scope == notice.scope;
    let told_before = match content_of(replaced).map(|bytes| NoticeContent::read(&bytes)) {
        Some(Ok(earlier)) => about(connection, replaced, &earlier, template)?,
        _ => None,
    };
    let told = about(connection, notice, content, template)?;
    Ok(is_of_this && (told_before.is_none() || told_before == told))
}

/// Whether what it says it tells of is something else than what its text was made from, or than what
/// the template tells of.
pub(super) fn is_about_another(
    connection: &mut AnyConnection,
    notice: &Record,
    content: &NoticeContent,
    template: &NoticeTemplate,
) -> QueryResult<bool> {
    let Some(said) = said(notice) else { return Ok(false) };
    let register = template.about.as_deref().unwrap_or("household");
    let found = records::load(connection, &[said])?;
    let is_such = found.iter().any(|record| record.collection == register);
    Ok(!is_such || !is_made_from(content, said))
}

/// The record it tells of: what it says, or the only one of those it could be; none where nobody can
/// say which of several.
fn about(
    connection: &mut AnyConnection,
    notice: &Record,
    content: &NoticeContent,
    template: &NoticeTemplate,
) -> QueryResult<Option<RecordId>> {
    let Some(register) = &template.about else {
        let household = RecordId(Uuid::from_bytes(content.household));
        return Ok(is_made_from(content, household).then_some(household));
    };
    if let Some(about) = said(notice) {
        return Ok(Some(about));
    }
    let made_from: Vec<RecordId> =
        content.records.iter().map(|one| RecordId(Uuid::from_bytes(one.record))).collect();
    let records = records::load(connection, &made_from)?;
    let mut told = records.iter().filter(|record| record.collection == *register);
    Ok(match (told.next(), told.next()) {
        (Some(only), None) => Some(only.id),
        _ => None,
    })
}

fn said(notice: &Record) -> Option<RecordId> {
    let about = notice.fields.get(&field::ABOUT).and_then(Value::as_text)?;
    about.parse().ok()
}

fn is_made_from(content: &NoticeContent, record: RecordId) -> bool {
    content.records.iter().any(|one| Uuid::from_bytes(one.record) == record.0)
}

fn has_reason(notice: &Record) -> bool {
    let reason = notice.fields.get(&field::REASON).and_then(Value::as_text);
    reason.is_some_and(|reason| !reason.trim().is_empty())
}

/// The digests of what the log has of a template about a record, and that nothing replaces.
fn standing(
    connection: &mut AnyConnection,
    about: RecordId,
    template: &NoticeTemplate,
) -> QueryResult<Vec<Hash>> {
    let made_from_it: Vec<Key> = notice_subjects::table
        .inner_join(log_entries::table.on(log_entries::notice.eq(notice_subjects::notice)))
        .filter(notice_subjects::record.eq(Key::from(about)))
        .select(notice_subjects::notice)
        .load(connection)?;
    let ids: Vec<RecordId> = made_from_it.into_iter().map(RecordId::from).collect();
    let versions = store::versions(connection, &template.name)?;
    let mut standing = Vec::new();
    for notice in records::load(connection, &ids)? {
        let content = content_of(&notice).map(|bytes| NoticeContent::read(&bytes));
        let Some(Ok(content)) = content else { continue };
        let is_same = versions.contains(&template_of(&notice))
            && self::about(connection, &notice, &content, template)? == Some(about);
        let digest = content.digest();
        if is_same && !store::is_superseded(connection, &digest)? {
            standing.push(digest);
        }
    }
    Ok(standing)
}
