//! Making a failing story shorter: whatever can be left out is left out.

use crate::play;
use crate::step::Step;

/// The shortest part of `steps` that still fails in the same way, as far as leaving out stretches of it finds one.
pub fn shrink(seed: u64, steps: &[Step]) -> Vec<Step> {
    let kind = |steps: &[Step]| {
        let violation = play(seed, steps).1.err()?;
        violation.0.lines().next().map(|line| line.chars().take(24).collect::<String>())
    };
    let wanted = kind(steps);
    let mut shortest = steps.to_vec();
    let mut stretch = (shortest.len() / 2).max(1);
    loop {
        let mut start = 0;
        let mut shorter = false;
        while start < shortest.len() {
            let end = (start + stretch).min(shortest.len());
            let mut without = shortest[..start].to_vec();
            without.extend_from_slice(&shortest[end..]);
            if kind(&without) == wanted {
                shortest = without;
                shorter = true;
            } else {
                start = end;
            }
        }
        if stretch == 1 && !shorter {
            return shortest;
        }
        stretch = (stretch / 2).max(1);
    }
}
