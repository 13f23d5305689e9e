//! All the definitions one side knows, by hash and by collection.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RegisterDefinition;
use crate::Hash;
use crate::notice::NoticeTemplate;

/// Every register definition known here. Old versions stay, since old records and late pushes
/// name them by hash.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    by_hash: BTreeMap<Hash, Arc<RegisterDefinition>>,
    current: BTreeMap<String, Hash>,
    notices: BTreeMap<String, (Hash, Arc<NoticeTemplate>)>,
}

impl Catalogue {
    /// Adds a definition; the newest version of a collection is its current one.
    pub fn insert(&mut self, definition: RegisterDefinition) -> Hash {
        let hash = definition.hash();
        let newest = self
            .current(&definition.name)
            .is_none_or(|(_, known)| known.version <= definition.version);
        if newest {
            self.current.insert(definition.name.clone(), hash);
        }
        self.by_hash.insert(hash, Arc::new(definition));
        hash
    }

    /// Adds a notification's template; of several versions the newest counts.
    pub fn insert_notice(&mut self, template: NoticeTemplate) {
        let known = self.notices.get(&template.name);
        if known.is_none_or(|(_, known)| known.version <= template.version) {
            let hash = template.hash();
            self.notices.insert(template.name.clone(), (hash, Arc::new(template)));
        }
    }

    /// The notification of a name, and the hash of its newest template.
    pub fn notice(&self, name: &str) -> Option<&(Hash, Arc<NoticeTemplate>)> {
        self.notices.get(name)
    }

    /// The newest template of each notification.
    pub fn notices(&self) -> impl Iterator<Item = &(Hash, Arc<NoticeTemplate>)> {
        self.notices.values()
    }

    /// The notification that tells households of the records of a register.
    pub fn notice_about(&self, register: &str) -> Option<&(Hash, Arc<NoticeTemplate>)> {
        self.notices.values().find(|(_, notice)| notice.about.as_deref() == Some(register))
    }

    /// The definition named by `hash`.
    pub fn get(&self, hash: &Hash) -> Option<&Arc<RegisterDefinition>> {
        self.by_hash.get(hash)
    }

    /// The newest definition of `collection`, and its hash.
    pub fn current(&self, collection: &str) -> Option<(Hash, &Arc<RegisterDefinition>)> {
        let hash = self.current.get(collection)?;
        Some((*hash, self.by_hash.get(hash)?))
    }

    /// The newest definition of each collection.
    pub fn all_current(&self) -> impl Iterator<Item = (Hash, &Arc<RegisterDefinition>)> {
        self.current.keys().filter_map(|collection| self.current(collection))
    }
}

impl FromIterator<RegisterDefinition> for Catalogue {
    fn from_iter<I: IntoIterator<Item = RegisterDefinition>>(definitions: I) -> Self {
        let mut catalogue = Self::default();
        catalogue.extend(definitions);
        catalogue
    }
}

impl Extend<RegisterDefinition> for Catalogue {
    fn extend<I: IntoIterator<Item = RegisterDefinition>>(&mut self, definitions: I) {
        for definition in definitions {
            self.insert(definition);
        }
    }
}
