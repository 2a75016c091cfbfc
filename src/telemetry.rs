//! Logs: `env_logger` with one line a record, in the form and the colours of the settings.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use env_logger::fmt::style::{AnsiColor, Style as AnsiStyle};
use log::{Level, LevelFilter, kv};

use crate::settings::{Colour, Colours, Log, Part, Style};

/// Crates whose chatter below a warning is of use only when they are debugged themselves; they
/// could also log what goes over the wire.
const QUIET: [&str; 9] = [
    "actix_http",
    "actix_server",
    "h2",
    "hickory_proto",
    "hickory_resolver",
    "hyper_util",
    "reqwest",
    "rustls",
    "sqlx",
];

/// What says twice a second, while files are short, that a connection could not be accepted.
const ACCEPTING: &str = "actix_server::accept";

/// How long it must have been silent before it is heard again.
const SILENCE: Duration = Duration::from_mins(1);

/// What records have that hold a picture of a contact or of the bot (XEP-0084, XEP-0153).
const PICTURES: [&str; 3] =
    ["<BINVAL>", "<data xmlns=\'urn:xmpp:avatar:data\'", "<data xmlns=\"urn:xmpp:avatar:data\""];

/// How much of such a record stays at its begin and at its end, in characters.
const KEPT: usize = 60;

/// Starts logging to stderr. A second call changes nothing.
pub fn start(level: LevelFilter, log: Log, no_color: bool) {
    let is_coloured = match log.colours {
        Colours::Always => true,
        Colours::Auto => io::stderr().is_terminal() && !no_color,
        Colours::Never => false,
    };
    let style =
        if is_coloured { env_logger::WriteStyle::Always } else { env_logger::WriteStyle::Never };
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level).write_style(style);
    #[expect(clippy::disallowed_methods, reason = "a record is of the time at which it is written")]
    let clock = Instant::now;
    let accepting = Once::default();
    builder.format(move |out, record| {
        if record.target() == ACCEPTING && !accepting.is_new(clock()) {
            return Ok(());
        }
        let time = out.timestamp_millis().to_string();
        writeln!(out, "{}", line(&log, record, &time, is_coloured))
    });
    for name in QUIET {
        builder.filter_module(name, level.min(LevelFilter::Warn));
    }
    // It tells of each try to reach a database that is away, several a second; the store says it once.
    builder.filter_module("sqlx_core::pool", LevelFilter::Off);
    // A second logger (in tests) is no fault.
    drop(builder.try_init());
}

/// What is said over and over is heard once.
#[derive(Debug, Default)]
struct Once(Mutex<Option<Instant>>);

impl Once {
    /// Whether it was silent long enough.
    fn is_new(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(now);
        before.is_none_or(|before| now.saturating_duration_since(before) >= SILENCE)
    }
}

/// A record as it is logged.
fn line(log: &Log, record: &log::Record<'_>, time: &str, is_coloured: bool) -> String {
    let mut line = String::new();
    let mut open = None;
    for part in &log.format {
        match part {
            Part::Text(text) => line.push_str(text),
            Part::Time => line.push_str(time),
            Part::Level => line.push_str(record.level().as_str()),
            Part::Target => {
                let target = record.target();
                line.push_str(target.strip_prefix("otrbot::").unwrap_or(target));
            }
            Part::Message => line.push_str(&said(record)),
            // Writing to a string cannot fail.
            Part::Fields => record.key_values().visit(&mut Fields(&mut line)).unwrap_or_default(),
            Part::Scheme(_) | Part::Reset if !is_coloured => {}
            Part::Scheme(name) => {
                reset(&mut line, open.take());
                let style = log.schemes.get(name).map(|scheme| match record.level() {
                    Level::Trace => scheme.trace,
                    Level::Debug => scheme.debug,
                    Level::Info => scheme.info,
                    Level::Warn => scheme.warn,
                    Level::Error => scheme.error,
                });
                let style = ansi(style.unwrap_or_default());
                write!(line, "{style}").unwrap_or_default();
                open = Some(style);
            }
            Part::Reset => reset(&mut line, open.take()),
        }
    }
    // A line never colours the next.
    reset(&mut line, open);
    line
}

fn reset(line: &mut String, open: Option<AnsiStyle>) {
    if let Some(style) = open {
        write!(line, "{style:#}").unwrap_or_default();
    }
}

fn ansi(style: Style) -> AnsiStyle {
    let colour = |colour| match colour {
        Colour::Black => AnsiColor::Black,
        Colour::Red => AnsiColor::Red,
        Colour::Green => AnsiColor::Green,
        Colour::Yellow => AnsiColor::Yellow,
        Colour::Blue => AnsiColor::Blue,
        Colour::Magenta => AnsiColor::Magenta,
        Colour::Cyan => AnsiColor::Cyan,
        Colour::White => AnsiColor::White,
    };
    let ansi = AnsiStyle::new()
        .fg_color(style.foreground.map(|c| colour(c).into()))
        .bg_color(style.background.map(|c| colour(c).into()));
    if style.bold { ansi.bold() } else { ansi }
}

