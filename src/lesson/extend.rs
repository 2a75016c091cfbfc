//! A lesson that extends another (`extends: basics`), or takes in what several lessons share
//! (`includes: common`), and the parts that its lists use (`use: name`).
//!
//! The trees are merged before anything is read of them, so that all checks are about the lesson
//! as it will run. States of the other lesson that are not reached any more are left out.

use std::collections::BTreeMap;

use super::error::{Fault, nearest};
use super::yaml::{Node, Placed, Reader, Value};

/// The key that names the other lesson.
const EXTENDS: &str = "extends";

/// The key that names what is taken in.
const INCLUDES: &str = "includes";

/// The key of the lists that others use, and the key by which they do.
const PARTS: &str = "parts";
const USE: &str = "use";

/// How deep parts may use parts.
const MAX_DEPTH: usize = 8;

/// Most items that the lists of a lesson may have in all when its parts are in their places.
const MAX_ITEMS: usize = 50_000;

/// Whether a file is no lesson, but something that lessons include: it has no states and extends
/// nothing.
pub fn is_shared(yaml: &str) -> bool {
    Reader::default().read(yaml, None).is_some_and(|node| {
        let has = |key| node.entry(key).is_some();
        !has("states") && !has("start") && !has(EXTENDS) && (has(PARTS) || has("topics"))
    })
}

/// The lesson with what it extends and includes. Faults are told to the reader; then it stays as it
/// is.
pub(super) fn extend(node: Node, bases: &BTreeMap<String, String>, reader: &mut Reader) -> Node {
    let node = include(node, bases, reader);
    let node = extend_base(node, bases, reader);
    let parts = parts(&node, reader);
    let mut n_left = MAX_ITEMS;
    place_parts(node, &parts, 0, &mut n_left, reader)
}

fn extend_base(node: Node, bases: &BTreeMap<String, String>, reader: &mut Reader) -> Node {
    let Some(name) = node.entry(EXTENDS).and_then(|name| reader.name(name)) else { return node };
    let Some(base) =
        other(&name, bases, reader, |name, nearest| Fault::UnknownBase { name, nearest })
    else {
        return node;
    };
    if base.entry(EXTENDS).is_some() {
        let what = "a lesson that extends another cannot be extended itself";
        reader.fault(name.place, Fault::Combination(what));
        return node;
    }
    merge(node, include(base, bases, reader))
}

/// The file with what it includes.
fn include(mut node: Node, bases: &BTreeMap<String, String>, reader: &mut Reader) -> Node {
    let names = match node.entry(INCLUDES).map(|names| (&names.value, names)) {
        None => return node,
        Some((Value::List(names), _)) => names.clone(),
        Some((_, name)) => vec![name.clone()],
    };
    for name in &names {
        let Some(name) = reader.name(name) else { continue };
        let shared =
            other(&name, bases, reader, |name, nearest| Fault::UnknownInclude { name, nearest });
        let Some(shared) = shared else { continue };
        if ["states", "start", "moved", EXTENDS, INCLUDES]
            .iter()
            .any(|key| shared.entry(key).is_some())
        {
            let what = "what is included is no lesson: it has `topics`, `urgent`, `parts` and \
                        `anywhere` alone";
            reader.fault(name.place, Fault::Combination(what));
            continue;
        }
        node = merge(node, shared);
    }
    node
}

/// Another file, all of whose places are its own.
fn other(
    name: &Placed<String>,
    bases: &BTreeMap<String, String>,
    reader: &mut Reader,
    missing: impl FnOnce(String, Option<String>) -> Fault,
) -> Option<Node> {
    let Some(yaml) = bases.get(&name.value) else {
        let known: Vec<&str> = bases.keys().map(String::as_str).collect();
        let nearest = nearest(&name.value, &known);
        reader.fault(name.place, missing(name.value.clone(), nearest));
        return None;
    };
    let number = reader.other(&name.value);
    reader.read(yaml, Some(number))
}

fn merge(own: Node, base: Node) -> Node {
    match (own.value, base.value) {
        (Value::Map(mut entries), Value::Map(inherited)) => {
            for (key, value) in inherited {
                match entries.iter().position(|(known, _)| known.value == key.value) {
                    None => entries.push((key, value)),
                    Some(ix) => {
                        if let Some((_, mine)) = entries.get_mut(ix) {
                            merge_part(&key, mine, value);
                        }
                    }
                }
            }
            Node { value: Value::Map(entries), place: own.place }
        }
        (value, _) => Node { value, place: own.place },
    }
}

