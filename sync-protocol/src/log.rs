//! The sync log: what each exchange came to, in words that a person can act on.
//!
//! Tablet and server keep the same lines, so that "why did it not sync?" has the same answer in
//! the village and in the office.

use serde::{Deserialize, Serialize};

use crate::message::SyncResponse;
use crate::outcome::{Outcome, ParkReason};

/// One exchange, or the try at one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began: milliseconds since 1970 UTC by the writer's clock.
    pub at: i64,
    /// What went over the wire.
    pub traffic: Traffic,
    /// Operations that were sent.
    pub ops: u64,
    /// Rows that came.
    pub rows: u64,
    /// How far the tablet's clock is ahead of the server's, milliseconds; unknown without an
    /// answer.
    pub skew: Option<i64>,
    /// What it came to.
    pub result: AttemptResult,
}

/// What went over the wire, before any headers, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes of the request, compressed as they were.
    pub sent: u64,
    /// Bytes of the answer.
    pub received: u64,
    /// From the first byte to the last, milliseconds.
    pub elapsed: u64,
}

/// What an exchange came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum AttemptResult {
    /// It went through.
    Ok(Tally),
    /// This store is a copy of another tablet's.
    Fork,
    /// The server had less than the tablet thought.
    Gap,
    /// The server was restored from a backup.
    Reset,
    /// The app is too old to fetch news; what it pushed is stored.
    Upgrade(Tally),
    /// No answer came.
    NoAnswer,
    /// The server refused, with a problem of this name.
    Refused {
        /// The name at the end of the problem's `type`.
        problem: String,
    },
}

/// How many operations came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Applied, or merged.
    pub applied: u64,
    /// In conflict with somebody else's.
    pub conflicts: u64,
    /// Waiting for a person since their village is no longer the cadre's.
    pub out_of_scope: u64,
    /// Waiting for a person for another reason.
    pub parked: u64,
    /// Refused; their bytes are kept.
    pub rejected: u64,
}

/// A language people read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Chinese as it is written in China.
    Chinese,
    /// English.
    English,
}

/// From when on a wrong clock is worth a word, milliseconds.
const WORTH_A_WORD: i64 = 5 * 60 * 1_000;

impl Tally {
    /// Counts outcomes.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            *match outcome {
                Outcome::Applied { .. } | Outcome::Merged { .. } => &mut tally.applied,
                Outcome::Conflict { .. } => &mut tally.conflicts,
                Outcome::Parked { reason: ParkReason::Scope } => &mut tally.out_of_scope,
                Outcome::Parked { .. } => &mut tally.parked,
                Outcome::Rejected { .. } => &mut tally.rejected,
            } += 1;
        }
        tally
    }
}

impl AttemptResult {
    /// What an answer says the exchange came to.
    pub fn of<R>(response: &SyncResponse<R>) -> Self {
        match response {
            SyncResponse::Ok(accepted) => Self::Ok(Tally::of(&accepted.outcomes)),
            SyncResponse::Fork { .. } => Self::Fork,
            SyncResponse::Gap { .. } => Self::Gap,
            SyncResponse::Reset { .. } => Self::Reset,
            SyncResponse::Upgrade { outcomes, .. } => Self::Upgrade(Tally::of(outcomes)),
        }
    }
}

impl Attempt {
    /// The line as a person reads it.
    pub fn in_words(&self, language: Language) -> String {
        let chinese = language == Language::Chinese;
        let mut sentences = vec![match (&self.result, language) {
            (AttemptResult::Ok(_), Language::Chinese) => {
                format!("同步完成：上传 {} 条，收到 {} 条。", self.ops, self.rows)
            }
            (AttemptResult::Ok(_), Language::English) => {
                format!("Synced: {} sent, {} received.", self.ops, self.rows)
            }
            (AttemptResult::Fork, Language::Chinese) => {
                "这台平板的数据是另一台平板的副本，已换用新编号，正在重新上传。".into()
            }
            (AttemptResult::Fork, Language::English) => "This tablet's data is a copy of another \
                 tablet's. It has taken a new number and is sending again."
                .into(),
            (AttemptResult::Gap, Language::Chinese) => {
                "服务器缺少之前的部分记录，正在补传。".into()
            }
            (AttemptResult::Gap, Language::English) => {
                "The server lacks some earlier records; they are being sent again.".into()
            }
            (AttemptResult::Reset, Language::Chinese) => {
                "服务器已从备份恢复，正在重新上传本机保留的记录。".into()
            }
            (AttemptResult::Reset, Language::English) => "The server was restored from a backup; \
                 what this tablet kept is being sent again."
                .into(),
            (AttemptResult::Upgrade(_), Language::Chinese) => {
                "应用版本过旧：已上传的记录已保存，请更新应用后再接收。".into()
            }
            (AttemptResult::Upgrade(_), Language::English) => "The app is too old: what was sent \
                 is stored. Update the app to receive news."
                .into(),
            (AttemptResult::NoAnswer, Language::Chinese) => {
                "没有网络或服务器没有回答。记录仍在本机，稍后会自动再试。".into()
            }
            (AttemptResult::NoAnswer, Language::English) => "No network, or no answer. The \
                 records are safe on the tablet; it will try again by itself."
                .into(),
            (AttemptResult::Refused { problem }, _) => refused(problem, chinese),
        }];
        if let AttemptResult::Ok(tally) | AttemptResult::Upgrade(tally) = &self.result {
            sentences.extend(tally.in_words(chinese));
        }
        if let Some(skew) = self.skew.filter(|skew| skew.abs() >= WORTH_A_WORD) {
            let by = span(skew.abs(), chinese);
            sentences.push(match (chinese, skew > 0) {
                (true, true) => format!("平板时间快了{by}，请校准。"),
                (true, false) => format!("平板时间慢了{by}，请校准。"),
                (false, true) => format!("The tablet's clock is {by} fast; set it."),
                (false, false) => format!("The tablet's clock is {by} slow; set it."),
            });
        }
        sentences.join(if chinese { "" } else { " " })
    }
}

