//! Who may name whom: the map in `src/lib.rs`, and what the crates promise to do without.

use super::paths::{FILE, GLOB, Named, paths};

/// A module of `src`, or a crate of `crates`.
struct Room {
    name: &'static str,
    /// Which of ours it may name: modules of `src` and crates of `crates`. What is not named here,
    /// it must not name.
    ours: &'static [&'static str],
    /// What it must not name of others: crates, or parts of them.
    not: &'static [&'static str],
}

/// Sockets, files and the environment.
const NO_WORLD: [&str; 3] = ["std::net", "std::fs", "std::env"];

/// Clocks and the system's randomness: time and randomness are arguments.
const NO_CLOCKS: [&str; 8] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "tokio::time",
    "getrandom",
    "rand::rng",
    "rand::rngs::OsRng",
    "rand::rngs::SysRng",
    "rand_core::OsRng",
];

/// Actors and their runtime.
const NO_RUNTIME: [&str; 5] = ["actix", "actix_web", "actix_rt", "tokio", "futures_util"];

/// What only [`COMPOSERS`] may name: the ends of the process and of its threads, and signals.
const ENDINGS: [&str; 5] = [
    "std::process::exit",
    "std::process::abort",
    "tokio::signal",
    "actix::System::current",
    "actix_rt::System::current",
];

/// The modules that may end the process and listen for signals. The demo and the programs of tests
/// are none of ours.
const COMPOSERS: [&str; 4] = ["main", "cli", "daemon", "learner"];

/// From the bottom to the top.
const ROOMS: &[Room] = &[
    // Crates: what they name of others stands in their manifests, too.
    Room { name: "crates/otr", ours: &[], not: &["serde", "log"] },
    Room { name: "crates/gettext", ours: &[], not: &["log"] },
    Room { name: "crates/lti", ours: &[], not: &["log", "std::net::TcpStream", "reqwest"] },
    Room { name: "crates/xmpp", ours: &[], not: &["actix", "actix_web"] },
    // Leaves.
    Room { name: "fsm", ours: &[], not: &["serde", "log"] },
    Room { name: "records", ours: &[], not: &["serde", "log"] },
    Room { name: "reference", ours: &[], not: &[] },
    Room { name: "settings", ours: &["xmpp"], not: &[] },
    Room { name: "metrics", ours: &["records"], not: &[] },
    Room { name: "telemetry", ours: &["settings"], not: &[] },
    Room { name: "failure", ours: &["settings"], not: &[] },
    // What is taught, and to whom.
    Room { name: "i18n", ours: &["gettext"], not: &["log"] },
    Room { name: "lesson", ours: &["fsm"], not: &["log"] },
    Room { name: "drawing", ours: &["fsm", "gettext", "i18n", "lesson"], not: &["log"] },
    Room {
        name: "session",
        ours: &["fsm", "gettext", "i18n", "lesson", "otr", "records"],
        not: &["log", "sqlx"],
    },
    Room { name: "store", ours: &["records", "session", "settings"], not: &[] },
    // Shells.
    Room {
        name: "actors",
        ours: &[
            "gettext", "i18n", "lesson", "lti", "metrics", "otr", "records", "session", "settings",
            "store", "xmpp",
        ],
        not: &["actix_web", "sqlx"],
    },
    Room {
        name: "http",
        ours: &["actors", "drawing", "gettext", "i18n", "lti", "metrics", "records", "session"],
        not: &["sqlx"],
    },
    // Commands.
    Room { name: "cli", ours: &["keys"], not: &["actix", "actix_web", "sqlx"] },
    Room { name: "keys", ours: &["cli", "failure", "otr", "settings"], not: &["sqlx"] },
    Room { name: "manual", ours: &["cli", "failure"], not: &["sqlx"] },
    Room { name: "forget", ours: &["actors", "cli", "failure", "settings", "store"], not: &[] },
    Room { name: "status", ours: &["cli", "failure", "settings"], not: &["sqlx"] },
    Room { name: "learner", ours: &["cli", "failure", "otr", "xmpp"], not: &["sqlx"] },
    Room {
        name: "translations",
        ours: &["cli", "failure", "gettext", "i18n", "lesson", "settings"],
        not: &["sqlx"],
    },
    Room {
        name: "authoring",
        ours: &[
            "cli",
            "drawing",
            "failure",
            "fsm",
            "gettext",
            "i18n",
            "lesson",
            "otr",
            "records",
            "session",
            "settings",
            "translations",
        ],
        not: &["sqlx"],
    },
    // They know all.
    Room { name: "daemon", ours: EVERYTHING, not: &[] },
    Room { name: "lib", ours: EVERYTHING, not: &[] },
    Room { name: "main", ours: EVERYTHING, not: &[] },
];

