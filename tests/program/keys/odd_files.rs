//! A folder of odd files: libotr and we find the same accounts in each.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use otr::identity::SigningKey;
use otr::key_file::{Account, KeyFile};

use crate::keys::Folder;
use crate::keys::libotr::held;

/// What comes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Both read the same accounts, and leave nothing out.
    Same,
    /// Both read the same accounts; we tell of something that we leave out.
    Told,
    /// libotr reads accounts whose numbers are no key; we tell of them.
    NoKey,
    /// libotr stops in the middle; we tell what is wrong and read the rest.
    More,
    /// Neither reads anything.
    Neither,
}
use Outcome::{More, Neither, NoKey, Same, Told};

/// The text of a key, and the numbers in it.
struct Key {
    text: String,
}

impl Key {
    fn new() -> Self {
        let key = SigningKey::generate(&mut rand::make_rng::<rand::rngs::StdRng>());
        let mut file = KeyFile::new();
        file.set(Account::new("a", "b", Arc::new(key)).unwrap()).unwrap();
        let text = file.to_text();
        let start = text.find("(private-key").unwrap();
        let end = text.rfind(")\n)").unwrap();
        Self { text: text.get(start..end).unwrap().trim_end().to_owned() }
    }

    /// The key with another number in the place of this one.
    fn with(&self, field: &str, number: &str) -> String {
        let start = format!("({field} #");
        let (before, rest) = self.text.split_once(&start).unwrap();
        let (_, after) = rest.split_once('#').unwrap();
        format!("{before}({field} {number}{after}")
    }

    fn number(&self, field: &str) -> &str {
        let (_, rest) = self.text.split_once(&format!("({field} #")).unwrap();
        rest.split_once('#').unwrap().0
    }
}

fn account(name: &str, protocol: &str, key: &str) -> String {
    format!("(account (name {name})(protocol {protocol}){key})")
}

fn file(accounts: &[String]) -> String {
    format!("(privkeys\n{}\n)\n", accounts.join("\n"))
}

/// Files that hold an account whose name is written so.
const NAMES: &[(&str, Outcome)] = &[
    ("totem", Same),
    ("\"totem@example.org/\"", Same),
    ("\"1\"", Same),
    ("\"\"", Same),
    ("##", Same),
    ("\"Totem@Example.ORG\"", Same),
    ("\"totem \"", Same),
    ("a b", Same),
    ("#61620063#", Same),
    ("#61 62\n\t63#", Same),
    ("|YWRh|", Same),
    ("|YWQ=|", Same),
    ("|YWQ|", Same),
    ("|YQ==YWI=|", Same),
    ("|Y|", Same),
    ("||", Same),
    ("3|YWRh|", Same),
    ("3:ada", Same),
    ("3:a)(", Same),
    ("3:adaxx", Same),
    ("99\"ada\"", Same),
    ("9#616461#", Same),
    ("[text]ada", Same),
    ("[ text ] ada", Same),
    ("[a][b]ada", Same),
    ("ada [t]", Same),
    ("[]ada", Same),
    ("[4:text]3:ada", Same),
    ("\"a\\x64\\141\"", Same),
    ("\"a\\477\"", Same),
    ("\"a\\'b\"", Same),
    ("\"a\\\nb\"", Same),
    ("\"a\\\r\nb\"", Same),
    ("\"a\nb\"", Same),
    ("\"a\"b", Same),
    ("\"a\"\"b\"", Same),
    ("a-b./_:*+=c", Same),
    ("a\"b\"", Same),
    ("a#62#", Same),
    ("a[b]", Same),
    ("-1a", Same),
    ("\"\u{1}\"", Same),
    ("|YW Rh|", Neither),
    ("|YW\nRh|", Neither),
    ("|Y!Rh|", Neither),
    ("|YQ==!|", Neither),
    ("1", Neither),
    ("1abc", Neither),
    ("03:ada", Neither),
    ("0:", Neither),
    ("99999999999999999999:ada", Neither),
    ("3 :ada", Neither),
    ("[t ada", Neither),
    ("[[a]]", Neither),
    ("[(a)]ada", Neither),
    ("ada]", Neither),
    ("\"a\\qd\"", Neither),
    ("\"a\\14\"", Neither),
    ("\"a\\x6\"", Neither),
    ("#616#", Neither),
    ("#6g#", Neither),
    ("a@b", Neither),
    ("a&b", Neither),
    ("a~b", Neither),
];