/// Merges what consists of many: the rest is replaced.
fn merge_part(key: &Placed<String>, mine: &mut Node, inherited: Node) {
    match (key.value.as_str(), &mut mine.value, inherited.value) {
        ("states" | "moved" | PARTS, Value::Map(mine), Value::Map(inherited)) => {
            let is_new = |name: &str| !mine.iter().any(|(known, _)| known.value == name);
            let more: Vec<_> =
                inherited.into_iter().filter(|(name, _)| is_new(&name.value)).collect();
            mine.extend(more);
        }
        ("topics", Value::Map(mine), Value::Map(inherited)) => merge_topics(mine, inherited),
        ("anywhere" | "urgent", Value::List(mine), Value::List(inherited)) => {
            mine.extend(inherited);
        }
        _ => {}
    }
}

/// New topics go before the inherited ones; who takes the place of one has its place.
fn merge_topics(mine: &mut Vec<(Placed<String>, Node)>, inherited: Vec<(Placed<String>, Node)>) {
    let mut more = Vec::with_capacity(inherited.len());
    for topic in inherited {
        match mine.iter().position(|(known, _)| known.value == topic.0.value) {
            Some(ix) => more.push(mine.remove(ix)),
            None => more.push(topic),
        }
    }
    mine.extend(more);
}

/// The parts of a lesson, by name.
fn parts(node: &Node, reader: &mut Reader) -> BTreeMap<String, Vec<Node>> {
    let entries = node.entry(PARTS).map(|node| reader.entries(node)).unwrap_or_default();
    let mut parts = BTreeMap::new();
    for (name, items) in entries {
        parts.insert(name.value.clone(), reader.list(Some(items)).to_vec());
    }
    parts
}

/// The tree with the items of parts in the places where they are used.
fn place_parts(
    node: Node,
    parts: &BTreeMap<String, Vec<Node>>,
    depth: usize,
    n_left: &mut usize,
    reader: &mut Reader,
) -> Node {
    let place = node.place;
    let value = match node.value {
        Value::List(items) => {
            let mut placed = Vec::with_capacity(items.len());
            for item in items {
                *n_left = n_left.saturating_sub(1);
                let Some(name) = used(&item).and_then(|name| reader.name(name)) else {
                    placed.push(place_parts(item, parts, depth, n_left, reader));
                    continue;
                };
                let part = find_part(&name, parts, depth, *n_left, reader);
                let list = Node { value: Value::List(part), place };
                if let Value::List(items) =
                    place_parts(list, parts, depth.saturating_add(1), n_left, reader).value
                {
                    placed.extend(items);
                }
            }
            Value::List(placed)
        }
        Value::Map(entries) => {
            // What a part uses is placed where the part is.
            let is_parts = |key: &str| key == PARTS && depth == 0;
            let entries = entries.into_iter().map(|(key, value)| {
                let value = if is_parts(&key.value) {
                    value
                } else {
                    place_parts(value, parts, depth, n_left, reader)
                };
                (key, value)
            });
            Value::Map(entries.collect())
        }
        value @ (Value::Text(_) | Value::Other(_)) => value,
    };
    Node { value, place }
}

/// The name of the part that an item stands for.
fn used(item: &Node) -> Option<&Node> {
    let Value::Map(entries) = &item.value else { return None };
    let [(key, name)] = entries.as_slice() else { return None };
    (key.value == USE).then_some(name)
}

fn find_part(
    name: &Placed<String>,
    parts: &BTreeMap<String, Vec<Node>>,
    depth: usize,
    n_left: usize,
    reader: &mut Reader,
) -> Vec<Node> {
    let Some(part) = parts.get(&name.value) else {
        let known: Vec<&str> = parts.keys().map(String::as_str).collect();
        let nearest = nearest(&name.value, &known);
        let name_of = name.value.clone();
        reader.fault(name.place, Fault::UnknownPart { name: name_of, nearest });
        return Vec::new();
    };
    if depth >= MAX_DEPTH || part.len() > n_left {
        let what = "parts use parts without end, or too many of them";
        reader.fault(name.place, Fault::Combination(what));
        return Vec::new();
    }
    part.clone()
}