/// For who may name whatever is ours.
const EVERYTHING: &[&str] = &["*"];

/// Rooms that see no socket, no file and no environment.
const WITHOUT_WORLD: [&str; 8] =
    ["crates/otr", "fsm", "records", "session", "i18n", "drawing", "metrics", "reference"];

/// Rooms that read no clock and take no randomness from the air.
const WITHOUT_CLOCKS: [&str; 9] = [
    "crates/otr",
    "crates/lti",
    "crates/gettext",
    "fsm",
    "records",
    "lesson",
    "drawing",
    "session",
    "i18n",
];

/// Rooms that know no actors and no runtime.
const WITHOUT_RUNTIME: [&str; 15] = [
    "crates/otr",
    "crates/lti",
    "crates/gettext",
    "fsm",
    "records",
    "reference",
    "lesson",
    "drawing",
    "session",
    "i18n",
    "settings",
    "failure",
    "telemetry",
    "keys",
    "translations",
];

/// Where a file belongs, `src/http/pages.rs` to `http`, and what its module is.
fn place(file: &str) -> Option<(String, Vec<&str>)> {
    let (room, inside) = match file.strip_prefix("crates/") {
        Some(rest) => {
            let (name, inside) =
                rest.split_once("/src/").filter(|(name, _)| !name.contains('/'))?;
            (Some(format!("crates/{name}")), inside)
        }
        None => (None, file.strip_prefix("src/")?),
    };
    let mut module: Vec<&str> = inside.strip_suffix(".rs")?.split('/').collect();
    let room = room.or_else(|| module.first().map(|&name| name.to_owned()))?;
    if module.last().is_some_and(|name| ["mod", "lib", "main"].contains(name)) {
        module.pop();
    }
    Some((room, module))
}

/// The faults of a file of `src` or of a crate against the layers.
pub(super) fn faults(file: &str, text: &str) -> Vec<String> {
    let Some((room, module)) = place(file) else { return Vec::new() };
    let Some(rules) = ROOMS.iter().find(|known| known.name == room) else {
        return vec![format!(
            "{file}:1: {room} has no place in the map of tests/parts/tidy/layers.rs"
        )];
    };
    let named = match paths(&module, text) {
        Ok(named) => named,
        Err(error) => return vec![format!("{file}:{}: {error}", error.span().start().line)],
    };
    let mut faults: Vec<String> = named
        .iter()
        .filter_map(|named| {
            let word = breach(rules, named)?;
            Some(format!("{file}:{}: {room} must not name {word}", named.line))
        })
        .collect();
    faults.dedup();
    faults
}

/// Our modules and crates, by the beginning of their paths.
fn ours() -> impl Iterator<Item = (&'static str, String)> {
    ROOMS.iter().map(|room| match room.name.strip_prefix("crates/") {
        Some(name) => (name, name.to_owned()),
        None => (room.name, format!("crate::{}", room.name)),
    })
}

/// What a path names that the room must not name.
fn breach(rules: &Room, named: &Named) -> Option<String> {
    if named.path.first().is_some_and(|start| start == FILE) {
        return Some("a file by its path".to_owned());
    }
    let own = rules.name.strip_prefix("crates/");
    let is_free = rules.ours == EVERYTHING;
    let forbidden_ours = ours().filter(|(name, _)| {
        let is_own = *name == rules.name || Some(*name) == own;
        !is_free && !is_own && !rules.ours.contains(name)
    });
    // Within a crate of its own, `crate::` is the crate.
    let forbidden_ours = forbidden_ours
        .map(|(_, path)| path)
        .filter(|path| own.is_none() || !path.starts_with("crate::"));
    let of_others = rules.not.iter().map(|&word| word.to_owned());
    let world = NO_WORLD.iter().filter(|_| WITHOUT_WORLD.contains(&rules.name));
    let clocks = NO_CLOCKS.iter().filter(|_| WITHOUT_CLOCKS.contains(&rules.name));
    let runtime = NO_RUNTIME.iter().filter(|_| WITHOUT_RUNTIME.contains(&rules.name));
    let endings = ENDINGS.iter().filter(|_| !COMPOSERS.contains(&rules.name));
    let words = world.chain(clocks).chain(runtime).chain(endings).map(|&word| word.to_owned());
    forbidden_ours.chain(of_others).chain(words).find(|word| is_named(&named.path, word))
}

/// Whether a path leads to what `word` stands for, into it, or by a glob around it.
fn is_named(path: &[String], word: &str) -> bool {
    let word: Vec<&str> = word.split("::").collect();
    match path {
        [around @ .., last] if last == GLOB => {
            let n = around.len().min(word.len());
            around.iter().take(n).zip(&word).all(|(a, b)| a == b)
        }
        path => path.len() >= word.len() && path.iter().zip(&word).all(|(a, b)| a == b),
    }
}

