//! Translations and a newer POT file: what is kept, what has to be looked at, what is obsolete.
//! Decides as GNU `msgmerge --previous` does, and proposes more: all of it fuzzy. Beyond it, no
//! comment of a translator is lost, and forms that are too few or too many are fuzzy.

use std::collections::{HashMap, HashSet};

use gettext::{
    SOURCE_LOCALE, locale,
    plural::PluralRule,
    po::{Entry, FUZZY, Po},
};

/// How alike two texts must be for the translation of one to be proposed for the other, from 0
/// to 1. Lower values propose more, and more that is of no use.
const LIKENESS: f64 = 0.6;

/// A translation that the program carries.
#[derive(Clone, Copy, Debug)]
pub struct Shipped<'p> {
    /// Its locale.
    pub locale: &'p str,
    /// Its texts.
    pub po: &'p Po,
}

/// A new PO file for a locale, with the translations that are there. Those of another country are
/// fuzzy: a person has to look at them.
pub fn begin(pot: &Po, locale: &str, plural_forms: &str, there: Option<Shipped<'_>>) -> Po {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M+0000").to_string();
    let mut header = pot.header().cloned().unwrap_or_default();
    let template = header.translations.first().cloned().unwrap_or_default();
    let mut fields = String::new();
    for line in template.lines() {
        let name = line.split(':').next().unwrap_or_default();
        let value = match name {
            "PO-Revision-Date" => now.as_str(),
            "Last-Translator" => "Automatically generated",
            "Language-Team" => "none",
            "Language" => locale,
            "Plural-Forms" => plural_forms,
            _ => line.split_once(':').map_or("", |(_, value)| value.trim()),
        };
        fields.extend([name, ": ", value, "\n"]);
    }
    header.translations = vec![fields];
    header.translator_comments = vec![format!("Translation of otrbot: {locale}."), String::new()];
    header.flags.clear();
    let wanted: HashSet<String> = pot.messages().map(|entry| entry.source.key()).collect();
    let there = there.into_iter().flat_map(|Shipped { locale: from, po }| {
        let messages = po.messages().filter(|entry| wanted.contains(&entry.source.key()));
        messages.map(move |entry| {
            let mut entry = Entry { translator_comments: Vec::new(), ..entry.clone() };
            if from != locale && !entry.is_fuzzy() {
                mark_fuzzy(&mut entry);
            }
            entry
        })
    });
    let po = Po { entries: std::iter::once(header).chain(there).collect(), ..Po::default() };
    let is_source = locale::gettext_name(locale) == SOURCE_LOCALE;
    let mut begun = merge(pot, &po, is_source);
    begun.entries.retain(|entry| !entry.is_obsolete);
    begun
}

/// Brings `po` up to date with `pot`. In the language of the sources (`is_source`) every text is
/// its own translation, unless it has another.
pub fn merge(pot: &Po, po: &Po, is_source: bool) -> Po {
    let rule = po.header_field("Plural-Forms").and_then(|field| PluralRule::parse(field).ok());
    let n_forms = rule.map(|rule| rule.n_forms());
    let mut merger = Merger { old: OldTexts::new(po), used: HashSet::new(), n_forms, is_source };
    let header = po.header().or_else(|| pot.header()).cloned();
    let messages: Vec<Entry> = pot.messages().map(|entry| merger.entry(entry)).collect();
    let gone = po.entries.iter().filter(|entry| !entry.source.is_header());
    let gone = gone.filter(|entry| entry.is_begun() || !entry.translator_comments.is_empty());
    let gone = gone.filter(|entry| !merger.used.contains(&entry.source.key()));
    let obsolete: Vec<Entry> = gone
        .map(|entry| Entry {
            is_obsolete: true,
            extracted_comments: Vec::new(),
            references: Vec::new(),
            ..entry.clone()
        })
        .collect();
    Po {
        entries: header.into_iter().chain(messages).chain(obsolete).collect(),
        last_comments: po.last_comments.clone(),
    }
}

/// The translations that there are.
struct OldTexts<'p> {
    by_key: HashMap<String, &'p Entry>,
    /// Those with a translation, of which one may be near to a new text.
    proposals: Vec<&'p Entry>,
}

impl<'p> OldTexts<'p> {
    fn new(po: &'p Po) -> Self {
        let entries = || po.entries.iter().filter(|entry| !entry.source.is_header());
        let mut by_key = HashMap::new();
        // What is in use goes before what was.
        for entry in po.obsolete().chain(po.messages()) {
            by_key.insert(entry.source.key(), entry);
        }
        Self { by_key, proposals: entries().filter(|entry| entry.is_begun()).collect() }
    }

