//! What is pending, laid over what is stored: what a person sees.

use mobile_schema::{Catalogue, MergePolicy, Value};

use crate::op::{Change, Op};
use crate::record::Row;
use crate::{Epoch, Version};

/// The row with `pending` operations laid over it; none if it is not there, or deleted.
pub(super) fn lay<'a>(
    catalogue: &Catalogue,
    mut row: Option<Row>,
    pending: impl Iterator<Item = &'a Op>,
) -> Option<Row> {
    for op in pending {
        row = match (&op.change, row) {
            (Change::Create { fields } | Change::Sign { fields }, None) => Some(Row {
                id: op.record,
                collection: op.collection.clone(),
                version: Version { epoch: Epoch(0), n: 0 },
                definition: op.definition,
                fields: fields
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(id, value)| (*id, value.clone()))
                    .collect(),
            }),
            (Change::Delete, _) => None,
            (_, Some(mut row)) => {
                change(catalogue, &mut row, op);
                Some(row)
            }
            (_, None) => None,
        };
    }
    row
}

fn change(catalogue: &Catalogue, row: &mut Row, op: &Op) {
    match &op.change {
        Change::Patch { fields } => {
            for (id, value) in fields {
                if value.is_null() {
                    row.fields.remove(id);
                } else {
                    row.fields.insert(*id, value.clone());
                }
            }
        }
        Change::Add { field, element } => {
            let definition = catalogue.get(&op.definition);
            let policy =
                definition.and_then(|known| known.field(*field)).map(|field| field.policy());
            let list = row.fields.entry(*field).or_insert_with(|| Value::List(Vec::new()));
            if let Value::List(items) = list {
                if policy == Some(MergePolicy::Append) {
                    items.push(Value::Map([("text".to_owned(), element.clone())].into()));
                } else if !items.contains(element) {
                    items.push(element.clone());
                }
            }
        }
        Change::Remove { field, element } => {
            if let Some(Value::List(items)) = row.fields.get_mut(field) {
                items.retain(|item| item != element);
            }
        }
        Change::Delta { field, by } => {
            let count = row.fields.get(field).and_then(Value::as_integer).unwrap_or(0);
            row.fields.insert(*field, Value::Integer(count.saturating_add(*by)));
        }
        Change::Transition { field, to, .. } => {
            row.fields.insert(*field, Value::from(to.as_str()));
        }
        Change::Create { .. }
        | Change::Sign { .. }
        | Change::Delete
        | Change::Move { .. }
        | Change::Resolve { .. } => {}
    }
}
