//! Where the lines of a table belong, what they refer to, and which of them are there already.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use mobile_schema::register::{Field, FieldType, Role};
use mobile_schema::{Catalogue, FieldId, RegisterDefinition, Value};
use sha2::{Digest as _, Sha256};
use sync_protocol::op::Fields;
use sync_protocol::{RecordId, ScopeId};
use uuid::Uuid;

use super::read::Line;
use crate::areas::{self, Area};
use crate::db::AnyConnection;
use crate::db::schema::records;
use crate::db::types::{JsonText, Key};
use crate::http::LineProblem;
use crate::seal;

/// Ids that are looked for in one statement.
const AT_ONCE: usize = 500;

/// A record that a line becomes.
#[derive(Clone, Debug)]
pub(super) struct New {
    pub(super) id: RecordId,
    pub(super) scope: ScopeId,
    pub(super) fields: Fields,
}

/// A record that is there and belongs to nothing, and what a line says it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Adopted {
    pub(super) line: u64,
    pub(super) id: RecordId,
    pub(super) scope: ScopeId,
    pub(super) subject: RecordId,
}

/// What becomes of a table's lines.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) new: Vec<New>,
    /// Records that get what they belong to.
    pub(super) adopted: Vec<Adopted>,
    /// Lines whose record is there.
    pub(super) known: usize,
    /// Lines that say what one above says.
    pub(super) repeated: usize,
    pub(super) problems: Vec<LineProblem>,
}

/// Why a line can't be placed, in Chinese and in English.
type Wrong = (String, String);

fn wrong<T>(zh: impl Into<String>, en: impl Into<String>) -> Result<T, Wrong> {
    Err((zh.into(), en.into()))
}

/// Places lines among the villages of `areas`; those that name none belong to `otherwise`, or to
/// the village of the record they refer to.
pub(super) fn place(
    connection: &mut AnyConnection,
    register: &RegisterDefinition,
    catalogue: &Catalogue,
    lines: Vec<Line>,
    (areas, otherwise): (&[Area], Option<&str>),
) -> QueryResult<Placed> {
    let places = Places::among(areas);
    let mut there = There { catalogue, known: HashMap::new() };
    let mut placed = Placed::default();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for line in lines {
        let number = line.number;
        let judged = match there.belongs(connection, register, &places, otherwise, line)? {
            Ok(new) if !seen.insert(new.record.id) => {
                placed.repeated += 1;
                continue;
            }
            Ok(new) => there.is_there(connection, register, number, &new)?.map(|is| (is, new)),
            Err(why) => Err(why),
        };
        match judged {
            Ok((Some(is), new)) => {
                placed.known += 1;
                if let (None, Some(subject)) = (is.subject, new.subject) {
                    let New { scope, .. } = new.record;
                    let subject = RecordId(subject);
                    placed.adopted.push(Adopted { line: number, id: is.record, scope, subject });
                }
            }
            Ok((None, new)) => found.push(new.record),
            Err((zh, en)) => placed.problems.push(LineProblem::new(number, zh, en)),
        }
    }
    // A line that says again whom one above took is no second change.
    let mut given = BTreeSet::new();
    placed.adopted.retain(|one| given.insert(one.id));
    // Those that were taken in before, whatever became of them since.
    let mut taken = BTreeSet::new();
    for some in found.chunks(AT_ONCE) {
        let ids = some.iter().map(|one| Key::from(one.id));
        let there: Vec<Key> =
            records::table.filter(records::id.eq_any(ids)).select(records::id).load(connection)?;
        taken.extend(there.into_iter().map(RecordId::from));
    }
    placed.known += taken.len();
    found.retain(|one| !taken.contains(&one.id));
    placed.new = found;
    Ok(placed)
}

/// Records that are there, a register of a village at a time, as they are asked for.
struct There<'a> {
    catalogue: &'a Catalogue,
    known: HashMap<(String, String), Known>,
}