/// Other files, with two keys.
fn files(one: &Key, two: &Key) -> Vec<(String, Outcome)> {
    let good = account("ada", "prpl-jabber", &one.text);
    let other = account("bob", "prpl-jabber", &two.text);
    let bad = |field, number| account("bad", "prpl-bonjour", &one.with(field, number));
    let both = |first: &str| file(&[first.to_owned(), other.clone()]);
    let plain = file(std::slice::from_ref(&good));
    let canonical = plain.replace("prpl-jabber", "11:prpl-jabber").replace("ada", "3:ada");
    let inner = one
        .text
        .strip_prefix("(private-key")
        .and_then(|text| text.strip_suffix(')'))
        .unwrap()
        .trim();
    vec![
        (file(&[good.clone(), other.clone()]), Same),
        (file(&["a@x/", "b@x/"].map(|name| account(&format!("\"{name}\""), "p", &one.text))), Same),
        (file(&[account("\"1\"", "\"libpurple-Jabber\"", &one.text)]), Same),
        (canonical, Same),
        (file(&[good.clone(), account("ada", "prpl-jabber", &two.text)]), Told),
        // Numbers.
        (file(&[account("ada", "p", &one.with("x", &format!("#0000{}#", one.number("x"))))]), Same),
        (
            file(&[account(
                "ada",
                "p",
                &one.with("q", &format!("#{}#", one.number("q").trim_start_matches("00"))),
            )]),
            Same,
        ),
        (both(&bad("x", "#01#")), NoKey),
        (both(&bad("x", "#00#")), NoKey),
        (both(&bad("x", "##")), NoKey),
        (both(&bad("x", &format!("#00{}#", "ff".repeat(20)))), NoKey),
        (both(&bad("y", "#05#")), NoKey),
        (both(&bad("p", "#05#")), NoKey),
        (both(&bad("x", "abc")), NoKey),
        // Further members, and another order.
        (
            file(&[good
                .replace("(name", "(comment \"hi\")(name")
                .replace("(private", "(x (y z))(private")]),
            Same,
        ),
        (file(&[good.replace("(account", "(account blah")]), Same),
        (file(&[good.replace("(account", "(\"account\"")]), Same),
        (file(&[format!("(account {}(protocol p)(name ada))", one.text)]), Same),
        (file(&[good.replace("(name ada)", "(x (name ada))")]), Same),
        (file(&[good.replace("(name ada)", "(x (name eve))(name ada)")]), Same),
        (file(&[good.replace("(name ada)", "(namex eve)()(name ada)")]), Same),
        (file(&[good.replace("(name ada)", "(name ada)(name eve)")]), Same),
        (file(&[format!("(account (name a)(protocol p){}{})", one.text, two.text)]), Same),
        (
            file(
                &[good.replace("(name", &format!("{}a{}(name", "(".repeat(200), ")".repeat(200)))],
            ),
            Same,
        ),
        (plain.replace("(dsa", "(dsa foo"), Same),
        (plain.replace("(privkeys", "(\"privkeys\""), Same),
        (plain.replace("(privkeys", "(#707269766b657973#"), Same),
        // White space and ends.
        (plain.replace('\n', "\r\n"), Same),
        (plain.replace('\n', "\r"), Same),
        (plain.replace(' ', "\t"), Same),
        (format!("\n\u{b}\u{c} {plain}\n\n"), Same),
        (format!("{plain}\0"), Same),
        (format!("{plain}\0\0\0"), Same),
        (format!("{plain}garbage"), Told),
        (format!("{plain} x \"y\" #00#"), Told),
        (format!("{plain}(x)"), Told),
        ("(privkeys)".to_owned(), Neither),
        ("(privkeys\n)\n".to_owned(), Neither),
        (String::new(), Neither),
        ("\n".to_owned(), Neither),
        ("()".to_owned(), Neither),
        (plain.replace("privkeys", "PRIVKEYS"), Neither),
        (format!("(x {plain})"), Neither),
        (format!("x {plain}"), Neither),
        (format!("\u{feff}{plain}"), Neither),
        (format!("; a comment\n{plain}"), Neither),
        (format!("# a comment\n{plain}"), Neither),
        (format!("{plain})"), Neither),
        (format!("{plain} @"), Neither),
        (format!("{plain} (x"), Neither),
        (plain.trim_end().strip_suffix(')').unwrap().to_owned(), Neither),
        (format!("{{{plain}}}"), Neither),
        // What libotr stops at.
        (both("(account (protocol p))"), More),
        (both("(account (name a)(protocol p))"), More),
        (both(&good.replace("(name ada)", "")), More),
        (both(&good.replace("(name ada)", "(name)")), More),
        (both(&good.replace("(name ada)", "(name (a))")), More),
        (both(&good.replace("(protocol prpl-jabber)", "")), More),
        (both(&good.replace("dsa", "rsa")), More),
        (both(&good.replace(&one.text, inner)), More),
        (both("blah"), More),
        (both("(blah x)"), More),
        (both("()"), More),
        (format!("{plain}{plain}"), Told),
    ]
}

