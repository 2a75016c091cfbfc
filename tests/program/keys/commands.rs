//! The commands of `otrbot keys`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use otr::key_file::KeyFile;

use crate::keys::{Folder, keys};

const ADA: &str = "ada@example.org";
const BOT: &str = "bot@example.org";

fn generate(account: &str, file: &Path) -> String {
    keys(&["generate", "--account", account]).to(file).succeeds()
}

fn read(file: &Path) -> KeyFile {
    KeyFile::parse(&fs::read(file).unwrap()).unwrap()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_made_in_a_file_that_only_its_owner_may_read() {
    let folder = Folder::new();
    let file = folder.file("keys");

    let said = generate("Bot@EXAMPLE.org", &file);

    let read = read(&file);
    let account = &read.accounts()[0];
    assert_eq!((account.name(), account.protocol()), (BOT, "prpl-jabber"));
    let fingerprint = account.key().public_key().fingerprint();
    assert_eq!(said, format!("{fingerprint}  {BOT}  prpl-jabber\n"));
    assert_eq!(mode(&file), 0o600);
    assert_eq!(folder.names(), ["keys"]);
}

#[test]
fn other_accounts_stay_and_a_key_is_replaced_by_force_only() {
    let folder = Folder::new();
    let file = folder.file("keys");
    let [ada, bot] = [ADA, BOT].map(|name| generate(name, &file));
    assert_eq!(keys(&["fingerprint"]).to(&file).succeeds(), format!("{ada}{bot}"));
    let before = fs::read(&file).unwrap();

    keys(&["generate", "--account", BOT]).to(&file).fails(
        2,
        "has a key for bot@example.org (prpl-jabber) already; keep it, or replace it with --force",
    );
    assert_eq!(fs::read(&file).unwrap(), before);

    let replaced = keys(&["generate", "--account", BOT, "--force"]).to(&file).succeeds();
    assert_ne!(replaced, bot);
    assert_eq!(keys(&["fingerprint"]).to(&file).succeeds(), format!("{ada}{replaced}"));

    // The same name at another protocol is another account.
    keys(&["generate", "--account", BOT, "--protocol", "xmpp"]).to(&file).succeeds();
    assert_eq!(read(&file).accounts().len(), 3);
    assert_eq!(folder.names(), ["keys"]);
}

#[test]
fn a_link_to_a_file_of_keys_stays_a_link() {
    let folder = Folder::new();
    let (file, link) = (folder.file("keys"), folder.file("link"));
    generate(ADA, &file);
    std::os::unix::fs::symlink("keys", &link).unwrap();

    generate(BOT, &link);

    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read(&file).accounts().len(), 2);
}

#[test]
fn keys_that_are_made_at_once_are_all_kept() {
    let folder = Folder::new();
    let file = folder.file("keys");

    std::thread::scope(|scope| {
        for ix in 0..6 {
            let file = &file;
            scope.spawn(move || generate(&format!("bot{ix}@example.org"), file));
        }
    });

    assert_eq!(read(&file).accounts().len(), 6);
    assert_eq!(folder.names(), ["keys"]);
}

#[test]
fn fingerprints_are_shown_in_five_groups_of_eight() {
    let folder = Folder::new();
    let file = folder.file("keys");
    let [_, bot] = [ADA, BOT].map(|name| generate(name, &file));

    let said = keys(&["fingerprint", "--account", BOT]).to(&file).succeeds();

    assert_eq!(said, bot);
    let words: Vec<&str> = said.split_whitespace().collect();
    assert_eq!(words.len(), 7);
    assert!(words.iter().take(5).all(|word| word.len() == 8));
}

#[test]
fn accounts_that_are_not_there_are_named_with_those_that_are() {
    let folder = Folder::new();
    let file = folder.file("keys");
    generate(ADA, &file);

    keys(&["fingerprint", "--account", BOT])
        .to(&file)
        .fails(2, "keys: has no key for bot@example.org; it has those of ada@example.org");
    keys(&["fingerprint", "--protocol", "icq"])
        .to(&file)
        .fails(2, "keys: has no key for the protocol icq; it has those of ada@example.org");
}

