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
    lesson::Library,
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
        let named = name.and_then(|name| Some((name, self.lessons.find(name)?)));
        let default = || Some((self.default.as_str(), self.lessons.find(&self.default)?));
        let (name, lesson) = named.or_else(default)?;
        let key = (name.to_owned(), catalog.language_tag().to_owned());
        // Whoever panics while drawing has not put anything in.
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let draw = || {
            let picture = || Picture::in_language(name, &lesson, catalog);
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

    /// Puts others in their place.
    pub fn replace(&self, previews: Previews) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = previews;
    }
}
