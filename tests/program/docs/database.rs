//! docs/backup.md and docs/privacy.md: databases, backups, and the user that may do so.

use super::{Document, adapted, installation, on_a_machine, put};

/// An installation with its settings, and a server of XMPP for the bot.
fn machine() -> String {
    let prosody = Document::read("docs/prosody.md");
    format!(
        "fresh_prosody
certificate example.org
install -g prosody -m 0640 \"$work\"/example.org.{{crt,key}} /etc/prosody/certs/
{installation}
{file}
{account}
{adapted}",
        installation = installation(),
        file = put("/etc/prosody/conf.d/otrbot.cfg.lua", &prosody.fragment("An account", "lua", 0)),
        account = prosody.commands("An account", 0),
        adapted = adapted(),
    )
}

#[test]
fn a_file_is_kept_restored_and_cleaned_of_a_person_as_printed() {
    let backup = Document::read("docs/backup.md");
    let privacy = Document::read("docs/privacy.md");

    let said = on_a_machine(&format!(
        "{machine}
systemctl enable --now otrbot
until_so otrbot status
{copy}
{restore}
until_so otrbot status
[ \"$(stat -c '%U %a' /var/backups/otrbot /var/lib/otrbot/otrbot.db | tr '\\n' ' ')\" = 'root 700 otrbot 600 ' ] ||
    fail 'others may read it'
cd /root
{forget}
{after_upgrade}",
        machine = machine(),
        copy = backup.commands("SQLite", 0),
        restore = backup.commands("SQLite", 1),
        forget = privacy.commands("A person wants to be forgotten", 0),
        after_upgrade = upgrade(&backup),
    ));

    assert!(said.contains("anna@example.org: nothing was stored"), "{said}");
    assert!(said.contains("no problems"), "{said}");
}

/// The commands after an upgrade, without the package.
fn upgrade(backup: &Document) -> String {
    let commands = backup.commands("Upgrade", 0);
    let (package, rest) = commands.split_once('\n').unwrap();
    assert!(package.starts_with("apt install ./otrbot_"), "{package}");
    rest.to_owned()
}

#[test]
fn postgresql_lets_the_services_user_in_from_any_folder_as_printed() {
    let backup = Document::read("docs/backup.md");
    let privacy = Document::read("docs/privacy.md");
    let store = backup.fragment("PostgreSQL", "yaml", 0);
    let store = store.trim_end();
    assert_eq!(store.lines().count(), 1, "{store}");

    let said = on_a_machine(&format!(
        "{machine}
fresh_postgres
{make}
sed -i 's|^store: .*|{store}|' /etc/otrbot/settings.yaml
systemctl enable --now otrbot
until_so otrbot status
for folder in /root / /tmp /etc/otrbot /var/lib/otrbot; do
    cd \"$folder\"
    {forget}
    runuser -u otrbot -- otrbot check
done
cd /root
echo '--- as root'
! otrbot forget anna@example.org || fail 'root is let in'
echo '--- backup'
{copy}
{restore}
until_so otrbot status
{forget}
",
        machine = machine(),
        make = backup.commands("PostgreSQL", 0),
        forget = privacy.commands("A person wants to be forgotten", 0),
        copy = backup.commands("PostgreSQL", 2),
        restore = backup.commands("PostgreSQL", 3),
    ));

    assert_eq!(said.matches("anna@example.org: nothing was stored").count(), 6, "{said}");
    assert_eq!(said.matches("no problems").count(), 5, "{said}");
    for words in [
        "the database's server lets nobody in so: role \"root\" does not exist",
        "runs as root: run it as the user that the database belongs to",
        "runuser -u otrbot -- otrbot",
    ] {
        assert!(said.contains(words), "{words} not in {said}");
    }
}

#[test]
fn a_postgresql_elsewhere_has_the_certificate_that_is_printed() {
    let backup = Document::read("docs/backup.md");
    let store = backup.fragment("PostgreSQL", "yaml", 1);
    let store = store.trim_end().replace("PASSWORD", "secret-of-a-test");

    let said = on_a_machine(&format!(
        "{machine}
fresh_postgres
{make}
(
{certificate}
cp server.crt /etc/otrbot/database-ca.pem
)
# The other machine: this one, under an address that is not of loopback.
ip address add 192.0.2.1/32 dev lo
echo '192.0.2.1 db.example.org' >>/etc/hosts
data=$(runuser -u postgres -- psql -Atc 'SHOW hba_file')
echo 'hostssl all all 192.0.2.0/24 scram-sha-256' >>\"$data\"
runuser -u postgres -- psql -c \"ALTER ROLE otrbot PASSWORD 'secret-of-a-test'\" \
    -c \"ALTER SYSTEM SET listen_addresses = '*'\"
pg_ctlcluster \"$(ls /etc/postgresql)\" main restart
sed -i 's|^store: .*|{store}|' /etc/otrbot/settings.yaml
runuser -u otrbot -- otrbot check
systemctl enable --now otrbot
until_so otrbot status
runuser -u postgres -- psql -Atc 'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL'
",
        machine = machine(),
        make = backup.commands("PostgreSQL", 0),
        certificate = backup.commands("PostgreSQL", 1),
    ));

    assert!(said.lines().any(|line| line == "t"), "{said}");
    assert!(said.lines().all(|line| line != "f"), "{said}");
}
