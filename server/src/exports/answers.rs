//! The answers of a form, a page of visits at a time, the oldest first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::web;
use mobile_schema::form::World;
use mobile_schema::form::table::{Layout, Line, Style, When};
use mobile_schema::register::{Choice, FieldType};
use mobile_schema::{Catalogue, FieldId, Hash};
use serde_json::Value as Json;
use sync_protocol::{RecordId, ScopeId};
use uuid::Uuid;

use super::files::{self, Files, Kept};
use super::pages::Pages;
use super::table::{FilePiece, Heading, Holds, Row, Source, Title, blocking};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::db::{AnyConnection, Timestamp};
use crate::forms::{self, Compiled};
use crate::http::period::Period;
use crate::http::{Kind, Language, Problem};
use crate::records::visit::{ANSWERS, CONSENT, ENDED_AT, FORM, STARTED_AT, STATUS};
use crate::records::{MadeWith, RecordView, titles, views};
use crate::visits::{ids_in, makers};

/// Visits that are read at once.
const PAGE: usize = 200;

/// Which answers, and how they stand.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) form: Uuid,
    pub(super) area: Option<String>,
    pub(super) period: Option<Period>,
    /// Where the visits stand; anywhere where there are none.
    pub(super) statuses: Vec<String>,
    pub(super) style: Style,
    pub(super) language: Language,
    /// Whether photos and other files go along.
    pub(super) files: bool,
}

/// Where answers come from.
pub(super) struct Answers {
    /// The form's name, as its author writes it.
    pub(super) name: String,
    layout: Arc<Layout>,
    headings: Vec<Heading>,
    /// The form's versions as their author writes them, by what visits name.
    versions: BTreeMap<String, String>,
    /// What states and outcomes are called, where they are told in words.
    states: [BTreeMap<String, String>; 2],
    pages: Pages<Page>,
    files: Files,
}

impl Answers {
    /// Finds the visits, and what all versions they were made with ask.
    ///
    /// # Errors
    /// Where there is no such form in these areas, or a version of it can't be run.
    pub(super) async fn find(
        app: &web::Data<App>,
        permitted: Vec<AreaPath>,
        wanted: Wanted,
    ) -> Result<Self, Problem> {
        let found = wanted.clone();
        let found = app.read(move |connection| found.find(connection, &permitted)).await?;
        let (name, versions, scopes, ids) = found.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
        let mut compiled = Vec::new();
        // Of a form that nobody filled in, the newest version says what would be asked.
        let asked = versions.iter().rev().enumerate();
        for (at, (hash, _, count)) in asked {
            if *count > 0 || (at == 0 && ids.is_empty()) {
                let version = app.forms.get(app, *hash).await?;
                compiled.push(version.ok_or_else(|| Problem::new(&Kind::INTERNAL))?);
            }
        }
        let world = forms::world(app.now(), wanted.language.tag());
        let style = wanted.style;
        let layout = blocking(move || laid_out(&compiled, &world, style)).await?;
        let layout = layout.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
        let words = wanted.words();
        let titles = |sheet: &mobile_schema::form::table::Sheet| {
            let is_visit = sheet.parent.is_none();
            let (own, holds) = match is_visit {
                true => (words.visit.as_slice(), VISIT_HOLDS.as_slice()),
                false => (words.repeat.as_slice(), [Holds::Ids; 2].as_slice()),
            };
            let own = own.iter().zip(holds).map(|(text, holds)| Title::new(*text, *holds));
            let files = (is_visit && wanted.files).then(|| Title::text(words.files));
            let own: Vec<Title> = own.chain(files).collect();
            let asked = sheet.columns.iter().map(|column| {
                let text = if style.in_words { &column.label } else { &column.name };
                let holds = match column.when {
                    _ if column.is_number => Holds::Numbers,
                    Some(When::Day) => Holds::Days,
                    Some(When::Moment) => Holds::Moments,
                    None => Holds::Words,
                };
                Title::new(text, holds)
            });
            let own = own.into_iter();
            Heading { name: sheet.name.clone(), columns: own.chain(asked).collect() }
        };
        let versions = versions.into_iter().map(|(hash, version, _)| (hash.to_string(), version));
        let definitions = app.definitions();
        let states = [STATUS, CONSENT].map(|field| wanted.choices(&definitions, field));
        let headings = layout.sheets.iter().map(titles).collect();
        let read = move |connection: &mut AnyConnection, ids: &[Uuid]| {
            Page::read(connection, ids, &scopes, &wanted)
        };
        Ok(Self {
            name,
            headings,
            states,
            layout: Arc::new(layout),
            versions: versions.collect(),
            pages: Pages::new(app, ids, PAGE, read),
            files: Files::new(app.media.clone()),
        })
    }

    /// How many visits there are.
    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }
}

