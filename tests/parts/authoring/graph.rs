//! `otrbot lesson graph`: nothing is left out, nothing overlaps, nothing breaks out of its place.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::collections::BTreeSet;

use otrbot::drawing::{Picture, dot, mermaid, svg};
use otrbot::lesson::{self, Lesson};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::authoring::support::{Folder, shipped};

/// A lesson whose texts and names try to break out of every format.
const HOSTILE: &str = r#"
title: "</title><script>alert(1)</script> \"quoted\" & 'so' -->\nsecond line"
start: a"]-->x
topics: { "t\"]<b>": help }
states:
  a"]-->x:
    enter:
      - say: "</text><script>alert(\"1\")</script>\n\\l ${bot_alias} `code` #35; & so"
    on:
      - when: message_received
        about: "t\"]<b>"
        go: "end\\"
      - when: otr_enabled
        do: [{ say: x }]
  end\: { end: true }
"#;

/// The pairs of names between which something leads, and those that any state leads to.
fn ways(lesson: &Lesson) -> (BTreeSet<(String, String)>, BTreeSet<String>) {
    let graph = lesson.graph();
    let name = |ix| graph.state(ix).unwrap().name.clone();
    let own = graph.states().iter().flat_map(|state| {
        let targets = state.reactions.iter().filter_map(|reaction| reaction.target);
        targets.map(|target| (state.name.clone(), name(target))).collect::<Vec<_>>()
    });
    let shared = graph.everywhere().iter().filter_map(|reaction| reaction.target).map(name);
    (own.collect(), shared.collect())
}

#[derive(Debug, Default)]
struct Drawn {
    states: BTreeSet<String>,
    arrows: BTreeSet<(String, String)>,
    labelled: BTreeSet<(String, String)>,
    /// What the texts say, by the name of their state.
    texts: Vec<(String, String)>,
    /// Boxes and labels: x, y, width, height.
    boxes: Vec<[f64; 4]>,
    labels: Vec<[f64; 4]>,
    /// The lines, each as the points that it bends at.
    lines: Vec<Vec<[f64; 2]>>,
    elements: BTreeSet<String>,
    has_title: bool,
}

/// Reads a picture, which must be well-formed.
fn read(svg: &str) -> Drawn {
    let mut reader = Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let mut drawn = Drawn::default();
    let (mut state, mut class, mut depth) = (String::new(), String::new(), 0_i32);
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Eof => break,
            Event::End(_) => depth -= 1,
            Event::Text(text) => {
                let text = text.to_string();
                drawn.texts.push((state.clone(), text));
            }
            Event::GeneralRef(name) => {
                assert!(["lt", "gt", "amp", "quot", "apos"].contains(&&**name));
            }
            Event::Start(tag) | Event::Empty(tag) => {
                depth += i32::from(matches!(event, Event::Start(_)));
                let element = tag.name().as_ref().to_owned();
                let get = |key: &str| {
                    let value = tag.try_get_attribute(key).unwrap()?;
                    Some(
                        value
                            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                            .unwrap()
                            .into_owned(),
                    )
                };
                drawn.has_title |= element == "title";
                if element == "g" {
                    class = get("class").unwrap_or_default();
                    state = get("data-state").unwrap_or_default();
                    if !state.is_empty() {
                        drawn.states.insert(state.clone());
                    }
                    let pair = get("data-from").zip(get("data-to"));
                    let set =
                        if class == "label" { &mut drawn.labelled } else { &mut drawn.arrows };
                    set.extend(pair);
                }
                if element == "rect" {
                    let is_frame = get("class").as_deref() == Some("frame");
                    let place = || {
                        ["x", "y", "width", "height"].map(|key| get(key).unwrap().parse().unwrap())
                    };
                    if is_frame {
                        drawn.boxes.push(place());
                    } else if class == "label" {
                        drawn.labels.push(place());
                    }
                }
                if element == "path" && get("class").as_deref() == Some("line") {
                    drawn.lines.push(line(&get("d").unwrap()));
                }
                drawn.elements.insert(element);
            }
            Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
    assert_eq!(depth, 0);
    drawn
}

