//! The text of the metrics, in the format that its reader wants.
//!
//! `OpenMetrics` names a counter without the suffix `_total` of its samples, and the older format of
//! Prometheus with it; readers of one of them miss type and help of counters in the other. Who asks
//! for one of them gets it. Who does not say, such as `curl`, gets a text that both read: that of
//! `OpenMetrics` with the counters' names in full, and without their types.

/// A format of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Prometheus,
    /// What both read.
    Either,
}

impl Format {
    /// The format that a header `Accept` asks for; `None`: there is no such header.
    pub fn wanted(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else if accept.contains("text/plain") {
            Self::Prometheus
        } else {
            Self::Either
        }
    }

    /// The content type of such a text.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics | Self::Either => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Brings a text of `OpenMetrics` into this format.
    pub(super) fn convert(self, text: &str) -> String {
        if self == Self::OpenMetrics {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len().saturating_add(text.len() / 8));
        let mut counter: Option<&str> = None;
        // A counter's help comes before its type.
        let mut help: Option<(&str, &str)> = None;
        let put_help = |help: &mut Option<(&str, &str)>, suffix: &str, out: &mut String| {
            if let Some((name, words)) = help.take() {
                out.extend(["# HELP ", name, suffix, " ", words, "\n"]);
            }
        };
        for line in text.lines() {
            let mut words = line.splitn(4, ' ');
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("#"), Some("HELP"), Some(name), Some(words)) => {
                    help = Some((name, words));
                    continue;
                }
                (Some("#"), Some("TYPE"), Some(name), Some("counter")) => {
                    put_help(&mut help, "_total", &mut out);
                    counter = Some(name);
                    if self == Self::Prometheus {
                        out.extend(["# TYPE ", name, "_total counter\n"]);
                    }
                    continue;
                }
                (Some("#"), Some("TYPE"), ..) => {
                    put_help(&mut help, "", &mut out);
                    counter = None;
                }
                // A unit is told of a name that a counter does not have here.
                (Some("#"), Some("UNIT"), Some(name), _) if counter == Some(name) => continue,
                _ => {}
            }
            out.push_str(line);
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_b Some things.\n# TYPE a_b counter\n# UNIT a_b b\n\
        a_b_total{x=\"1\"} 2\n# HELP c Other things.\n# TYPE c gauge\nc 1\n# EOF\n";

    #[test]
    fn who_asks_for_a_format_gets_it() {
        for (accept, format) in [
            (None, Format::Either),
            (Some("*/*"), Format::Either),
            (Some("text/plain"), Format::Prometheus),
            (
                Some("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"),
                Format::OpenMetrics,
            ),
        ] {
            assert_eq!(Format::wanted(accept), format, "{accept:?}");
        }
    }

    #[test]
    fn counters_have_their_names_in_full_outside_openmetrics() {
        assert_eq!(Format::OpenMetrics.convert(TEXT), TEXT);
        assert_eq!(
            Format::Prometheus.convert(TEXT),
            "# HELP a_b_total Some things.\n# TYPE a_b_total counter\na_b_total{x=\"1\"} 2\n\
             # HELP c Other things.\n# TYPE c gauge\nc 1\n# EOF\n"
        );
        assert_eq!(
            Format::Either.convert(TEXT),
            "# HELP a_b_total Some things.\na_b_total{x=\"1\"} 2\n\
             # HELP c Other things.\n# TYPE c gauge\nc 1\n# EOF\n"
        );
    }
}