/// The records of a register in a village, and what lines above will be.
#[derive(Default)]
struct Known {
    ids: BTreeSet<Uuid>,
    /// By what citizen ID numbers are found by.
    by_number: HashMap<Vec<u8>, One>,
    /// Those that have a number.
    numbered: BTreeSet<RecordId>,
    /// By title.
    by_title: HashMap<String, Vec<One>>,
    /// By what offices know them by.
    by_mark: HashMap<String, One>,
    /// What each record belongs to, where it belongs to something.
    subjects: HashMap<Uuid, Uuid>,
}

/// A record, or a line above that will be one.
#[derive(Clone, Copy)]
struct One {
    record: RecordId,
    /// What it belongs to.
    subject: Option<Uuid>,
    /// The line; none of what is there.
    line: Option<u64>,
}

/// What a line would be.
struct Would {
    record: New,
    subject: Option<Uuid>,
    /// Whether the line says itself which record it is.
    is_named: bool,
}

impl There<'_> {
    /// The record that a line would be, in its village and with what it refers to.
    fn belongs(
        &mut self,
        connection: &mut AnyConnection,
        register: &RegisterDefinition,
        places: &Places<'_>,
        otherwise: Option<&str>,
        line: Line,
    ) -> QueryResult<Result<Would, Wrong>> {
        let said = if line.area.is_empty() { otherwise } else { Some(line.area.as_str()) };
        let said = match said.map(|area| places.village(area, &line.township)).transpose() {
            Ok(village) => village,
            Err(why) => return Ok(Err(why)),
        };
        let mut fields: Fields = line.values;
        let mut belongs = None;
        for (id, texts) in line.references {
            let Some(field) = register.field(id) else { continue };
            let within = said.map_or_else(|| places.villages.clone(), |village| vec![village]);
            match self.meant(connection, field, &texts, &within)? {
                Ok((record, village)) => {
                    fields.insert(id, Value::from(record.to_string()));
                    if field.role == Some(Role::Subject) {
                        belongs = Some((record, village));
                    }
                }
                Err(why) => return Ok(Err(why)),
            }
        }
        let Some(village) = said.or(belongs.as_ref().map(|(_, village)| *village)) else {
            return Ok(wrong("没有写是哪个村", "it says no village"));
        };
        let scope = areas::scope_of(village);
        let id = line.id.unwrap_or_else(|| id_of(register, &scope, &fields));
        let scope = scope.parse().expect("a village's scope");
        Ok(Ok(Would {
            record: New { id: RecordId(id), scope, fields },
            subject: belongs.map(|(record, _)| record.0),
            is_named: line.id.is_some(),
        }))
    }

    /// A line's record in its village, where it is there: by its id or by what offices know it by;
    /// of people by their number, or by their name in a household. What is not there is known to
    /// the lines below. Two lines are told apart as a line and a record are, so that a table which
    /// broke off goes on.
    fn is_there(
        &mut self,
        connection: &mut AnyConnection,
        register: &RegisterDefinition,
        line: u64,
        would: &Would,
    ) -> QueryResult<Result<Option<One>, Wrong>> {
        let New { id, scope, fields } = &would.record;
        let known = self.known(connection, &register.name, scope.as_str())?;
        if known.ids.contains(&id.0) {
            let subject = known.subjects.get(&id.0).copied();
            return Ok(Ok(Some(One { record: *id, subject, line: None })));
        }
        let mark = mark(register).and_then(|field| fields.get(&field.id)?.as_text());
        if let Some(one) = mark.and_then(|mark| known.by_mark.get(mark)) {
            return Ok(match one.line {
                None => Ok(Some(*one)),
                Some(above) => wrong(
                    format!("编号与第 {above} 行相同"),
                    format!("the number is that of line {above}"),
                ),
            });
        }
        let own = numbers(register)
            .filter_map(|field| Some(key(register, field, fields.get(&field.id)?.as_text()?)));
        let own: Vec<Vec<u8>> = own.collect();
        if let Some(one) = own.iter().find_map(|key| known.by_number.get(key)).copied() {
            known.claim(one, would.subject, line);
            return Ok(match one.line {
                None => Ok(Some(one)),
                Some(above) => wrong(
                    format!("身份证号与第 {above} 行相同"),
                    format!("the ID number is that of line {above}"),
                ),
            });
        }
        let title = register.field_with_role(Role::Title);
        let title = title.and_then(|field| fields.get(&field.id)?.as_text());
        // Only people are known by their names: what a household is given twice is two things.
        let is_person = numbers(register).next().is_some() && !would.is_named;
        let alike = title.filter(|_| is_person).and_then(|title| known.by_title.get(title));
        let alike = alike.cloned();
        // Who belongs to nobody yet may be the one that the line says the household of.
        let is_alike =
            |one: &One| one.subject == would.subject || one.subject.is_none() && one.line.is_none();
        for one in alike.into_iter().flatten().filter(is_alike) {
            let is_other = known.numbered.contains(&one.record) && !own.is_empty();
            match (would.subject, is_other, one.line) {
                // Two of a name in a village are not rare.
                (None, true, _) => {}
                (None, false, _) => {
                    return Ok(wrong(
                        "村里已有同名的，又没有身份证号，无法判断是不是同一户",
                        "somebody of this name is there, and without both ID numbers nobody can tell them apart",
                    ));
                }
                (Some(_), true, None) if one.subject.is_none() => {}
                // Nobody is called the same twice in one household.
                (Some(_), false, None) => {
                    known.claim(one, would.subject, line);
                    return Ok(Ok(Some(one)));
                }
                (Some(_), ..) => {
                    return Ok(wrong(
                        "这一户已有同名的人，请核对身份证号",
                        "somebody of this name is in the household: check the ID number",
                    ));
                }
            }
        }
        let one = One { record: *id, subject: would.subject, line: Some(line) };
        if !own.is_empty() {
            known.numbered.insert(*id);
        }
        known.by_number.extend(own.into_iter().map(|key| (key, one)));
        known.by_mark.extend(mark.map(|mark| (mark.to_owned(), one)));
        if let Some(title) = title {
            known.by_title.entry(title.to_owned()).or_default().push(one);
        }
        Ok(Ok(None))
    }

    /// The record that a line means, in however many ways it says so: all of them mean the same.
    fn meant<'v>(
        &mut self,
        connection: &mut AnyConnection,
        field: &Field,
        texts: &[String],
        villages: &[&'v Area],
    ) -> QueryResult<Result<(RecordId, &'v Area), Wrong>> {
        let mut meant: Option<Vec<(RecordId, &'v Area)>> = None;
        let mut told = Vec::new();
        for text in texts {
            let found = match self.referred(connection, field, text, villages)? {
                Ok(found) => found,
                Err(why) => return Ok(Err(why)),
            };
            // A number is not told again: problems are shown, and sometimes printed.
            let is_number = looks_like_number(&text.trim().to_uppercase());
            let shown = if is_number { "…" } else { text };
            if found.is_empty() {
                return Ok(wrong(
                    format!("找不到“{shown}”，请先导入或核对"),
                    format!("`{shown}` is not there: take it in first, or check it"),
                ));
            }
            told.push(shown);
            meant = Some(match meant {
                None => found,
                Some(meant) => meant.into_iter().filter(|one| found.contains(one)).collect(),
            });
        }
        let told = told.join("、");
        Ok(match meant.unwrap_or_default().as_slice() {
            [one] => Ok(*one),
            [] => wrong(
                format!("“{told}”说的不是同一个，请核对"),
                format!("`{told}` do not mean the same: check them"),
            ),
            _ => wrong(
                format!("有几个“{told}”，请再写身份证号或户编号"),
                format!(
                    "several are called `{told}`: give the ID number, or the household's number"
                ),
            ),
        })
    }

    /// The records that a cell may refer to: by its id, by the number of the person, by what offices
    /// know it by, or by its title.
    fn referred<'v>(
        &mut self,
        connection: &mut AnyConnection,
        field: &Field,
        text: &str,
        villages: &[&'v Area],
    ) -> QueryResult<Result<Vec<(RecordId, &'v Area)>, Wrong>> {
        let FieldType::Reference { collection: Some(collection) } = &field.kind else {
            return Ok(wrong("这一列不能导入", "this column can't be taken in"));
        };
        let Some((_, register)) = self.catalogue.current(collection) else {
            return Ok(wrong("这一列不能导入", "this column can't be taken in"));
        };
        let register = register.clone();
        let plain: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let number = plain.to_uppercase();
        let is_number = looks_like_number(&number);
        let id = Uuid::try_parse(&plain).ok();
        let mut found = Vec::new();
        for village in villages {
            let known = self.known(connection, collection, &areas::scope_of(village))?;
            match id {
                Some(id) if known.ids.contains(&id) => found.push((RecordId(id), *village)),
                Some(_) => {}
                None if is_number => {
                    let all = numbers(&register).map(|field| key(&register, field, &number));
                    let all = all.filter_map(|key| known.by_number.get(&key));
                    let all = all.filter(|one| one.line.is_none());
                    found.extend(all.map(|one| (one.record, *village)));
                }
                None => {
                    let marked = known.by_mark.get(text).into_iter();
                    let titled = known.by_title.get(text).into_iter().flatten();
                    let all = marked.chain(titled).filter(|one| one.line.is_none());
                    found.extend(all.map(|one| (one.record, *village)));
                }
            }
        }
        Ok(Ok(found))
    }

    fn known(
        &mut self,
        connection: &mut AnyConnection,
        collection: &str,
        scope: &str,
    ) -> QueryResult<&mut Known> {
        let place = (collection.to_owned(), scope.to_owned());
        Ok(match self.known.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let register = self.catalogue.current(collection).map(|(_, one)| &**one);
                place.insert(Known::read(connection, collection, scope, register)?)
            }
        })
    }
}

