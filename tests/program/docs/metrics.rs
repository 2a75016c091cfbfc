//! docs/monitoring.md, with Debian's Prometheus.

use super::{Document, installation, on_a_machine, put};

#[test]
fn prometheus_reads_metrics_and_rules_as_printed() {
    let document = Document::read("docs/monitoring.md");
    let heading = "Watching the bot";
    let look = document.commands(heading, 0);
    // There is no systemd, and nobody to end what goes on for ever.
    let look: String = look.lines().filter(|line| line.starts_with("otrbot status  ")).collect();
    assert!(!look.is_empty());
    let alert = document.fragment(heading, "", 0);

    let said = on_a_machine(&format!(
        "pristine prometheus /etc/prometheus/prometheus.yml
{installation}
# What the package puts there.
mkdir -p \"$work/doc\" && mount -t overlay overlay \
    -o \"lowerdir=/usr/share/doc,upperdir=$work/doc,workdir=$(mktemp -d -p \"$work\")\" /usr/share/doc
install -D -t /usr/share/doc/otrbot packaging/prometheus/*.yml
systemctl enable --now otrbot
{{ {look}
}} | grep 'healthz: alive'
{check}
{change}
echo \"patch --forward /etc/prometheus/prometheus.yml '$work/prometheus.diff'\" >\"$work/edit\"
{rules}
asked() {{ curl --silent --fail --get --data-urlencode \"query=$1\" http://127.0.0.1:9090/api/v1/query; }}
scraped() {{ asked 'up{{job=\"otrbot\"}}' | grep -F '\"1\"'; }}
until_so scraped
curl --silent --fail http://127.0.0.1:9090/api/v1/rules | grep -qF OtrbotDown || fail 'no rules'
asked '{alert}' | grep -F '\"status\":\"success\"'
",
        installation = installation(),
        check = document.commands(heading, 1),
        change = put("\"$work/prometheus.diff\"", &document.fragment(heading, "diff", 0)),
        rules = document.commands(heading, 2),
        alert = alert.trim(),
    ));

    assert!(said.contains("SUCCESS"), "{said}");
}
