//! What a table says: which columns are which fields, and what stands in each line.

use std::collections::BTreeMap;

use mobile_schema::register::{Field, FieldType, Role, heading};
use mobile_schema::{Catalogue, FieldId, RegisterDefinition, Value};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kin;
use crate::http::{LineProblem, beyond, rows, take_titles};
use crate::limits::MAX_IMPORT_LINES;

/// What the column of the records' own ids is called; as in what is exported.
const KEYS: [&str; 3] = ["KEY", "编号", "Number"];
/// What the column of the villages is called: by their names or codes.
const AREAS: [&str; 17] = [
    "Area",
    "村",
    "Village",
    "区划代码",
    "Code",
    "行政村",
    "村名",
    "所在村",
    "所属村",
    "行政村名称",
    "所在行政村",
    "所属行政村",
    "村委会",
    "村（社区）",
    "社区",
    "行政区划代码",
    "村名称",
];
/// What the column of the townships is called, which tells villages of one name apart.
const TOWNSHIPS: [&str; 9] =
    ["Township", "乡镇", "乡", "镇", "所在乡镇", "所属乡镇", "乡（镇）", "乡镇名称", "镇街"];
/// Fields that no table is asked for: who invents records says so otherwise.
const NOT_ASKED: [&str; 1] = ["invented"];

/// What a column is read as, as clients name it.
const KEY: &str = "KEY";
const AREA: &str = "Area";
const TOWNSHIP: &str = "Township";

/// A column, and the field it is read as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ImportColumn {
    /// As it is written.
    title: String,
    /// `KEY`, `Area`, `Township` or a field's name; none where it is not read.
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
    /// The township, as it is written.
    pub(super) township: String,
    pub(super) values: BTreeMap<FieldId, Value>,
    /// The records it refers to, as they are written: in several ways, where columns do.
    pub(super) references: BTreeMap<FieldId, Vec<String>>,
}

/// What a table says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<ImportColumn>,
    pub(super) lines: Vec<Line>,
    pub(super) problems: Vec<LineProblem>,
}

/// What the columns of a table may be.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) register: &'a RegisterDefinition,
    pub(super) catalogue: &'a Catalogue,
    /// What a person said that columns are, by their titles: as in [`ImportColumn`], or nothing.
    pub(super) chosen: &'a BTreeMap<String, String>,
}

/// What a column is read as.
#[derive(Clone, Copy)]
enum Target<'a> {
    Key,
    Area,
    Township,
    Field(&'a Field),
    Nothing,
}

impl<'a> Reading<'a> {
    fn target(&self, title: &str, is_first_of_two: bool) -> Target<'a> {
        if let Some(chosen) = self.chosen.get(title) {
            return self.named(chosen);
        }
        let plain = heading(title);
        let is =
            |names: &[&str]| !plain.is_empty() && names.iter().any(|name| heading(name) == plain);
        // A field may be called as the ids are, in words: then theirs stands before it.
        let field = self.register.field_called(title).filter(|field| is_taken(field));
        match field.filter(|_| !(is_first_of_two && (is(&KEYS) || is(&AREAS)))) {
            Some(field) => Target::Field(field),
            None if is(&KEYS) => Target::Key,
            None if is(&AREAS) => Target::Area,
            None if is(&TOWNSHIPS) => Target::Township,
            None => self.reference(&plain).map_or(Target::Nothing, Target::Field),
        }
    }

    fn named(&self, name: &str) -> Target<'a> {
        match name {
            KEY => Target::Key,
            AREA => Target::Area,
            TOWNSHIP => Target::Township,
            name => {
                let field = self.register.field_named(name).filter(|field| is_taken(field));
                field.map_or(Target::Nothing, Target::Field)
            }
        }
    }

    /// The record a line belongs to may be told by its name, its number or its person's number,
    /// each in a column that is called as that is.
    fn reference(&self, plain: &str) -> Option<&'a Field> {
        let subject = self.register.field_with_role(Role::Subject)?;
        let FieldType::Reference { collection: Some(collection) } = &subject.kind else {
            return None;
        };
        let (_, referred) = self.catalogue.current(collection)?;
        let tells = |field: &&Field| {
            let is_number = field.kind == FieldType::CitizenId || field.identifies;
            field.role == Some(Role::Title) || is_number
        };
        let is_called = |field: &Field| field.labels.0.values().any(|own| heading(own) == plain);
        (!plain.is_empty() && referred.fields.iter().filter(tells).any(is_called))
            .then_some(subject)
    }
}

impl Target<'_> {
    fn name(&self) -> Option<String> {
        match self {
            Self::Key => Some(KEY.to_owned()),
            Self::Area => Some(AREA.to_owned()),
            Self::Township => Some(TOWNSHIP.to_owned()),
            Self::Field(field) => Some(field.name.clone()),
            Self::Nothing => None,
        }
    }
}

/// Whether a field's values can stand in a table.
pub(super) fn is_taken(field: &Field) -> bool {
    !matches!(field.kind, FieldType::Answers | FieldType::Blobs)
}

