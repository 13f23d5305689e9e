//! A template filled with data: the text that is shown, read aloud and signed.

use std::collections::BTreeMap;

use super::data::{Datum, NoticeData};
use super::problem::{NameProblem, TemplateProblem};
use super::template::{NoticeTemplate, Paragraph, Table};
use crate::expression::tree::TOP;
use crate::expression::{Names, check};
use crate::facts::Facts;
use crate::form::problem::words_of_mistake;
use crate::register::day_in_words;
use crate::{Value, Words};

/// The day it is signed on: a name that every text may use.
const TODAY: &str = "today";
/// Most rows of a table.
const MOST_ROWS: usize = 200;

/// `snake_case`, as files and addresses bear it.
fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 50
        && name.chars().all(is_letter)
}

impl NoticeTemplate {
    /// Everything that is wrong with the template by itself.
    pub fn check(&self) -> Vec<TemplateProblem> {
        let mut problems = self.check_names();
        for language in self.title.missing_languages() {
            problems.push(TemplateProblem::MissingLanguage { paragraph: 0, language });
        }
        let names = self.fields.iter().map(|field| field.name.as_str()).chain([TODAY]);
        let blanks: BTreeMap<String, Datum> =
            names.map(|name| (name.to_owned(), Datum::default())).collect();
        for (index, one) in self.paragraphs.iter().enumerate() {
            self.check_paragraph(index + 1, one, &blanks, &mut problems);
        }
        for photo in &self.photos {
            for language in photo.labels.missing_languages() {
                problems.push(TemplateProblem::MissingLanguage { paragraph: 0, language });
            }
        }
        problems
    }

    fn check_names(&self) -> Vec<TemplateProblem> {
        let mut problems = Vec::new();
        let mut tell = |name: &str, problem| {
            problems.push(TemplateProblem::Name { name: name.to_owned(), problem });
        };
        if !is_name(&self.name) {
            tell(&self.name, NameProblem::NotSnakeCase);
        }
        let names = self.fields.iter().map(|field| &field.name);
        let names: Vec<_> = names.chain(self.rows.iter().map(|rows| &rows.name)).collect();
        for (at, name) in names.iter().enumerate() {
            if !is_name(name) {
                tell(name, NameProblem::NotSnakeCase);
            }
            if names[..at].contains(name) {
                tell(name, NameProblem::Twice);
            }
        }
        for field in &self.fields {
            match field.from.as_deref().and_then(|from| from.split_once('.')) {
                Some(("household", _)) => {}
                Some(("about", _)) if self.about.is_some() => {}
                None if field.from.is_none() => {}
                _ => tell(&field.name, NameProblem::FromNowhere),
            }
        }
        problems
    }

    fn check_paragraph(
        &self,
        paragraph: usize,
        one: &Paragraph,
        blanks: &BTreeMap<String, Datum>,
        problems: &mut Vec<TemplateProblem>,
    ) {
        let mut check_text = |language: &str, text: &str, blanks: &BTreeMap<String, Datum>| {
            if let Err(gap) = fill(text, blanks, None) {
                problems.push(gap.problem(paragraph, language));
            }
        };
        for (language, text) in &one.text.0 {
            check_text(language, text, blanks);
        }
        let rows = one
            .table
            .as_ref()
            .map(|table| (table, self.rows.iter().find(|rows| rows.name == table.rows)));
        if let Some((table, Some(rows))) = &rows {
            let mut blanks = blanks.clone();
            blanks.extend(rows.fields.iter().map(|one| (one.name.clone(), Datum::default())));
            for column in &table.columns {
                check_text("*", &column.value, &blanks);
            }
        }
        let headings =
            rows.iter().flat_map(|(table, _)| table.columns.iter().map(|column| &column.heading));
        // A table may stand without words; words may not lack a language.
        let words = (one.table.is_none() || !one.text.0.is_empty()).then_some(&one.text);
        for labels in words.into_iter().chain(headings) {
            for language in labels.missing_languages() {
                problems.push(TemplateProblem::MissingLanguage { paragraph, language });
            }
        }
        if let Some((table, None)) = &rows {
            let name = table.rows.clone();
            problems.push(TemplateProblem::UnknownRows { paragraph, name });
        }
        let wrong = one.when.as_deref().map(|when| check::compile(when, &mut Names::default()));
        for mistake in wrong.and_then(Result::err).unwrap_or_default() {
            let Words { zh, en } = words_of_mistake(&mistake.mistake);
            problems.push(TemplateProblem::Condition { paragraph, zh, en });
        }
    }

