//! Sheets, printed.

use paper::{Mark, Part, Photo, Sheet, Unprintable, print};

fn sheet() -> Sheet {
    Sheet {
        language: "zh-CN".into(),
        title: "学生资助告知书".into(),
        body: vec![
            Part::Paragraph("王大山：您好！".into()),
            Part::Paragraph("您家学生王小明在2026年秋季学期享受下列资助。".into()),
            Part::Table(vec![
                vec!["资助项目".into(), "金额（元）".into()],
                vec!["国家助学金".into(), "1,500.00".into()],
            ]),
        ],
        marks: vec![Mark {
            label: "户主签字".into(),
            strokes: vec![vec![(0, 0), (2_000, 500), (4_000, 0)], vec![(1_000, 900)]],
            words: "2026-11-25".into(),
        }],
        photos: vec![Photo { bytes: scenery::Photo::of(1).jpeg(), label: "银行卡".into() }],
        facts: vec![["回执编号".into(), "17".into()]],
        code: Some("ruhu-notice:".repeat(20)),
        code_words: vec!["扫码核验".into()],
        stamp: None,
        page_words: ["第 ".into(), " 页，共 ".into(), " 页".into()],
    }
}

#[test]
fn the_same_sheets_are_the_same_bytes() {
    let first = print(&[sheet()]).expect("a PDF");
    assert!(first.starts_with(b"%PDF-"));
    assert_eq!(print(&[sheet()]).expect("a PDF"), first);
    let mut other = sheet();
    other.facts[0][1] = "18".into();
    assert_ne!(print(&[other]).expect("a PDF"), first);
}

#[test]
fn what_cannot_be_printed_is_told() {
    let with = |change: fn(&mut Sheet)| {
        let mut sheet = sheet();
        change(&mut sheet);
        print(&[sheet]).err()
    };
    assert_eq!(
        with(|sheet| sheet.title = "\u{13000}".into()),
        Some(Unprintable::NoGlyph('\u{13000}'))
    );
    let code = with(|sheet| sheet.code = Some("x".repeat(8_000)));
    assert!(matches!(code, Some(Unprintable::Code(_))), "{code:?}");
    let photo = with(|sheet| sheet.photos[0].bytes = b"not a photo".to_vec());
    assert!(matches!(photo, Some(Unprintable::Typesetter(_))), "{photo:?}");
    assert_eq!(print(&[]), Err(Unprintable::HowMany));
}

#[test]
fn what_looks_like_markup_is_text() {
    let mut sheet = sheet();
    sheet.title = "#panic() $x$ *_`@<a> \\ \"".into();
    sheet.body = vec![Part::Table(vec![vec![], vec!["#{".into()]]), Part::Paragraph("]".into())];
    assert!(print(&[sheet]).is_ok());
}
