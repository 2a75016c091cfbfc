//! Who may name whom: the map in `src/lib.rs`, and what the crates promise to do without.

use super::paths::{FILE, GLOB, HANDED_ON, Named, paths};

/// A module of `src`, or a crate of `crates`.
struct Room {
    name: &'static str,
    /// Which of ours it may name: modules of `src` and crates of `crates`. What is not named here,
    /// it must not name.
    ours: &'static [&'static str],
    /// What it must not name of others: crates, or parts of them.
    not: &'static [&'static str],
}

/// Sockets, files, other programs and the environment.
const NO_WORLD: [&str; 10] = [
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::os::unix::net",
    "std::fs",
    "std::env",
    "std::process::Command",
    "tokio::net",
    "tokio::fs",
];

/// Clocks and the system's randomness: time and randomness are arguments.
const NO_CLOCKS: [&str; 15] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "method::elapsed",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "tokio::time",
    "getrandom",
    "rand::rng",
    "rand::random",
    "rand::random_range",
    "rand::make_rng",
    "rand::rngs::ThreadRng",
    "rand::rngs::OsRng",
    "rand::rngs::SysRng",
    "rand_core::OsRng",
];

/// The database's library: the store's alone.
const NO_DATABASE: [&str; 1] = ["sqlx"];

/// Actors and their runtime.
const NO_RUNTIME: [&str; 5] = ["actix", "actix_web", "actix_rt", "tokio", "futures_util"];

