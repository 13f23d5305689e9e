//! The form engine: one class, [`FormSession`], over [`mobile_schema::form::Session`].

use std::collections::HashMap;
use std::sync::Arc;

use mobile_schema::form::{Entity, Files, Form, Session, Untaken, World, load, read_list, upgrade};
use mobile_schema::xml::{Element, is_name};
use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;

/// A form while it is filled in.
#[wasm_bindgen]
pub struct FormSession {
    session: Session,
    unplaced: Vec<Untaken>,
}

/// The attachments of a form: lists and files by the ids that it calls them by.
#[wasm_bindgen]
#[derive(Default)]
pub struct FormFiles {
    files: Files,
}

#[wasm_bindgen]
impl FormFiles {
    /// No attachments yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the file of an id: CSV, GeoJSON or XML, by the ending of its name.
    ///
    /// # Errors
    /// In words, where it is no such file.
    pub fn add(&mut self, id: &str, name: &str, bytes: &[u8]) -> Result<(), String> {
        let list = read_list(name, bytes).map_err(|_| "the file can't be read as a list")?;
        self.files.insert(id.to_owned(), list);
        Ok(())
    }

    /// Adds the rows of an id's list: objects of words by column (`name` and `label` among them),
    /// as JSON.
    ///
    /// # Errors
    /// Where it is no such list.
    pub fn add_rows(&mut self, id: &str, rows: &str) -> Result<(), String> {
        let rows = serde_json::from_str(rows).map_err(|error| error.to_string())?;
        let list = list_of(&rows).ok_or("rows are objects of words")?;
        self.files.insert(id.to_owned(), list);
        Ok(())
    }
}

#[wasm_bindgen]
impl FormSession {
    /// Begins a new submission of an XForm.
    ///
    /// # Errors
    /// Where the form or the world can't be read, in words for developers.
    pub fn begin(xform: &str, files: &FormFiles, world: &str) -> Result<Self, String> {
        let (form, world) = opened(xform, world)?;
        let session = Session::begin(form, &files.files, world);
        Ok(Self { session, unplaced: Vec::new() })
    }

    /// Goes on with a submission that was saved.
    ///
    /// # Errors
    /// As [`Self::begin`], or where what was saved can't be read.
    pub fn resume(
        xform: &str,
        files: &FormFiles,
        world: &str,
        saved: &str,
    ) -> Result<Self, String> {
        let (form, world) = opened(xform, world)?;
        let saved = Element::read(saved).map_err(|problem| problem.to_string())?;
        let session = Session::resume(form, &files.files, world, &saved);
        Ok(Self { session, unplaced: Vec::new() })
    }

    /// Goes on with answers that a record holds (JSON). What has no place in the form is told by
    /// [`Self::unplaced`].
    ///
    /// # Errors
    /// As [`Self::begin`], or where the answers are no JSON.
    pub fn reopen(
        xform: &str,
        files: &FormFiles,
        world: &str,
        answers: &str,
    ) -> Result<Self, String> {
        let (form, world) = opened(xform, world)?;
        let answers = serde_json::from_str(answers).map_err(|error| error.to_string())?;
        let (session, unplaced) = Session::reopen(form, &files.files, world, &answers);
        Ok(Self { session, unplaced })
    }

    /// Answers that a record held and that have no place in the form, as JSON.
    pub fn unplaced(&self) -> String {
        self.unplaced.iter().map(Untaken::to_json).collect::<Value>().to_string()
    }

    /// The answers as a record holds them, as JSON.
    pub fn answers(&self) -> String {
        self.session.answers().to_string()
    }

    /// What the answers say about records, as JSON.
    pub fn entities(&self) -> String {
        self.session.entities().iter().map(Entity::to_json).collect::<Value>().to_string()
    }

    /// Opens the form on a record of a list: its id, and what it holds in words by property, as
    /// JSON. False where the form changes no records of this list.
    ///
    /// # Errors
    /// Where what it holds can't be read.
    pub fn open_on(&mut self, list: &str, id: &str, properties: &str) -> Result<bool, String> {
        let held: Value = serde_json::from_str(properties).map_err(|error| error.to_string())?;
        let held = words(&held).ok_or("properties are words")?.into_iter().collect();
        Ok(self.session.open_on(list, id, &held))
    }

    /// Every node with its state, what is wrong, and which files belong to it, as JSON.
    pub fn state(&self) -> String {
        self.session.state().to_string()
    }

    /// What is asked just now, in order, as JSON: questions, groups with their `children`, repeats
    /// with their `instances`.
    pub fn outline(&self) -> String {
        self.session.outline().to_string()
    }

    /// All choices of the question at a path, as JSON: `[{value, label}]`.
    pub fn choices(&self, path: &str) -> String {
        self.session.choices_at(path).to_string()
    }

    /// The names of the files that belong to the answers, as JSON.
    pub fn attachments(&self) -> String {
        self.session.attachments().into_iter().collect::<Value>().to_string()
    }

