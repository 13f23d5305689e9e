//! Numbers.

use super::Function;

/// Functions of one number.
pub fn of_one(function: Function, number: f64) -> f64 {
    match function {
        Function::Int => number.trunc(),
        Function::Floor => number.floor(),
        Function::Ceiling => number.ceil(),
        Function::Log => number.ln(),
        Function::Log10 => number.log10(),
        Function::Abs => number.abs(),
        Function::Sin => number.sin(),
        Function::Cos => number.cos(),
        Function::Tan => number.tan(),
        Function::Asin => number.asin(),
        Function::Acos => number.acos(),
        Function::Atan => number.atan(),
        Function::Sqrt => number.sqrt(),
        Function::Exp => number.exp(),
        Function::Exp10 => 10_f64.powf(number),
        _ => number,
    }
}

/// Rounds half up, to some decimals or, where they are negative, to tens and hundreds.
pub fn round(number: f64, decimals: f64) -> f64 {
    if !number.is_finite() || decimals.is_nan() {
        return number;
    }
    let decimals = decimals.trunc().clamp(-300.0, 30.0);
    if decimals == 0.0 {
        return (number + 0.5).floor();
    }
    // By way of decimal digits, so that 2.675 becomes 2.68 as people expect.
    let scale = 10_f64.powf(decimals.abs());
    let scaled = if decimals > 0.0 { number * scale } else { number / scale };
    let nudge = scaled.abs() * f64::EPSILON;
    let rounded = (scaled + 0.5 + nudge).floor();
    let back = if decimals > 0.0 { rounded / scale } else { rounded * scale };
    if back.is_finite() { back } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_half_up() {
        assert_eq!(round(2.5, 0.0), 3.0);
        assert_eq!(round(-2.5, 0.0), -2.0);
        assert_eq!(round(2.675, 2.0), 2.68);
        assert_eq!(round(1.005, 2.0), 1.01);
        assert_eq!(round(1234.5, -2.0), 1200.0);
        assert!(round(f64::NAN, 1.0).is_nan());
    }
}