impl Known {
    /// A record that belonged to nothing is what a line says: those below find it so.
    fn claim(&mut self, one: One, subject: Option<Uuid>, line: u64) {
        if one.subject.is_some() || one.line.is_some() || subject.is_none() {
            return;
        }
        let all = self.by_title.values_mut().flatten().chain(self.by_number.values_mut());
        for known in all.filter(|known| known.record == one.record) {
            (known.subject, known.line) = (subject, Some(line));
        }
    }

    fn read(
        connection: &mut AnyConnection,
        collection: &str,
        scope: &str,
        register: Option<&RegisterDefinition>,
    ) -> QueryResult<Self> {
        let rows: Vec<(Key, Option<String>, Option<Key>)> = records::table
            .filter(records::collection.eq(collection).and(records::scope.eq(scope)))
            .filter(records::deleted.eq(false))
            .select((records::id, records::title, records::subject))
            .load(connection)?;
        let mut known = Self::default();
        for (id, title, subject) in rows {
            known.ids.insert(id.0);
            let subject = subject.map(|key| key.0);
            known.subjects.extend(subject.map(|subject| (id.0, subject)));
            if let Some(title) = title {
                let one = One { record: id.into(), subject, line: None };
                known.by_title.entry(title).or_default().push(one);
            }
        }
        for field in register.into_iter().flat_map(numbers) {
            let name = format!("{collection}.{}", field.name);
            for (key, record) in seal::found_by(connection, &name, scope)? {
                known.numbered.insert(record);
                let subject = known.subjects.get(&record.0).copied();
                known.by_number.insert(key, One { record, subject, line: None });
            }
        }
        if let Some(field) = register.and_then(mark) {
            let rows: Vec<(Key, JsonText)> = records::table
                .filter(records::collection.eq(collection).and(records::scope.eq(scope)))
                .filter(records::deleted.eq(false))
                .select((records::id, records::fields))
                .load(connection)?;
            for (id, fields) in rows {
                let fields: HashMap<FieldId, serde_json::Value> = fields.read()?;
                if let Some(mark) = fields.get(&field.id).and_then(|value| value.as_str()) {
                    let subject = known.subjects.get(&id.0).copied();
                    let one = One { record: id.into(), subject, line: None };
                    known.by_mark.insert(mark.to_owned(), one);
                }
            }
        }
        Ok(known)
    }
}

