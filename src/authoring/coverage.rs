//! What the translations of a lesson, or of the program itself, lack.

use std::{collections::BTreeSet, fmt};

use gettext::{
    Catalog, Catalogs, Gap, Lack, SOURCE_LOCALE,
    po::{Po, PoFault},
};

use crate::{
    drawing::words,
    lesson::{Lesson, Text},
};

/// All texts of the program and of the built-in lessons, as they were when it was built.
const ALL_TEXTS: &str = include_str!("../../locales/messages.pot");

/// How far a language is with some texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The language.
    pub locale: String,
    /// How many texts there are.
    pub n_texts: usize,
    /// Those that are not translated, in their order.
    pub missing: Vec<Missing>,
}

/// A text that is not translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The English text.
    pub msgid: String,
    /// Its line in the lesson, if it stands in one.
    pub line: Option<u64>,
    /// Why, and where that can be mended.
    pub gap: Gap,
}

/// How far the languages are with a lesson; English is complete by itself.
pub fn of_lesson(lesson: &Lesson, catalogs: &Catalogs) -> Vec<Coverage> {
    of_texts(lesson.texts(), catalogs)
}

/// The same of any texts.
pub fn of_texts(texts: &[Text], catalogs: &Catalogs) -> Vec<Coverage> {
    let mut known = BTreeSet::new();
    let texts: Vec<_> = texts
        .iter()
        .filter(|text| known.insert((text.context.as_deref(), text.msgid.as_str())))
        .map(|text| (text.context.as_deref(), text.msgid.as_str(), Some(text.line)))
        .collect();
    others(catalogs).map(|catalog| coverage(catalog, &texts)).collect()
}

/// How far the languages are with the program's own texts.
///
/// # Errors
///
/// The faults of the list of texts that the program carries.
pub fn of_program(catalogs: &Catalogs) -> Result<Vec<Coverage>, Vec<PoFault>> {
    let pot = Po::parse(ALL_TEXTS.as_bytes())?;
    let own = pot.messages().filter(|entry| entry.references.iter().any(|r| r.contains(".rs:")));
    let texts: Vec<_> = own
        .map(|entry| (entry.source.context.as_deref(), entry.source.text.as_str(), None))
        .collect();
    Ok(others(catalogs).map(|catalog| coverage(catalog, &texts)).collect())
}

/// A line for each language that lacks texts of the program; broken languages are told elsewhere.
pub fn incomplete_program(catalogs: &Catalogs) -> Vec<String> {
    match of_program(catalogs) {
        Ok(coverages) => incomplete("otrbot", &coverages),
        Err(faults) => {
            faults.iter().map(|fault| format!("built in: messages.pot:{fault}")).collect()
        }
    }
}

/// A line for each language that is not complete; `what` names the texts.
pub fn incomplete(what: &str, coverages: &[Coverage]) -> Vec<String> {
    let lacking = coverages.iter().filter(|coverage| !coverage.is_complete());
    lacking.map(|coverage| format!("{what}: {coverage}")).collect()
}

fn others(catalogs: &Catalogs) -> impl Iterator<Item = &Catalog> {
    catalogs.iter().map(AsRef::as_ref).filter(|catalog| catalog.locale() != SOURCE_LOCALE)
}

fn coverage(catalog: &Catalog, texts: &[(Option<&str>, &str, Option<u64>)]) -> Coverage {
    let missing = texts.iter().filter_map(|(context, msgid, line)| {
        let gap = catalog.gap(*context, msgid)?;
        Some(Missing { msgid: (*msgid).to_owned(), line: *line, gap })
    });
    Coverage {
        locale: catalog.locale().to_owned(),
        n_texts: texts.len(),
        missing: missing.collect(),
    }
}

impl Coverage {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    fn count(&self, lack: Lack) -> usize {
        self.missing.iter().filter(|missing| missing.gap.lack == Some(lack)).count()
    }
}

/// Such as `nl_NL: 3 of 120 texts are not translated (1 of them fuzzy)`.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { locale, n_texts, missing } = self;
        if missing.is_empty() {
            return write!(f, "{locale}: all {n_texts} texts are translated");
        }
        let verb = if missing.len() == 1 { "is" } else { "are" };
        write!(f, "{locale}: {} of {n_texts} texts {verb} not translated", missing.len())?;
        let kinds = [(Lack::Fuzzy, "fuzzy"), (Lack::Faulty, "faulty")];
        let kinds = kinds.map(|(lack, word)| (self.count(lack), word));
        let kinds: Vec<String> =
            kinds.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        if !kinds.is_empty() {
            write!(f, " ({} of them)", kinds.join(" and "))?;
        }
        Ok(())
    }
}

impl Missing {
    /// In words: where, why, and the beginning of the text. `lesson` is the file with the text.
    pub fn describe(&self, lesson: &str) -> String {
        let why = match self.gap.lack {
            None => "is in no file of this language",
            Some(Lack::Untranslated) => "has no translation",
            Some(Lack::Fuzzy) => "has a fuzzy translation",
            Some(Lack::Faulty) => "has a faulty translation",
        };
        let place = match (&self.gap.place, self.line) {
            (Some(place), _) => place.clone(),
            (None, Some(line)) => format!("{lesson}:{line}"),
            (None, None) => lesson.to_owned(),
        };
        format!("{place}: {why}: {}", words::shorten(&self.msgid, 50))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson;

    fn catalogs(po: &str) -> Catalogs {
        let (catalog, _) = Catalog::parse_po("nl_NL", "nl.po", po.as_bytes()).unwrap();
        let mut catalogs = Catalogs::default();
        catalogs.insert(catalog);
        catalogs
    }

    #[test]
    fn a_text_that_stands_twice_counts_once_and_english_is_complete() {
        let yaml = "title: Hello\nstart: a\nstates:\n  a:\n    end: true\n    enter:\n      - say: Hello\n      \
            - say: Bye\n";
        let lesson = lesson::parse(yaml).unwrap();

        let found = of_lesson(&lesson, &catalogs("msgid \"Hello\"\nmsgstr \"Hallo\"\n"));

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "nl_NL: 1 of 2 texts is not translated");
        assert_eq!(
            found[0].missing[0].describe("l.yaml"),
            "l.yaml:8: is in no file of this language: Bye"
        );
        assert_eq!(
            incomplete("lesson l", &found),
            ["lesson l: nl_NL: 1 of 2 texts is not translated"]
        );
        let both = "msgid \"Hello\"\nmsgstr \"Hallo\"\n\nmsgid \"Bye\"\nmsgstr \"Dag\"\n";
        assert!(incomplete("l", &of_lesson(&lesson, &catalogs(both))).is_empty());
    }

    #[test]
    fn the_programs_own_texts_are_those_of_its_sources() {
        let lines = incomplete_program(&catalogs(""));

        assert_eq!(lines.len(), 1);
        let (said, rest) = lines[0].split_once(" of ").unwrap();
        let n: usize = said.strip_prefix("otrbot: nl_NL: ").unwrap().parse().unwrap();
        assert!(n > 20 && rest.starts_with(&n.to_string()), "{lines:?}");
    }
}
