//! What conditions say together: which follow from others, which never hold at the same time.

use std::collections::BTreeSet;

use super::vocabulary::{Claim, Condition, EventKind, Need, Trigger};

/// Most conditions whose combinations are all tried.
const MAX_TRIED: usize = 10;

/// What holds whenever an event comes in a state that needs this.
pub(super) fn facts(event: EventKind, need: Need) -> Vec<Claim> {
    let certain = Trigger { event, conditions: Vec::new(), topics: Vec::new() }.certain(need);
    let mut facts = holding(certain);
    let is = |condition, holds| Claim { condition, holds };
    if event == EventKind::OtrDisabled {
        facts.push(is(Condition::Private, false));
    }
    if event == EventKind::BotSecretAccepted {
        facts.push(is(Condition::Passed, true));
    }
    facts
}

/// What holds in a conversation of which this is certain.
fn holding(certain: Need) -> Vec<Claim> {
    let conditions: &[Condition] = match certain {
        Need::Nothing => &[],
        Need::Private => &[Condition::Private],
        Need::Verified => &[Condition::Private, Condition::Verified],
    };
    conditions.iter().map(|condition| Claim { condition: *condition, holds: true }).collect()
}

/// Whether all of these can hold at the same time.
pub(super) fn is_possible(claims: &[Claim]) -> bool {
    !claims.iter().any(|claim| follows(turned(*claim), claims))
}

/// Whether a claim holds wherever these do. What is verified is private.
pub(super) fn follows(claim: Claim, from: &[Claim]) -> bool {
    let by = match (claim.condition, claim.holds) {
        (Condition::Private, true) => Some(Condition::Verified),
        (Condition::Verified, false) => Some(Condition::Private),
        _ => None,
    };
    from.iter()
        .any(|known| *known == claim || (Some(known.condition) == by && known.holds == claim.holds))
}

/// The opposite of a claim.
pub(super) fn turned(claim: Claim) -> Claim {
    Claim { holds: !claim.holds, ..claim }
}

/// All that can be the case where these hold, as to further conditions; `None`: too much to be
/// tried.
pub(super) fn cases(
    given: &[Claim],
    asked: impl IntoIterator<Item = Condition>,
) -> Option<impl Iterator<Item = Vec<Claim>>> {
    let is_given = |condition: &Condition| given.iter().any(|known| known.condition == *condition);
    let asked: BTreeSet<Condition> = asked.into_iter().filter(|c| !is_given(c)).collect();
    let asked: Vec<Condition> = asked.into_iter().collect();
    let given = given.to_vec();
    (asked.len() <= MAX_TRIED).then(|| {
        (0_usize..1 << asked.len()).filter_map(move |bits| {
            let claims = asked.iter().enumerate();
            let claims = claims.map(|(ix, condition)| Claim {
                condition: *condition,
                holds: (bits >> ix) & 1 == 1,
            });
            let case: Vec<Claim> = given.iter().copied().chain(claims).collect();
            is_possible(&case).then_some(case)
        })
    })
}

/// Which of several lists of conditions are the first to hold, whatever is the case where these hold;
/// empty: there is a case in which none of them does, or it was not found out.
pub(super) fn covering(given: &[Claim], lists: &[&[Claim]]) -> BTreeSet<usize> {
    let holds = |claims: &[Claim], case: &[Claim]| claims.iter().all(|c| follows(*c, case));
    let asked = lists.iter().copied().flatten().map(|claim| claim.condition);
    let Some(cases) = cases(given, asked) else {
        let always = lists.iter().position(|claims| holds(claims, given));
        return always.into_iter().collect();
    };
    let mut first = BTreeSet::new();
    for case in cases {
        match lists.iter().position(|claims| holds(claims, &case)) {
            Some(ix) => first.insert(ix),
            None => return BTreeSet::new(),
        };
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(written: &str) -> Vec<Claim> {
        let claims = written.split(", ").filter(|word| !word.is_empty()).map(|word| {
            let condition = match word.trim_start_matches("not ") {
                "private" => Condition::Private,
                "verified" => Condition::Verified,
                _ => Condition::HasSecret,
            };
            Claim { condition, holds: !word.starts_with("not ") }
        });
        claims.collect()
    }

    #[test]
    fn claims_contradict_each_other_also_by_what_follows() {
        for (written, possible) in [
            ("", true),
            ("verified, private", true),
            ("private, not verified", true),
            ("verified, not verified", false),
            ("verified, not private", false),
            ("not private, not verified", true),
            ("secret, not private", true),
        ] {
            assert_eq!(is_possible(&claims(written)), possible, "{written}");
        }
        assert!(follows(claims("not verified")[0], &claims("not private")));
        assert!(!follows(claims("not private")[0], &claims("not verified")));
        assert!(!follows(claims("verified")[0], &claims("private")));
    }

    #[test]
    fn lists_of_conditions_can_hold_always_together() {
        for (given, lists, first) in [
            ("", &["private", "not private"][..], &[0, 1][..]),
            ("", &["private", "not verified"], &[0, 1]),
            ("", &["verified", "not private"], &[]),
            ("private", &["not verified", "verified"], &[0, 1]),
            ("verified", &["private"], &[0]),
            ("", &["private, secret", "private, not secret", "not private"], &[0, 1, 2]),
            ("", &[""], &[0]),
            ("", &[], &[]),
        ] {
            let lists: Vec<Vec<Claim>> = lists.iter().map(|list| claims(list)).collect();
            let lists: Vec<&[Claim]> = lists.iter().map(Vec::as_slice).collect();
            let found: Vec<usize> = covering(&claims(given), &lists).into_iter().collect();
            assert_eq!(found, first, "{given}: {lists:?}");
        }
    }

    #[test]
    fn events_and_needs_make_certain_what_holds() {
        assert_eq!(facts(EventKind::OtrEnabled, Need::Verified), claims("private"));
        assert_eq!(facts(EventKind::OtrDisabled, Need::Verified), claims("not private"));
        assert_eq!(facts(EventKind::Entered, Need::Private), claims("private"));
        assert_eq!(facts(EventKind::MessageReceived, Need::Verified), claims("private, verified"));
    }
}
