//! The translations of one file, ready to be looked up.

use std::collections::HashMap;

use super::{
    header::{self, Findings},
    mo::{self, MoError, Pair},
    placeholders,
    plural::PluralRule,
    po::{Entry, Po, PoFault, header_field},
};

/// Why a text of a file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It has no translation.
    Untranslated,
    /// Its translation was made for another text.
    Fuzzy,
    /// Its translation has a fault.
    Faulty,
}

/// The translations of one file.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The file, for messages to people.
    pub(super) file: String,
    rule: PluralRule,
    by_key: HashMap<String, Vec<String>>,
    /// Messages of the file that are not used, with their lines.
    lacks: HashMap<String, (Lack, usize)>,
}

/// A PO file, compiled.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// What an MO file holds: the header, and the translations that can be used.
    pub pairs: Vec<Pair>,
    /// Messages that cannot be used, with their lines and what is wrong.
    pub faults: Vec<PoFault>,
    /// Messages that are left out though GNU gettext would take them, with their lines.
    pub warnings: Vec<PoFault>,
    /// What `msgfmt --check` warns of in the header, and no reader of the texts ever sees.
    pub formal: Vec<PoFault>,
    /// How many messages have a translation that can be used.
    pub n_translated: usize,
    /// Lines of messages without translation.
    pub untranslated: Vec<usize>,
    /// Lines of messages that a person has to look at.
    pub fuzzy: Vec<usize>,
    rule: PluralRule,
    lacks: HashMap<String, (Lack, usize)>,
}

impl Compiled {
    /// Compiles a file: leaves out what is fuzzy, not translated, or faulty.
    pub fn new(po: &Po) -> Self {
        let mut compiled = Self::of_messages(po);
        let header_line = po.header().map_or(1, |header| header.line);
        if let Some(Err(error)) = po.header_field("Plural-Forms").map(PluralRule::parse) {
            compiled.faults.push(PoFault { line: header_line, what: error.to_string() });
        }
        compiled.faults.sort();
        compiled
    }

    /// Compiles a file of a locale, and looks at its header as well: the file is to be what
    /// `msgfmt --check` wants, and of this language.
    pub fn of_locale(po: &Po, locale: &str) -> Self {
        let mut compiled = Self::of_messages(po);
        let Findings { faults, warnings, formal } = header::check(po, locale);
        compiled.formal = formal;
        compiled.faults.extend(faults);
        compiled.warnings.extend(warnings);
        compiled.faults.sort();
        compiled.warnings.sort();
        compiled
    }

    fn of_messages(po: &Po) -> Self {
        let mut compiled = Self::default();
        if let Some(Ok(rule)) = po.header_field("Plural-Forms").map(PluralRule::parse) {
            compiled.rule = rule;
        }
        if let Some(header) = po.header() {
            compiled.pairs.push((header.source.clone(), header.translations.clone()));
        }
        for entry in po.messages() {
            compiled.add(entry);
        }
        compiled
    }

    fn add(&mut self, entry: &Entry) {
        let lack = if entry.is_fuzzy() && entry.is_begun() {
            self.fuzzy.push(entry.line);
            Lack::Fuzzy
        } else if !entry.is_filled() {
            self.untranslated.push(entry.line);
            // A plural that has some of its forms alone is a slip.
            if entry.is_begun() {
                let what = "a plural form has no translation; the English text is used until \
                            each has one"
                    .to_owned();
                self.warnings.push(PoFault { line: entry.line, what });
            }
            Lack::Untranslated
        } else if let Some(what) = self.fault(entry) {
            self.faults.push(PoFault { line: entry.line, what });
            Lack::Faulty
        } else {
            self.n_translated += 1;
            let doubts =
                entry.translations.iter().filter_map(|text| placeholders::doubt(entry, text));
            if let Some(what) = doubts.into_iter().next() {
                self.warnings.push(PoFault { line: entry.line, what });
            }
            self.pairs.push((entry.source.clone(), entry.translations.clone()));
            return;
        };
        self.lacks.insert(entry.source.key(), (lack, entry.line));
    }

