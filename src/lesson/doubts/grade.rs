//! Whether a learner can bring the bot secret to the page, which is what the whole grade is given for.

use super::{Doubt, Kind, Room, View, ways};
use crate::lesson::check::actions;
use crate::lesson::text;
use crate::lesson::vocabulary::{Action, Deed, EventKind};
use crate::lesson::yaml::{Place, Placed};

pub(super) fn check(view: &mut View<'_>) {
    let raw = view.raw;
    let saying: Vec<Place> = actions(raw).filter(|a| tells(a)).map(|a| a.place).collect();
    let reached = ways::reached(view);
    let said = |room: &Room<'_>| said_in(room).any(tells);
    if saying.is_empty() {
        let most = view.lesson.credit.iter().map(|(_, percent)| *percent).max();
        view.found.insert(Doubt { spot: view.top(), kind: Kind::SecretNeverSaid { most } });
    } else if !reached.iter().filter_map(|ix| view.rooms.get(*ix)).any(said) {
        let own = saying.iter().find(|place| place.is_own());
        let spot = own.map_or_else(|| view.top(), |place| view.reader.spot(*place));
        view.found.insert(Doubt { spot, kind: Kind::SecretOutOfReach });
    }
    undone(view, Deed::HoldBotSecret, Deed::AcceptBotSecret, &Kind::NeverAccepted);
    undone(view, Deed::BecomeImpostor, Deed::BecomeMyself, &Kind::ImpostorStays);
}

fn tells(action: &Placed<Action>) -> bool {
    matches!(&action.value, Action::Say(said) if text::is_confidential(said))
}

/// All that can be done in a state that was reached.
fn said_in<'r>(room: &'r Room<'_>) -> impl Iterator<Item = &'r Placed<Action>> {
    let stays = room.waits && !room.state.is_end;
    let taken = room
        .taken()
        .filter(move |taken| stays || taken.reaction.trigger.event == EventKind::Entered)
        .flat_map(|taken| taken.written.all_actions());
    let hints = room.written.hints.iter().filter(move |_| stays).flat_map(|hint| &hint.actions);
    room.written.enter.iter().chain(taken).chain(hints)
}

/// That something is done, and nowhere what undoes it.
fn undone(view: &mut View<'_>, deed: Deed, undoing: Deed, kind: &Kind) {
    let raw = view.raw;
    let is = |action: &&Placed<Action>, deed| action.value == Action::Do(deed);
    let done = actions(raw).find(|action| is(action, deed)).map(|action| action.place);
    let is_undone = actions(raw).any(|action| is(&action, undoing));
    if let Some(place) = done.filter(|_| !is_undone) {
        view.doubt(place, kind.clone());
    }
}
