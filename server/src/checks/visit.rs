//! A second look at a visit, by the version of the form it was made with.

use std::collections::BTreeMap;

use mobile_schema::form::Doubt;
use mobile_schema::{Hash, Labels, Value};
use sync_protocol::finding::{Finding, MOST_FINDINGS, RuleSets};
use sync_protocol::{Record, RecordId};

use crate::app::App;
use crate::db::Timestamp;
use crate::forms::{Compiled, world};
use crate::http::Problem;
use crate::photos;
use crate::records::visit;

/// What is wrong with a visit's answers and doubtful about its photos, and the later visits whose
/// photos are to be compared with its own.
pub(super) async fn judge(
    app: &App,
    visit: &Record,
    rule_sets: &RuleSets,
    now: Timestamp,
) -> Result<(Vec<Finding>, Vec<RecordId>), Problem> {
    let mut findings = judge_answers(app, visit, now).await?;
    let photo_rules =
        rule_sets.iter().rev().find_map(|(hash, rules)| Some((*hash, rules.set().photos.clone()?)));
    let Some((hash, rules)) = photo_rules else { return Ok((findings, Vec::new())) };
    let (visit, similar) = (visit.clone(), app.similar.clone());
    let evidence = app
        .read(move |connection| photos::of_visit(connection, &similar, &visit, &rules, hash))
        .await?;
    findings.extend(evidence.findings);
    findings.truncate(MOST_FINDINGS);
    Ok((findings, evidence.later))
}

/// What is wrong with a visit's answers. One without a form has none to be wrong.
async fn judge_answers(app: &App, visit: &Record, now: Timestamp) -> Result<Vec<Finding>, Problem> {
    let named = visit.fields.get(&visit::FORM).and_then(Value::as_text).unwrap_or_default();
    if visit.deleted || named.is_empty() {
        return Ok(Vec::new());
    }
    let version: Option<Hash> = named.parse().ok();
    let compiled = match version {
        Some(version) => app.forms.get(app, version).await?,
        None => None,
    };
    let (Some(version), Some(compiled)) = (version, compiled) else {
        return Ok(vec![unknown_version(visit, named)]);
    };
    let answers = match visit.fields.get(&visit::ANSWERS) {
        None | Some(Value::Null) => serde_json::json!({}),
        Some(answers) => serde_json::to_value(answers).unwrap_or_default(),
    };
    // What is now to the form was then.
    let ended = visit.fields.get(&visit::ENDED_AT).and_then(Value::as_integer).map(Timestamp);
    let then = ended.unwrap_or(now);
    let judged = actix_web::web::block(move || doubts(&compiled, &answers, then)).await;
    let judged = judged.map_err(|_| Problem::new(&crate::http::Kind::INTERNAL))?;
    Ok(judged.into_iter().map(|doubt| finding(visit, version, doubt)).collect())
}

/// Each doubt with its words in both languages.
fn doubts(
    compiled: &Compiled,
    answers: &serde_json::Value,
    then: Timestamp,
) -> Vec<(Doubt, Labels)> {
    let in_language = |language| {
        let mut all = compiled.form.judge(&compiled.lists, world(then, language), answers);
        all.truncate(MOST_FINDINGS);
        all
    };
    let (chinese, english) = (in_language("zh-CN"), in_language("en"));
    let words = |doubt: &Doubt| match doubt.label.as_str() {
        "" => doubt.message.clone(),
        label => format!("{label}: {}", doubt.message),
    };
    chinese
        .into_iter()
        .zip(english)
        .map(|(chinese, english)| {
            let labels = [("zh-CN", words(&chinese)), ("en", words(&english))];
            (chinese, Labels(labels.map(|(tag, text)| (tag.to_owned(), text)).into()))
        })
        .collect()
}

fn finding(visit: &Record, version: Hash, (doubt, message): (Doubt, Labels)) -> Finding {
    let evidence = [("value".to_owned(), Value::from(ending(&doubt.value, 1_000)))];
    Finding {
        subject: visit.id,
        rule: format!("form/{}", doubt.reason),
        // The last of a long path tells more than the first.
        place: ending(&doubt.path, 500),
        severity: "error",
        message,
        evidence: if doubt.reason == "required" { BTreeMap::new() } else { evidence.into() },
        judged_by: version,
        explainable: true,
    }
}

fn unknown_version(visit: &Record, named: &str) -> Finding {
    let words = [
        ("zh-CN", "走访使用的问卷版本，服务器上没有。"),
        ("en", "The visit was made with a version of the form that the server doesn't know."),
    ];
    Finding {
        subject: visit.id,
        rule: "form/unknown-version".to_owned(),
        place: String::new(),
        severity: "doubt",
        message: Labels(words.map(|(tag, text)| (tag.to_owned(), text.to_owned())).into()),
        evidence: [("form".to_owned(), Value::from(named))].into(),
        judged_by: Hash::of(named.as_bytes()),
        explainable: true,
    }
}

/// At most so many characters of the end of a text.
fn ending(text: &str, most: usize) -> String {
    let length = text.chars().count();
    text.chars().skip(length.saturating_sub(most)).collect()
}
