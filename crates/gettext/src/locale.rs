//! Names of locales, in gettext's spelling (`nl_NL`) and in BCP 47's (`nl-NL`).

/// Longest locale name, in bytes: that of RFC 5646 for a tag without extensions.
const MAX_LOCALE_LEN: usize = 35;

/// Languages written from right to left, by ISO 639 code.
const RTL_LANGUAGES: [&str; 13] =
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"];

/// Scripts written from right to left, by ISO 15924 code.
const RTL_SCRIPTS: [&str; 6] = ["adlm", "arab", "hebr", "nkoo", "syrc", "thaa"];

/// What languages are called by those who speak them (CLDR), by their tag or its beginning.
const OWN_NAMES: [(&str, &str); 68] = [
    ("am", "አማርኛ"),
    ("ar", "العربية"),
    ("az", "azərbaycan"),
    ("be", "беларуская"),
    ("bg", "български"),
    ("bn", "বাংলা"),
    ("bo", "བོད་སྐད་"),
    ("ca", "català"),
    ("ckb", "کوردیی ناوەندی"),
    ("cs", "čeština"),
    ("da", "dansk"),
    ("de", "Deutsch"),
    ("el", "Ελληνικά"),
    ("en", "English"),
    ("eo", "esperanto"),
    ("es", "español"),
    ("et", "eesti"),
    ("eu", "euskara"),
    ("fa", "فارسی"),
    ("fi", "suomi"),
    ("fil", "Filipino"),
    ("fr", "français"),
    ("ga", "Gaeilge"),
    ("gl", "galego"),
    ("ha", "Hausa"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("hr", "hrvatski"),
    ("hu", "magyar"),
    ("hy", "հայերեն"),
    ("id", "Bahasa Indonesia"),
    ("is", "íslenska"),
    ("it", "italiano"),
    ("ja", "日本語"),
    ("ka", "ქართული"),
    ("kk", "қазақ тілі"),
    ("km", "ខ្មែរ"),
    ("ko", "한국어"),
    ("ku", "kurdî"),
    ("lt", "lietuvių"),
    ("lv", "latviešu"),
    ("mk", "македонски"),
    ("ms", "Melayu"),
    ("my", "မြန်မာ"),
    ("nb", "norsk bokmål"),
    ("ne", "नेपाली"),
    ("nl", "Nederlands"),
    ("no", "norsk"),
    ("pl", "polski"),
    ("ps", "پښتو"),
    ("pt", "português"),
    ("ro", "română"),
    ("ru", "русский"),
    ("sk", "slovenčina"),
    ("sl", "slovenščina"),
    ("sq", "shqip"),
    ("sr", "српски"),
    ("sv", "svenska"),
    ("sw", "Kiswahili"),
    ("th", "ไทย"),
    ("ti", "ትግርኛ"),
    ("tr", "Türkçe"),
    ("uk", "українська"),
    ("ur", "اردو"),
    ("vi", "Tiếng Việt"),
    ("zh", "中文"),
    ("zh-Hans", "简体中文"),
    ("zh-Hant", "繁體中文"),
];

/// What the language of a tag is called by those who speak it.
pub(super) fn own_name(tag: &str) -> Option<&'static str> {
    let mut prefix = tag;
    loop {
        if let Some((_, name)) = OWN_NAMES.iter().find(|(tag, _)| *tag == prefix) {
            return Some(name);
        }
        (prefix, _) = prefix.rsplit_once('-')?;
    }
}