impl Tally {
    fn in_words(&self, chinese: bool) -> Vec<String> {
        let lines = [
            (
                self.conflicts,
                "{} 条与他人的修改不一致，请在“冲突”中查看。",
                "{} differ from what others wrote; see Conflicts.",
            ),
            (
                self.out_of_scope,
                "{} 条记录的村现在不在本机范围内，已交审核。",
                "{} are of a village that this tablet does not have now; a supervisor has them.",
            ),
            (self.parked, "{} 条已交审核。", "{} wait for a supervisor."),
            (self.rejected, "{} 条未被接受，内容已保留。", "{} were not accepted; they are kept."),
        ];
        let said = lines.into_iter().filter(|(count, ..)| *count > 0);
        said.map(|(count, zh, en)| {
            (if chinese { zh } else { en }).replace("{}", &count.to_string())
        })
        .collect()
    }
}

/// A length of time (milliseconds) in the largest unit of which there are two or more.
fn span(time: i64, chinese: bool) -> String {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let (unit, zh, en) = match time {
        ..7_200_000 => (MINUTE, "分钟", "minutes"),
        7_200_000..172_800_000 => (HOUR, "小时", "hours"),
        _ => (DAY, "天", "days"),
    };
    let number = (time + unit / 2) / unit;
    if chinese { format!(" {number} {zh}") } else { format!("{number} {en}") }
}

fn refused(problem: &str, chinese: bool) -> String {
    let (zh, en) = match problem {
        "session-ended" | "unauthenticated" | "enrolment-refused" => (
            "本机的绑定已失效，请向管理员要绑定码重新绑定。记录仍在本机。",
            "This tablet is no longer enrolled; ask an admin. The records are safe on it.",
        ),
        "mismatch" => (
            "本机数据属于另一台平板，请联系管理员。记录仍在本机。",
            "This data belongs to another tablet; ask an admin. The records are safe on it.",
        ),
        "too-many-requests" => {
            ("请求太频繁，稍后会自动再试。", "Too many requests; it will try again by itself.")
        }
        "unavailable" | "database-unavailable" | "busy" | "internal" => (
            "服务器暂时不可用，稍后会自动再试。",
            "The server is not available; it will try again by itself.",
        ),
        "too-slow" => (
            "网络太慢，没有传完，稍后会自动再试。",
            "The network was too slow; it will try again by itself.",
        ),
        "day-spent" => (
            "本机今天上传得太多，剩下的稍后会自动再传。",
            "This tablet has sent more than fits a day; the rest goes by itself later.",
        ),
        "storage-full" | "media-full" => (
            "服务器的空间快满了，稍后会自动再试，请告诉管理员。",
            "The server has hardly any room left; it will try again by itself. Tell an admin.",
        ),
        "too-large" => (
            "一次上传的内容过大，请联系管理员。记录仍在本机。",
            "Too much in one request; ask an admin. The records are safe on the tablet.",
        ),
        _ => (
            "服务器没有接受这次请求，请联系管理员。记录仍在本机。",
            "The server refused the request; ask an admin. The records are safe on the tablet.",
        ),
    };
    (if chinese { zh } else { en }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(result: AttemptResult, skew: Option<i64>) -> Attempt {
        let traffic = Traffic { sent: 900, received: 4_000, elapsed: 800 };
        Attempt { at: 1_700_000_000_000, traffic, ops: 12, rows: 3, skew, result }
    }

    #[test]
    fn every_result_has_words_in_both_languages() {
        let tally = Tally { applied: 5, conflicts: 1, out_of_scope: 3, parked: 2, rejected: 1 };
        let refused = |problem: &str| AttemptResult::Refused { problem: problem.into() };
        let attempts = [
            attempt(AttemptResult::Ok(Tally::default()), Some(1_000)),
            attempt(AttemptResult::Ok(tally), Some(3 * 3_600_000)),
            attempt(AttemptResult::Ok(Tally::default()), Some(-4_320 * 60_000)),
            attempt(AttemptResult::Fork, None),
            attempt(AttemptResult::Gap, None),
            attempt(AttemptResult::Reset, None),
            attempt(AttemptResult::Upgrade(Tally::default()), Some(-600_000)),
            attempt(AttemptResult::NoAnswer, None),
            attempt(refused("session-ended"), None),
            attempt(refused("mismatch"), None),
            attempt(refused("too-many-requests"), None),
            attempt(refused("unavailable"), None),
            attempt(refused("too-large"), None),
            attempt(refused("too-slow"), None),
            attempt(refused("day-spent"), None),
            attempt(refused("storage-full"), None),
            attempt(refused("malformed"), None),
        ];
        let words: Vec<_> = attempts
            .iter()
            .flat_map(|one| [one.in_words(Language::Chinese), one.in_words(Language::English)])
            .collect();
        insta::assert_snapshot!(words.join("\n"));
    }
}
