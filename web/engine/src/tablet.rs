//! The tablet's state machine: [`Tablet`], over [`sync_protocol::tablet::Tablet`].
//!
//! People's code calls fields by their names; what is stored and sent has their ids. Messages are
//! CBOR, as they go over the wire; rows are JSON, as they would.

use base16ct::lower::{decode_vec, encode_string as hex};
use mobile_schema::register::{Catalogue, Field, Unfit};
use mobile_schema::{FieldId, Hash, Value, device};
use serde_json::Value as Json;
use sync_protocol::clock::ClockReading;
use sync_protocol::encoding::{canonical, cbor};
use sync_protocol::log::{Attempt, AttemptResult, Language, Traffic};
use sync_protocol::message::Inheritance;
use sync_protocol::op::{Change, Fields, Resolution};
use sync_protocol::tablet::{
    BlobState, Draft, Effect, Event, Holding, Identity, Misfit, QueuedOp, RetryPolicy, StoreChange,
    Stored,
};
use sync_protocol::{Cursor, Row, ScopeId, tablet};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::json::{
    self, integer, items, member, members, object, of_row, of_value, parse, parsed, record, text,
};

/// A tablet: its state machine, and the registers it knows.
#[wasm_bindgen]
pub struct Tablet {
    machine: tablet::Tablet,
    catalogue: Catalogue,
    /// The request that is to be sent, until it is fetched.
    request: Vec<u8>,
}

/// What makes a store of an older layout one of the newest, as JSON; 0 is none at all.
#[wasm_bindgen]
pub fn layout_steps(from: u32) -> String {
    let steps = device::upgrade(from).into_iter().map(|step| match step {
        device::Step::Add { name } => object([("add", name.into())]),
        device::Step::Reindex => object([("reindex", true.into())]),
    });
    steps.collect::<Json>().to_string()
}

/// The newest layout of the store.
#[wasm_bindgen]
pub fn layout() -> u32 {
    device::LAYOUT
}

/// Who a tablet is that was enrolled as this device for this person, as JSON.
///
/// # Errors
/// Where these are no ids.
#[wasm_bindgen]
pub fn enrolled(device: &str, user: &str, entropy: u64) -> Result<String, String> {
    let unread = |_| "no id".to_owned();
    let identity = Identity {
        device: device.parse().map_err(unread)?,
        author: user.parse().map_err(unread)?,
        incarnation: tablet::Tablet::new_incarnation(entropy),
        inherits: None,
        begins: 1,
        epoch: None,
        safe_before: 0,
    };
    Ok(of_identity(&identity).to_string())
}

#[wasm_bindgen]
impl Tablet {
    /// Opens a tablet on what is stored: `{identity, ops, cursors, holdings, blobs}` as JSON, each
    /// as it was given out to be stored. `entropy` must differ at every start.
    ///
    /// # Errors
    /// Where what is stored can't be read.
    pub fn open(kept: &str, entropy: u64) -> Result<Self, String> {
        let kept = parse(kept)?;
        let identity = identity(member(&kept, "identity")?)?;
        let mut stored = Stored::default();
        for op in items(&kept, "ops") {
            let seq = member(op, "seq")?.as_u64().ok_or("an operation has a number")?;
            let outcome = op.get("outcome").and_then(Json::as_str);
            let outcome = outcome
                .map(|bytes| cbor::read_outcome(&decode_vec(bytes).map_err(told)?).map_err(told));
            let op = cbor::read_op(&decode_vec(text(op, "op")?).map_err(told)?).map_err(told)?;
            stored.ops.insert(seq, QueuedOp { op, outcome: outcome.transpose()? });
        }
        for (scope, cursor) in members(&kept, "cursors") {
            let part = |at: usize| cursor.get(at).and_then(Json::as_u64).ok_or("a cursor");
            stored.cursors.insert(scope_of(scope)?, Cursor { seq: part(0)?, floor: part(1)? });
        }
        for (scope, holdings) in members(&kept, "holdings") {
            let scope = scope_of(scope)?;
            for holding in holdings.as_array().into_iter().flatten() {
                let id = parsed(holding.get(0).unwrap_or(&Json::Null))?;
                let version = json::version(holding.get(1).unwrap_or(&Json::Null))?;
                stored.holdings.insert(id, Holding { scope: scope.clone(), version });
            }
        }
        for (hash, state) in members(&kept, "blobs") {
            let hash = hash.parse().map_err(told)?;
            let state = match state.as_u64() {
                Some(next) => BlobState::Verified { next },
                None => BlobState::Referenced,
            };
            stored.blobs.insert(hash, state);
        }
        let machine = tablet::Tablet::open(identity, stored, RetryPolicy::default(), entropy);
        Ok(Self { machine, catalogue: Catalogue::default(), request: Vec::new() })
    }