    /// Answers questions: `{…}` as JSON, objects by group and arrays for repeats, or whole paths.
    /// Gives what was not taken and why, as JSON.
    ///
    /// # Errors
    /// Where it is no JSON.
    pub fn fill(&mut self, answers: &str) -> Result<String, String> {
        let answers = serde_json::from_str(answers).map_err(|error| error.to_string())?;
        let untaken: Vec<Value> =
            self.session.fill(&answers).iter().map(Untaken::to_json).collect();
        Ok(Value::Array(untaken).to_string())
    }

    /// Answers the question at a path such as `/data/member[2]/age`; false where there is none.
    pub fn set(&mut self, path: &str, value: &str) -> bool {
        let found = self.session.find(path);
        if let [node] = found[..] {
            self.session.set(node, value);
        }
        found.len() == 1
    }

    /// Adds an instance of the repeat `name` inside the node at a path, and gives its path.
    pub fn add_instance(&mut self, path: &str, name: &str) -> Option<String> {
        let parent = *self.session.find(path).first()?;
        let definition = self.session.definition(parent);
        let form = self.session.form().clone();
        let repeat = *definition.children.iter().find(|child| form.node(**child).name == name)?;
        let added = self.session.add_instance(parent, repeat)?;
        Some(self.session.path(added))
    }

    /// Removes the instance of a repeat at a path; false where there is none.
    pub fn remove_instance(&mut self, path: &str) -> bool {
        let found = self.session.find(path);
        if let [node] = found[..] {
            self.session.remove_instance(node);
        }
        found.len() == 1
    }

    /// What is wrong with the answers inside the node at a path, as JSON.
    pub fn validate(&self, path: &str) -> String {
        let found = self.session.find(path);
        let invalid: Vec<Value> = found
            .iter()
            .flat_map(|node| self.session.validate(*node))
            .map(|invalid| invalid.to_json())
            .collect();
        Value::Array(invalid).to_string()
    }

    /// Reads the form in another language.
    pub fn read_in(&mut self, language: &str) {
        self.session.read_in(language);
    }

    /// Ends the submission at a time, and gives it as XML.
    pub fn finish(&mut self, now: f64) -> String {
        #[expect(clippy::cast_possible_truncation, reason = "a clock's milliseconds")]
        self.session.set_time(now as i64);
        self.session.finish();
        self.session.submission().write(false)
    }

    /// The answers so far as XML, to be saved and gone on with: also those not asked just now.
    pub fn draft(&self) -> String {
        self.session.draft().write(false)
    }
}

/// A draft (XML) of one version of a form (its XForm) in another, and what has no place there, as
/// JSON: `{kept, moved, set_aside, submission}`.
///
/// # Errors
/// Where one of them can't be read.
#[wasm_bindgen]
pub fn upgrade_draft(saved: &str, before: &str, after: &str) -> Result<String, String> {
    let read = |text: &str| Element::read(text).map_err(|problem| problem.to_string());
    let form = |text: &str| {
        let form = load(&read(text)?, &mut Vec::new());
        form.ok_or_else(|| "the form can't be used".to_owned())
    };
    let (before, after) = (form(before)?, form(after)?);
    Ok(upgrade(&read(saved)?, &before, &after).to_json().to_string())
}

/// The words of an object's members.
fn words(object: &Value) -> Option<Vec<(String, String)>> {
    let members = object.as_object()?.iter();
    members.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn list_of(rows: &Value) -> Option<Element> {
    let mut root = Element::new("root");
    for row in rows.as_array()? {
        let mut item = Element::new("item");
        for (column, text) in words(row)?.into_iter().filter(|(column, _)| is_name(column)) {
            item.push(Element::new(column.as_str()).with_text(text));
        }
        root.push(item);
    }
    Some(root)
}

fn opened(xform: &str, world: &str) -> Result<(Arc<Form>, World), String> {
    let document = Element::read(xform).map_err(|problem| problem.to_string())?;
    // The server has told all problems when the form was uploaded; here it only has to be one.
    let form = load(&document, &mut Vec::new()).ok_or("the form can't be used")?;
    Ok((Arc::new(form), world_of(world).ok_or("the world isn't as it should be")?))
}

/// The world around a form: `{now, offset, language, properties, location, seed}`, where `now` is
/// milliseconds since 1970-01-01 00:00 UTC, `offset` minutes ahead of UTC, `language` a BCP 47 tag,
/// `location` a geopoint and `seed` 64 hexadecimal digits of chance.
fn world_of(text: &str) -> Option<World> {
    let world: Value = serde_json::from_str(text).ok()?;
    let text = |name: &str| world.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut properties = HashMap::new();
    for (name, value) in world.get("properties").and_then(Value::as_object).into_iter().flatten() {
        properties.insert(name.clone(), value.as_str()?.to_owned());
    }
    let digits = text("seed")?;
    let mut seed = [0; 32];
    for (at, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(World {
        now: world.get("now")?.as_i64()?,
        offset: i32::try_from(world.get("offset")?.as_i64()?).ok()?,
        language: text("language")?,
        properties,
        location: text("location"),
        seed,
    })
}
