//! A picture as SVG: no scripts, no fonts of its own, nothing from elsewhere.
//!
//! Colour never tells anything alone: what is certain about the chat is also a word, a symbol and
//! a kind of border.

use std::fmt::{self, Write as _};

use quick_xml::escape::escape;
use tr::tr;

use super::{
    Arrow, Picture, Role, StateBox,
    layout::{self, Layout, Rect, Size},
    measure::{width, wrap},
};
use crate::{drawing::words, lesson::vocabulary::Need};

/// Size of the text in boxes; of names, of labels, of the title.
const TEXT: f64 = 12.0;
const NAME: f64 = 14.0;
const LABEL: f64 = 11.0;
const TITLE: f64 = 20.0;

/// Height of a line, as a multiple of the font's size.
const LEADING: f64 = 1.35;

/// Widest text in a box and on an arrow.
const BOX_TEXT_WIDTH: f64 = 270.0;
const LABEL_TEXT_WIDTH: f64 = 150.0;

/// Room around the text of a box, and around everything.
const PADDING: f64 = 10.0;
const MARGIN: f64 = 24.0;

/// Width of the sign for what is certain.
const SIGN: f64 = 18.0;

/// Bold letters are wider.
const BOLD: f64 = 1.12;

const STYLE: &str = "text{font-family:'DejaVu Sans',Verdana,'Noto Sans','Segoe UI',Helvetica,Arial,\
sans-serif;fill:#1a1a1a}.name,.title{font-weight:bold}.quotation{font-style:italic;unicode-bidi:plaintext}\
.line{fill:none;stroke:#444;stroke-width:1.4}.shared .line{stroke-dasharray:6 4}\
.label rect{fill:#fff;fill-opacity:.92}.frame{stroke:#333}\
.nothing .frame{fill:#fff6d6;stroke-dasharray:6 4;stroke-width:1.5}\
.private .frame{fill:#dcebfb;stroke-width:1.5}\
.verified .frame{fill:#d9f2dc;stroke-width:3.5}\
.any .frame{fill:#fff;stroke-dasharray:2 4;stroke-width:1.5}\
.inner{fill:none;stroke:#333;stroke-width:1}.rtl .quotation{unicode-bidi:normal}";

/// A box with its text, broken into lines.
struct Drawn<'p> {
    state: &'p StateBox,
    /// What is certain in the state, such as `private · START`; nothing for what happens in any.
    sort: String,
    quotation: Vec<String>,
    lines: Vec<Vec<String>>,
    size: Size,
}

/// Writes a picture down, as a document of its own.
pub fn svg(picture: &Picture) -> String {
    let mut svg = String::new();
    // Writing to a `String` does not fail.
    write(picture, &mut svg, None).unwrap_or_default();
    svg
}

/// Writes a picture down to stand in a page that has the [`style_sheet`], as its policy may not allow
/// styles inside of it; and the title and the legend, which a reader need not scroll to there.
pub fn inline(picture: &Picture) -> String {
    let mut svg = String::new();
    // Writing to a `String` does not fail.
    write(picture, &mut svg, Some("lesson")).unwrap_or_default();
    svg
}

/// The styles of pictures that stand in a page; they touch nothing else of it.
pub fn style_sheet() -> String {
    let mut sheet = String::new();
    for (selectors, rule) in STYLE.split_inclusive('}').filter_map(|rule| rule.split_once('{')) {
        let scoped: Vec<String> =
            selectors.split(',').map(|selector| format!("svg.lesson {selector}")).collect();
        // Writing to a `String` does not fail.
        writeln!(sheet, "{}{{{rule}", scoped.join(",")).unwrap_or_default();
    }
    sheet
}

