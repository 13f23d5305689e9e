//! Checks of single values.

/// Whether text is a phone number as people in China have them: a mobile number of 11 digits, or a
/// landline with its area code; with spaces, hyphens, or `+86` before it.
pub fn is_phone(text: &str) -> bool {
    let digits: String = text.chars().filter(|one| !matches!(one, ' ' | '-' | '(' | ')')).collect();
    let digits = digits.strip_prefix("+86").unwrap_or(&digits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let second = digits.as_bytes().get(1).copied().unwrap_or(b'0');
    let mobile = digits.len() == 11 && digits.starts_with('1') && second >= b'3';
    let landline = (10..=12).contains(&digits.len()) && digits.starts_with('0') && second != b'0';
    mobile || landline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_of_all_kinds_are_known() {
        for good in ["13800138000", "+86 138 0013 8000", "0851-85281234", "(010) 6552 9988"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "12800138000", "1380013800", "85281234", "138001380001", "abc", "00851123"]
        {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
