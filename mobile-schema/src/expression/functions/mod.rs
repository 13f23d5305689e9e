//! The functions of expressions, one file per family.
//!
//! Names, arguments and meaning are those of the ODK XForms specification
//! (<https://getodk.github.io/xforms-spec/#xpath-functions>); where ODK Collect has more, so do we.

pub mod codec;
pub mod date;
pub mod geo;
pub mod nodes;
pub mod number;
pub mod text;

macro_rules! functions {
    ($($variant:ident $name:literal $least:literal..$most:tt)*) => {
        /// A function that expressions can call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the table below names them as the specification does")]
        pub enum Function { $($variant),* }

        impl Function {
            /// All functions.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name it is called by.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// How many arguments it takes, at least and at most; none for any number.
            pub fn arity(self) -> (usize, Option<usize>) {
                match self { $(Self::$variant => ($least, functions!(@most $most))),* }
            }
        }
    };
    (@most n) => { None };
    (@most $most:literal) => { Some($most) };
}

functions! {
    // Words
    String "string" 0..1
    Concat "concat" 1..n
    Join "join" 1..n
    Substr "substr" 2..3
    Substring "substring" 2..3
    SubstringBefore "substring-before" 2..2
    SubstringAfter "substring-after" 2..2
    Translate "translate" 3..3
    StringLength "string-length" 0..1
    NormalizeSpace "normalize-space" 0..1
    Contains "contains" 2..2
    StartsWith "starts-with" 2..2
    EndsWith "ends-with" 2..2
    UpperCase "upper-case" 1..1
    LowerCase "lower-case" 1..1
    Uuid "uuid" 0..1
    Digest "digest" 2..3
    Base64Encode "base64-encode" 1..1
    Base64Decode "base64-decode" 1..1
    Regex "regex" 2..2
    Pulldata "pulldata" 4..4
    // Yes and no
    If "if" 3..3
    Coalesce "coalesce" 1..n
    Once "once" 1..1
    True "true" 0..0
    False "false" 0..0
    Boolean "boolean" 1..1
    BooleanFromString "boolean-from-string" 1..1
    Not "not" 1..1
    Checklist "checklist" 2..n
    WeightedChecklist "weighted-checklist" 2..n
    Depend "depend" 1..n
    // Numbers
    Number "number" 0..1
    Random "random" 0..0
    Int "int" 1..1
    Sum "sum" 1..n
    Max "max" 1..n
    Min "min" 1..n
    Round "round" 1..2
    Floor "floor" 1..1
    Ceiling "ceiling" 1..1
    Pow "pow" 2..2
    Log "log" 1..1
    Log10 "log10" 1..1
    Abs "abs" 1..1
    Sin "sin" 1..1
    Cos "cos" 1..1
    Tan "tan" 1..1
    Asin "asin" 1..1
    Acos "acos" 1..1
    Atan "atan" 1..1
    Atan2 "atan2" 2..2
    Sqrt "sqrt" 1..1
    Exp "exp" 1..1
    Exp10 "exp10" 1..1
    Pi "pi" 0..0
    // Nodes
    Count "count" 1..1
    CountNonEmpty "count-non-empty" 1..1
    Position "position" 0..1
    Last "last" 0..0
    LocalName "local-name" 0..1
    Name "name" 0..1
    Randomize "randomize" 1..2
    // Dates and times
    Today "today" 0..0
    Now "now" 0..0
    Date "date" 1..1
    DateTime "date-time" 1..1
    FormatDate "format-date" 2..2
    FormatDateTime "format-date-time" 2..2
    DecimalDateTime "decimal-date-time" 1..1
    DecimalTime "decimal-time" 1..1
    // Choices
    Selected "selected" 2..2
    SelectedAt "selected-at" 2..2
    CountSelected "count-selected" 1..1
    ChoiceName "jr:choice-name" 2..2
    Itext "jr:itext" 1..1
    // Places on the Earth
    Area "area" 1..1
    EnclosedArea "enclosed-area" 1..1
    Distance "distance" 1..n
    Geofence "geofence" 2..2
    Intersects "intersects" 1..1
    // The form and the tablet
    Version "version" 0..0
    Property "property" 1..1
    // Written as functions, compiled to paths
    Current "current" 0..0
    Instance "instance" 1..1
    IndexedRepeat "indexed-repeat" 3..7
}

/// Functions of XPath and of other tools that forms can't use here.
pub const UNSUPPORTED: [&str; 9] = [
    "id",
    "lang",
    "namespace-uri",
    "extract-signed",
    "distinct-values",
    "search",
    "max-date",
    "min-date",
    "replace",
];

impl Function {
    /// The function of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        // The prefix `jr:` and `orx:` may be left out of functions that have it, as Collect does.
        let found = Self::ALL.iter().copied().find(|function| function.name() == name);
        found.or(match name {
            "choice-name" => Some(Self::ChoiceName),
            "itext" => Some(Self::Itext),
            "ceil" => Some(Self::Ceiling),
            _ => None,
        })
    }

    /// Whether it gives nodes.
    pub fn gives_nodes(self) -> bool {
        matches!(self, Self::Randomize)
    }

    /// Which arguments have to be nodes.
    pub fn needs_nodes(self, argument: usize) -> bool {
        match self {
            Self::Count | Self::CountNonEmpty | Self::Randomize => argument == 0,
            Self::Position => argument == 0,
            _ => false,
        }
    }

    /// Whether it gives the same for the same arguments, wherever it stands.
    pub fn is_pure(self) -> bool {
        !matches!(
            self,
            Self::Position
                | Self::Last
                | Self::Once
                | Self::Random
                | Self::Uuid
                | Self::Randomize
                | Self::Now
                | Self::Name
                | Self::LocalName
                | Self::String
                | Self::Number
                | Self::StringLength
                | Self::NormalizeSpace
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unique() {
        for function in Function::ALL {
            assert_eq!(Function::of_name(function.name()), Some(*function));
            assert!(!UNSUPPORTED.contains(&function.name()));
        }
        assert_eq!(Function::of_name("no-such"), None);
    }
}
