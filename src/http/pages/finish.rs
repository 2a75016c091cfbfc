//! The pages from the shared secret to the end.

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame, LivePage, Status, Step,
    contact::{Ask, chat_address},
    layout::{
        Around, Field, FieldKind, Head, Problem, address, again, aside, ask, document, fill,
        problem_summary,
    },
    programs::quoting,
    status::{chatting, fingerprint, grade, live, look_again, marks, next, part},
};
use crate::session::BotSecretVerdict;

/// Asks for the bot secret, with the fingerprint to compare and how far the learner is in the chat.
pub fn enter_bot_secret(
    frame: &Frame,
    status: &Status<'_>,
    problem: Option<BotSecretVerdict>,
) -> Markup {
    bot_secret_page(frame, status, problem, false)
}

/// The same, just after a shared secret with blanks was taken: it says how that is typed.
pub fn blanks_taken(frame: &Frame, status: &Status<'_>) -> Markup {
    bot_secret_page(frame, status, None, true)
}

fn bot_secret_page(
    frame: &Frame,
    status: &Status<'_>,
    problem: Option<BotSecretVerdict>,
    has_blanks: bool,
) -> Markup {
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let problem = problem.and_then(|verdict| bot_secret_problem(verdict, bot));
        let head = Head {
            heading: tr!("Enter the bot secret"),
            step: Some(Step::BotSecret),
            here: Some("/enter_bot_secret"),
            is_learners: true,
            has_problem: problem.is_some(),
            part: None,
            around: Around::Launch(frame),
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
            @if has_blanks {
                section.note aria-labelledby="blanks" {
                    h2 id="blanks" { (tr!("Your secret has spaces in it")) }
                    (quoting())
                }
            }
            p.lead {
                (fill(
                    &tr!("Go on with the lesson in your chat with {bot} ({jid}). When it has succeeded, {bot} gives you a code. Enter it here.", bot = bot, jid = "{jid}"),
                    &[("{jid}", &address(&frame.bot_jid))],
                ))
            }
            section.progress aria-labelledby="progress" data-live=[live(LivePage::Chat, status)] {
                h2 id="progress" { (tr!("Where you are in the chat")) }
                (marks(frame, status))
                (chatting(frame, status))
                (part(status))
                (next(frame, LivePage::Chat, status))
                (look_again(frame, "/enter_bot_secret", status))
            }
            (fingerprint(frame, status))
            (ask(frame, "/enter_bot_secret", &field, &tr!("Finish the exercise")))
            details id="stuck" {
                summary { (tr!("I am stuck")) }
                ul {
                    li { (tr!("Write help to {bot} in the chat.", bot = bot)) }
                    li {
                        (fill(
                            &tr!("If {bot} does not answer, see in your chat program whether you are connected, and {link}.", bot = bot, link = "{link}"),
                            &[("{link}", &html! { a href=(chat_address(&frame.bot_jid, Ask::Chat)) { (tr!("open the chat anew")) } })],
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
    let passes = matches!(verdict, BotSecretVerdict::NotGivenYet | BotSecretVerdict::TooSoon);
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
        BotSecretVerdict::TooSoon => (
            tr!("{bot} has given you a secret, but it is not yet time to enter it.", bot = bot),
            tr!(
                "Go on with the lesson in the chat. {bot} says there when it is time to enter the secret here.",
                bot = bot
            ),
        ),
    };
    Some(Problem { what, advice: vec![advice], passes })
}

/// The last page.
pub fn done(frame: &Frame, status: &Status<'_>) -> Markup {
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let head = Head {
            heading: tr!("Well done!"),
            step: None,
            here: Some("/enter_bot_secret"),
            is_learners: true,
            has_problem: false,
            part: None,
            around: Around::Launch(frame),
        };
        let content = html! {
            p.lead {
                (tr!("You have held an encrypted conversation and made sure that it was really {bot}. You can do the same with everybody who uses OTR.", bot = bot))
            }
            div data-live=[live(LivePage::Grade, status)] {
                (grade(frame, &status.grade))
                (look_again(frame, "/enter_bot_secret", status))
            }
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
