//! Writing PO files, folded as GNU gettext folds them.

use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthChar;

use super::{Entry, FUZZY, Po, Source, comments::ISOLATE};

/// The widest line, in columns.
const WIDTH: usize = 79;

impl fmt::Display for Po {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ix, entry) in self.entries.iter().enumerate() {
            if ix > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{entry}")?;
        }
        if !self.entries.is_empty() && !self.last_comments.is_empty() {
            f.write_char('\n')?;
        }
        write_comments(f, "#", &self.last_comments)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_comments(f, "#", &self.translator_comments)?;
        write_comments(f, "#.", &self.extracted_comments)?;
        if !self.is_obsolete {
            write_references(f, &self.references)?;
        }
        if !self.flags.is_empty() {
            // GNU gettext begins with it.
            let (fuzzy, others): (Vec<&str>, Vec<&str>) =
                self.flags.iter().map(String::as_str).partition(|flag| *flag == FUZZY);
            writeln!(f, "#, {}", [fuzzy, others].concat().join(", "))?;
        }
        let (previous_mark, mark) = if self.is_obsolete { ("#~| ", "#~ ") } else { ("#| ", "") };
        if let Some(previous) = &self.previous {
            write_source(f, previous_mark, previous)?;
        }
        write_source(f, mark, &self.source)?;
        if self.source.plural.is_none() {
            let text = self.translations.first().map_or("", String::as_str);
            return write_field(f, mark, "msgstr", text);
        }
        for (ix, text) in self.translations.iter().enumerate() {
            write_field(f, mark, &format!("msgstr[{ix}]"), text)?;
        }
        Ok(())
    }
}

fn write_comments(f: &mut fmt::Formatter<'_>, mark: &str, lines: &[String]) -> fmt::Result {
    for line in lines.iter().flat_map(|lines| lines.split('\n')) {
        match line {
            "" => writeln!(f, "{mark}")?,
            // GNU gettext would take the next line for a part of it.
            line if line.ends_with('\\') => writeln!(f, "{mark} {line} ")?,
            line => writeln!(f, "{mark} {line}")?,
        }
    }
    Ok(())
}

fn write_source(f: &mut fmt::Formatter<'_>, mark: &str, source: &Source) -> fmt::Result {
    if let Some(context) = &source.context {
        write_field(f, mark, "msgctxt", context)?;
    }
    write_field(f, mark, "msgid", &source.text)?;
    match &source.plural {
        Some(plural) => write_field(f, mark, "msgid_plural", plural),
        None => Ok(()),
    }
}

fn write_references(f: &mut fmt::Formatter<'_>, references: &[String]) -> fmt::Result {
    let mut line = String::new();
    for reference in references {
        let isolated = isolated(reference);
        if !line.is_empty() && width(&line) + width(&isolated) + 3 > WIDTH {
            writeln!(f, "#:{line}")?;
            line.clear();
        }
        line.push(' ');
        line.push_str(&isolated);
    }
    if line.is_empty() { Ok(()) } else { writeln!(f, "#:{line}") }
}

/// The name of a file with blanks in it is enclosed.
fn isolated(reference: &str) -> String {
    if !reference.contains(char::is_whitespace) {
        return reference.to_owned();
    }
    let (open, close) = ISOLATE;
    let is_line = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    match reference.rsplit_once(':') {
        Some((file, line)) if is_line(line) => format!("{open}{file}{close}:{line}"),
        _ => format!("{open}{reference}{close}"),
    }
}

fn write_field(f: &mut fmt::Formatter<'_>, mark: &str, keyword: &str, text: &str) -> fmt::Result {
    let quoted = quote(text);
    let is_one_line = !text.strip_suffix('\n').unwrap_or(text).contains('\n');
    let left = WIDTH.saturating_sub(width(mark) + width(keyword) + 3);
    // What cannot be folded stays beside its keyword, however wide it is.
    if is_one_line && fold(&quoted, left).len() == 1 {
        return writeln!(f, "{mark}{keyword} \"{quoted}\"");
    }
    writeln!(f, "{mark}{keyword} \"\"")?;
    for line in text.split_inclusive('\n') {
        for piece in fold(&quote(line), WIDTH - width(mark) - 2) {
            writeln!(f, "{mark}\"{piece}\"")?;
        }
    }
    Ok(())
}

/// Cuts a text after blanks, so that no piece is wider than it must be.
fn fold(text: &str, max_width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (text, end) = match text.strip_suffix("\\n") {
        Some(text) => (text, "\\n"),
        None => (text, ""),
    };
    let mut words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
    match words.last_mut() {
        Some(last) => last.push_str(end),
        None => words.push(end.to_owned()),
    }
    for word in &words {
        match pieces.last_mut() {
            Some(piece) if piece.is_empty() || width(piece) + width(word) <= max_width => {
                piece.push_str(word);
            }
            _ => pieces.push(word.clone()),
        }
    }
    pieces
}

/// The columns of a text, each letter for itself: ligatures are the terminal's.
fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c => quoted.push(c),
        }
    }
    quoted
}