/// What only [`COMPOSERS`] may name: the ends of the process and of its threads, and signals.
const ENDINGS: [&str; 7] = [
    "std::process::exit",
    "std::process::abort",
    "tokio::signal",
    "actix_rt::signal",
    "actix_web::rt::signal",
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
    Room { name: "crates/lti", ours: &[], not: &["log", "reqwest"] },
    Room { name: "crates/xmpp", ours: &[], not: &["actix", "actix_web"] },
    // Leaves.
    Room { name: "fsm", ours: &[], not: &["serde", "log"] },
    Room { name: "records", ours: &[], not: &["serde", "log"] },
    Room { name: "reference", ours: &[], not: &[] },
    Room { name: "files", ours: &[], not: &["serde", "log"] },
    Room { name: "yaml", ours: &[], not: &["serde", "log"] },
    Room { name: "settings", ours: &["files", "records", "yaml"], not: &[] },
    Room { name: "metrics", ours: &["records"], not: &["actix", "actix_web"] },
    Room { name: "telemetry", ours: &["settings"], not: &[] },
    Room { name: "failure", ours: &["files", "settings", "xmpp"], not: &[] },
    // What is taught, and to whom.
    Room { name: "i18n", ours: &["gettext"], not: &["log"] },
    Room { name: "lesson", ours: &["files", "fsm", "gettext", "yaml"], not: &["log"] },
    Room { name: "drawing", ours: &["fsm", "gettext", "i18n", "lesson"], not: &["log"] },
    Room {
        name: "session",
        ours: &["fsm", "gettext", "i18n", "lesson", "otr", "records"],
        not: &["log"],
    },
    Room {
        name: "store",
        ours: &["files", "records", "session", "settings"],
        not: &["actix", "actix_web"],
    },
    // Shells.
    Room {
        name: "actors",
        ours: &[
            "gettext", "i18n", "lesson", "lti", "metrics", "otr", "records", "session", "settings",
            "store", "xmpp",
        ],
        not: &["actix_web"],
    },
    Room {
        name: "http",
        ours: &[
            "actors", "drawing", "files", "gettext", "i18n", "lti", "metrics", "records", "session",
        ],
        not: &[],
    },
    // Commands.
    Room { name: "cli", ours: &["keys", "records"], not: &["actix", "actix_web"] },
    Room {
        name: "keys",
        ours: &["cli", "failure", "files", "otr", "records", "settings"],
        not: &[],
    },
    Room { name: "manual", ours: &["cli", "failure"], not: &[] },
    Room {
        name: "forget",
        ours: &["actors", "cli", "failure", "records", "settings", "store"],
        not: &[],
    },
    Room { name: "status", ours: &["cli", "failure", "settings"], not: &[] },
    Room {
        name: "learner",
        ours: &["cli", "failure", "files", "i18n", "otr", "records", "session", "settings", "xmpp"],
        not: &[],
    },
    Room {
        name: "translations",
        ours: &["cli", "failure", "files", "gettext", "i18n", "lesson", "settings"],
        not: &[],
    },
    Room {
        name: "authoring",
        ours: &[
            "cli",
            "drawing",
            "failure",
            "files",
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
        not: &[],
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
    let own = rules.name.strip_prefix("crates/");
    let is_own = |name: &str| name == rules.name || Some(name) == own;
    match named.path.as_slice() {
        [start, ..] if start == FILE => return Some(FILE.to_owned()),
        [start, handed @ ..] if start == HANDED_ON => {
            let of_others = ours().filter(|(name, _)| !is_own(name));
            let belongs = of_others.map(|(_, path)| path).find(|path| is_named(handed, path));
            let hidden = handed.first().filter(|_| handed.len() == 1).cloned();
            return belongs.or(hidden).map(|what| format!("{what} for others"));
        }
        // Names that stand in the root itself are anybody's.
        [start, name, ..] if start == "crate" && own.is_none() && rules.ours != EVERYTHING => {
            let is_room = ours().any(|(room, path)| room == name && path.starts_with("crate::"));
            if !is_room && name != GLOB {
                return Some(format!("crate::{name}, which has no room"));
            }
        }
        _ => {}
    }
    let forbidden_ours = ours().filter(|(name, _)| {
        rules.ours != EVERYTHING && !is_own(name) && !rules.ours.contains(name)
    });
    // Within a crate of its own, `crate::` is the crate.
    let forbidden_ours = forbidden_ours
        .map(|(_, path)| path)
        .filter(|path| own.is_none() || !path.starts_with("crate::"));
    let not = rules.not.iter().map(|&word| word.to_owned());
    forbidden_ours.chain(not).find(|word| is_named(&named.path, word)).or_else(|| {
        let mut words = of_others(rules.name).into_iter();
        words.find(|word| is_named_anyhow(&named.path, word)).map(str::to_owned)
    })
}

/// What a room must not name of others by the lists that it is on.
fn of_others(room: &str) -> Vec<&'static str> {
    let world = NO_WORLD.iter().filter(|_| WITHOUT_WORLD.contains(&room));
    let clocks = NO_CLOCKS.iter().filter(|_| WITHOUT_CLOCKS.contains(&room));
    let runtime = NO_RUNTIME.iter().filter(|_| WITHOUT_RUNTIME.contains(&room));
    let database = NO_DATABASE.iter().filter(|_| room != "store");
    let endings = ENDINGS.iter().filter(|_| !COMPOSERS.contains(&room));
    world.chain(clocks).chain(runtime).chain(database).chain(endings).copied().collect()
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

/// As [`is_named`], or by its last names, whichever way they came into the file: `Instant::now`,
/// `OsRng`.
fn is_named_anyhow(path: &[String], word: &str) -> bool {
    let words: Vec<&str> = word.split("::").collect();
    let tail = match words.as_slice() {
        [_, .., last] if last.starts_with(char::is_uppercase) => vec![*last],
        [_, .., of, last] => vec![*of, *last],
        [..] => return is_named(path, word),
    };
    let mut ends = path.iter().rev().zip(tail.iter().rev());
    is_named(path, word) || (path.len() >= tail.len() && ends.all(|(a, b)| a == b))
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
            assert!(fault.contains(&expected), "{fault}, not {expected}:\n{text}");
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
        for word in of_others(room.name).into_iter().filter(|word| !word.starts_with("method::")) {
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
fn ways_around_are_seen() {
    for (file, text) in [
        // Clocks and randomness by other doors.
        ("src/session/x.rs", "fn f(s: &S) { s.since.elapsed(); }"),
        ("src/session/x.rs", "use super::*;\nfn f() { Instant::now(); }"),
        (
            "src/session/x.rs",
            "mod clock { pub use std::time::Instant; }\nfn f() { clock::Instant::now(); }",
        ),
        ("src/session/x.rs", "fn f() { rand::random::<u64>(); }"),
        ("src/session/x.rs", "fn f() { println!(\"{:?}\", <std::time::Instant>::now()); }"),
        (
            "src/session/x.rs",
            "macro_rules! n { () => {{ use std::time::Instant; Instant::now() }} }",
        ),
        ("crates/lti/src/x.rs", "use jiff::Timestamp;\nfn f() { Timestamp::now(); }"),
        ("src/store/x.rs", "use super::process;\nfn f() { process::exit(1) }"),
        ("src/actors/x.rs", "use actix::prelude::*;\nfn f() { System::current().stop(); }"),
        ("src/http/x.rs", "fn f() { actix_web::rt::System::current(); }"),
        // What stands in the root, or is handed on.
        ("src/http/x.rs", "use crate::Settings;"),
        ("src/http/x.rs", "fn f() { crate::run(); }"),
        ("src/actors/x.rs", "pub use crate::store::Store;"),
        ("src/actors/x.rs", "pub(super) use crate::store::Store as S;"),
        ("src/actors/x.rs", "pub type S = crate::store::Store;"),
        ("src/lib.rs", "pub use store::Store;\nmod store;"),
        ("src/lib.rs", "#[macro_use]\nextern crate log;"),
        ("src/lib.rs", "extern crate self as me;"),
        // Conditions that hold in the program, too.
        ("src/http/x.rs", "#[cfg(any(test, debug_assertions))]\nuse crate::store::Store;"),
        ("src/http/x.rs", "#[cfg(feature = \"test-util\")]\nuse crate::store::Store;"),
        ("src/http/x.rs", "#[cfg(not(test))]\nuse crate::store::Store;"),
        ("src/http/x.rs", "mod tests;"),
        // A crate whose name something else has here.
        ("src/session/x.rs", "mod log;\nfn f() { ::log::warn!(\"x\"); }"),
        ("src/session/x.rs", "use ::log::info;\nmod log;"),
        ("src/http/x.rs", "use {::log::info, crate::store::Store};"),
        // Macros and attributes.
        ("src/http/x.rs", "macro_rules! of { ($m:ident) => { crate::$m::Store } }"),
        ("src/http/x.rs", "fn f() { vec![X { a: 1, ..crate::store::x() }]; }"),
        ("src/http/x.rs", "fn f() { html! { @for i in 0..crate::store::N {} } }"),
        ("src/http/x.rs", "#[serde(from = \"Vec<crate::store::Row>\")]\nstruct X;"),
        ("src/records/x.rs", "#[derive(sqlx::FromRow)]\nstruct X;"),
        // Spellings of names and files.
        ("src/http/x.rs", "use self::super::super::store::Store;"),
        ("src/http/x.rs", "use crate::r#store::Store;"),
        ("src/http/x.rs", "std::include!(\"../store/sql.rs\");"),
        ("src/http/x.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/../x.rs\"));"),
        ("src/http/x.rs", "#[cfg_attr(all(), path = \"../store/mod.rs\")]\nmod x;"),
        ("src/metrics/x.rs", "use tokio::net::TcpStream;"),
        ("src/session/x.rs", "use std::os::unix::net::UnixStream;"),
    ] {
        let faults = faults(file, &format!("//! X.\n{text}\n"));
        assert!(!faults.is_empty(), "{file} may say:\n{text}");
    }
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
        ("src/http/a.rs", "//! A.\n#[cfg(all(test, not(miri)))]\nuse crate::store::Store;\n"),
        ("src/http/a.rs", "//! A.\nfn f() { info!(target: \"otrbot::store\", \"std::fs\"); }\n"),
        (
            "src/http/a.rs",
            "//! A.\nfn f(view: &View) { g(view.store, \"crate::store\", store); }\n",
        ),
        ("src/session/a.rs", "//! A.\nmod log;\nfn f(log: Log) { log::read(); log.push(1); }\n"),
        ("src/session/a.rs", "//! A.\nuse super::Session;\nuse std::time::Instant;\n"),
        ("src/session/a.rs", "//! A.\nuse super::*;\n"),
        ("src/http/a.rs", "//! A.\nuse crate::{actors::View, records::{Course, Wanted}};\n"),
        ("src/http/a.rs", "//! A.\nuse crate::records::store::Word;\n"),
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
