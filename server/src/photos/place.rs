//! How far two places are from each other, whichever of China's two grids they are in.
//!
//! Maps sold in China draw everything some hundred metres off (GCJ-02); receivers say where it is
//! (WGS-84). A place that was picked on a map is in the one, a photo's in the other, and neither
//! says so.

/// Degrees north and east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) north: f64,
    pub(super) east: f64,
}

impl Place {
    /// Out of 1e-7 degrees.
    pub(super) fn of((north, east): (i64, i64)) -> Self {
        Self { north: north as f64 / 1e7, east: east as f64 / 1e7 }
    }

    /// Metres along the ground (haversine, mean radius of the earth).
    pub(super) fn metres_to(self, other: Self) -> f64 {
        const EARTH: f64 = 6_371_008.8;
        let (north, east) =
            ((other.north - self.north).to_radians(), (other.east - self.east).to_radians());
        let half = (north / 2.0).sin().powi(2)
            + self.north.to_radians().cos()
                * other.north.to_radians().cos()
                * (east / 2.0).sin().powi(2);
        2.0 * EARTH * half.sqrt().min(1.0).asin()
    }

    /// The least distance, whichever of the two is drawn on the map's grid.
    pub(super) fn least_metres_to(self, other: Self) -> f64 {
        [self.metres_to(other), self.on_map().metres_to(other), self.metres_to(other.on_map())]
            .into_iter()
            .fold(f64::INFINITY, f64::min)
    }

    /// A place of WGS-84 in GCJ-02: the obfuscation as it is publicly known, on the ellipsoid of
    /// Krasovsky 1940. Outside China the grids are the same.
    fn on_map(self) -> Self {
        const AXIS: f64 = 6_378_245.0;
        const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
        use std::f64::consts::PI;
        if !(0.83..=55.83).contains(&self.north) || !(72.0..=137.84).contains(&self.east) {
            return self;
        }
        let (x, y) = (self.east - 105.0, self.north - 35.0);
        let wave = |at: f64, parts: [(f64, f64); 2]| -> f64 {
            let sum: f64 = parts.iter().map(|(size, turn)| size * (at * PI * turn).sin()).sum();
            sum * 2.0 / 3.0
        };
        let both = wave(x, [(20.0, 6.0), (20.0, 2.0)]);
        let north = -100.0
            + 2.0 * x
            + 3.0 * y
            + 0.2 * y * y
            + 0.1 * x * y
            + 0.2 * x.abs().sqrt()
            + both
            + wave(y, [(20.0, 1.0), (40.0, 1.0 / 3.0)])
            + wave(y, [(160.0, 1.0 / 12.0), (320.0, 1.0 / 30.0)]);
        let east = 300.0
            + x
            + 2.0 * y
            + 0.1 * x * x
            + 0.1 * x * y
            + 0.1 * x.abs().sqrt()
            + both
            + wave(x, [(20.0, 1.0), (40.0, 1.0 / 3.0)])
            + wave(x, [(150.0, 1.0 / 12.0), (300.0, 1.0 / 30.0)]);
        let latitude = self.north.to_radians();
        let flat = 1.0 - ECCENTRICITY * latitude.sin().powi(2);
        let per_degree_north = AXIS * (1.0 - ECCENTRICITY) / (flat * flat.sqrt()) * PI / 180.0;
        let per_degree_east = AXIS / flat.sqrt() * latitude.cos() * PI / 180.0;
        Self {
            north: self.north + north / per_degree_north,
            east: self.east + east / per_degree_east,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_and_the_same_on_a_map_are_near_each_other() {
        // The published example: Tiananmen in both grids.
        let (ground, map) = (
            Place { north: 39.907_333, east: 116.391_083 },
            Place { north: 39.908_736_3, east: 116.397_324_6 },
        );
        assert!((500.0..620.0).contains(&ground.metres_to(map)), "{}", ground.metres_to(map));
        assert!(ground.least_metres_to(map) < 2.0, "{}", ground.least_metres_to(map));
        assert!(map.least_metres_to(ground) < 2.0);
        let other = Place { north: 39.917_333, east: 116.391_083 };
        assert!((1_000.0..1_200.0).contains(&ground.metres_to(other)));
        assert!(ground.least_metres_to(other) > 800.0);
        let lima = Place { north: -12.046, east: -77.043 };
        assert_eq!(lima.on_map(), lima);
    }
}
