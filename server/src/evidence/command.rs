//! `ruhu evidence`.

use clap::Subcommand;
use sync_protocol::ScopeId;

use super::{PhotoState, VisitEvidence, queries};
use crate::areas;
use crate::db::{Database, Failed};

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
        let mut after = None;
        loop {
            let scope = scope.to_string();
            let page: Result<Vec<VisitEvidence>, Failed> = database
                .read(move |connection| Ok(queries::visits(connection, &scope, after)?))
                .await;
            let page = page.map_err(|error| error.to_string())?;
            for visit in &page {
                sums.add(visit);
                if json {
                    let line = serde_json::to_string(visit).map_err(|error| error.to_string())?;
                    println!("{line}");
                } else {
                    print(visit, words);
                }
            }
            match page.last() {
                Some(last) if page.len() as i64 == queries::PAGE => after = Some(last.visit),
                _ => break,
            }
        }
    }
    if !json {
        println!("{}", sums.describe(words));
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
    let ended = visit.ended_at.as_deref().unwrap_or("–");
    let status = visit.status.as_deref().unwrap_or("–");
    println!("{} {} {ended} {status}", words.say("走访", "visit"), visit.visit);
    for photo in &visit.photos {
        let hash = photo.hash.to_string();
        let size = photo.size.map_or(String::new(), |(across, down)| format!(" {across}×{down}"));
        let taken = photo.taken_at.as_deref().map_or(String::new(), |at| format!(" {at}"));
        let (name, state) = (words.say("照片", "photo"), words.state(photo.state));
        println!("  {name} {}… {state}{size}{taken}", &hash[..12]);
        for flag in &photo.flags {
            let language = words.say("zh-CN", "en");
            println!(
                "    {} [{}] {}",
                flag.rule,
                words.status(&flag.status),
                flag.message.in_language(language)
            );
            if let Some(explanation) = &flag.explanation {
                println!("      {}{explanation}", words.say("说明：", "explained: "));
            }
        }
    }
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
            for flag in &photo.flags {
                match flag.status.as_str() {
                    "open" => self.open += 1,
                    "explained" => self.explained += 1,
                    _ => {}
                }
            }
        }
    }

    fn describe(&self, words: Words) -> String {
        let Self { visits, photos, verified, unreadable, waiting, missing, open, explained } = self;
        if words.chinese {
            format!(
                "共 {visits} 次走访，{photos} 张照片：已核实 {verified}，无法显示 {unreadable}，\
                 待处理 {waiting}，未收到 {missing}；疑点：待核实 {open}，已说明 {explained}"
            )
        } else {
            format!(
                "{visits} visits, {photos} photos: {verified} verified, {unreadable} can't be shown, \
                 {waiting} waiting, {missing} not arrived; flags: {open} open, {explained} explained"
            )
        }
    }
}