    /// Takes in the definition of a register.
    ///
    /// # Errors
    /// Where it is none.
    pub fn define(&mut self, text: &str) -> Result<(), String> {
        self.catalogue.insert(json::define(text)?);
        Ok(())
    }

    /// The server answered, with these bytes of CBOR. This and the other events give what is to be
    /// done, in order, as JSON; `clock` is `{wall, monotonic, boot}`, `traffic` is
    /// `{sent, received, elapsed}`.
    ///
    /// # Errors
    /// Where the answer can't be read; then nothing has happened.
    pub fn answered(
        &mut self,
        clock: &str,
        answer: &[u8],
        traffic: &str,
    ) -> Result<String, String> {
        let response = Box::new(cbor::read_response(answer).map_err(told)?);
        let traffic = traffic_of(traffic)?;
        self.happen(clock, Event::Response { response, traffic })
    }

    /// What else happened, as JSON: `{event, …}`.
    ///
    /// # Errors
    /// Where it can't be read; then nothing has happened.
    pub fn handle(&mut self, clock: &str, event: &str) -> Result<String, String> {
        let event = parse(event)?;
        let hashes =
            |name: &str| items(&event, name).iter().map(parsed::<Hash>).collect::<Result<_, _>>();
        let happened = match text(&event, "event")? {
            "network_up" => Event::NetworkUp,
            "network_down" => Event::NetworkDown,
            "tick" => Event::Tick,
            "enrolled" => Event::Enrolled(parsed(member(&event, "device")?)?),
            "failed" => Event::RequestFailed {
                request: parsed(member(&event, "request")?)?,
                retry_after: event.get("retry_after").and_then(Json::as_u64),
                problem: event.get("problem").and_then(Json::as_str).map(str::to_owned),
                traffic: traffic_of(&member(&event, "traffic")?.to_string())?,
            },
            "missing" => {
                Event::BlobsMissing { asked: hashes("asked")?, missing: hashes("missing")? }
            }
            "sent" => Event::BlobSent(parsed(member(&event, "hash")?)?),
            "blob_failed" => {
                Event::BlobFailed { retry_after: event.get("retry_after").and_then(Json::as_u64) }
            }
            other => return Err(format!("`{other}` is no event")),
        };
        self.happen(clock, happened)
    }

    /// Does what a person did: edits that belong together, as JSON
    /// (`[{collection, record, scope?, change, blobs?}]`, fields called by their names).
    ///
    /// # Errors
    /// Where it can't be read, names what there is not, or could have no effect; then nothing has
    /// happened. `unfit: WHY REGISTER/FIELD` where it is what a person typed: `WHY` is `long`,
    /// `type` or `large`.
    pub fn act(&mut self, clock: &str, edits: &str) -> Result<String, String> {
        let edits = parse(edits)?;
        let edits = edits.as_array().ok_or("edits are a list")?;
        let drafts = edits.iter().map(|edit| self.draft(edit)).collect::<Result<Vec<_>, _>>()?;
        self.happen(clock, Event::Edit(drafts))
    }

