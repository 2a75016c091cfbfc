//! Pieces of Latin script in a page that is written from right to left.
//!
//! A sign at the edge of such a piece has no direction of its own, and goes with the text around it:
//! `Psi+` is shown as `+Psi`, `/otr start` as `otr start/`. So each piece that holds a sign gets an
//! element of its own, `<bdi dir="ltr">`. Nothing invisible gets into what is copied by that.
//!
//! This is done to the finished page, so that no text can be forgotten, whoever wrote it.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped};

/// Elements whose text is shown by other rules, or stands alone already.
const CLOSED: [&str; 8] =
    ["bdi", "option", "script", "select", "style", "svg", "textarea", "title"];
/// Elements without content.
pub(super) const VOID: [&str; 7] = ["br", "hr", "img", "input", "link", "meta", "wbr"];

/// What ends sentences and their parts, or stands around them.
const MARKS: &str = ".,:;!?…()“”„«»‘’‹›";

/// What one character is for the direction of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A letter of the Latin script.
    Letter,
    /// A digit from 0 to 9.
    Digit,
    /// A sign as it stands in names, commands, addresses and paths.
    Sign,
    /// A mark that ends sentences and their parts, or stands around them.
    Mark,
    /// A straight quotation mark, which also stands in commands.
    Quote,
    /// White space.
    Blank,
    /// Anything else, above all letters of other scripts.
    Other,
}

/// One character of a text of HTML, which may be written as `&…;`.
#[derive(Clone, Copy, Debug)]
struct Unit<'a> {
    text: &'a str,
    kind: Kind,
}

/// Isolates the pieces of Latin script in all texts of a page, or of a part of one.
pub(super) fn isolated(markup: &Markup) -> Markup {
    let mut rest = markup.0.as_str();
    let mut page = String::with_capacity(rest.len() + rest.len() / 8);
    // The element whose texts are left alone, and how deep it is in others of its name.
    let mut closed: Option<(String, usize)> = None;
    while let Some((text, tail)) = rest.split_once('<') {
        if closed.is_some() {
            page.push_str(text);
        } else {
            isolate(text, &mut page);
        }
        let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
        // Writing to a `String` does not fail.
        write!(page, "<{tag}>").unwrap_or_default();
        rest = after;
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        match &mut closed {
            Some((open, depth)) if open == name => {
                *depth = if tag.starts_with('/') {
                    depth.saturating_sub(1)
                } else {
                    depth.saturating_add(1)
                };
                if *depth == 0 {
                    closed = None;
                }
            }
            None if !tag.starts_with('/') && stands_alone(name, tag) => {
                closed = Some((name.to_owned(), 1));
            }
            Some(_) | None => {}
        }
    }
    isolate(rest, &mut page);
    PreEscaped(page)
}

/// Whether the texts of an element need nothing: it has a direction of its own.
fn stands_alone(name: &str, tag: &str) -> bool {
    let has_direction = name != "html" && tag.contains(" dir=\"");
    !VOID.contains(&name) && (CLOSED.contains(&name) || has_direction)
}

/// Writes a text with its pieces of Latin script isolated, as far as they hold a sign.
fn isolate(text: &str, out: &mut String) {
    let units = units(text);
    let mut rest = units.as_slice();
    while !rest.is_empty() {
        let n_other = rest.iter().take_while(|unit| unit.kind == Kind::Other).count();
        let (other, tail) = rest.split_at(n_other);
        put(other, out);
        let n_latin = tail.iter().take_while(|unit| unit.kind != Kind::Other).count();
        let (stretch, tail) = tail.split_at(n_latin);
        isolate_stretch(stretch, out);
        rest = tail;
    }
}

/// Writes a stretch without letters of other scripts: its pieces end where sentences, or their parts,
/// do.
fn isolate_stretch(mut rest: &[Unit<'_>], out: &mut String) {
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(length_of_piece(rest));
        let (before, core, after) = core_of(piece);
        put(before, out);
        let has = |kind| core.iter().any(|unit| unit.kind == kind);
        if has(Kind::Letter) && has(Kind::Sign) {
            out.push_str("<bdi dir=\"ltr\">");
            put(core, out);
            out.push_str("</bdi>");
        } else {
            put(core, out);
        }
        put(after, out);
        rest = tail;
    }
}

