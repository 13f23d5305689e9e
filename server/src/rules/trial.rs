//! What rules would find, before anybody is asked anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use mobile_schema::pack::BundleKind;
use mobile_schema::rule::Rules;
use mobile_schema::{Catalogue, Hash, Labels};
use serde::Serialize;
use sync_protocol::finding::{RuleSets, judge_household};
use sync_protocol::{Record, RecordId, Row};
use utoipa::ToSchema;

use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::db::AnyConnection;
use crate::db::schema::records;
use crate::db::types::{Key, Timestamp};
use crate::http::Problem;
use crate::http::progress::Progress;
use crate::packs;
use crate::records as store;

/// Households that are looked at in one go.
const AT_ONCE: i64 = 200;
/// Households that are named for each rule.
const MOST_EXAMPLES: usize = 20;

/// What rules would find.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulesTried {
    /// Households that were looked at.
    households: usize,
    /// Those of them in which the published rules find something.
    found_now: usize,
    /// Those in which these would.
    found_then: usize,
    #[schema(value_type = String)]
    as_of: Timestamp,
    /// Rule by rule, in their order; then those that are no longer among them.
    rules: Vec<RuleTried>,
}

/// What a rule would find.
#[derive(Debug, Default, Serialize, ToSchema)]
struct RuleTried {
    /// Its id.
    rule: String,
    /// What people read where it doesn't hold.
    #[schema(value_type = BTreeMap<String, String>)]
    message: Labels,
    /// What it finds as it is published.
    now: usize,
    /// What it would find.
    then: usize,
    /// Of that, what is not found now.
    added: usize,
    /// What is found now, and would be no longer.
    gone: usize,
    /// Some of the households where something is added.
    examples: Vec<RuleExample>,
}

/// A household in which a rule would find something new.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct RuleExample {
    #[schema(value_type = String)]
    household: RecordId,
    /// What it is called.
    title: Option<String>,
    /// Its village.
    area: String,
}

/// Looks at all households of some areas by the rules, and by those that are published under their
/// name. Costs as much as there are households.
pub(super) async fn run(
    app: &App,
    areas: Vec<AreaPath>,
    rules: Arc<Rules>,
    progress: &Progress,
) -> Result<RulesTried, Problem> {
    let name = rules.set().name.clone();
    let (villages, of, published) = app
        .read(move |connection| {
            let all = areas::under(connection, &areas)?;
            let villages = all.into_iter().filter(|area| area.level == "village");
            let villages: Vec<(String, String)> =
                villages.map(|area| (areas::scope_of(&area), area.name)).collect();
            let scopes: Vec<&String> = villages.iter().map(|(scope, _)| scope).collect();
            let count: i64 = records::table
                .filter(records::collection.eq("household").and(records::deleted.eq(false)))
                .filter(records::scope.eq_any(scopes))
                .count()
                .get_result(connection)?;
            let published = packs::newest(connection, BundleKind::Rules, &name)?;
            Ok((villages, usize::try_from(count).unwrap_or_default(), published))
        })
        .await?;
    let published = published.and_then(|(hash, bytes)| {
        let set = serde_json::from_slice(&bytes).ok()?;
        Some((hash, Arc::new(Rules::new(set).ok()?)))
    });
    let now = app.now();
    let today = now.in_china();
    let mut look = Look {
        definitions: app.definitions(),
        published: published.into_iter().collect(),
        written: vec![(Hash::of(&rules.set().bundle()), rules)],
        today: today.get(..10).unwrap_or_default().to_owned(),
        tried: Tried::default(),
    };
    for (scope, area) in villages {
        let mut last = None;
        loop {
            let (scope, area) = (scope.clone(), area.clone());
            let (back, next) = app
                .read(move |connection| {
                    let next = look.some(connection, (&scope, &area), last)?;
                    Ok((look, next))
                })
                .await?;
            look = back;
            progress.tell(look.tried.households, of)?;
            match next {
                Some(next) => last = Some(next),
                None => break,
            }
        }
    }
    Ok(look.told(now))
}

/// A look at households, one after another.
struct Look {
    definitions: Arc<Catalogue>,
    /// None where rules of this name are new.
    published: RuleSets,
    written: RuleSets,
    /// `2026-11-27`
    today: String,
    tried: Tried,
}

