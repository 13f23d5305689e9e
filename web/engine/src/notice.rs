//! Notifications (告知书): the text a household is shown, and the bytes that are signed.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use mobile_schema::notice::{
    Datum, NoticeContent, NoticeTemplate, Outcome, Point, RecordVersion, Signer, SignerKind,
    Stroke, TemplateProblem, Witness,
};
use mobile_schema::register::Catalogue;
use mobile_schema::{Hash, Labels};
use serde_json::Value as Json;
use sync_protocol::dossier::Dossier;
use sync_protocol::{DeviceId, RecordId, Row};

use crate::dossier::rows_of;
use crate::json::{integer, items, member, members, object, parsed, record, text};

/// Every notification there is.
pub(crate) fn all(catalogue: &Catalogue) -> Json {
    let told = catalogue.notices().map(|(_, template)| {
        let about = template.about.as_deref();
        object([
            ("name", template.name.as_str().into()),
            ("title", words(&template.title)),
            ("about", about.map_or(Json::Null, Json::from)),
        ])
    });
    told.collect()
}

fn words(labels: &Labels) -> Json {
    labels.0.iter().map(|(tag, text)| (tag.clone(), Json::from(text.as_str()))).collect()
}

/// A notification for a household, while it is shown.
pub(crate) struct Wording {
    /// The template's name.
    name: String,
    household: RecordId,
    /// The record it tells of.
    about: Option<RecordId>,
    /// A BCP 47 tag.
    language: String,
    /// `YYYY-MM-DD`.
    today: String,
    /// What a person has filled in, by field.
    typed: BTreeMap<String, String>,
    /// The records of the household, and what these refer to.
    rows: Vec<Row>,
}

impl Wording {
    /// Reads `{name, household, about?, language, today, typed?, rows}`.
    pub(crate) fn read(json: &Json) -> Result<Self, String> {
        let about = json.get("about").filter(|about| !about.is_null());
        let typed = members(json, "typed");
        let typed =
            typed.filter_map(|(name, words)| Some((name.to_owned(), words.as_str()?.to_owned())));
        Ok(Self {
            name: text(json, "name")?.to_owned(),
            household: record(json, "household")?,
            about: about.map(parsed).transpose()?,
            language: text(json, "language")?.to_owned(),
            today: text(json, "today")?.to_owned(),
            typed: typed.collect(),
            rows: rows_of(member(json, "rows")?)?,
        })
    }

    /// `{title, text, ask, photos, relative, witness, problem}`: `text` is null while fields that a
    /// person fills in (`ask`) are missing.
    pub(crate) fn word(&self, catalogue: &Catalogue) -> Result<Json, String> {
        let (_, template) = self.template(catalogue)?;
        let (shown, problem) = match self.render(catalogue, template)? {
            Ok(text) => (text.into(), Json::Null),
            Err(TemplateProblem::MissingValue(_)) => (Json::Null, Json::Null),
            Err(problem) => (Json::Null, problem.to_string().into()),
        };
        let asked = template.fields.iter().filter(|field| field.from.is_none());
        let photos = template.photos.iter().map(|photo| {
            object([("name", photo.name.as_str().into()), ("labels", words(&photo.labels))])
        });
        Ok(object([
            ("title", template.title.in_language(&self.language).into()),
            ("text", shown),
            ("ask", asked.map(|field| Json::from(field.name.as_str())).collect()),
            ("photos", photos.collect()),
            ("relative", template.may_sign(SignerKind::Relative).into()),
            ("witness", template.witness.into()),
            ("problem", problem),
        ]))
    }