    /// The text as it is read aloud and signed: title, then a line a paragraph and a line a row of
    /// a table, its cells between tabs. `today` is a day (`2026-11-25`).
    ///
    /// # Errors
    /// Where a value is missing, or a condition can't be decided.
    pub fn render(
        &self,
        language: &str,
        data: &NoticeData,
        today: &str,
    ) -> Result<String, TemplateProblem> {
        let missing = self.fields.iter().find(|field| !data.fields.contains_key(&field.name));
        if let Some(field) = missing {
            return Err(TemplateProblem::MissingValue(field.name.clone()));
        }
        let dated = || (TODAY.to_owned(), Datum::from(day_in_words(today, language).as_str()));
        let mut data = data.clone();
        // What a template calls so itself goes first.
        if !data.fields.contains_key(TODAY) {
            data.fields.extend([dated()]);
        }
        let data = &data;
        let mut lines = vec![one_line(self.title.in_language(language))];
        for (index, one) in self.paragraphs.iter().enumerate() {
            let stands = stands(one, data, today).map_err(|message| {
                let zh = format!("条件算不出来：{message}");
                TemplateProblem::Condition { paragraph: index + 1, zh, en: message }
            })?;
            if !stands {
                continue;
            }
            let problem = |gap: Gap| gap.problem(index + 1, language);
            let table = match &one.table {
                Some(table) => table_lines(table, language, data).map_err(problem)?,
                None => Vec::new(),
            };
            if one.table.is_some() && table.is_empty() {
                continue;
            }
            if !one.text.0.is_empty() {
                let text = fill(one.text.in_language(language), &data.fields, None);
                lines.push(one_line(&text.map_err(problem)?));
            }
            lines.extend(table);
        }
        Ok(lines.join("\n"))
    }
}

fn stands(paragraph: &Paragraph, data: &NoticeData, today: &str) -> Result<bool, String> {
    let Some(when) = &paragraph.when else { return Ok(true) };
    let mut names = Names::default();
    let code = check::compile(when, &mut names).map_err(|_| format!("`{when}`"))?;
    let values = |row: &BTreeMap<String, Datum>| -> BTreeMap<String, Value> {
        row.iter().map(|(name, datum)| (name.clone(), datum.value.clone())).collect()
    };
    let mut facts = Facts::new(&names, today);
    let notice = facts.add(TOP, "notice", &values(&data.fields));
    for (name, rows) in &data.rows {
        for row in rows {
            facts.add(notice, name, &values(row));
        }
    }
    facts.hold(&code, notice).map_err(|_| format!("`{when}`"))
}

/// The heading and a line for each row; nothing where there is no row.
fn table_lines(table: &Table, language: &str, data: &NoticeData) -> Result<Vec<String>, Gap> {
    let rows = data.rows.get(&table.rows).map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let heading = |column: &super::template::Column| cell(column.heading.in_language(language));
    let mut lines = vec![table.columns.iter().map(heading).collect::<Vec<_>>().join("\t")];
    for row in rows.iter().take(MOST_ROWS) {
        let cells = table
            .columns
            .iter()
            .map(|column| Ok(cell(&fill(&column.value, row, Some(&data.fields))?)));
        lines.push(cells.collect::<Result<Vec<_>, Gap>>()?.join("\t"));
    }
    // A line without a tab is none of a table's.
    if table.columns.len() == 1 {
        lines.iter_mut().for_each(|line| line.push('\t'));
    }
    Ok(lines)
}

/// No value can make itself a paragraph or a cell.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\t'], " ")
}

fn cell(text: &str) -> String {
    one_line(text).trim().to_owned()
}

enum Gap {
    Unclosed,
    Unknown(String),
}

impl Gap {
    fn problem(self, paragraph: usize, language: &str) -> TemplateProblem {
        let language = language.to_owned();
        match self {
            Self::Unclosed => TemplateProblem::Unclosed { paragraph, language },
            Self::Unknown(name) => TemplateProblem::UnknownField { paragraph, language, name },
        }
    }
}