/// Whether an empty table has a column for it.
pub(super) fn is_asked(field: &Field) -> bool {
    is_taken(field) && !NOT_ASKED.contains(&field.name.as_str())
}

/// Reads a table. Columns are called by the fields' names or labels, or as offices call them.
///
/// # Errors
/// What keeps it from being read at all.
pub(super) fn read(bytes: &[u8], reading: &Reading<'_>) -> Result<Table, LineProblem> {
    let register = reading.register;
    let mut rows = rows(bytes, MAX_IMPORT_LINES)?;
    let is_known = |title: &str| !matches!(reading.target(title, false), Target::Nothing);
    let titles = take_titles(&mut rows, is_known);
    let (first, titles) =
        titles.ok_or_else(|| LineProblem::new(1, "表格是空的", "the table is empty"))?;
    let target =
        |(at, title): (usize, &String)| reading.target(title, titles[at + 1..].contains(title));
    let targets: Vec<Target<'_>> = titles.iter().enumerate().map(target).collect();
    let mut table = Table::default();
    for (title, target) in titles.iter().zip(&targets).filter(|(title, _)| !title.is_empty()) {
        let field = target.name();
        let may_repeat =
            matches!(target, Target::Field(field) if field.role == Some(Role::Subject));
        let is_twice = field.is_some() && table.columns.iter().any(|one| one.field == field);
        if is_twice && !may_repeat {
            return Err(LineProblem::new(
                first,
                format!("“{title}”有两列"),
                format!("two columns are `{title}`"),
            ));
        }
        table.columns.push(ImportColumn { title: title.clone(), field });
    }
    let must: Vec<&Field> = register.fields.iter().filter(|field| is_needed(field)).collect();
    let has =
        |field: &Field| table.columns.iter().any(|one| one.field.as_ref() == Some(&field.name));
    if let Some(missing) = must.iter().copied().find(|field| !has(field)) {
        // Which columns there are is told all the same, so that a person can say what they are.
        table.problems.push(without_column(first, missing));
        return Ok(table);
    }
    for (number, cells) in rows {
        let mut line = Line { number, ..Line::default() };
        let before = table.problems.len();
        table.problems.extend(beyond(number, &titles, &cells));
        for ((target, title), cell) in targets.iter().zip(&titles).zip(&cells) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            if let Err((zh, en)) = line.take(target, title, cell) {
                let zh = format!("{title}：{zh}");
                table.problems.push(LineProblem::new(number, zh, format!("{title}: {en}")));
            }
        }
        let lacks = |field: &&Field| {
            !line.values.contains_key(&field.id) && !line.references.contains_key(&field.id)
        };
        if let Some(missing) = must.iter().copied().find(lacks)
            && table.problems.len() == before
        {
            let words = missing.labels.in_language("zh-CN");
            let (zh, en) = (format!("没有{words}"), format!("there is no {}", missing.name));
            table.problems.push(LineProblem::new(number, zh, en));
        }
        table.lines.push(line);
    }
    Ok(table)
}

/// Whether no record can be taken in without it: what people know it by, and what it belongs to.
fn is_needed(field: &Field) -> bool {
    field.role == Some(Role::Title) || field.role == Some(Role::Subject) && field.required
}

fn without_column(first: u64, field: &Field) -> LineProblem {
    let (words, name) = (field.labels.in_language("zh-CN"), &field.name);
    if field.role != Some(Role::Subject) {
        return LineProblem::new(
            first,
            format!(
                "没有找到“{words}”这一列：列名要写在同一行里，也可以在下面指定哪一列是“{words}”"
            ),
            format!("no column is `{name}`: name one so, or say below which one it is"),
        );
    }
    let some: Vec<&str> = field.also.iter().map(String::as_str).take(8).collect();
    let some = if some.is_empty() {
        String::new()
    } else {
        format!("（也可以叫：{}）", some.join("、"))
    };
    LineProblem::new(
        first,
        format!(
            "没有一列说明属于谁：请加一列“{words}”{some}，或在下面指定。不写明就导入，这些记录就没有归属"
        ),
        format!(
            "no column says what the lines belong to: add one called `{name}`, or say below which one it is"
        ),
    )
}

impl Line {
    fn take(
        &mut self,
        target: &Target<'_>,
        title: &str,
        cell: &str,
    ) -> Result<(), (String, String)> {
        match target {
            Target::Nothing => {}
            Target::Area => cell.clone_into(&mut self.area),
            Target::Township => cell.clone_into(&mut self.township),
            Target::Key => {
                let id = Uuid::try_parse(cell).map_err(|_| {
                    let zh = "不是本系统的编号；如果是单位自己的编号，请在下面改选“户编号”或不导入这一列";
                    (zh.to_owned(), "none of this system's ids".to_owned())
                })?;
                self.id = Some(id);
            }
            Target::Field(field) if matches!(field.kind, FieldType::Reference { .. }) => {
                self.references.entry(field.id).or_default().push(cell.to_owned());
            }
            Target::Field(field) => {
                let kin = (field.name == "relation").then(|| kin::relation(cell)).flatten();
                let value = field.read_cell(cell);
                let value = value.or_else(|why| kin.map(Value::from).ok_or(why));
                let value = value.map_err(|why| told(field, why))?;
                self.values.insert(field.id, in_fen(field, title, value)?);
            }
        }
        Ok(())
    }
}

