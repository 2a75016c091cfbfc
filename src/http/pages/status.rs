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
    foreign::marked,
    isolate::isolated,
    layout::{address, aside, fill, go, go_on_here, reference_line},
    programs::fingerprints,
};
use crate::{
    i18n,
    records::Progress,
    session::{BotSecretStanding, Whereabouts},
};

/// Which page's parts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivePage {
    /// Where the learner meets the bot.
    Meet,
    /// Where the shared secret is entered.
    Secret,
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
    /// How far they have ever been, under this Jabber ID.
    pub reached: Progress,
    /// Whether the server of the Jabber ID, or the address there, is not to be found.
    pub is_unreachable: bool,
    /// Whether the lesson is passed.
    pub is_done: bool,
    /// What became of the grade.
    pub grade: GradeView,
}

impl LivePage {
    const ALL: [Self; 4] = [Self::Meet, Self::Secret, Self::Chat, Self::Grade];

    /// The page of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }

    /// What it is called in the pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meet => "meet",
            Self::Secret => "secret",
            Self::Chat => "chat",
            Self::Grade => "grade",
        }
    }
}

/// How the conversation with the bot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It has ended, and the bot does not wait for another.
    Lost,
    /// It has ended, and the bot waits for another.
    Ended,
    /// It is about another exercise of the same person.
    Elsewhere,
    /// It goes on, or has yet to begin.
    At(Progress),
}

impl Status<'_> {
    fn standing(&self) -> Standing {
        let progress = self.progress();
        match self.whereabouts {
            Some(now) if now.is_elsewhere && !self.is_done => Standing::Elsewhere,
            None if !self.is_done && !self.jid.is_empty() => Standing::Lost,
            Some(_) if progress < Progress::Talking && self.reached >= Progress::Talking => {
                Standing::Ended
            }
            Some(_) | None => Standing::At(progress),
        }
    }

    /// Whether a shared secret is agreed on.
    fn has_secret(&self) -> bool {
        self.whereabouts.is_some_and(|now| now.has_secret)
    }

    /// How the bot secret stands.
    fn bot_secret(&self) -> BotSecretStanding {
        self.whereabouts.map_or(BotSecretStanding::NotGiven, |now| now.bot_secret)
    }

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
    let catalog = &frame.house.catalog;
    let parts = i18n::scope_marked(catalog, || {
        html! {
            div data-status=(page.name()) data-token=(frame.token) data-final[status.is_final()] {
                @match page {
                    LivePage::Meet => {
                        (meeting(frame, status))
                        (next(frame, page, status))
                        (private_fingerprint(frame, status))
                    }
                    LivePage::Secret => {
                        (agreeing(frame, status))
                        (next(frame, page, status))
                        (private_fingerprint(frame, status))
                    }
                    LivePage::Chat => {
                        (marks(frame, status))
                        (chatting(frame, status))
                        (part(status))
                        (next(frame, page, status))
                        (fingerprint(frame, status))
                    }
                    LivePage::Grade => { (grade(frame, &status.grade)) }
                }
            }
        }
    });
    let parts = marked(&parts);
    if catalog.is_rtl() { isolated(&parts) } else { parts }
}

