//! What a message is about: the topics of a lesson, by their words in all languages.
//!
//! ```text
//! message --words--> tokens --Ears--> phrases that stand in it --> topics, and in which languages
//! ```
//!
//! The words of all languages are put together once for a lesson ([`Ears::of`]), so that a message
//! costs some hundred look-ups, whatever it holds.

mod lexicon;
mod phrase;
mod quotes;
mod typos;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use gettext::{Catalog, Catalogs};
use tr::tr;
use zeroize::Zeroizing;

pub use self::phrase::items;
pub(super) use self::quotes::{is_line_end, lines, own_words};
pub(super) use self::words::plain;
use self::{
    lexicon::{Draft, Lexicon},
    phrase::MOST_BETWEEN,
    words::words,
};

use crate::{
    i18n,
    lesson::{Lesson, Library, messages::TOPIC_CONTEXT, vocabulary::TopicIx},
};

/// How much of a message is searched for topics, in characters. Questions are short.
const MAX_SEARCHED_CHARS: usize = 2_000;

/// Fewest letters by which another language is recognised: shorter words are in many.
const MIN_FOREIGN_LETTERS: usize = 4;

/// What a lesson listens for, in all languages.
#[derive(Debug, Default)]
pub struct Ears {
    catalogs: Vec<Arc<Catalog>>,
    lexicon: Arc<Lexicon>,
    /// By the number of their first word.
    phrases: HashMap<usize, Vec<Sought>>,
    signs: Vec<(String, About, usize)>,
    /// The topics that count in whatever language they are found.
    urgent: BTreeSet<TopicIx>,
}

/// A phrase whose words are numbers.
#[derive(Debug)]
struct Sought {
    words: Vec<(usize, bool)>,
    is_exception: bool,
    is_whole: bool,
    about: About,
    /// The number of the language.
    language: usize,
}

/// What a phrase tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    /// A topic of the lesson.
    Topic(TopicIx),
    /// The wish to go on in its language.
    Language,
}

/// A phrase that stands in a message.
#[derive(Debug)]
struct Found {
    from: usize,
    to: usize,
    about: About,
    language: usize,
    is_exception: bool,
    /// How much the words that it covers tell of their language.
    n_letters: usize,
}

/// What a message is about.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) topics: BTreeSet<TopicIx>,
    /// The language that it is written in, where its topics are found in that alone.
    pub(super) language: Option<Arc<Catalog>>,
    /// The language in which it asks to go on.
    pub(super) wish: Option<Arc<Catalog>>,
}

/// The ears of all lessons.
#[derive(Clone, Debug, Default)]
pub struct AllEars(BTreeMap<String, Arc<Ears>>);

impl AllEars {
    /// Those of a library, in these languages.
    pub fn of(lessons: &Library, catalogs: &Catalogs) -> Self {
        let mut draft = Draft::default();
        let learned = lessons.iter().map(|(name, lesson)| {
            (name.to_owned(), Ears::learn_lesson(lesson, catalogs, &mut draft))
        });
        let learned: Vec<_> = learned.collect();
        let lexicon = draft.finish();
        let all = learned
            .into_iter()
            .map(|(name, ears)| (name, Arc::new(Ears { lexicon: Arc::clone(&lexicon), ..ears })));
        Self(all.collect())
    }

    /// Those of the lesson of this name.
    pub fn find(&self, name: &str) -> Option<Arc<Ears>> {
        self.0.get(name).map(Arc::clone)
    }
}

impl Ears {
    /// What a lesson listens for, in these languages and in English.
    pub fn of(lesson: &Lesson, catalogs: &Catalogs) -> Self {
        let mut draft = Draft::default();
        let ears = Self::learn_lesson(lesson, catalogs, &mut draft);
        Self { lexicon: draft.finish(), ..ears }
    }

