//! What stands on the paper of a notification: what was signed, by whom, and how to verify it.

use mobile_schema::notice::{NoticeContent, NoticeTemplate, Outcome, Signer, Stroke};
use mobile_schema::{Hash, notice::TemplateProblem};
use paper::{Mark, Part, Pen, Photo, Sheet};
use uuid::Uuid;

use super::leaf::Leaf;
use super::receipt::Receipt;
use crate::db::Timestamp;

/// The sheet of a notification that is in the log. `photos` are the pictures that could be made of
/// those it names.
pub(super) fn sheet(
    content: &NoticeContent,
    leaf: &Leaf,
    receipt: &Receipt,
    photos: &[(Hash, Option<Vec<u8>>)],
) -> Sheet {
    let chinese = speaks_chinese(&content.language);
    let say = |zh: &str, en: &str| (if chinese { zh } else { en }).to_owned();
    let (title, body) = parts(&content.text);
    let pictures = photos.iter().enumerate().filter_map(|(at, (_, bytes))| {
        let label = format!("{} {}", say("照片", "Photo"), at + 1);
        Some(Photo { bytes: bytes.clone()?, label })
    });
    let mut facts = vec![
        [say("回执编号", "Receipt"), receipt.position.to_string()],
        [say("签收结果", "Outcome"), outcome(&content.outcome, chinese)],
        [say("签收时间", "Answered at"), Timestamp(content.signed_at).in_china()],
        [say("登记时间", "In the log since"), Timestamp(leaf.at).in_china()],
        [say("平板", "Tablet"), Uuid::from_bytes(content.device).to_string()],
        [say("摘要", "Digest"), in_groups(&leaf.digest)],
    ];
    if let Some(earlier) = &content.supersedes {
        facts.push([say("替代", "Replaces"), in_groups(earlier)]);
    }
    for (at, (hash, _)) in photos.iter().enumerate() {
        facts.push([format!("{} {}", say("照片", "Photo"), at + 1), in_groups(hash)]);
    }
    Sheet {
        language: content.language.clone(),
        title,
        body,
        marks: marks(content, chinese),
        photos: pictures.collect(),
        facts,
        code: Some(receipt.qr()),
        code_words: vec![say(
            "扫描二维码，把内容粘贴到县里公布的核验网页，或用核验程序离线核对：它证明这份告知书由这台平板签名、由服务器登记，不证明照片里的事情属实。如有更正，以后一份为准。",
            "Scan the code and paste what it says into the county's page for verification, or verify \
             it offline: it proves that this tablet signed and the server logged this notification, \
             not that what photos show is true. A correction counts from when it is made.",
        )],
        stamp: None,
        page_words: page_words(chinese),
    }
}

/// A template with its sample data, to be looked at before it is used.
///
/// # Errors
/// Where the template can't be filled.
pub(super) fn preview(
    template: &NoticeTemplate,
    language: &str,
    today: &str,
) -> Result<Sheet, TemplateProblem> {
    let chinese = speaks_chinese(language);
    let say = |zh: &str, en: &str| (if chinese { zh } else { en }).to_owned();
    let (title, body) = parts(&template.render(language, &template.sample(), today)?);
    let empty = |label| Mark { label, strokes: Vec::new(), words: String::new() };
    let mut marks = vec![empty(say("签收人签字", "Signature"))];
    if template.witness {
        marks.push(empty(say("见证人签字", "Witness")));
    }
    let asked = template.photos.iter().map(|photo| photo.labels.in_language(language));
    let asked = asked.map(|label| [say("需要照片", "Photo needed"), label.to_owned()]);
    let name = format!("{} {}", template.name, template.version);
    let mut facts = vec![[say("模板", "Template"), name]];
    facts.extend(asked);
    Ok(Sheet {
        language: language.to_owned(),
        title,
        body,
        marks,
        photos: Vec::new(),
        facts,
        code: None,
        code_words: Vec::new(),
        stamp: Some(say("样本", "SAMPLE")),
        page_words: page_words(chinese),
    })
}

fn speaks_chinese(language: &str) -> bool {
    language.split('-').next() == Some("zh")
}

fn page_words(chinese: bool) -> [String; 3] {
    let words = if chinese { ["第 ", " 页，共 ", " 页"] } else { ["Page ", " of ", ""] };
    words.map(str::to_owned)
}

/// The heading, and the text: lines with tabs are rows of a table.
fn parts(text: &str) -> (String, Vec<Part>) {
    let mut lines = text.lines();
    let title = lines.next().unwrap_or_default().to_owned();
    let mut body = Vec::new();
    for line in lines {
        if !line.contains('\t') {
            body.push(Part::Paragraph(line.to_owned()));
            continue;
        }
        let cells = line.trim_end_matches('\t').split('\t').map(str::to_owned).collect();
        match body.last_mut() {
            Some(Part::Table(rows)) => rows.push(cells),
            _ => body.push(Part::Table(vec![cells])),
        }
    }
    (title, body)
}

fn outcome(outcome: &Outcome, chinese: bool) -> String {
    match (outcome, chinese) {
        (Outcome::Signed { .. }, true) => "已签字".to_owned(),
        (Outcome::Signed { .. }, false) => "Signed".to_owned(),
        (Outcome::Refused { reason }, true) => format!("拒签：{reason}"),
        (Outcome::Refused { reason }, false) => format!("Refused: {reason}"),
        (Outcome::Paper { .. }, true) => "纸质签字（见照片）".to_owned(),
        (Outcome::Paper { .. }, false) => "Signed on paper (see photo)".to_owned(),
    }
}

fn marks(content: &NoticeContent, chinese: bool) -> Vec<Mark> {
    let say = |zh: &str, en: &str| (if chinese { zh } else { en }).to_owned();
    let (label, who) = match &content.signer {
        Signer::Householder => (say("户主签字", "Householder"), String::new()),
        Signer::Relative { name, relation } => {
            let words = if chinese {
                format!("{name}（{relation}）")
            } else {
                format!("{name} ({relation})")
            };
            (say("家属代签", "Signed by a relative"), words)
        }
    };
    let own = match &content.outcome {
        Outcome::Signed { strokes } => Some(Mark { label, strokes: pens(strokes), words: who }),
        Outcome::Refused { .. } | Outcome::Paper { .. } => None,
    };
    let witness = content.witness.as_ref().map(|witness| Mark {
        label: say("见证人签字", "Witness"),
        strokes: pens(&witness.strokes),
        words: witness.name.clone(),
    });
    own.into_iter().chain(witness).collect()
}

pub(super) fn pens(strokes: &[Stroke]) -> Vec<Pen> {
    strokes.iter().map(|stroke| stroke.iter().map(|point| (point.x, point.y)).collect()).collect()
}

/// A hash that fits on a line, and that people can compare.
fn in_groups(hash: &Hash) -> String {
    let hex = hash.to_string();
    let groups: Vec<&str> = (0..hex.len()).step_by(8).map(|at| &hex[at..at + 8]).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_tabs_are_tables() {
        let (title, body) = parts("告知书\n您好\n项目\t金额\n甲\t1\n再见\n名单\t\n乙\t");
        assert_eq!(title, "告知书");
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            body,
            [
                Part::Paragraph("您好".into()),
                Part::Table(vec![row(&["项目", "金额"]), row(&["甲", "1"])]),
                Part::Paragraph("再见".into()),
                Part::Table(vec![row(&["名单"]), row(&["乙"])]),
            ]
        );
    }
}
