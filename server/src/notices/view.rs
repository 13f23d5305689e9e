//! A notification as a person at the office reads it: what was shown and answered, who signed and
//! how that looks, where it stands in the log, and what was found about it.

use diesel::prelude::*;
use mobile_schema::notice::{NoticeContent, NoticeTemplate, Outcome, Signer, Stroke};
use serde::Serialize;
use sync_protocol::{Record, RecordId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::countersign::{content_of, template_of};
use super::leaf::Leaf;
use super::{sheet, store};
use crate::areas;
use crate::db::AnyConnection;
use crate::db::schema::{devices, log_entries, records};
use crate::db::types::{Key, Timestamp};
use crate::records::{RecordView, titles, views};

/// A notification.
#[derive(Serialize, ToSchema)]
pub(super) struct NoticeView {
    id: Uuid,
    household: Option<Uuid>,
    /// The household's title.
    household_title: Option<String>,
    /// The village's name.
    village: Option<String>,
    /// What was signed; none where its bytes can't be read.
    content: Option<ContentView>,
    /// The receipt number: its place in the log; none where it is not countersigned.
    position: Option<u64>,
    /// Since when it is in the log.
    #[schema(value_type = Option<String>)]
    logged_at: Option<Timestamp>,
    /// The notification that replaced it.
    superseded_by: Option<Uuid>,
    /// The notification it replaces.
    supersedes: Option<Uuid>,
    /// The template's name and version.
    template: Option<TemplateName>,
    /// What was found about it.
    findings: Vec<RecordView>,
    /// The copies that were given.
    copies: Vec<RecordView>,
}

/// The template of a notification.
#[derive(Serialize, ToSchema)]
struct TemplateName {
    name: String,
    version: u32,
}

/// What was shown, and how the household answered.
#[derive(Serialize, ToSchema)]
struct ContentView {
    /// The text as it was shown, its heading first; cells of tables stand between tabs.
    text: String,
    /// The BCP 47 tag of its language.
    language: String,
    /// `signed`, `refused` or `paper`.
    outcome: &'static str,
    /// Why it was refused.
    refusal: Option<String>,
    /// The photo of the paper that was signed.
    #[schema(value_type = Option<String>)]
    paper: Option<mobile_schema::Hash>,
    /// The photos that belong to it.
    #[schema(value_type = Vec<String>)]
    photos: Vec<mobile_schema::Hash>,
    /// When, by the tablet's clock.
    #[schema(value_type = String)]
    signed_at: Timestamp,
    /// Who signed instead of the householder.
    relative: Option<Relative>,
    /// The signature as an image (SVG), drawn from its strokes.
    signature: Option<String>,
    witness: Option<WitnessView>,
    /// The tablet.
    device: Uuid,
    /// Its name.
    device_label: Option<String>,
}

/// Somebody of the family who signed.
#[derive(Serialize, ToSchema)]
struct Relative {
    name: String,
    /// The relation to the head, in words.
    relation: String,
}

/// Somebody who saw it.
#[derive(Serialize, ToSchema)]
struct WitnessView {
    name: String,
    /// As the signature.
    signature: Option<String>,
}

fn image(strokes: &[Stroke]) -> Option<String> {
    paper::drawing(&sheet::pens(strokes))
}

impl ContentView {
    fn of(content: NoticeContent, device_label: Option<String>) -> Self {
        let outcome = content.outcome.name();
        let (signature, refusal, paper) = match content.outcome {
            Outcome::Signed { strokes } => (image(&strokes), None, None),
            Outcome::Refused { reason } => (None, Some(reason), None),
            Outcome::Paper { photo } => (None, None, Some(photo)),
        };
        let relative = match content.signer {
            Signer::Householder => None,
            Signer::Relative { name, relation } => Some(Relative { name, relation }),
        };
        let witness = content
            .witness
            .map(|witness| WitnessView { signature: image(&witness.strokes), name: witness.name });
        Self {
            text: content.text,
            language: content.language,
            outcome,
            refusal,
            paper,
            photos: content.photos,
            signed_at: Timestamp(content.signed_at),
            relative,
            signature,
            witness,
            device: Uuid::from_bytes(content.device),
            device_label,
        }
    }
}

/// Reads a notification; `scopes` are the caller's.
pub(super) fn view(
    connection: &mut AnyConnection,
    notice: &Record,
    scopes: &[String],
) -> QueryResult<NoticeView> {
    let content = content_of(notice).and_then(|bytes| NoticeContent::read(&bytes).ok());
    let household = content.as_ref().map(|content| Uuid::from_bytes(content.household));
    let household_title = match household {
        Some(id) => titles(connection, &[id], scopes)?.remove(&id),
        None => None,
    };
    let village = areas::names_of(connection, std::iter::once(notice.scope.as_str()))?;
    let entry = match store::position(connection, notice.id)? {
        Some(position) => store::entries(connection, position, 1)?.pop(),
        None => None,
    };
    let leaf = entry.as_ref().and_then(|(_, _, leaf, ..)| Leaf::read(leaf));
    let superseded_by: Option<Key> = match &content {
        Some(content) => log_entries::table
            .filter(log_entries::supersedes.eq(content.digest().as_bytes().to_vec()))
            .order(log_entries::position)
            .select(log_entries::notice)
            .first(connection)
            .optional()?,
        None => None,
    };
    let supersedes = content.as_ref().and_then(|content| content.supersedes);
    let template = match template_of(notice).parse() {
        Ok(hash) => store::template(connection, &hash)?,
        Err(_) => None,
    };
    let device_label: Option<String> = match &content {
        Some(content) => devices::table
            .find(Key(Uuid::from_bytes(content.device)))
            .select(devices::label)
            .first(connection)
            .optional()?,
        None => None,
    };
    let mut about = |collection: &str| {
        let ids: Vec<Key> = records::table
            .filter(records::subject.eq(Key::from(notice.id)))
            .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
            .order(records::id)
            .select(records::id)
            .load(connection)?;
        let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
        views(connection, &ids, scopes)
    };
    let (findings, copies) = (about("finding")?, about("notice_copy")?);
    Ok(NoticeView {
        id: notice.id.0,
        household,
        household_title,
        village: village.into_values().next(),
        content: content.map(|content| ContentView::of(content, device_label)),
        position: entry.map(|(position, ..)| position),
        logged_at: leaf.map(|leaf| Timestamp(leaf.at)),
        superseded_by: superseded_by.map(|id| RecordId::from(id).0),
        supersedes: supersedes.map(|digest| RecordId::derived(&digest).0),
        template: template
            .map(|NoticeTemplate { name, version, .. }| TemplateName { name, version }),
        findings,
        copies,
    })
}
