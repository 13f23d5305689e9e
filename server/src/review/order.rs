//! In which order visits are looked at: the most urgent first, the older of two before the newer,
//! and every so often one that is drawn by lot. Who is drawn follows from the visit's id and the
//! policy, so nobody steers it and it can be done again.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::policy::Policy;
use crate::db::Timestamp;

/// A visit that waits to be reviewed.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: Uuid,
    /// When it was received.
    pub(super) received: Timestamp,
    /// Whether it came back corrected.
    pub(super) resubmitted: bool,
    /// The rules of the open findings about it.
    pub(super) open: Vec<String>,
}

/// Why a visit stands where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Place {
    pub(super) visit: Uuid,
    /// The sum of what follows.
    urgency: u32,
    /// What made it urgent, the heaviest first.
    reasons: Vec<Reason>,
    /// It was drawn by lot.
    drawn: bool,
}

/// Something that made a visit urgent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Reason {
    /// The rule of an open finding, or `resubmitted`.
    rule: String,
    weight: u32,
}

fn place(waiting: &Waiting, policy: &Policy) -> Place {
    let reason = |rule: &String| Reason { rule: rule.clone(), weight: policy.weight(rule) };
    let mut reasons: Vec<Reason> = waiting.open.iter().map(reason).collect();
    if waiting.resubmitted {
        reasons.push(Reason { rule: "resubmitted".to_owned(), weight: policy.resubmitted });
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.weight));
    let urgency = reasons.iter().map(|reason| reason.weight).sum();
    Place { visit: waiting.id, urgency, reasons, drawn: false }
}

/// The lot of a visit: whoever has the policy's name can draw it again.
fn lot(visit: Uuid, policy: &str) -> [u8; 32] {
    Sha256::new().chain_update(policy).chain_update(visit.as_bytes()).finalize().into()
}

/// Puts visits in order. `name` is the policy's.
pub(super) fn order(waiting: &[Waiting], policy: &Policy, name: &str) -> Vec<Place> {
    let mut urgent: Vec<(Timestamp, Place)> =
        waiting.iter().map(|one| (one.received, place(one, policy))).collect();
    urgent.sort_by_key(|(received, place)| {
        (std::cmp::Reverse(place.urgency), *received, place.visit)
    });
    let urgent: Vec<Place> = urgent.into_iter().map(|(_, place)| place).collect();
    let mut lots: Vec<Place> = urgent.clone();
    lots.sort_by_cached_key(|place| lot(place.visit, name));
    let (mut urgent, mut lots) = (urgent.into_iter().peekable(), lots.into_iter().peekable());
    let mut taken = std::collections::HashSet::new();
    let (mut places, mut owed) = (Vec::with_capacity(waiting.len()), 0);
    loop {
        owed += policy.random_percent;
        let is_drawn = owed >= 100;
        let next = match is_drawn {
            true => lots.find(|place| !taken.contains(&place.visit)),
            false => urgent.find(|place| !taken.contains(&place.visit)),
        };
        let Some(next) = next else { return places };
        if is_drawn {
            owed -= 100;
        }
        taken.insert(next.visit);
        places.push(Place { drawn: is_drawn, ..next });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(count: u128) -> Vec<Waiting> {
        let one = |id| Waiting {
            // What an id begins with says nothing about its age.
            id: Uuid::from_u128(u128::MAX - id),
            received: Timestamp(id as i64),
            resubmitted: id % 7 == 0,
            open: if id % 5 == 0 { vec!["photo/reused".to_owned()] } else { Vec::new() },
        };
        (1..=count).map(one).collect()
    }

    #[test]
    fn the_urgent_come_first_and_the_older_before_the_newer() {
        let policy = Policy { random_percent: 0, ..Policy::builtin() };
        let places = order(&waiting(20), &policy, "p");
        let ids: Vec<u128> = places.iter().map(|place| u128::MAX - place.visit.as_u128()).collect();
        assert_eq!(ids[..6], [5, 10, 15, 20, 7, 14]);
        assert_eq!(ids.len(), 20);
        assert_eq!(places[0].reasons[0], Reason { rule: "photo/reused".into(), weight: 60 });
    }

    #[test]
    fn a_share_is_drawn_by_lot_and_nothing_is_left_out() {
        let policy = Policy { random_percent: 20, ..Policy::builtin() };
        let places = order(&waiting(200), &policy, "p");
        assert_eq!(places.iter().filter(|place| place.drawn).count(), 40);
        let mut ids: Vec<Uuid> = places.iter().map(|place| place.visit).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 200);
        let drawn = |name| -> Vec<Uuid> {
            let places = order(&waiting(200), &policy, name);
            places.into_iter().filter(|place| place.drawn).map(|place| place.visit).collect()
        };
        assert_eq!(drawn("p"), drawn("p"), "it can be drawn again");
        assert_ne!(drawn("p"), drawn("q"), "another policy draws others");
    }

    #[test]
    fn all_by_lot_and_none_by_lot_end() {
        for random_percent in [0, 33, 100] {
            let policy = Policy { random_percent, ..Policy::builtin() };
            assert_eq!(order(&waiting(50), &policy, "p").len(), 50);
        }
        assert_eq!(order(&[], &Policy::builtin(), "p"), []);
    }
}
