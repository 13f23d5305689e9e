//! `ruhu doctor`: what was kept wrongly before, and what can be done about each.

use std::collections::BTreeMap;

use clap::Subcommand;

use crate::app::App;
use crate::config::speaks_chinese;
use crate::records::{self, Stray, Why};
use crate::sync::{self, LostVisit, TakenIn};

/// What is looked for.
#[derive(Subcommand)]
pub enum DoctorCommand {
    /// List visits that had no effect, statuses that no register has, and records without the
    /// household they belong to, and say what can be done about each; changes nothing
    Records {
        /// Let the visits take effect, with what came with them as far as it can
        #[arg(long, requires_all = ["by", "reason"])]
        take_in: bool,
        /// The login of whoever decides so
        #[arg(long)]
        by: Option<String>,
        /// Why, in their words; both are kept
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Runs a command.
///
/// # Errors
/// Where the database can't be reached, or nobody signs in so.
pub async fn run(command: DoctorCommand, app: &App) -> Result<(), String> {
    let DoctorCommand::Records { take_in, by, reason } = command;
    let is_zh = speaks_chinese();
    if let (true, Some(by), Some(reason)) = (take_in, by, reason) {
        let taken = sync::take_in_lost(app, &by, &reason).await;
        for line in taken.map_err(|problem| problem.in_full())? {
            println!("{}", taken_words(&line, is_zh));
        }
        return Ok(());
    }
    let definitions = app.definitions();
    let found = app
        .read(move |connection| {
            Ok((sync::lost_visits(connection)?, records::strays(connection, &definitions)?))
        })
        .await;
    let (lost, strays) = found.map_err(|problem| problem.in_full())?;
    for line in report(&lost, &strays, is_zh) {
        println!("{line}");
    }
    Ok(())
}

/// What was found, with what can be done.
fn report(lost: &[LostVisit], strays: &[Stray], is_zh: bool) -> Vec<String> {
    let say = |zh: &str, en: &str| if is_zh { zh.to_owned() } else { en.to_owned() };
    let mut lines = vec![match is_zh {
        true => format!("没有生效的走访：{} 次", lost.len()),
        false => format!("Visits that had no effect: {}", lost.len()),
    }];
    for LostVisit { record, scope, by, received_at, reason } in lost {
        let village = scope.as_deref().unwrap_or("-");
        lines.push(format!("  {record}  {village}  {by}  {received_at}  {reason}"));
    }
    if !lost.is_empty() {
        lines.push(say(
            "  内容完整保留。逐条处理：控制台“待处理上报”；全部采用：ruhu doctor records --take-in --by 登录名 --reason 理由",
            "  They are kept whole. One by one: “Quarantined changes” in the console; all of them: ruhu doctor records --take-in --by LOGIN --reason WHY",
        ));
    }
    let mut by_why: BTreeMap<u8, Vec<&Stray>> = BTreeMap::new();
    for stray in strays {
        by_why.entry(matches!(stray.why, Why::NoHousehold) as u8).or_default().push(stray);
    }
    let statuses = by_why.remove(&0).unwrap_or_default();
    lines.push(match is_zh {
        true => format!("基础数据里没有的状态：{} 条", statuses.len()),
        false => format!("Statuses that no register has: {}", statuses.len()),
    });
    for Stray { collection, record, scope, why } in &statuses {
        let Why::Status(status) = why else { continue };
        lines.push(format!("  {collection}  {record}  {scope}  {status}"));
    }
    if !statuses.is_empty() {
        lines.push(say(
            "  把这个状态加进基础数据的新版本（控制台“方案库”），或由平板、控制台把记录改成已有的状态：那会成为一处冲突，由人选定。",
            "  Add the status to a new version of the register (Library in the console), or move the record to one there is, on a tablet or in the console: that becomes a conflict, and a person chooses.",
        ));
    }
    let orphans = by_why.remove(&1).unwrap_or_default();
    lines.push(match is_zh {
        true => format!("没有所属农户的记录：{} 条", orphans.len()),
        false => format!("Records without their household: {}", orphans.len()),
    });
    for Stray { collection, record, scope, .. } in &orphans {
        lines.push(format!("  {collection}  {record}  {scope}"));
    }
    if !orphans.is_empty() {
        lines.push(say(
            "  成员：用带“所属农户”一栏的表重新导入；其余：在控制台打开记录填写，或不再需要的删除。",
            "  Members: import the table again with a column for their household; others: fill it in in the console, or delete what nobody needs.",
        ));
    }
    lines
}

fn taken_words(taken: &TakenIn, is_zh: bool) -> String {
    match (taken, is_zh) {
        (TakenIn::Visit { record, others, left: 0 }, true) => {
            format!("{record}  已采用，同批的 {others} 处修改也已采用")
        }
        (TakenIn::Visit { record, others, left: 0 }, false) => {
            format!("{record}  taken in, with {others} other changes")
        }
        (TakenIn::Visit { record, others, left }, true) => {
            format!(
                "{record}  已采用；同批的修改 {others} 处已采用，{left} 处仍在控制台“待处理上报”里"
            )
        }
        (TakenIn::Visit { record, others, left }, false) => format!(
            "{record}  taken in, with {others} other changes; {left} stay under “Quarantined changes”"
        ),
        (TakenIn::Refused { record, reason }, true) => {
            format!("{record}  没有采用：{reason}；请在控制台“待处理上报”里处理")
        }
        (TakenIn::Refused { record, reason }, false) => {
            format!("{record}  not taken in: {reason}; see “Quarantined changes” in the console")
        }
    }
}
