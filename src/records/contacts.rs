//! Whom a learner in trouble can turn to.

use std::collections::BTreeMap;

/// Whom learners in trouble can turn to: what the operator wrote down for all, and what for those who
/// come from one platform. Both are said to the learner as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    general: Option<String>,
    by_consumer: BTreeMap<String, String>,
}

impl Contacts {
    /// The contact for all learners of whose platform nothing better is known; `None`: there is none.
    pub fn new(general: Option<String>) -> Self {
        Self { general, by_consumer: BTreeMap::new() }
    }

    /// Names the contact of those who come from a consumer.
    pub fn set(&mut self, consumer_key: &str, contact: String) {
        self.by_consumer.insert(consumer_key.to_owned(), contact);
    }

    /// The contact of a learner: that of their consumer, else the one for all. `None` as the consumer
    /// stands for learners whom the settings list, and for readers of whom nothing is known.
    pub fn of(&self, consumer_key: Option<&str>) -> Option<&str> {
        let own = consumer_key.and_then(|key| self.by_consumer.get(key));
        own.or(self.general.as_ref()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contact_of_a_consumer_goes_before_that_of_all() {
        let mut contacts = Contacts::new(Some("help@school.example".to_owned()));
        contacts.set("course", "the dean".to_owned());

        assert_eq!(contacts.of(Some("course")), Some("the dean"));
        assert_eq!(contacts.of(Some("another")), Some("help@school.example"));
        assert_eq!(contacts.of(None), Some("help@school.example"));
        assert_eq!(Contacts::new(None).of(Some("course")), None);
    }
}