    fn fault(&self, entry: &Entry) -> Option<String> {
        let n_given = entry.translations.len();
        let n_forms = self.rule.n_forms();
        if entry.source.plural.is_some() && n_given != n_forms {
            return Some(format!(
                "{n_given} plural forms are given; the language has {n_forms}, by Plural-Forms in \
                 the header; write msgstr[0] to msgstr[{}]",
                n_forms.saturating_sub(1)
            ));
        }
        let mut texts = entry.translations.iter();
        texts.find_map(|text| placeholders::fault(&entry.source, n_forms, text))
    }

    /// The translations, to be looked up; `file` is named in messages to people.
    pub fn into_texts(self, file: &str) -> Texts {
        let mut texts = Texts::of(file, self.rule, self.pairs);
        texts.lacks = self.lacks;
        texts
    }
}

/// A PO file that was read, with what is told of it.
#[derive(Debug)]
pub(super) struct ReadPo {
    pub(super) texts: Texts,
    pub(super) faults: Vec<PoFault>,
    pub(super) warnings: Vec<PoFault>,
    pub(super) formal: Vec<PoFault>,
}

impl Texts {
    /// Reads a PO file; with its faults, and what is left out or read otherwise than it is
    /// written. `locale` is whose file it should be, where that is known.
    ///
    /// # Errors
    ///
    /// The faults of a file that cannot be read as a whole.
    pub(super) fn from_po(
        file: &str,
        content: &[u8],
        locale: Option<&str>,
    ) -> Result<ReadPo, Vec<PoFault>> {
        let (po, mut warnings) = Po::read(content)?;
        let mut compiled = match locale {
            Some(locale) => Compiled::of_locale(&po, locale),
            None => Compiled::new(&po),
        };
        let faults = std::mem::take(&mut compiled.faults);
        warnings.append(&mut compiled.warnings);
        warnings.sort();
        let formal = std::mem::take(&mut compiled.formal);
        Ok(ReadPo { texts: compiled.into_texts(file), faults, warnings, formal })
    }

    /// Takes over why a PO file does not give texts that this file, made of it, has not either.
    pub(super) fn explain_by(&mut self, po: Self) {
        let Self { file, lacks, .. } = po;
        self.lacks = lacks.into_iter().filter(|(key, _)| !self.by_key.contains_key(key)).collect();
        self.file = file;
    }

    /// Reads an MO file.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn from_mo(file: &str, mo: &[u8]) -> Result<Self, MoError> {
        let pairs = mo::read(mo)?;
        let header = pairs.iter().find(|(source, _)| source.is_header());
        let header = header.and_then(|(_, texts)| texts.first());
        let field = header.and_then(|header| header_field(header, "Plural-Forms"));
        let rule =
            field.map(PluralRule::parse).transpose().map_err(|_rule| MoError::PluralForms)?;
        Ok(Self::of(file, rule.unwrap_or_default(), pairs))
    }

    fn of(file: &str, rule: PluralRule, pairs: Vec<Pair>) -> Self {
        let by_key = pairs
            .into_iter()
            .filter(|(source, texts)| !source.is_header() && texts.iter().all(|t| !t.is_empty()))
            .map(|(source, texts)| (source.key(), texts))
            .collect();
        Self { file: file.to_owned(), rule, by_key, lacks: HashMap::new() }
    }

    /// The translation of a text.
    pub(super) fn find(&self, key: &str) -> Option<&str> {
        self.by_key.get(key)?.first().map(String::as_str)
    }

    /// The translation for `n` things.
    pub(super) fn find_plural(&self, key: &str, n: u64) -> Option<&str> {
        self.by_key.get(key)?.get(self.rule.form(n)).map(String::as_str)
    }

    /// Why the file does not give a translation that it should, and the line.
    pub(super) fn lack(&self, key: &str) -> Option<(Lack, usize)> {
        self.lacks.get(key).copied()
    }
}
