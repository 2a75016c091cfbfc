//! Logs: `env_logger` with one line a record, key-values behind the sentence.

use std::io::{self, IsTerminal as _, Write as _};

use log::{Level, LevelFilter, kv};

use crate::settings::Colours;

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

/// Starts logging to stderr. A second call changes nothing.
pub fn start(level: LevelFilter, colours: Colours, no_color: bool) {
    let style = match colours {
        Colours::Always => env_logger::WriteStyle::Always,
        Colours::Auto if io::stderr().is_terminal() && !no_color => env_logger::WriteStyle::Always,
        Colours::Auto | Colours::Never => env_logger::WriteStyle::Never,
    };
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level).write_style(style).format(write_record);
    for name in QUIET {
        builder.filter_module(name, level.min(LevelFilter::Warn));
    }
    // A second logger (in tests) is no fault.
    drop(builder.try_init());
}

fn write_record(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> io::Result<()> {
    let time = out.timestamp_millis();
    let level = record.level();
    let style = out.default_level_style(level);
    let target = record.target();
    let target = target.strip_prefix("otrbot::").unwrap_or(target);
    // Control characters in a value could forge lines or colour a terminal.
    let sentence = one_line(&record.args().to_string());
    write!(out, "{time} {style}{:5}{style:#} {target}: {sentence}", name(level))?;
    record.key_values().visit(&mut Fields(out)).map_err(io::Error::other)?;
    writeln!(out)
}

fn name(level: Level) -> &'static str {
    level.as_str()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

struct Fields<'a>(&'a mut env_logger::fmt::Formatter);

impl<'kvs> kv::VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        write!(self.0, " {key}={}", one_line(&value.to_string())).map_err(kv::Error::boxed)
    }
}
