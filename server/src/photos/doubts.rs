//! What is doubtful about a photo of a visit, with what was found and what may innocently explain
//! it. Nothing here decides anything, and no database is asked.

use std::collections::BTreeMap;

use mobile_schema::rule::PhotoRules;
use mobile_schema::{Labels, Value};

use super::facts::Facts;
use super::picture::Unreadable;
use super::place::Place;
use super::quality::Quality;

/// A photo that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) media_type: Option<String>,
    pub(crate) unreadable: Option<Unreadable>,
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) facts: Facts,
    pub(crate) quality: Option<Quality>,
}

/// An earlier visit with the same photo, or one like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Match {
    /// Bits in which the fingerprints differ; none where it is the same file.
    pub(crate) bits: Option<u32>,
    /// Whether it is a visit of the same household.
    pub(crate) same_household: bool,
    /// Days before this visit.
    pub(crate) days: i64,
}

/// What is known of the visit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// When it began, microseconds since 1970 UTC.
    pub(crate) began: Option<i64>,
    /// When it ended.
    pub(crate) ended: Option<i64>,
    /// Where it was, and how sure that is in metres: the household's place, or the visit's own.
    pub(crate) place: Option<((i64, i64), f64)>,
}

/// Something doubtful.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doubt {
    /// `photo/reused`, `photo/far` …
    pub(crate) rule: &'static str,
    /// In words.
    pub(crate) message: Labels,
    /// What was found.
    pub(crate) evidence: BTreeMap<String, Value>,
}

/// All that is doubtful about a photo.
pub(crate) fn doubts(
    seen: &Seen,
    matches: &[Match],
    around: &Around,
    rules: &PhotoRules,
) -> Vec<Doubt> {
    let mut found = Vec::new();
    found.extend(reused(matches));
    found.extend(similar(matches, rules));
    match seen.unreadable {
        Some(why) => found.extend(unreadable(why)),
        None => {
            found.extend(quality(seen, rules));
            found.extend(origin(seen, rules));
            found.extend(far(seen, around, rules));
            found.extend(time(seen, around, rules));
            found.extend(clock(seen, rules));
        }
    }
    found.extend(file(seen, rules));
    found
}

fn doubt<const N: usize>(
    rule: &'static str,
    zh: impl Into<String>,
    en: impl Into<String>,
    evidence: [(&str, Value); N],
) -> Doubt {
    let words = [("zh-CN".to_owned(), zh.into()), ("en".to_owned(), en.into())];
    let evidence = evidence.map(|(name, value)| (name.to_owned(), value));
    Doubt { rule, message: Labels(words.into()), evidence: evidence.into() }
}

fn whose(same_household: bool) -> (&'static str, &'static str) {
    if same_household {
        ("本户", "this household")
    } else {
        ("其他农户", "another household")
    }
}

/// The same file; the nearest in time counts, another household's before the same one's.
fn reused(matches: &[Match]) -> Option<Doubt> {
    let same = matches.iter().filter(|one| one.bits.is_none());
    let worst = same.min_by_key(|one| (one.same_household, one.days))?;
    let (zh, en) = whose(worst.same_household);
    let (days, (zh_day, en_day)) = (worst.days, earlier(worst.days));
    Some(doubt(
        "photo/reused",
        format!(
            "与{zh_day}{zh}一次走访的照片是同一个文件。可能原因：选错了照片，或两户本来在同一处。"
        ),
        format!(
            "The same file as in a visit of {en} {en_day}. A wrong photo may have been picked, or both households share the place."
        ),
        [("days", days.into()), ("same_household", Value::Bool(worst.same_household))],
    ))
}

fn similar(matches: &[Match], rules: &PhotoRules) -> Option<Doubt> {
    if matches.iter().any(|one| one.bits.is_none()) {
        return None;
    }
    let is_near = |one: &&Match| {
        let most = match one.same_household {
            true => rules.similar_bits_same_household,
            false => rules.similar_bits,
        };
        one.bits.is_some_and(|bits| bits <= most)
    };
    let near = matches
        .iter()
        .filter(is_near)
        .min_by_key(|one| (one.same_household, one.bits, one.days))?;
    let (zh, en) = whose(near.same_household);
    let (days, bits) = (near.days, near.bits.unwrap_or(0));
    let (zh_day, en_day) = earlier(days);
    Some(doubt(
        "photo/similar",
        format!(
            "看上去与{zh_day}{zh}一次走访的照片几乎相同（64 位中差 {bits} 位）。可能原因：在同一地点、同一角度再拍了一张。"
        ),
        format!(
            "Looks nearly like a photo of {en} {en_day} ({bits} of 64 bits differ). The same place taken again from the same spot does so, too."
        ),
        [
            ("days", days.into()),
            ("bits", i64::from(bits).into()),
            ("same_household", Value::Bool(near.same_household)),
        ],
    ))
}