    /// What is signed, for an answer: `{device, signed_at, how, strokes | reason | photo, photos?,
    /// relative?: {name, relation}, witness?: {name, strokes}, supersedes?}`, the latter being the
    /// digest of the notification it replaces.
    pub(crate) fn seal(&self, catalogue: &Catalogue, answer: &Json) -> Result<Json, String> {
        let (hash, template) = self.template(catalogue)?;
        let shown = self.render(catalogue, template)?.map_err(|problem| problem.to_string())?;
        let outcome = match text(answer, "how")? {
            "signed" => Outcome::Signed { strokes: strokes(answer)? },
            "refused" => Outcome::Refused { reason: text(answer, "reason")?.to_owned() },
            "paper" => Outcome::Paper { photo: parsed(member(answer, "photo")?)? },
            other => return Err(format!("`{other}` is no answer")),
        };
        let signer = match answer.get("relative").filter(|one| !one.is_null()) {
            Some(relative) => Signer::Relative {
                name: text(relative, "name")?.to_owned(),
                relation: text(relative, "relation")?.to_owned(),
            },
            None => Signer::Householder,
        };
        let witness = match answer.get("witness").filter(|one| !one.is_null()) {
            Some(witness) => {
                let name = text(witness, "name")?.to_owned();
                Some(Witness { name, strokes: strokes(witness)? })
            }
            None => None,
        };
        let photos: BTreeSet<Hash> =
            items(answer, "photos").iter().map(parsed).collect::<Result<_, _>>()?;
        let device: DeviceId = parsed(member(answer, "device")?)?;
        let content = NoticeContent {
            template: hash,
            household: *self.household.0.as_bytes(),
            language: self.language.clone(),
            text: shown,
            photos: photos.into_iter().collect(),
            outcome,
            signed_at: integer(answer, "signed_at")?,
            device: *device.0.as_bytes(),
            supersedes: answer
                .get("supersedes")
                .filter(|one| !one.is_null())
                .map(parsed)
                .transpose()?,
            signer,
            witness,
            records: self.made_from(template),
        };
        let digest = content.digest();
        Ok(object([
            ("record", RecordId::derived(&digest).to_string().into()),
            ("digest", digest.to_string().into()),
            ("content", Base64::encode_string(&content.canonical_bytes()).into()),
            ("template", hash.to_string().into()),
            ("outcome", content.outcome.name().into()),
            ("title", template.title.in_language(&self.language).into()),
        ]))
    }

    fn template<'a>(&self, catalogue: &'a Catalogue) -> Result<(Hash, &'a NoticeTemplate), String> {
        let found = catalogue.notice(&self.name);
        let (hash, template) = found.ok_or_else(|| format!("no template `{}`", self.name))?;
        Ok((*hash, template))
    }

    fn render(
        &self,
        catalogue: &Catalogue,
        template: &NoticeTemplate,
    ) -> Result<Result<String, TemplateProblem>, String> {
        let find = |id: RecordId| self.rows.iter().find(|row| row.id == id);
        let dossier = Dossier {
            household: find(self.household).ok_or("the household is not there")?,
            about: self.about.and_then(find),
            others: &self.rows,
            definitions: catalogue,
        };
        let mut data = template.data(&self.language, &dossier);
        for (name, words) in &self.typed {
            data.fields.insert(name.clone(), Datum::from(words.as_str()));
        }
        Ok(template.render(&self.language, &data, &self.today))
    }

    /// The versions that the text was made from; what the server has not seen has none.
    fn made_from(&self, template: &NoticeTemplate) -> Vec<RecordVersion> {
        let listed: BTreeSet<&str> = template.rows.iter().map(|rows| rows.from.as_str()).collect();
        let is_used = |row: &&Row| {
            row.id == self.household
                || Some(row.id) == self.about
                || listed.contains(row.collection.as_str())
        };
        let version = |row: &Row| RecordVersion {
            record: *row.id.0.as_bytes(),
            epoch: row.version.epoch.0,
            n: row.version.n,
        };
        let used = self.rows.iter().filter(is_used).filter(|row| row.version.n > 0);
        used.map(version).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Strokes of points `[x, y, ms]` or `[x, y, ms, pressure]`.
fn strokes(of: &Json) -> Result<Vec<Stroke>, String> {
    let wrong = || "a point is [x, y, ms] or [x, y, ms, pressure]".to_owned();
    let point = |point: &Json| {
        let parts: Option<Vec<i64>> =
            point.as_array().and_then(|parts| parts.iter().map(Json::as_i64).collect());
        match parts.as_deref() {
            Some(&[x, y, ms]) => Ok(Point { x, y, ms, pressure: None }),
            Some(&[x, y, ms, pressure]) => Ok(Point { x, y, ms, pressure: Some(pressure) }),
            _ => Err(wrong()),
        }
    };
    let stroke = |stroke: &Json| stroke.as_array().into_iter().flatten().map(point).collect();
    items(of, "strokes").iter().map(stroke).collect()
}
