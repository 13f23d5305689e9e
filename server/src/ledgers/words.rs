//! The words of a ledger's sheet, in its reader's language.

use mobile_schema::ledger::Unit;

pub(super) struct Words {
    pub(super) number: &'static str,
    pub(super) code: &'static str,
    pub(super) area: &'static str,
    pub(super) office: &'static str,
    pub(super) filled_in_by: &'static str,
    pub(super) checked_by: &'static str,
    pub(super) date: &'static str,
    pub(super) period: &'static str,
    pub(super) as_of: &'static str,
    pub(super) unit: &'static str,
    pub(super) records: &'static str,
    yuan: &'static str,
    ten_thousand_yuan: &'static str,
    pub(super) indicator: &'static str,
    pub(super) met: &'static str,
    pub(super) of: &'static str,
    pub(super) share: &'static str,
    pub(super) exceptions: &'static str,
    pub(super) household: &'static str,
    pub(super) village: &'static str,
    pub(super) missing: &'static str,
    pub(super) more: &'static str,
    /// Around a unit in a header.
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    pub(super) colon: &'static str,
    pub(super) and: &'static str,
}

impl Words {
    pub(super) fn unit_of(&self, unit: Unit) -> &'static str {
        match unit {
            Unit::Yuan => self.yuan,
            Unit::TenThousandYuan => self.ten_thousand_yuan,
        }
    }
}

const CHINESE: Words = Words {
    number: "序号",
    code: "区划代码",
    area: "区域",
    office: "填报单位",
    filled_in_by: "填报人",
    checked_by: "审核人",
    date: "填报日期",
    period: "统计期",
    as_of: "数据截至",
    unit: "单位",
    records: "条",
    yuan: "元",
    ten_thousand_yuan: "万元",
    indicator: "指标",
    met: "已达到",
    of: "应达到",
    share: "比率",
    exceptions: "未达到名单",
    household: "户主",
    village: "村",
    missing: "未达到条数",
    more: "名单未列全",
    open: "（",
    close: "）",
    colon: "：",
    and: "、",
};

const ENGLISH: Words = Words {
    number: "No.",
    code: "Code",
    area: "Area",
    office: "Reported by",
    filled_in_by: "Filled in by",
    checked_by: "Checked by",
    date: "Date",
    period: "Period",
    as_of: "As of",
    unit: "Unit",
    records: "records",
    yuan: "yuan",
    ten_thousand_yuan: "10,000 yuan",
    indicator: "Indicator",
    met: "Met",
    of: "Out of",
    share: "Share",
    exceptions: "Not met",
    household: "Household",
    village: "Village",
    missing: "Records not met",
    more: "There are more than are listed",
    open: " (",
    close: ")",
    colon: ": ",
    and: ", ",
};

pub(super) fn words(language: &str) -> &'static Words {
    if language == "en" { &ENGLISH } else { &CHINESE }
}
