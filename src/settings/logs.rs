//! Section `log`: what is logged, in which form and in which colours.

use std::collections::BTreeMap;

use super::tree::Section;

/// Section `log`.
#[derive(Clone, Debug)]
pub struct Log {
    /// The least severe level that is logged. Default: info.
    pub level: log::LevelFilter,
    /// Whether learners' messages are logged. Default: false.
    pub user_messages: bool,
    /// Whether lines are coloured. Default: where the output is a terminal.
    pub colours: Colours,
    /// The parts of a line.
    pub format: Vec<Part>,
    /// The colour schemes that the format uses, by name.
    pub schemes: BTreeMap<String, Scheme>,
}

/// Whether log lines are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Where the output is a terminal and `NO_COLOR` is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A part of a log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What stands in the format.
    Text(String),
    /// When it happened, in UTC.
    Time,
    /// How severe it is.
    Level,
    /// The module that says it.
    Target,
    /// The sentence.
    Message,
    /// Keys and values that belong to it.
    Fields,
    /// The colours of a scheme, from here on.
    Scheme(String),
    /// No colours, from here on. Before another scheme, and at the end, this comes by itself.
    Reset,
}

/// One of the eight colours that every terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are colours")]
pub enum Colour {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
}

/// Colours of one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Of the letters.
    pub foreground: Option<Colour>,
    /// Behind the letters.
    pub background: Option<Colour>,
    /// Whether the letters are bold.
    pub bold: bool,
}

/// A colour scheme: a style for each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheme {
    /// For traces.
    pub trace: Style,
    /// For what is of use when something is looked into.
    pub debug: Style,
    /// For what happens in order.
    pub info: Style,
    /// For what might be dangerous.
    pub warn: Style,
    /// For what went wrong.
    pub error: Style,
}

/// The form of a line unless the settings have another.
const FORMAT: &str = "${time} ${lvl}[${level}]${reset} ${msg}${target}${reset} ${message}${fields}";

const COLOURS: [(&str, Colour); 8] = [
    ("black", Colour::Black),
    ("red", Colour::Red),
    ("green", Colour::Green),
    ("yellow", Colour::Yellow),
    ("blue", Colour::Blue),
    ("magenta", Colour::Magenta),
    ("cyan", Colour::Cyan),
    ("white", Colour::White),
];

impl Default for Log {
    fn default() -> Self {
        let schemes = default_schemes();
        Self {
            level: log::LevelFilter::Info,
            user_messages: false,
            colours: Colours::Auto,
            format: parse(FORMAT, &schemes).unwrap_or_default(),
            schemes,
        }
    }
}

/// The schemes that are there without being named: `lvl` with backgrounds, `msg` without.
fn default_schemes() -> BTreeMap<String, Scheme> {
    let style = |foreground, background| Style { foreground, background, bold: false };
    let on = |foreground, background| style(Some(foreground), Some(background));
    let plain = |foreground| style(Some(foreground), None);
    let lvl = Scheme {
        trace: on(Colour::White, Colour::Black),
        debug: on(Colour::White, Colour::Blue),
        info: on(Colour::Black, Colour::Green),
        warn: on(Colour::Black, Colour::Yellow),
        error: on(Colour::White, Colour::Red),
    };
    let msg = Scheme {
        trace: plain(Colour::White),
        debug: plain(Colour::Blue),
        info: plain(Colour::Green),
        warn: plain(Colour::Yellow),
        error: plain(Colour::Red),
    };
    BTreeMap::from([("lvl".to_owned(), lvl), ("msg".to_owned(), msg)])
}

/// Reads the section.
pub(super) fn read(section: Section<'_>) -> Log {
    let level = section.word("level").map_or(log::LevelFilter::Info, |level| {
        level.parse().unwrap_or_else(|_| {
            section.fault("level", "must be error, warn, info, debug, trace or off");
            log::LevelFilter::Info
        })
    });
    let colours = match section.text("colours").as_deref() {
        None | Some("auto") => Colours::Auto,
        Some("always") => Colours::Always,
        Some("never") => Colours::Never,
        Some(_) => {
            section.fault("colours", "must be auto, always or never");
            Colours::Auto
        }
    };
    let mut schemes = default_schemes();
    for (name, of_levels) in section.each("colour_schemes") {
        if is_name(&name) && !RESERVED.contains(&name.as_str()) {
            schemes.insert(name, scheme(of_levels));
        } else {
            let what = format!(
                "holds {name:?}; the name of a scheme begins with a letter, goes on with letters, \
                 digits, - and _, and is none of {}",
                RESERVED.join(", ")
            );
            section.fault("colour_schemes", what);
        }
    }
    let format = section.text("format").unwrap_or_else(|| FORMAT.to_owned());
    let format = parse(&format, &schemes).unwrap_or_else(|what| {
        section.fault("format", what);
        Vec::new()
    });
    let user_messages = section.flag("user_messages", false);
    section.end();
    Log { level, user_messages, colours, format, schemes }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn scheme(section: Section<'_>) -> Scheme {
    let level = |name| style(section.section(name));
    let scheme = Scheme {
        trace: level("trace"),
        debug: level("debug"),
        info: level("info"),
        warn: level("warn"),
        error: level("error"),
    };
    section.end();
    scheme
}

fn style(section: Section<'_>) -> Style {
    let colour = |key: &'static str| {
        let name = section.text(key)?;
        let found = COLOURS.into_iter().find(|(known, _)| *known == name);
        if found.is_none() {
            section.fault(key, format!("must be one of {}", COLOURS.map(|(n, _)| n).join(", ")));
        }
        found.map(|(_, colour)| colour)
    };
    let style = Style {
        foreground: colour("foreground"),
        background: colour("background"),
        bold: section.flag("bold", false),
    };
    section.end();
    style
}

/// Names in a format that are no schemes.
const RESERVED: [&str; 6] = ["time", "level", "target", "message", "fields", "reset"];

/// Reads a format: `${name}` is a part or a scheme, `$$` a dollar.
fn parse(format: &str, schemes: &BTreeMap<String, Scheme>) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = after.strip_prefix('{').and_then(|after| after.split_once('}'))
        else {
            return Err("has a $ that is not followed by {name}; write $$ for a dollar".to_owned());
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(part(name, schemes)?);
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    if !parts.contains(&Part::Message) {
        return Err("has no ${message}, so that nothing would be said".to_owned());
    }
    Ok(parts)
}

fn part(name: &str, schemes: &BTreeMap<String, Scheme>) -> Result<Part, String> {
    Ok(match name {
        "time" => Part::Time,
        "level" => Part::Level,
        "target" => Part::Target,
        "message" => Part::Message,
        "fields" => Part::Fields,
        "reset" => Part::Reset,
        _ if schemes.contains_key(name) => Part::Scheme(name.to_owned()),
        _ => {
            let mut known: Vec<&str> = RESERVED.to_vec();
            known.extend(schemes.keys().map(String::as_str));
            return Err(format!("has ${{{name}}}; known are {}", known.join(", ")));
        }
    })
}
