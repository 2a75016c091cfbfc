//! Lines in languages that are written from right to left: what is written from left to right in them
//! stays in one piece.
//!
//! `Psi+` would be shown as `+Psi`, `/otr start` as `otr start/`. Names are isolated (UAX #9, LRI and
//! PDI). What people copy or type, commands above all, stands on a line of its own in its place, so that
//! no sign that nobody sees comes along.

/// Isolates what stands until [`POP`], from left to right.
const ISOLATE: char = '\u{2066}';
/// Ends that.
const POP: char = '\u{2069}';

/// What commands begin with.
const COMMAND: [char; 2] = ['/', '&'];

/// A line as it is sent. `copied` are further texts that people may copy out of it, such as addresses.
pub(super) fn isolated(line: &str, copied: &[&str]) -> String {
    let mut isolated = String::with_capacity(line.len() + 16);
    let mut rest = line;
    while let Some((before, run, after)) = next_run(rest, copied) {
        let is_copied = run.starts_with(COMMAND) || copied.contains(&run);
        if is_copied {
            isolated.push_str(before.trim_end_matches(' '));
            if !isolated.is_empty() && !isolated.ends_with('\n') {
                isolated.push('\n');
            }
            isolated.push_str(run);
            // The line ends a sentence, too.
            rest = after.trim_start_matches([' ', '.', ',', '،', '؛']);
            if !rest.is_empty() && !rest.starts_with('\n') {
                isolated.push('\n');
            }
            continue;
        }
        isolated.push_str(before);
        let is_loose = |c: Option<char>| c.is_some_and(|c| !c.is_alphanumeric());
        if is_loose(run.chars().next()) || is_loose(run.chars().next_back()) {
            isolated.push(ISOLATE);
            isolated.push_str(run);
            isolated.push(POP);
        } else {
            isolated.push_str(run);
        }
        rest = after;
    }
    isolated.push_str(rest);
    isolated
}

/// The next run of words from left to right: what is before it, the run, what is behind it.
fn next_run<'t>(text: &'t str, copied: &[&str]) -> Option<(&'t str, &'t str, &'t str)> {
    let at_copied = copied
        .iter()
        .filter(|copied| !copied.is_empty())
        .filter_map(|copied| Some((text.find(copied)?, copied.len())))
        .min();
    let at_words = words_at(text);
    let (start, len) = match (at_copied, at_words) {
        (Some(one), Some(other)) => {
            if one.0 <= other.0 + other.1 {
                one
            } else {
                other
            }
        }
        (one, other) => one.or(other)?,
    };
    let (before, rest) = text.split_at_checked(start)?;
    let (run, after) = rest.split_at_checked(len)?;
    Some((before, run, after))
}

/// Where the next words from left to right stand, and how long they are.
fn words_at(text: &str) -> Option<(usize, usize)> {
    let is_latin = |c: char| c.is_ascii_alphanumeric() || ('\u{c0}'..='\u{24f}').contains(&c);
    let first = text.find(is_latin)?;
    // Signs that stand at the word belong to it, but for those that open a quotation or a bracket.
    let before = text.get(..first)?;
    let is_part = |c: char| {
        c.is_ascii_punctuation()
            && !matches!(c, '"' | '(' | '[' | ',' | ';' | ':' | '.' | '!' | '?')
    };
    let start = before.char_indices().rev().take_while(|(_, c)| is_part(*c)).last();
    let start = start.map_or(first, |(ix, _)| ix);
    let is_command = text.get(start..)?.starts_with(COMMAND);
    let mut end = first;
    let mut quoted = false;
    for (ix, c) in text.char_indices().skip_while(|(ix, _)| *ix < first) {
        let goes_on = is_latin(c) || c == ' ' || c.is_ascii_punctuation();
        if !goes_on {
            break;
        }
        quoted ^= c == '"' && is_command;
        let ends_here = is_latin(c)
            || is_part(c)
            || (c == '"' && is_command && !quoted)
            || (is_command && matches!(c, ']' | '.'));
        if !is_command && matches!(c, '"' | '(' | ')' | ';' | ':') {
            break;
        }
        if ends_here {
            end = ix + c.len_utf8();
        }
    }
    // The full stop of a sentence is none of a command, unless it stands alone.
    let run = text.get(start..end)?;
    let run = match run.strip_suffix('.') {
        Some(shorter) if !shorter.ends_with(' ') => shorter,
        Some(_) | None => run,
    };
    Some((start, run.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_one_piece_and_commands_stand_alone() {
        for (line, sent) in [
            ("افتح Psi+ الآن", "افتح \u{2066}Psi+\u{2069} الآن"),
            ("Psi+: زر OTR", "\u{2066}Psi+\u{2069}: زر OTR"),
            ("اكتب /otr start", "اكتب\n/otr start"),
            ("اكتب /otr gen وانتظر، ثم /otr start", "اكتب\n/otr gen\nوانتظر، ثم\n/otr start"),
            ("اكتب /otr secret \"SECRET\" هنا.", "اكتب\n/otr secret \"SECRET\"\nهنا."),
            (
                "اكتب /otr start. إذا قال شيئًا، اكتب /otr gen، وانتظر",
                "اكتب\n/otr start\nإذا قال شيئًا، اكتب\n/otr gen\nوانتظر",
            ),
            ("mcabber: اكتب /otr smpq . ثم السر", "mcabber: اكتب\n/otr smpq .\nثم السر"),
            ("في القناة &bitlbee اكتب otr info", "في القناة\n&bitlbee\nاكتب otr info"),
            (
                "القائمة \"OTR\" ثم \"Start private conversation\".",
                "القائمة \"OTR\" ثم \"Start private conversation\".",
            ),
            ("اكتب إلى help@example.org/ الآن", "اكتب إلى\nhelp@example.org/\nالآن"),
            ("7A3C01B2 00112233", "7A3C01B2 00112233"),
            ("مرحبا", "مرحبا"),
            ("", ""),
        ] {
            assert_eq!(isolated(line, &["help@example.org/"]), sent, "{line}");
        }
    }
}
