//! How far the learner is, and what became of the grade: the parts of the pages that change while
//! they are open.
//!
//! With scripts on, a page asks for its parts anew by `POST /status`. The answer is a fragment with
//! the same parts, rendered by the same functions, each named by `data-part`; the script exchanges
//! those that have changed. A part is a live region (`role=status`) where it is to be read out.

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame, GradeView,
    clock::moment,
    layout::{address, aside, fill, go, reference_line},
};
use crate::{
    i18n,
    session::{Progress, Whereabouts},
};

/// Which page's parts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivePage {
    /// Where the learner meets the bot.
    Meet,
    /// Where the bot secret is entered.
    Chat,
    /// The last page.
    Grade,
}

/// What is known of the learner now.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    /// The Jabber ID that they gave.
    pub jid: &'a str,
    /// How far they are; `None` where the bot does not know them.
    pub whereabouts: Option<&'a Whereabouts>,
    /// Whether the lesson is passed.
    pub is_done: bool,
    /// What became of the grade.
    pub grade: GradeView,
}

impl LivePage {
    const ALL: [Self; 3] = [Self::Meet, Self::Chat, Self::Grade];

    /// The page of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }

    /// What it is called in the pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meet => "meet",
            Self::Chat => "chat",
            Self::Grade => "grade",
        }
    }
}

impl Status<'_> {
    /// How far the learner is.
    fn progress(&self) -> Progress {
        match self.whereabouts {
            _ if self.is_done => Progress::Done,
            Some(whereabouts) => whereabouts.progress,
            None => Progress::Invited,
        }
    }

    /// Whether nothing can change any more.
    pub(super) fn is_final(&self) -> bool {
        self.is_done && self.grade != GradeView::Sending
    }
}

/// The parts of a page, for the script that exchanges them.
pub fn status(frame: &Frame, page: LivePage, status: &Status<'_>) -> Markup {
    i18n::scope(&frame.catalog, || {
        html! {
            div data-status=(page.name()) data-token=(frame.token) data-final[status.is_final()] {
                @match page {
                    LivePage::Meet => { (meeting(frame, status)) (next(frame, status)) }
                    LivePage::Chat => {
                        (marks(frame, status))
                        (chatting(frame, status))
                        (part(status))
                        (fingerprint(frame, status))
                        (next(frame, status))
                    }
                    LivePage::Grade => { (grade(frame, &status.grade)) }
                }
            }
        }
    })
}

