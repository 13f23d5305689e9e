//! What is wrong with a form: where, why, and what was probably meant, in words for people.

use std::fmt::Write;
use std::ops::Range;

use crate::Words;
use crate::expression::problem::{Expected, Unusable};
use crate::expression::{ExpressionProblem, Mistake};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The form can't be used.
    Error,
    /// The form works, but probably not as meant.
    Warning,
}

/// Where something stands in a workbook or document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The sheet; empty in an XForm.
    pub sheet: String,
    /// Counted from 1, as spreadsheets do.
    pub row: Option<u32>,
    /// The letters of the column, as spreadsheets have them.
    pub letters: Option<String>,
    /// The heading of the column, or the path of the question in an XForm.
    pub column: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Kind,
    /// The text it is about and the bytes in it.
    pub excerpt: Option<(String, Range<usize>)>,
}

/// What can be wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in full by its message")]
pub enum Kind {
    // Files
    NotAForm,
    Encrypted,
    BadWorkbook(String),
    TooLarge(&'static str, u64),
    BadCsv(String),
    NotUtf8,
    BadXml(String),
    // Sheets and headings
    NoSurveySheet(Option<String>),
    MisspeltSheet {
        found: String,
        meant: &'static str,
    },
    NoColumn(&'static str),
    HeadingsBelow {
        found: u32,
        first: u32,
    },
    DoubleColumn {
        one: String,
        other: String,
    },
    UnusedColumn(String),
    UnknownColumn(String, Option<String>),
    MergedCells,
    ErrorCell(String),
    FormulaWithoutValue,
    Formulas(usize),
    FarCells(usize),
    // Rows
    NoType,
    UnknownType(String, Option<String>),
    NoName,
    BadName(String),
    DuplicateName(String, u32),
    SimilarName(String, String),
    ReservedName(String),
    RepeatNamedAsForm(String),
    DuplicateRepeat(String),
    NoLabel(String),
    NoRepeatLabel(String),
    EndWithoutBegin(&'static str),
    EndMismatch {
        ends: &'static str,
        begun: &'static str,
        name: String,
        row: u32,
    },
    NeverEnded {
        begun: &'static str,
        name: String,
    },
    NestedTooDeep(usize),
    NoCalculation,
    NoTrigger,
    TriggerHidden(String),
    BadTrigger,
    Disabled,
    NoMaxPixels,
    OldDeviceField(String),
    BadParameters(String),
    UnknownParameter(String, Option<String>),
    ParameterValue {
        name: String,
        value: String,
        needs: Needs,
    },
    AuditName,
    BackgroundCalculation,
    // Choices
    UnknownList(String, Option<String>),
    ListWithoutName,
    ChoiceWithoutName,
    ChoiceWithoutLabel(String),
    DuplicateChoice(String, String),
    ChoiceWithSpace(String, String),
    OtherWithFilter,
    UnknownFileType(String),
    TableListMismatch(String, String),
    SearchMixed(String),
    InstanceTwice(String),
    BigImageAlone,
    // Languages
    MissingTranslation {
        language: String,
        what: String,
    },
    NoDefaultLanguage(String),
    DuplicateLanguage(String, String),
    UnknownLanguageCode(String),
    // Expressions
    Expression(Mistake),
    Cycle(Vec<Link>),
    // Entities
    EntityName(String),
    EntityNoLabel,
    EntityUpdateWithoutId,
    EntityCreateWithoutUpdate,
    SaveToWithoutEntity(String),
    SaveToName(String),
    SaveToTwice(String),
    // XForms
    NoPart(&'static str),
    UnknownBind(String),
    UnknownControl(String),
    UnknownDataType(String, Option<String>),
    UnknownEvent(String),
    // What works, but not as it is meant
    NotOffered(String, Option<String>),
    NotCarriedOut(&'static str),
    NotAnnotated,
    SeveralOfAnswers,
    Repeated {
        question: String,
        repeat: String,
    },
    EmptyFile(String),
    FileWithoutColumn {
        file: String,
        column: String,
        has: Vec<String>,
        near: Option<String>,
        chooses: bool,
    },
}

/// One of those that depend on each other in a circle, with the cell that makes it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The question.
    pub name: String,
    /// Where its expression stands.
    pub place: Place,
}

/// What a parameter needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in full by its message")]
pub enum Needs {
    Number,
    WholeNumber,
    OneOf(&'static [&'static str]),
    NotZero,
    WithinRange,
    MultipleOfStep,
    Reference,
    Randomize,
    All(&'static str),
    AtLeast(&'static str),
}

impl Problem {
    /// An error.
    pub fn error(place: Place, kind: Kind) -> Self {
        Self { severity: Severity::Error, place, kind, excerpt: None }
    }

    /// A warning.
    pub fn warning(place: Place, kind: Kind) -> Self {
        Self { severity: Severity::Warning, place, kind, excerpt: None }
    }

    /// A mistake in an expression.
    pub fn expression(place: Place, text: &str, problem: ExpressionProblem) -> Self {
        Self {
            severity: Severity::Error,
            place,
            kind: Kind::Expression(problem.mistake),
            excerpt: Some((text.to_owned(), problem.span)),
        }
    }

    /// Something in an expression that works, but probably not as meant.
    pub fn doubt(place: Place, text: &str, span: Range<usize>, kind: Kind) -> Self {
        let excerpt = Some((text.to_owned(), span));
        Self { severity: Severity::Warning, place, kind, excerpt }
    }

    /// Errors first, then in the order of their places, each once.
    pub fn sort(problems: &mut Vec<Self>) {
        problems
            .sort_by(|one, other| (one.severity, &one.place).cmp(&(other.severity, &other.place)));
        let mut told: Vec<Self> = Vec::with_capacity(problems.len());
        for problem in problems.drain(..) {
            let same_place = told
                .iter()
                .rev()
                .take_while(|one| one.severity == problem.severity && one.place == problem.place);
            if !same_place.into_iter().any(|one| *one == problem) {
                told.push(problem);
            }
        }
        *problems = told;
    }

    /// In words, with the place, the excerpt underlined and what was meant.
    pub fn describe(&self, language: &str) -> String {
        let chinese = language.starts_with("zh");
        let mut out = match (self.severity, chinese) {
            (Severity::Error, true) => "错误".to_owned(),
            (Severity::Warning, true) => "提醒".to_owned(),
            (Severity::Error, false) => "error".to_owned(),
            (Severity::Warning, false) => "warning".to_owned(),
        };
        let place = self.place.describe(chinese);
        if !place.is_empty() {
            // Writing into a string can't fail.
            let _ = write!(out, " [{place}]");
        }
        let _ = write!(out, "{}{}", if chinese { "：" } else { ": " }, self.kind.message(chinese));
        if let Some((text, span)) = &self.excerpt {
            out.push_str(&underline(text, span));
        }
        out
    }
}

/// The line with the place and marks under it.
fn underline(text: &str, span: &Range<usize>) -> String {
    const AROUND: usize = 60;
    let before: Vec<char> = text[..span.start].chars().collect();
    let marked: Vec<char> = text[span.clone()].chars().take(AROUND).collect();
    let after: Vec<char> = text[span.end..].chars().collect();
    let cut = before.len().saturating_sub(AROUND);
    let plain = |characters: &[char]| -> String {
        characters.iter().map(|one| if one.is_control() { ' ' } else { *one }).collect()
    };
    let shown = format!(
        "{}{}{}{}{}",
        if cut > 0 { "…" } else { "" },
        plain(&before[cut..]),
        plain(&marked),
        plain(&after[..after.len().min(AROUND)]),
        if after.len() > AROUND { "…" } else { "" },
    );
    let width = |characters: &[char]| -> usize { characters.iter().map(|one| columns(*one)).sum() };
    let indent = width(&before[cut..]) + usize::from(cut > 0);
    format!("\n    {shown}\n    {}{}", " ".repeat(indent), "^".repeat(width(&marked).max(1)))
}

/// How many columns a terminal gives a character: two for those of Chinese, Japanese and Korean.
fn columns(character: char) -> usize {
    let wide = matches!(u32::from(character),
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF);
    if wide { 2 } else { 1 }
}

impl Place {
    /// A sheet, or a row of it.
    pub fn row(sheet: &str, row: u32) -> Self {
        Self { sheet: sheet.to_owned(), row: Some(row), ..Self::default() }
    }

    fn describe(&self, chinese: bool) -> String {
        let mut parts = Vec::new();
        if !self.sheet.is_empty() {
            parts.push(self.sheet.clone());
        }
        match (&self.letters, self.row) {
            (Some(letters), Some(row)) => parts.push(format!("{letters}{row}")),
            (None, Some(row)) if chinese => parts.push(format!("第 {row} 行")),
            (None, Some(row)) => parts.push(format!("row {row}")),
            _ => {}
        }
        if let Some(column) = &self.column {
            parts.push(column.clone());
        }
        parts.join(if chinese { "，" } else { ", " })
    }
}

/// Letters of a column counted from 0: A, B, … Z, AA.
pub fn letters(column: usize) -> String {
    let mut rest = column + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        let place = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + place));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

impl Kind {
    /// What is wrong, in words.
    #[expect(clippy::too_many_lines, reason = "a table of messages")]
    pub fn message(&self, chinese: bool) -> String {
        let meant = |near: &Option<String>| match near {
            Some(near) if chinese => format!("您是否想写“{near}”?"),
            Some(near) => format!(" Did you mean “{near}”?"),
            None => String::new(),
        };
        let (zh, en) = match self {
            Self::NotAForm => (
                "这不是问卷文件。请上传 Excel 工作簿（.xlsx、.xls）、Markdown 表格、CSV 或 XForm（.xml）。".into(),
                "This is no form. Give an Excel workbook (.xlsx, .xls), Markdown tables, CSV or an XForm (.xml).".into(),
            ),
            Self::Encrypted => (
                "工作簿有密码保护。请在 Excel 中去掉密码后再上传。".into(),
                "The workbook is protected by a password. Remove the password in Excel and try again.".into(),
            ),
            Self::BadWorkbook(reason) => (
                format!("工作簿已损坏，无法读取（{reason}）。请在 Excel 中打开并另存为 .xlsx。"),
                format!("The workbook is damaged and can't be read ({reason}). Open it in Excel and save it as .xlsx."),
            ),
            Self::TooLarge(what, most) => (
                format!("文件过大：最多 {most} {}。", match *what {
                    "rows" => "行",
                    "cells" => "个单元格",
                    "files" => "个内部文件",
                    "sheets" => "个工作表",
                    "bytes unpacked" => "字节（解压后）",
                    "bytes in a cell" => "字节（每个单元格）",
                    _ => "字节",
                }),
                format!("The file is too large: at most {most} {what}."),
            ),
            Self::BadCsv(reason) => (format!("CSV 无法读取：{reason}。"), format!("The CSV can't be read: {reason}.")),
            Self::NotUtf8 => (
                "文件不是 UTF-8 编码。请另存为“CSV UTF-8”。".into(),
                "The file isn't UTF-8. Save it as “CSV UTF-8”.".into(),
            ),
            Self::BadXml(reason) => (format!("XML 无法读取：{reason}。"), format!("The XML can't be read: {reason}.")),
            Self::NoSurveySheet(near) => (
                format!("没有名为“survey”的工作表。{}", meant(near)),
                format!("There is no sheet called “survey”.{}", meant(near)),
            ),
            Self::MisspeltSheet { found, meant } => (
                format!("工作表“{found}”未被使用。您是否想写“{meant}”?"),
                format!("The sheet “{found}” isn't used. Did you mean “{meant}”?"),
            ),
            Self::NoColumn(name) => (format!("缺少“{name}”列。"), format!("There is no column “{name}”.")),
            Self::HeadingsBelow { found, first } => (
                format!("列名须写在表的第一行，但在第 {found} 行才找到。请删除其上方的行（从第 {first} 行起，如大标题、说明）。"),
                format!("The headings have to stand in the first row of the sheet and were found in row {found}. Take out what stands above them, from row {first} on."),
            ),
            Self::DoubleColumn { one, other } => (
                format!("“{one}”与“{other}”两列含义相同，请只保留一列。"),
                format!("The columns “{one}” and “{other}” mean the same. Keep one."),
            ),
            Self::UnusedColumn(name) => (
                format!("列名“{name}”含有空格或为空，不能用于选项筛选，已忽略。"),
                format!("The heading “{name}” is empty or has a space, so it can't be used to filter choices. It is left out."),
            ),
            Self::UnknownColumn(name, near) => (
                format!("此表没有“{name}”列。{}", meant(near)),
                format!("This sheet has no column “{name}”.{}", meant(near)),
            ),
            Self::MergedCells => (
                "工作表含有合并单元格：只有左上角的单元格有内容。请取消合并。".into(),
                "The sheet has merged cells; only the first of them holds anything. Unmerge them.".into(),
            ),
            Self::ErrorCell(error) => (
                format!("单元格是公式错误 {error}。请改成文字。"),
                format!("The cell holds the error {error} of a formula. Write a value."),
            ),
            Self::FormulaWithoutValue => (
                "单元格是公式，但没有计算结果。请改成文字。".into(),
                "The cell holds a formula without its result. Write a value.".into(),
            ),
            Self::Formulas(count) => (
                format!("{count} 个单元格是公式，取其最后的计算结果。"),
                format!("{count} cells hold formulas; their last results are taken."),
            ),
            Self::FarCells(most) => (
                format!("第 {most} 列以后的单元格未读取。"),
                format!("Cells beyond column {most} are not read."),
            ),
            Self::NestedTooDeep(most) => (
                format!("分组嵌套超过 {most} 层。"),
                format!("Groups are nested more than {most} deep."),
            ),
            Self::NoType => ("此行没有题型（type）。".into(), "The row has no type.".into()),
            Self::UnknownType(name, near) => (
                format!("没有题型“{name}”。{}", meant(near)),
                format!("There is no question type “{name}”.{}", meant(near)),
            ),
            Self::NoName => ("此行没有名称（name）。".into(), "The row has no name.".into()),
            Self::BadName(name) => (
                format!("名称“{name}”无效：须以字母或下划线开头，只含字母、数字、下划线、连字符和点。"),
                format!("“{name}” can't be a name: it has to begin with a letter or underscore and hold only letters, digits, underscores, hyphens and dots."),
            ),
            Self::DuplicateName(name, row) => (
                format!("名称“{name}”在同一组内重复（见第 {row} 行）。"),
                format!("The name “{name}” stands twice in the same group (see row {row})."),
            ),
            Self::SimilarName(name, other) => (
                format!("名称“{name}”与“{other}”只差大小写，导出时可能混淆。"),
                format!("The names “{name}” and “{other}” differ only in case, which exports may confuse."),
            ),
            Self::ReservedName(name) => (format!("名称“{name}”为系统保留。"), format!("The name “{name}” is reserved.")),
            Self::RepeatNamedAsForm(name) => (
                format!("重复组不能与表单同名“{name}”。"),
                format!("A repeat can't have the name of the form, “{name}”."),
            ),
            Self::DuplicateRepeat(name) => (
                format!("重复组名称“{name}”在表单中出现两次。"),
                format!("Two repeats of the form are called “{name}”."),
            ),
            Self::NoLabel(name) => (
                format!("题目“{name}”没有标签（label）或提示（hint）。"),
                format!("The question “{name}” has neither label nor hint."),
            ),
            Self::NoRepeatLabel(name) => (format!("重复组“{name}”没有标签。"), format!("The repeat “{name}” has no label.")),
            Self::EndWithoutBegin(what) => (
                format!("“end {what}”没有对应的“begin {what}”。"),
                format!("“end {what}” has no “begin {what}”."),
            ),
            Self::EndMismatch { ends, begun, name, row } => (
                format!("这里是“end {ends}”，但第 {row} 行开始的是 {begun}“{name}”。"),
                format!("This is “end {ends}”, but what was begun in row {row} is the {begun} “{name}”."),
            ),
            Self::NeverEnded { begun, name } => (
                format!("{begun}“{name}”没有“end {begun}”。"),
                format!("The {begun} “{name}” is never ended by “end {begun}”."),
            ),
            Self::NoCalculation => ("calculate 题没有计算式。".into(), "A “calculate” needs a calculation.".into()),
            Self::NoTrigger => ("background-geopoint 需要填写 trigger 列。".into(), "A “background-geopoint” needs a trigger.".into()),
            Self::TriggerHidden(name) => (
                format!("题目“{name}”不显示，不能作为触发题（trigger）。"),
                format!("The question “{name}” isn't shown, so it can't be a trigger."),
            ),
            Self::BadTrigger => (
                "trigger 列只能是题目引用，如 ${age}，多个用逗号隔开。".into(),
                "A trigger is a reference to a question, such as ${age}, or several with commas between.".into(),
            ),
            Self::Disabled => (
                "“disabled”列已不属于标准，请改用 relevant。".into(),
                "The column “disabled” is no longer part of the standard. Use relevant instead.".into(),
            ),
            Self::NoMaxPixels => (
                "照片未设置 max-pixels，上传会慢且占空间。建议：max-pixels=1920。".into(),
                "The photo has no max-pixels, so uploads are slow and large. Suggested: max-pixels=1920.".into(),
            ),
            Self::OldDeviceField(name) => (
                format!("多数设备已不再提供“{name}”。"),
                format!("Most devices no longer give “{name}”."),
            ),
            Self::BadParameters(text) => (
                format!("参数“{text}”格式不对，应为 名称=值，用空格隔开。"),
                format!("The parameters “{text}” can't be read; write name=value, with spaces between."),
            ),
            Self::UnknownParameter(name, near) => (
                format!("此题型没有参数“{name}”。{}", meant(near)),
                format!("This type has no parameter “{name}”.{}", meant(near)),
            ),
            Self::ParameterValue { name, value, needs } => (
                format!("参数 {name} 的值“{value}”无效：{}。", needs.message(true)),
                format!("The parameter {name} can't be “{value}”: {}.", needs.message(false)),
            ),
            Self::AuditName => ("audit 题的名称须为空或“audit”。".into(), "The name of an audit has to be empty or “audit”.".into()),
            Self::BackgroundCalculation => (
                "background-geopoint 不能有计算式。".into(),
                "A “background-geopoint” can't have a calculation.".into(),
            ),
            Self::UnknownList(name, near) => (
                format!("choices 表中没有选项列表“{name}”。{}", meant(near)),
                format!("There is no list “{name}” in the choices.{}", meant(near)),
            ),
            Self::ListWithoutName => ("选项没有列表名（list_name）。".into(), "The choice has no list_name.".into()),
            Self::ChoiceWithoutName => ("选项没有名称（name）。".into(), "The choice has no name.".into()),
            Self::ChoiceWithoutLabel(name) => (format!("选项“{name}”没有标签。"), format!("The choice “{name}” has no label.")),
            Self::DuplicateChoice(name, list) => (
                format!("选项“{name}”在列表“{list}”中重复。若有意如此，请在 settings 中设 allow_choice_duplicates 为 yes。"),
                format!("The choice “{name}” stands twice in the list “{list}”. If that is meant, set allow_choice_duplicates to yes in the settings."),
            ),
            Self::ChoiceWithSpace(name, list) => (
                format!("多选题的选项名不能含空格：“{name}”（列表“{list}”）。"),
                format!("Choices of a select_multiple can't have spaces in their names: “{name}” in the list “{list}”."),
            ),
            Self::OtherWithFilter => ("or_other 不能与 choice_filter 同用。".into(), "or_other can't be used with a choice_filter.".into()),
            Self::UnknownFileType(name) => (
                format!("“{name}”不是 .csv、.xml 或 .geojson 文件。"),
                format!("“{name}” is no .csv, .xml or .geojson file."),
            ),
            Self::TableListMismatch(one, other) => (
                format!("table-list 组内的选项列表须相同：“{one}”与“{other}”。"),
                format!("The questions of a table-list have to share one list: “{one}” and “{other}”."),
            ),
            Self::SearchMixed(list) => (
                format!("列表“{list}”既用于 search()，又用于普通选择题，请分成两个列表。"),
                format!("The list “{list}” is used both with search() and without. Use two lists."),
            ),
            Self::InstanceTwice(name) => (
                format!("数据源“{name}”对应两个不同的文件。"),
                format!("The name “{name}” stands for two different files or lists."),
            ),
            Self::BigImageAlone => ("big-image 须与 image 同用。".into(), "A big-image needs an image as well.".into()),
            Self::MissingTranslation { language, what } => (
                format!("语言“{language}”缺少：{what}。"),
                format!("The language “{language}” lacks: {what}."),
            ),
            Self::NoDefaultLanguage(name) => (
                format!("default_language 是“{name}”，但没有这种语言的列。"),
                format!("The default_language is “{name}”, but no column has it."),
            ),
            Self::DuplicateLanguage(one, other) => (
                format!("语言“{one}”与“{other}”只差大小写或空格，会被当作两种语言。"),
                format!("The languages “{one}” and “{other}” differ only in case or spaces and count as two."),
            ),
            Self::UnknownLanguageCode(name) => (
                format!("语言“{name}”没有语言代码，如“中文 (zh)”。"),
                format!("The language “{name}” has no code, as in “English (en)”."),
            ),
            Self::Expression(mistake) => return mistake_message(mistake, chinese),
            Self::Cycle(links) => {
                let link = |link: &Link| match link.place.describe(chinese) {
                    place if place.is_empty() => link.name.clone(),
                    place if chinese => format!("{}（{place}）", link.name),
                    place => format!("{} ({place})", link.name),
                };
                let way = links.iter().map(link).collect::<Vec<_>>().join(" → ");
                (format!("计算相互依赖，形成循环：{way}。"), format!("These depend on each other in a circle: {way}."))
            }
            Self::EntityName(name) => (format!("实体列表名“{name}”无效。"), format!("“{name}” can't be the name of an entity list.")),
            Self::EntityNoLabel => ("新建实体时须有 label。".into(), "An entity that is created needs a label.".into()),
            Self::EntityUpdateWithoutId => (
                "有 update_if 时须填写 entity_id。".into(),
                "An entity with update_if needs an entity_id.".into(),
            ),
            Self::EntityCreateWithoutUpdate => (
                "有 entity_id 和 create_if 时须同时填写 update_if。".into(),
                "An entity with entity_id and create_if needs an update_if.".into(),
            ),
            Self::SaveToWithoutEntity(name) => (
                format!("save_to“{name}”没有对应的实体声明（entities 表）。"),
                format!("save_to “{name}” has no entity declared in the entities sheet."),
            ),
            Self::SaveToName(name) => (
                format!("save_to“{name}”不能作为属性名。"),
                format!("“{name}” can't be the name of a property in save_to."),
            ),
            Self::SaveToTwice(name) => (
                format!("两个题目都写入属性“{name}”。"),
                format!("Two questions save to the property “{name}”."),
            ),
            Self::NoPart(part) => (format!("XForm 缺少 {part}。"), format!("The XForm has no {part}.")),
            Self::UnknownBind(path) => (
                format!("“{path}”在数据实例中不存在。"),
                format!("“{path}” doesn't exist in the primary instance."),
            ),
            Self::UnknownControl(name) => (format!("不认识的控件“{name}”，已忽略。"), format!("The control “{name}” isn't known and is left out.")),
            Self::UnknownDataType(name, near) => (
                format!("不认识的数据类型“{name}”，按文字处理。{}", meant(near)),
                format!("The data type “{name}” isn't known and is taken as text.{}", meant(near)),
            ),
            Self::UnknownEvent(name) => (format!("不认识的事件“{name}”。"), format!("The event “{name}” isn't known.")),
            Self::NotOffered(value, near) => (
                format!("“{value}”不在此题的选项中，会被清空。{}", meant(near)),
                format!("“{value}” is none of the choices of this question, so it is blanked.{}", meant(near)),
            ),
            Self::NotCarriedOut(what) => {
                let (zh, en) = instead(what);
                (
                    format!("本系统不支持“{what}”，平板上不起作用；含有它的问卷不能上传。{zh}"),
                    format!("“{what}” isn't supported: it does nothing on tablets, and a form with it can't be uploaded. {en}"),
                )
            }
            Self::NotAnnotated => (
                "本系统不支持在照片上标注（annotate）：只拍照片。".into(),
                "Photos can't be drawn on (annotate): the photo alone is taken.".into(),
            ),
            Self::SeveralOfAnswers => (
                "多个答案以空格隔开保存，因此含空格的答案（如姓名“张 三”）无法选中。请改用 select_one，或引用不含空格的题目。".into(),
                "Several choices are kept with spaces between them, so answers with spaces in them, such as names, can't be chosen. Use select_one, or a question whose answers have none.".into(),
            ),
            Self::Repeated { question, repeat } => (
                format!("“{question}”在重复组“{repeat}”中，可能有多个答案，在组外只取第一个。请用 indexed-repeat() 指明第几个，或用 join()、sum()、count() 等取全部。"),
                format!("“{question}” is in the repeat “{repeat}” and may have several answers; from outside, only the first is taken. Say which with indexed-repeat(), or take all with join(), sum() or count()."),
            ),
            Self::EmptyFile(file) => (format!("文件“{file}”没有数据行。"), format!("The file “{file}” has no rows.")),
            Self::FileWithoutColumn { file, column, has, near, chooses } => {
                let (zh_has, en_has) = (has.join("、"), has.join(", "));
                let (zh_so, en_so) = if *chooses {
                    ("，此题没有可选项；这样的问卷不能上传", ", so nothing can be chosen, and the form can't be uploaded")
                } else {
                    ("，读出来总是空的", ", so what is read of it is always blank")
                };
                (
                    format!("文件“{file}”没有“{column}”列{zh_so}。现有列：{zh_has}。{}", meant(near)),
                    format!("The file “{file}” has no column “{column}”{en_so}. It has: {en_has}.{}", meant(near)),
                )
            }
        };
        if chinese { zh } else { en }
    }
}

/// What to do instead of what isn't carried out.
fn instead(what: &str) -> (&'static str, &'static str) {
    match what {
        "search()" => (
            "请改用 select_one_from_file 和 choice_filter。",
            "Use select_one_from_file with a choice_filter.",
        ),
        "background-audio" => ("请改用 audio 题。", "Ask for a recording with an audio question."),
        "audit" => (
            "请删除此行；每次走访的时间和修改由系统自行记录。",
            "Take the row out: when a visit was made and changed is kept in any case.",
        ),
        _ => ("请改用 geopoint 题。", "Ask for the place with a geopoint question."),
    }
}

impl Kind {
    /// Whether a form with this is not taken in by a server, though it can be read: nobody could
    /// fill it in right.
    pub fn keeps_out(&self) -> bool {
        matches!(self, Self::NotCarriedOut(_) | Self::FileWithoutColumn { chooses: true, .. })
    }
}

impl Needs {
    fn message(&self, chinese: bool) -> String {
        let (zh, en) = match self {
            Self::Number => ("应为数字".into(), "it has to be a number".into()),
            Self::WholeNumber => ("应为整数".into(), "it has to be a whole number".into()),
            Self::OneOf(values) => (
                format!("应为 {} 之一", values.join("、")),
                format!("it has to be one of {}", values.join(", ")),
            ),
            Self::NotZero => ("不能为 0".into(), "it can't be 0".into()),
            Self::WithinRange => {
                ("应在 start 与 end 之间".into(), "it has to be between start and end".into())
            }
            Self::MultipleOfStep => (
                "应与 start 相差 step 的整数倍".into(),
                "it has to be a number of steps from start".into(),
            ),
            Self::Reference => (
                "应为数字或题目引用，如 ${seed}".into(),
                "it has to be a number or a reference such as ${seed}".into(),
            ),
            Self::Randomize => {
                ("须同时设 randomize=true".into(), "it needs randomize=true beside it".into())
            }
            Self::AtLeast(least) => {
                (format!("不能小于 {least}"), format!("it can't be less than {least}"))
            }
            Self::All(names) => {
                (format!("须同时设置 {names}"), format!("it needs {names} beside it"))
            }
        };
        if chinese { zh } else { en }
    }
}

/// What is wrong with an expression, in words.
pub(crate) fn words_of_mistake(mistake: &Mistake) -> Words {
    Words::new(mistake_message(mistake, true), mistake_message(mistake, false))
}

fn mistake_message(mistake: &Mistake, chinese: bool) -> String {
    let meant = |near: Option<&str>| match near {
        Some(near) if chinese => format!("您是否想写“{near}”?"),
        Some(near) => format!(" Did you mean “{near}”?"),
        None => String::new(),
    };
    let (zh, en) = match mistake {
        Mistake::Empty => ("表达式是空的。".into(), "The expression is empty.".into()),
        Mistake::TooLong => ("表达式过长。".into(), "The expression is too long.".into()),
        Mistake::TooDeep => (
            "表达式嵌套过深或运算过多。".into(),
            "The expression is nested too deep or has too many operators.".into(),
        ),
        Mistake::Character(character, near) => (
            format!("字符“{character}”在表达式中无意义。{}", meant(*near)),
            format!("The character “{character}” means nothing in an expression.{}", meant(*near)),
        ),
        Mistake::UnclosedQuote => ("引号没有闭合。".into(), "A quote is never closed.".into()),
        Mistake::BadReference => (
            "题目引用写法不对，应为 ${名称}。".into(),
            "A reference to a question is written ${name}.".into(),
        ),
        Mistake::Unbalanced(bracket) => {
            (format!("括号“{bracket}”不成对。"), format!("The bracket “{bracket}” has no partner."))
        }
        Mistake::Unexpected { found, expected } => {
            let (zh, en) = match expected {
                Expected::Value => ("值、题目或函数", "a value, a question or a function"),
                Expected::Operator => {
                    ("运算符（如 and、or、=、+）", "an operator such as and, or, =, +")
                }
                Expected::Name => ("名称", "a name"),
                Expected::CommaOrClose => ("逗号或右括号", "a comma or a closing bracket"),
                Expected::CloseBracket => ("“]”", "“]”"),
            };
            if found.is_empty() {
                (
                    format!("表达式不完整：此处应为{zh}。"),
                    format!("The expression ends where {en} should follow."),
                )
            } else {
                (
                    format!("此处应为{zh}，而不是“{found}”。"),
                    format!("Here should be {en}, not “{found}”."),
                )
            }
        }
        Mistake::ForeignOperator(written, meant) => (
            format!("“{written}”不是 XPath 运算符，请用“{meant}”。"),
            format!("“{written}” is no operator of XPath; write “{meant}”."),
        ),
        Mistake::UnknownFunction(name, near) => (
            format!("没有函数“{name}”。{}", meant(*near)),
            format!("There is no function “{name}”.{}", meant(*near)),
        ),
        Mistake::UnsupportedFunction(name) => (
            format!("表单不能使用函数“{name}”。"),
            format!("Forms can't use the function “{name}”."),
        ),
        Mistake::Arguments { function, least, most, given } => {
            let number = match most {
                Some(most) if most == least => format!("{least}"),
                Some(most) => format!("{least}–{most}"),
                None if chinese => format!("至少 {least}"),
                None => format!("at least {least}"),
            };
            (
                format!("函数 {function} 需要 {number} 个参数，这里有 {given} 个。"),
                format!("The function {function} takes {number} arguments; here are {given}."),
            )
        }
        Mistake::NotNodes(what) => (
            format!("“{what}”需要题目或路径，不能是值。"),
            format!("“{what}” needs a question or a path, not a value."),
        ),
        Mistake::Pattern(Unusable::Unsupported(what)) => (
            format!(
                "正则表达式不能使用“{what}”。可用：字符类 [a-z]、\\d、\\w、\\p{{L}}（文字）、\\p{{IsHan}}（汉字），以及开头的 (?=…) 和 (?!…)；其他要求请用 and 另写条件。"
            ),
            format!(
                "Patterns can't use “{what}”. They can use classes such as [a-z], \\d, \\w, \\p{{L}} for letters and \\p{{IsHan}}, and (?=…) and (?!…) where they begin; write what else is asked as another condition, with and."
            ),
        ),
        Mistake::Pattern(Unusable::Broken(reason)) => {
            (format!("正则表达式无效：{reason}。"), format!("The pattern can't be read: {reason}."))
        }
        Mistake::UnknownAxis(name, near) => (
            format!("没有轴“{name}”。{}", meant(*near)),
            format!("There is no axis “{name}”.{}", meant(*near)),
        ),
        Mistake::UnknownQuestion(name, near) => (
            format!("没有名为“{name}”的题目。{}", meant(near.as_deref())),
            format!("There is no question called “{name}”.{}", meant(near.as_deref())),
        ),
        Mistake::AmbiguousQuestion(name) => (
            format!("有多个题目叫“{name}”，无法确定指哪一个。"),
            format!("Several questions are called “{name}”; it can't be told which is meant."),
        ),
        Mistake::UnknownPath(path, None) => (
            format!(
                "路径“{path}”在表单中不存在，始终为空。文字请加引号，题目请写 ${{名称}}，“是”请写 yes。"
            ),
            format!(
                "The path “{path}” leads nowhere in the form, so it is always empty. Write words in quotes, questions as ${{name}}, and yes for what always holds."
            ),
        ),
        Mistake::UnknownPath(path, near) => (
            format!("路径“{path}”在表单中不存在。{}", meant(near.as_deref())),
            format!("The path “{path}” leads nowhere in the form.{}", meant(near.as_deref())),
        ),
        Mistake::UnknownInstance(name, near) => (
            format!("没有名为“{name}”的列表或文件。{}", meant(near.as_deref())),
            format!("There is no list or file “{name}”.{}", meant(near.as_deref())),
        ),
    };
    if chinese { zh } else { en }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        let found: Vec<String> = [0, 25, 26, 701, 702].into_iter().map(letters).collect();
        assert_eq!(found, ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn the_place_is_underlined() {
        let place = Place {
            sheet: "survey".into(),
            row: Some(7),
            letters: Some("F".into()),
            column: Some("relevant".into()),
        };
        let mistake = Mistake::UnknownFunction("selectd".into(), Some("selected"));
        let text = "户主 = 1 and selectd(${a}, 'b')";
        let start = text.find("selectd").expect("there");
        let problem =
            Problem::expression(place, text, ExpressionProblem::new(mistake, start..start + 7));
        assert_eq!(
            problem.describe("en"),
            "error [survey, F7, relevant]: There is no function “selectd”. Did you mean \
             “selected”?\n    户主 = 1 and selectd(${a}, 'b')\n                 ^^^^^^^"
        );
        assert!(problem.describe("zh-CN").starts_with("错误 [survey，F7，relevant]：没有函数"));
    }
}
