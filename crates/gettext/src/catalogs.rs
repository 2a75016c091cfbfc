//! The catalogs of all languages: those that the program carries, and those of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use super::{
    Catalog, locale,
    mo::MoError,
    po::PoFault,
    texts::{ReadPo, Texts},
};

/// Largest catalog file, in bytes. All texts of the bot are some 150 kB.
const MAX_CATALOG_BYTES: u64 = 8 << 20;

/// Why a language, or a text of it, could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The folder of all languages cannot be read.
    #[error("{}: {}", path.display(), why(source))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder is not named like a locale.
    #[error(
        "{}: the name is not a locale; allowed are 1 to 35 letters, digits, \"_\" and \"-\"",
        path.display()
    )]
    Name {
        /// The folder.
        path: PathBuf,
    },
    /// A catalog cannot be opened or is too large.
    #[error("{}: {}", path.display(), why(source))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A catalog is not a gettext MO file.
    #[error("{}: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: MoError,
    },
    /// A PO file has a fault; the text there, or the whole file, is left out.
    #[error("{}:{fault}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong there.
        fault: PoFault,
    },
    /// A PO file has what is probably a slip, and is used all the same.
    #[error("{}:{fault}", path.display())]
    Doubt {
        /// The file.
        path: PathBuf,
        /// The line and what may be wrong there.
        fault: PoFault,
    },
}

impl Problem {
    /// Whether the file is used all the same.
    pub fn is_doubt(&self) -> bool {
        matches!(self, Self::Doubt { .. })
    }
}

/// What the system says, in words for people.
fn why(error: &io::Error) -> String {
    let kind = error.kind();
    let known = [
        (io::ErrorKind::NotFound, "is not there"),
        (io::ErrorKind::PermissionDenied, "is there, but the user of this program may not read it"),
        (io::ErrorKind::NotADirectory, "is no folder"),
        (io::ErrorKind::IsADirectory, "is a folder, not a file"),
    ];
    let known = known.into_iter().find(|(known, _)| *known == kind);
    known.map_or_else(|| error.to_string(), |(_, words)| words.to_owned())
}

/// What a program carries of its translations.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// The name of its catalogs: `<locale>/LC_MESSAGES/<domain>.po`.
    pub domain: &'static str,
    /// Its PO files: locale and content.
    pub po: &'static [(&'static str, &'static str)],
}

/// The catalogs of all languages.
#[derive(Clone, Debug)]
pub struct Catalogs {
    /// By language tag in lower case.
    by_tag: BTreeMap<String, Arc<Catalog>>,
    default: Arc<Catalog>,
    /// The tags of languages with a file that has faults; doubts are none.
    broken: BTreeSet<String>,
    /// Whether the folder could not be read.
    is_folder_broken: bool,
    /// What `msgfmt --check` warns of in headers, as `file:line: what`.
    formal: Vec<String>,
}

impl Default for Catalogs {
    /// English alone, as it stands in the code.
    fn default() -> Self {
        let source = Arc::new(Catalog::source());
        let by_tag = BTreeMap::from([(locale::key(source.language_tag()), Arc::clone(&source))]);
        Self {
            by_tag,
            default: source,
            broken: BTreeSet::new(),
            is_folder_broken: false,
            formal: Vec::new(),
        }
    }
}

impl Catalogs {
    /// The languages that the program carries, and those of a folder, whose texts go before.
    ///
    /// What cannot be read is left out and told: one bad file does not cost the others.
    pub fn load(shipped: &Shipped, folder: Option<&Path>) -> (Self, Vec<Problem>) {
        let mut catalogs = Self::default();
        let mut problems = Vec::new();
        for (locale, content) in shipped.po {
            let path = PathBuf::from(format!("built in: {locale}/{}.po", shipped.domain));
            problems.extend(catalogs.add_po(locale, &path, content.as_bytes()));
        }
        if let Some(folder) = folder {
            problems.extend(catalogs.read_folder(folder, shipped.domain));
        }
        (catalogs, problems)
    }

