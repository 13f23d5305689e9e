//! x
fn main() {
    let p = |t: &str| paper::Part::Paragraph(t.into());
    let s = |t: &str| t.to_owned();
    let sheet = paper::Sheet {
        language: "zh-CN".into(),
        title: s("学生资助告知书"),
        body: vec![
            p("王大山：您好！"),
            p(
                "您家学生王小明在2026年秋季学期享受国家助学金，金额1,500.00元，已发放到您家的银行账户。请核对到账情况，如与下表不符，请在十日内告知村委会或学校，我们会尽快核实并答复您。",
            ),
            paper::Part::Table(vec![
                vec![s("资助项目"), s("学期"), s("金额（元）")],
                vec![s("国家助学金"), s("2026年秋季"), s("1,500.00")],
                vec![s("营养改善计划"), s("2026年秋季"), s("625.00")],
            ]),
            p(
                "请核对到账情况。如有疑问，请向县学生资助管理中心咨询。签字仅表示您已知晓，拒签不影响资助。",
            ),
        ],
        marks: vec![
            paper::Mark {
                label: s("户主签字"),
                strokes: vec![
                    vec![(0, 0), (900, 800), (2000, 500), (4000, 0)],
                    vec![(1000, 900), (3000, 1800)],
                ],
                words: s("王大山 2026-11-25 14:03"),
            },
            paper::Mark {
                label: s("见证人签字"), strokes: vec![], words: s("李四（村干部）")
            },
        ],
        photos: vec![],
        facts: vec![
            [s("回执编号"), s("17")],
            [s("登记时间"), s("2026-11-25 14:10")],
            [s("平板"), s("01980000-0000-7000-8000-000000000000")],
            [s("摘要"), s("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")],
        ],
        code: Some("ruhu-notice:1:".to_owned() + &"Ab3".repeat(190)),
        code_words: vec![s(
            "用任意扫码程序扫描，或在 /verify 页面粘贴其内容，即可核验；不需要登录。",
        )],
        stamp: Some(s("样本")),
        page_words: [s("第 "), s(" 页，共 "), s(" 页")],
    };
    let t = std::time::Instant::now();
    let n: usize = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    let sheets: Vec<_> = (0..n)
        .map(|i| {
            let mut one = sheet.clone();
            one.facts[0][1] = i.to_string();
            one
        })
        .collect();
    let pdf = paper::print(&sheets).unwrap();
    eprintln!("{:?} {}", t.elapsed(), pdf.len());
    std::fs::write(std::env::args().nth(1).unwrap(), pdf).unwrap();
}
