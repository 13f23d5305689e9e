//! Places on the Earth, as a sphere of its equatorial radius, which is what ODK Collect takes.

/// Metres.
const RADIUS: f64 = 6_378_100.0;
/// The most points that are read.
const MAX_POINTS: usize = 100_000;

/// Degrees north and east.
pub type Point = (f64, f64);

/// The points of a geopoint, geotrace or geoshape: `latitude longitude [altitude [accuracy]]`,
/// with semicolons between.
pub fn points(text: &str) -> Option<Vec<Point>> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.take(MAX_POINTS).map(point).collect()
}

fn point(text: &str) -> Option<Point> {
    let mut numbers = text.split_whitespace().map(|part| part.parse::<f64>().ok());
    let (north, east) = (numbers.next()??, numbers.next()??);
    let on_earth = north.abs() <= 90.0 && east.abs() <= 180.0;
    on_earth.then_some((north, east))
}

/// Metres along a line.
pub fn length(points: &[Point]) -> f64 {
    points.windows(2).map(|pair| between(pair[0], pair[1])).sum()
}

/// Metres between two points (haversine).
fn between(one: Point, other: Point) -> f64 {
    let (north, other_north) = (one.0.to_radians(), other.0.to_radians());
    let up = ((other_north - north) / 2.0).sin();
    let across = ((other.1 - one.1).to_radians() / 2.0).sin();
    let chord = up * up + north.cos() * other_north.cos() * across * across;
    2.0 * RADIUS * chord.sqrt().min(1.0).asin()
}

/// Square metres inside a ring.
pub fn area(points: &[Point]) -> f64 {
    if points.len() < 3 {
        return 0.0;
    }
    let next = points.iter().cycle().skip(1);
    let sum: f64 = points
        .iter()
        .zip(next)
        .map(|(one, other)| {
            let across = (other.1 - one.1).to_radians();
            across * (2.0 + one.0.to_radians().sin() + other.0.to_radians().sin())
        })
        .sum();
    (sum * RADIUS * RADIUS / 2.0).abs()
}

/// Whether a point is inside a ring.
pub fn inside(point: Point, ring: &[Point]) -> bool {
    let mut inside = false;
    let next = ring.iter().cycle().skip(1);
    for (one, other) in ring.iter().zip(next) {
        let crosses = (one.0 > point.0) != (other.0 > point.0);
        if crosses {
            let share = (point.0 - one.0) / (other.0 - one.0);
            if point.1 < one.1 + share * (other.1 - one.1) {
                inside = !inside;
            }
        }
    }
    inside
}

/// Whether a line crosses itself other than where it closes.
pub fn crosses_itself(points: &[Point]) -> bool {
    let closed = points.len() > 2 && points.first() == points.last();
    let segments: Vec<_> = points.windows(2).map(|pair| (pair[0], pair[1])).collect();
    // Each is held against each; more than this would take long and nobody draws it.
    if segments.len() > 2_000 {
        return false;
    }
    segments.iter().enumerate().any(|(at, one)| {
        segments.iter().enumerate().skip(at + 2).any(|(other_at, other)| {
            let meet = closed && at == 0 && other_at + 1 == segments.len();
            !meet && cross(*one, *other)
        })
    })
}

fn cross(one: (Point, Point), other: (Point, Point)) -> bool {
    let side = |line: (Point, Point), point: Point| {
        (line.1.1 - line.0.1) * (point.0 - line.0.0) - (line.1.0 - line.0.0) * (point.1 - line.0.1)
    };
    let apart = |line, from: Point, to: Point| side(line, from) * side(line, to) <= 0.0;
    apart(one, other.0, other.1) && apart(other, one.0, one.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_is_about_111_kilometres() {
        let line = points("0 0 0 0; 1 0 0 0").expect("points");
        assert!((length(&line) - 111_319.0).abs() < 10.0);
        let square = points("0 0;0 1;1 1;1 0;0 0").expect("points");
        assert!((area(&square) / (111_319.0 * 111_319.0) - 1.0).abs() < 0.001);
        assert!(inside((0.5, 0.5), &square) && !inside((1.5, 0.5), &square));
        assert_eq!(points("91 0"), None);
        assert_eq!(points("somewhere"), None);
    }

    #[test]
    fn a_bow_tie_crosses_itself() {
        assert!(crosses_itself(&points("0 0;1 1;0 1;1 0;0 0").expect("points")));
        assert!(!crosses_itself(&points("0 0;0 1;1 1;1 0;0 0").expect("points")));
    }
}
