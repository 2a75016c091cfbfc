//! Drawings of the lessons that a running bot teaches, for its pages.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use quick_xml::escape::escape;

use super::graph::{Picture, svg};
use crate::lesson::Library;

/// A lesson as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Its title.
    pub title: String,
    /// The drawing, to stand inside of a page that has [`svg::style_sheet`].
    pub svg: String,
}

/// The drawings of all lessons.
#[derive(Clone, Debug, Default)]
pub struct Previews {
    by_name: BTreeMap<String, Arc<Preview>>,
    default: String,
}

impl Previews {
    /// Draws the lessons; `default` is the name of the one for whoever asks for none, and
    /// `variables` are what `${name}` stands for.
    pub fn new(lessons: &Library, default: &str, variables: &BTreeMap<String, String>) -> Self {
        let drawn = lessons.iter().map(|(name, lesson)| {
            let picture = Picture::new(name, lesson);
            let fill = |svg: String, (name, value): (&String, &String)| {
                svg.replace(&format!("${{{name}}}"), &escape(value))
            };
            let svg = variables.iter().fold(svg::inline(&picture), fill);
            let preview = Preview { title: picture.title, svg };
            (name.to_owned(), Arc::new(preview))
        });
        Self { by_name: drawn.collect(), default: default.to_owned() }
    }

    /// The lesson of a name; without one, or where there is none of it, the default.
    pub fn find(&self, name: Option<&str>) -> Option<Arc<Preview>> {
        let named = name.and_then(|name| self.by_name.get(name));
        named.or_else(|| self.by_name.get(&self.default)).cloned()
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
    pub fn find(&self, name: Option<&str>) -> Option<Arc<Preview>> {
        // Nobody can panic in the middle of a change.
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(name)
    }

    /// Puts others in their place.
    pub fn replace(&self, previews: Previews) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = previews;
    }
}
