//! In which language somebody reads: what the launch says, else what the browser says.

use std::sync::Arc;

use super::{Catalog, SharedCatalogs};

/// The most languages of a browser that are looked at.
const MOST_LANGUAGES: usize = 32;

/// Somebody who asks for a page.
#[derive(Clone, Debug)]
pub struct Reader {
    catalogs: SharedCatalogs,
    /// What the browser accepts, the best first.
    accepted: Vec<String>,
}

impl Reader {
    /// Whoever sends this header `Accept-Language`; empty: without one.
    pub fn new(catalogs: SharedCatalogs, accept_language: &str) -> Self {
        Self { catalogs, accepted: accepted(accept_language) }
    }

    /// The texts for them: in the language of a launch, else in the first of the browser's that
    /// there is, else in the default.
    pub fn catalog(&self, launched: Option<&str>) -> Arc<Catalog> {
        self.first(launched).map_or_else(|| self.catalogs.find(""), |(_, catalog)| catalog)
    }

    /// The locale to keep for them: the one whose texts they get, as it was written; if there is
    /// none, that of the launch.
    pub fn locale(&self, launched: Option<&str>) -> Option<String> {
        let first = self.first(launched).map(|(tag, _)| tag);
        first.or(launched).map(str::to_owned)
    }

    fn first<'a>(&'a self, launched: Option<&'a str>) -> Option<(&'a str, Arc<Catalog>)> {
        launched
            .into_iter()
            .chain(self.accepted.iter().map(String::as_str))
            .find_map(|tag| Some((tag, self.catalogs.known(tag)?)))
    }
}

/// The languages of a header `Accept-Language` (RFC 9110, 12.5.4), the best first; those that
/// weigh the same stay in their order.
fn accepted(header: &str) -> Vec<String> {
    let mut ranges: Vec<(&str, u16)> = header
        .split(',')
        .take(MOST_LANGUAGES)
        .filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1_000), thousandths)?;
            let tag = tag.trim();
            (weight > 0 && tag != "*" && super::is_locale(tag)).then_some((tag, weight))
        })
        .collect();
    ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(tag, _)| tag.to_owned()).collect()
}

/// A weight from `0` to `1`, with up to three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let text = text.trim();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" => (decimals == 0).then_some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogs;

    fn reader(accept_language: &str) -> Reader {
        let mut catalogs = Catalogs::default();
        for locale in ["nl_NL", "zh_Hans", "zh_Hant", "pt_BR", "nb", "ar"] {
            catalogs.insert(Catalog::new(locale));
        }
        Reader::new(SharedCatalogs::new(catalogs), accept_language)
    }

    #[test]
    fn the_browser_is_asked_by_weight() {
        for (header, expected) in [
            ("", &[][..]),
            ("nl", &["nl"]),
            ("nl;q=0.3, fr;q=0.8,en-GB", &["en-GB", "fr", "nl"]),
            ("a;q=0, b;q=0.000, c;q=0.001", &["c"]),
            ("*, nl", &["nl"]),
            ("nl;q=1.000, fr;q=1, de;q=1.001, es;q=2, ar;q=-1, fa;q=0.1234", &["nl", "fr"]),
            (",,;;,-, ../x, de ; q=0.5", &["de"]),
        ] {
            assert_eq!(accepted(header), expected, "{header}");
        }
        assert_eq!(accepted(&"x,".repeat(1_000)).len(), MOST_LANGUAGES);
    }

    #[test]
    fn the_launch_goes_before_the_browser_and_the_browser_before_the_default() {
        for (launched, header, tag, locale) in [
            (Some("nl"), "ar", "nl-NL", Some("nl")),
            (Some("tlh"), "sw, ar-EG;q=0.5", "ar", Some("ar-EG")),
            (None, "sw, nl-BE", "nl-NL", Some("nl-BE")),
            (None, "sw", "en-GB", None),
            (Some("tlh"), "", "en-GB", Some("tlh")),
            (Some("en-GB-x-ukhe"), "nl", "en-GB", Some("en-GB-x-ukhe")),
            (Some("en-AU-x-unimelb"), "nl", "en-GB", Some("en-AU-x-unimelb")),
            (Some("zh-Hant"), "", "zh-Hant", Some("zh-Hant")),
            (Some("zh-Hans"), "", "zh-Hans", Some("zh-Hans")),
            (Some("zh-TW"), "", "zh-Hant", Some("zh-TW")),
            (Some("zh-Hant-HK"), "", "zh-Hant", Some("zh-Hant-HK")),
            (Some("zh-CN"), "", "zh-Hans", Some("zh-CN")),
            (Some("pt"), "", "pt-BR", Some("pt")),
            (Some("no"), "", "nb", Some("no")),
            (Some("nb-x-k12"), "", "nb", Some("nb-x-k12")),
        ] {
            let reader = reader(header);
            let catalog = reader.catalog(launched);
            assert_eq!(catalog.language_tag(), tag, "{launched:?} {header}");
            assert_eq!(reader.locale(launched).as_deref(), locale, "{launched:?} {header}");
        }
    }
}
