//! What the header of a PO file must say, and should: what `msgfmt --check` looks at, and what it
//! leaves out, such as a language that is another's.

use super::{
    locale,
    plural::{self, PluralRule},
    po::{Entry, Po, PoFault},
};

/// The fields that `msgfmt --check` asks for, with what they begin as in a POT file.
const FIELDS: [(&str, Option<&str>); 7] = [
    ("Project-Id-Version", Some("PACKAGE VERSION")),
    ("PO-Revision-Date", Some("YEAR-MO-DA")),
    ("Last-Translator", Some("FULL NAME")),
    ("Language-Team", Some("LANGUAGE")),
    ("MIME-Version", None),
    ("Content-Type", None),
    ("Content-Transfer-Encoding", Some("ENCODING")),
];

/// What is wrong with a header.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// For which the file is not compiled.
    pub(super) faults: Vec<PoFault>,
    /// What is probably a slip.
    pub(super) warnings: Vec<PoFault>,
    /// What `msgfmt --check` warns of, and no reader of the texts ever sees.
    pub(super) formal: Vec<PoFault>,
}

/// Looks at the header of a file of this locale.
pub(super) fn check(po: &Po, locale: &str) -> Findings {
    let mut findings = Findings::default();
    let filled = |header: &&Entry| header.translations.iter().any(|text| !text.trim().is_empty());
    let Some(header) = po.header().filter(filled) else {
        let line = po.header().map_or(1, |header| header.line);
        let what = if po.entries.is_empty() {
            "the file is empty: there is no text in it; take it from a copy, or delete it and begin \
             the language anew"
                .to_owned()
        } else {
            format!(
                "there is no header that names language, charset and plural forms; write at the \
                 beginning of the file: msgid \"\" msgstr \"Language: {locale}\\nContent-Type: \
                 text/plain; charset=UTF-8\\n{}\"",
                rule_line(locale)
            )
        };
        findings.faults.push(PoFault { line, what });
        return findings;
    };
    let text = header.translations.first().map_or("", String::as_str);
    let mut checker = Checker { findings, line: header.line, locale };
    if header.is_fuzzy() {
        checker.doubt(
            "the header is fuzzy, as if nobody had looked at it; take the mark \"fuzzy\" away"
                .to_owned(),
        );
    }
    checker.fields(text);
    checker.language(po.header_field("Language").unwrap_or_default());
    checker.charset(po);
    checker.plural_forms(po);
    checker.findings
}

/// The line of a header with the rule for plurals of a language, where that is known.
fn rule_line(locale: &str) -> String {
    let rule = plural::plural_forms(locale);
    let rule = rule.unwrap_or("nplurals=NUMBER; plural=EXPRESSION;");
    format!("Plural-Forms: {rule}\\n")
}

struct Checker<'l> {
    findings: Findings,
    line: usize,
    locale: &'l str,
}