/// Money of a column that is in tens of thousands of yuan.
fn in_fen(field: &Field, title: &str, value: Value) -> Result<Value, (String, String)> {
    match value.as_integer().filter(|_| field.kind == FieldType::Money && title.contains("万元"))
    {
        Some(fen) => fen
            .checked_mul(10_000)
            .map(Value::from)
            .ok_or_else(|| ("数目太大".to_owned(), "too much".to_owned())),
        None => Ok(value),
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

    fn register(name: &str) -> RegisterDefinition {
        builtin_registers().into_iter().find(|one| one.name == name).expect("it is built in")
    }

    fn household() -> RegisterDefinition {
        register("household")
    }

    fn read(bytes: &[u8], register: &RegisterDefinition) -> Result<Table, LineProblem> {
        read_as(bytes, register, &[])
    }

    fn read_as(
        bytes: &[u8],
        register: &RegisterDefinition,
        chosen: &[(&str, &str)],
    ) -> Result<Table, LineProblem> {
        let mut catalogue = Catalogue::default();
        for register in builtin_registers() {
            catalogue.insert(register);
        }
        let chosen = chosen.iter().map(|(title, field)| ((*title).to_owned(), (*field).to_owned()));
        let chosen = chosen.collect();
        super::read(bytes, &Reading { register, catalogue: &catalogue, chosen: &chosen })
    }

    fn fields(table: &Table) -> Vec<&str> {
        table.columns.iter().map(|one| one.field.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn a_countys_own_sheet_is_understood() {
        let table = "某县脱贫户花名册,,,,,,,\n填报日期：2026年11月,,,,,,,\n\
            序号,乡（镇）,行政村,户编号,户主身份证号码,户主 姓名,家庭年收入（万元）,手机号\n\
            1,桃源镇,桃源村委会,TY-001,52990119700101123X,王某,1.5,13800000000\n";
        let read = read(table.as_bytes(), &household()).unwrap();
        let named = [
            "-",
            "Township",
            "Area",
            "number",
            "head_citizen_id",
            "head_name",
            "yearly_income",
            "phone",
        ];
        assert_eq!(fields(&read), named);
        let line = &read.lines[0];
        assert_eq!(
            (line.number, line.township.as_str(), line.area.as_str()),
            (4, "桃源镇", "桃源村委会")
        );
        assert_eq!(line.values[&8], Value::from(1_500_000), "in fen");
    }

    #[test]
    fn members_never_come_without_their_household() {
        let alone = "姓名,公民身份号码,与户主关系\n王某,52990119700101123X,长子\n";
        let refused = read(alone.as_bytes(), &register("member")).unwrap();
        let words = refused.problems[0].words(true);
        assert!(words.contains("户主身份证号码") && refused.lines.is_empty(), "{words}");
        for told in ["户主姓名", "户主身份证号码", "户编号", "所属农户", "所属户"]
        {
            let table = format!("{told},姓名,与户主关系\nx,王某,长子\n,李某,\n");
            let read = read(table.as_bytes(), &register("member")).unwrap();
            assert_eq!(fields(&read), ["household", "name", "relation"], "{told}");
            assert_eq!(read.lines[0].references[&1], ["x"]);
            assert_eq!(read.lines[0].values[&5], Value::from("child"));
            assert_eq!(read.problems.iter().map(|one| one.line).collect::<Vec<_>>(), [3]);
        }
        let both = "户主姓名,户编号,姓名\n张某,TY-001,王某\n";
        let read = read(both.as_bytes(), &register("member")).unwrap();
        assert_eq!(read.lines[0].references[&1], ["张某", "TY-001"]);
    }

    #[test]
    fn a_person_says_what_columns_are() {
        let table = "户头,组别,村\n王某,一组,桃源村\n";
        let unnamed = read(table.as_bytes(), &household()).unwrap();
        assert_eq!((fields(&unnamed), unnamed.problems.len()), (vec!["-", "-", "Area"], 1));
        let chosen = [("户头", "head_name"), ("组别", "address"), ("村", "")];
        let read = read_as(table.as_bytes(), &household(), &chosen).unwrap();
        assert_eq!(fields(&read), ["head_name", "address", "-"]);
        assert_eq!(read.lines[0].area, "");
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
        let nameless = read("证件类型\n无\n".as_bytes(), &household()).unwrap();
        assert_eq!((nameless.problems.len(), nameless.lines.len()), (1, 0));
        for table in ["", "户主姓名,head_name\n王,王\n"] {
            assert!(read(table.as_bytes(), &household()).is_err(), "{table}");
        }
    }
}
