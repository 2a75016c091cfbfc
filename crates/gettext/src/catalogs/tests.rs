use super::*;
use crate::{Gap, Lack};

const DOMAIN: &str = "otrbot";
const NOTHING: Shipped = Shipped { domain: DOMAIN, po: &[] };

const DUTCH: &str = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\
    \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n\
    msgid \"Good morning\"\nmsgstr \"Goedemorgen\"\n\n\
    msgid \"one\"\nmsgid_plural \"many\"\nmsgstr[0] \"een\"\nmsgstr[1] \"veel\"\n\n\
    #, fuzzy\nmsgid \"Old\"\nmsgstr \"Oud\"\n\n\
    msgid \"Hi {x}\"\nmsgstr \"Hoi\"\n";

fn catalog(locale: &str) -> Catalog {
    Catalog::parse_po(locale, "x.po", DUTCH.as_bytes()).unwrap().0
}

/// A folder with the files of languages: locale, extension, content.
fn folder(files: &[(&str, &str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (locale, extension, content) in files {
        let path = catalog_file(&folder.path().join(locale), DOMAIN, extension);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

#[test]
fn english_needs_no_file_and_is_complete() {
    let (catalogs, problems) = Catalogs::load(&NOTHING, None);

    let english = catalogs.find("en_GB");

    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(english.locale(), "en_GB");
    assert_eq!(english.language_tag(), "en-GB");
    assert_eq!(english.text("Good morning"), "Good morning");
    assert_eq!(english.plural("one", "many", 2), "many");
    assert_eq!(english.text(""), "");
    assert_eq!(english.gap(None, "Good morning"), None);
}

#[test]
fn a_folder_is_read_and_its_faults_are_told_without_costing_the_rest() {
    let folder = folder(&[
        ("nl_NL", "po", DUTCH.as_bytes()),
        ("de", "mo", b"no catalog at all"),
        ("es", "po", b"msgid \"a\"\nmsgid \"b\"\n"),
        ("fr", "txt", b""),
        ("no locale", "txt", b""),
    ]);
    fs::write(folder.path().join("README"), "a file").unwrap();
    let mut catalogs = Catalogs::default();

    let problems = catalogs.read_folder(folder.path(), DOMAIN);

    assert_eq!(catalogs.iter().map(|c| c.locale()).collect::<Vec<_>>(), ["en_GB", "nl_NL"]);
    assert_eq!(catalogs.find("nl_NL").text("Good morning"), "Goedemorgen");
    let (doubts, problems): (Vec<_>, Vec<_>) = problems.iter().partition(|p| p.is_doubt());
    assert!(
        doubts.iter().all(|doubt| doubt.to_string().contains("/nl_NL/LC_MESSAGES/otrbot.po:1: "))
    );
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for (problem, expected) in problems.iter().zip([
        "de/LC_MESSAGES/otrbot.mo: it is no MO file",
        "es/LC_MESSAGES/otrbot.po:1: the message has no \"msgstr\"",
        "es/LC_MESSAGES/otrbot.po:2: the message has no \"msgstr\"",
        "nl_NL/LC_MESSAGES/otrbot.po:17: {x} is missing",
        "the name is not a locale",
    ]) {
        assert!(problem.contains(expected), "{problem}\n{expected}");
    }
    assert_eq!(problems.len(), 5, "{problems:?}");
}

#[test]
fn what_a_language_lacks_is_english_and_is_told_with_its_place() {
    let catalog = catalog("nl");

    assert_eq!(catalog.text("Hi {x}"), "Hi {x}");
    assert_eq!(catalog.text("Old"), "Old");
    let gap = |lack, place: Option<&str>| Some(Gap { lack, place: place.map(str::to_owned) });
    assert_eq!(catalog.gap(None, "Good morning"), None);
    assert_eq!(catalog.gap(None, "Old"), gap(Some(Lack::Fuzzy), Some("x.po:14")));
    assert_eq!(catalog.gap(None, "Hi {x}"), gap(Some(Lack::Faulty), Some("x.po:17")));
    assert_eq!(catalog.gap(None, "New"), gap(None, None));
    assert_eq!(catalog.gap(Some("door"), "Good morning"), gap(None, None));
}

#[test]
fn a_folder_completes_and_overrides_text_by_text() {
    let folder =
        folder(&[("nl", "po", b"msgid \"\"\nmsgstr \"\"\n\nmsgid \"one\"\nmsgstr \"eentje\"\n")]);
    let mut catalogs = Catalogs::default();
    catalogs.insert(catalog("nl"));

    let problems = catalogs.read_folder(folder.path(), DOMAIN);
    assert!(
        matches!(&problems[..], [Problem::Text { fault, .. }] if fault.what.contains("no header"))
    );

    let dutch = catalogs.find("nl");
    assert_eq!(dutch.text("one"), "eentje");
    assert_eq!(dutch.text("Good morning"), "Goedemorgen");
}

#[test]
fn the_newer_of_mo_and_po_is_read() {
    let mo = crate::mo::write(&[(
        crate::po::Source { text: "Good morning".to_owned(), ..Default::default() },
        vec!["from the MO file".to_owned()],
    )])
    .unwrap();
    let folder = folder(&[("nl", "po", DUTCH.as_bytes()), ("nl", "mo", &mo)]);
    let [mo, po] = ["mo", "po"].map(|kind| catalog_file(&folder.path().join("nl"), DOMAIN, kind));
    let set = |path: &Path, secs: u64| {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(secs);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    for (po_time, expected) in
        [(1, "from the MO file"), (2, "from the MO file"), (3, "Goedemorgen")]
    {
        set(&mo, 2);
        set(&po, po_time);
        let mut catalogs = Catalogs::default();
        drop(catalogs.read_folder(folder.path(), DOMAIN));
        assert_eq!(catalogs.find("nl").text("Good morning"), expected, "{po_time}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let (catalogs, problems) = Catalogs::load(&NOTHING, Some(Path::new("there/is/no/such/folder")));

    assert_eq!(catalogs.find("tlh").locale(), "en_GB");
    assert!(matches!(problems[..], [Problem::Folder { .. }]));
}

#[test]
fn the_nearest_locale_is_found() {
    let mut catalogs = Catalogs::default();
    for locale in ["nl_NL", "pt", "fr_FR", "ar", "zh_Hant"] {
        catalogs.insert(catalog(locale));
    }
    for (asked, given) in [
        ("nl_NL", "nl_NL"),
        ("nl-nl", "nl_NL"),
        ("nl", "nl_NL"),
        ("nl-BE", "nl_NL"),
        ("nl-Latn-BE", "nl_NL"),
        ("pt_BR", "pt"),
        ("en-US", "en_GB"),
        // Canvas adds who the texts were made for, and POSIX the charset.
        ("en-GB-x-ukhe", "en_GB"),
        ("en-AU-x-unimelb", "en_GB"),
        ("fr-CA", "fr_FR"),
        ("fr_CA.UTF-8", "fr_FR"),
        ("nl_NL@euro", "nl_NL"),
        (" nl ", "nl_NL"),
        ("ar-EG", "ar"),
        ("zh-Hant", "zh_Hant"),
        ("sw", "en_GB"),
        ("", "en_GB"),
        ("nl/../nl", "en_GB"),
        ("nl\0", "en_GB"),
        (&"n".repeat(36), "en_GB"),
    ] {
        assert_eq!(catalogs.find(asked).locale(), given, "{asked:?}");
    }
}

#[test]
fn the_default_can_be_another_language() {
    let mut catalogs = Catalogs::default();
    catalogs.insert(catalog("nl_NL"));

    assert!(!catalogs.set_default("fr"));
    assert!(catalogs.set_default("nl"));

    assert_eq!(catalogs.find("fr").locale(), "nl_NL");
    assert_eq!(catalogs.find("en").locale(), "en_GB");
}

#[test]
fn a_language_whose_file_breaks_keeps_what_it_had() {
    let good = |word: &str| {
        format!(
            "msgid \"\"\nmsgstr \"Language: nl\\n\"\n\nmsgid \"a\"\nmsgstr \"{word}\"\n\n\
             msgid \"c {{x}}\"\nmsgstr \"{word} {{x}}\"\n"
        )
    };
    let first = folder(&[("nl", "po", good("one").as_bytes())]);
    let (before, _) = Catalogs::load(&NOTHING, Some(first.path()));
    let french = good("un").replace("Language: nl", "Language: fr");
    for (name, nl) in [
        ("no PO file", "hello".to_owned()),
        ("empty", String::new()),
        ("without header", "msgid \"a\"\nmsgstr \"two\"\n".to_owned()),
        ("another language", good("zwei").replace("Language: nl", "Language: de")),
        ("one text", good("two").replace("two {x}", "two {y}")),
    ] {
        let second = folder(&[("nl", "po", nl.as_bytes()), ("fr", "po", french.as_bytes())]);
        let (mut after, problems) = Catalogs::load(&NOTHING, Some(second.path()));
        assert!(problems.iter().any(|problem| !problem.is_doubt()), "{name}");

        assert_eq!(after.keep_broken(&before), ["nl"], "{name}");

        assert_eq!(after.find("nl").text("a"), "one", "{name}");
        assert_eq!(after.find("nl").text("c {x}"), "one {x}", "{name}");
        assert_eq!(after.find("fr").text("a"), "un", "{name}: the others are new");
    }

    // What is no fault is used, and what is gone is gone.
    let doubtful = folder(&[("nl", "po", format!("\u{feff}{}", good("two")).as_bytes())]);
    let (mut after, _) = Catalogs::load(&NOTHING, Some(doubtful.path()));
    assert!(after.keep_broken(&before).is_empty());
    assert_eq!(after.find("nl").text("a"), "two");
    let (mut after, _) = Catalogs::load(&NOTHING, Some(folder(&[]).path()));
    assert!(after.keep_broken(&before).is_empty());
    assert_eq!(after.find("nl").text("a"), "a");

    let (mut after, _) = Catalogs::load(&NOTHING, Some(Path::new("there/is/no/such/folder")));
    assert_eq!(after.keep_broken(&before), ["en_GB", "nl"]);
    assert_eq!(after.find("nl").text("a"), "one");
}

#[test]
fn what_an_mo_file_lacks_is_explained_by_its_po_file() {
    let compiled = crate::Compiled::new(&crate::po::Po::parse(DUTCH.as_bytes()).unwrap());
    let mo = crate::mo::write(&compiled.pairs).unwrap();
    let folder = folder(&[("nl", "po", DUTCH.as_bytes()), ("nl", "mo", &mo)]);
    let mut catalogs = Catalogs::default();

    assert!(catalogs.read_folder(folder.path(), DOMAIN).is_empty());

    let dutch = catalogs.find("nl");
    assert_eq!(dutch.gap(None, "Good morning"), None);
    for (text, lack, line) in [("Old", Lack::Fuzzy, 14), ("Hi {x}", Lack::Faulty, 17)] {
        let gap = dutch.gap(None, text).unwrap();
        assert_eq!(gap.lack, Some(lack));
        let place = gap.place.unwrap();
        assert!(place.ends_with(&format!("LC_MESSAGES/otrbot.po:{line}")), "{place}");
    }
}

#[test]
fn what_one_country_lacks_is_said_as_another_one_says_it() {
    let po = |language: &str, text: &str| {
        format!(
            "msgid \"\"\nmsgstr \"Language: {language}\\n\"\n\nmsgid \"{text}\"\nmsgstr \"{language}\"\n"
        )
    };
    let files = [("fr_FR", "a"), ("fr_CA", "b"), ("sw", "a"), ("zh_Hans", "a"), ("zh_Hant", "b")];
    let files = files.map(|(locale, text)| (locale, po(locale, text)));
    let files: Vec<(&str, &str, &[u8])> =
        files.iter().map(|(locale, po)| (*locale, "po", po.as_bytes())).collect();
    let shipped = Shipped {
        domain: DOMAIN,
        po: &[(
            "fr_FR",
            "msgid \"\"\nmsgstr \"Language: fr_FR\\n\"\n\nmsgid \"c\"\nmsgstr \"fr_FR\"\n",
        )],
    };

    let (catalogs, _) = Catalogs::load(&shipped, Some(folder(&files).path()));

    for (locale, texts) in [
        ("fr_CA", ["a", "fr_CA", "fr_FR"]),
        ("fr_FR", ["fr_FR", "b", "fr_FR"]),
        ("sw", ["sw", "b", "c"]),
        // Another script is another language for who reads it.
        ("zh_Hant", ["a", "zh_Hant", "c"]),
    ] {
        let catalog = catalogs.find(locale);
        assert_eq!(["a", "b", "c"].map(|text| catalog.text(text)), texts, "{locale}");
    }
}
