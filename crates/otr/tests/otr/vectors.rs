//! Known answers, made by an independent engine and confirmed with the toolkit of libotr.
//!
//! [`CHECKS`] has one check for each entry of the file. That none is missing, and that each looks
//! at all that its entry holds, is a test too.

mod keys;
mod smp;
mod transcripts;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

type Check = fn(&Known);

/// The entries, and what checks them.
const CHECKS: &[(&str, Check)] = &[
    ("dh", keys::dh),
    ("ake_keys", keys::ake_keys),
    ("data_keys_alice", keys::data_keys_alice),
    ("data_keys_bob", keys::data_keys_bob),
    ("leading_zero_secret", keys::leading_zero_secret),
    ("dsa_alice", keys::dsa_alice),
    ("dsa_bob", keys::dsa_bob),
    ("dsa_sign", keys::dsa_sign),
    ("transcript_v2", transcripts::version_2),
    ("transcript_v3", transcripts::version_3),
    ("smp", smp::exchange),
    ("smp_hash", smp::hash),
    ("mpi", keys::mpi),
    ("whitespace", keys::whitespace),
    ("group", keys::group),
];

/// A place in the known answers. Remembers which values were looked at.
#[derive(Clone, Debug)]
struct Known {
    all: Rc<Value>,
    path: String,
    looked_at: Rc<RefCell<BTreeSet<String>>>,
}

impl Known {
    fn open() -> Self {
        let all = serde_json::from_str(include_str!("vectors/otr.json")).unwrap();
        Self { all: Rc::new(all), path: String::new(), looked_at: Rc::default() }
    }

    /// What is below here under this name or number.
    fn at(&self, name: &str) -> Self {
        let path = format!("{}/{name}", self.path);
        assert!(self.all.pointer(&path).is_some(), "no {path}");
        Self { path, ..self.clone() }
    }

    /// Another entry, whose values count as looked at where they have their own check.
    fn entry(&self, name: &str) -> Self {
        Self { path: String::new(), ..self.clone() }.at(name)
    }

    fn has(&self, name: &str) -> bool {
        self.all.pointer(&format!("{}/{name}", self.path)).is_some()
    }

    /// The members of a list.
    fn members(&self) -> Vec<Self> {
        let n = self.all.pointer(&self.path).unwrap().as_array().unwrap().len();
        (0..n).map(|ix| self.at(&ix.to_string())).collect()
    }

    fn value(&self) -> &Value {
        self.looked_at.borrow_mut().insert(self.path.clone());
        self.all.pointer(&self.path).unwrap()
    }

    fn text(&self) -> String {
        self.value().as_str().unwrap().to_owned()
    }

    fn number(&self) -> u64 {
        self.value().as_u64().unwrap()
    }

    fn flag(&self) -> bool {
        self.value().as_bool().unwrap()
    }

    /// Hexadecimal digits, which may be an odd number of them.
    fn bytes(&self) -> Vec<u8> {
        let digits = self.text();
        let even = if digits.len().is_multiple_of(2) { digits } else { format!("0{digits}") };
        (0..even.len())
            .step_by(2)
            .map(|ix| u8::from_str_radix(&even[ix..ix + 2], 16).unwrap())
            .collect()
    }

    fn array<const N: usize>(&self) -> [u8; N] {
        self.bytes().try_into().unwrap()
    }

    /// Padded on the left, as random numbers are drawn.
    fn padded<const N: usize>(&self) -> Vec<u8> {
        let bytes = self.bytes();
        [vec![0; N - bytes.len()], bytes].concat()
    }
}

/// Where there are values below `path`.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(members) => {
            for (ix, member) in members.iter().enumerate() {
                leaves(member, &format!("{path}/{ix}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn every_known_answer_has_a_check_that_holds() {
    let all = Known::open();
    let names: BTreeSet<_> = all.all.as_object().unwrap().keys().cloned().collect();
    let checked: BTreeSet<_> = CHECKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names, checked);

    for (name, check) in CHECKS {
        let known = Known::open().at(name);
        check(&known);

        let mut expected = BTreeSet::new();
        leaves(&all.all[*name], &format!("/{name}"), &mut expected);
        let looked_at = known.looked_at.borrow();
        let missed: Vec<_> = expected.difference(&looked_at).collect();
        assert!(missed.is_empty(), "not looked at: {missed:?}");
    }
}
