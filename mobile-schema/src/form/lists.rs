//! Files that choices and `pulldata` come from: CSV, GeoJSON and XML, as the lists they are to
//! expressions.

use serde_json::Value;

use super::problem::Kind;
use crate::xml::{Element, is_name};

/// The most rows of a file.
const MAX_ROWS: usize = 500_000;

/// Reads a file by its ending.
///
/// # Errors
/// Where it is no such file or has too many rows.
pub fn read_list(name: &str, bytes: &[u8]) -> Result<Element, Kind> {
    let text = std::str::from_utf8(bytes).map_err(|_| Kind::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match name.rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => from_csv(text),
        Some("geojson") => from_geojson(text),
        _ => Element::read(text).map_err(|problem| Kind::BadXml(problem.to_string())),
    }
}

fn from_csv(text: &str) -> Result<Element, Kind> {
    let wrong = |error: csv::Error| Kind::BadCsv(error.to_string());
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(crate::xlsform::delimiter(text))
        .from_reader(text.as_bytes());
    let columns: Vec<String> =
        reader.headers().map_err(wrong)?.iter().map(crate::xlsform::clean).collect();
    let mut root = Element::new("root");
    for (number, record) in reader.records().enumerate() {
        if number >= MAX_ROWS {
            return Err(Kind::TooLarge("rows", MAX_ROWS as u64));
        }
        let record = record.map_err(wrong)?;
        let mut item = Element::new("item");
        for (column, value) in columns.iter().zip(record.iter()) {
            if is_name(column) {
                item.push(Element::new(column.as_str()).with_text(value));
            }
        }
        root.push(item);
    }
    Ok(root)
}

/// Features as items: their properties, id, and geometry as a geopoint, geotrace or geoshape.
fn from_geojson(text: &str) -> Result<Element, Kind> {
    let wrong = |error: serde_json::Error| Kind::BadCsv(error.to_string());
    let all: Value = serde_json::from_str(text).map_err(wrong)?;
    let features = all.get("features").and_then(Value::as_array).ok_or(Kind::NotAForm)?;
    if features.len() > MAX_ROWS {
        return Err(Kind::TooLarge("rows", MAX_ROWS as u64));
    }
    let mut root = Element::new("root");
    for feature in features {
        let mut item = Element::new("item");
        let mut add = |name: &str, text: &str| {
            if is_name(name) && item.child(name).is_none() {
                item.push(Element::new(name).with_text(text));
            }
        };
        if let Some(geometry) = feature.get("geometry").and_then(places) {
            add("geometry", &geometry);
        }
        if let Some(id) = feature.get("id") {
            add("id", &words(id));
        }
        if let Some(properties) = feature.get("properties").and_then(Value::as_object) {
            for (name, value) in properties {
                add(name, &words(value));
            }
        }
        root.push(item);
    }
    Ok(root)
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Longitude and latitude of GeoJSON (RFC 7946) as ODK writes places: latitude first.
fn places(geometry: &Value) -> Option<String> {
    let coordinates = geometry.get("coordinates")?;
    let point = |value: &Value| -> Option<String> {
        let (east, north) = (value.get(0)?.as_f64()?, value.get(1)?.as_f64()?);
        Some(format!("{north} {east} 0 0"))
    };
    let line = |value: &Value| -> Option<String> {
        let points: Option<Vec<String>> = value.as_array()?.iter().map(point).collect();
        Some(points?.join("; "))
    };
    match geometry.get("type")?.as_str()? {
        "Point" => point(coordinates),
        "LineString" => line(coordinates),
        "Polygon" => line(coordinates.get(0)?),
        _ => None,
    }
}