/// Writes a picture down; `class` is that of a picture inside of a page.
fn write(picture: &Picture, svg: &mut String, class: Option<&str>) -> fmt::Result {
    let drawn: Vec<Drawn<'_>> = picture.boxes.iter().map(drawn).collect();
    let labels: Vec<Vec<String>> = picture.arrows.iter().map(label).collect();
    let sizes: Vec<Size> = drawn.iter().map(|drawn| drawn.size).collect();
    let ways: Vec<(&Arrow, Size)> = picture
        .arrows
        .iter()
        .zip(&labels)
        .map(|(arrow, lines)| (arrow, label_size(lines)))
        .collect();
    let start = picture.boxes.iter().position(|state| state.role == Role::Start);
    let layout = layout::layout(start.unwrap_or(0), &sizes, &ways);
    let (min_x, right, bottom) = extent(&layout);
    let is_alone = class.is_none();
    let (top, head_width) = if is_alone {
        let n_lines = 2.0 + count(usize::from(picture.credit.is_some()));
        let top = MARGIN + TITLE * LEADING + n_lines * TEXT * LEADING + 30.0;
        let credit = picture.credit.as_deref().map_or(0.0, |credit| width(credit, TEXT));
        (top, legend_width().max(width(&picture.title, TITLE) * BOLD).max(credit))
    } else {
        (MARGIN, 0.0)
    };
    let class = class.map(|class| format!(" class=\"{class}\"")).unwrap_or_default();
    let style = if is_alone { format!("<style>{STYLE}</style>\n") } else { String::new() };
    let left = MARGIN - min_x;
    let total_width = (right - min_x).max(head_width) + 2.0 * MARGIN;
    let total_height = top + bottom + MARGIN;
    write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"{class} role=\"img\" aria-labelledby=\"title desc\" \
         width=\"{total_width:.0}\" height=\"{total_height:.0}\" \
         viewBox=\"0 0 {total_width:.0} {total_height:.0}\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n{style}\
         <defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" \
         fill=\"#444\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        xml(&picture.title),
        xml(&in_words(picture).join("\n")),
    )?;
    if is_alone {
        text(svg, "title", TITLE, MARGIN, MARGIN + TITLE, &picture.title)?;
        legend(svg, MARGIN, MARGIN + TITLE * LEADING + 14.0, picture.credit.as_deref())?;
    }
    let direction = if picture.is_rtl { " class=\"rtl\" direction=\"rtl\"" } else { "" };
    writeln!(svg, "<g{direction} transform=\"translate({left:.1} {top:.1})\">")?;
    for ((arrow, (_, points)), _) in picture.arrows.iter().zip(&layout.arrows).zip(&labels) {
        line(svg, picture, arrow, points)?;
    }
    for (state, place) in drawn.iter().zip(&layout.boxes) {
        state.write(svg, *place, picture.is_rtl)?;
    }
    for ((arrow, (place, _)), lines) in picture.arrows.iter().zip(&layout.arrows).zip(&labels) {
        write_label(svg, picture, arrow, *place, lines)?;
    }
    writeln!(svg, "</g>\n</svg>")
}

/// Least x, and greatest x and y, of everything.
fn extent(layout: &Layout) -> (f64, f64, f64) {
    let labels = layout.arrows.iter().map(|(place, _)| *place);
    let all: Vec<Rect> = layout.boxes.iter().copied().chain(labels).collect();
    let points = || layout.arrows.iter().flat_map(|(_, points)| points);
    let min_x = all.iter().map(|r| r.x).chain(points().map(|(x, _)| *x)).fold(0.0, f64::min);
    let right = layout.right();
    let bottom =
        all.iter().map(|r| r.bottom()).chain(points().map(|(_, y)| *y)).fold(0.0, f64::max);
    (min_x, right, bottom)
}

fn drawn(state: &StateBox) -> Drawn<'_> {
    let need = words::need(state.need);
    let sort = match state.role {
        Role::Anywhere => String::new(),
        Role::Start => tr!("{need} · START", need = need),
        Role::End => tr!("{need} · END", need = need),
        Role::Middle => need,
    };
    let quotation = state.quotation.as_ref().map(|text| wrap(&clean(text), TEXT, BOX_TEXT_WIDTH));
    let quotation = quotation.unwrap_or_default();
    let lines: Vec<Vec<String>> =
        state.listed().map(|line| wrap(&clean(line), TEXT, BOX_TEXT_WIDTH - TEXT)).collect();
    let name = width(&clean(&state.name), NAME) * BOLD;
    let sorted = SIGN + width(&sort, TEXT);
    let quoted = quotation.iter().map(|line| width(line, TEXT));
    let listed = lines.iter().flatten().map(|line| TEXT + width(line, TEXT));
    let widest = quoted.chain(listed).fold(name.max(sorted), f64::max);
    let n_lines = quotation.len() + lines.iter().map(Vec::len).sum::<usize>();
    let gaps = f64::from(u8::from(!quotation.is_empty()) + u8::from(!lines.is_empty())) * 6.0;
    let sort_height = if sort.is_empty() { 0.0 } else { TEXT * LEADING };
    let height = NAME * LEADING + sort_height + count(n_lines) * TEXT * LEADING + gaps;
    let size = Size { width: widest + 2.0 * PADDING, height: height + 2.0 * PADDING };
    Drawn { state, sort, quotation, lines, size }
}