impl Checker<'_> {
    fn fault(&mut self, what: String) {
        self.findings.faults.push(PoFault { line: self.line, what });
    }

    fn formal(&mut self, what: String) {
        self.findings.formal.push(PoFault { line: self.line, what });
    }

    fn doubt(&mut self, what: String) {
        self.findings.warnings.push(PoFault { line: self.line, what });
    }

    /// Lines that are no fields, fields that stand twice, that are missing, or are as they began.
    fn fields(&mut self, text: &str) {
        let fields: Vec<(&str, &str)> =
            text.lines().filter_map(|line| line.split_once(':')).collect();
        let named_so = |name: &str| {
            let fields = fields.iter().enumerate();
            let found = fields.filter(|(_, (field, _))| field.trim().eq_ignore_ascii_case(name));
            found.map(|(ix, (_, value))| (ix, value.trim())).collect::<Vec<_>>()
        };
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.contains(':')) {
            self.doubt(format!(
                "the line {line:?} of the header is no field; write NAME: VALUE, and \\n at its end"
            ));
        }
        for (ix, (name, _)) in fields.iter().enumerate() {
            let name = name.trim();
            if matches!(named_so(name).as_slice(), [(first, _), _, ..] if *first == ix) {
                self.doubt(format!(
                    "{name} stands more than once in the header, and the first counts; take the \
                     others out"
                ));
            }
        }
        let value = |name: &str| named_so(name).first().map(|(_, value)| *value);
        let named = |fields: Vec<(&str, Option<&str>)>| {
            fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        };
        let missing: Vec<_> =
            FIELDS.into_iter().filter(|(name, _)| value(name).is_none()).collect();
        if !missing.is_empty() {
            self.formal(format!(
                "the header lacks {}, of which `msgfmt --check` warns; save the file with an editor \
                 of PO files, or write each as a line NAME: VALUE\\n",
                named(missing)
            ));
        }
        let begun: Vec<_> = FIELDS
            .into_iter()
            .filter(|(name, start)| {
                start.zip(value(name)).is_some_and(|(start, value)| value.starts_with(start))
            })
            .collect();
        if !begun.is_empty() {
            self.formal(format!(
                "the header still has the words of its template for {}; write who translates, and \
                 when",
                named(begun)
            ));
        }
    }

    fn language(&mut self, named: &str) {
        let Self { locale, .. } = *self;
        if named.is_empty() {
            self.doubt(format!(
                "the header does not say which language this is; write \"Language: {locale}\\n\""
            ));
            return;
        }
        let plain = named.split(['.', '@']).next().unwrap_or_default();
        if locale::is_same_language(plain, locale) {
            let [named, wanted] = [plain, locale].map(locale::key);
            // A language alone is that of any country, and one of two names that of the other.
            if locale::language(plain) == locale::language(locale)
                && !wanted.starts_with(&named)
                && !named.starts_with(&wanted)
            {
                self.doubt(format!(
                    "the header says Language: {plain}, but the folder is that of {locale}; write \
                     \"Language: {locale}\\n\" if it is"
                ));
            }
            return;
        }
        self.fault(format!(
            "the header says Language: {named}, but the folder is that of {locale}; move the file \
             to the folder of its language, or write \"Language: {locale}\\n\""
        ));
    }

    /// What is not ASCII is told when the file is read.
    fn charset(&mut self, po: &Po) {
        let field = po.header_field("Content-Type").unwrap_or_default();
        let name = field.split_once("charset=").map_or("", |(_, name)| name.trim());
        let is_named = !name.is_empty() && name != "CHARSET";
        let is_ascii = po.entries.iter().all(|entry| {
            entry.source.text.is_ascii() && entry.translations.iter().all(|text| text.is_ascii())
        });
        if !is_named && is_ascii {
            self.doubt(
                "the header names no charset; write \"Content-Type: text/plain; \
                 charset=UTF-8\\n\" in it"
                    .to_owned(),
            );
        }
    }

    fn plural_forms(&mut self, po: &Po) {
        let write = format!("write \"{}\" in it", rule_line(self.locale));
        let Some(field) = po.header_field("Plural-Forms").filter(|field| !field.is_empty()) else {
            match po.messages().find(|entry| entry.source.plural.is_some()) {
                Some(entry) => self.fault(format!(
                    "the header has no Plural-Forms, but messages have a plural, the first in line \
                     {}; {write}",
                    entry.line
                )),
                None => self.doubt(format!("the header has no Plural-Forms; {write}")),
            }
            return;
        };
        match PluralRule::parse(field) {
            Err(error) => self.fault(format!("{error}; {write}")),
            Ok(rule) => {
                let known = plural::plural_forms(self.locale);
                let known = known.and_then(|rule| PluralRule::parse(rule).ok());
                if let Some(known) = known
                    && known.n_used() != rule.n_used()
                {
                    self.doubt(format!(
                        "Plural-Forms gives {} forms for the numbers below a thousand, but {} has {}; \
                         {write} if that is so",
                        rule.n_used(),
                        self.locale,
                        known.n_used()
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "Project-Id-Version: x\nPO-Revision-Date: 2026-01-01 00:00+0000\n\
        Last-Translator: A\nLanguage-Team: none\nLanguage: nl\nMIME-Version: 1.0\n\
        Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\
        Plural-Forms: nplurals=2; plural=(n != 1);\n";

    fn told(locale: &str, header: &str) -> (Vec<String>, Vec<String>) {
        let header = header.replace('\n', "\\n");
        let content = format!(
            "msgid \"\"\nmsgstr \"{header}\"\n\nmsgid \"a\"\nmsgid_plural \"b\"\nmsgstr[0] \"c\"\n\
             msgstr[1] \"d\"\n"
        );
        let Findings { faults, mut warnings, formal } =
            check(&Po::parse(content.as_bytes()).unwrap(), locale);
        warnings.extend(formal);
        [faults, warnings].map(|told| told.iter().map(ToString::to_string).collect()).into()
    }

    #[test]
    fn the_language_of_the_header_is_that_of_the_folder() {
        for (locale, language, n_faults, n_doubts) in [
            ("nl", "nl", 0, 0),
            ("nl_NL", "nl", 0, 0),
            ("nl", "nl_NL", 0, 0),
            ("nl_NL", "nl-NL", 0, 0),
            ("nl_NL", "nl_NL.UTF-8", 0, 0),
            ("nl_NL", "nl_BE", 0, 1),
            ("nl_NL", "de", 1, 0),
            ("nl_NL", "nld", 1, 0),
            ("nl_NL", "Dutch", 1, 0),
            ("nl_NL", "", 0, 1),
            // Two names of one language.
            ("nb", "no", 0, 0),
        ] {
            let header = WHOLE.replace("Language: nl\n", &format!("Language: {language}\n"));
            let (faults, doubts) = told(locale, &header);
            assert_eq!(
                (faults.len(), doubts.len()),
                (n_faults, n_doubts),
                "{locale} {language}: {faults:?} {doubts:?}"
            );
        }
    }

    #[test]
    fn another_rule_for_the_same_forms_is_no_slip() {
        for (locale, rule, n_doubts) in [
            ("nl", "nplurals=2; plural=n>1;", 0),
            ("nl", "nplurals=2; plural=0;", 1),
            ("nl", "nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);", 1),
            ("fr", "nplurals=3; plural=(n<2 ? 0 : n%1000000==0 && n!=0 ? 1 : 2);", 0),
            ("tlh", "nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);", 0),
        ] {
            let header = WHOLE
                .replace("Language: nl", &format!("Language: {locale}"))
                .replace("nplurals=2; plural=(n != 1);", rule);
            let (_, doubts) = told(locale, &header);
            assert_eq!(doubts.len(), n_doubts, "{locale} {rule}: {doubts:?}");
        }
    }

    #[test]
    fn fields_that_are_missing_as_they_began_or_twice_are_named() {
        for (old, new, expected) in [
            ("Language-Team: none\n", "", "1: the header lacks Language-Team, "),
            (
                "Last-Translator: A",
                "Last-Translator: FULL NAME <X>",
                "the words of its template for Last-Translator",
            ),
            ("Language: nl\n", "Language: nl\nlanguage: de\n", "Language stands more than once"),
            ("Language-Team: none", "Language-Team none", "the line \"Language-Team none\" of"),
            (
                "; charset=UTF-8",
                "",
                "names no charset; write \"Content-Type: text/plain; charset=UTF-8\\n\"",
            ),
        ] {
            let (faults, doubts) = told("nl", &WHOLE.replace(old, new));
            assert!(faults.is_empty(), "{faults:?}");
            assert!(doubts.iter().any(|doubt| doubt.contains(expected)), "{expected}\n{doubts:?}");
        }
        assert_eq!(told("nl", WHOLE), (Vec::new(), Vec::new()));
    }
}