fn unreadable(why: Unreadable) -> Option<Doubt> {
    let (zh, en) = match why {
        Unreadable::Heif => (
            "照片是 HEIC 格式，这里无法显示。请在平板上改用 JPEG 拍摄，原件已保存。",
            "The photo is HEIC, which can't be shown here. Let the tablet take JPEG; the original is kept.",
        ),
        Unreadable::TooLarge => (
            "照片像素过多，无法处理。原件已保存。",
            "The photo has too many pixels to be looked at. The original is kept.",
        ),
        Unreadable::TooLong => (
            "照片的编码方式异常，处理时间过长，无法显示。原件已保存。",
            "The photo is encoded so oddly that it takes too long to be looked at. The original is kept.",
        ),
        Unreadable::Damaged => (
            "照片文件已损坏，无法显示。可能原因：存储卡故障。原件已保存。",
            "The photo is damaged and can't be shown. A failing memory card does that; the original is kept.",
        ),
        // A document or a recording; that is no fault.
        Unreadable::NotAPhoto => return None,
    };
    Some(doubt("photo/unreadable", zh, en, [("reason", why.to_string().as_str().into())]))
}

fn quality(seen: &Seen, rules: &PhotoRules) -> Vec<Doubt> {
    let Some(quality) = seen.quality else { return Vec::new() };
    let percent = |share: f32| Value::Integer((share * 100.0).round() as i64);
    let mut found = Vec::new();
    if quality.dark >= rules.dark_share {
        found.push(doubt(
            "photo/dark",
            "照片几乎全黑。可能原因：夜间拍摄，或室内没开灯。",
            "Nearly all of the photo is black, as at night or indoors without light.",
            [("percent", percent(quality.dark))],
        ));
    } else if quality.bright >= rules.bright_share {
        found.push(doubt(
            "photo/bright",
            "照片几乎全白。可能原因：拍的是纸质材料，或逆光。",
            "Nearly all of the photo is white, as of a sheet of paper or against the light.",
            [("percent", percent(quality.bright))],
        ));
    } else if quality.sharpness < rules.sharpness_below {
        found.push(doubt(
            "photo/blurred",
            "照片很模糊。可能原因：手抖，或镜头脏了。",
            "The photo is blurred. A shaking hand or a dirty lens does that.",
            [("sharpness", Value::Integer(quality.sharpness.round() as i64))],
        ));
    }
    found
}

/// Where the file comes from.
fn origin(seen: &Seen, rules: &PhotoRules) -> Option<Doubt> {
    let facts = &seen.facts;
    if let Some(software) = &facts.software {
        let small = software.to_lowercase();
        if rules.editors.iter().any(|editor| small.contains(editor.as_str())) {
            return Some(doubt(
                "photo/edited",
                format!("照片由“{software}”保存过。只是旋转、裁剪或压缩也会留下这个记录。"),
                format!(
                    "The photo was saved by “{software}”. Turning, cropping or compressing it leaves that trace, too."
                ),
                [("software", software.as_str().into())],
            ));
        }
    }
    if facts.taken_at.is_some() || facts.place.is_some() || facts.make.is_some() {
        return None;
    }
    let is_screen = seen.size.is_some_and(|(width, height)| {
        let (long, short) = (width.max(height), width.min(height).max(1));
        seen.media_type.as_deref() == Some("image/png") || long * 10 >= short * 19
    });
    Some(if is_screen {
        doubt(
            "photo/screenshot",
            "像是屏幕截图。网上办理的凭证本来就是截图。",
            "This seems to be a screenshot. Proof of what was done online is one by nature.",
            [],
        )
    } else {
        doubt(
            "photo/no-facts",
            "照片不带拍摄时间和地点。可能原因：经聊天软件转发，或关闭了定位。",
            "The photo has neither time nor place, as when it was forwarded in a chat or location was off.",
            [],
        )
    })
}

fn far(seen: &Seen, around: &Around, rules: &PhotoRules) -> Option<Doubt> {
    let (place, open) = around.place?;
    let metres = Place::of(seen.facts.place?).least_metres_to(Place::of(place));
    let beyond = metres - open - seen.facts.accuracy.unwrap_or(0.0);
    if beyond <= f64::from(rules.far_metres) {
        return None;
    }
    let metres = metres.round() as i64;
    let (zh_length, en_length) = length(metres);
    Some(doubt(
        "photo/far",
        format!("拍摄地点离农户约 {zh_length}。可能原因：在地里、集市或村委会拍摄，或定位漂移。"),
        format!(
            "Taken about {en_length} from the household: in the fields, at the market, at the office, or where the receiver drifted."
        ),
        [("metres", metres.into())],
    ))
}

