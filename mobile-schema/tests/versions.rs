//! Two versions of a form: what is different, and what becomes of answers.

use std::collections::HashMap;
use std::sync::Arc;

use mobile_schema::form::{Files, Opened, Session, Version, World, diff, open, upgrade};
use serde_json::json;

const BEFORE: &str = "| survey |
| | type | name | label::English (en) | label::中文 (zh) | constraint |
| | text | head | Head | 户主 | |
| | integer | age | Age | 年龄 | . < 120 |
| | integer | income | Income | 收入 | |
| | date | born | Born | 出生 | |
| | select_one water | water | Water | 饮水 | |
| | text | gone | Gone | 已删 | |
| | begin repeat | member | Member | 成员 | |
| | text | name | Name | 姓名 | |
| | select_multiple crop | crops | Crops | 作物 | |
| | end repeat | | | | |
| choices |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | water | tap | Tap | 自来水 |
| | water | well | Well | 井水 |
| | crop | rice | Rice | 水稻 |
| | crop | tea | Tea | 茶 |
";

const AFTER: &str = "| survey |
| | type | name | label::English (en) | label::中文 (zh) | constraint |
| | text | head | Head of household | 户主 | |
| | begin group | money | Money | 收支 | |
| | decimal | income | Income | 收入 | |
| | end group | | | | |
| | integer | age | Age | 年龄 | . < 130 |
| | integer | born | Year of birth | 出生年 | |
| | select_one water | water | Water | 饮水 | |
| | begin repeat | member | Member | 成员 | |
| | begin group | who | Who | 谁 | |
| | text | name | Name | 姓名 | |
| | end group | | | | |
| | select_multiple crop | crops | Crops | 作物 | |
| | end repeat | | | | |
| | text | phone | Phone | 电话 | |
| choices |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | water | tap | Tap | 自来水 |
| | water | spring | Spring | 山泉 |
| | crop | rice | Rice | 水稻 |
| | crop | tea | Tea | 茶 |
";

fn version(markdown: &str) -> Opened {
    let opened = open(markdown.as_bytes(), "form");
    assert!(opened.form.is_some(), "{:?}", opened.problems);
    opened
}

fn of(opened: &Opened) -> Version<'_> {
    Version {
        form: opened.form.as_ref().expect("a form"),
        xform: opened.xform.as_ref().expect("an XForm"),
    }
}

fn world() -> World {
    World {
        now: 0,
        offset: 480,
        language: "en".to_owned(),
        properties: HashMap::new(),
        location: None,
        seed: [3; 32],
    }
}

#[test]
fn differences_are_told_with_what_becomes_of_answers() {
    let (before, after) = (version(BEFORE), version(AFTER));
    let told: Vec<String> =
        diff(of(&before), of(&after)).iter().map(|change| change.describe("en")).collect();
    assert_eq!(
        told,
        [
            "/data/head: label English (en) “Head” is now “Head of household”",
            "/data/money: added",
            "/data/money/income: moved from /data/income",
            "/data/money/income: type integer is now decimal; answers are converted",
            "/data/age: constraint “. < 120” is now “. < 130”; answers may not do",
            "/data/born: type date is now integer; answers are set aside",
            "/data/born: label English (en) “Born” is now “Year of birth”",
            "/data/born: label 中文 (zh) “出生” is now “出生年”",
            "/data/water: choices: gone [well], added [spring]; answers may not do",
            "/data/member/who: added",
            "/data/member/who/name: moved from /data/member/name",
            "/data/phone: added",
            "/data/gone: removed; answers are set aside",
        ]
    );
    assert_eq!(diff(of(&before), of(&before)), []);
    let chinese = diff(of(&before), of(&after))[5].describe("zh-CN");
    assert_eq!(chinese, "/data/born: 题型由 date 改为 integer；已有答案将另存");
}

#[test]
fn answers_go_to_the_new_version_and_none_is_thrown_away() {
    let (before, after) = (version(BEFORE), version(AFTER));
    let mut old = Session::begin(Arc::new(before.form.expect("a form")), &Files::new(), world());
    let answers = json!({
        "head": "Wang", "age": 70, "income": 1200, "born": "1955-03-01", "water": "well",
        "gone": "kept in mind",
        "member": [{ "name": "A", "crops": "rice" }, {}, { "name": "C", "crops": "rice tea" }]
    });
    assert_eq!(old.fill(&answers), []);
    let saved = old.submission();
    let new_form = after.form.expect("a form");
    let upgraded = upgrade(&saved, old.form(), &new_form);
    let aside: Vec<(&str, &str, &str)> = upgraded
        .set_aside
        .iter()
        .map(|one| (one.path.as_str(), one.value.as_str(), one.reason))
        .collect();
    assert_eq!(
        aside,
        [
            ("/data/born", "1955-03-01", "of another type"),
            ("/data/water", "well", "no such choice"),
            ("/data/gone", "kept in mind", "no such question"),
        ]
    );
    let moved: Vec<&str> = upgraded.moved.iter().map(|(from, _)| from.as_str()).collect();
    assert_eq!(moved, ["/data/income", "/data/member[1]/name", "/data/member[3]/name"]);
    let new = Session::resume(Arc::new(new_form), &Files::new(), world(), &upgraded.submission);
    let value = |path: &str| -> Vec<String> {
        new.find(path).iter().map(|node| new.value(*node).to_owned()).collect()
    };
    assert_eq!(value("/data/head"), ["Wang"]);
    assert_eq!(value("/data/age"), ["70"]);
    assert_eq!(value("/data/money/income"), ["1200"]);
    assert_eq!(value("/data/member/who/name"), ["A", "", "C"]);
    assert_eq!(value("/data/member/crops"), ["rice", "", "rice tea"]);
    assert_eq!(value("/data/meta/instanceID"), [old.value(old.find("/data/meta/instanceID")[0])]);
    // Head, age, two times crops and the submission's own id.
    assert_eq!(upgraded.kept, 5);
}

#[test]
fn names_that_only_begin_like_the_own_data_are_questions() {
    let before = "| survey |\n| | type | name | label |\n| | text | metal_roof | Roof |\n";
    let after = "| survey |\n| | type | name | label |\n| | begin group | house | House |\n\
                 | | text | metal_roof | Roof |\n| | end group | | |\n";
    let (before, after) = (version(before), version(after));
    let told: Vec<String> =
        diff(of(&before), of(&after)).iter().map(|change| change.describe("en")).collect();
    assert_eq!(told, ["/data/house: added", "/data/house/metal_roof: moved from /data/metal_roof"]);
    let saved = mobile_schema::xml::Element::read(
        "<data><metal_roof>yes</metal_roof><old><er>kept</er></old></data>",
    );
    let upgraded = upgrade(
        &saved.expect("XML"),
        before.form.as_ref().expect("a form"),
        after.form.as_ref().expect("a form"),
    );
    assert!(upgraded.submission.write(false).contains("<metal_roof>yes</metal_roof>"));
    let aside = &upgraded.set_aside[0];
    assert_eq!((aside.path.as_str(), aside.value.as_str()), ("/data/old/er", "kept"));
}