type Accounts = BTreeSet<(String, String)>;

fn check(folder: &Folder, text: &[u8], outcome: Outcome) {
    let path = folder.file("odd");
    fs::write(&path, text).unwrap();
    let shown = String::from_utf8_lossy(text);

    let theirs = held(&path);
    let ours = KeyFile::parse(text);

    let they_hold: Accounts =
        theirs.iter().map(|(_, name, protocol)| (name.clone(), protocol.clone())).collect();
    let Ok(ours) = ours else {
        assert_eq!((outcome, they_hold.len()), (Neither, 0), "{ours:?}\n{shown}");
        return;
    };
    let owned = |name: &str, protocol: &str| (name.to_owned(), protocol.to_owned());
    let used: Accounts = ours.accounts().iter().map(|a| owned(a.name(), a.protocol())).collect();
    let told: Accounts = ours
        .left_out()
        .iter()
        .filter_map(|part| Some(owned(part.name()?, part.protocol()?)))
        .collect();
    let is_as_expected = match outcome {
        Same => !used.is_empty() && used == they_hold && ours.left_out().is_empty(),
        Told => !used.is_empty() && used == they_hold && ours.left_out().len() == 1,
        NoKey => used.len() == 1 && &used | &told == they_hold && ours.left_out().len() == 1,
        More => used.len() == 1 && they_hold.is_subset(&used) && ours.left_out().len() == 1,
        Neither => used.is_empty() && they_hold.is_empty(),
    };
    assert!(is_as_expected, "{outcome:?}\nours: {ours:?}\nlibotr: {theirs:?}\n{shown}");
    // Of an account that stands there once, it is the same key.
    for (fingerprint, name, protocol) in &theirs {
        let once = theirs.iter().filter(|(_, n, p)| (n, p) == (name, protocol)).count() == 1;
        if let Some(account) = ours.find(name, protocol).filter(|_| once) {
            assert_eq!(account.key().public_key().fingerprint().to_hex(), *fingerprint);
        }
    }
    // What we write of it, libotr reads, too.
    if ours.left_out().is_empty() && !used.is_empty() {
        fs::write(&path, ours.to_text().as_bytes()).unwrap();
        assert_eq!(held(&path).len(), used.len(), "{}", *ours.to_text());
    }
}

#[test]
fn libotr_and_we_find_the_same_accounts() {
    let folder = Folder::new();
    let [one, two] = [Key::new(), Key::new()];
    for &(name, outcome) in NAMES {
        check(&folder, file(&[account(name, "prpl-jabber", &one.text)]).as_bytes(), outcome);
    }
    for (text, outcome) in files(&one, &two) {
        check(&folder, text.as_bytes(), outcome);
    }
}

#[test]
fn a_name_that_is_no_utf_8_is_told() {
    let folder = Folder::new();
    let [one, two] = [Key::new(), Key::new()];
    let accounts = [account("#ff61#", "p", &one.text), account("bob", "p", &two.text)];
    let text = file(&accounts);
    fs::write(folder.file("odd"), &text).unwrap();

    let ours = KeyFile::parse(text.as_bytes()).unwrap();

    assert_eq!(held(&folder.file("odd")).len(), 2);
    assert_eq!((ours.accounts().len(), ours.left_out().len()), (1, 1));
    assert!(ours.left_out()[0].why().to_string().ends_with("expected a name in UTF-8"));
}
