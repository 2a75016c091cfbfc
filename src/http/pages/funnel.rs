//! How many learners have come how far, as a picture.

use maud::{Markup, html};
use tr::tr;

use crate::actors::lti::course::Funnel;

/// Height of a step, in pixels: a line of text, a bar, and room.
const STEP: usize = 46;
/// Where the text of a step stands, and where its bar begins, below the step's top.
const BASELINE: usize = 17;
const BAR: usize = 25;
const BAR_HEIGHT: usize = 12;

/// Draws the steps of a course, a bar for each. Texts keep their size at every width, so the picture
/// is as wide as its place, and positions are shares of it.
pub(super) fn funnel(funnel: &Funnel, is_rtl: bool) -> Markup {
    let steps = steps(funnel);
    let described =
        steps.iter().map(|(name, n)| format!("{name}: {n}")).collect::<Vec<_>>().join("; ");
    let start = if is_rtl { "100%" } else { "0" };
    html! {
        svg.funnel role="img" aria-labelledby="funnel-title funnel-steps" width="100%"
            height=(steps.len() * STEP) {
            title id="funnel-title" { (tr!("How far your learners are")) }
            desc id="funnel-steps" { (described) }
            @for (ix, (name, n)) in steps.iter().enumerate() {
                @let top = ix * STEP;
                @let share = percent(*n, funnel.opened);
                text x=(start) y=(top + BASELINE) { (name) ": " (n) " (" (share) " %)" }
                rect.whole x="0" y=(top + BAR) width="100%" height=(BAR_HEIGHT) rx="3" {}
                @if share > 0 {
                    rect.part x=(if is_rtl { format!("{}%", 100 - share) } else { "0".to_owned() })
                        y=(top + BAR) width={ (share) "%" } height=(BAR_HEIGHT) rx="3" {}
                }
            }
        }
    }
}

fn steps(funnel: &Funnel) -> [(String, usize); 7] {
    [
        (tr!("Opened the exercise"), funnel.opened),
        (tr!("Gave a Jabber ID"), funnel.invited),
        (tr!("Talked to the bot"), funnel.talking),
        (tr!("Encrypted the conversation"), funnel.encrypted),
        (tr!("Recognised the bot"), funnel.verified),
        (tr!("Finished the lesson"), funnel.done),
        (tr!("Full grade recorded"), funnel.recorded),
    ]
}

/// A share in percent, rounded; what is not all of it stays below 100, and what is not nothing
/// above 0.
fn percent(n: usize, all: usize) -> usize {
    if all == 0 || n == 0 {
        return 0;
    }
    if n >= all {
        return 100;
    }
    let share = n.saturating_mul(200).saturating_add(all) / all.saturating_mul(2);
    share.clamp(1, 99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_is_a_hundred_percent_and_only_none_is_zero() {
        for (n, all, expected) in [
            (0, 0, 0),
            (0, 7, 0),
            (7, 7, 100),
            (1, 2_000, 1),
            (1_999, 2_000, 99),
            (1, 3, 33),
            (2, 3, 67),
            (1, 2, 50),
        ] {
            assert_eq!(percent(n, all), expected, "{n} of {all}");
        }
    }
}
