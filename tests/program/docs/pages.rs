//! docs/proxy.md: nginx and Caddy of Debian before the pages.

use super::{Document, installation, on_a_machine, put};

/// The bot with the settings of the package, whose server is away: the pages are there all the same.
fn machine() -> String {
    format!(
        "certificate otrbot.example.org
echo '127.0.0.1 otrbot.example.org' >>/etc/hosts
cp \"$work/otrbot.example.org.crt\" /usr/local/share/ca-certificates/
update-ca-certificates >/dev/null 2>&1
{}
systemctl enable --now otrbot
",
        installation()
    )
}

fn is_served(said: &str) {
    assert!(said.contains("Hello, world!"), "{said}");
    assert!(
        said.contains("<blti:launch_url>https://otrbot.example.org/</blti:launch_url>"),
        "{said}"
    );
}

#[test]
fn nginx_serves_the_pages_as_printed() {
    let document = Document::read("docs/proxy.md");

    let said = on_a_machine(&format!(
        "pristine nginx-common /etc/nginx/nginx.conf
{machine}
mkdir -p /etc/letsencrypt/live/otrbot.example.org
cp \"$work/otrbot.example.org.crt\" /etc/letsencrypt/live/otrbot.example.org/fullchain.pem
cp \"$work/otrbot.example.org.key\" /etc/letsencrypt/live/otrbot.example.org/privkey.pem
{file}
{commands}
{look}
# A launch of 256 kB gets to the bot, and the bot answers it.
head -c 250000 /dev/zero | tr '\\0' a >\"$work/form\"
code=$(curl --silent --output \"$work/answer\" --write-out '%{{http_code}}' \
    --data @\"$work/form\" https://otrbot.example.org/)
[ \"$code\" != 413 ] && [ \"$code\" != 502 ] || fail \"the long launch was answered with $code\"
",
        machine = machine(),
        file = put("/etc/nginx/conf.d/otrbot.conf", &document.fragment("nginx", "nginx", 0)),
        commands = document.commands("nginx", 0),
        look = document.commands("To see that it works", 0),
    ));

    is_served(&said);
    assert!(said.contains("syntax is ok"), "{said}");
}

#[test]
fn caddy_serves_the_pages_as_printed() {
    let document = Document::read("docs/proxy.md");

    let said = on_a_machine(&format!(
        "pristine caddy /etc/caddy/Caddyfile
{machine}
{file}
# No authority of the internet is reached from here: Caddy is its own.
sed -i '1i {{\\n\\tlocal_certs\\n\\tskip_install_trust\\n}}' /etc/caddy/Caddyfile
{commands}
authority=/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt
until_so test -e \"$authority\"
export CURL_CA_BUNDLE=$authority
until_so curl --silent https://otrbot.example.org/hello_world
{look}
curl --silent --fail http://127.0.0.1/ | grep -qi caddy || fail 'what was in the file is gone'
",
        machine = machine(),
        file = put(">/etc/caddy/Caddyfile", &document.fragment("Caddy", "caddy", 0)),
        commands = document.commands("Caddy", 0),
        look = document.commands("To see that it works", 0),
    ));

    is_served(&said);
    assert!(said.contains("Valid configuration"), "{said}");
}

#[test]
fn open_edx_is_put_into_the_settings_of_the_package_as_printed() {
    let change = Document::read("docs/openedx.md").fragment("The bot", "diff", 0);

    let said = on_a_machine(&format!(
        "{}
{}
patch /etc/otrbot/settings.yaml openedx.diff
runuser -u otrbot -- otrbot check",
        installation(),
        put("openedx.diff", &change),
    ));

    assert!(said.contains("no problems"), "{said}");
    // That is what the two hosts are named for.
    assert!(!said.contains("frame_ancestors is not set"), "{said}");
}