impl Drawn<'_> {
    fn write(&self, svg: &mut String, place: Rect, is_rtl: bool) -> fmt::Result {
        let Rect { x, y, width, height } = place;
        let class = class(self.state);
        let radius = if self.state.role == Role::Start { 18.0 } else { 6.0 };
        write!(
            svg,
            "<g class=\"state {class}\" data-state=\"{}\"><rect class=\"frame\" x=\"{x:.1}\" \
             y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>",
            xml(&self.state.name)
        )?;
        if self.state.role == Role::End {
            let (x, y, width, height) = (x + 4.0, y + 4.0, width - 8.0, height - 8.0);
            write!(
                svg,
                "<rect class=\"inner\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
                 height=\"{height:.1}\" rx=\"4\"/>"
            )?;
        }
        // A text begins where its direction does: at this distance from the side of the box.
        let at =
            |inner: f64| if is_rtl { x + width - PADDING - inner } else { x + PADDING + inner };
        let mut baseline = y + PADDING + NAME;
        text(svg, "name", NAME, at(0.0), baseline, &self.state.name)?;
        baseline += (NAME * LEADING - NAME) + TEXT;
        if !self.sort.is_empty() {
            sign(svg, self.state.need, at(6.0), baseline - 4.0)?;
            text(svg, "sort", TEXT, at(SIGN), baseline, &self.sort)?;
            baseline += TEXT * LEADING;
        }
        if !self.quotation.is_empty() {
            baseline += 6.0;
        }
        for line in &self.quotation {
            text(svg, "quotation", TEXT, at(0.0), baseline, line)?;
            baseline += TEXT * LEADING;
        }
        if !self.lines.is_empty() {
            baseline += 6.0;
        }
        for lines in &self.lines {
            text(svg, "bullet", TEXT, at(0.0), baseline, "•")?;
            for line in lines {
                text(svg, "reaction", TEXT, at(TEXT), baseline, line)?;
                baseline += TEXT * LEADING;
            }
        }
        writeln!(svg, "</g>")
    }
}

fn class(state: &StateBox) -> &'static str {
    match (state.role, state.need) {
        (Role::Anywhere, _) => "any",
        (_, Need::Nothing) => "nothing",
        (_, Need::Private) => "private",
        (_, Need::Verified) => "verified",
    }
}

/// A circle: empty, half full, or full.
fn sign(svg: &mut String, need: Need, x: f64, y: f64) -> fmt::Result {
    let fill = if need == Need::Verified { "#1a1a1a" } else { "#fff" };
    write!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{fill}\" stroke=\"#1a1a1a\" \
         stroke-width=\"1.4\"/>"
    )?;
    if need == Need::Private {
        let top = y - 5.0;
        write!(svg, "<path d=\"M{x:.1} {top:.1}a5 5 0 0 0 0 10z\" fill=\"#1a1a1a\"/>")?;
    }
    Ok(())
}

fn text(svg: &mut String, class: &str, size: f64, x: f64, y: f64, text: &str) -> fmt::Result {
    write!(
        svg,
        "<text class=\"{class}\" font-size=\"{size}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        xml(text)
    )
}

/// The lines on an arrow.
fn label(arrow: &Arrow) -> Vec<String> {
    let causes = arrow.causes.iter().enumerate().flat_map(|(ix, cause)| {
        let cause = clean(cause);
        // i18n: another thing that leads to the same state.
        let cause = if ix == 0 { cause } else { tr!("or {cause}", cause = cause) };
        wrap(&cause, LABEL, LABEL_TEXT_WIDTH)
    });
    causes.collect()
}

fn label_size(lines: &[String]) -> Size {
    let widest = lines.iter().map(|line| width(line, LABEL)).fold(0.0, f64::max);
    Size { width: widest + 8.0, height: count(lines.len()) * LABEL * LEADING + 4.0 }
}

fn write_label(
    svg: &mut String,
    picture: &Picture,
    arrow: &Arrow,
    place: Rect,
    lines: &[String],
) -> fmt::Result {
    let Rect { x, y, width, height } = place;
    write!(
        svg,
        "<g class=\"label\" text-anchor=\"middle\" data-from=\"{}\" data-to=\"{}\">\
         <rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
        xml(picture.name_of(arrow.from)),
        xml(picture.name_of(arrow.to))
    )?;
    let mut baseline = y + 2.0 + LABEL;
    for line in lines {
        text(svg, "cause", LABEL, x + width / 2.0, baseline, line)?;
        baseline += LABEL * LEADING;
    }
    writeln!(svg, "</g>")
}