/// A form's name; its versions with how many visits each has; the caller's scopes; the visits.
type Found = (String, Vec<(Hash, String, usize)>, Vec<String>, Vec<Uuid>);

impl Wanted {
    fn find(
        &self,
        connection: &mut AnyConnection,
        permitted: &[AreaPath],
    ) -> diesel::QueryResult<Option<Found>> {
        let Some((name, versions)) = forms::versions_seen(connection, self.form, permitted)? else {
            return Ok(None);
        };
        let scopes = areas::scopes_within(connection, permitted, self.area.as_deref())?;
        let within: BTreeSet<ScopeId> =
            scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
        let (mut received, mut counted) = (Vec::new(), Vec::new());
        for version in versions {
            let made = MadeWith { version: &version.hash, scopes: &within, locked: &[] };
            let found = made.received(connection, &self.statuses, self.period)?;
            counted.push((version.hash, version.version, found.len()));
            received.extend(found);
        }
        received.sort_unstable();
        let ids = received.into_iter().map(|(_, id)| id).collect();
        Ok(Some((name, counted, scopes, ids)))
    }

    /// The words for what a field of visits may hold, by the names of its choices.
    fn choices(&self, catalogue: &Catalogue, field: FieldId) -> BTreeMap<String, String> {
        let field = catalogue.current("visit").and_then(|(_, register)| register.field(field));
        let Some(FieldType::Status { choices, .. } | FieldType::SelectOne { choices }) =
            field.map(|field| &field.kind)
        else {
            return BTreeMap::new();
        };
        let word = |one: &Choice| one.labels.in_language(self.language.tag()).to_owned();
        let named = choices.iter().filter(|_| self.style.in_words);
        named.map(|one| (one.name.clone(), word(one))).collect()
    }

    fn words(&self) -> &'static Words {
        match (self.style.in_words, self.language) {
            (false, _) => &NAMES,
            (true, Language::Chinese) => &CHINESE,
            (true, Language::English) => &ENGLISH,
        }
    }
}

/// The tables of all versions together, the newest first.
fn laid_out(versions: &[Arc<Compiled>], world: &World, style: Style) -> Option<Layout> {
    let mut all =
        versions.iter().map(|one| Layout::new(&one.form, &one.lists, world.clone(), style));
    let mut layout = all.next()?;
    all.for_each(|older| layout.extend(older));
    Some(layout)
}

