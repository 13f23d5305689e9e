//! `ruhu evidence`.

use clap::Subcommand;
use diesel::QueryResult;
use serde::Serialize;
use sync_protocol::{RecordId, ScopeId};

use super::{Flag, NoticeEvidence, PhotoState, VisitEvidence, queries};
use crate::areas;
use crate::db::{AnyConnection, Database, Failed, Timestamp};

/// What stands behind visits.
#[derive(Subcommand)]
pub enum EvidenceCommand {
    /// Say for each visit of an area which photos are verified, what is flagged, and why
    Report {
        /// The code of the area; all below it belongs to it
        #[arg(long)]
        area: String,
        /// One JSON object a line, for programs
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command and prints what it says.
pub(crate) async fn run(
    command: EvidenceCommand,
    database: &Database,
    chinese: bool,
) -> Result<(), String> {
    let EvidenceCommand::Report { area, json } = command;
    let words = Words { chinese };
    let wanted = area.clone();
    let scopes: Result<Vec<ScopeId>, Failed> = database
        .read(move |connection| {
            let paths = areas::paths_of(connection, &[wanted])?;
            Ok(areas::scopes_under(connection, &paths)?.into_iter().collect())
        })
        .await;
    let scopes = scopes.map_err(|error| error.to_string())?;
    if scopes.is_empty() {
        return Err(format!("--area {area}: no area has this code, or no village lies in it"));
    }
    let mut sums = Sums::default();
    for scope in scopes {
        let scope = scope.to_string();
        let mut after = None;
        loop {
            let page = pages(database, queries::visits, &scope, after).await?;
            for visit in &page {
                sums.add(visit);
                show(visit, json, |visit| print(visit, words))?;
            }
            after = page.last().map(|last| last.visit);
            if (page.len() as i64) < queries::PAGE {
                break;
            }
        }
        after = None;
        loop {
            let page = pages(database, queries::notices, &scope, after).await?;
            for notice in &page {
                sums.add_notice(notice);
                show(notice, json, |notice| print_notice(notice, words))?;
            }
            after = page.last().map(|last| last.notice);
            if (page.len() as i64) < queries::PAGE {
                break;
            }
        }
    }
    if !json {
        println!("{}", sums.describe(words));
    }
    Ok(())
}

type Query<T> = fn(&mut AnyConnection, &str, Option<RecordId>) -> QueryResult<Vec<T>>;

async fn pages<T: Send + 'static>(
    database: &Database,
    query: Query<T>,
    scope: &str,
    after: Option<RecordId>,
) -> Result<Vec<T>, String> {
    let scope = scope.to_owned();
    let page: Result<Vec<T>, Failed> =
        database.read(move |connection| Ok(query(connection, &scope, after)?)).await;
    page.map_err(|error| error.to_string())
}

fn show<T: Serialize>(one: &T, json: bool, print: impl FnOnce(&T)) -> Result<(), String> {
    if json {
        println!("{}", serde_json::to_string(one).map_err(|error| error.to_string())?);
    } else {
        print(one);
    }
    Ok(())
}

/// The language of what is printed.
#[derive(Clone, Copy)]
struct Words {
    chinese: bool,
}

impl Words {
    fn say<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        if self.chinese { zh } else { en }
    }

    fn state(self, state: PhotoState) -> &'static str {
        match (state, self.chinese) {
            (PhotoState::Verified, true) => "已核实",
            (PhotoState::Verified, false) => "verified",
            (PhotoState::Unreadable, true) => "已收到，无法显示",
            (PhotoState::Unreadable, false) => "arrived, can't be shown",
            (PhotoState::Waiting, true) => "已收到，待处理",
            (PhotoState::Waiting, false) => "arrived, waits to be looked at",
            (PhotoState::Missing, true) => "未收到",
            (PhotoState::Missing, false) => "has not arrived",
        }
    }

    fn status(self, status: &str) -> &str {
        match (status, self.chinese) {
            ("open", true) => "待核实",
            ("explained", true) => "已说明",
            ("corrected", true) => "已更正",
            (status, _) => status,
        }
    }
}

