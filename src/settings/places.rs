//! Where each key stands.

use std::collections::BTreeMap;

use crate::yaml::{Content, Node};

/// The lines of keys, by their dotted paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(BTreeMap<String, u64>);

impl Places {
    /// Those of a whole file.
    pub(super) fn of(root: &Node) -> Self {
        let mut places = BTreeMap::new();
        collect(root, "", &mut places);
        Self(places)
    }

    /// The line of a key, else of the section that it belongs into, from 1.
    pub(super) fn line_of(&self, key: &str) -> Option<u64> {
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key) {
                return Some(*line);
            }
            (key, _) = key.rsplit_once('.')?;
        }
    }
}

fn collect(node: &Node, path: &str, places: &mut BTreeMap<String, u64>) {
    let Content::Map(entries) = &node.content else { return };
    for entry in entries {
        let path =
            if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        collect(&entry.value, &path, places);
        places.insert(path, entry.place.line);
    }
}
