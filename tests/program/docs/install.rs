//! docs/install.md: without the package, from the sources to a service that runs.

use super::{Document, adapted, installation, lessons, on_a_machine, put};

#[test]
fn without_the_package_the_service_is_there_and_takes_a_lesson() {
    let install = Document::read("docs/install.md");
    let prosody = Document::read("docs/prosody.md");
    let settings = install.commands("The package", 2);
    let start = install.commands("The package", 3);
    assert!(settings.starts_with("editor ") && start.starts_with("systemctl enable --now"));
    // A person reads on for the moment that a login takes.
    let start = start.replace("otrbot status", "until_so otrbot status");

    let said = on_a_machine(&format!(
        "fresh_prosody
certificate example.org
install -g prosody -m 0640 \"$work\"/example.org.{{crt,key}} /etc/prosody/certs/
{installation}
{file}
{account}
prosodyctl register learner1 example.org pw
{edit}
{settings}
{start}
{lessons}
# Nobody else reads secrets.
for file in settings.yaml xmpp-password lti-secret pages-key; do
    stat -c '%a %U:%G' \"/etc/otrbot/$file\" | grep -qx '640 root:otrbot' || fail \"$file is open\"
done
systemd-analyze verify --man=no /etc/systemd/system/otrbot.service
systemd-analyze security --offline=true --threshold=15 /etc/systemd/system/otrbot.service >/dev/null
bash -c '. /usr/local/share/bash-completion/completions/otrbot && complete -p otrbot'
test -s /usr/local/share/man/man1/otrbot.1
cd /root
runuser -u otrbot -- otrbot check
",
        installation = installation(),
        file = put("/etc/prosody/conf.d/otrbot.cfg.lua", &prosody.fragment("An account", "lua", 0)),
        account = prosody.commands("An account", 0),
        edit = put("\"$work/edit\"", &adapted()),
        lessons = lessons("otrbot@example.org", 1),
    ));

    assert!(said.contains("1 of 1 lessons"), "{said}");
    assert_eq!(said.matches("no problems").count(), 2, "{said}");
}