/// The points of a path of `M`, `L` and `C`; of a curve its end alone.
fn line(path: &str) -> Vec<[f64; 2]> {
    let steps = path.split(['M', 'L', 'C']).filter(|step| !step.is_empty());
    steps
        .map(|step| {
            let mut numbers = step.split_whitespace().rev().map(|n| n.parse().unwrap());
            let y = numbers.next().unwrap();
            [numbers.next().unwrap(), y]
        })
        .collect()
}

fn overlap([ax, ay, aw, ah]: [f64; 4], [bx, by, bw, bh]: [f64; 4]) -> bool {
    // Coordinates are written with one digit.
    let edge = 0.2;
    ax + edge < bx + bw && bx + edge < ax + aw && ay + edge < by + bh && by + edge < ay + ah
}

#[test]
fn every_state_and_way_of_shipped_lessons_is_in_the_svg() {
    for (name, lesson) in shipped() {
        let drawn = read(&svg::svg(&Picture::new(&name, &lesson)));

        let (own, shared) = ways(&lesson);
        for state in lesson.graph().states() {
            assert!(drawn.states.contains(&state.name), "{name}: {}", state.name);
        }
        for way in own.iter().filter(|(from, to)| from != to) {
            assert!(drawn.arrows.contains(way) && drawn.labelled.contains(way), "{name}: {way:?}");
        }
        let anywhere = drawn.texts.iter().filter(|(state, _)| state == "in any state");
        let anywhere: Vec<&str> = anywhere.map(|(_, text)| text.as_str()).collect();
        let anywhere = anywhere.join(" ");
        for target in &shared {
            assert!(anywhere.contains(&format!("→ {target}")), "{name}: {target}\n{anywhere}");
        }
        let said: String = drawn.texts.iter().map(|(_, text)| text.as_str()).collect();
        for words in [lesson.title(), "in the clear", "private", "verified", "START", "END"] {
            assert!(said.contains(words), "{name}: {words}");
        }
        assert!(drawn.has_title && drawn.elements.contains("desc"));
    }
}

#[test]
fn every_state_and_way_of_shipped_lessons_is_in_dot_and_mermaid() {
    for (name, lesson) in shipped() {
        let picture = Picture::new(&name, &lesson);
        let (dot, mermaid) = (dot::dot(&picture), mermaid::mermaid(&picture));

        let (own, shared) = ways(&lesson);
        let number =
            |wanted: &str| picture.boxes.iter().position(|state| state.name == wanted).unwrap();
        for state in lesson.graph().states() {
            assert!(dot.contains(&format!("\n  \"{}\" [label=\"", state.name)), "{}", state.name);
            let shown = state.name.replace('_', "#95;");
            let line = format!("  s{}", number(&state.name));
            let line = mermaid.lines().find(|l| l.starts_with(&line) && l.contains(":::"));
            assert!(line.unwrap().contains(&shown), "{name}: {}", state.name);
        }
        for (from, to) in own.iter().filter(|(from, to)| from != to) {
            assert!(dot.contains(&format!("  \"{from}\" -> \"{to}\" [label=\"")), "{from} {to}");
            let (from, to) = (number(from), number(to));
            let is_way = |line: &str| {
                line.starts_with(&format!("  s{from} -")) && line.ends_with(&format!("| s{to}"))
            };
            assert!(mermaid.lines().any(is_way), "{name}: {from} {to}");
        }
        for target in &shared {
            assert!(dot.contains(&format!("→ {target}\\l")), "{name}: {target}");
            assert!(mermaid.contains(&format!("→ {}", target.replace('_', "#95;"))), "{target}");
        }
    }
}

#[test]
fn texts_begin_on_the_side_of_a_box_where_their_direction_does() {
    fn number(svg: &str, mark: &str) -> f64 {
        let (_, rest) = svg.split_once(mark).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    }
    let (name, lesson) = shipped().into_iter().next().unwrap();
    let mut picture = Picture::new(&name, &lesson);
    for is_rtl in [false, true] {
        picture.is_rtl = is_rtl;
        let svg = svg::inline(&picture);
        let (_, first) = svg.split_once("<rect class=\"frame\" x=\"").unwrap();
        let x = number(&format!("|{first}"), "|");
        let width = number(first, " width=\"");
        let begins = number(first, "<text class=\"name\" font-size=\"14\" x=\"");

        assert_eq!(svg.contains("direction=\"rtl\""), is_rtl);
        let side = if is_rtl { x + width - begins } else { begins - x };
        assert!((side - 10.0).abs() < 0.2, "{is_rtl}: {side} from its side");
    }
}

