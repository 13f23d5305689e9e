//! What people may be called and choose as a password: one rule, in the browser and at the command
//! line.

use diesel::prelude::*;
use zxcvbn::Score;

use crate::areas;
use crate::db::AnyConnection;
use crate::http::{Kind, Problem};
use crate::limits::{MAX_PASSWORD, MIN_PASSWORD};

/// Letters of a login that somebody is given.
const LOGIN: std::ops::RangeInclusive<usize> = 2..=50;
/// Letters of a name.
const NAME: std::ops::RangeInclusive<usize> = 1..=50;
/// What the program is called: the first that somebody tries.
const PRODUCT: [&str; 3] = ["ruhu", "入户", "走访"];

/// What many in China make passwords of, and lists from elsewhere do not have.
const COMMON_HERE: [&str; 24] = [
    "woaini",
    "5201314",
    "1314520",
    "520",
    "1314",
    "woaiwojia",
    "woaizhongguo",
    "zhongguo",
    "nihao",
    "mima",
    "wodemima",
    "guanliyuan",
    "admin@123",
    "admin@123456",
    "a123456",
    "aa123456",
    "a123456789",
    "abc123456",
    "qq123456",
    "qwe123",
    "asd123",
    "zxc123",
    "147258369",
    "zaq12wsx",
];

/// Why something does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// As a login.
    Login,
    /// As a name.
    Name,
    /// As a password: it is too short or too long.
    Length,
    /// As a password: many have it, or whoever knows the person or the county guesses it.
    Common,
}

impl Unfit {
    /// What an operator is told.
    pub(crate) fn in_words(self, chinese: bool) -> String {
        match (self, chinese) {
            (Self::Login, true) => "登录名要 2 到 50 个字符，只用 a–z、0–9、-、. 和 _".to_owned(),
            (Self::Login, false) => "a login has 2 to 50 of a–z, 0–9, - . _".to_owned(),
            (Self::Name, true) => "姓名要 1 到 50 个字符".to_owned(),
            (Self::Name, false) => "a name has 1 to 50 characters".to_owned(),
            (Self::Length, true) => format!("密码要 {MIN_PASSWORD} 到 {MAX_PASSWORD} 个字符"),
            (Self::Length, false) => {
                format!("a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
            }
            (Self::Common, true) => Kind::PASSWORD_COMMON.zh.trim_end_matches('。').to_owned(),
            (Self::Common, false) => Kind::PASSWORD_COMMON.en.trim_end_matches('.').to_owned(),
        }
    }
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        let malformed = |what: &str| Self::new(&Kind::MALFORMED).detail(what.to_owned());
        match unfit {
            Unfit::Login => malformed("login: 2 to 50 of a–z, 0–9, - . _"),
            Unfit::Name => malformed("display_name: 1 to 50 characters"),
            Unfit::Length => {
                malformed(&format!("new: {MIN_PASSWORD} to {MAX_PASSWORD} characters"))
            }
            Unfit::Common => Self::new(&Kind::PASSWORD_COMMON),
        }
    }
}

/// Whether somebody may be given this login.
pub(crate) fn check_login(login: &str) -> Result<(), Unfit> {
    let fits = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "-._".contains(one);
    let is_fit = LOGIN.contains(&login.len()) && login.chars().all(fits);
    if is_fit { Ok(()) } else { Err(Unfit::Login) }
}

/// A name as it is kept.
pub(crate) fn check_name(name: &str) -> Result<String, Unfit> {
    let name = name.trim();
    let is_fit = NAME.contains(&name.chars().count()) && !name.contains('\0');
    if is_fit { Ok(name.to_owned()) } else { Err(Unfit::Name) }
}

/// Whether somebody may have this password (OWASP ASVS 4.0.3, 2.1.1 and 2.1.7). Any letters do; but
/// it is none of those that many have, nor made of what is known of the person and the county.
pub(crate) fn check_password(password: &str, known: &[String]) -> Result<(), Unfit> {
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        return Err(Unfit::Length);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).chain(COMMON_HERE).collect();
    // Ten thousand million guesses: three common parts in a row (`admin@123456`) are fewer.
    let is_common = zxcvbn::zxcvbn(password, &known).score() < Score::Four;
    if is_common { Err(Unfit::Common) } else { Ok(()) }
}

/// What a password must not be made of: the person's login and name, the county's and the program's.
pub(crate) fn known_words(
    connection: &mut AnyConnection,
    login: &str,
    name: &str,
) -> QueryResult<Vec<String>> {
    let roots = areas::roots(connection)?;
    let all = roots.iter().map(String::as_str).chain(PRODUCT).chain([login, name]);
    Ok(all.flat_map(parts).collect())
}

/// A name, its parts, and those of a place without what places are called.
fn parts(name: &str) -> Vec<String> {
    let split = name.split(|one: char| !one.is_alphanumeric()).filter(|part| !part.is_empty());
    let mut parts: Vec<String> = split.map(str::to_owned).collect();
    let bare = |part: &String| Some(part.strip_suffix(['县', '市', '区', '州'])?.to_owned());
    parts.extend(parts.iter().filter_map(bare).collect::<Vec<_>>());
    parts.push(name.to_owned());
    parts.retain(|part| part.chars().count() > 1);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        ["wang.ming", "王小明", "云岭县（虚构）"]
            .into_iter()
            .chain(PRODUCT)
            .flat_map(parts)
            .collect()
    }

    #[test]
    fn logins_are_plain() {
        assert_eq!(check_login("wang.2"), Ok(()));
        for login in ["a", "王", "Wang", "a b", "a:b", "a\n", &"a".repeat(51)] {
            assert_eq!(check_login(login), Err(Unfit::Login), "{login}");
        }
    }

    #[test]
    fn names_are_kept_without_what_stands_around_them() {
        assert_eq!(check_name(" 王某 "), Ok("王某".to_owned()));
        for name in ["", "  ", "a\0b", &"王".repeat(51)] {
            assert_eq!(check_name(name), Err(Unfit::Name), "{name}");
        }
    }

    #[test]
    fn a_password_has_twelve_letters_of_any_kind() {
        for short in ["", "kx7f-2m9q-a", &"x7".repeat(101)] {
            assert_eq!(check_password(short, &known()), Err(Unfit::Length), "{short}");
        }
        for good in ["kx7f-2m9q-ab3d", "correct horse battery", "雨后山茶花开满坡二十株"]
        {
            let good = format!("{good}。");
            assert_eq!(check_password(&good, &known()), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_others_try_first_is_no_password() {
        let common = [
            "123456789012",
            "aaaaaaaaaaaa",
            "abcdefghijkl",
            "password1234",
            "P@ssword1234",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "admin@123456",
            "iloveyou1234",
            "woaini1314520",
            "147258369147",
            "passwordpassword",
            "Admin@123456",
            "5201314520131",
            "zhongguo2026!",
            "woaini5201314",
            "19800101198001",
        ];
        for password in common {
            assert_eq!(check_password(password, &known()), Err(Unfit::Common), "{password}");
        }
        let own = [
            "wang.mingwang.ming",
            "wangming2026",
            "ruhu12345678",
            "ruhu20261234",
            "RuhuRuhuRuhu",
            "云岭县云岭县云岭县云岭县",
        ];
        for password in own {
            assert_eq!(check_password(password, &known()), Err(Unfit::Common), "{password}");
        }
    }
}
