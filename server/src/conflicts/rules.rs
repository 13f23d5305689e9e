//! What was before a conflict, read off operations.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::{FieldId, Value};
use sync_protocol::Op;
use sync_protocol::op::{Change, Resolution};

/// The values that these fields had after `ops`, which come newest first. A field that the record
/// never had is null; one of which it can't be told is not there at all.
pub(super) fn values_after(
    ops: impl IntoIterator<Item = Op>,
    fields: BTreeSet<FieldId>,
) -> BTreeMap<FieldId, Value> {
    let mut values = BTreeMap::new();
    let mut wanted = fields;
    for op in ops {
        if wanted.is_empty() {
            break;
        }
        let begins = matches!(op.change, Change::Create { .. } | Change::Sign { .. });
        let set = match op.change {
            Change::Create { fields } | Change::Patch { fields } | Change::Sign { fields } => {
                fields
            }
            Change::Resolve { choice: Resolution::Edit { fields }, .. } => fields,
            Change::Transition { field, to, .. } => [(field, Value::Text(to))].into(),
            // Which values it put in place stands in the conflict, not here.
            Change::Resolve { choice: Resolution::Swap, .. } => return values,
            _ => continue,
        };
        for (field, value) in set {
            if wanted.remove(&field) {
                values.insert(field, value);
            }
        }
        if begins {
            values
                .extend(std::mem::take(&mut wanted).into_iter().map(|field| (field, Value::Null)));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use mobile_schema::Hash;
    use sync_protocol::op::Fields;
    use sync_protocol::{Hlc, RecordId, ScopeId, UserId};
    use uuid::Uuid;

    use super::*;

    fn after(changes: Vec<Change>) -> BTreeMap<FieldId, Value> {
        let op = |change| Op {
            collection: "household".into(),
            record: RecordId(Uuid::nil()),
            scope: ScopeId::area("529901100201").expect("a scope"),
            base: None,
            change,
            at: Hlc { wall: 0, counter: 0, node: 0 },
            definition: Hash([0; 32]),
            author: UserId(Uuid::nil()),
            blobs: Vec::new(),
            group: None,
        };
        values_after(changes.into_iter().map(op), BTreeSet::from([4, 5]))
    }

    fn fields(value: &str) -> Fields {
        Fields::from([(4, value.into())])
    }

    #[test]
    fn the_newest_value_counts_and_what_was_never_set_is_null() {
        let patch = Change::Patch { fields: fields("新") };
        let create = Change::Create { fields: fields("旧") };
        let found = after(vec![Change::Delete, patch, create]);
        assert_eq!(found, BTreeMap::from([(4, "新".into()), (5, Value::Null)]));
    }

    #[test]
    fn nothing_is_said_where_the_operations_do_not_tell() {
        let settled = |choice| Change::Resolve { choice, reason: "问过".into() };
        let create = || Change::Create { fields: fields("旧") };
        let edited = after(vec![settled(Resolution::Edit { fields: fields("改") }), create()]);
        assert_eq!(edited[&4], "改".into());
        assert_eq!(after(vec![settled(Resolution::Swap), create()]), BTreeMap::new());
        assert_eq!(after(vec![Change::Patch { fields: fields("新") }]).len(), 1, "no beginning");
    }
}
