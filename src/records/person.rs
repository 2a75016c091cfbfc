//! A person, in whatever assignment.

use std::{fmt, sync::Arc};

/// A person as their platform knows them: the same one in all their assignments.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Person(Arc<str>);

impl Person {
    /// The person whom a platform calls so; `None` where it gives no id: nobody knows then who is
    /// whom.
    pub fn of(consumer_key: &str, user_id: &str) -> Option<Self> {
        let name = format!("{}:{consumer_key}{user_id}", consumer_key.len());
        (!user_id.is_empty()).then(|| Self(name.into()))
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_of_one_platform_and_has_an_id_there() {
        assert_eq!(Person::of("a", "zoe"), Person::of("a", "zoe"));
        assert_ne!(Person::of("a", "zoe"), Person::of("b", "zoe"));
        assert_ne!(Person::of("a", "zoe"), Person::of("a", "ben"));
        assert_ne!(Person::of("a1", "2"), Person::of("a", "12"));
        assert_eq!(Person::of("a", ""), None);
    }
}