/// A line that goes down in layers, and bends between them.
fn line(svg: &mut String, picture: &Picture, arrow: &Arrow, points: &[(f64, f64)]) -> fmt::Result {
    let class = if arrow.is_shared { "arrow shared" } else { "arrow" };
    write!(
        svg,
        "<g class=\"{class}\" data-from=\"{}\" data-to=\"{}\"><path class=\"line\" \
         marker-end=\"url(#head)\" d=\"",
        xml(picture.name_of(arrow.from)),
        xml(picture.name_of(arrow.to))
    )?;
    if let Some((x, y)) = points.first() {
        write!(svg, "M{x:.1} {y:.1}")?;
    }
    for two in points.windows(2) {
        let [(x1, y1), (x2, y2)] = two else { continue };
        let half = f64::midpoint(*y1, *y2);
        if (x1 - x2).abs() < 0.1 {
            write!(svg, "L{x2:.1} {y2:.1}")?;
        } else {
            write!(svg, "C{x1:.1} {half:.1} {x2:.1} {half:.1} {x2:.1} {y2:.1}")?;
        }
    }
    writeln!(svg, "\"/></g>")
}

/// What the signs stand for, and in words.
const LEGEND: [(Need, &str); 3] = [
    (Need::Nothing, "in the clear: others can read along"),
    (Need::Private, "private: encrypted with OTR"),
    (Need::Verified, "verified: private, and it is sure with whom"),
];

/// The rest of the legend, on a line of its own.
const LEGEND_MORE: &str = "Round corners: start. Double border: end. Arrows: what the learner does, \
                           or what happens; dashed: in any state. Lines with •: what is done without \
                           going elsewhere.";

fn legend_width() -> f64 {
    let signs: f64 = LEGEND.iter().map(|(_, words)| SIGN + width(words, TEXT) + 24.0).sum();
    signs.max(width(LEGEND_MORE, TEXT))
}

fn legend(svg: &mut String, left: f64, top: f64, credit: Option<&str>) -> fmt::Result {
    write!(svg, "<g class=\"legend\">")?;
    let mut x = left;
    let first = top + TEXT;
    for (need, words) in LEGEND {
        sign(svg, need, x + 6.0, first - 4.0)?;
        text(svg, "legend", TEXT, x + SIGN, first, words)?;
        x += SIGN + width(words, TEXT) + 24.0;
    }
    text(svg, "legend", TEXT, left, first + TEXT * LEADING, LEGEND_MORE)?;
    if let Some(credit) = credit {
        text(svg, "legend", TEXT, left, first + 2.0 * TEXT * LEADING, credit)?;
    }
    writeln!(svg, "</g>")
}

/// The course in words, for those who do not see it: a line for each state.
pub fn in_words(picture: &Picture) -> Vec<String> {
    let mut said = Vec::new();
    for (ix, state) in picture.boxes.iter().enumerate() {
        let (name, need) = (&state.name, words::need(state.need));
        let earns = state.earns.iter().cloned();
        let state = match state.role {
            // i18n: a state of the lesson, and what is certain in it.
            Role::Start => tr!("{name} ({need}), the start", name = name, need = need),
            Role::End => tr!("{name} ({need}), an end", name = name, need = need),
            Role::Middle => tr!("{name} ({need})", name = name, need = need),
            Role::Anywhere => name.clone(),
        };
        let ways = picture.arrows.iter().filter(|arrow| arrow.from == ix).map(|arrow| {
            let (causes, to) = (words::any_of(&arrow.causes), picture.name_of(arrow.to));
            // i18n: what happens, and the state that it leads to.
            tr!("{causes}: to {state}", causes = causes, state = to)
        });
        let ways = words::series(earns.chain(ways));
        let stop = if ways.is_empty() { "" } else { ". " };
        said.push(format!("{state}{stop}{ways}."));
    }
    said
}

/// A text for XML.
fn xml(text: &str) -> String {
    escape(clean_lines(text)).into_owned()
}

/// A text on one line.
fn clean(text: &str) -> String {
    let words: Vec<&str> = words::split(text).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).collect()
}

/// A text without the characters that XML does not have.
fn clean_lines(text: &str) -> String {
    let is_fit =
        |c: &char| (!c.is_control() || *c == '\n') && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(is_fit).collect()
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}