/// Checks that a file has just these faults.
#[track_caller]
fn check(file: &str, text: &str, expected: &[&str]) {
    assert_eq!(faults(file, text), expected, "{text}");
}

/// Spellings of one thing, `a::b::C`: at the top of a file, and inside of it.
fn spellings(path: &str) -> Vec<String> {
    let (before, last) = path.rsplit_once("::").unwrap_or(("", path));
    let mut all = vec![
        format!("fn f() {{ let _ = {path}::new(); }}"),
        format!("fn f() {{ let _: {path}::Thing; }}"),
        format!("fn f(_: &dyn {path}::Thing) {{}}"),
        format!("fn f() {{ <{path}::Thing>::new(); }}"),
        format!("impl {path}::Thing for X {{}}"),
        format!("fn f() {{ println!(\"{{}}\", {path}::new()); }}"),
        format!("fn f() {{ html! {{ p {{ ({path}::new()) }} }} }}"),
        format!("macro_rules! m {{ () => {{ {path}::new() }} }}"),
        format!("macro_rules! m {{ () => {{ use {path}::{{new, old}}; }} }}"),
        format!("#[serde(with = \"{path}::x\")]\nstruct X;"),
        format!("#[derive({path}::X)]\nstruct X;"),
        format!("fn f() {{ use {path}; }}"),
        format!("mod inner {{ use {path}::X; }}"),
        format!("type T = {path}::X;"),
        format!("use {path} as other;"),
        format!("use {path}::X as Y;"),
        format!("use {path}::*;"),
        format!("pub use {path}::X;"),
        format!("#[cfg(not(test))]\nuse {path}::X;"),
    ];
    if path.starts_with("crate") {
        all.push(format!("macro_rules! m {{ () => {{ ${path}::new() }} }}"));
        all.push(format!("fn f() {{ let _ = {}::new(); }}", path.replace("crate", "otrbot")));
    } else {
        all.push(format!("fn f() {{ let _ = ::{path}::new(); }}"));
    }
    if !before.is_empty() {
        all.extend([
            format!("use {before}::{{\n    a,\n    {last}::{{x, y}},\n}};"),
            format!("use {before}::{{a, b::{{c, d}}, {last}}};"),
            format!("use {before}::{{{last} as other}};"),
            format!("use {before}::{{self as around}};\nfn f() {{ around::{last}::new(); }}"),
            format!("use {before} as around;\nuse around::{last}::X;"),
            format!("use {before} as around;\nfn f() {{ around::{last}::new(); }}"),
            format!("use {before}::*;\nfn f() {{ {last}::new(); }}"),
        ]);
    }
    all
}

/// Checks that every spelling of a path is one fault or more, all of them about `word`.
#[track_caller]
fn check_spellings(file: &str, path: &str, word: &str) {
    for text in spellings(path) {
        let faults = faults(file, &format!("//! X.\n{text}\n"));
        let (room, _) = place(file).unwrap_or_default();
        let expected = format!("{room} must not name {word}");
        assert!(!faults.is_empty(), "{file} may say:\n{text}");
        for fault in faults {
            assert!(fault.ends_with(&expected), "{fault}, not {expected}:\n{text}");
        }
    }
}

#[test]
fn every_rule_about_ours_is_held_in_every_spelling() {
    for room in ROOMS.iter().filter(|room| room.ours != EVERYTHING) {
        let file = match room.name.strip_prefix("crates/") {
            Some(name) => format!("crates/{name}/src/inner/file.rs"),
            None => format!("src/{}/inner/file.rs", room.name),
        };
        let is_crate = room.name.starts_with("crates/");
        for (name, path) in ours() {
            let is_own = name == room.name || room.name.ends_with(&format!("/{name}"));
            // Crates cannot name modules of `src`: the compiler holds that.
            if is_own || room.ours.contains(&name) || (is_crate && path.starts_with("crate::")) {
                continue;
            }
            if path.starts_with("crate::") {
                // A glob of the root names all that is forbidden; the first is told.
                for text in spellings(&path) {
                    let faults = faults(&file, &format!("//! X.\n{text}\n"));
                    assert!(!faults.is_empty(), "{file} may say:\n{text}");
                }
            } else {
                check_spellings(&file, &path, &path);
            }
        }
    }
}

