//! docs/prosody.md, on Debian's own configuration.

use super::{Document, adapted, component, installation, lessons, on_a_machine, put, tls};

/// A server with the bot's files, certificates and learners, up to the bot's account.
fn server(document: &Document) -> String {
    let fragment = document.fragment("An account", "lua", 0);
    format!(
        "fresh_prosody
certificate example.org lessons.example.org
install -g prosody -m 0640 \"$work\"/example.org.{{crt,key}} /etc/prosody/certs/
{installation}
{file}
{commands}
for n in 1 2 3 4 5 6 7 8; do prosodyctl register learner$n example.org pw; done
",
        installation = installation(),
        file = put("/etc/prosody/conf.d/otrbot.cfg.lua", &fragment),
        commands = document.commands("An account", 0),
    )
}

#[test]
fn a_bot_with_an_account_takes_lessons_on_debians_prosody() {
    let document = Document::read("docs/prosody.md");
    let last = document.commands("Does it work?", 0);
    let direct = document.fragments("Where the server is found", "lua");
    let direct = direct.iter().find(|text| text.contains("c2s_direct_tls_ports")).unwrap();

    let said = on_a_machine(&format!(
        "{server}
{adapted}
systemctl enable --now otrbot
{lessons}
# The authority of this machine's certificate is known to the bot alone.
cp /etc/otrbot/server.crt /usr/local/share/ca-certificates/ && update-ca-certificates >/dev/null 2>&1
{last}
! grep -E 'error|warn' /var/log/prosody/prosody.log || fail 'Prosody complains'
# Modules and limits of Debian's own file are there as before.
for module in carbons register admin_shell blocklist limits smacks; do
    prosodyctl shell module list | grep -qw \"$module\" || fail \"$module is gone\"
done

# TLS from the first byte, as the document says.
cp /etc/prosody/conf.d/otrbot.cfg.lua \"$work/before\"
{direct}
cat \"$work/before\" >>/etc/prosody/conf.d/otrbot.cfg.lua
prosodyctl check config
systemctl restart prosody
sed -i 's|server: 127.0.0.1:5222|server: xmpps://127.0.0.1:5223|' /etc/otrbot/settings.yaml
systemctl restart otrbot
{again}
",
        server = server(&document),
        adapted = adapted(),
        lessons = lessons("otrbot@example.org", 3),
        direct = put("/etc/prosody/conf.d/otrbot.cfg.lua", direct),
        again = lessons("otrbot@example.org", 1),
    ));

    assert!(said.contains("3 of 3 lessons") && said.contains("1 of 1 lessons"), "{said}");
    assert!(said.contains("no problems"), "{said}");
    assert!(said.contains("readyz: ready"), "{said}");
}

#[test]
fn a_bot_trusts_the_certificate_that_its_server_made_itself_as_printed() {
    let document = Document::read("docs/prosody.md");
    let heading = "A certificate that the server made itself";
    let section = document.fragment(heading, "yaml", 0);

    let said = on_a_machine(&format!(
        "{server}
cd \"$work\"
{make}
{give}
cd \"$work/sources\"
{adapted}
{tls}
runuser -u otrbot -- otrbot check
systemctl enable --now otrbot
{lessons}",
        server = server(&document),
        make = document.commands(heading, 0),
        give = document.commands(heading, 1),
        adapted = adapted(),
        tls = tls(&section),
        lessons = lessons("otrbot@example.org", 1),
    ));

    assert!(section.contains("    otrbot@example.org:\n      server: 127.0.0.1:5222\n"));
    assert!(said.contains("no problems") && said.contains("1 of 1 lessons"), "{said}");
}

#[test]
fn a_bot_that_is_a_component_takes_lessons_on_debians_prosody() {
    let document = Document::read("docs/prosody.md");
    let heading = "A component, for large courses";

    let said = on_a_machine(&format!(
        "{server}
{file}
{commands}
{adapted}
{settings}
runuser -u otrbot -- otrbot check
systemctl enable --now otrbot
{lessons}",
        server = server(&document),
        file = put(
            "/etc/prosody/conf.d/otrbot-component.cfg.lua",
            &document.fragment(heading, "lua", 0)
        ),
        commands = document.commands(heading, 0),
        adapted = adapted(),
        settings = component(&document.fragment(heading, "yaml", 0)),
        lessons = lessons("otrbot@lessons.example.org", 3),
    ));

    assert!(said.contains("3 of 3 lessons"), "{said}");
}