fn time(seen: &Seen, around: &Around, rules: &PhotoRules) -> Option<Doubt> {
    const MINUTE: i64 = 60_000_000;
    let taken = seen.facts.taken_at_utc()?;
    let early = around.began.or(around.ended).map(|began| began.saturating_sub(taken) / MINUTE);
    let late = around.ended.or(around.began).map(|ended| taken.saturating_sub(ended) / MINUTE);
    let found = |rule, minutes: i64, zh: &str, en: &str| {
        let (zh_span, en_span) = span(minutes);
        doubt(
            rule,
            format!("照片拍摄时间比走访{zh}{zh_span}。可能原因：补充以前的材料，或相机时间不准。"),
            format!(
                "Taken {en_span} {en} the visit, as when earlier material is added or the camera's clock is off."
            ),
            [("minutes", minutes.into())],
        )
    };
    match (early, late) {
        (Some(early), _) if early > i64::from(rules.early_minutes) => {
            Some(found("photo/early", early, "开始早", "before"))
        }
        (_, Some(late)) if late > i64::from(rules.late_minutes) => {
            Some(found("photo/late", late, "结束晚", "after"))
        }
        _ => None,
    }
}

fn clock(seen: &Seen, rules: &PhotoRules) -> Option<Doubt> {
    let minutes = (seen.facts.taken_at_utc()? - seen.facts.satellite_time?) / 60_000_000;
    if minutes.abs() <= i64::from(rules.clock_minutes) {
        return None;
    }
    let (zh, en) = span(minutes.abs());
    Some(doubt(
        "photo/clock",
        format!("相机时间与卫星时间相差{zh}。可能原因：平板时间没有校准，或定位是较早取得的。"),
        format!(
            "The camera's clock and the satellites' differ by {en}: the clock was not set, or the place was found earlier."
        ),
        [("minutes", minutes.into())],
    ))
}

fn file(seen: &Seen, rules: &PhotoRules) -> Vec<Doubt> {
    let facts = &seen.facts;
    let mut found = Vec::new();
    if facts.cut_off {
        found.push(doubt(
            "photo/cut-off",
            "照片文件不完整，下半部分可能缺失。可能原因：拍摄时断电，或存储已满。",
            "The file ends too early; the lower part may be missing. A dead battery or a full memory does that.",
            [],
        ));
    }
    if facts.trailing > rules.trailing_bytes {
        found.push(doubt(
            "photo/trailing",
            format!(
                "照片后面还附有 {} 字节的其他内容。可能原因：手机拍的是“动态照片”。",
                facts.trailing
            ),
            format!(
                "{} bytes of something else follow the picture, as in phones' moving photos.",
                facts.trailing
            ),
            [("bytes", i64::try_from(facts.trailing).unwrap_or(i64::MAX).into())],
        ));
    }
    if facts.animated {
        found.push(doubt(
            "photo/animated",
            "这是动图，只显示第一帧。",
            "This moves; only its first picture is shown.",
            [],
        ));
    }
    found
}

/// Minutes in words.
fn span(minutes: i64) -> (String, String) {
    match minutes {
        ..180 => (format!(" {minutes} 分钟"), format!("{minutes} minutes")),
        180..4_320 => (format!(" {} 小时", minutes / 60), format!("{} hours", minutes / 60)),
        _ => (format!(" {} 天", minutes / 1_440), format!("{} days", minutes / 1_440)),
    }
}

/// How many days before, in words.
fn earlier(days: i64) -> (String, String) {
    match days {
        0 => ("同一天".to_owned(), "of the same day".to_owned()),
        1 => (" 1 天前".to_owned(), "one day earlier".to_owned()),
        _ => (format!(" {days} 天前"), format!("{days} days earlier")),
    }
}

/// Metres in words.
fn length(metres: i64) -> (String, String) {
    match metres {
        ..10_000 => (format!("{metres} 米"), format!("{metres} m")),
        _ => {
            let kilometres = (metres + 500) / 1_000;
            (format!("{kilometres} 公里"), format!("{kilometres} km"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_lengths_are_told_as_people_say_them() {
        let told = |days| {
            let found = reused(&[Match { bits: None, same_household: true, days }]);
            found.map(|doubt| doubt.message.0.into_values().collect::<Vec<_>>().join(" "))
        };
        for (days, zh, en) in [
            (0, "与同一天本户", "of the same day"),
            (1, "与 1 天前本户", "one day earlier"),
            (12, "与 12 天前本户", "12 days earlier"),
        ] {
            assert!(told(days).is_some_and(|words| words.contains(zh) && words.contains(en)));
        }
        assert_eq!(length(9_999), ("9999 米".to_owned(), "9999 m".to_owned()));
        assert_eq!(length(8_442_270), ("8442 公里".to_owned(), "8442 km".to_owned()));
    }
}
