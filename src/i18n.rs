//! Texts in the learner's language: one [`Catalog`] a language, shared, and no language of the
//! process.
//!
//! The English text is the `msgid`, so English (`en_GB`) is always there and always complete. The
//! program carries the PO files of `locales/`; those of a folder, `<locale>/LC_MESSAGES/otrbot.mo`
//! or `.po`, go before them, text by text ([`Catalogs::load`]). What a language lacks is English.
//!
//! A lesson looks its texts up in the catalog of its learner ([`Catalog::text`]). The program's own
//! texts use the macro `tr!`, which translates with the catalog of the innermost [`scope()`] around
//! the (synchronous) rendering; outside of any scope it gives the English text.
//!
//! PO, MO and plural formulas are read here ([`po`], [`mo`], [`plural`]): the libraries that there
//! are lose obsolete entries and comments, know no lines, panic on broken files, or bind `&&`
//! looser than `?`, which breaks the plurals of Arabic.
//!
//! What is deliberately absent: a default language that can be changed while somebody renders, and
//! reading files after the start or SIGHUP.

mod catalog;
mod catalogs;
pub mod locale;
pub mod mo;
pub mod placeholders;
pub mod plural;
pub mod po;
mod reader;
mod scope;
mod texts;

pub use self::{
    catalog::{Catalog, CatalogError, Gap, SOURCE_LOCALE},
    catalogs::{Catalogs, Problem, SharedCatalogs, catalog_file},
    locale::is_locale,
    reader::Reader,
    scope::{install, scope},
    texts::{Compiled, Lack, Texts},
};
