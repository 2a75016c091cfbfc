//! A lesson that extends another: `extends: basics`.
//!
//! The trees are merged before anything is read of them, so that all checks are about the lesson
//! as it will run. States of the other lesson that are not reached any more are left out.

use std::collections::BTreeMap;

use super::error::{Fault, nearest};
use super::yaml::{self, Node, Placed, Reader, Value};

/// The key that names the other lesson.
const EXTENDS: &str = "extends";

/// The name of the lesson that a lesson extends, if it does and can be read.
pub fn extended(yaml: &str) -> Option<String> {
    match &yaml::read(yaml).ok()?.entry(EXTENDS)?.value {
        Value::Text(name) => Some(name.clone()),
        Value::List(_) | Value::Map(_) | Value::Bool(_) | Value::Other(_) => None,
    }
}

/// The lesson with what it extends. Faults are told to the reader; then it stays as it is.
pub(super) fn extend(node: Node, bases: &BTreeMap<String, String>, reader: &mut Reader) -> Node {
    let Some(name) = node.entry(EXTENDS) else { return node };
    let Some(name) = reader.text(name) else { return node };
    let Some(base) = bases.get(&name.value) else {
        let known: Vec<&str> = bases.keys().map(String::as_str).collect();
        let nearest = nearest(&name.value, &known);
        reader.fault(name.place, Fault::UnknownBase { name: name.value, nearest });
        return node;
    };
    let mut base = match yaml::read(base) {
        Ok(base) => base,
        Err(mut error) => {
            error.is_inherited = true;
            reader.errors.push(error);
            return node;
        }
    };
    if base.entry(EXTENDS).is_some() {
        let what = "a lesson that extends another cannot be extended itself";
        reader.fault(name.place, Fault::Combination(what));
        return node;
    }
    base.inherit();
    merge(node, base)
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

/// Merges the parts that consist of many: the rest is replaced.
fn merge_part(key: &Placed<String>, mine: &mut Node, inherited: Node) {
    match (key.value.as_str(), &mut mine.value, inherited.value) {
        ("topics" | "states", Value::Map(mine), Value::Map(inherited)) => {
            let is_new = |name: &str| !mine.iter().any(|(known, _)| known.value == name);
            let more: Vec<_> =
                inherited.into_iter().filter(|(name, _)| is_new(&name.value)).collect();
            mine.extend(more);
        }
        ("anywhere", Value::List(mine), Value::List(inherited)) => mine.extend(inherited),
        _ => {}
    }
}
