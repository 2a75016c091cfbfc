//! Files that other programs wrote: what they call accounts, and what stands there beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use otr::identity::SigningKey;
use otr::key_file::{Account, KeyFile};

use crate::keys::{Folder, keys, otrbot};

const BOT: &str = "totem@example.org";

/// A file with these accounts, each with a fresh key.
fn write(folder: &Folder, name: &str, accounts: &[(&str, &str)]) -> PathBuf {
    let mut file = KeyFile::new();
    for (name, protocol) in accounts {
        let key = SigningKey::generate(&mut rand::make_rng::<rand::rngs::StdRng>());
        file.set(Account::new(name, protocol, Arc::new(key)).unwrap()).unwrap();
    }
    folder.write(name, &file.to_text())
}

fn change(folder: &Folder, file: &Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(file).unwrap();
    folder.write(file.file_name().unwrap().to_str().unwrap(), &change(text));
}

/// What `otrbot check` says of a file of keys of [`BOT`]: its code, and what it writes.
fn check(folder: &Folder, file: &str) -> (Option<i32>, String) {
    let settings = folder.write(
        "settings.yaml",
        &format!(
            "xmpp:\n  default_account: {BOT}\n  accounts:\n    {BOT}:\n      password: hunter2\n      \
             server: 127.0.0.1:9\n      private_key: {file}\n\
             tls: {{ ca_certs: null }}\nlti: {{ enabled: false }}\n\
             metrics: {{ bind: \"127.0.0.1:0\" }}\n"
        ),
    );
    let done = otrbot(&["check", "--settings"]).arg(settings).run();
    (done.code, done.stderr)
}

/// The fingerprint of an account in a file.
fn fingerprint(file: &Path, name: &str) -> String {
    let file = KeyFile::parse(&std::fs::read(file).unwrap()).unwrap();
    let account = file.accounts().iter().find(|account| account.name() == name).unwrap();
    account.key().public_key().fingerprint().to_string()
}

#[test]
fn an_account_of_pidgin_without_a_resource_is_found_by_its_jabber_id() {
    let folder = Folder::new();
    let names = [("totem@example.org/", "prpl-jabber"), ("ada@example.org/", "prpl-jabber")];
    let file = write(&folder, "two.key", &names);

    let said = keys(&["fingerprint", "--account", BOT]).to(&file).succeeds();

    assert!(said.contains("  totem@example.org/  prpl-jabber") && said.lines().count() == 1);
    let ada = keys(&["fingerprint", "--account", "ada@example.org"]).to(&file).succeeds();
    assert!(ada.contains("  ada@example.org/  "), "{ada}");
    let (code, warnings) = check(&folder, "two.key");
    assert_eq!(code, Some(0), "{warnings}");
    assert!(!warnings.contains("warning"), "{warnings}");
}

#[test]
fn a_bad_key_of_another_network_is_told_and_costs_nothing() {
    let folder = Folder::new();
    let file = write(&folder, "keys", &[("Ada", "prpl-bonjour"), (BOT, "prpl-jabber")]);
    change(&folder, &file, |text| text.replacen("(y #", "(y #01", 1));
    let place = "keys:10:6: the account Ada (prpl-bonjour) is left out: expected a valid DSA key";

    let done = keys(&["fingerprint"]).to(&file).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stdout.lines().count(), 1);
    assert!(done.stderr.contains(place), "{done:?}");
    let (code, warnings) = check(&folder, "keys");
    assert_eq!(code, Some(0), "{warnings}");
    assert!(warnings.contains(place), "{warnings}");

    // Who wants the bad one is refused, by any command.
    for command in ["fingerprint", "export"] {
        let done = keys(&[command, "--account", "Ada"]).to(&file).run();
        assert_eq!(done.code, Some(4), "{done:?}");
        assert!(done.stderr.contains("keys:10:6: expected a valid DSA key"), "{done:?}");
    }
    let done =
        keys(&["generate", "--account", "Ada", "--protocol", "prpl-bonjour"]).to(&file).run();
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("replace it with --force"), "{done:?}");

    // Other keys come and go, and the bad one stays where it is.
    keys(&["generate", "--account", "eve@example.org"]).to(&file).succeeds();
    let done = keys(&["fingerprint"]).to(&file).run();
    assert_eq!(done.stdout.lines().count(), 2, "{done:?}");
    assert!(done.stderr.contains("the account Ada (prpl-bonjour) is left out"), "{done:?}");
}

#[test]
fn a_bad_key_that_is_wanted_is_an_error() {
    let folder = Folder::new();
    let file = write(&folder, "keys", &[("totem@example.org/", "prpl-jabber"), ("b", "prpl-irc")]);
    change(&folder, &file, |text| text.replacen("(x #", "(x #7f", 1));

    let (code, said) = check(&folder, "keys");

    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("keys:11:6: expected a valid DSA key"), "{said}");
}

#[test]
fn an_account_that_stands_twice_is_told_once_and_the_first_counts() {
    let folder = Folder::new();
    let accounts = [(BOT, "prpl-jabber"), (BOT, "second"), (BOT, "third")];
    let file = write(&folder, "dup.key", &accounts);
    let first = keys(&["fingerprint", "--protocol", "prpl-jabber"]).to(&file).succeeds();
    change(&folder, &file, |text| {
        text.replace("second", "prpl-jabber").replace("third", "prpl-jabber")
    });

    let done = keys(&["fingerprint"]).to(&file).run();

    assert_eq!((done.code, done.stdout), (Some(0), first));
    assert_eq!(done.stderr.matches("stands in the file twice").count(), 1, "{}", done.stderr);
    let (code, warnings) = check(&folder, "dup.key");
    assert_eq!(code, Some(0), "{warnings}");
    assert_eq!(warnings.matches("stands in the file twice").count(), 1, "{warnings}");
}

#[test]
fn the_only_account_of_xmpp_serves_whatever_it_is_called() {
    let folder = Folder::new();
    let names = [("1", "libpurple-Jabber"), ("2", "libpurple-OSCAR"), ("ada", "prpl-irc")];
    let file = write(&folder, "adium.key", &names);

    let (code, warnings) = check(&folder, "adium.key");
    assert_eq!(code, Some(0), "{warnings}");
    assert!(warnings.contains("its only key is used"), "{warnings}");
    assert!(
        warnings.contains("`otrbot keys import --account 1 --as totem@example.org`"),
        "{warnings}"
    );

    let two = write(&folder, "two.key", &[("1", "libpurple-Jabber"), ("3", "XMPP")]);
    let (code, said) = check(&folder, "two.key");
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("has no key for totem@example.org; it has those of 1, 3"), "{said}");

    // A key is imported under its right name.
    let to = folder.file("to");
    let import = |arguments: &[&str]| {
        let arguments = [&["import", "--as", BOT][..], arguments].concat();
        keys(&arguments)
    };
    let said = import(&[]).arg(&file).to(&to).succeeds();
    assert_eq!(said, format!("{}  {BOT}  prpl-jabber\n", fingerprint(&file, "1")));
    import(&["--account", "3"]).arg(&two).to(&to).fails(2, "has a key for totem@example.org");
    let said = import(&["--account", "3", "--force"]).arg(&two).to(&to).succeeds();
    assert_eq!(said, format!("{}  {BOT}  prpl-jabber\n", fingerprint(&two, "3")));
    import(&[]).arg(&two).to(&to).fails(2, "say which with --account and --protocol");
    keys(&["import", "--as", "not a jid @@"]).arg(&two).to(&to).fails(2, "give a Jabber ID");
}