/// What was found so far.
#[derive(Default)]
struct Tried {
    households: usize,
    found_now: usize,
    found_then: usize,
    /// By rule.
    rules: BTreeMap<String, RuleTried>,
}

impl Look {
    /// Looks at the next households of a village, and says where it stopped; none at the end.
    fn some(
        &mut self,
        connection: &mut AnyConnection,
        (scope, area): (&str, &str),
        after: Option<Key>,
    ) -> QueryResult<Option<Key>> {
        let after = after.unwrap_or(Key(uuid::Uuid::nil()));
        let found: Vec<(Key, Option<String>)> = records::table
            .filter(records::collection.eq("household").and(records::scope.eq(scope)))
            .filter(records::deleted.eq(false).and(records::id.gt(after)))
            .order(records::id)
            .limit(AT_ONCE)
            .select((records::id, records::title))
            .load(connection)?;
        let ids: Vec<Key> = found.iter().map(|(id, _)| *id).collect();
        let titles: HashMap<RecordId, Option<String>> =
            found.into_iter().map(|(id, title)| (id.into(), title)).collect();
        let last = ids.last().copied().filter(|_| ids.len() == AT_ONCE as usize);
        let of: Vec<(Key, Option<Key>)> = records::table
            .filter(records::subject.eq_any(ids.clone()).and(records::collection.eq("member")))
            .filter(records::deleted.eq(false))
            .select((records::id, records::subject))
            .load(connection)?;
        let of: HashMap<RecordId, RecordId> =
            of.into_iter().filter_map(|(id, of)| Some((id.into(), of?.into()))).collect();
        let mut members: HashMap<RecordId, Vec<Row>> = HashMap::new();
        for member in store::load(connection, &of.keys().copied().collect::<Vec<_>>())? {
            members.entry(of[&member.id]).or_default().push(Row::from(&member));
        }
        let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
        for household in store::load(connection, &ids)? {
            let members = members.remove(&household.id).unwrap_or_default();
            let title = titles.get(&household.id).cloned().flatten();
            let example = RuleExample { household: household.id, title, area: area.to_owned() };
            self.one(&household, &members, &example);
        }
        Ok(last)
    }

    fn one(&mut self, household: &Record, members: &[Row], example: &RuleExample) {
        let row = Row::from(household);
        let find = |sets| judge_household(&row, members, sets, &self.definitions, &self.today);
        let (now, then) = (find(&self.published), find(&self.written));
        let tried = &mut self.tried;
        tried.households += 1;
        tried.found_now += usize::from(!now.is_empty());
        tried.found_then += usize::from(!then.is_empty());
        let mut added = Vec::new();
        for finding in &then {
            let rule = tried.of(&finding.rule);
            rule.then += 1;
            if !now.iter().any(|other| other.id() == finding.id()) {
                rule.added += 1;
                added.push(&finding.rule);
            }
        }
        for finding in &now {
            let rule = tried.of(&finding.rule);
            rule.now += 1;
            rule.gone += usize::from(!then.iter().any(|other| other.id() == finding.id()));
        }
        added.dedup();
        for rule in added {
            let rule = tried.of(rule);
            if rule.examples.len() < MOST_EXAMPLES {
                rule.examples.push(example.clone());
            }
        }
    }

    fn told(mut self, as_of: Timestamp) -> RulesTried {
        let written: Vec<_> = self.written.iter().map(|(_, rules)| rules.clone()).collect();
        let published: Vec<_> = self.published.iter().map(|(_, rules)| rules.clone()).collect();
        let mut rules: Vec<RuleTried> = Vec::new();
        for one in written.iter().chain(&published) {
            let set = one.set();
            for rule in &set.rules {
                if rules.iter().any(|there| there.rule == rule.id) {
                    continue;
                }
                let tried = self.tried.rules.remove(&format!("{}/{}", set.name, rule.id));
                let tried = tried.unwrap_or_default();
                let (rule, message) = (rule.id.clone(), rule.message.clone());
                rules.push(RuleTried { rule, message, ..tried });
            }
        }
        let Tried { households, found_now, found_then, .. } = self.tried;
        RulesTried { households, found_now, found_then, as_of, rules }
    }
}

impl Tried {
    fn of(&mut self, rule: &str) -> &mut RuleTried {
        self.rules.entry(rule.to_owned()).or_default()
    }
}