/// The fields with numbers of people.
fn numbers(register: &RegisterDefinition) -> impl Iterator<Item = &Field> {
    register.fields.iter().filter(|field| field.kind == FieldType::CitizenId)
}

/// The field that offices know records by, where it is kept in the clear.
fn mark(register: &RegisterDefinition) -> Option<&Field> {
    register.fields.iter().find(|field| field.identifies && !field.is_sealed())
}

/// Whether it is meant as a citizen ID number, right or wrong.
fn looks_like_number(text: &str) -> bool {
    let Some((last, digits)) = text.as_bytes().split_last() else { return false };
    let is_digits = digits.iter().all(u8::is_ascii_digit);
    matches!(text.len(), 15 | 18) && is_digits && (last.is_ascii_digit() || *last == b'X')
}

fn key(register: &RegisterDefinition, field: &Field, number: &str) -> Vec<u8> {
    seal::search_key(&format!("{}.{}", register.name, field.name), number)
}

/// The villages that a person looks after, and what they lie in.
struct Places<'a> {
    villages: Vec<&'a Area>,
    /// The names of what villages lie in, by code.
    above: HashMap<&'a str, &'a str>,
}

impl<'a> Places<'a> {
    fn among(areas: &'a [Area]) -> Self {
        Self {
            villages: areas.iter().filter(|area| area.level == "village").collect(),
            above: areas.iter().map(|area| (area.code.as_str(), area.name.as_str())).collect(),
        }
    }