/// The sentence of a record, without the inside of pictures.
fn said(record: &log::Record<'_>) -> String {
    // Control characters in a value could forge lines or colour a terminal.
    let text = one_line(&record.args().to_string());
    if !PICTURES.iter().any(|mark| text.contains(mark)) {
        return text;
    }
    let n_chars = text.chars().count();
    if n_chars <= 2 * KEPT {
        return text;
    }
    let begin = text.chars().take(KEPT);
    let end = text.chars().skip(n_chars.saturating_sub(KEPT));
    begin.chain(" … ".chars()).chain(end).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

struct Fields<'a>(&'a mut String);

impl<'kvs> kv::VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        write!(self.0, " {key}={}", one_line(&value.to_string())).map_err(kv::Error::boxed)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::Settings;

    const LEVELS: [(Level, &str); 4] = [
        (Level::Debug, "This is detailed information.."),
        (Level::Info, "This somewhat more useful.."),
        (Level::Warn, "This might be dangerous.."),
        (Level::Error, "Something might have gone a bit wrong"),
    ];

    fn log(section: &str) -> Log {
        let yaml = format!(
            "xmpp: {{ accounts: {{ a@localhost: {{ password: x }} }} }}\n\
             tls: {{ ca_certs: Cargo.toml }}\nlti: {{ enabled: false }}\nlog:\n{section}"
        );
        Settings::parse(Path::new("settings.yaml"), &yaml).unwrap().log
    }

    fn shown(log: &Log, level: Level, text: &str, is_coloured: bool) -> String {
        let args = format_args!("{text}");
        let record = log::Record::builder().level(level).target("main").args(args).build();
        line(log, &record, "noon", is_coloured)
    }

    #[test]
    fn the_usual_colours_are_those_of_the_reference() {
        let log = log("  format: \"${lvl}[${level}]${reset} ${msg}${target} ${message}\"\n");

        let lines = LEVELS.map(|(level, text)| shown(&log, level, text, true));

        assert_eq!(
            lines,
            [
                "\x1b[37m\x1b[44m[DEBUG]\x1b[0m \x1b[34mmain This is detailed information..\x1b[0m",
                "\x1b[30m\x1b[42m[INFO]\x1b[0m \x1b[32mmain This somewhat more useful..\x1b[0m",
                "\x1b[30m\x1b[43m[WARN]\x1b[0m \x1b[33mmain This might be dangerous..\x1b[0m",
                "\x1b[37m\x1b[41m[ERROR]\x1b[0m \x1b[31mmain Something might have gone a bit wrong\x1b[0m",
            ]
        );
    }

    #[test]
    fn without_colours_the_same_line_has_none() {
        let line = shown(&Log::default(), Level::Warn, "careful", false);

        assert_eq!(line, "noon [WARN] main careful");
    }

    #[test]
    fn the_settings_have_schemes_of_their_own() {
        let log = log("  format: \"${alarm}${message} $$\"\n  colour_schemes:\n    alarm:\n\
             \x20     error: { foreground: yellow, background: red, bold: true }\n");

        let (error, info) =
            (shown(&log, Level::Error, "fire", true), shown(&log, Level::Info, "tea", true));

        assert_eq!(error, "\x1b[1m\x1b[33m\x1b[41mfire $\x1b[0m");
        assert_eq!(info, "tea $");
    }

    #[test]
    fn what_is_said_over_and_over_is_heard_once() {
        #[expect(clippy::disallowed_methods, reason = "any time will do")]
        let (once, start) = (Once::default(), Instant::now());
        let at = |seconds| once.is_new(start + Duration::from_secs(seconds));

        let heard = [0, 1, 59, 100, 159, 219, 400].map(at);

        assert_eq!(heard, [true, false, false, false, false, true, true]);
    }

    #[test]
    fn a_record_is_one_line_that_colours_nothing_by_itself() {
        let line = shown(&Log::default(), Level::Info, "one\n\x1b[31mtwo\r", false);

        assert_eq!(line, "noon [INFO] main one  [31mtwo ");
    }

    #[test]
    fn pictures_are_cut_out_of_records() {
        let data = "iVBORw0KGgo".repeat(1_000);
        for text in [
            format!("<iq><vCard><PHOTO><TYPE>image/png</TYPE><BINVAL>{data}</BINVAL></PHOTO>"),
            format!("<item><data xmlns='urn:xmpp:avatar:data'>{data}</data></item>"),
        ] {
            let line = shown(&Log::default(), Level::Trace, &text, false);

            assert!(line.len() < 200 && line.contains(" … "), "{line}");
            let end: String = text.chars().skip(text.len() - 20).collect();
            assert!(line.contains(&end), "{line}");
        }
        let long = "a long text without a picture ".repeat(20);
        assert!(shown(&Log::default(), Level::Trace, &long, false).contains(&long));
    }
}