    /// The phrases of a lesson, whose words go into a lexicon.
    fn learn_lesson(lesson: &Lesson, catalogs: &Catalogs, draft: &mut Draft) -> Self {
        let mut ears = Self {
            catalogs: catalogs.iter().map(Arc::clone).collect(),
            lexicon: Arc::default(),
            phrases: HashMap::new(),
            signs: Vec::new(),
            urgent: (0..lesson.topics().len())
                .map(TopicIx)
                .filter(|ix| lesson.is_urgent(*ix))
                .collect(),
        };
        if !ears.catalogs.iter().any(|catalog| catalog.locale() == gettext::SOURCE_LOCALE) {
            ears.catalogs.push(Arc::new(Catalog::source()));
        }
        let english = i18n::scope(&Arc::new(Catalog::source()), language_names);
        for (language, catalog) in ears.catalogs.clone().iter().enumerate() {
            for (topic_ix, topic) in lesson.topics().iter().enumerate() {
                let about = About::Topic(TopicIx(topic_ix));
                let words = catalog.text(&topic.words);
                // What is not translated is listened for in English.
                if words != topic.words || catalog.locale() == gettext::SOURCE_LOCALE {
                    ears.learn(&words, about, language, draft);
                }
                let shared = catalog.lookup(Some(TOPIC_CONTEXT), &topic.name);
                if shared != topic.name {
                    ears.learn(shared, about, language, draft);
                }
            }
            let names = i18n::scope(catalog, language_names);
            if catalog.locale() == gettext::SOURCE_LOCALE || names != english {
                ears.learn(&names, About::Language, language, draft);
            }
        }
        ears
    }

    fn learn(&mut self, words: &str, about: About, language: usize, draft: &mut Draft) {
        let read = phrase::read(words);
        self.signs.extend(read.signs.into_iter().map(|sign| (sign, about, language)));
        for phrase in read.phrases {
            let words = phrase.words.into_iter().map(|wanted| {
                let is_after_others = wanted.is_after_others;
                (draft.number(wanted), is_after_others)
            });
            let words: Vec<_> = words.collect();
            let Some((first, _)) = words.first().copied() else { continue };
            let (is_exception, is_whole) = (phrase.is_exception, phrase.is_whole);
            let sought = Sought { words, is_exception, is_whole, about, language };
            self.phrases.entry(first).or_default().push(sought);
        }
    }

    /// The language of this locale.
    pub(super) fn language(&self, locale: &str) -> Option<Arc<Catalog>> {
        self.catalogs.iter().find(|catalog| catalog.locale() == locale).map(Arc::clone)
    }

    /// The topics of a message, in a session of this language.
    pub fn topics(&self, message: &str, own: &Catalog) -> BTreeSet<TopicIx> {
        self.hear(message, own).topics
    }

    /// What a message is about, in a session of this language.
    pub(super) fn hear(&self, message: &str, own: &Catalog) -> Heard {
        let searched: Zeroizing<String> =
            Zeroizing::new(message.chars().take(MAX_SEARCHED_CHARS).collect());
        let tokens = Zeroizing::new(words(&searched));
        let found = if tokens.is_empty() {
            self.signs_of(&plain(&searched))
        } else {
            self.phrases_of(&tokens, own)
        };
        self.conclude(&found, own)
    }

    /// Of a message without a word, the signs that it is made of.
    fn signs_of(&self, message: &str) -> Vec<Found> {
        let message: String = message.split_whitespace().collect();
        let is_made_of = |sign: &str| !sign.is_empty() && message.replace(sign, "").is_empty();
        let signs = self.signs.iter().filter(|(sign, ..)| !message.is_empty() && is_made_of(sign));
        signs
            .map(|(_, about, language)| Found {
                from: 0,
                to: 1,
                about: *about,
                language: *language,
                is_exception: false,
                n_letters: 0,
            })
            .collect()
    }

