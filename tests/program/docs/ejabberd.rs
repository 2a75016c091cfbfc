//! docs/ejabberd.md, on Debian's own configuration.

use super::{Document, adapted, component, installation, lessons, on_a_machine, put, tls};

/// A server with changes of the document, and learners.
fn server(document: &Document, changes: &[String]) -> String {
    let patch = document.commands("ejabberd for the bot", 0);
    let changes: Vec<_> =
        changes.iter().map(|change| put("otrbot.diff", change) + &patch).collect();
    let changes = changes.concat();
    format!(
        "fresh_ejabberd
certificate example.org
cat \"$work\"/example.org.{{key,crt}} >/etc/ejabberd/ejabberd.pem
{installation}
{changes}
{commands}
for n in 1 2 3 4 5 6 7 8; do ejabberdctl register learner$n example.org pw; done
",
        installation = installation(),
        commands = document.commands("An account", 0),
    )
}

#[test]
fn a_bot_with_an_account_takes_lessons_on_debians_ejabberd() {
    let document = Document::read("docs/ejabberd.md");
    let last = document.commands("Does it work?", 0);

    let said = on_a_machine(&format!(
        "{server}
{adapted}
systemctl enable --now otrbot
{lessons}
{last}
ejabberdctl dump_config /var/lib/ejabberd/dump.yml
for rest in max_user_sessions s2s_shaper '5000: admin' mod_mqtt trusted_network; do
    grep -q \"$rest\" /var/lib/ejabberd/dump.yml || fail \"$rest of Debian's file is gone\"
done
# TLS from the first byte is there already.
sed -i 's|server: 127.0.0.1:5222|server: xmpps://127.0.0.1:5223|' /etc/otrbot/settings.yaml
systemctl restart otrbot
{again}",
        server = server(&document, &[document.fragment("An account", "diff", 0)]),
        adapted = adapted(),
        // More than the five contact requests that Debian's file lets through, at its speed.
        lessons = lessons("otrbot@example.org", 8),
        again = lessons("otrbot@example.org", 1),
    ));

    assert!(said.contains("8 of 8 lessons") && said.contains("1 of 1 lessons"), "{said}");
    assert!(said.contains("no problems") && said.contains("readyz: ready"), "{said}");
}

#[test]
fn a_bot_trusts_the_certificate_that_debians_ejabberd_has_made_as_printed() {
    let document = Document::read("docs/ejabberd.md");
    let heading = "A certificate of its own";

    let said = on_a_machine(&format!(
        "cp -p /etc/ejabberd/ejabberd.pem \"$work/debians.pem\"
{server}
cp -p \"$work/debians.pem\" /etc/ejabberd/ejabberd.pem
systemctl restart ejabberd
ejabberdctl started
{give}
cp /etc/otrbot/server.crt \"$work/example.org.crt\"
{adapted}
{tls}
runuser -u otrbot -- otrbot check
systemctl enable --now otrbot
{lessons}",
        server = server(&document, &[document.fragment("An account", "diff", 0)]),
        give = document.commands(heading, 0),
        adapted = adapted(),
        tls = tls(&document.fragment(heading, "yaml", 0)),
        lessons = lessons("otrbot@example.org", 1),
    ));

    assert!(said.contains("no problems") && said.contains("1 of 1 lessons"), "{said}");
}

#[test]
fn a_bot_that_is_a_component_takes_lessons_on_debians_ejabberd() {
    let document = Document::read("docs/ejabberd.md");
    let changes = ["An account", "A component"].map(|it| document.fragment(it, "diff", 0));
    let prosody = Document::read("docs/prosody.md");

    let said = on_a_machine(&format!(
        "{server}
{commands}
ejabberdctl started
{adapted}
{settings}
runuser -u otrbot -- otrbot check
systemctl enable --now otrbot
{lessons}",
        server = server(&document, &changes),
        commands = document.commands("A component", 0),
        adapted = adapted(),
        settings = component(&prosody.fragment("A component, for large courses", "yaml", 0)),
        lessons = lessons("otrbot@lessons.example.org", 3),
    ));

    assert!(said.contains("3 of 3 lessons"), "{said}");
}