#[test]
fn boxes_and_labels_do_not_overlap() {
    for (name, lesson) in shipped() {
        let drawn = read(&svg::svg(&Picture::new(&name, &lesson)));

        assert_eq!(drawn.boxes.len(), lesson.graph().states().len() + 1, "{name}");
        let all: Vec<_> = drawn.boxes.iter().chain(&drawn.labels).copied().collect();
        for (ix, one) in all.iter().enumerate() {
            for other in &all[ix + 1..] {
                assert!(!overlap(*one, *other), "{name}: {one:?} {other:?}");
            }
        }
    }
}

/// A line goes straight down where there are boxes beside it, and bends where there are none: so its
/// straight parts must lie outside of all boxes, and its bends above or below all of them.
#[test]
fn lines_do_not_run_behind_boxes() {
    for (name, lesson) in shipped() {
        let drawn = read(&svg::svg(&Picture::new(&name, &lesson)));

        assert_eq!(drawn.lines.len(), drawn.arrows.len());
        for line in &drawn.lines {
            assert!(line.len() >= 3, "{name}: {line:?}");
            for two in line.windows(2) {
                let [[x1, y1], [x2, y2]] = [two[0], two[1]];
                let around = [x1.min(x2), y1.min(y2), (x1 - x2).abs(), (y1 - y2).abs()];
                for place in &drawn.boxes {
                    assert!(!overlap(around, *place), "{name}: {two:?} {place:?}");
                }
            }
        }
    }
}

#[test]
fn the_same_lesson_gives_the_same_picture() {
    let (name, lesson) = shipped().remove(1);

    let [one, other] = [(); 2].map(|()| svg::svg(&Picture::new(&name, &lesson)));

    assert_eq!(one, other);
}

#[test]
fn hostile_texts_stay_texts() {
    let lesson = lesson::parse(HOSTILE).unwrap();
    let picture = Picture::new("a\"b\\", &lesson);

    let drawn = read(&svg::svg(&picture));
    let known = ["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text", "g"];
    let known: BTreeSet<String> =
        known.iter().chain(&["circle"]).map(|e| (*e).to_owned()).collect();
    assert!(drawn.elements.is_subset(&known), "{:?}", drawn.elements);
    assert!(drawn.states.contains("a\"]-->x") && drawn.states.contains("end\\"));

    let dot = dot::dot(&picture);
    let mut is_quoted = false;
    let mut chars = dot.chars();
    let mut outside = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' if is_quoted => drop(chars.next()),
            '"' => is_quoted = !is_quoted,
            '\n' => assert!(!is_quoted, "a line breaks within quotation marks: {dot}"),
            c if !is_quoted => outside.push(c),
            _ => {}
        }
    }
    assert!(!is_quoted && !outside.contains("script") && !outside.contains('<'), "{outside}");

    let mermaid = mermaid::mermaid(&picture);
    let title = mermaid.lines().nth(1).unwrap();
    let title: String = serde_json::from_str(title.strip_prefix("title: ").unwrap()).unwrap();
    assert_eq!(title, lesson.title());
    let flow: Vec<&str> = mermaid.lines().skip(3).collect();
    assert!(!flow.concat().contains("<script") && !flow.concat().contains("alert(\""));
    for line in flow.iter().filter(|line| line.contains('"')) {
        assert_eq!(line.matches('"').count(), 2, "{line}");
    }
}

