//! Signatures as drawings.

use std::fmt::Write as _;

/// A movement of the pen: points as `(x, y)`, in any unit.
pub type Pen = Vec<(i64, i64)>;

/// An SVG of the strokes, as large as they are. None where nothing was drawn.
pub fn svg(strokes: &[Pen]) -> Option<String> {
    let points = || strokes.iter().flatten();
    // Whoever wrote these numbers may be anybody.
    let clamp = |value: i64| value.clamp(-10_000_000, 10_000_000);
    let (left, right) =
        (points().map(|at| clamp(at.0)).min()?, points().map(|at| clamp(at.0)).max()?);
    let (top, bottom) =
        (points().map(|at| clamp(at.1)).min()?, points().map(|at| clamp(at.1)).max()?);
    let pen = ((right - left).max(bottom - top) / 160).max(1);
    let (width, height) = (right - left + 2 * pen, bottom - top + 2 * pen);
    let mut path = String::new();
    for stroke in strokes {
        for (at, point) in stroke.iter().enumerate() {
            let command = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{command}{} {}", clamp(point.0), clamp(point.1));
        }
        // A dot is a line that goes nowhere.
        if let [only] = stroke.as_slice() {
            let _ = write!(path, "L{} {}", clamp(only.0), clamp(only.1));
        }
    }
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"{} {} {width} {height}\"><path d=\"{path}\" fill=\"none\" stroke=\"#000\" \
         stroke-width=\"{pen}\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
        left - pen,
        top - pen,
    );
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_as_large_as_its_strokes() {
        let svg = svg(&[vec![(100, 50), (700, 350)], vec![(5, 5)]]).expect("a drawing");
        assert!(svg.contains("viewBox=\"1 1 703 353\""), "{svg}");
        assert!(svg.contains("M100 50L700 350M5 5L5 5"), "{svg}");
    }

    #[test]
    fn numbers_of_any_size_are_drawn() {
        assert_eq!(svg(&[]), None);
        assert!(svg(&[vec![(i64::MIN, i64::MAX), (i64::MAX, i64::MIN)]]).is_some());
    }
}