fn print(visit: &VisitEvidence, words: Words) {
    let ended = visit.ended_at.map_or("–".to_owned(), Timestamp::in_china);
    let status = visit.status.as_deref().unwrap_or("–");
    println!("{} {} {ended} {status}", words.say("走访", "visit"), visit.visit);
    for photo in &visit.photos {
        let hash = photo.hash.to_string();
        let size = photo.size.map_or(String::new(), |(across, down)| format!(" {across}×{down}"));
        let taken = photo.taken_at.map_or(String::new(), |at| format!(" {}", at.in_china()));
        let (name, state) = (words.say("照片", "photo"), words.state(photo.state));
        println!("  {name} {}… {state}{size}{taken}", &hash[..12]);
        photo.flags.iter().for_each(|flag| print_flag(flag, words));
    }
}

fn print_flag(flag: &Flag, words: Words) {
    let message = flag.message.in_language(words.say("zh-CN", "en"));
    println!("    {} [{}] {message}", flag.rule, words.status(&flag.status));
    if let Some(explanation) = &flag.explanation {
        println!("      {}{explanation}", words.say("说明：", "explained: "));
    }
}

fn print_notice(notice: &NoticeEvidence, words: Words) {
    let outcome = match notice.outcome.as_deref() {
        Some("signed") => words.say("已签字", "signed"),
        Some("refused") => words.say("拒签", "refused"),
        Some("paper") => words.say("纸质签字", "signed on paper"),
        _ => "–",
    };
    let stands = match notice.position {
        Some(position) => format!("{}{position}", words.say("已登记，序号 ", "in the log at ")),
        None if notice.flags.is_empty() => {
            words.say("待照片到齐后登记", "waits for its photos").to_owned()
        }
        None => words.say("未登记", "not in the log").to_owned(),
    };
    let name = words.say("告知书", "notification");
    println!("{name} {} {outcome} {stands}", notice.notice);
    notice.flags.iter().for_each(|flag| print_flag(flag, words));
}

#[derive(Default)]
struct Sums {
    visits: usize,
    photos: usize,
    verified: usize,
    unreadable: usize,
    waiting: usize,
    missing: usize,
    open: usize,
    explained: usize,
    notices: usize,
    logged: usize,
}

impl Sums {
    fn add(&mut self, visit: &VisitEvidence) {
        self.visits += 1;
        for photo in &visit.photos {
            self.photos += 1;
            match photo.state {
                PhotoState::Verified => self.verified += 1,
                PhotoState::Unreadable => self.unreadable += 1,
                PhotoState::Waiting => self.waiting += 1,
                PhotoState::Missing => self.missing += 1,
            }
            self.add_flags(&photo.flags);
        }
    }

    fn add_notice(&mut self, notice: &NoticeEvidence) {
        self.notices += 1;
        self.logged += usize::from(notice.position.is_some());
        self.add_flags(&notice.flags);
    }

    fn add_flags(&mut self, flags: &[Flag]) {
        for flag in flags {
            match flag.status.as_str() {
                "open" => self.open += 1,
                "explained" => self.explained += 1,
                _ => {}
            }
        }
    }

    fn describe(&self, words: Words) -> String {
        let Self {
            visits, photos, verified, unreadable, waiting, missing, open, explained, ..
        } = self;
        let Self { notices, logged, .. } = self;
        if words.chinese {
            format!(
                "共 {visits} 次走访，{photos} 张照片：已核实 {verified}，无法显示 {unreadable}，\
                 待处理 {waiting}，未收到 {missing}；{notices} 份告知书：已登记 {logged}；\
                 疑点：待核实 {open}，已说明 {explained}"
            )
        } else {
            format!(
                "{visits} visits, {photos} photos: {verified} verified, {unreadable} can't be shown, \
                 {waiting} waiting, {missing} not arrived; {notices} notifications: {logged} in the log; \
                 flags: {open} open, {explained} explained"
            )
        }
    }
}
