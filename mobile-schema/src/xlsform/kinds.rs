//! What only some types of questions have: their parameters.

use super::columns::{Record, Text, Words};
use super::item::{Item, Source};
use super::parameters::Parameters;
use super::rows::Reader;
use super::survey::plain;
use crate::form::problem::{Kind, Needs};

impl Reader<'_> {
    /// What only some types have: their parameters.
    pub(super) fn of_type(&mut self, record: &Record, type_text: &Text, item: &mut Item) {
        let parameters = Parameters::read(self.table.get(record, &["parameters"]), self.problems);
        let appearance =
            item.control("appearance").map_or_else(String::new, |text| text.text.clone());
        match item.type_name() {
            "calculate" => {
                let given = item.bind("calculate").is_some() || item.is_dynamic;
                if !given && type_text.text != "hidden" {
                    self.error(type_text.place.clone(), Kind::NoCalculation);
                }
            }
            "text" => {
                parameters.only(&["rows"], self.problems);
                if let Some(rows) = parameters.whole("rows", self.problems) {
                    item.set_control("rows", plain(&rows));
                }
            }
            "image" => {
                parameters.only(&["max-pixels", "app"], self.problems);
                match parameters.whole("max-pixels", self.problems) {
                    Some(pixels) => item.set_bind("orx:max-pixels", Words::plain(&pixels)),
                    None => self.warn(type_text.place.clone(), Kind::NoMaxPixels),
                }
                if let Some(app) = parameters.get("app")
                    && (appearance.is_empty() || appearance == "annotate")
                {
                    item.set_control("intent", plain(app));
                }
                if let Some(default) = &mut item.default
                    && !default.text.contains("jr://images/")
                    && !item.is_dynamic
                {
                    default.text.insert_str(0, "jr://images/");
                }
            }
            "audio" => {
                parameters.only(&["quality"], self.problems);
                let known = &["voice-only", "low", "normal", "external"];
                if let Some(quality) = parameters.one_of("quality", known, self.problems) {
                    item.set_bind("odk:quality", Words::plain(&quality));
                }
            }
            "background-audio" => {
                parameters.only(&["quality"], self.problems);
                let known = &["voice-only", "low", "normal"];
                if let Some(quality) = parameters.one_of("quality", known, self.problems) {
                    item.set_control("odk:quality", plain(&quality));
                }
            }
            "geopoint" | "geotrace" | "geoshape" => self.geographic(&parameters, item),
            "background-geopoint" => {
                if item.triggers.is_empty() {
                    self.error(type_text.place.clone(), Kind::NoTrigger);
                }
                if item.bind("calculate").is_some() {
                    self.error(type_text.place.clone(), Kind::BackgroundCalculation);
                }
            }
            "range" => {
                super::range::fill(self.survey, &parameters, &appearance, item, self.problems)
            }
            "audit" => self.audit(&parameters, item),
            _ => {}
        }
    }

    pub(super) fn geographic(&mut self, parameters: &Parameters, item: &mut Item) {
        if item.type_name() == "geopoint" {
            let known = [
                "allow-mock-accuracy",
                "capture-accuracy",
                "reference-geometry",
                "warning-accuracy",
            ];
            parameters.only(&known, self.problems);
            for (name, attribute) in [
                ("capture-accuracy", "accuracyThreshold"),
                ("warning-accuracy", "unacceptableAccuracyThreshold"),
            ] {
                if parameters.number(name, self.problems).is_some() {
                    item.set_control(attribute, plain(parameters.get(name).unwrap_or_default()));
                }
            }
        } else {
            let known = ["allow-mock-accuracy", "incremental", "reference-geometry"];
            parameters.only(&known, self.problems);
            if parameters.one_of("incremental", &["true"], self.problems).is_some() {
                item.set_control("incremental", plain("true"));
            }
        }
        let mock = "allow-mock-accuracy";
        if let Some(value) = parameters.one_of(mock, &["true", "false"], self.problems) {
            item.set_bind("odk:allow-mock-accuracy", Words::plain(&value));
        }
        if let Some(geometry) = parameters.text("reference-geometry") {
            item.source = Some(Source::Geometry(geometry));
        }
    }

    pub(super) fn audit(&mut self, parameters: &Parameters, item: &mut Item) {
        const LOCATION: [&str; 3] =
            ["location-priority", "location-min-interval", "location-max-age"];
        let known = [
            "identify-user",
            "location-max-age",
            "location-min-interval",
            "location-priority",
            "track-changes",
            "track-changes-reasons",
        ];
        parameters.only(&known, self.problems);
        let mut set = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                item.set_bind(&format!("odk:{name}"), Words::plain(&value));
            }
        };
        let yes_no = &["true", "false"];
        let problems = &mut *self.problems;
        set("track-changes", parameters.one_of("track-changes", yes_no, problems));
        let reasons = &["on-form-edit"];
        set("track-changes-reasons", parameters.one_of("track-changes-reasons", reasons, problems));
        set("identify-user", parameters.one_of("identify-user", yes_no, problems));
        let given: Vec<&str> =
            LOCATION.into_iter().filter(|name| parameters.get(name).is_some()).collect();
        if let [first, ..] = given[..] {
            if given.len() < LOCATION.len() {
                let all = "location-priority, location-min-interval, location-max-age";
                parameters.wrong(first, Needs::All(all), problems);
            }
            let priorities = &["no-power", "low-power", "balanced", "high-accuracy"];
            set("location-max-age", parameters.whole("location-max-age", problems));
            set("location-min-interval", parameters.whole("location-min-interval", problems));
            set("location-priority", parameters.one_of("location-priority", priorities, problems));
            let age = parameters.number("location-max-age", problems).unwrap_or(0.0);
            let interval = parameters.number("location-min-interval", problems).unwrap_or(0.0);
            if interval < 0.0 {
                parameters.wrong("location-min-interval", Needs::AtLeast("0"), problems);
            }
            if age < interval.max(0.0) {
                let least = Needs::AtLeast("location-min-interval");
                parameters.wrong("location-max-age", least, problems);
            }
        }
    }
}
