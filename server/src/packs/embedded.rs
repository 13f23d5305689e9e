//! The packs this program carries.

use std::collections::BTreeMap;

use mobile_schema::pack::{Pack, PackProblem};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../packs"]
struct Files;

/// The packs in the project's `packs/` folder, by name.
pub fn embedded_packs() -> Result<BTreeMap<String, Pack>, Vec<PackProblem>> {
    let mut folders: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for path in Files::iter() {
        if let (Some((folder, file)), Some(content)) = (path.split_once('/'), Files::get(&path)) {
            let files = folders.entry(folder.to_owned()).or_default();
            files.insert(file.to_owned(), content.data.into_owned());
        }
    }
    folders.into_iter().map(|(name, files)| Pack::read(&files).map(|pack| (name, pack))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_of_the_project_is_sound() {
        let packs = embedded_packs().expect("no problems");
        let named = |name: &str| packs.get(name).map(|pack| pack.manifest.name.as_str());
        assert_eq!(named("anti-return-monitoring"), Some("anti-return-monitoring"));
        assert_eq!(named("aid-notification"), Some("aid-notification"));
    }
}
