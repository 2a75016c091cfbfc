//! How many learners have come how far, as a picture.

use maud::{Markup, html};
use tr::tr;

use crate::records::Funnel;

/// Draws the steps of a course, a line and a bar for each. The lines are texts of the page, which
/// wrap and grow as the reader wants; the lengths of the bars are shares of their place.
pub(super) fn funnel(funnel: &Funnel, is_rtl: bool) -> Markup {
    html! {
        ol.funnel role="list" {
            @for (name, n) in steps(funnel) {
                @let share = percent(n, funnel.opened);
                li {
                    span.line { bdi { (name) } ": " bdi { (n) " (" (share) " %)" } }
                    (bar(share, is_rtl))
                }
            }
        }
    }
}

fn bar(share: usize, is_rtl: bool) -> Markup {
    let start = if is_rtl { 100_usize.saturating_sub(share) } else { 0 };
    html! {
        svg.bar aria-hidden="true" focusable="false" width="100%" height="12" {
            rect.whole width="100%" height="100%" rx="3" {}
            @if share > 0 {
                rect.part x={ (start) "%" } width={ (share) "%" } height="100%" rx="3" {}
            }
        }
    }
}

fn steps(funnel: &Funnel) -> [(String, usize); 7] {
    // In many languages the verb tells one learner, as in the list, from several, as here.
    [
        // i18n: a heading above how many learners have done so
        (tr!("all learners" => "Opened the exercise"), funnel.opened),
        // i18n: a heading above how many learners have done so
        (tr!("all learners" => "Gave a Jabber ID"), funnel.invited),
        // i18n: a heading above how many learners have done so
        (tr!("all learners" => "Talked to the bot"), funnel.talking),
        // i18n: a heading above how many learners have done so
        (tr!("all learners" => "Encrypted the conversation"), funnel.encrypted),
        // i18n: a heading above how many learners have done so
        (tr!("all learners" => "Recognised the bot"), funnel.verified),
        // i18n: a heading above how many learners have done so
        (tr!("all learners" => "Finished the lesson"), funnel.done),
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