    /// Adds the languages of a folder, `<locale>/LC_MESSAGES/<domain>.mo` or `.po`, whichever is
    /// newer. Their texts go before those that are there already.
    pub fn read_folder(&mut self, folder: &Path, domain: &str) -> Vec<Problem> {
        let mut languages = match subfolders(folder) {
            Ok(languages) => languages,
            Err(source) => {
                self.is_folder_broken = true;
                return vec![Problem::Folder { path: folder.to_owned(), source }];
            }
        };
        languages.sort();
        languages.iter().flat_map(|path| self.read_language(path, domain)).collect()
    }

    /// Has each language whose file is faulty now keep the texts that it had before. Gives the
    /// locales of those. A language that was not there before has what could be read.
    pub fn keep_broken(&mut self, before: &Self) -> Vec<String> {
        let is_kept = |tag: &String| self.is_folder_broken || self.broken.contains(tag);
        let kept: Vec<Arc<Catalog>> = before
            .by_tag
            .iter()
            .filter(|(tag, _)| is_kept(tag))
            .map(|(_, catalog)| Arc::clone(catalog))
            .collect();
        let locales = kept.iter().map(|catalog| catalog.locale().to_owned()).collect();
        for catalog in kept {
            self.put(catalog);
        }
        locales
    }

    /// What `msgfmt --check` warns of in the headers of files, and no reader of the texts ever sees, as
    /// `file:line: what`.
    pub fn formal(&self) -> &[String] {
        &self.formal
    }

    /// Adds the texts of a language, in the place of those it had.
    pub fn insert(&mut self, catalog: Catalog) {
        self.put(Arc::new(catalog));
    }

    fn put(&mut self, catalog: Arc<Catalog>) {
        let key = locale::key(catalog.language_tag());
        if key == locale::key(self.default.language_tag()) {
            self.default = Arc::clone(&catalog);
        }
        self.by_tag.insert(key, catalog);
    }

    /// Names the language of those whose own is not there. Gives `false`, and changes nothing,
    /// where there are no texts of that language.
    #[must_use]
    pub fn set_default(&mut self, locale: &str) -> bool {
        let Some(catalog) = self.nearest(locale) else { return false };
        self.default = catalog;
        true
    }

    /// The catalog for a locale in gettext's or BCP 47's spelling, whoever wrote it: the same
    /// locale, else the same language, else the default.
    pub fn find(&self, locale: &str) -> Arc<Catalog> {
        self.nearest(locale).unwrap_or_else(|| Arc::clone(&self.default))
    }