    /// The entry whose text is nearest, if one is near. Of equals, the first.
    fn nearest(&self, text: &str) -> Option<&'p Entry> {
        let len = text.chars().count();
        let mut best: Option<(f64, &Entry)> = None;
        for entry in &self.proposals {
            let other = &entry.source.text;
            let other_len = other.chars().count();
            // Texts of very different lengths cannot be alike enough; do not compare them.
            if other_len * 3 < len || len * 3 < other_len {
                continue;
            }
            let likeness = strsim::normalized_levenshtein(text, other);
            if likeness >= LIKENESS && best.is_none_or(|(before, _)| likeness > before) {
                best = Some((likeness, entry));
            }
        }
        best.map(|(_, entry)| entry)
    }
}

struct Merger<'p> {
    old: OldTexts<'p>,
    /// The keys of old entries whose translations live on.
    used: HashSet<String>,
    /// How many forms the language has, where the header says it.
    n_forms: Option<usize>,
    is_source: bool,
}

impl Merger<'_> {
    /// The entry of the POT file, with what there is of its translation.
    fn entry(&mut self, new: &Entry) -> Entry {
        let n_forms = self.n_forms.unwrap_or_else(|| PluralRule::default().n_forms());
        let n = if new.source.plural.is_some() { n_forms } else { 1 };
        let mut entry = Entry {
            line: 0,
            previous: None,
            translations: vec![String::new(); n],
            is_obsolete: false,
            ..new.clone()
        };
        entry.flags.retain(|flag| flag != FUZZY);
        let same = self.old.by_key.get(&new.source.key()).copied();
        if let Some(old) = same {
            self.used.insert(old.source.key());
            entry.translator_comments.clone_from(&old.translator_comments);
            self.keep(&mut entry, old);
        }
        if self.is_source {
            if !entry.is_filled() || entry.is_fuzzy() {
                fill(&mut entry, n);
            }
        } else if !entry.is_begun()
            && let Some(old) = self.old.nearest(&new.source.text)
        {
            self.used.insert(old.source.key());
            for comment in &old.translator_comments {
                if !entry.translator_comments.contains(comment) {
                    entry.translator_comments.push(comment.clone());
                }
            }
            self.keep(&mut entry, old);
            doubt(&mut entry, old);
        }
        entry
    }

    /// Takes over translations. A person has to look at them where they are not those of the text,
    /// or not as many as the language has forms.
    fn keep(&self, entry: &mut Entry, old: &Entry) {
        if !old.is_begun() {
            return;
        }
        let n = entry.translations.len();
        entry.translations.clone_from(&old.translations);
        let are_forms = old.source.plural.is_some();
        if entry.source.plural.is_none() {
            entry.translations.truncate(1);
        } else if !are_forms {
            let only = old.translations.first().cloned().unwrap_or_default();
            entry.translations = vec![only; n];
        } else if self.n_forms.is_some() && old.translations.len() != n {
            // Forms that are too many are kept as well: whoever looks at them knows why.
            entry.translations.resize(n.max(old.translations.len()), String::new());
            mark_fuzzy(entry);
        }
        if old.is_fuzzy() || old.source.plural != entry.source.plural {
            doubt(entry, old);
        }
    }
}

/// Has a person look at a translation that was made for another text.
fn doubt(entry: &mut Entry, old: &Entry) {
    mark_fuzzy(entry);
    let made_for = if old.is_fuzzy() { old.previous.clone() } else { Some(old.source.clone()) };
    entry.previous = made_for;
}

fn mark_fuzzy(entry: &mut Entry) {
    if !entry.is_fuzzy() {
        entry.flags.insert(0, FUZZY.to_owned());
    }
}