    fn phrases_of(&self, tokens: &[String], own: &Catalog) -> Vec<Found> {
        let numbers: Vec<Vec<usize>> =
            tokens.iter().map(|token| self.lexicon.numbers(token)).collect();
        let mut found = Vec::new();
        for (from, first) in numbers.iter().enumerate() {
            for sought in first.iter().filter_map(|number| self.phrases.get(number)).flatten() {
                let Some(to) = sought.end(&numbers, from) else { continue };
                if sought.is_whole && (from > 0 || to < tokens.len()) {
                    continue;
                }
                let Sought { about, language, is_exception, .. } = *sought;
                let covered = tokens.get(from..to).unwrap_or_default();
                let n_letters = covered.iter().map(|token| weight(token)).sum();
                found.push(Found { from, to, about, language, is_exception, n_letters });
            }
        }
        let exceptions: Vec<_> = found
            .iter()
            .filter(|found| found.is_exception)
            .map(|found| (found.from, found.to, found.about, found.language))
            .collect();
        let is_own = |language: usize| {
            self.catalogs.get(language).is_some_and(|catalog| catalog.locale() == own.locale())
        };
        found.retain(|found| {
            // The words of an exception do not count: in its language, and where that is the session's.
            let takes = |&(from, to, about, language): &(usize, usize, About, usize)| {
                about == found.about
                    && (language == found.language || is_own(language))
                    && from < found.to
                    && found.from < to
            };
            !found.is_exception && !exceptions.iter().any(takes)
        });
        found
    }

    fn conclude(&self, found: &[Found], own: &Catalog) -> Heard {
        let is_own = |language: usize| {
            self.catalogs.get(language).is_none_or(|catalog| catalog.locale() == own.locale())
        };
        let of_topics = || {
            found.iter().filter_map(|found| match found.about {
                About::Topic(topic) => Some((topic, found)),
                About::Language => None,
            })
        };
        // The language in which most of the letters are.
        let mut n_letters: BTreeMap<usize, usize> = BTreeMap::new();
        for (_, found) in of_topics() {
            *n_letters.entry(found.language).or_default() += found.n_letters;
        }
        let other = if n_letters.keys().any(|language| is_own(*language)) {
            None
        } else {
            let most = n_letters.into_iter().filter(|(_, n)| *n >= MIN_FOREIGN_LETTERS);
            most.max_by_key(|(_, n)| *n).map(|(language, _)| language)
        };
        // A word of another language may be anything in this one.
        let counts = |topic: &TopicIx, found: &Found| {
            self.urgent.contains(topic)
                || other.map_or_else(|| is_own(found.language), |other| found.language == other)
        };
        let topics = of_topics().filter(|(topic, found)| counts(topic, found));
        let topics = topics.map(|(topic, _)| topic).collect();
        let language = other.and_then(|language| self.catalogs.get(language)).map(Arc::clone);
        let wish = found.iter().find(|found| found.about == About::Language);
        let wish = wish.and_then(|found| self.catalogs.get(found.language)).map(Arc::clone);
        Heard { topics, language, wish }
    }
}

impl Sought {
    /// Where it ends in a message, if it begins there.
    fn end(&self, numbers: &[Vec<usize>], from: usize) -> Option<usize> {
        let mut at = from;
        for (number, is_after_others) in &self.words {
            let most = if *is_after_others { MOST_BETWEEN } else { 0 };
            let stands = |ix: &usize| numbers.get(*ix).is_some_and(|n| n.contains(number));
            at = (at..=at.saturating_add(most)).find(stands)?.saturating_add(1);
        }
        Some(at)
    }
}

/// How much a word tells of its language: its letters, which count more in a script that few languages
/// are written in.
fn weight(word: &str) -> usize {
    word.chars().map(|c| if c < '\u{370}' { 1 } else { 2 }).sum()
}

/// The words of a text in one row, with blanks around each, in the form in which they are compared.
pub(super) fn line_of_words(text: &str) -> Zeroizing<String> {
    let begin: Zeroizing<String> =
        Zeroizing::new(text.chars().take(MAX_SEARCHED_CHARS.saturating_mul(2)).collect());
    let words = Zeroizing::new(words(&begin));
    let mut row = Zeroizing::new(String::with_capacity(begin.len().saturating_add(2)));
    for word in words.iter() {
        row.push(' ');
        row.push_str(word);
    }
    row.push(' ');
    row
}

/// How learners ask to go on in a language.
fn language_names() -> String {
    // i18n: How people who read your language ask to go on in it: its name alone in [ ], in your
    // language and in English, and such as "speak English", "in English". See
    // settings/lessons/README.md for the signs.
    tr!(
        "[english], in english please, speak english, write english, do you speak english, [in english]"
    )
}

#[cfg(test)]
mod tests;
