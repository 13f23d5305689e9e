//! The registers every county has, whatever packs it installs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{RegisterDefinition, Right};

const SOURCES: [&str; 9] = [
    include_str!("../../registers/household.toml"),
    include_str!("../../registers/member.toml"),
    include_str!("../../registers/visit.toml"),
    include_str!("../../registers/notice.toml"),
    include_str!("../../registers/notice_copy.toml"),
    include_str!("../../registers/consent.toml"),
    include_str!("../../registers/task.toml"),
    include_str!("../../registers/finding.toml"),
    include_str!("../../registers/conflict.toml"),
];

/// `household`, `member`, `visit`, `notice`, `notice_copy`, `consent`, `task`, `finding` and
/// `conflict`.
pub fn builtin_registers() -> Vec<RegisterDefinition> {
    let read =
        |text| RegisterDefinition::from_toml(text).expect("a built-in register is well-formed");
    SOURCES.into_iter().map(read).collect()
}

/// A definition out of its bundle, with the rights that this program gives to the built-in register
/// of its name, whatever version it is of.
pub fn with_rights(definition: RegisterDefinition) -> RegisterDefinition {
    static RIGHTS: LazyLock<BTreeMap<String, Vec<Right>>> = LazyLock::new(|| {
        builtin_registers().into_iter().map(|one| (one.name, one.rights)).collect()
    });
    let rights = RIGHTS.get(&definition.name).cloned().unwrap_or_default();
    RegisterDefinition { rights, ..definition }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_registers_have_no_problems() {
        for register in builtin_registers() {
            assert_eq!(register.check(), [], "{}", register.name);
        }
    }

    #[test]
    fn a_bundle_says_nothing_of_rights_and_has_them_again() {
        for register in builtin_registers() {
            let text = String::from_utf8(register.bundle()).unwrap();
            assert!(!text.contains("\"right\""), "{}", register.name);
            let read: RegisterDefinition = serde_json::from_str(&text).unwrap();
            assert_eq!(with_rights(read), register);
        }
    }

    /// Tablets in the field name these definitions by hash, so a change must be a new version.
    #[test]
    fn built_in_registers_are_what_they_were() {
        let named: Vec<_> = builtin_registers()
            .iter()
            .map(|register| format!("{} {} {}", register.name, register.version, register.hash()))
            .collect();
        insta::assert_json_snapshot!(named);
    }
}