#[test]
fn every_rule_about_others_is_held_in_every_spelling() {
    for room in ROOMS {
        let file = match room.name.strip_prefix("crates/") {
            Some(name) => format!("crates/{name}/src/inner.rs"),
            None if ["lib", "main"].contains(&room.name) => format!("src/{}.rs", room.name),
            None => format!("src/{}/inner.rs", room.name),
        };
        for word in room.not {
            check_spellings(&file, word, word);
        }
        let lists: [(&[&str], bool); 4] = [
            (&NO_WORLD, WITHOUT_WORLD.contains(&room.name)),
            (&NO_CLOCKS, WITHOUT_CLOCKS.contains(&room.name)),
            (&NO_RUNTIME, WITHOUT_RUNTIME.contains(&room.name)),
            (&ENDINGS, !COMPOSERS.contains(&room.name)),
        ];
        for word in lists.iter().filter(|(_, holds)| *holds).flat_map(|(words, _)| words.iter()) {
            for text in spellings(word) {
                let faults = faults(&file, &format!("//! X.\n{text}\n"));
                assert!(!faults.is_empty(), "{file} may say:\n{text}");
            }
        }
    }
}

#[test]
fn a_fault_is_told_with_its_place() {
    check(
        "src/http/pages/learn.rs",
        "//! L.\nuse crate::{\n    actors::View,\n    store::{self, Store},\n};\n",
        &["src/http/pages/learn.rs:4: http must not name crate::store"],
    );
    check(
        "src/session/mod.rs",
        "//! S.\nfn f() { let now = std::time::Instant::now(); }\n",
        &["src/session/mod.rs:2: session must not name std::time::Instant::now"],
    );
    check(
        "src/session/mod.rs",
        "//! S.\nuse std::time::{Duration, Instant as Clock};\ntype C = Clock;\nfn f() {\n    <C>::now();\n}\n",
        &["src/session/mod.rs:5: session must not name std::time::Instant::now"],
    );
    check(
        "src/store/mod.rs",
        "//! S.\nuse std::process as p;\nfn f() { p::exit(1) }\n",
        &["src/store/mod.rs:3: store must not name std::process::exit"],
    );
    check(
        "src/settings/read/tree.rs",
        "//! T.\nuse super::super::super::store::Store;\n",
        &["src/settings/read/tree.rs:2: settings must not name crate::store"],
    );
    check(
        "src/http/mod.rs",
        "//! H.\nmod inner {\n    use super::super::store;\n}\n",
        &["src/http/mod.rs:3: http must not name crate::store"],
    );
    check(
        "src/new/x.rs",
        "//! N.\n",
        &["src/new/x.rs:1: new has no place in the map of tests/parts/tidy/layers.rs"],
    );
    check(
        "src/http/x.rs",
        "//! H.\n#[path = \"../store/mod.rs\"]\nmod x;\n",
        &["src/http/x.rs:2: http must not name a file by its path"],
    );
    check(
        "src/http/x.rs",
        "//! H.\ninclude!(\"../store/mod.rs\");\n",
        &["src/http/x.rs:2: http must not name a file by its path"],
    );
    check(
        "src/http/x.rs",
        "//! H.\nfn f( {\n",
        &["src/http/x.rs:2: cannot parse string into token stream"],
    );
}

#[test]
fn what_is_allowed_is_no_fault() {
    for (file, text) in [
        // Comments, strings, code for unit tests, fields, variables and children of the same name.
        (
            "src/http/a.rs",
            "//! See crate::store.\n/// [`crate::store`]\nfn f() {} // crate::store\n",
        ),
        ("src/http/a.rs", "//! A.\n#[cfg(test)]\nmod tests { use crate::store::Store; }\n"),
        ("src/http/a.rs", "//! A.\n#[cfg(all(test, unix))]\nuse crate::store::Store;\n"),
        (
            "src/http/a.rs",
            "//! A.\nfn f(view: &View) { g(view.store, \"crate::store\", store); }\n",
        ),
        ("src/session/a.rs", "//! A.\nmod log;\nfn f(log: Log) { log::read(); log.push(1); }\n"),
        ("src/session/a.rs", "//! A.\nuse super::Session;\nuse std::time::Instant;\n"),
        ("src/session/a.rs", "//! A.\nuse super::*;\n"),
        ("src/http/a.rs", "//! A.\nuse crate::{actors::View, records::{Course, Wanted}};\n"),
        ("src/http/a.rs", "//! A.\nuse crate::store_of_words::Word;\n"),
        (
            "src/i18n.rs",
            "//! A.\nconst A: &[u8] = include!(concat!(env!(\"OUT_DIR\"), \"/a.rs\"));\n",
        ),
        ("src/http/a.rs", "//! A.\npub(in crate::http) fn f() {}\n"),
        ("crates/otr/src/a.rs", "//! A.\nuse crate::session::Session;\n"),
        ("src/daemon/a.rs", "//! A.\nuse crate::*;\nfn f() { std::process::exit(1) }\n"),
        ("tests/parts/a.rs", "//! A.\nuse otrbot::store::Store;\n"),
    ] {
        check(file, text, &[]);
    }
}