    /// The request that an effect `send` speaks of, as CBOR.
    pub fn request(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.request)
    }

    /// Records as a person sees them: `[{id, row?}]` as JSON goes in, `row` being what is stored of
    /// each; `[{id, collection, scope, fields}]` comes out, fields by their names, `null` for what
    /// is not there.
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn view(&self, known: &str) -> Result<String, String> {
        self.each(known, |row| self.named(row))
    }

    /// The same as rows: what a dossier is made of.
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn rows(&self, known: &str) -> Result<String, String> {
        self.each(known, of_row)
    }

    /// A value (JSON) of a field, called by its name or its id, as people read it.
    ///
    /// # Errors
    /// Where the value can't be read.
    pub fn words(
        &self,
        collection: &str,
        field: &str,
        value: &str,
        language: &str,
    ) -> Result<String, String> {
        let value = json::value(&parse(value)?);
        Ok(match (self.field(collection, field), &value) {
            (Some(field), value) => field.words(value, language),
            (None, Value::Text(text)) => text.clone(),
            (None, value) => of_value(value).to_string(),
        })
    }

    /// What a field is called.
    pub fn label(&self, collection: &str, field: &str, language: &str) -> String {
        let known = self.field(collection, field);
        let label = known.map(|field| field.labels.in_language(language).to_owned());
        label.unwrap_or_else(|| field.to_owned())
    }

    /// How many operations the server has not answered for.
    pub fn unsent(&self) -> usize {
        self.machine.unsent()
    }

    /// The blobs the server has not confirmed, as JSON.
    pub fn unverified(&self) -> String {
        let hashes = self.machine.unverified_blobs();
        hashes.iter().map(ToString::to_string).collect::<Json>().to_string()
    }

    /// Whether everything is handed over and everything there is was fetched.
    pub fn is_quiet(&self) -> bool {
        self.machine.is_quiet()
    }
}

impl Tablet {
    fn happen(&mut self, clock: &str, event: Event) -> Result<String, String> {
        let clock = parse(clock)?;
        let clock = ClockReading {
            wall: integer(&clock, "wall")?,
            monotonic: integer(&clock, "monotonic")?.unsigned_abs(),
            boot: text(&clock, "boot")?.to_owned(),
        };
        let effects = self.machine.handle(&clock, event);
        let told: Json = effects.into_iter().map(|effect| self.effect(effect)).collect();
        Ok(told.to_string())
    }

    fn effect(&mut self, effect: Effect) -> Json {
        let words = |hashes: Vec<Hash>| hashes.iter().map(ToString::to_string).collect::<Json>();
        match effect {
            Effect::Store(changes) => {
                object([("store", changes.iter().map(change).collect::<Json>())])
            }
            Effect::Send(request) => {
                self.request = cbor::write_request(&request);
                object([
                    ("send", request.request.to_string().into()),
                    ("ops", request.ops.len().into()),
                ])
            }
            Effect::AskMissing(hashes) => object([("ask", words(hashes))]),
            Effect::Upload(hash) => object([("upload", hash.to_string().into())]),
            Effect::Alarm(milliseconds) => object([("alarm", milliseconds.into())]),
            Effect::Wipe => object([("wipe", true.into())]),
            Effect::UpgradeNeeded => object([("upgrade", true.into())]),
        }
    }

    fn each(&self, known: &str, tell: impl Fn(&Row) -> Json) -> Result<String, String> {
        let known = parse(known)?;
        let mut seen = Vec::new();
        for one in known.as_array().into_iter().flatten() {
            let stored = match one.get("row") {
                None | Some(Json::Null) => None,
                Some(row) => Some(json::row(row)?),
            };
            let view = self.machine.view(&self.catalogue, record(one, "id")?, stored.as_ref());
            seen.push(view.as_ref().map_or(Json::Null, &tell));
        }
        Ok(Json::Array(seen).to_string())
    }

