//! What cadres do: operations as a form would make them, and some that no form makes.

use mobile_schema::{Hash, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sync_protocol::op::{Change, Fields, Resolution};
use sync_protocol::tablet::Draft;
use sync_protocol::{RecordId, Row, ScopeId};

use crate::county::{household, visit};
use crate::device::Device;
use crate::step::Deed;

/// Operations that belong together, and what the oracle should know of them.
pub struct Work {
    /// The operations.
    pub drafts: Vec<Draft>,
    /// Photos that were taken for them.
    pub photos: Vec<Hash>,
    /// Whether they must be refused.
    pub poison: bool,
}

/// What a tablet's owner does to a record that `pick` chooses; nothing if there is none to do it to.
pub fn work(device: &Device, what: Deed, pick: u32, serial: u64) -> Option<Work> {
    let random = StdRng::seed_from_u64(u64::from(pick) << 20 | serial);
    Hands { device, random, serial }.work(what)
}

struct Hands<'a> {
    device: &'a Device,
    random: StdRng,
    serial: u64,
}

impl Hands<'_> {
    fn work(&mut self, what: Deed) -> Option<Work> {
        let drafts = match what {
            Deed::NewHousehold => vec![self.new_household()?],
            Deed::Address => vec![self.set(&[(household::ADDRESS, self.text("addr"))])?],
            Deed::Income => {
                let income = Value::Integer(self.random.random_range(0..5) * 100);
                vec![self.set(&[(household::INCOME, income)])?]
            }
            Deed::IncomeSource => vec![self.set(&[(household::INCOME_SOURCE, self.text("from"))])?],
            Deed::HouseholdKind => {
                let kinds = ["general", "monitored", "low_income"];
                let kind = kinds[self.random.random_range(0..3)];
                vec![self.set(&[(household::KIND, Value::List(vec![kind.into()]))])?]
            }
            Deed::SeveralFields => {
                let (address, source) = (self.text("both"), self.text("both"));
                let clear = Value::Null;
                vec![self.set(&[
                    (household::ADDRESS, address),
                    (household::INCOME_SOURCE, source),
                    (household::INCOME, clear),
                ])?]
            }
            Deed::NewerField => {
                let (_, known) = self.device.catalogue.current("household")?;
                known.field(household::WATER)?;
                vec![self.set(&[(household::WATER, self.text("well"))])?]
            }
            Deed::UnknownField => vec![self.set(&[
                (household::UNKNOWN, self.text("?")),
                (household::ADDRESS, self.text("beside")),
            ])?],
            Deed::AddGuarantee => {
                let element = self.guarantee();
                vec![self.change(Change::Add { field: household::GUARANTEES, element })?]
            }
            Deed::RemoveGuarantee => {
                let element = self.guarantee();
                vec![self.change(Change::Remove { field: household::GUARANTEES, element })?]
            }
            Deed::AddPhoto => return self.photo(),
            Deed::Persons => {
                let by = self.random.random_range(-2..4);
                vec![self.change(Change::Delta { field: household::PERSONS, by })?]
            }
            Deed::Note => {
                let element = self.text("note");
                vec![self.change(Change::Add { field: household::NOTES, element })?]
            }
            Deed::Visit => return self.visit(),
            Deed::MoveStatus if self.random.random_range(0..6) == 0 => vec![self.any_move()?],
            Deed::MoveStatus => vec![self.status()?],
            Deed::Sign => vec![self.sign(self.fresh_id())?],
            Deed::SignAgain => {
                let notice = self.one_of("notice")?;
                vec![self.sign(notice.id)?]
            }
            Deed::Delete => vec![self.change(Change::Delete)?],
            Deed::Move => {
                let to = self.scope()?;
                vec![self.change(Change::Move { to })?]
            }
            Deed::Poison => {
                let poison = self.set(&[(household::ADDRESS, "a\0b".into())])?;
                return Some(Work { drafts: vec![poison], photos: Vec::new(), poison: true });
            }
            Deed::Settle => vec![self.settle()?],
        };
        let poison = false;
        Some(Work { drafts, photos: Vec::new(), poison })
    }

    fn text(&self, about: &str) -> Value {
        format!("{about} {}", self.serial).into()
    }

    fn guarantee(&mut self) -> Value {
        ["food", "water", "housing"][self.random.random_range(0..3)].into()
    }

    fn fresh_id(&self) -> RecordId {
        // The ends of ids decide which part of a scope they are in.
        let spread = self.serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = uuid::Builder::from_random_bytes(
            (u128::from(self.serial) << 64 | u128::from(spread)).to_be_bytes(),
        );
        RecordId(id.into_uuid())
    }

    fn scope(&mut self) -> Option<ScopeId> {
        let scopes: Vec<_> = self.device.store.stored.cursors.keys().collect();
        let at = self.random.random_range(0..scopes.len().max(1));
        scopes.get(at).map(|scope| (*scope).clone())
    }

    /// One of the records of a register that the cadre sees, stored or pending.
    fn one_of(&mut self, collection: &str) -> Option<Row> {
        let pending = self.device.machine.outbox().map(|(_, queued)| queued.op.record);
        let mut ids: Vec<RecordId> =
            self.device.store.rows.keys().copied().chain(pending).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows: Vec<_> = ids
            .into_iter()
            .filter_map(|id| self.device.view(id))
            .filter(|row| row.collection == collection)
            .collect();
        // A few records that many change are worth more than many that nobody does.
        let at = self.random.random_range(0..rows.len().clamp(1, 4));
        rows.into_iter().nth(at)
    }

    fn draft(
        &self,
        collection: &str,
        record: RecordId,
        scope: ScopeId,
        change: Change,
    ) -> Option<Draft> {
        let (definition, _) = self.device.catalogue.current(collection)?;
        let base = self.device.machine.version_of(record);
        let collection = collection.to_owned();
        Some(Draft { collection, record, scope, base, change, definition, blobs: Vec::new() })
    }

    fn new_household(&mut self) -> Option<Draft> {
        let fields = Fields::from([
            (household::ADDRESS, self.text("new")),
            (household::PERSONS, Value::Integer(self.random.random_range(1..6))),
            (household::GUARANTEES, Value::List(vec!["food".into()])),
        ]);
        let scope = self.scope()?;
        self.draft("household", self.fresh_id(), scope, Change::Create { fields })
    }

    /// The scope the record is in, as far as the tablet knows.
    fn scope_of(&self, record: RecordId) -> Option<ScopeId> {
        let machine = &self.device.machine;
        let mut of_record = machine.outbox().filter(|(_, queued)| queued.op.record == record);
        machine
            .scope_of(record)
            .cloned()
            .or_else(|| of_record.next().map(|(_, queued)| queued.op.scope.clone()))
    }

    fn change(&mut self, change: Change) -> Option<Draft> {
        let record = self.one_of("household")?.id;
        self.draft("household", record, self.scope_of(record)?, change)
    }

    fn set(&mut self, values: &[(u32, Value)]) -> Option<Draft> {
        self.change(Change::Patch { fields: values.iter().cloned().collect() })
    }

    fn photo(&mut self) -> Option<Work> {
        let hash = Hash::of(&self.serial.to_be_bytes());
        let element = hash.to_string().into();
        let mut draft = self.change(Change::Add { field: household::PHOTOS, element })?;
        draft.blobs = vec![hash];
        Some(Work { drafts: vec![draft], photos: vec![hash], poison: false })
    }

    /// A visit with what it changes in its household, as one group.
    fn visit(&mut self) -> Option<Work> {
        let household = self.one_of("household")?.id;
        let scope = self.scope_of(household)?;
        let hash = Hash::of(&self.serial.to_be_bytes());
        let fields = Fields::from([
            (visit::HOUSEHOLD, household.to_string().into()),
            (visit::PURPOSE, self.text("visit")),
            (visit::STATUS, "submitted".into()),
            (visit::PHOTOS, Value::List(vec![hash.to_string().into()])),
        ]);
        let made = Change::Create { fields };
        let mut visit = self.draft("visit", self.fresh_id(), scope.clone(), made)?;
        visit.blobs = vec![hash];
        let fields = Fields::from([(household::ADDRESS, self.text("visited"))]);
        let patch = self.draft("household", household, scope.clone(), Change::Patch { fields })?;
        // The form of a newer register, now and then: the household's part waits, the visit never.
        let also = match self.random.random_range(0..4) {
            0 => Change::Patch { fields: Fields::from([(household::UNKNOWN, self.text("?"))]) },
            _ => Change::Delta { field: household::PERSONS, by: 1 },
        };
        let also = self.draft("household", household, scope, also)?;
        let mut drafts = vec![visit, patch, also];
        // And what is said of another visit: a move that does not exist, maybe.
        if self.random.random_range(0..4) == 0
            && let Some(moved) = self.any_move()
        {
            drafts.push(moved);
        }
        Some(Work { drafts, photos: vec![hash], poison: false })
    }

    fn status(&mut self) -> Option<Draft> {
        let row = self.one_of("visit")?;
        let from = row.fields.get(&visit::STATUS)?.as_text()?;
        let next: &[&str] = match from {
            "submitted" | "resubmitted" => &["in_review"],
            "in_review" => &["returned", "approved", "rejected"],
            "returned" => &["resubmitted"],
            // Approved: an edit of it is an amendment.
            _ => {
                let fields = Fields::from([(visit::PURPOSE, self.text("amended"))]);
                let scope = self.scope_of(row.id)?;
                return self.draft("visit", row.id, scope, Change::Patch { fields });
            }
        };
        let to = next[self.random.random_range(0..next.len())].to_owned();
        let change = Change::Transition { field: visit::STATUS, from: from.to_owned(), to };
        self.draft("visit", row.id, self.scope_of(row.id)?, change)
    }

    /// A form moves a status as its author has imagined.
    fn any_move(&mut self) -> Option<Draft> {
        let row = self.one_of("visit")?;
        let from = row.fields.get(&visit::STATUS)?.as_text()?.to_owned();
        let to = ["returned", "approved", "submitted"][self.random.random_range(0..3)].to_owned();
        let change = Change::Transition { field: visit::STATUS, from, to };
        self.draft("visit", row.id, self.scope_of(row.id)?, change)
    }

    fn sign(&mut self, record: RecordId) -> Option<Draft> {
        let fields = Fields::from([(3, self.text("content")), (4, self.text("digest"))]);
        let scope = self.scope()?;
        let mut draft = self.draft("notice", record, scope, Change::Sign { fields })?;
        draft.base = None;
        Some(draft)
    }

    fn settle(&mut self) -> Option<Draft> {
        let conflict = self.one_of("conflict")?;
        let group = u32::try_from(conflict.fields.get(&3)?.as_integer()?).ok()?;
        let choice = match self.random.random_range(0..3) {
            0 => Resolution::Keep,
            1 => Resolution::Swap,
            _ if group == household::ADDRESS => {
                let fields = Fields::from([(household::ADDRESS, self.text("settled"))]);
                Resolution::Edit { fields }
            }
            _ => Resolution::Swap,
        };
        let reason = "asked the household".to_owned();
        let change = Change::Resolve { choice, reason };
        self.draft("conflict", conflict.id, self.scope_of(conflict.id)?, change)
    }
}