fn fill(
    text: &str,
    values: &BTreeMap<String, Datum>,
    else_of: Option<&BTreeMap<String, Datum>>,
) -> Result<String, Gap> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(Gap::Unclosed)?;
        filled.push_str(before);
        let datum = values.get(name).or_else(|| else_of?.get(name));
        filled.push_str(&datum.ok_or_else(|| Gap::Unknown(name.to_owned()))?.words);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(body: &str) -> NoticeTemplate {
        let head = r#"
            name = "aid"
            version = 1
            title = { zh-CN = "资助告知书", en = "Notification of aid" }
            fields = ["name", "amount"]
            [[rows]]
            name = "award"
            from = "aid_award"
            fields = ["programme"]
        "#;
        NoticeTemplate::from_toml(&format!("{head}{body}")).expect("well-formed")
    }

    fn paragraph(text: &str) -> NoticeTemplate {
        template(&format!("[[paragraph]]\ntext = {{ zh-CN = \"{text}\", en = \"{text}\" }}"))
    }

    fn data(name: &str, amount: &str, programmes: &[&str]) -> NoticeData {
        let fields = [("name".to_owned(), name), ("amount".to_owned(), amount)];
        let row = |one: &&str| [("programme".to_owned(), Datum::from(*one))].into();
        let rows = [("award".to_owned(), programmes.iter().map(row).collect())].into();
        NoticeData { rows, ..NoticeData::of_fields(fields) }
    }

    fn shown(template: &NoticeTemplate, data: &NoticeData) -> String {
        template.render("zh-CN", data, "2026-11-25").expect("a text")
    }

    #[test]
    fn values_stand_where_the_template_names_them() {
        let text = shown(&paragraph("{name}：您好。"), &data("王小明", "", &[]));
        assert_eq!(text, "资助告知书\n王小明：您好。");
        let missing = paragraph("{name}").render("zh-CN", &NoticeData::default(), "2026-11-25");
        assert_eq!(missing, Err(TemplateProblem::MissingValue("name".into())));
    }

    #[test]
    fn the_day_stands_below_a_text() {
        let signed = paragraph("县医疗保障局 {today}");
        assert_eq!(signed.check(), []);
        assert!(shown(&signed, &data("", "", &[])).ends_with("\n县医疗保障局 2026年11月25日"));
        let english = signed.render("en", &data("", "", &[]), "2026-11-25").unwrap();
        assert!(english.ends_with(" 2026-11-25"));
    }

    #[test]
    fn a_value_makes_no_paragraph_and_no_cell() {
        let text = shown(&paragraph("{name}。"), &data("王\n小\t明", "", &[]));
        assert_eq!(text, "资助告知书\n王 小 明。");
    }

    #[test]
    fn a_paragraph_stands_where_its_condition_holds() {
        let template = template(
            r#"
            [[paragraph]]
            when = "amount >= 1000 and count(award) > 1"
            text = { zh-CN = "较大。", en = "Large." }
            "#,
        );
        assert_eq!(template.check(), []);
        assert_eq!(shown(&template, &data("", "1,500.00", &["甲", "乙"])), "资助告知书\n较大。");
        assert_eq!(shown(&template, &data("", "1,500.00", &["甲"])), "资助告知书");
        assert_eq!(shown(&template, &data("", "999", &["甲", "乙"])), "资助告知书");
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        let template = template(
            r#"
            [[paragraph]]
            text = { zh-CN = "明细：", en = "In detail:" }
            table.rows = "award"
            table.columns = [
              { heading = { zh-CN = "项目", en = "Programme" }, value = "{programme}" },
              { heading = { zh-CN = "姓名", en = "Name" }, value = "{name}" },
            ]
            "#,
        );
        assert_eq!(template.check(), []);
        let text = shown(&template, &data("王小明", "", &["助学\t金", "营养"]));
        assert_eq!(text, "资助告知书\n明细：\n项目\t姓名\n助学 金\t王小明\n营养\t王小明");
        assert_eq!(shown(&template, &data("王小明", "", &[])), "资助告知书");
    }

    #[test]
    fn what_is_wrong_is_found_before_publication() {
        assert_eq!(paragraph("{name}").check(), []);
        assert_eq!(paragraph("{nmae}").check().len(), 2);
        assert_eq!(paragraph("{name").check().len(), 2);
        let told =
            |body: &str| template(body).check().iter().map(ToString::to_string).collect::<Vec<_>>();
        let when = "[[paragraph]]\nwhen = \"cuont(award)\"\ntext = { zh-CN = \"甲\", en = \"A\" }";
        assert_eq!(
            told(when),
            ["paragraph 1: There is no function “cuont”. Did you mean “count”?"]
        );
        let table = "[[paragraph]]\ntable = { rows = \"awrd\", columns = [] }";
        assert_eq!(told(table), ["paragraph 1: there are no rows `awrd`"]);
    }

    #[test]
    fn a_name_alone_is_written_as_ever() {
        let template = paragraph("{name}");
        assert_eq!(
            serde_json::to_value(&template.fields).unwrap(),
            serde_json::json!(["name", "amount"])
        );
        let read: NoticeTemplate = serde_json::from_slice(&template.bundle()).expect("the bundle");
        assert_eq!(read, template);
    }
}
