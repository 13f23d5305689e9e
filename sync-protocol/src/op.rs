//! Operations: what a tablet says happened.

use std::collections::BTreeMap;

use mobile_schema::{FieldId, Hash, Value};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{GroupId, Hlc, RecordId, ScopeId, UserId, Version};

/// Values by field id.
pub type Fields = BTreeMap<FieldId, Value>;

/// Reads values by field id. JSON has the ids as text, and serde forgets that they are numbers
/// once a tagged enum has buffered them.
pub(crate) fn fields_by_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    let by_text = BTreeMap::<String, Value>::deserialize(deserializer)?;
    by_text
        .into_iter()
        .map(|(id, value)| match id.parse() {
            Ok(number) => Ok((number, value)),
            Err(_) => Err(D::Error::custom(format_args!("`{id}` is no field id"))),
        })
        .collect()
}

/// One change to one record, with the version it was based on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Op {
    /// The register the record belongs to.
    pub collection: String,
    /// The record.
    pub record: RecordId,
    /// The scope the tablet believes the record to be in.
    pub scope: ScopeId,
    /// The version the tablet had seen; none for a record it made itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Version>,
    /// What changes.
    pub change: Change,
    /// When, by the tablet's clock.
    pub at: Hlc,
    /// The hash of the definition the change was made with.
    pub definition: Hash,
    /// Who made it.
    pub author: UserId,
    /// Photos and documents it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Hash>,
    /// The group it is applied with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

/// Several operations, next to each other in the chain: of those about one record all are applied,
/// or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group's name.
    pub id: GroupId,
    /// How many operations it has.
    pub size: u16,
}

/// What an operation changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A new record.
    Create {
        /// Its values.
        #[serde(deserialize_with = "fields_by_id")]
        fields: Fields,
    },
    /// New values; `null` clears.
    Patch {
        /// The values by field id.
        #[serde(deserialize_with = "fields_by_id")]
        fields: Fields,
    },
    /// The record is gone.
    Delete,
    /// The record belongs to another scope from now on.
    Move {
        /// The new scope.
        to: ScopeId,
    },
    /// An element joins a set, or a note is added.
    Add {
        /// The field.
        field: FieldId,
        /// The element.
        element: Value,
    },
    /// An element leaves a set.
    Remove {
        /// The field.
        field: FieldId,
        /// The element.
        element: Value,
    },
    /// A count changes by a difference.
    Delta {
        /// The field.
        field: FieldId,
        /// The difference.
        by: i64,
    },
    /// A status moves along its workflow.
    Transition {
        /// The field.
        field: FieldId,
        /// The status it must have.
        from: String,
        /// The status it gets.
        to: String,
    },
    /// A record that is written once and never changed: a signed notification.
    Sign {
        /// Its values.
        #[serde(deserialize_with = "fields_by_id")]
        fields: Fields,
    },
    /// A person settles a conflict; `record` names the conflict.
    Resolve {
        /// What becomes of the two values.
        choice: Resolution,
        /// Why, in the person's words.
        reason: String,
    },
}

/// How a person settled a conflict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "snake_case", deny_unknown_fields)]
pub enum Resolution {
    /// The value that stands, stands.
    Keep,
    /// The other value replaces it.
    Swap,
    /// New values replace both.
    Edit {
        /// The values by field id.
        #[serde(deserialize_with = "fields_by_id")]
        fields: Fields,
    },
}

impl Op {
    /// The operation's key: the SHA-256 of its canonical bytes. It is never sent, and names the
    /// same operation in whatever incarnation or epoch it is pushed again.
    pub fn key(&self) -> Hash {
        Hash::of(&crate::encoding::canonical::op_bytes(self))
    }
}