/// How long the first piece is: up to a mark at the end of a word, or to a word that begins with one
/// or is a dash. In a command, what stands in quotation marks belongs to it.
fn length_of_piece(units: &[Unit<'_>]) -> usize {
    let is_edge = |unit: &&Unit<'_>| matches!(unit.kind, Kind::Mark | Kind::Quote | Kind::Blank);
    let n_before = units.iter().take_while(is_edge).count();
    let is_command = units.get(n_before).is_some_and(|unit| unit.text == "/");
    let ends =
        |unit: &Unit<'_>| unit.kind == Kind::Mark || (unit.kind == Kind::Quote && !is_command);
    for (at, pair) in units.windows(2).enumerate().skip(n_before) {
        let [one, next] = pair else { continue };
        let after = units.get(at + 2);
        let is_dash = next.text == "-" && after.is_none_or(|unit| unit.kind == Kind::Blank);
        let is_over = (ends(one) && next.kind == Kind::Blank)
            || (one.kind == Kind::Blank && (ends(next) || is_dash));
        if is_over {
            return at + 1;
        }
    }
    units.len()
}

/// The words of a piece that hold letters or belong to such, without the marks around them.
fn core_of<'a, 'b>(piece: &'b [Unit<'a>]) -> (&'b [Unit<'a>], &'b [Unit<'a>], &'b [Unit<'a>]) {
    let is_edge = |unit: &Unit<'_>| matches!(unit.kind, Kind::Mark | Kind::Quote | Kind::Blank);
    let mut start = piece.iter().take_while(|unit| is_edge(unit)).count();
    let mut end = piece.len();
    loop {
        let core = piece.get(start..end).unwrap_or_default();
        let n_quotes = core.iter().filter(|unit| unit.kind == Kind::Quote).count();
        match core.last() {
            // One that was opened inside is closed inside.
            Some(last) if last.kind == Kind::Quote && n_quotes % 2 == 0 => break,
            Some(last) if is_edge(last) => end -= 1,
            Some(_) | None => break,
        }
    }
    // Numbers and signs that stand alone belong to the text around.
    let is_loose = |word: &[Unit<'_>]| !word.iter().any(|unit| unit.kind == Kind::Letter);
    let is_blank = |unit: &Unit<'_>| unit.kind == Kind::Blank;
    while let Some(core) = piece.get(start..end)
        && let Some(n) = core.iter().position(is_blank)
        && core.get(..n).is_some_and(is_loose)
    {
        start += n + 1;
    }
    while let Some(core) = piece.get(start..end)
        && let Some(n) = core.iter().rposition(is_blank)
        && core.get(n..).is_some_and(is_loose)
        && !core.last().is_some_and(|unit| unit.kind == Kind::Quote)
    {
        end = start + n;
    }
    let (head, after) = piece.split_at(end.max(start));
    let (before, core) = head.split_at(start);
    (before, core, after)
}

fn put(units: &[Unit<'_>], out: &mut String) {
    out.extend(units.iter().map(|unit| unit.text));
}

/// The characters of a text of HTML.
fn units(text: &str) -> Vec<Unit<'_>> {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let entity =
            rest.split_inclusive(';').next().filter(|entity| first == '&' && entity.len() < 9);
        let n = entity.map_or_else(|| first.len_utf8(), str::len);
        let (text, tail) = rest.split_at_checked(n).unwrap_or((rest, ""));
        units.push(Unit { text, kind: kind(text, first) });
        rest = tail;
    }
    units
}