    fn named(&self, row: &Row) -> Json {
        let definition = self.catalogue.get(&row.definition);
        let current = || self.catalogue.current(&row.collection).map(|(_, current)| current);
        let definition = definition.or_else(current);
        let name = |id| match definition.and_then(|known| known.field(id)) {
            Some(field) => field.name.clone(),
            None => format!("#{id}"),
        };
        let fields = row.fields.iter().map(|(id, value)| (name(*id), of_value(value)));
        let scope = self.machine.scope_of(row.id);
        object([
            ("id", row.id.to_string().into()),
            ("collection", row.collection.as_str().into()),
            ("scope", scope.map_or(Json::Null, |scope| scope.as_str().into())),
            ("fields", fields.collect()),
        ])
    }

    fn field(&self, collection: &str, field: &str) -> Option<&Field> {
        let (_, register) = self.catalogue.current(collection)?;
        match field.parse() {
            Ok(id) => register.field(id),
            Err(_) => register.field_named(field),
        }
    }

    fn draft(&self, edit: &Json) -> Result<Draft, String> {
        let collection = text(edit, "collection")?;
        let id = record(edit, "record")?;
        let (definition, _) = self
            .catalogue
            .current(collection)
            .ok_or_else(|| format!("there is no register `{collection}`"))?;
        let scope = match (self.machine.scope_of(id), edit.get("scope")) {
            (Some(held), _) => held.clone(),
            (None, Some(scope)) => parsed(scope)?,
            (None, None) => return Err("a new record needs a scope".to_owned()),
        };
        let draft = Draft {
            collection: collection.to_owned(),
            record: id,
            scope,
            base: self.machine.version_of(id),
            change: self.change(collection, member(edit, "change")?)?,
            definition,
            blobs: items(edit, "blobs").iter().map(parsed).collect::<Result<_, _>>()?,
        };
        draft.check(&self.catalogue).map_err(|misfit| self.in_words(collection, misfit))?;
        Ok(draft)
    }

    fn in_words(&self, collection: &str, misfit: Misfit) -> String {
        let (why, id) = match misfit {
            Misfit::TooLarge => ("large", None),
            Misfit::Value(id, Unfit::TooLong) => ("long", Some(id)),
            Misfit::Value(id, _) => ("type", Some(id)),
            Misfit::Kind => return format!("`{collection}` takes no such change"),
        };
        let field = id.and_then(|id| self.field(collection, &id.to_string()));
        format!("unfit: {why} {collection}/{}", field.map_or("", |field| field.name.as_str()))
    }

    fn field_id(&self, collection: &str, name: &str) -> Result<FieldId, String> {
        let field = self.field(collection, name);
        field.map(|field| field.id).ok_or_else(|| format!("`{collection}` has no `{name}`"))
    }

    /// The values of a change, by the ids of a register's fields.
    fn fields(&self, collection: &str, change: &Json) -> Result<Fields, String> {
        let mut fields = Fields::new();
        for (name, value) in members(change, "fields") {
            fields.insert(self.field_id(collection, name)?, json::value(value));
        }
        Ok(fields)
    }

    fn change(&self, collection: &str, change: &Json) -> Result<Change, String> {
        let field = || self.field_id(collection, text(change, "field")?);
        let element = || member(change, "element").map(json::value);
        let fields = || self.fields(collection, change);
        Ok(match text(change, "kind")? {
            "create" => Change::Create { fields: fields()? },
            "patch" => Change::Patch { fields: fields()? },
            "sign" => Change::Sign { fields: fields()? },
            "delete" => Change::Delete,
            "add" => Change::Add { field: field()?, element: element()? },
            "remove" => Change::Remove { field: field()?, element: element()? },
            "delta" => Change::Delta { field: field()?, by: integer(change, "by")? },
            "transition" => Change::Transition {
                field: field()?,
                from: text(change, "from")?.to_owned(),
                to: text(change, "to")?.to_owned(),
            },
            "resolve" => Change::Resolve {
                choice: match text(change, "choice")? {
                    "keep" => Resolution::Keep,
                    "swap" => Resolution::Swap,
                    // The fields are those of the register that the conflict is about.
                    "edit" => {
                        Resolution::Edit { fields: self.fields(text(change, "of")?, change)? }
                    }
                    other => return Err(format!("`{other}` settles nothing")),
                },
                reason: json::storable(text(change, "reason")?),
            },
            other => return Err(format!("`{other}` is no change")),
        })
    }
}