/// The text is its own translation.
fn fill(entry: &mut Entry, n_forms: usize) {
    entry.flags.retain(|flag| flag != FUZZY);
    entry.previous = None;
    let many = entry.source.plural.as_ref().unwrap_or(&entry.source.text);
    entry.translations = vec![many.clone(); n_forms];
    if let Some(first) = entry.translations.first_mut() {
        first.clone_from(&entry.source.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translations::Counts;

    const HEADER: &str = "msgid \"\"\nmsgstr \"\"\n\"Language: nl\\n\"\n\
        \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n";

    fn po(body: &str) -> Po {
        Po::parse(format!("{HEADER}{body}").as_bytes()).unwrap()
    }

    #[track_caller]
    fn check(pot: &str, old: &str, expected: &str) {
        let merged = merge(&po(pot), &po(old), false).to_string();
        assert_eq!(merged.strip_prefix(HEADER).unwrap(), expected);
    }

    #[test]
    fn what_is_the_same_is_kept_with_the_new_places() {
        check(
            "#. new\n#: b.rs:2\nmsgid \"Hello\"\nmsgstr \"\"\n",
            "# mine\n#. old\n#: a.rs:1\nmsgid \"Hello\"\nmsgstr \"Hallo\"\n",
            "# mine\n#. new\n#: b.rs:2\nmsgid \"Hello\"\nmsgstr \"Hallo\"\n",
        );
    }

    #[test]
    fn what_is_alike_is_proposed_and_marked() {
        check(
            "msgid \"Hello, dear learner!\"\nmsgstr \"\"\n",
            "msgid \"Hello, learner!\"\nmsgstr \"Hallo!\"\n",
            "#, fuzzy\n#| msgid \"Hello, learner!\"\nmsgid \"Hello, dear learner!\"\n\
             msgstr \"Hallo!\"\n",
        );
        // Changed again before anybody looked: what it was made for stays.
        check(
            "msgid \"Hello, my dear learner!\"\nmsgstr \"\"\n",
            "#, fuzzy\n#| msgid \"Hello, learner!\"\nmsgid \"Hello, dear learner!\"\n\
             msgstr \"Hallo!\"\n",
            "#, fuzzy\n#| msgid \"Hello, learner!\"\nmsgid \"Hello, my dear learner!\"\n\
             msgstr \"Hallo!\"\n",
        );
    }

    #[test]
    fn what_is_gone_is_obsolete_and_comes_back() {
        let old = "msgid \"Something else\"\nmsgstr \"Iets anders\"\n\nmsgid \"x\"\nmsgstr \"\"\n";
        let gone = "msgid \"Hello\"\nmsgstr \"\"\n\n#~ msgid \"Something else\"\n\
            #~ msgstr \"Iets anders\"\n";
        check("msgid \"Hello\"\nmsgstr \"\"\n", old, gone);
        check(
            "msgid \"Something else\"\nmsgstr \"\"\n",
            gone,
            "msgid \"Something else\"\nmsgstr \"Iets anders\"\n",
        );
    }

    #[test]
    fn a_text_that_becomes_a_plural_is_looked_at() {
        check(
            "msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n",
            "msgid \"One\"\nmsgstr \"Een\"\n",
            "#, fuzzy\n#| msgid \"One\"\nmsgid \"One\"\nmsgid_plural \"Many\"\n\
             msgstr[0] \"Een\"\nmsgstr[1] \"Een\"\n",
        );
    }

    #[test]
    fn a_second_update_changes_nothing() {
        let pot = po("msgid \"Hello, dear learner!\"\nmsgstr \"\"\n\nmsgid \"New\"\nmsgstr \"\"\n");
        let old = po("msgid \"Hello, learner!\"\nmsgstr \"Hallo!\"\n\n\
            msgid \"Quite another\"\nmsgstr \"Anders\"\n");
        let once = merge(&pot, &old, false);
        let once = Po::parse(once.to_string().as_bytes()).unwrap();

        let twice = merge(&pot, &once, false);

        assert_eq!(twice.to_string(), once.to_string());
        let expected = Counts { translated: 0, fuzzy: 1, untranslated: 1, obsolete: 1 };
        assert_eq!(Counts::of(&twice), expected);
    }

    #[test]
    fn the_language_of_the_sources_is_its_own_translation() {
        let pot = po("msgid \"Colour\"\nmsgstr \"\"\n\nmsgid \"One\"\nmsgid_plural \"Many\"\n\
            msgstr[0] \"\"\nmsgstr[1] \"\"\n");

        let merged = merge(&pot, &po("msgid \"Colours\"\nmsgstr \"Colours\"\n"), true);

        assert_eq!(merged.entries[1].translations, ["Colour"]);
        assert_eq!(merged.entries[2].translations, ["One", "Many"]);
        assert!(merged.messages().all(|entry| !entry.is_fuzzy()));
    }

    #[test]
    fn a_new_file_has_the_header_of_its_language() {
        let pot = Po::parse(include_bytes!("../../locales/messages.pot")).unwrap();
        let rule = gettext::plural::plural_forms("ar").unwrap();

        let begun = begin(&pot, "ar", rule, None);

        assert_eq!(begun.header_field("Language"), Some("ar"));
        assert_eq!(begun.header_field("Plural-Forms"), Some(rule));
        assert!(!begun.header().unwrap().is_fuzzy());
        assert_eq!(begun.messages().count(), pot.messages().count());
        let mut plurals = begun.messages().filter(|entry| entry.source.plural.is_some());
        assert!(plurals.all(|entry| entry.translations.len() == 6));
    }
}
