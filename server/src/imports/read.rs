//! What a table says: which columns are which fields, and what stands in each line.

use std::collections::BTreeMap;

use mobile_schema::register::{Field, FieldType, Role};
use mobile_schema::{FieldId, RegisterDefinition, Value};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{LineProblem, rows};
use crate::limits::MAX_IMPORT_LINES;

/// What the column of the records' own ids is called; as in what is exported.
const KEYS: [&str; 3] = ["KEY", "编号", "Number"];
/// What the column of the villages is called: by their names or codes.
const AREAS: [&str; 5] = ["Area", "村", "Village", "区划代码", "Code"];

/// A column, and the field it is read as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ImportColumn {
    /// As it is written.
    title: String,
    /// `KEY`, `Area` or a field's name; none where it is not read.
    field: Option<String>,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) number: u64,
    /// The record's own id, where it says one.
    pub(super) id: Option<Uuid>,
    /// The village, as it is written.
    pub(super) area: String,
    pub(super) values: BTreeMap<FieldId, Value>,
    /// The records it refers to, as they are written.
    pub(super) references: BTreeMap<FieldId, String>,
}

/// What a table says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<ImportColumn>,
    pub(super) lines: Vec<Line>,
    pub(super) problems: Vec<LineProblem>,
}

/// What a column is read as.
enum Target<'a> {
    Key,
    Area,
    Field(&'a Field),
    Nothing,
}

impl<'a> Target<'a> {
    fn of(title: &str, register: &'a RegisterDefinition, is_first_of_two: bool) -> Self {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(title.trim()));
        // A field may be called as the ids are, in words: then theirs stands before it.
        let field = register.field_called(title).filter(|field| is_taken(field));
        match field.filter(|_| !(is_first_of_two && (is(&KEYS) || is(&AREAS)))) {
            Some(field) => Self::Field(field),
            None if is(&KEYS) => Self::Key,
            None if is(&AREAS) => Self::Area,
            None => Self::Nothing,
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Self::Key => Some("KEY".to_owned()),
            Self::Area => Some("Area".to_owned()),
            Self::Field(field) => Some(field.name.clone()),
            Self::Nothing => None,
        }
    }
}

/// Whether a field's values can stand in a table.
pub(super) fn is_taken(field: &Field) -> bool {
    !matches!(field.kind, FieldType::Answers | FieldType::Blobs)
}

/// Reads a table. Columns are called by the fields' names or labels.
///
/// # Errors
/// What keeps it from being read at all.
pub(super) fn read(bytes: &[u8], register: &RegisterDefinition) -> Result<Table, LineProblem> {
    let mut rows = rows(bytes, MAX_IMPORT_LINES)?.into_iter();
    let (first, titles) =
        rows.next().ok_or_else(|| LineProblem::new(1, "表格是空的", "the table is empty"))?;
    let target = |(at, title): (usize, &String)| {
        Target::of(title, register, titles[at + 1..].contains(title))
    };
    let targets: Vec<Target<'_>> = titles.iter().enumerate().map(target).collect();
    let mut table = Table::default();
    for (title, target) in titles.iter().zip(&targets).filter(|(title, _)| !title.is_empty()) {
        let field = target.name();
        if field.is_some() && table.columns.iter().any(|one| one.field == field) {
            return Err(LineProblem::new(
                first,
                format!("“{title}”有两列"),
                format!("two columns are `{title}`"),
            ));
        }
        table.columns.push(ImportColumn { title: title.clone(), field });
    }
    let title = register.field_with_role(Role::Title);
    if let Some(title) = title
        && !table.columns.iter().any(|one| one.field.as_ref() == Some(&title.name))
    {
        let words = title.labels.in_language("zh-CN");
        return Err(LineProblem::new(
            first,
            format!("第一行要有一列叫“{words}”"),
            format!("the first row names a column `{}`", title.name),
        ));
    }
    for (number, cells) in rows {
        let mut line = Line { number, ..Line::default() };
        let before = table.problems.len();
        for ((target, title), cell) in targets.iter().zip(&titles).zip(&cells) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            if let Err((zh, en)) = line.take(target, cell) {
                let zh = format!("{title}：{zh}");
                table.problems.push(LineProblem::new(number, zh, format!("{title}: {en}")));
            }
        }
        if let Some(title) = title
            && table.problems.len() == before
            && !line.values.contains_key(&title.id)
        {
            let words = title.labels.in_language("zh-CN");
            let (zh, en) = (format!("没有{words}"), format!("there is no {}", title.name));
            table.problems.push(LineProblem::new(number, zh, en));
        }
        table.lines.push(line);
    }
    Ok(table)
}

