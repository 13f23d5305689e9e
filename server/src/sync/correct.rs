//! What a person puts right in an operation before it takes effect.

use mobile_schema::{FieldId, Value};
use serde::Deserialize;
use sync_protocol::Op;
use sync_protocol::op::Change;
use utoipa::ToSchema;

/// Something that is put right.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Correction {
    /// Which of the operations.
    pub(super) seq: i64,
    /// The field; the whole operation is left out where there is none.
    #[serde(default)]
    pub(super) field: Option<FieldId>,
    /// What the field is to hold: in an operation that adds, removes or moves a status, the
    /// element or the status. Without it, the field is left out.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) value: Value,
}

/// What is signed stands as it was signed, and what names no field has none to put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uncorrectable;

/// The operations as they are to be applied, by their numbers.
pub(super) fn correct(
    ops: Vec<(i64, Op)>,
    corrections: &[Correction],
) -> Result<Vec<Op>, Uncorrectable> {
    let mut left = Vec::with_capacity(ops.len());
    for (seq, mut op) in ops {
        let mut stays = true;
        for one in corrections.iter().filter(|one| one.seq == seq) {
            stays &= match one.field {
                None => false,
                Some(field) => change(&mut op.change, field, &one.value)?,
            };
        }
        if stays {
            left.push(op);
        }
    }
    Ok(left)
}

/// Puts a field right; says whether anything is left of the change.
fn change(change: &mut Change, id: FieldId, value: &Value) -> Result<bool, Uncorrectable> {
    match change {
        Change::Create { fields } | Change::Patch { fields } => {
            if value.is_null() {
                fields.remove(&id);
            } else {
                fields.insert(id, value.clone());
            }
            Ok(matches!(change, Change::Create { .. }) || !is_empty(change))
        }
        Change::Add { field, element } | Change::Remove { field, element } if *field == id => {
            *element = value.clone();
            Ok(!value.is_null())
        }
        Change::Delta { field, by } if *field == id => {
            *by = value.as_integer().unwrap_or(0);
            Ok(*by != 0)
        }
        Change::Transition { field, to, .. } if *field == id => {
            *to = value.as_text().unwrap_or_default().to_owned();
            Ok(!to.is_empty())
        }
        _ => Err(Uncorrectable),
    }
}

fn is_empty(change: &Change) -> bool {
    matches!(change, Change::Patch { fields } if fields.is_empty())
}
