//! A learner goes on in another language.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::sync::Arc;

use gettext::Catalog;

use crate::bot::support::Class;

const DUTCH: &str = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
    msgid \"We go on in English.\"\nmsgstr \"We gaan verder in het Nederlands.\"\n";

fn dutch() -> Arc<Catalog> {
    Arc::new(Catalog::parse_po("nl_NL", "nl.po", DUTCH.as_bytes()).unwrap().0)
}

#[test]
fn the_bot_says_in_the_new_language_that_it_goes_on_in_it() {
    let mut class = Class::private();

    class.set_language(dutch());

    assert_eq!(class.told(), "We gaan verder in het Nederlands.\n");
    class.forget();
    class.set_language(dutch());
    assert_eq!(class.told(), "", "it is the same");
    class.set_language(Arc::new(Catalog::source()));
    assert_eq!(class.told(), "We go on in English.\n");
}

#[test]
fn before_the_lesson_nothing_is_said_and_the_language_is_changed_all_the_same() {
    let mut class = Class::standard();

    class.set_language(dutch());
    assert_eq!(class.told(), "");

    class.say("hello");
    class.forget();
    class.set_language(Arc::new(Catalog::source()));
    assert_eq!(class.told(), "We go on in English.\n");
}