/// The name under which a page asks for its parts; `None` where nothing changes any more.
pub(super) fn live(page: LivePage, status: &Status<'_>) -> Option<&'static str> {
    (!status.is_final()).then(|| page.name())
}

/// Looks again, where no script does.
pub(super) fn look_again(frame: &Frame, action: &str, status: &Status<'_>) -> Markup {
    html! {
        @if !status.is_final() {
            div data-by-hand { (aside(frame, action, &tr!("Look again"))) }
        }
    }
}

/// Whether the bot has heard from the learner.
pub(super) fn meeting(frame: &Frame, status: &Status<'_>) -> Markup {
    let bot = &frame.bot_alias;
    let now = match status.progress() {
        Progress::Invited => {
            let sent = tr!("{bot} has sent a contact request to {jid}.", bot = bot, jid = "{jid}");
            return html! {
                div.notice role="status" data-part="now" {
                    p { (fill(&sent, &[("{jid}", &address(status.jid))])) }
                    p { (tr!("{bot} has not heard from you yet. Say hello in the chat.", bot = bot)) }
                }
            };
        }
        Progress::Talking | Progress::Encrypted | Progress::Verified => {
            tr!("{bot} has heard from you. Go on with the next step.", bot = bot)
        }
        Progress::Done => finished(&status.grade),
    };
    html! { div.good role="status" data-part="now" { p { (now) } } }
}

/// How far the learner is in the chat, as a list of what is done.
pub(super) fn marks(frame: &Frame, status: &Status<'_>) -> Markup {
    let bot = &frame.bot_alias;
    let marks = [
        (Progress::Talking, tr!("You talk to {bot}", bot = bot)),
        (Progress::Encrypted, tr!("Your conversation is encrypted")),
        (Progress::Verified, tr!("You and {bot} have recognised each other", bot = bot)),
    ];
    html! {
        ul.marks data-part="marks" {
            @for (at, text) in &marks {
                @let is_done = status.progress() >= *at;
                li.done[is_done] {
                    (text)
                    span.unseen { " " @if is_done { (tr!("(done)")) } @else { (tr!("(not yet)")) } }
                }
            }
        }
    }
}

/// The same as a sentence, with what comes next.
pub(super) fn chatting(frame: &Frame, status: &Status<'_>) -> Markup {
    let bot = &frame.bot_alias;
    let now = match status.progress() {
        Progress::Invited => {
            tr!("{bot} has not heard from you yet. Say hello in the chat.", bot = bot)
        }
        Progress::Talking => tr!(
            "You talk to {bot}, but not yet in private. Switch on OTR in your chat program.",
            bot = bot
        ),
        Progress::Encrypted => tr!(
            "Your conversation is private. Now find out whether it is really {bot}, by the shared secret.",
            bot = bot
        ),
        Progress::Verified => tr!(
            "You have recognised each other. {bot} has given you the bot secret in the chat.",
            bot = bot
        ),
        Progress::Done => finished(&status.grade),
    };
    html! { p role="status" data-part="now" { (now) } }
}

/// The lesson went past what the page asks.
fn finished(grade: &GradeView) -> String {
    match grade {
        GradeView::Recorded { .. } => {
            tr!("You have passed, and your course has recorded your grade.")
        }
        GradeView::NotGraded
        | GradeView::Part { .. }
        | GradeView::Sending
        | GradeView::Failed { .. } => {
            tr!("You have finished the lesson.")
        }
    }
}

/// The part of the grade that is earned before the end.
pub(super) fn part(status: &Status<'_>) -> Markup {
    html! {
        div data-part="part" {
            @if let GradeView::Part { percent, is_sent } = &status.grade {
                p {
                    @if *is_sent {
                        (tr!("Your course has recorded {percent}% of the grade so far. The bot secret gives you the rest.", percent = percent))
                    } @else {
                        (tr!("You have earned {percent}% of the grade so far, which is on its way to your course. The bot secret gives you the rest.", percent = percent))
                    }
                }
            }
        }
    }
}

/// The way to the last page, for whoever has finished.
pub(super) fn next(frame: &Frame, status: &Status<'_>) -> Markup {
    html! {
        div data-part="next" {
            @if status.is_done { (go(frame, "/enter_bot_secret", &tr!("Go to the last page"))) }
        }
    }
}

/// The fingerprint to compare, as soon as there is one.
pub(super) fn fingerprint(frame: &Frame, status: &Status<'_>) -> Markup {
    let fingerprint = status.whereabouts.and_then(|now| now.fingerprint.as_deref());
    html! {
        div data-part="fingerprint" {
            @if let Some(fingerprint) = fingerprint {
                (fingerprint_section(&frame.bot_alias, fingerprint))
            }
        }
    }
}

fn fingerprint_section(bot: &str, fingerprint: &str) -> Markup {
    html! {
        section aria-labelledby="fingerprint" {
            h2 id="fingerprint" { (tr!("The fingerprint of {bot}", bot = bot)) }
            p.fingerprint dir="ltr" {
                @for (at, group) in fingerprint.split_whitespace().enumerate() {
                    @if at > 0 { " " }
                    span { (group) }
                }
            }
            p {
                (tr!("Your chat program shows a fingerprint of {bot}, too. If both are the same, sign for sign, nobody is between you. If not, do not trust the conversation.", bot = bot))
            }
            p.remark {
                (tr!("{bot} makes a new key, and with it a new fingerprint, whenever you begin the lesson anew, so that you can practise this again.", bot = bot))
            }
        }
    }
}

/// What became of the grade.
pub(super) fn grade(frame: &Frame, grade: &GradeView) -> Markup {
    match grade {
        GradeView::NotGraded => html! {
            div.good role="status" data-part="now" {
                p { (tr!("You have passed. This exercise is not graded.")) }
            }
        },
        GradeView::Recorded { at } => html! {
            div.good role="status" data-part="now" {
                p {
                    (tr!("You have passed, and your course has recorded your grade."))
                    @if let Some(moment) = moment(*at, &frame.clock) {
                        " "
                        (fill(&tr!("It was recorded at {time}.", time = "{time}"), &[("{time}", &moment)]))
                    }
                }
            }
        },
        GradeView::Part { .. } | GradeView::Sending => html! {
            div.notice role="status" data-part="now" {
                p { (tr!("You have passed. Your grade is stored here and on its way to your course; this can take some minutes. You need not wait for it.")) }
            }
        },
        GradeView::Failed { reference } => html! {
            div.notice.warning role="status" data-part="now" {
                p { (tr!("You have passed, but your course did not take the grade. Please tell your teacher; you need not repeat the lesson.")) }
                (reference_line(reference))
            }
        },
    }
}
