//! The pages from the shared secret to the end.

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame, GradeView, Step,
    layout::{
        Field, FieldKind, Head, Problem, address, again, aside, ask, chat_address, document, fill,
        problem_summary, reference_line,
    },
};
use crate::session::{BotSecretVerdict, Progress, Whereabouts};

/// Asks for the bot secret, with the fingerprint to compare and how far the learner is in the chat.
pub fn enter_bot_secret(
    frame: &Frame,
    status: Option<&Whereabouts>,
    problem: Option<BotSecretVerdict>,
) -> Markup {
    document(&frame.catalog, || {
        let bot = &frame.bot_alias;
        let problem = problem.and_then(|verdict| bot_secret_problem(verdict, bot));
        let head = Head {
            heading: tr!("Enter the bot secret"),
            step: Some(Step::BotSecret),
            has_problem: problem.is_some(),
            frame: Some(frame),
        };
        let field = Field {
            name: "bot_secret",
            kind: FieldKind::Code,
            label: tr!("Bot secret"),
            hint: tr!("Four groups of four letters, which {bot} gives you in the chat.", bot = bot),
            value: "",
            problem: problem.as_ref(),
        };
        let content = html! {
            (problem_summary("bot_secret", problem.as_ref()))
            p.lead {
                (fill(
                    &tr!("Go on with the lesson in your chat with {bot} ({jid}). When it has succeeded, {bot} gives you a code. Enter it here.", bot = bot, jid = "{jid}"),
                    &[("{jid}", &address(&frame.bot_jid))],
                ))
            }
            @if let Some(status) = status {
                (progress(frame, status))
            }
            (ask(frame, "/enter_bot_secret", &field, &tr!("Finish the exercise")))
            @if let Some(fingerprint) = status.and_then(|status| status.fingerprint.as_deref()) {
                (fingerprint_section(bot, fingerprint))
            }
            details {
                summary { (tr!("I am stuck")) }
                ul {
                    li { (tr!("Write help to {bot} in the chat.", bot = bot)) }
                    li {
                        (fill(
                            &tr!("If {bot} does not answer, see in your chat program whether you are connected, and {link}.", bot = bot, link = "{link}"),
                            &[("{link}", &html! { a href=(chat_address(&frame.bot_jid)) { (tr!("open the chat anew")) } })],
                        ))
                    }
                    li { (tr!("If you have forgotten the shared secret, agree on a new one.")) }
                }
                (again(frame, "/ask_for_secret", &tr!("Agree on a new secret")))
                (aside(frame, "/enter_jid", &tr!("Change my Jabber ID")))
            }
        };
        (head, content)
    })
}

fn bot_secret_problem(verdict: BotSecretVerdict, bot: &str) -> Option<Problem> {
    let (what, advice) = match verdict {
        BotSecretVerdict::Right => return None,
        BotSecretVerdict::Wrong => (
            tr!("This is not the secret that {bot} gave you.", bot = bot),
            tr!(
                "Copy it from the chat once more: sixteen letters, with a hyphen after every four."
            ),
        ),
        BotSecretVerdict::NotGivenYet => (
            tr!("{bot} has not given you a secret yet.", bot = bot),
            tr!("Go on with the lesson in the chat first. It ends with the secret."),
        ),
    };
    Some(Problem { what, advice: vec![advice] })
}

/// How far the learner is in the chat, as a list of what is done.
fn progress(frame: &Frame, status: &Whereabouts) -> Markup {
    let bot = &frame.bot_alias;
    let marks = [
        (Progress::Talking, tr!("You talk to {bot}", bot = bot)),
        (Progress::Encrypted, tr!("Your conversation is encrypted")),
        (Progress::Verified, tr!("You and {bot} have recognised each other", bot = bot)),
    ];
    let now = match status.progress {
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
        Progress::Done => tr!("You have finished the lesson."),
    };
    html! {
        section.progress aria-labelledby="progress" {
            h2 id="progress" { (tr!("Where you are in the chat")) }
            ul.marks {
                @for (at, text) in &marks {
                    @let is_done = status.progress >= *at;
                    li.done[is_done] {
                        (text)
                        span.unseen { " " @if is_done { (tr!("(done)")) } @else { (tr!("(not yet)")) } }
                    }
                }
            }
            p role="status" { (now) }
            (aside(frame, "/enter_bot_secret", &tr!("Look again")))
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

/// The last page.
pub fn done(frame: &Frame, grade: &GradeView) -> Markup {
    document(&frame.catalog, || {
        let bot = &frame.bot_alias;
        let head =
            Head { heading: tr!("Well done!"), step: None, has_problem: false, frame: Some(frame) };
        let content = html! {
            p.lead {
                (tr!("You have held an encrypted conversation and made sure that it was really {bot}. You can do the same with everybody who uses OTR.", bot = bot))
            }
            (grade_status(frame, grade))
            section aria-labelledby="keep" {
                h2 id="keep" { (tr!("Keep in mind")) }
                ul {
                    li { (tr!("Encrypted is not enough: find out whom you are talking to, once for every contact and every new fingerprint.")) }
                    li { (tr!("End a private conversation in your chat program before you close it, so that the other one knows.")) }
                    li { (tr!("OTR hides what you write. It does not hide with whom you chat, and when.")) }
                }
            }
            p { (tr!("{bot} will tell you in the chat how to end the conversation. You can close this page.", bot = bot)) }
        };
        (head, content)
    })
}

fn grade_status(frame: &Frame, grade: &GradeView) -> Markup {
    let text = match grade {
        GradeView::NotGraded => {
            return html! {
                p.good role="status" { (tr!("You have passed. This exercise is not graded.")) }
            };
        }
        GradeView::Recorded { .. } => {
            return html! {
                p.good role="status" { (tr!("You have passed, and your course has recorded your grade.")) }
            };
        }
        GradeView::Sending => tr!(
            "You have passed. Your grade is stored here and on its way to your course; this can take some minutes. You need not wait for it."
        ),
        GradeView::Failed { reference } => {
            return html! {
                div.notice.warning role="status" {
                    p { (tr!("You have passed, but your course did not take the grade. Please tell your teacher; you need not repeat the lesson.")) }
                    (reference_line(reference))
                }
            };
        }
    };
    html! {
        div.notice {
            p role="status" { (text) }
            (aside(frame, "/enter_bot_secret", &tr!("Look again")))
        }
    }
}