/// A change of the store, in words.
fn change(change: &StoreChange) -> Json {
    match change {
        StoreChange::Identity(identity) => object([("identity", of_identity(identity))]),
        StoreChange::Op { seq, queued } => {
            let QueuedOp { op, outcome } = queued;
            let bytes = outcome.as_ref().map(|outcome| hex(&cbor::write_outcome(outcome)));
            object([
                ("seq", (*seq).into()),
                ("op", hex(&canonical::op_bytes(op)).into()),
                ("outcome", bytes.map_or(Json::Null, Json::from)),
                ("state", outcome.as_ref().map_or("queued", |outcome| outcome.name()).into()),
                ("record", op.record.to_string().into()),
                ("collection", op.collection.as_str().into()),
                ("scope", op.scope.as_str().into()),
            ])
        }
        StoreChange::DropOp { seq } => object([("drop_op", (*seq).into())]),
        StoreChange::Row { scope, row } => {
            object([("row", of_row(row)), ("scope", scope.as_str().into())])
        }
        StoreChange::DropRow { id } => object([("drop_row", id.to_string().into())]),
        StoreChange::Cursor { scope, cursor } => object([
            ("cursor", Json::Array(vec![cursor.seq.into(), cursor.floor.into()])),
            ("scope", scope.as_str().into()),
        ]),
        StoreChange::DropScope { scope } => object([("drop_scope", scope.as_str().into())]),
        StoreChange::Blob { hash, state } => {
            let verified = match state {
                BlobState::Referenced => Json::Null,
                BlobState::Verified { next } => (*next).into(),
            };
            object([("blob", hash.to_string().into()), ("verified", verified)])
        }
        StoreChange::DropBlob { hash } => object([("drop_blob", hash.to_string().into())]),
        StoreChange::Attempt(attempt) => object([("attempt", of_attempt(attempt))]),
    }
}

/// A line of the sync log, with its words.
fn of_attempt(attempt: &Attempt) -> Json {
    let went_through = matches!(attempt.result, AttemptResult::Ok(_));
    let problem = match &attempt.result {
        AttemptResult::Refused { problem } => problem.as_str().into(),
        _ => Json::Null,
    };
    object([
        ("at", attempt.at.into()),
        ("sent", attempt.traffic.sent.into()),
        ("received", attempt.traffic.received.into()),
        ("elapsed", attempt.traffic.elapsed.into()),
        ("ops", attempt.ops.into()),
        ("rows", attempt.rows.into()),
        ("skew", attempt.skew.map_or(Json::Null, Json::from)),
        ("ok", went_through.into()),
        ("problem", problem),
        ("zh", attempt.in_words(Language::Chinese).into()),
        ("en", attempt.in_words(Language::English).into()),
    ])
}

fn of_identity(identity: &Identity) -> Json {
    let Identity { device, author, incarnation, inherits, begins, epoch, safe_before } = identity;
    let inherits = inherits.map(|from| {
        object([
            ("incarnation", from.incarnation.to_string().into()),
            ("before", from.before.into()),
        ])
    });
    object([
        ("device", device.to_string().into()),
        ("author", author.to_string().into()),
        ("incarnation", incarnation.to_string().into()),
        ("inherits", inherits.unwrap_or(Json::Null)),
        ("begins", (*begins).into()),
        ("epoch", epoch.map_or(Json::Null, |epoch| epoch.to_string().into())),
        ("safe_before", (*safe_before).into()),
    ])
}

