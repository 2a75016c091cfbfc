//! Translations as GNU gettext keeps them: PO and MO files, plural forms, and catalogs from which
//! texts are looked up.
//!
//! ```text
//! PO file -> po::Po -> Compiled -> Texts -+
//! MO file -> mo::read -----------> Texts -+-> Catalog (a language) -> Catalogs -> SharedCatalogs
//! ```
//!
//! The English text is the `msgid`, so English (`en_GB`) is always there and always complete. A
//! program hands in the PO files that it carries ([`Shipped`]); those of a folder,
//! `<locale>/LC_MESSAGES/<domain>.mo` or `.po`, go before them, text by text ([`Catalogs::load`]).
//! What a language lacks is English.
//!
//! # Promises
//!
//! - No file makes it panic. Files are read up to 8 MiB; one bad file, or one bad text in it, is
//!   told with its line and left out, and does not cost the others.
//! - What `msgfmt` of GNU gettext accepts is read, with a warning where a part is left out; what it
//!   refuses is refused, with the line and what to write instead ([`po`]).
//! - A PO file that is read and written keeps its comments, places, flags and obsolete entries.
//! - Plural formulas are C expressions as gettext reads them, and bounded in depth.
//!
//! PO, MO and plural formulas are read here ([`po`], [`mo`], [`plural`]): the libraries that there
//! are lose obsolete entries and comments, know no lines, panic on broken files, or bind `&&`
//! looser than `?`, which breaks the plurals of Arabic.
//!
//! # What it does not do
//!
//! It has no language of the process and no macro for texts: whoever renders says in which catalog
//! to look. It reads files when it is asked to, and never by itself. Source texts are English.

mod catalog;
mod catalogs;
mod charset;
mod header;
pub mod locale;
pub mod mo;
pub mod placeholders;
pub mod plural;
pub mod po;
mod reader;
mod texts;

pub use self::{
    catalog::{Catalog, CatalogError, Gap, SOURCE_LOCALE},
    catalogs::{Catalogs, Problem, SharedCatalogs, Shipped, catalog_file},
    locale::is_locale,
    reader::Reader,
    texts::{Compiled, Lack, Texts},
};

/// The example of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