impl Line {
    fn take(&mut self, target: &Target<'_>, cell: &str) -> Result<(), (String, String)> {
        match target {
            Target::Nothing => {}
            Target::Area => cell.clone_into(&mut self.area),
            Target::Key => {
                let id = Uuid::try_parse(cell)
                    .map_err(|_| ("编号不对".to_owned(), "no id".to_owned()))?;
                self.id = Some(id);
            }
            Target::Field(field) if matches!(field.kind, FieldType::Reference { .. }) => {
                self.references.insert(field.id, cell.to_owned());
            }
            Target::Field(field) => {
                let value = field.read_cell(cell).map_err(|why| told(field, why))?;
                self.values.insert(field.id, value);
            }
        }
        Ok(())
    }
}

/// Choices that are told where a cell is none of them.
const MOST_TOLD: usize = 12;

/// What is wrong with a cell, and what it may be where that is a choice.
fn told(field: &Field, why: &'static str) -> (String, String) {
    let (FieldType::SelectOne { choices }
    | FieldType::SelectMultiple { choices }
    | FieldType::Status { choices, .. }) = &field.kind
    else {
        return (in_chinese(field).to_owned(), why.to_owned());
    };
    let offered = |language: &str, between: &str| {
        let some = choices.iter().take(MOST_TOLD).map(|one| one.labels.in_language(language));
        some.collect::<Vec<_>>().join(between)
    };
    (
        format!("{}，可选：{}", in_chinese(field), offered("zh-CN", "、")),
        format!("{why}: {}", offered("en", ", ")),
    )
}

/// What a field asks of a cell.
fn in_chinese(field: &Field) -> &'static str {
    match field.kind {
        FieldType::SelectOne { .. }
        | FieldType::SelectMultiple { .. }
        | FieldType::Status { .. } => "不是可选的选项",
        FieldType::Boolean => "请填“是”或“否”",
        FieldType::Date => "不是日期，请写成 2026-11-05",
        FieldType::Integer | FieldType::Count => "不是整数",
        FieldType::Decimal | FieldType::Money => "不是数",
        FieldType::Moment => "不是时间，请写成 2026-11-05T08:30",
        FieldType::Geopoint => "请填“纬度 经度”",
        _ => "内容太长或不合要求",
    }
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;

    use super::*;

    fn household() -> RegisterDefinition {
        builtin_registers().into_iter().find(|one| one.name == "household").expect("households")
    }

    #[test]
    fn columns_are_called_by_names_or_labels() {
        let table = "村,户主姓名,head_citizen_id,证件类型,备忘\n桃源村,王某,,居民身份证,x\n";
        let read = read(table.as_bytes(), &household()).unwrap();
        let fields: Vec<Option<&str>> =
            read.columns.iter().map(|one| one.field.as_deref()).collect();
        let named =
            [Some("Area"), Some("head_name"), Some("head_citizen_id"), Some("head_id_type")];
        assert_eq!((&fields[..4], fields[4]), (&named[..], None));
        assert_eq!((read.lines[0].area.as_str(), read.problems.len()), ("桃源村", 0));
        assert_eq!(read.lines[0].values[&1], Value::from("王某"));
        assert_eq!(read.lines[0].values[&3], Value::from("resident"));
    }

    #[test]
    fn a_field_may_be_called_as_the_ids_are() {
        let mut register = household();
        let address = register.fields.iter_mut().find(|field| field.name == "address").unwrap();
        address.labels.0.insert("zh-CN".to_owned(), "编号".to_owned());
        let id = Uuid::from_u128(7);
        let fields = |table: &str| {
            let read = read(table.as_bytes(), &register).unwrap();
            let names: Vec<_> = read.columns.into_iter().map(|one| one.field.unwrap()).collect();
            (names, read.lines[0].id, read.lines[0].values.get(&4).cloned())
        };
        let (names, key, address) = fields(&format!("编号,户主姓名,编号\n{id},王某,一组\n"));
        assert_eq!(names, ["KEY", "head_name", "address"]);
        assert_eq!((key, address), (Some(id), Some(Value::from("一组"))));
        let (names, key, address) = fields("户主姓名,编号\n王某,一组\n");
        assert_eq!(names, ["head_name", "address"], "alone it is the field's");
        assert_eq!((key, address), (None, Some(Value::from("一组"))));
    }

    #[test]
    fn every_line_that_is_wrong_is_told() {
        let table = "户主姓名,证件类型\n,居民身份证\n王某,护照\n李某,无\n";
        let read = read(table.as_bytes(), &household()).unwrap();
        assert_eq!(read.problems.iter().map(|one| one.line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(read.lines.len(), 3);
        let words = read.problems[1].words(true);
        assert!(words.contains("不是可选的选项，可选：居民身份证、无、不详"), "{words}");
    }

    #[test]
    fn what_is_no_such_table_is_refused() {
        for table in ["", "证件类型\n无\n", "户主姓名,head_name\n王,王\n"] {
            assert!(super::read(table.as_bytes(), &household()).is_err(), "{table}");
        }
    }
}