fn kind(text: &str, first: char) -> Kind {
    match (text, first) {
        ("&quot;" | "\"", _) => Kind::Quote,
        ("&lt;" | "&gt;" | "&amp;", _) | (_, '→' | '\'') => Kind::Sign,
        (_, ' ' | '\n' | '\t') => Kind::Blank,
        (_, '0'..='9') => Kind::Digit,
        (_, 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') => Kind::Letter,
        (_, first) if MARKS.contains(first) => Kind::Mark,
        (_, first) if first.is_ascii_punctuation() => Kind::Sign,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        isolate(text, &mut out);
        assert_eq!(
            out.replace("<bdi dir=\"ltr\">", "").replace("</bdi>", ""),
            text,
            "it is the same"
        );
        out.replace("<bdi dir=\"ltr\">", "[").replace("</bdi>", "]")
    }

    #[test]
    fn names_commands_and_addresses_are_isolated_in_arabic() {
        for (text, expected) in [
            ("استخدم Psi+ أو Pidgin.", "استخدم [Psi+] أو Pidgin."),
            ("Pidgin أو Psi+، أو mcabber", "Pidgin أو [Psi+]، أو mcabber"),
            ("وPsi+وPidgin", "و[Psi+]وPidgin"),
            ("(Psi+)", "([Psi+])"),
            ("اكتب &quot;/otr start&quot; هنا.", "اكتب &quot;[/otr start]&quot; هنا."),
            ("اكتب «/otr end».", "اكتب «[/otr end]»."),
            (
                "اكتب /smpq &quot;ما&quot; أو /smpq &quot;a b?&quot; &quot;c&quot;.",
                "اكتب [/smpq] &quot;ما&quot; أو [/smpq &quot;a b?&quot; &quot;c&quot;].",
            ),
            ("عنوانك user@example.org.", "عنوانك [user@example.org]."),
            ("انظر https://providers.xmpp.net/ الآن", "انظر [https://providers.xmpp.net/] الآن"),
            ("في Tools → Plugins ثم", "في [Tools → Plugins] ثم"),
            ("استعمل OTR 3 في 2026", "استعمل OTR 3 في 2026"),
            ("إصدار Psi+ 1.5 و 3 Psi+", "إصدار [Psi+] 1.5 و 3 [Psi+]"),
            ("شفرة XXXX-XXXX-XXXX-XXXX", "شفرة [XXXX-XXXX-XXXX-XXXX]"),
            ("من 5 + 3", "من 5 + 3"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn names_commands_and_paths_are_isolated_in_persian() {
        for (text, expected) in [
            ("برنامهٔ Psi+ را باز کنید", "برنامهٔ [Psi+] را باز کنید"),
            ("Psi+، Profanity یا mcabber؛", "[Psi+]، Profanity یا mcabber؛"),
            ("بنویسید: /otr start", "بنویسید: [/otr start]"),
            ("Psi+. Pidgin, Psi+ - mcabber", "[Psi+]. Pidgin, [Psi+] - mcabber"),
            ("پوشهٔ ~/.purple/ و C:\\Users\\", "پوشهٔ [~/.purple/] و [C:\\Users\\]"),
            ("Q&amp;A &lt;b&gt; است", "[Q&amp;A &lt;b&gt;] است"),
            ("و & تنها & xyz", "و & تنها & xyz"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn only_texts_are_touched_that_have_no_direction_of_their_own() {
        let page = "<!DOCTYPE html><html dir=\"rtl\"><head><title>Psi+ ب</title></head><body>\
            <p title=\"Psi+ ب\">ب Psi+</p><input dir=\"ltr\" value=\"x+\"><p>Psi+</p>\
            <bdi>Psi+<bdi>a+</bdi> b+</bdi><svg><text>Psi+</text></svg>\
            <p dir=\"ltr\">Psi+ <b>c+</b></p>d+</body></html>";

        let isolated = isolated(&PreEscaped(page.to_owned())).into_string();

        let expected = page
            .replace("ب Psi+</p>", "ب <bdi dir=\"ltr\">Psi+</bdi></p>")
            .replace("<p>Psi+</p>", "<p><bdi dir=\"ltr\">Psi+</bdi></p>")
            .replace("d+", "<bdi dir=\"ltr\">d+</bdi>");
        assert_eq!(isolated, expected);
    }
}
