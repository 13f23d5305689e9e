//! Whether a photo shows anything: how sharp it is, and how dark or washed out.

use super::picture::Pixels;

/// How a photo came out.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Quality {
    /// The variance of the Laplacian of the light at 320 pixels: below about 60, nothing has edges.
    pub sharpness: f32,
    /// The mean light, 0 to 255.
    pub light: f32,
    /// The share of pixels that are nearly black (light below 16), 0 to 1.
    pub dark: f32,
    /// The share of pixels that are nearly white (light above 239), 0 to 1.
    pub bright: f32,
}

impl Quality {
    /// Of a photo that is at most some hundred pixels wide.
    pub(super) fn of(pixels: &Pixels) -> Self {
        let light = pixels.light();
        let (width, height) = (pixels.width as usize, pixels.height as usize);
        let count = light.len().max(1) as f32;
        let share =
            |of: fn(u8) -> bool| light.iter().filter(|one| of(**one)).count() as f32 / count;
        Self {
            sharpness: sharpness(&light, width, height),
            light: light.iter().map(|one| f32::from(*one)).sum::<f32>() / count,
            dark: share(|light| light < 16),
            bright: share(|light| light > 239),
        }
    }
}

fn sharpness(light: &[u8], width: usize, height: usize) -> f32 {
    if width < 3 || height < 3 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0_f64, 0_f64);
    for row in 1..height - 1 {
        for column in 1..width - 1 {
            let at = row * width + column;
            let around = [at - 1, at + 1, at - width, at + width];
            let around: i32 = around.iter().map(|at| i32::from(light[*at])).sum();
            let edge = f64::from(around - 4 * i32::from(light[at]));
            sum += edge;
            squares += edge * edge;
        }
    }
    let count = ((width - 2) * (height - 2)) as f64;
    (squares / count - (sum / count).powi(2)) as f32
}