/// The name under which a page asks for its parts; `None` where nothing changes any more.
pub(super) fn live(page: LivePage, status: &Status<'_>) -> Option<&'static str> {
    (!status.is_final()).then(|| page.name())
}

/// Looks again, where no script does.
pub(super) fn look_again(frame: &Frame, action: &str, status: &Status<'_>) -> Markup {
    html! {
        @if !status.is_final() {
            p.remark data-away hidden { (tr!("Nobody answers at the moment, so this may be out of date.")) }
            div data-by-hand { (aside(frame, action, &tr!("Look again"))) }
        }
    }
}

/// Whether the bot has heard from the learner.
pub(super) fn meeting(frame: &Frame, status: &Status<'_>) -> Markup {
    let bot = &frame.bot_alias;
    let progress = match status.standing() {
        Standing::Lost | Standing::Ended | Standing::Elsewhere => {
            return box_of_words(&ended(frame, status));
        }
        Standing::At(progress) => progress,
    };
    let now = match progress {
        Progress::Invited if status.is_unreachable => {
            let lost = tr!(
                "{bot} cannot reach {jid}: there is no such address, or its server does not answer. Is it spelt right?",
                bot = bot,
                jid = "{jid}"
            );
            return html! {
                div.notice.warning role="status" data-part="now" {
                    p { (fill(&lost, &[("{jid}", &address(status.jid))])) }
                }
            };
        }
        Progress::Invited => {
            let sent = tr!("{bot} has sent a contact request to {jid}.", bot = bot, jid = "{jid}");
            return html! {
                div.notice role="status" data-part="now" {
                    p { (fill(&sent, &[("{jid}", &address(status.jid))])) }
                    p { (not_heard(frame)) }
                }
            };
        }
        Progress::Talking => tr!("{bot} has heard from you. Go on with the next step.", bot = bot),
        Progress::Encrypted | Progress::Verified => tr!(
            "Your conversation is private. Compare the fingerprint below with the one in your chat program. Go on with the next step."
        ),
        Progress::Done => finished(&status.grade),
    };
    html! { div.good role="status" data-part="now" { p { (now) } } }
}

/// What goes on in the chat while the shared secret is agreed on.
pub(super) fn agreeing(frame: &Frame, status: &Status<'_>) -> Markup {
    let now = match status.standing() {
        Standing::At(Progress::Encrypted) => tr!(
            "Your conversation is private. Compare the fingerprint below with the one in your chat program."
        ),
        Standing::Lost | Standing::Ended | Standing::Elsewhere | Standing::At(_) => {
            in_the_chat(frame, status)
        }
    };
    box_of_words(&now)
}

fn box_of_words(now: &str) -> Markup {
    html! { div.notice role="status" data-part="now" { p { (now) } } }
}

fn not_heard(frame: &Frame) -> String {
    tr!("{bot} has not heard from you yet. Say hello in the chat.", bot = frame.bot_alias)
}

/// The conversation has ended before the lesson did, and how to begin anew; or it is about another.
fn ended(frame: &Frame, status: &Status<'_>) -> String {
    let bot = &frame.bot_alias;
    if status.standing() == Standing::Elsewhere {
        return tr!(
            "In the chat, {bot} goes on with another exercise, which you have opened since. This one waits where it is.",
            bot = bot
        );
    }
    if status.standing() == Standing::Lost {
        return tr!(
            "Your conversation with {bot} has ended. To begin anew, agree on a new secret here; then {bot} waits for you in the chat again.",
            bot = bot
        );
    }
    tr!(
        "Your last conversation with {bot} has ended. Write hello to {bot} to begin anew.",
        bot = bot
    )
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
    html! { p role="status" data-part="now" { (in_the_chat(frame, status)) } }
}

fn in_the_chat(frame: &Frame, status: &Status<'_>) -> String {
    let bot = &frame.bot_alias;
    let progress = match status.standing() {
        Standing::Lost | Standing::Ended | Standing::Elsewhere => return ended(frame, status),
        Standing::At(progress) => progress,
    };
    match progress {
        Progress::Invited => not_heard(frame),
        Progress::Talking => tr!(
            "You talk to {bot}, but not yet in private. Switch on OTR in your chat program.",
            bot = bot
        ),
        Progress::Encrypted => tr!(
            "Your conversation is private. Compare the fingerprint below with the one in your chat program, then let the programs compare the secret."
        ),
        Progress::Verified => match status.bot_secret() {
            BotSecretStanding::NotGiven => tr!(
                "You have recognised each other. Go on in the chat: {bot} will give you the bot secret there.",
                bot = bot
            ),
            BotSecretStanding::Held => tr!(
                "You have recognised each other. Go on in the chat: {bot} says there when it is time to enter the bot secret here.",
                bot = bot
            ),
            BotSecretStanding::Given => tr!(
                "You have recognised each other. {bot} has given you the bot secret in the chat.",
                bot = bot
            ),
        },
        Progress::Done => finished(&status.grade),
    }
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
        | GradeView::Failed { .. }
        | GradeView::Unclear { .. } => {
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

/// The way on, where the form of the page is not the way.
pub(super) fn next(frame: &Frame, page: LivePage, status: &Status<'_>) -> Markup {
    let secret = || go(frame, "/ask_for_secret", &tr!("Agree on a secret"));
    let way = match (page, status.standing()) {
        _ if status.is_done => Some(go(frame, "/enter_bot_secret", &tr!("Go to the last page"))),
        (LivePage::Meet, Standing::Elsewhere) => Some(go_on_here(frame, "/jid_entered")),
        (LivePage::Secret, Standing::Elsewhere) => Some(go_on_here(frame, "/ask_for_secret")),
        (LivePage::Chat, Standing::Elsewhere) => Some(go_on_here(frame, "/enter_bot_secret")),
        (LivePage::Meet, Standing::Lost) => Some(secret()),
        (LivePage::Meet, Standing::At(Progress::Invited)) if status.is_unreachable => {
            Some(aside(frame, "/enter_jid", &tr!("Change my Jabber ID")))
        }
        (LivePage::Meet, Standing::At(at)) if at >= Progress::Talking => {
            Some(go(frame, "/ask_for_secret", &tr!("Continue")))
        }
        (LivePage::Chat, _) if !status.has_secret() => Some(secret()),
        (LivePage::Meet | LivePage::Secret | LivePage::Chat | LivePage::Grade, _) => None,
    };
    html! {
        div data-part="next" { @if let Some(way) = way { (way) } }
    }
}

/// The fingerprint to compare, as soon as there is one.
pub(super) fn fingerprint(frame: &Frame, status: &Status<'_>) -> Markup {
    let fingerprint = status.whereabouts.and_then(|now| now.fingerprint.as_deref());
    html! {
        div data-part="fingerprint" {
            @if let Some(fingerprint) = fingerprint {
                (fingerprint_section(frame, fingerprint))
            }
        }
    }
}

/// The same, as soon as the lesson asks for it: before, there is none to compare it with.
pub(super) fn private_fingerprint(frame: &Frame, status: &Status<'_>) -> Markup {
    if status.progress() >= Progress::Encrypted {
        fingerprint(frame, status)
    } else {
        html! { div data-part="fingerprint" {} }
    }
}

fn fingerprint_section(frame: &Frame, fingerprint: &str) -> Markup {
    let bot = &frame.bot_alias;
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
                (tr!("Your chat program shows a fingerprint of {bot}, too. If both are the same, character by character, nobody is between you. If not, do not trust the conversation.", bot = bot))
            }
            (fingerprints(bot))
            p.remark {
                @if frame.keeps_key {
                    (tr!("{bot} has the same key, and the same fingerprint, whenever you begin the lesson anew.", bot = bot))
                } @else {
                    (tr!("{bot} makes a new key, and with it a new fingerprint, whenever you begin the lesson anew, so that you can practise this again.", bot = bot))
                }
                " "
                (tr!("With people, a key that has changed is a reason to stop and to ask them, in another way than in the chat."))
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
        GradeView::Unclear { reference } => html! {
            div.notice.warning role="status" data-part="now" {
                p { (tr!("You have passed, and your grade was sent to your course, which does not say whether it has recorded it. Look for it there. If it is missing, please tell your teacher; you need not repeat the lesson.")) }
                (reference_line(reference))
            }
        },
    }
}
