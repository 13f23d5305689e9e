//! The question types of XLSForm and what each becomes in an XForm.

/// What a type becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    /// The element in the body; none where nothing is shown.
    pub(super) tag: Option<&'static str>,
    /// What an upload takes.
    pub(super) media_type: Option<&'static str>,
    /// The data type of the bind; none where there is no bind.
    pub(super) data_type: Option<&'static str>,
    /// What fills it in beforehand, and with which parameter.
    pub(super) preload: Option<(&'static str, &'static str)>,
    /// What the type itself asks of the value.
    pub(super) constraint: Option<&'static str>,
    /// Its hint, where the row has none.
    pub(super) hint: Option<&'static str>,
    /// Not to be written into.
    pub(super) readonly: bool,
}

const fn shown(tag: &'static str, data_type: &'static str) -> Template {
    Template { tag: Some(tag), data_type: Some(data_type), ..NOTHING }
}

const fn upload(media_type: &'static str) -> Template {
    Template {
        tag: Some("upload"),
        media_type: Some(media_type),
        data_type: Some("binary"),
        ..NOTHING
    }
}

const fn filled(
    data_type: &'static str,
    preload: &'static str,
    parameter: &'static str,
) -> Template {
    Template { data_type: Some(data_type), preload: Some((preload, parameter)), ..NOTHING }
}

const fn checked(
    data_type: &'static str,
    constraint: &'static str,
    hint: Option<&'static str>,
) -> Template {
    Template { constraint: Some(constraint), hint, ..shown("input", data_type) }
}

const NOTHING: Template = Template {
    tag: None,
    media_type: None,
    data_type: None,
    preload: None,
    constraint: None,
    hint: None,
    readonly: false,
};

const NOTE: Template = Template { readonly: true, ..shown("input", "string") };

/// The types that are not selects, groups or repeats, by every name they have.
const TYPES: &[(&[&str], Template)] = &[
    (&["text", "string", "q string", "add text prompt"], shown("input", "string")),
    (&["integer", "int", "q int", "add integer prompt"], shown("input", "int")),
    (&["decimal", "q decimal", "add decimal prompt"], shown("input", "decimal")),
    (&["date", "q date", "add date prompt"], shown("input", "date")),
    (&["time"], shown("input", "time")),
    (
        &[
            "dateTime",
            "datetime",
            "date time",
            "q dateTime",
            "q date time",
            "add dateTime prompt",
            "add date time prompt",
        ],
        shown("input", "dateTime"),
    ),
    (
        &["geopoint", "gps", "location", "q geopoint", "q location", "add location prompt"],
        shown("input", "geopoint"),
    ),
    (&["geotrace", "q geotrace"], shown("input", "geotrace")),
    (&["geoshape", "q geoshape"], shown("input", "geoshape")),
    (&["barcode", "q barcode", "add barcode prompt"], shown("input", "barcode")),
    (&["note", "q note", "add note prompt"], NOTE),
    (
        &["image", "photo", "q image", "q picture", "add image prompt", "add photo prompt"],
        upload("image/*"),
    ),
    (&["audio", "q audio", "add audio prompt"], upload("audio/*")),
    (&["video", "q video", "add video prompt"], upload("video/*")),
    (&["file", "add file prompt"], upload("application/*")),
    (&["osm"], upload("osm/*")),
    (&["acknowledge", "q acknowledge", "add acknowledge prompt"], shown("trigger", "string")),
    (&["trigger"], Template { tag: Some("trigger"), ..NOTHING }),
    (&["range"], shown("range", "int")),
    (
        &["calculate", "q calculate", "add calculate prompt", "hidden"],
        Template { data_type: Some("string"), ..NOTHING },
    ),
    (&["audit"], Template { data_type: Some("binary"), ..NOTHING }),
    (&["background-audio"], Template { data_type: Some("binary"), ..NOTHING }),
    (&["start-geopoint"], Template { data_type: Some("geopoint"), ..NOTHING }),
    (&["background-geopoint"], shown("trigger", "geopoint")),
    (&["xml-external", "csv-external"], NOTHING),
    (&["start", "start time", "get start time"], filled("dateTime", "timestamp", "start")),
    (&["end", "end time", "get end time"], filled("dateTime", "timestamp", "end")),
    (&["today", "get today"], filled("date", "date", "today")),
    (&["deviceid", "device id", "get device id", "imei"], filled("string", "property", "deviceid")),
    (
        &["subscriberid", "subscriber id", "get subscriber id"],
        filled("string", "property", "subscriberid"),
    ),
    (&["simserial", "sim id", "get sim id"], filled("string", "property", "simserial")),
    (&["phonenumber", "get phone number"], filled("string", "property", "phonenumber")),
    (&["username"], filled("string", "property", "username")),
    (&["email"], filled("string", "property", "email")),
    (&["uri:deviceid"], filled("string", "property", "uri:deviceid")),
    (&["uri:subscriberid"], filled("string", "property", "uri:subscriberid")),
    (&["uri:simserial"], filled("string", "property", "uri:simserial")),
    (&["uri:phonenumber"], filled("string", "property", "uri:phonenumber")),
    (&["uri:username"], filled("string", "property", "uri:username")),
    (&["uri:email"], filled("string", "property", "uri:email")),
    (&["percentage"], checked("int", "0 <= . and . <= 100", None)),
    (&["phone number"], checked("string", r"regex(., '^\d*$')", Some("Enter numbers only."))),
    (
        &["number of days in last month"],
        checked("int", "0 <= . and . <= 31", Some("Enter a number 0-31.")),
    ),
    (
        &["number of days in last six months"],
        checked("int", "0 <= . and . <= 183", Some("Enter a number 0-183.")),
    ),
    (
        &["number of days in last year"],
        checked("int", "0 <= . and . <= 365", Some("Enter a number 0-365.")),
    ),
];

