//! Conflict records: two values, who wrote each and when, for a person to settle.

use mobile_schema::{FieldId, Hash, MergePolicy, RegisterDefinition, Value};

use super::{Authority, Numbered};
use crate::op::Fields;
use crate::record::{Mark, Marks, Record};
use crate::{RecordId, Version};

/// The fields of the built-in register `conflict`.
pub(super) mod field {
    use mobile_schema::FieldId;
    pub(in crate::merge) const RECORD: FieldId = 1;
    pub(in crate::merge) const COLLECTION: FieldId = 2;
    pub(in crate::merge) const GROUP: FieldId = 3;
    pub(in crate::merge) const POLICY: FieldId = 4;
    pub(in crate::merge) const WINNER: FieldId = 5;
    pub(in crate::merge) const LOSER: FieldId = 6;
    pub(in crate::merge) const STATE: FieldId = 7;
    pub(in crate::merge) const RESOLUTION: FieldId = 8;
    pub(in crate::merge) const LABEL: FieldId = 9;
}

/// Two writes of one group, neither of which knew the other.
pub(super) struct Clash {
    pub(super) group: FieldId,
    pub(super) policy: MergePolicy,
    pub(super) winner: Side,
    pub(super) loser: Side,
}

/// One of the two.
pub(super) struct Side {
    pub(super) values: Value,
    pub(super) mark: Mark,
}

impl Side {
    /// `{values, author, at, version, writer}`
    fn into_value(self) -> Value {
        let Mark { version, writer, author, at } = self.mark;
        let entries = [
            ("values", self.values),
            ("author", author.to_string().into()),
            ("at", at.wall.into()),
            ("epoch", version.epoch.to_string().into()),
            ("n", Value::Integer(i64::try_from(version.n).unwrap_or(i64::MAX))),
            ("incarnation", writer.incarnation.to_string().into()),
            ("seq", Value::Integer(i64::try_from(writer.seq).unwrap_or(i64::MAX))),
        ];
        Value::Map(entries.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

impl Clash {
    /// The conflict record, in the scope of the record it is about. Its id follows from the
    /// operation and the group, so the same conflict is never raised twice.
    pub(super) fn into_record(
        self,
        authority: &Authority<'_>,
        numbered: &Numbered<'_>,
        definition: &RegisterDefinition,
        about: &Record,
    ) -> Record {
        let mut seed = numbered.op.key().as_bytes().to_vec();
        seed.extend_from_slice(&self.group.to_be_bytes());
        let version = Version { epoch: authority.lineage.current(), n: 1 };
        let policy = match self.policy {
            MergePolicy::Latest => "latest",
            MergePolicy::CompareAndSet => "compare_and_set",
            _ => "authority",
        };
        let label =
            definition.field(self.group).map_or("", |field| field.labels.in_language("zh-CN"));
        let fields = Fields::from([
            (field::RECORD, about.id.to_string().into()),
            (field::COLLECTION, about.collection.clone().into()),
            (field::GROUP, Value::Integer(i64::from(self.group))),
            (field::POLICY, policy.into()),
            (field::WINNER, self.winner.into_value()),
            (field::LOSER, self.loser.into_value()),
            (field::STATE, "open".into()),
            (field::LABEL, label.into()),
        ]);
        let known = authority.catalogue.current("conflict");
        Record {
            id: RecordId::derived(&Hash::of(&seed)),
            collection: "conflict".to_owned(),
            scope: about.scope.clone(),
            version,
            definition: known.map_or(Hash([0; 32]), |(hash, _)| hash),
            deleted: false,
            fields,
            marks: Marks {
                created: authority.mark(numbered, version),
                fields: Default::default(),
                elements: Default::default(),
            },
        }
    }
}

/// Values by field id as a map with text keys, and back.
pub(super) trait FieldMap: Sized {
    fn from_fields(fields: &Fields) -> Self;
    fn to_fields(&self) -> Fields;
    fn named(name: &str, value: impl Into<Value>) -> Self;
}

impl FieldMap for Value {
    fn from_fields(fields: &Fields) -> Self {
        Self::Map(fields.iter().map(|(id, value)| (id.to_string(), value.clone())).collect())
    }

    fn to_fields(&self) -> Fields {
        let Self::Map(entries) = self else { return Fields::new() };
        let entry = |(id, value): (&String, &Value)| Some((id.parse().ok()?, value.clone()));
        entries.iter().filter_map(entry).collect()
    }

    fn named(name: &str, value: impl Into<Value>) -> Self {
        Self::Map([(name.to_owned(), value.into())].into())
    }
}