/// Whether a text can name a locale: 1 to 35 of `A-Z a-z 0-9 _ -`, with a letter or digit first.
pub fn is_locale(name: &str) -> bool {
    (1..=MAX_LOCALE_LEN).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// A locale in gettext's spelling: `nl-nl` gives `nl_NL`.
pub fn gettext_name(locale: &str) -> String {
    language_tag(locale).replace('-', "_")
}

/// The language of a locale: `nl_NL` gives `nl`.
pub fn language(locale: &str) -> String {
    locale.split(['_', '-']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether two locales are of one language, in whatever country, script or spelling.
pub fn is_same_language(one: &str, other: &str) -> bool {
    let is_other_name = |one: &str, other: &str| {
        other_name(&key(one)).is_some_and(|name| language(name) == language(other))
    };
    language(one) == language(other) || is_other_name(one, other) || is_other_name(other, one)
}

/// A locale in BCP 47's spelling and case: `NL_nl` gives `nl-NL`, `zh_hant_TW` gives `zh-Hant-TW`.
pub(super) fn language_tag(locale: &str) -> String {
    let mut tag = String::with_capacity(locale.len());
    for (part_ix, part) in locale.split(['_', '-']).filter(|part| !part.is_empty()).enumerate() {
        if part_ix > 0 {
            tag.push('-');
        }
        match (part_ix, part.len()) {
            (1.., 2) => tag.push_str(&part.to_ascii_uppercase()),
            (1.., 4) => {
                let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
                tag.push_str(&first.to_ascii_uppercase());
                tag.push_str(&rest.to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    tag
}

/// What catalogs are kept by: the tag in lower case with hyphens.
pub(super) fn key(locale: &str) -> String {
    locale.replace('_', "-").to_ascii_lowercase()
}

/// What else a language in lower case may be called: by its script where only the region was given
/// (Chinese), by the name that a standard gave up or replaced.
pub(super) fn other_name(key: &str) -> Option<&'static str> {
    let mut parts = key.split('-');
    let language = parts.next()?;
    match (language, parts.next()) {
        ("zh", Some("tw" | "hk" | "mo")) => Some("zh-hant"),
        ("zh", Some("cn" | "sg") | None) => Some("zh-hans"),
        ("no", _) => Some("nb"),
        ("nb" | "nn", _) => Some("no"),
        ("iw", _) => Some("he"),
        ("he", _) => Some("iw"),
        ("in", _) => Some("id"),
        ("ji", _) => Some("yi"),
        ("tl", _) => Some("fil"),
        _ => None,
    }
}

pub(super) fn is_rtl(language_tag: &str) -> bool {
    let lower = language_tag.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let language = parts.next().unwrap_or_default();
    match parts.next().filter(|part| part.len() == 4) {
        Some(script) => RTL_SCRIPTS.contains(&script),
        None => RTL_LANGUAGES.contains(&language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_directions_follow_bcp_47() {
        for (locale, tag, rtl) in [
            ("NL_nl", "nl-NL", false),
            ("zh_hant_tw", "zh-Hant-TW", false),
            ("ar", "ar", true),
            ("fa_IR", "fa-IR", true),
            ("az_arab", "az-Arab", true),
            ("ks_Deva", "ks-Deva", false),
            ("es-419", "es-419", false),
        ] {
            let found = language_tag(locale);
            assert_eq!((found.as_str(), is_rtl(&found)), (tag, rtl));
        }
    }

    #[test]
    fn languages_are_called_as_their_speakers_do() {
        for (tag, name) in [
            ("de-DE", Some("Deutsch")),
            ("zh-Hant-TW", Some("繁體中文")),
            ("zh-CN", Some("中文")),
            ("fa", Some("فارسی")),
            ("tlh", None),
        ] {
            assert_eq!(own_name(tag), name, "{tag}");
        }
        assert!(OWN_NAMES.is_sorted_by_key(|(tag, _)| tag), "each stands once");
    }

    #[test]
    fn only_names_of_locales_are_taken_for_them() {
        for name in ["nl", "nl_NL", "zh-Hant-TW", "es-419"] {
            assert!(is_locale(name), "{name}");
        }
        for name in ["", "..", "nl/..", "-nl", "_", "nl\n", "nl NL", &"n".repeat(36)] {
            assert!(!is_locale(name), "{name}");
        }
        assert_eq!(gettext_name("NL-nl"), "nl_NL");
        assert_eq!(language("pt_BR"), "pt");
    }
}
