//! What stands in a text for something else, and has to be in its translation too: `${name}` of
//! lessons and phrases, `{name}` and `{}` of `tr!`.

use std::collections::BTreeMap;

use super::po::{Entry, Source};

/// The placeholders of a text, with how often each is in it.
pub fn placeholders(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{']) {
        let (_, from) = rest.split_at_checked(at).unwrap_or_default();
        // `$$` and `{{` stand for themselves.
        if let Some(after) = from.strip_prefix("$$").or_else(|| from.strip_prefix("{{")) {
            rest = after;
            continue;
        }
        let opened = from.strip_prefix("${").map(|inner| ("$", inner));
        let opened = opened.or_else(|| from.strip_prefix('{').map(|inner| ("", inner)));
        let Some((mark, inner)) = opened else {
            rest = from.strip_prefix('$').unwrap_or_default();
            continue;
        };
        rest = inner;
        let Some((name, after)) = inner.split_once('}') else { continue };
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name && !(mark == "$" && name.is_empty()) {
            *found.entry(format!("{mark}{{{name}}}")).or_insert(0) += 1;
            rest = after;
        }
    }
    found
}

/// What is wrong with the translation of a source, in words.
///
/// A form of a plural need not repeat what only one of the English texts has: "one file" for
/// "{n} files". In a single form for everything it has to be.
pub(super) fn fault(source: &Source, n_forms: usize, translation: &str) -> Option<String> {
    let singular = placeholders(&source.text);
    let plural = source.plural.as_deref().map(placeholders);
    let given = placeholders(translation);
    for (name, count) in &given {
        let wanted = singular.get(name).or_else(|| plural.as_ref()?.get(name));
        match wanted {
            None => return Some(format!("{name} is not in the English text")),
            Some(wanted) if name == "{}" && wanted != count => {
                return Some(format!("{{}} must be there {wanted} times, not {count}"));
            }
            Some(_) => {}
        }
    }
    let needed = |name: &&String| match &plural {
        Some(plural) if n_forms > 1 => singular.contains_key(*name) && plural.contains_key(*name),
        _ => true,
    };
    let wanted = plural.as_ref().filter(|_| n_forms == 1).unwrap_or(&singular);
    let missing = wanted.keys().filter(needed).find(|name| !given.contains_key(*name));
    if let Some(name) = missing {
        return Some(format!("{name} is missing"));
    }
    if source.text.starts_with('\n') != translation.starts_with('\n') {
        return Some("either both texts or none begin with a line end (\\n)".to_owned());
    }
    if source.text.ends_with('\n') != translation.ends_with('\n') {
        return Some("either both texts or none end with a line end (\\n)".to_owned());
    }
    let plural = source.plural.as_deref().unwrap_or(&source.text);
    if source.text.starts_with('\n') != plural.starts_with('\n') {
        return Some(
            "either the text and its plural begin with a line end (\\n), or none; the program's \
             source is to be mended"
                .to_owned(),
        );
    }
    if source.text.ends_with('\n') != plural.ends_with('\n') {
        return Some(
            "either the text and its plural end with a line end (\\n), or none; the program's source \
             is to be mended"
                .to_owned(),
        );
    }
    None
}

/// Formats that are looked at here.
const FORMATS: [&str; 2] = ["rust-format", "sh-format"];

/// What may be wrong with a translation by the format that the entry's flags name.
pub(super) fn doubt(entry: &Entry, translation: &str) -> Option<String> {
    let has = |flag: &str| entry.flags.iter().any(|there| there == flag);
    let is_other = |flag: &&String| {
        flag.ends_with("-format") && !flag.starts_with("no-") && !FORMATS.contains(&flag.as_str())
    };
    if let Some(flag) = entry.flags.iter().find(is_other) {
        return Some(format!(
            "nothing here looks at the flag {flag}, and GNU gettext may refuse the text for it; \
             take the flag away"
        ));
    }
    let n_variables = |text: &str| {
        let found = placeholders(text);
        let variables = found.iter().filter(|(name, _)| name.starts_with('$'));
        variables.map(|(_, count)| count).sum::<usize>()
    };
    if has("sh-format") && n_variables(translation) != translation.matches('$').count() {
        return Some(
            "a $ begins no ${…}, and GNU gettext refuses that in sh-format; write the name of the \
             currency, or take the flag away"
                .to_owned(),
        );
    }
    if has("rust-format") && has_lone_brace(translation) && !has_lone_brace(&entry.source.text) {
        return Some(
            "a { or } belongs to no placeholder; take it out, or write it twice to have it shown"
                .to_owned(),
        );
    }
    None
}

/// Whether a brace belongs neither to a placeholder nor to another one beside it.
fn has_lone_brace(text: &str) -> bool {
    let mut rest = text.replace("{{", "").replace("}}", "");
    for name in placeholders(text).keys() {
        rest = rest.replace(name.as_str(), "");
    }
    rest.contains(['{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found() {
        for (text, expected) in [
            ("Hello ${bot_alias}, {name}!", vec![("${bot_alias}", 1), ("{name}", 1)]),
            ("{} and {} and {0}", vec![("{0}", 1), ("{}", 2)]),
            ("$$ $5 {{x}} $${y} {a b} ${} { $", vec![("{y}", 1)]),
            ("é{n}é${n}", vec![("${n}", 1), ("{n}", 1)]),
            ("", vec![]),
        ] {
            let found = placeholders(text);
            let mut expected: Vec<_> =
                expected.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect();
            expected.sort();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn translations_must_have_what_the_text_has() {
        let one = |text: &str| Source { text: text.to_owned(), ..Source::default() };
        let plural = Source { plural: Some("{n} of {all}".to_owned()), ..one("one of {all}") };
        for (source, n_forms, translation, expected) in [
            (one("a {x}"), 2, "{x} a", None),
            (one("a {x}"), 2, "a", Some("{x} is missing")),
            (one("a ${x}"), 2, "a {x}", Some("{x} is not in the English text")),
            (one("{} {}"), 2, "{}", Some("{} must be there 2 times, not 1")),
            (one("a\n"), 2, "a", Some("either both texts or none end with a line end (\\n)")),
            (plural.clone(), 2, "een van {all}", None),
            (plural.clone(), 2, "{n} van {all}", None),
            (plural.clone(), 2, "{n}", Some("{all} is missing")),
            (plural.clone(), 1, "{n} van {all}", None),
            (plural, 1, "van {all}", Some("{n} is missing")),
        ] {
            assert_eq!(fault(&source, n_forms, translation).as_deref(), expected, "{translation}");
        }
    }
}