    /// The village that is called so: by its code, or by a name that no other has in the township.
    fn village(&self, called: &str, township: &str) -> Result<&'a Area, Wrong> {
        if let Some(village) = self.villages.iter().find(|one| one.code == called) {
            return Ok(village);
        }
        let stem = stem(called);
        let named =
            self.villages.iter().filter(|one| one.name == called || stem_is(&one.name, stem));
        let exact: Vec<&&Area> = named.clone().filter(|one| one.name == called).collect();
        let mut named: Vec<&&Area> = if exact.is_empty() { named.collect() } else { exact };
        if named.len() > 1 && !township.is_empty() {
            let lies_in = |one: &&&Area| {
                let parent = one.parent.as_deref();
                let name = parent.and_then(|code| self.above.get(code));
                parent == Some(township) || name.is_some_and(|name| *name == township)
            };
            named.retain(lies_in);
        }
        match named.as_slice() {
            [one] => Ok(one),
            [] => wrong(
                format!("没有“{called}”这个村，或者不归您管"),
                format!("there is no village `{called}` that you look after"),
            ),
            _ => wrong(
                format!("有几个村叫“{called}”，请加一列“乡镇”，或写区划代码"),
                format!(
                    "several villages are called `{called}`: add a column `Township`, or give the code"
                ),
            ),
        }
    }
}

/// A village's name without what kind of village it is: 桃源 of 桃源村委会.
fn stem(name: &str) -> &str {
    const KINDS: [&str; 8] =
        ["村民委员会", "居民委员会", "社区居委会", "行政村", "村委会", "居委会", "社区", "村"];
    KINDS.iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name)
}

fn stem_is(name: &str, wanted: &str) -> bool {
    !wanted.is_empty() && stem(name) == wanted
}

/// The id of what a line says (RFC 9562, UUIDv8): the same line is always the same record.
fn id_of(register: &RegisterDefinition, scope: &str, fields: &Fields) -> Uuid {
    let fields: BTreeMap<FieldId, &Value> = fields.iter().map(|(id, value)| (*id, value)).collect();
    let said = serde_json::to_vec(&(&register.name, scope, fields)).expect("values are JSON");
    let digest = Sha256::new().chain_update("ruhu-import-1\n").chain_update(said).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