fn identity(json: &Json) -> Result<Identity, String> {
    let number = |of: &Json, name: &str| integer(of, name).map(i64::unsigned_abs);
    let inherits = match member(json, "inherits")? {
        Json::Null => None,
        from => Some(Inheritance {
            incarnation: parsed(member(from, "incarnation")?)?,
            before: number(from, "before")?,
        }),
    };
    let epoch = match member(json, "epoch")? {
        Json::Null => None,
        epoch => Some(parsed(epoch)?),
    };
    Ok(Identity {
        device: parsed(member(json, "device")?)?,
        author: parsed(member(json, "author")?)?,
        incarnation: parsed(member(json, "incarnation")?)?,
        inherits,
        begins: number(json, "begins")?,
        epoch,
        safe_before: number(json, "safe_before")?,
    })
}

fn traffic_of(json: &str) -> Result<Traffic, String> {
    let json = parse(json)?;
    let number = |name: &str| integer(&json, name).map(i64::unsigned_abs);
    Ok(Traffic {
        sent: number("sent")?,
        received: number("received")?,
        elapsed: number("elapsed")?,
    })
}

fn scope_of(text: &str) -> Result<ScopeId, String> {
    text.parse().map_err(told)
}

fn told(problem: impl std::fmt::Display) -> String {
    problem.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_opened_as_it_was_left() {
        let identity = enrolled(
            "0190a0a0-0000-7000-8000-000000000001",
            "0190a0a0-0000-7000-8000-000000000002",
            7,
        )
        .unwrap();
        let kept = format!(r#"{{"identity":{identity},"ops":[],"cursors":{{}}}}"#);
        let clock = r#"{"wall":1700000000000,"monotonic":5,"boot":"b"}"#;
        let mut tablet = Tablet::open(&kept, 1).unwrap();
        for register in mobile_schema::register::builtin_registers() {
            tablet.define(&String::from_utf8(register.bundle()).unwrap()).unwrap();
        }
        let record = "0190a0a0-0000-7000-8000-00000000000a";
        let edits = format!(
            r#"[{{"collection":"household","record":"{record}","scope":"area:1",
                 "change":{{"kind":"create","fields":{{"head_name":"王（虚构）","persons":3}}}}}}]"#
        );
        let effects = parse(&tablet.act(clock, &edits).unwrap()).unwrap();
        let stored = &effects[0]["store"][0];
        assert_eq!(stored["state"], "queued");
        assert_eq!(tablet.unsent(), 1);

        let kept = object([
            ("identity", parse(&identity).unwrap()),
            ("ops", Json::Array(vec![stored.clone()])),
        ]);
        let mut again = Tablet::open(&kept.to_string(), 2).unwrap();
        for register in mobile_schema::register::builtin_registers() {
            again.define(&String::from_utf8(register.bundle()).unwrap()).unwrap();
        }
        assert_eq!(again.unsent(), 1);
        let known = format!(r#"[{{"id":"{record}"}}]"#);
        let seen = parse(&again.view(&known).unwrap()).unwrap();
        assert_eq!(seen[0]["fields"]["head_name"], "王（虚构）");
        assert_eq!(seen[0]["fields"]["persons"], 3);
        // What nobody has seen yet is edited where it is to be.
        let edits = format!(
            r#"[{{"collection":"household","record":"{record}","change":{{"kind":"patch","fields":{{"persons":4}}}}}}]"#
        );
        again.act(clock, &edits).unwrap();
        let seen = parse(&again.view(&known).unwrap()).unwrap();
        assert_eq!(
            (&seen[0]["fields"]["persons"], &seen[0]["scope"]),
            (&4.into(), &"area:1".into())
        );
        let sent = parse(&again.handle(clock, r#"{"event":"network_up"}"#).unwrap()).unwrap();
        assert_eq!(sent[0]["ops"], 2);
        assert!(cbor::read_request(&again.request()).is_ok());
        assert_eq!(again.words("household", "7", "\"low_income\"", "zh-CN").unwrap(), "低保户");
    }

    #[test]
    fn rubbish_is_refused_and_changes_nothing() {
        assert!(Tablet::open("{", 1).is_err());
        assert!(Tablet::open(r#"{"identity":{}}"#, 1).is_err());
    }
}
