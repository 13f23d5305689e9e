//! Versions that are ready to be run, kept by their hash: they never change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web;
use bytes::Bytes;
use mobile_schema::Hash;
use mobile_schema::form::{Files, Form, FormBundle, World, read_lists};

use super::queries;
use crate::app::App;
use crate::db::Timestamp;
use crate::http::{Kind, Problem};
use crate::limits::{COMPILED_FORMS, MAX_FORM_LIST};
use crate::media_store::{MediaError, ObjectName};

/// A version that is ready to be run.
pub(crate) struct Compiled {
    /// What it is.
    pub(crate) bundle: FormBundle,
    /// The form.
    pub(crate) form: Arc<Form>,
    /// Its lists.
    pub(crate) lists: Files,
}

/// The versions that were compiled lately.
#[derive(Default)]
pub(crate) struct Compiler(Mutex<HashMap<Hash, (u64, Arc<Compiled>)>>);

impl Compiler {
    /// A version that is ready to be run; none if there is no such version.
    pub(crate) async fn get(
        &self,
        app: &App,
        version: Hash,
    ) -> Result<Option<Arc<Compiled>>, Problem> {
        if let Some(known) = self.known(&version) {
            return Ok(Some(known));
        }
        let found = app.read(move |connection| queries::bundle(connection, &version)).await?;
        let Some(bundle) = found else { return Ok(None) };
        let mut files = Vec::new();
        for file in bundle.files.iter().filter(|file| is_list(&file.name)) {
            if file.length > MAX_FORM_LIST {
                continue;
            }
            match app.media.whole(ObjectName::Blob(file.hash), MAX_FORM_LIST).await {
                Ok(bytes) => files.push((file.name.clone(), bytes)),
                // It will not come back by waiting for it.
                Err(MediaError::Missing) => {
                    tracing::error!(hash = %file.hash, "a list of a form is gone");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let compiled = web::block(move || compile(bundle, &files)).await;
        let compiled = compiled.map_err(|_| Problem::new(&Kind::INTERNAL))?;
        let compiled = Arc::new(compiled.ok_or_else(|| Problem::new(&Kind::INTERNAL))?);
        self.keep(version, compiled.clone());
        Ok(Some(compiled))
    }

    fn known(&self, version: &Hash) -> Option<Arc<Compiled>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = kept.values().map(|(used, _)| *used).max().unwrap_or(0);
        let (used, compiled) = kept.get_mut(version)?;
        *used = newest + 1;
        Some(compiled.clone())
    }

    fn keep(&self, version: Hash, compiled: Arc<Compiled>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = kept.values().map(|(used, _)| *used).max().unwrap_or(0);
        if kept.len() >= COMPILED_FORMS
            && let Some(oldest) =
                kept.iter().min_by_key(|(_, (used, _))| *used).map(|(hash, _)| *hash)
        {
            kept.remove(&oldest);
        }
        kept.insert(version, (newest + 1, compiled));
    }
}

fn is_list(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    matches!(ending.as_str(), "csv" | "geojson" | "xml")
}

fn compile(bundle: FormBundle, files: &[(String, Bytes)]) -> Option<Compiled> {
    let form = match bundle.open() {
        Ok(form) => Arc::new(form),
        Err(problems) => {
            let first = problems.first().map(|problem| problem.describe("en"));
            tracing::error!(form = bundle.form, ?first, "a published form can't be run any more");
            return None;
        }
    };
    let lists = bundle.lists(&form).filter_map(|(id, file)| {
        let (name, bytes) = files.iter().find(|(name, _)| *name == file.name)?;
        Some((id, name.as_str(), &bytes[..]))
    });
    let lists = read_lists(lists);
    Some(Compiled { bundle, form, lists })
}

/// The world in which the server runs a form: China's time, and no tablet.
pub(crate) fn world(now: Timestamp, language: &str) -> World {
    World {
        now: now.milliseconds(),
        offset: 480,
        language: language.to_owned(),
        properties: HashMap::from([("deviceid".to_owned(), "ruhu:server".to_owned())]),
        location: None,
        seed: rand::random(),
    }
}
