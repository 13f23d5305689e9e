//! The registers every county has, whatever packs it installs.

use super::RegisterDefinition;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_registers_have_no_problems() {
        for register in builtin_registers() {
            assert_eq!(register.check(), [], "{}", register.name);
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