/// The titles of what is told of a visit itself, and of an instance of a repeat.
struct Words {
    visit: [&'static str; 11],
    repeat: [&'static str; 2],
    /// Where they go along.
    files: &'static str,
}

/// What stands below them.
const VISIT_HOLDS: [Holds; 11] = [
    Holds::Ids,
    Holds::Moments,
    Holds::Words,
    Holds::Words,
    Holds::Words,
    Holds::Words,
    Holds::Moments,
    Holds::Moments,
    Holds::Ids,
    Holds::Words,
    Holds::Words,
];

/// For programs: those that ODK Central has too are called as there.
const NAMES: Words = Words {
    visit: [
        "KEY",
        "SubmissionDate",
        "SubmitterName",
        "FormVersion",
        "ReviewState",
        "Consent",
        "StartedAt",
        "EndedAt",
        "HouseholdKey",
        "Household",
        "Area",
    ],
    repeat: ["KEY", "PARENT_KEY"],
    files: "Files",
};

const CHINESE: Words = Words {
    visit: [
        "走访编号",
        "上传时间",
        "走访人",
        "调查表版本",
        "状态",
        "走访结果",
        "开始时间",
        "结束时间",
        "户编号",
        "户",
        "村",
    ],
    repeat: ["编号", "上级编号"],
    files: "文件",
};

const ENGLISH: Words = Words {
    visit: [
        "Visit",
        "Arrived",
        "Made by",
        "Form version",
        "State",
        "Outcome",
        "Began",
        "Ended",
        "Household's number",
        "Household",
        "Village",
    ],
    repeat: ["Number", "Belongs to"],
    files: "Files",
};

impl Source for Answers {
    fn headings(&self) -> &[Heading] {
        &self.headings
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, Problem> {
        let Some(page) = self.pages.next().await? else { return Ok(None) };
        page.files.iter().flatten().for_each(|(_, files)| self.files.add(files));
        let layout = self.layout.clone();
        let (versions, states) = (self.versions.clone(), self.states.clone());
        let rows = blocking(move || {
            let rows = |visit: &RecordView| page.rows(visit, &layout, &versions, &states);
            page.visits.iter().flat_map(rows).collect()
        });
        rows.await.map(Some)
    }

    async fn next_file(&mut self) -> Result<Option<FilePiece>, Problem> {
        self.files.next().await
    }
}

/// Visits, and what is told beside their answers.
struct Page {
    visits: Vec<RecordView>,
    households: BTreeMap<Uuid, String>,
    villages: BTreeMap<String, String>,
    makers: BTreeMap<Uuid, (String, Timestamp)>,
    /// The titles of records that answers name, where they stand in words.
    named: BTreeMap<Uuid, String>,
    /// The files of each visit, where they go along.
    files: Option<BTreeMap<Uuid, Vec<Kept>>>,
}

impl Page {
    fn read(
        connection: &mut AnyConnection,
        ids: &[Uuid],
        scopes: &[String],
        asked: &Wanted,
    ) -> diesel::QueryResult<Self> {
        let wanted: Vec<RecordId> = ids.iter().copied().map(RecordId).collect();
        let visits = views(connection, &wanted, scopes)?;
        let households: Vec<Uuid> = visits.iter().filter_map(|one| one.subject).collect();
        let mut named = BTreeSet::new();
        if asked.style.in_words {
            let answers = visits.iter().filter_map(|one| one.value(ANSWERS));
            answers.for_each(|answers| ids_in(&answers, &mut named));
        }
        let named: Vec<Uuid> = named.into_iter().collect();
        let seen: Vec<Uuid> = visits.iter().map(|visit| visit.id).collect();
        Ok(Self {
            files: asked.files.then(|| files::of(connection, &seen)).transpose()?,
            households: titles(connection, &households, scopes)?,
            villages: areas::names_of(connection, visits.iter().map(|one| one.scope.as_str()))?,
            makers: makers(connection, ids)?,
            named: titles(connection, &named, scopes)?,
            visits,
        })
    }

    /// The lines of a visit.
    fn rows(
        &self,
        visit: &RecordView,
        layout: &Layout,
        versions: &BTreeMap<String, String>,
        states: &[BTreeMap<String, String>; 2],
    ) -> Vec<Row> {
        let key = format!("uuid:{}", visit.id);
        let mut values = visit.values();
        let answers = values.remove(&ANSWERS).unwrap_or(Json::Null);
        let lines = layout.lines(&key, &answers).into_iter();
        let row = |line: Line| {
            let own = match line.parent.is_empty() {
                true => {
                    let told = self.told(visit, &values, line.key, versions, states);
                    told.into_iter().chain(self.names_of_files(visit)).collect()
                }
                false => vec![line.key, line.parent],
            };
            let asked = line.cells.into_iter().map(|cell| self.with_names(cell));
            Row { table: line.sheet, cells: own.into_iter().chain(asked).collect() }
        };
        lines.map(row).collect()
    }

    /// What is told of the visit itself.
    fn told(
        &self,
        visit: &RecordView,
        values: &BTreeMap<FieldId, Json>,
        key: String,
        versions: &BTreeMap<String, String>,
        [states, outcomes]: &[BTreeMap<String, String>; 2],
    ) -> [String; 11] {
        let moment = |field: FieldId| {
            let moment = values.get(&field).and_then(Json::as_i64);
            moment.map(|moment| Timestamp(moment).in_china_rfc3339()).unwrap_or_default()
        };
        let version = values.get(&FORM).and_then(|hash| versions.get(hash.as_str()?).cloned());
        let (by, arrived) = self.makers.get(&visit.id).cloned().unzip();
        let state = visit.status.clone().unwrap_or_default();
        let outcome = values.get(&CONSENT).and_then(Json::as_str).unwrap_or_default().to_owned();
        [
            key,
            arrived.map(Timestamp::in_china_rfc3339).unwrap_or_default(),
            by.unwrap_or_default(),
            version.unwrap_or_default(),
            states.get(&state).cloned().unwrap_or(state),
            outcomes.get(&outcome).cloned().unwrap_or(outcome),
            moment(STARTED_AT),
            moment(ENDED_AT),
            visit.subject.map(|id| id.to_string()).unwrap_or_default(),
            visit.subject.and_then(|id| self.households.get(&id).cloned()).unwrap_or_default(),
            self.villages.get(&visit.scope).cloned().unwrap_or_default(),
        ]
    }

    /// The names of the visit's files, where they go along.
    fn names_of_files(&self, visit: &RecordView) -> Option<String> {
        let files = self.files.as_ref()?.get(&visit.id).map_or(&[][..], Vec::as_slice);
        Some(files.iter().map(Kept::name).collect::<Vec<_>>().join(" "))
    }

    /// A cell with the titles of the records that it names, alone or one after the other.
    fn with_names(&self, cell: String) -> String {
        if self.named.is_empty() || cell.len() < 36 {
            return cell;
        }
        let title = |word: &str| self.named.get(&Uuid::try_parse(word).ok()?);
        let titles: Option<Vec<&str>> =
            cell.split(' ').map(|word| title(word).map(String::as_str)).collect();
        titles.map_or(cell, |titles| titles.join("; "))
    }
}
