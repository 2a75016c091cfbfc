//! The texts of one language.

use std::{
    fmt,
    io::{self, Read},
    sync::Arc,
};

use super::{
    locale,
    mo::MoError,
    po::{self, PoFault},
    texts::{Lack, ReadPo, Texts},
};

/// Locale of the texts as they stand in the code and in the shipped lessons.
pub const SOURCE_LOCALE: &str = "en_GB";

/// Why content is not taken for texts of a language.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not an MO file, or a broken one.
    #[error("{0}")]
    Mo(#[from] MoError),
}

/// The texts of one language, from one file or from several that complete each other.
#[derive(Clone)]
pub struct Catalog {
    /// In gettext's spelling: `nl_NL`.
    locale: String,
    /// In BCP 47's spelling: `nl-NL`.
    language_tag: String,
    is_rtl: bool,
    /// The first that has a text gives it.
    layers: Vec<Arc<Texts>>,
}

/// A text that is not translated, and where that is to be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Why; `None` where no file of the language has the text.
    pub lack: Option<Lack>,
    /// `file:line`, where a file has the text.
    pub place: Option<String>,
}

impl Catalog {
    /// The texts as they stand in the code: `en_GB`, every text its own translation.
    pub fn source() -> Self {
        Self::new(SOURCE_LOCALE)
    }

    /// Reads the content of a gettext MO file as the texts of `locale`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(locale: &str, mut mo: impl Read) -> Result<Self, CatalogError> {
        let mut content = Vec::new();
        mo.read_to_end(&mut content)?;
        let mut catalog = Self::new(locale);
        catalog.put_first(Texts::from_mo(locale, &content)?);
        Ok(catalog)
    }

    /// Reads the content of a PO file as the texts of `locale`; `file` is named in messages to
    /// people. Messages with a fault are left out and told, and so is what [`po::Po::read`] warns of.
    ///
    /// # Errors
    ///
    /// The faults of a file that cannot be read as a whole.
    pub fn parse_po(
        locale: &str,
        file: &str,
        content: &[u8],
    ) -> Result<(Self, Vec<PoFault>), Vec<PoFault>> {
        let ReadPo { texts, mut faults, warnings, .. } = Texts::from_po(file, content, None)?;
        faults.extend(warnings);
        faults.sort();
        let mut catalog = Self::new(locale);
        catalog.put_first(texts);
        Ok((catalog, faults))
    }

    pub(super) fn new(locale: &str) -> Self {
        let language_tag = locale::language_tag(locale);
        Self {
            locale: language_tag.replace('-', "_"),
            is_rtl: locale::is_rtl(&language_tag),
            language_tag,
            layers: Vec::new(),
        }
    }

    /// Adds texts that go before those that are there.
    pub(super) fn put_first(&mut self, texts: Texts) {
        self.layers.insert(0, Arc::new(texts));
    }

    /// Adds the texts of another country, which go behind those that are there.
    pub(super) fn complete_by(&mut self, sibling: &Self) {
        self.layers.extend(sibling.layers.iter().map(Arc::clone));
    }

    /// The locale in gettext's spelling, such as `nl_NL`.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// The locale as a BCP 47 tag, such as `nl-NL`, for the `lang` of HTML and XML.
    pub fn language_tag(&self) -> &str {
        &self.language_tag
    }

    /// What the language is called by those who speak it; its tag where that is not known.
    pub fn own_name(&self) -> &str {
        locale::own_name(&self.language_tag).unwrap_or(&self.language_tag)
    }

    /// Whether the language is written from right to left.
    pub fn is_rtl(&self) -> bool {
        self.is_rtl
    }

    /// The translation of a text, or the text itself where there is none. A text of a context is given by
    /// its [key](po::key).
    pub fn text(&self, msgid: &str) -> String {
        let (context, text) = po::split_key(msgid);
        self.lookup(context, text).to_owned()
    }

    /// The translation of a text of a context; `None` where there is none. In English every text
    /// is its own.
    pub fn translation<'a>(&'a self, context: Option<&str>, msgid: &'a str) -> Option<&'a str> {
        let key = po::key(context, msgid);
        let found = self.layers.iter().find_map(|texts| texts.find(&key));
        found.or_else(|| (self.locale == SOURCE_LOCALE).then_some(msgid))
    }

    /// The form of a text for `n` things, or one of the two given where there is no translation.
    pub fn plural(&self, singular: &str, plural: &str, n: u64) -> String {
        self.lookup_plural(None, singular, plural, n).to_owned()
    }

    /// What is missing for a text to be translated; `None`: nothing. English misses nothing, as
    /// its texts stand in the code.
    pub fn gap(&self, context: Option<&str>, msgid: &str) -> Option<Gap> {
        let key = po::key(context, msgid);
        if self.locale == SOURCE_LOCALE || self.layers.iter().any(|t| t.find(&key).is_some()) {
            return None;
        }
        let found = self.layers.iter().find_map(|texts| {
            let (lack, line) = texts.lack(&key)?;
            Some((lack, format!("{}:{line}", texts.file)))
        });
        Some(match found {
            Some((lack, place)) => Gap { lack: Some(lack), place: Some(place) },
            None => Gap { lack: None, place: None },
        })
    }

    /// The translation of a text of a context; the text itself where there is none.
    pub fn lookup<'a>(&'a self, context: Option<&str>, msgid: &'a str) -> &'a str {
        if context.is_none() {
            return self.layers.iter().find_map(|texts| texts.find(msgid)).unwrap_or(msgid);
        }
        let key = po::key(context, msgid);
        self.layers.iter().find_map(|texts| texts.find(&key)).unwrap_or(msgid)
    }

    /// As [`Catalog::lookup`], for `n` things.
    pub fn lookup_plural<'a>(
        &'a self,
        context: Option<&str>,
        singular: &'a str,
        plural: &'a str,
        n: u64,
    ) -> &'a str {
        let key = po::key(context, singular);
        let found = self.layers.iter().find_map(|texts| texts.find_plural(&key, n));
        found.unwrap_or(if n == 1 { singular } else { plural })
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("locale", &self.locale).finish_non_exhaustive()
    }
}