/// Device fields that phones no longer give.
pub(super) const OLD_DEVICE_FIELDS: [&str; 2] = ["subscriberid", "simserial"];

/// What a type becomes, and the first of its names.
pub(super) fn of(name: &str) -> Option<(&'static str, Template)> {
    let (names, template) = TYPES.iter().find(|(names, _)| names.contains(&name))?;
    Some((names[0], *template))
}

/// What chooses from a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Select {
    One,
    Multiple,
    Rank,
    /// From the `external_choices` sheet.
    OneExternal,
}

/// Selects by every name they have; those of a file, last.
const SELECTS: [(&str, Select, bool); 14] = [
    ("add select one prompt using", Select::One, false),
    ("add select multiple prompt using", Select::Multiple, false),
    ("select all that apply from", Select::Multiple, false),
    ("select one from file", Select::One, true),
    ("select multiple from file", Select::Multiple, true),
    ("select one from", Select::One, false),
    ("select1", Select::One, false),
    ("select_one_from_file", Select::One, true),
    ("select_multiple_from_file", Select::Multiple, true),
    ("select_one", Select::One, false),
    ("select one", Select::One, false),
    ("select_multiple", Select::Multiple, false),
    ("select all that apply", Select::Multiple, false),
    ("select_one_external", Select::OneExternal, false),
];

/// A type that chooses: what, from which list, whether from a file, and with "other".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choosing {
    pub(super) select: Select,
    pub(super) list: String,
    pub(super) from_file: bool,
    pub(super) or_other: bool,
}

/// Reads `select_one list or_other`.
pub(super) fn choosing(name: &str) -> Option<Choosing> {
    let selects = SELECTS.iter().copied().chain([("rank", Select::Rank, false)]);
    for (command, select, from_file) in selects {
        let Some(rest) = name.strip_prefix(command).and_then(|rest| rest.strip_prefix(' ')) else {
            continue;
        };
        let rest = rest.trim();
        let (list, other) = match rest.find(' ') {
            // `${a}` may have spaces inside.
            _ if rest.starts_with("${") => {
                rest.split_at(rest.find('}').map_or(rest.len(), |at| at + 1))
            }
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let other = other.trim();
        let or_other = matches!(other, "or_other" | "or other" | "or specify other");
        if !list.is_empty() && (other.is_empty() || or_other) {
            return Some(Choosing { select, list: list.to_owned(), from_file, or_other });
        }
    }
    None
}

impl Select {
    /// The element in the body and the data type.
    pub(super) fn template(self) -> Template {
        match self {
            Self::One => shown("select1", "string"),
            Self::Multiple => shown("select", "string"),
            Self::Rank => shown("odk:rank", "odk:rank"),
            Self::OneExternal => shown("input", "string"),
        }
    }
}

/// Groups and repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Group,
    Repeat,
}

impl Section {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Repeat => "repeat",
        }
    }
}

/// Reads `begin group`, `begin_repeat` and the like: what, and whether it begins.
pub(super) fn section(name: &str) -> Option<(Section, bool)> {
    let (begins, rest) = match (name.strip_prefix("begin"), name.strip_prefix("end")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return None,
    };
    match rest.strip_prefix([' ', '_'])? {
        "group" => Some((Section::Group, begins)),
        "repeat" | "lgroup" | "looped group" => Some((Section::Repeat, begins)),
        _ => None,
    }
}

/// All names of types, to suggest from.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let groups = ["begin_group", "end_group", "begin_repeat", "end_repeat", "rank"];
    TYPES
        .iter()
        .flat_map(|(names, _)| names.iter().copied())
        .chain(SELECTS.iter().map(|(name, _, _)| *name))
        .chain(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_are_read_by_all_their_names() {
        let read = |name| choosing(name).map(|found| (found.select, found.list, found.or_other));
        assert_eq!(read("select_one a"), Some((Select::One, "a".into(), false)));
        assert_eq!(read("select one from a or_other"), Some((Select::One, "a".into(), true)));
        assert_eq!(
            read("select_multiple_from_file a.csv"),
            Some((Select::Multiple, "a.csv".into(), false))
        );
        assert_eq!(read("select one from file a.xml"), Some((Select::One, "a.xml".into(), false)));
        assert_eq!(read("select_one ${names}"), Some((Select::One, "${names}".into(), false)));
        assert_eq!(read("rank a"), Some((Select::Rank, "a".into(), false)));
        assert_eq!(read("select_one a b"), None);
        assert_eq!(section("end_looped group"), Some((Section::Repeat, false)));
        assert_eq!(of("imei").map(|(name, _)| name), Some("deviceid"));
    }
}
