//! The plural rules of languages, as GNU gettext and the Unicode CLDR have them.

/// One form for everything.
const NONE: &str = "nplurals=1; plural=0;";
/// One form for 1, another for the rest.
const ONE: &str = "nplurals=2; plural=(n != 1);";
/// One form for 0 and 1, another for the rest.
const ZERO_ONE: &str = "nplurals=2; plural=(n > 1);";
const EAST_SLAVIC: &str = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);";

/// The value of `Plural-Forms`, by language.
pub(super) const RULES: [(&str, &str); 67] = [
    ("af", ONE),
    (
        "ar",
        "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    ),
    ("az", ONE),
    ("be", EAST_SLAVIC),
    ("bg", ONE),
    ("bn", ZERO_ONE),
    ("br", ZERO_ONE),
    ("bs", EAST_SLAVIC),
    ("ca", ONE),
    ("ckb", ONE),
    ("cs", "nplurals=3; plural=(n==1 ? 0 : n>=2 && n<=4 ? 1 : 2);"),
    ("cy", "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n==3 ? 3 : n==6 ? 4 : 5);"),
    ("da", ONE),
    ("de", ONE),
    ("el", ONE),
    ("en", ONE),
    ("eo", ONE),
    ("es", ONE),
    ("et", ONE),
    ("eu", ONE),
    ("fa", ZERO_ONE),
    ("fi", ONE),
    ("fil", ZERO_ONE),
    ("fo", ONE),
    ("fr", ZERO_ONE),
    ("fy", ONE),
    ("ga", "nplurals=5; plural=(n==1 ? 0 : n==2 ? 1 : n<7 ? 2 : n<11 ? 3 : 4);"),
    ("gl", ONE),
    ("he", ONE),
    ("hi", ZERO_ONE),
    ("hr", EAST_SLAVIC),
    ("hu", ONE),
    ("hy", ZERO_ONE),
    ("id", NONE),
    ("is", "nplurals=2; plural=(n%10!=1 || n%100==11);"),
    ("it", ONE),
    ("ja", NONE),
    ("ka", ONE),
    ("kk", ONE),
    ("km", NONE),
    ("ko", NONE),
    ("ku", ONE),
    ("lb", ONE),
    (
        "lt",
        "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2);",
    ),
    ("lv", "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2);"),
    ("mk", "nplurals=2; plural=(n%10==1 && n%100!=11 ? 0 : 1);"),
    ("ms", NONE),
    ("nb", ONE),
    ("nl", ONE),
    ("nn", ONE),
    ("no", ONE),
    (
        "pl",
        "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    ),
    ("ps", ONE),
    ("pt", ONE),
    ("ro", "nplurals=3; plural=(n==1 ? 0 : n==0 || (n%100>0 && n%100<20) ? 1 : 2);"),
    ("ru", EAST_SLAVIC),
    ("sk", "nplurals=3; plural=(n==1 ? 0 : n>=2 && n<=4 ? 1 : 2);"),
    ("sl", "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);"),
    ("sq", ONE),
    ("sr", EAST_SLAVIC),
    ("sv", ONE),
    ("sw", ONE),
    ("th", NONE),
    ("tr", ONE),
    ("uk", EAST_SLAVIC),
    ("ur", ONE),
    ("zh", NONE),
];

/// The value of `Plural-Forms` for a locale, where its language is known. Brazilian Portuguese
/// counts 0 as one thing, European does not.
pub fn plural_forms(locale: &str) -> Option<&'static str> {
    if crate::locale::key(locale).starts_with("pt-br") {
        return Some(ZERO_ONE);
    }
    let language = crate::locale::language(locale);
    RULES.iter().find(|(known, _)| *known == language).map(|(_, rule)| *rule)
}
