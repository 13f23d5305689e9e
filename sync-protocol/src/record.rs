//! Records as the server keeps them and as tablets see them.

use std::collections::BTreeMap;

use mobile_schema::{FieldId, Hash};
use serde::{Deserialize, Serialize};

use crate::op::Fields;
use crate::{Hlc, IncarnationId, RecordId, ScopeId, UserId, Version};

/// A record with what merging needs to know of its past.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// The register it belongs to.
    pub collection: String,
    /// The scope it is in.
    pub scope: ScopeId,
    /// Its version now.
    pub version: Version,
    /// The definition its values follow.
    pub definition: Hash,
    /// Whether it is gone. A record that is gone never comes back.
    pub deleted: bool,
    /// Its values; a field without a value is absent.
    pub fields: Fields,
    /// Who wrote what, when.
    pub marks: Marks,
}

/// Who wrote which field and which element last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// The creation: stands for every field and element not named below.
    pub created: Mark,
    /// The last write of a field. Field 0 is the record's scope and life.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<FieldId, Mark>,
    /// The last addition of an element, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub elements: BTreeMap<FieldId, BTreeMap<String, Mark>>,
}

impl Marks {
    /// Of a record that was created, and nothing else.
    pub fn of(created: Mark) -> Self {
        Self { created, fields: BTreeMap::new(), elements: BTreeMap::new() }
    }
}

/// A write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The version it made.
    #[serde(rename = "v")]
    pub version: Version,
    /// The operation that made it.
    #[serde(rename = "w")]
    pub writer: Writer,
    /// Whose operation it was.
    #[serde(rename = "a")]
    pub author: UserId,
    /// The operation's clock, as it was clamped on receipt.
    #[serde(rename = "t")]
    pub at: Hlc,
}

/// An operation's place in the chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Writer {
    /// The incarnation that presented it.
    pub incarnation: IncarnationId,
    /// Its number in the incarnation's chain.
    pub seq: u64,
}

impl Serialize for Writer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.incarnation, self.seq).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Writer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (incarnation, seq) = Deserialize::deserialize(deserializer)?;
        Ok(Self { incarnation, seq })
    }
}

impl Marks {
    /// The last write of a field.
    pub fn field(&self, field: FieldId) -> &Mark {
        self.fields.get(&field).unwrap_or(&self.created)
    }

    /// The last addition of an element.
    pub fn element(&self, field: FieldId, element: &str) -> &Mark {
        self.elements.get(&field).and_then(|marks| marks.get(element)).unwrap_or(&self.created)
    }
}

/// A record as a tablet sees it: one line of a feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its name.
    pub id: RecordId,
    /// The register it belongs to.
    pub collection: String,
    /// Its version.
    pub version: Version,
    /// The definition its values follow.
    pub definition: Hash,
    /// Its values.
    #[serde(deserialize_with = "crate::op::fields_by_id")]
    pub fields: Fields,
}

impl From<&Record> for Row {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id,
            collection: record.collection.clone(),
            version: record.version,
            definition: record.definition,
            fields: record.fields.clone(),
        }
    }
}
