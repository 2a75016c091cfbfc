//! Drawings of the lessons that a running bot teaches, for its pages.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use gettext::Catalog;
use quick_xml::escape::escape;

use super::{Picture, svg};

use crate::{
    i18n::{scope, scope_marked},
    lesson::{Lesson, Library, vocabulary::Milestone},
};

/// A lesson as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Its title, as [`scope_marked`] has it.
    pub title: String,
    /// The drawing, to stand inside of a page that has [`svg::style_sheet`].
    pub svg: String,
    /// The same in words, as [`scope_marked`] has them: each state, and what leads on from it.
    pub states: Vec<String>,
}

/// What teachers are told of the lesson that learners get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taught {
    /// The name of the lesson.
    pub name: String,
    /// Its title, in the language of the reader.
    pub title: String,
    /// The part of the grade in percent for having talked to the bot, for a private conversation, and
    /// for having recognised the bot; `None`: there is none for that.
    pub credit: [Option<u8>; 3],
    /// The names of all lessons, where another one was asked for that is not there.
    pub in_place_of_unknown: Option<Vec<String>>,
}

/// The drawings of all lessons, each made when it is asked for in a language for the first time.
#[derive(Debug, Default)]
pub struct Previews {
    lessons: Library,
    default: String,
    variables: BTreeMap<String, String>,
    /// By the names of lessons and the tags of languages.
    drawn: Mutex<BTreeMap<(String, String), Arc<Preview>>>,
}

impl Previews {
    /// Draws these lessons; `default` is the name of the one for whoever asks for none, and
    /// `variables` are what `${name}` stands for.
    pub fn new(lessons: &Library, default: &str, variables: &BTreeMap<String, String>) -> Self {
        Self {
            lessons: lessons.clone(),
            default: default.to_owned(),
            variables: variables.clone(),
            drawn: Mutex::default(),
        }
    }

    /// The lesson of a name, or without one, or where there is none of it, the default, in the language
    /// of a catalog.
    pub fn find(&self, name: Option<&str>, catalog: &Arc<Catalog>) -> Option<Arc<Preview>> {
        let (name, lesson) = self.choose(name)?;
        let key = (name.to_owned(), catalog.language_tag().to_owned());
        // Whoever panics while drawing has not put anything in.
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let draw = || {
            let picture = || Picture::in_language(name, lesson, catalog);
            let drawing = scope(catalog, || self.drawing(&picture()));
            // A page says which words of it are English for want of a translation.
            let (title, states) = scope_marked(catalog, || {
                let picture = picture();
                let states = svg::in_words(&picture);
                (picture.title, states)
            });
            Arc::new(Preview { title, svg: drawing, states })
        };
        let preview = drawn.entry(key).or_insert_with(draw);
        Some(Arc::clone(preview))
    }

    /// What is taught where this lesson is asked for, or none; `None`: nothing.
    pub fn taught(&self, asked: Option<&str>, catalog: &Catalog) -> Option<Taught> {
        let (name, lesson) = self.choose(asked)?;
        let part = |reached| {
            let mut parts = lesson.parts_of_grade().iter();
            parts.find(|(milestone, _)| *milestone == reached).map(|(_, percent)| *percent)
        };
        let is_unknown = asked.is_some_and(|asked| self.lessons.resolve(asked).is_none());
        let all = || self.lessons.iter().map(|(name, _)| name.to_owned()).collect();
        Some(Taught {
            name: name.to_owned(),
            title: catalog.text(lesson.title()),
            credit: [Milestone::Talking, Milestone::Encrypted, Milestone::Verified].map(part),
            in_place_of_unknown: is_unknown.then(all),
        })
    }

    /// The lesson that is meant by a name, or the default, with the names that they have.
    fn choose(&self, asked: Option<&str>) -> Option<(&str, &Arc<Lesson>)> {
        let default = || self.lessons.resolve(&self.default);
        asked.and_then(|asked| self.lessons.resolve(asked)).or_else(default)
    }

    fn drawing(&self, picture: &Picture) -> String {
        let fill = |svg: String, (name, value): (&String, &String)| {
            svg.replace(&format!("${{{name}}}"), &escape(value))
        };
        self.variables.iter().fold(svg::inline(picture), fill)
    }
}

/// Drawings that are exchanged when lessons are read anew; a clone shares them.
#[derive(Clone, Debug, Default)]
pub struct SharedPreviews(Arc<RwLock<Previews>>);

impl SharedPreviews {
    /// Shares these.
    pub fn new(previews: Previews) -> Self {
        Self(Arc::new(RwLock::new(previews)))
    }

    /// As [`Previews::find`], in those that are there now.
    pub fn find(&self, name: Option<&str>, catalog: &Arc<Catalog>) -> Option<Arc<Preview>> {
        // Nobody can panic in the middle of a change.
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(name, catalog)
    }

    /// As [`Previews::taught`], of those that are there now.
    pub fn taught(&self, asked: Option<&str>, catalog: &Catalog) -> Option<Taught> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).taught(asked, catalog)
    }

    /// Puts others in their place.
    pub fn replace(&self, previews: Previews) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = previews;
    }
}
