//! Citizen identification numbers (GB 11643-1999): six digits of region, the date of birth,
//! a sequence number, and a check character by ISO 7064 MOD 11-2. The old form of 15 digits
//! has a two-digit year and no check character.

/// A well-formed citizen ID number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CitizenId {
    /// The six-digit code of the region that issued it (GB/T 2260).
    pub region: u32,
    /// Year of birth.
    pub year: u16,
    /// Month of birth, from 1.
    pub month: u16,
    /// Day of birth, from 1.
    pub day: u16,
}

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CitizenIdProblem {
    /// It has neither 18 nor 15 characters.
    #[error("a citizen ID has 18 characters, or 15 in the old form")]
    Length,
    /// It has a character other than a digit (or a final X).
    #[error("a citizen ID has digits only, but for a final X")]
    Character,
    /// No such region starts with these digits.
    #[error("no region has this code")]
    Region,
    /// The date of birth is no day.
    #[error("the date of birth is no day of the calendar")]
    Date,
    /// The check character is another.
    #[error("the check character is wrong")]
    CheckCharacter,
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS: &[u8; 11] = b"10X98765432";

/// The check character for the first 17 digits of a number.
pub fn check_character(digits: &[u8; 17]) -> char {
    let sum: u32 =
        digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECK_CHARACTERS[(sum % 11) as usize].into()
}

impl CitizenId {
    /// Reads a number; a lower-case `x` at the end is taken as `X`.
    pub fn parse(text: &str) -> Result<Self, CitizenIdProblem> {
        let bytes = text.as_bytes();
        let digits = match bytes.len() {
            18 => &bytes[..17],
            15 => bytes,
            _ => return Err(CitizenIdProblem::Length),
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(CitizenIdProblem::Character);
        }
        let number = |range: std::ops::Range<usize>| {
            digits[range].iter().fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
        };
        let region = number(0..6);
        if !(11..=91).contains(&(region / 10_000)) {
            return Err(CitizenIdProblem::Region);
        }
        let (year, after) =
            if bytes.len() == 18 { (number(6..10), 10) } else { (1900 + number(6..8), 8) };
        let (year, month, day) =
            (year as u16, number(after..after + 2) as u16, number(after + 2..after + 4) as u16);
        if year < 1800 || !day_exists(year, month, day) {
            return Err(CitizenIdProblem::Date);
        }
        if let Ok(first) = <&[u8; 17]>::try_from(digits) {
            match bytes[17].to_ascii_uppercase() {
                last if !last.is_ascii_digit() && last != b'X' => {
                    return Err(CitizenIdProblem::Character);
                }
                last if char::from(last) != check_character(first) => {
                    return Err(CitizenIdProblem::CheckCharacter);
                }
                _ => {}
            }
        }
        Ok(Self { region, year, month, day })
    }
}

/// Whether the Gregorian calendar has this day.
pub(crate) fn day_exists(year: u16, month: u16, day: u16) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u16::from(leap),
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two example numbers in GB 11643-1999.
    #[test]
    fn the_standards_examples_are_right() {
        let woman = CitizenId::parse("11010519491231002X");
        assert_eq!(woman, Ok(CitizenId { region: 110_105, year: 1949, month: 12, day: 31 }));
        assert_eq!(CitizenId::parse("440524188001010014").map(|id| id.year), Ok(1880));
        assert_eq!(CitizenId::parse("11010519491231002x"), woman);
        assert_eq!(CitizenId::parse("110105491231002"), woman);
    }

    #[test]
    fn each_mistake_has_its_name() {
        let cases = [
            ("", CitizenIdProblem::Length),
            ("1101051949123100２", CitizenIdProblem::Length),
            ("11010519491231002Y", CitizenIdProblem::Character),
            ("1101O519491231002X", CitizenIdProblem::Character),
            ("000105194912310023", CitizenIdProblem::Region),
            ("11010519490229002X", CitizenIdProblem::Date),
            ("110105194912310021", CitizenIdProblem::CheckCharacter),
        ];
        for (text, problem) in cases {
            assert_eq!(CitizenId::parse(text), Err(problem), "{text}");
        }
    }
}