    /// All catalogs, in the order of their tags.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Catalog>> {
        self.by_tag.values()
    }

    fn nearest(&self, locale: &str) -> Option<Arc<Catalog>> {
        // Launches and browsers also send POSIX names such as `nl_NL.UTF-8@euro`.
        let locale = locale.trim().split(['.', '@']).next().unwrap_or_default();
        if !locale::is_locale(locale) {
            return None;
        }
        let wanted = locale::key(locale);
        if let Some(catalog) = self.with_prefix_of(&wanted) {
            return Some(Arc::clone(catalog));
        }
        if let Some(catalog) =
            locale::other_name(&wanted).and_then(|name| self.with_prefix_of(name))
        {
            return Some(Arc::clone(catalog));
        }
        let language = wanted.split('-').next();
        self.by_tag
            .iter()
            .find(|(tag, _)| tag.split('-').next() == language)
            .map(|(_, catalog)| Arc::clone(catalog))
    }

    /// The catalog of a tag, else that of its beginning: language and script, language.
    fn with_prefix_of(&self, wanted: &str) -> Option<&Arc<Catalog>> {
        let mut prefix = wanted;
        loop {
            if let Some(catalog) = self.by_tag.get(prefix) {
                return Some(catalog);
            }
            (prefix, _) = prefix.rsplit_once('-')?;
        }
    }

    /// Adds the language whose folder this is, where it has a file.
    fn read_language(&mut self, folder: &Path, domain: &str) -> Vec<Problem> {
        let name = folder.file_name().and_then(|name| name.to_str());
        let Some(locale) = name.filter(|name| locale::is_locale(name)) else {
            return vec![Problem::Name { path: folder.to_owned() }];
        };
        let [mo, po] = ["mo", "po"].map(|kind| catalog_file(folder, domain, kind));
        let has_mo = match (modified(&mo), modified(&po)) {
            (None, None) => return Vec::new(),
            (Some(mo), Some(po)) => mo >= po,
            (mo, None) => mo.is_some(),
            (None, _) => false,
        };
        let path = if has_mo { mo } else { po.clone() };
        let problems = match read(&path) {
            Ok(content) if has_mo => self.add_mo(locale, path, &content, &po),
            Ok(content) => self.add_po(locale, &path, &content),
            Err(source) => vec![Problem::File { path, source }],
        };
        if problems.iter().any(|problem| !problem.is_doubt()) {
            self.broken.insert(locale::key(locale));
        }
        problems
    }

    /// Adds an MO file; what it has not is explained by the PO file that it was made of, where
    /// that is there.
    fn add_mo(&mut self, locale: &str, path: PathBuf, content: &[u8], po: &Path) -> Vec<Problem> {
        let mut texts = match Texts::from_mo(&path.display().to_string(), content) {
            Ok(texts) => texts,
            Err(source) => return vec![Problem::Format { path, source }],
        };
        let po_file = po.display().to_string();
        let source = read(po).ok();
        let source = source.and_then(|content| Texts::from_po(&po_file, &content, None).ok());
        if let Some(ReadPo { texts: source, .. }) = source {
            texts.explain_by(source);
        }
        self.put_first(locale, texts);
        Vec::new()
    }

    fn add_po(&mut self, locale: &str, path: &Path, content: &[u8]) -> Vec<Problem> {
        let text = |fault| Problem::Text { path: path.to_owned(), fault };
        let doubt = |fault| Problem::Doubt { path: path.to_owned(), fault };
        match Texts::from_po(&path.display().to_string(), content, Some(locale)) {
            Ok(ReadPo { texts, faults, warnings, formal }) => {
                let file = path.display();
                self.formal.extend(formal.iter().map(|fault| format!("{file}:{fault}")));
                self.put_first(locale, texts);
                faults.into_iter().map(text).chain(warnings.into_iter().map(doubt)).collect()
            }
            Err(faults) => faults.into_iter().map(text).collect(),
        }
    }

    fn put_first(&mut self, locale: &str, texts: Texts) {
        let there = self.by_tag.get(&locale::key(locale));
        let mut catalog = there.map_or_else(|| Catalog::new(locale), |there| (**there).clone());
        // What one country lacks is said as another one says it, rather than in English.
        if there.is_none()
            && let Some(sibling) = self.nearest(locale)
            && locale::is_same_language(sibling.locale(), locale)
            && sibling.is_rtl() == catalog.is_rtl()
            && locale::language(locale) != "zh"
        {
            catalog.complete_by(&sibling);
        }
        catalog.put_first(texts);
        self.insert(catalog);
    }
}

/// Catalogs that many read, and that are replaced as a whole.
#[derive(Clone, Debug)]
pub struct SharedCatalogs(Arc<RwLock<Catalogs>>);

impl SharedCatalogs {
    /// Shares these.
    pub fn new(catalogs: Catalogs) -> Self {
        Self(Arc::new(RwLock::new(catalogs)))
    }

    /// As [`Catalogs::find`], in those that are there now.
    pub fn find(&self, locale: &str) -> Arc<Catalog> {
        // Nobody can panic in the middle of a change.
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(locale)
    }

    /// The catalog for a locale, as [`SharedCatalogs::find`]; `None` where that is the default for
    /// want of the language.
    pub fn known(&self, locale: &str) -> Option<Arc<Catalog>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).nearest(locale)
    }

    /// All that are there now, in the order of their tags.
    pub fn all(&self) -> Vec<Arc<Catalog>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Those that are there now, as a whole.
    pub fn snapshot(&self) -> Catalogs {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts others in their place.
    pub fn replace(&self, catalogs: Catalogs) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = catalogs;
    }
}

/// Where the file of a language is, in its folder: `LC_MESSAGES/<domain>.po`.
pub fn catalog_file(folder: &Path, domain: &str, extension: &str) -> PathBuf {
    folder.join("LC_MESSAGES").join(format!("{domain}.{extension}"))
}

fn subfolders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn modified(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok()?;
    Some(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MAX_CATALOG_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 8 MiB"));
    }
    let mut content = Vec::new();
    file.take(MAX_CATALOG_BYTES).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests;
