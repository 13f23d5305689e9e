//! QR codes (ISO/IEC 18004) as drawings.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// A text that no QR code can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no QR code can hold so much")]
pub struct TooLongForACode;

/// An SVG of the code, with as much correction of errors as there is room for.
///
/// # Errors
/// Where no code can hold the text.
pub fn svg(text: &str) -> Result<Vec<u8>, TooLongForACode> {
    let levels = [EcLevel::M, EcLevel::L];
    let code = levels
        .iter()
        .find_map(|level| QrCode::with_error_correction_level(text.as_bytes(), *level).ok());
    let code = code.ok_or(TooLongForACode)?;
    let drawing = code.render::<svg::Color<'_>>().quiet_zone(true).min_dimensions(1, 1).build();
    Ok(drawing.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_refused() {
        assert!(svg(&"0".repeat(7_089 + 1)).is_err());
        assert!(svg("ruhu-notice:").is_ok());
    }
}