/// A lesson whose parts of the grade are earned in states of their own.
fn credited(credit: &str) -> Lesson {
    let yaml = format!(
        "title: T\nstart: a\n{credit}states:
  a: {{ on: [{{ when: message_received, do: [hush] }}, {{ when: otr_enabled, go: b }}] }}
  b: {{ on: [{{ when: correct_secret_received, go: c }}, {{ when: otr_disabled, go: a }}], needs: private }}
  c: {{ on: [{{ when: bot_secret_accepted, go: d }}, {{ when: [otr_enabled, otr_disabled], go: a }}],
       needs: verified, enter: [{{ say: \"${{bot_secret}}\" }}] }}
  d: {{ end: true }}
"
    );
    lesson::parse(&yaml).unwrap()
}

#[test]
fn every_format_shows_where_parts_of_the_grade_are_earned() {
    let lesson = credited("credit: { talking: 10%, encrypted: 40%, verified: 75% }\n");
    let picture = Picture::new("t", &lesson);
    let earned = [("a", "10%"), ("b", "40%"), ("c", "75%"), ("d", "all")];
    let all = "Grade: 10% for talking to the bot, 40% for a private chat, 75% for a verified chat, all of \
               it when the bot secret is typed into the page.";

    let svg = read(&svg::svg(&picture));
    let (dot, mermaid) = (dot::dot(&picture), mermaid::mermaid(&picture));
    let words = svg::in_words(&picture);
    for (ix, (state, part)) in earned.iter().enumerate() {
        let told = format!("here {part} of the grade is earned");
        assert!(svg.texts.iter().any(|(at, text)| at == state && *text == told), "{state}");
        assert_eq!(svg.texts.iter().filter(|(_, text)| *text == told).count(), 1, "{state}");
        let line = dot.lines().find(|line| line.starts_with(&format!("  \"{state}\" [label")));
        assert!(line.unwrap().contains(&format!("• {told}\\l")), "{dot}");
        let line = mermaid.lines().find(|line| line.starts_with(&format!("  s{ix}")));
        assert!(line.unwrap().contains(&told), "{mermaid}");
        assert!(words[ix].contains(&told), "{words:?}");
    }
    assert!(svg.texts.iter().any(|(_, text)| text == all), "{:?}", svg.texts);
    assert!(dot.contains(all) && mermaid.contains(all), "{dot}\n{mermaid}");

    // Milestones that are reached by what happens, where no state asks for it; one that gives no more.
    let yaml = "title: T\nstart: a\ncredit: { encrypted: 40%, verified: 40% }\nstates:\n  a: { on: [{ when: \
                otr_enabled, go: b }] }\n  b: { on: [{ when: correct_secret_received, go: c }] }\n  c: { end: \
                true }\n";
    let boxes = Picture::new("t", &lesson::parse(yaml).unwrap()).boxes;
    let earned: Vec<Option<&str>> = boxes.iter().map(|state| state.earns.as_deref()).collect();
    assert_eq!(earned, [None, Some("here 40% of the grade is earned"), None]);
    // Without credit, nothing is said of it.
    let plain = Picture::new("t", &credited(""));
    assert!(plain.credit.is_none() && plain.boxes.iter().all(|state| state.earns.is_none()));
}

#[test]
fn a_lesson_of_one_state_is_drawn_too() {
    let lesson = lesson::parse("title: T\nstart: a\nstates:\n  a: { end: true }\n").unwrap();

    let drawn = read(&svg::svg(&Picture::new("t", &lesson)));

    assert_eq!(drawn.boxes.len(), 1);
}

#[test]
fn the_command_writes_each_format() {
    let folder = Folder::new();

    for (format, first) in [("svg", "<svg "), ("dot", "digraph "), ("mermaid", "---\ntitle: ")] {
        let said = folder.lesson(&["graph", "--format", format, "question"]);
        assert!(said.code == 0 && said.out.starts_with(first), "{said:?}");
        let file = format!("out.{format}");
        let arguments = ["graph", "--format", format, "--output", &file, "question"];
        assert_eq!(folder.lesson(&arguments).code, 0);
        assert_eq!(std::fs::read_to_string(folder.path(&file)).unwrap(), said.out);
    }
    assert!(folder.lesson(&["graph"]).out.contains("Private conversations"), "the default one");
    folder.write("bad.yaml", "title: T\n");
    let said = folder.lesson(&["graph", "bad.yaml"]);
    assert_eq!(said.code, 4);
    assert!(said.err.contains("bad.yaml:1:1: `start` is missing"), "{}", said.err);
}