#[test]
fn keys_are_imported_all_or_none() {
    let folder = Folder::new();
    let (from, to) = (folder.file("from"), folder.file("to"));
    let [ada, _] = [ADA, BOT].map(|name| generate(name, &from));
    let kept = generate(BOT, &to);

    // The other key of the same account is not lost, and Ada's does not come alone.
    keys(&["import"]).arg(&from).to(&to).fails(2, "has a key for bot@example.org");
    assert_eq!(keys(&["fingerprint"]).to(&to).succeeds(), kept);

    let import = || keys(&["import", "--account", ADA]).arg(&from).to(&to).succeeds();
    assert_eq!(import(), ada);
    // What is there already is no reason to complain.
    assert_eq!(import(), ada);
    assert_eq!(keys(&["fingerprint"]).to(&to).succeeds(), format!("{kept}{ada}"));

    keys(&["import", "--force"]).arg(&from).to(&to).succeeds();
    let find = |file: &Path| read(file).find(BOT, "prpl-jabber").unwrap().key().secret_bytes();
    assert_eq!(*find(&to), *find(&from));
}

#[test]
fn an_account_is_found_by_its_jabber_id_without_the_resource() {
    let folder = Folder::new();
    let file = folder.file("keys");
    keys(&["generate", "--account", "Ada@example.org/Pidgin", "--protocol", "x"])
        .to(&file)
        .succeeds();

    let said = keys(&["fingerprint", "--account", ADA]).to(&file).succeeds();

    assert!(said.ends_with("  Ada@example.org/Pidgin  x\n"), "{said}");
}

#[test]
fn keys_are_exported_to_the_standard_output_or_to_a_file() {
    let folder = Folder::new();
    let (file, output) = (folder.file("keys"), folder.file("output"));
    generate(ADA, &file);
    assert_eq!(keys(&["export"]).to(&file).succeeds(), fs::read_to_string(&file).unwrap());
    let alone = fs::read_to_string(&file).unwrap();
    generate(BOT, &file);

    let export = || keys(&["export", "--account", ADA, "--output"]).arg(&output).to(&file);
    assert_eq!(export().succeeds(), "");
    assert_eq!(fs::read_to_string(&output).unwrap(), alone);
    assert_eq!(mode(&output), 0o600);

    export().fails(2, "output: is there already; name another file, or replace it with --force");
    assert_eq!(export().arg("--force").succeeds(), "");
}

#[test]
fn who_leaves_secrets_open_is_warned() {
    let folder = Folder::new();
    let file = folder.file("keys");
    generate(ADA, &file);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();

    let done = keys(&["fingerprint"]).to(&file).run();

    assert_eq!(done.code, Some(0));
    assert!(done.stderr.starts_with("otrbot: warning: "), "{}", done.stderr);
    assert!(done.stderr.contains("others than its owner have permissions"), "{}", done.stderr);
    generate(BOT, &file);
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_missing_file_ends_with_5_and_a_broken_one_with_4_and_its_place() {
    let folder = Folder::new();
    keys(&["fingerprint"])
        .to(&folder.file("keys"))
        .fails(5, "keys: there is no such file of keys; make one with `otrbot keys generate`");
    keys(&["generate", "--account", BOT])
        .to(&folder.file("no/keys"))
        .fails(5, "no/keys: its folder is not there; make it first");
    keys(&["fingerprint"]).to(folder.path()).fails(4, "is a folder, not a file");

    let broken = folder.write("broken", "(privkeys\n (account\n");
    let place = "broken:3:1: expected a value or a parenthesis, found the end of the file";
    keys(&["fingerprint"]).to(&broken).fails(4, place);
    keys(&["generate", "--account", BOT]).to(&broken).fails(4, place);
    keys(&["generate", "--account", BOT, "--force"]).to(&broken).fails(4, place);
    assert_eq!(fs::read_to_string(&broken).unwrap(), "(privkeys\n (account\n");
}

#[test]
fn names_that_cannot_be_end_with_2() {
    let folder = Folder::new();
    let file = folder.file("keys");
    keys(&["generate", "--account", "not a jid @@"])
        .to(&file)
        .fails(2, "give a Jabber ID such as bot@example.org");
    keys(&["generate", "--account", "", "--protocol", "x"])
        .to(&file)
        .fails(2, "an account needs a name and a protocol");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn every_command_has_help() {
    for command in ["generate", "fingerprint", "import", "export"] {
        let help = keys(&[command, "--help"]).succeeds();
        assert!(help.contains("--key-file") && help.contains("--account"), "{help}");
    }
    assert!(keys(&["--help"]).succeeds().contains("fingerprint"));
}
