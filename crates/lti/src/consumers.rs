//! The platforms that may launch, by consumer key.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret as _, SecretString};

/// The consumers of the settings: for every key one secret, or two while it is being changed.
#[derive(Clone, Default)]
pub struct Consumers {
    by_key: BTreeMap<String, Consumer>,
    most_secrets: usize,
}

#[derive(Clone, Default)]
struct Consumer {
    secrets: Vec<SecretString>,
    frame_ancestors: Vec<String>,
}

impl Consumers {
    /// Adds a secret to a consumer; the first one signs what we send. An empty secret or an empty
    /// key is not taken: whether it was is returned.
    pub fn add(&mut self, key: impl Into<String>, secret: SecretString) -> bool {
        let key = key.into();
        if key.is_empty() || secret.expose_secret().is_empty() {
            return false;
        }
        let known = self.by_key.entry(key).or_default();
        known.secrets.push(secret);
        self.most_secrets = self.most_secrets.max(known.secrets.len());
        true
    }

    /// The secrets that are good for a consumer now; none for one that is not known.
    pub fn secrets(&self, key: &str) -> &[SecretString] {
        self.by_key.get(key).map_or(&[], |known| known.secrets.as_slice())
    }

    /// How many secrets the consumer has that has most.
    pub(super) fn most_secrets(&self) -> usize {
        self.most_secrets
    }

    /// Sets who may show the pages of a consumer in a frame, as sources of a content security
    /// policy.
    pub fn set_frame_ancestors(&mut self, key: &str, sources: Vec<String>) {
        if let Some(known) = self.by_key.get_mut(key) {
            known.frame_ancestors = sources;
        }
    }

    /// Who may show the pages of a consumer in a frame; empty where the settings do not say.
    pub fn frame_ancestors(&self, key: &str) -> &[String] {
        self.by_key.get(key).map_or(&[], |known| known.frame_ancestors.as_slice())
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_key.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_key_or_secret_is_not_taken() {
        let mut consumers = Consumers::default();

        assert!(!consumers.add("key", SecretString::from("")));
        assert!(!consumers.add("", SecretString::from("secret")));
        assert!(consumers.add("key", SecretString::from("old")));
        assert!(consumers.add("key", SecretString::from("new")));

        assert_eq!(consumers.secrets("key").len(), 2);
        assert!(consumers.secrets("").is_empty());
        assert_eq!(format!("{consumers:?}"), r#"{"key"}"#);
    }
}
