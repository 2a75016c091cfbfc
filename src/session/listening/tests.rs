use super::*;
use crate::lesson;

const LESSON: &str = "
title: T
start: a
urgent: [danger]
topics:
  help: 'help, how do i'
  where: 'where are we, ?'
  pidgin: pidgin
  danger: 'danger, follow* .. me, -no danger, -follow* your'
  no: '[no], never'
states:
  a: { end: true }
";

const FRENCH: &str = r#"
msgid "danger, follow* .. me, -no danger, -follow* your"
msgstr "danger, me suivent, j'ai peur"

msgid "help, how do i"
msgstr "aide*, comment faire, pidgin"
"#;

const ARABIC: &str = r#"
msgid "danger, follow* .. me, -no danger, -follow* your"
msgstr "خطر؛ يلاحقني، أنا خائف"
"#;

fn catalogs() -> Catalogs {
    let mut catalogs = Catalogs::default();
    for (locale, po) in [("fr_FR", FRENCH), ("ar", ARABIC)] {
        catalogs.insert(Catalog::parse_po(locale, "x.po", po.as_bytes()).unwrap().0);
    }
    catalogs
}

/// The names of the topics of a message in an English session, in their order, and its language.
fn heard(message: &str) -> (Vec<String>, Option<String>) {
    let lesson = lesson::parse(LESSON).unwrap();
    let ears = Ears::of(&lesson, &catalogs());
    let heard = ears.hear(message, &Catalog::source());
    let name = |ix: &TopicIx| lesson.topics()[ix.0].name.clone();
    let language = heard.language.map(|catalog| catalog.locale().to_owned());
    (heard.topics.iter().map(name).collect(), language)
}

#[test]
fn topics_are_found_by_their_words_and_urgent_ones_come_first() {
    for (message, topics) in [
        ("HELP!", "help"),
        ("hlep", "help"),
        ("please, how do I start?", "help"),
        ("what is this?", ""),
        ("?", "where"),
        ("? ?!", ""),
        ("pigdin", "pidgin"),
        ("helpless, pidginese", ""),
        ("pidgins", "pidgin"),
        ("No.", "no"),
        ("no idea", ""),
        ("never ever", "no"),
        ("help, somebody follows behind me", "danger help"),
        ("there is no danger", ""),
        ("there is no danger, I followed you: they follow me", "danger"),
        ("follow your me", ""),
        ("I followed your advice, they told me", ""),
        ("I followed your advice; they are following me", "danger"),
        ("dan\u{200f}ger", "danger"),
        ("", ""),
        ("🙂🙂", ""),
        ("\u{1}\u{2}", ""),
    ] {
        assert_eq!(heard(message).0.join(" "), topics, "{message:?}");
    }
}

#[test]
fn other_languages_are_understood_and_own_words_go_first() {
    for (message, topics, language) in [
        ("ils me suivent", "danger", Some("fr_FR")),
        ("J’AI PEUR", "danger", Some("fr_FR")),
        ("aidez-moi", "help", Some("fr_FR")),
        ("الخطر", "danger", Some("ar")),
        ("وخطر", "danger", Some("ar")),
        // Letters that keyboards write in another way, signs of vowels, and strokes that stretch a word.
        ("يلاحقنى", "danger", Some("ar")),
        ("اَنا خـــائف", "danger", Some("ar")),
        ("انا خایف", "danger", Some("ar")),
        // The French word for something else is an English topic.
        ("pidgin", "pidgin", None),
        // What is urgent counts whatever else is said.
        ("help, me suivent", "danger help", None),
    ] {
        let (found, found_language) = heard(message);
        assert_eq!((found.join(" ").as_str(), found_language.as_deref()), (topics, language));
    }
}

#[test]
fn who_names_a_language_wants_it() {
    let lesson = lesson::parse(LESSON).unwrap();
    let catalogs = i18n::load(None).0;
    let ears = Ears::of(&lesson, &catalogs);
    let english = ears.hear("English", &catalogs.find("de")).wish;

    assert_eq!(english.unwrap().locale(), "en_GB");
    assert!(ears.hear("my English is bad", &catalogs.find("de")).wish.is_none());
}

#[test]
fn long_and_strange_messages_cost_little() {
    let lesson = Library::load(None, &[]).0.find("basics").unwrap();
    let ears = Ears::of(&lesson, &i18n::load(None).0);
    let everything: String =
        ears.catalogs.iter().flat_map(|c| c.text("help").chars().collect::<Vec<_>>()).collect();
    for message in
        [&"danger ".repeat(20_000), &"🙂".repeat(50_000), &everything, &"i am ".repeat(100)]
    {
        let heard = ears.hear(message, &Catalog::source());
        assert!(heard.topics.len() <= lesson.topics().len());
    }
}
