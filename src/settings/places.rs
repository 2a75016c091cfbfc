//! Where each key stands.

use std::collections::BTreeMap;

use super::tree::{Node, Value};

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
    let Value::Map(entries) = &node.value else { return };
    for (name, line, inner) in entries {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(inner, &path, places);
        places.insert(path, *line);
    }
}
