//! The pages up to the shared secret.

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame, LivePage, Status, Step,
    contact::card,
    layout::{
        Around, Field, FieldKind, Head, Problem, aside, ask, document, go, name, problem_summary,
    },
    programs::{clients, programs, quoting},
    status::{agreeing, live, look_again, meeting, next, private_fingerprint},
};
use crate::{actors::lti::JidProblem, session::SecretVerdict};

/// The first page: what the exercise is, and what it takes.
pub fn start(frame: &Frame) -> Markup {
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let head = Head {
            heading: tr!("Learn to chat in private"),
            step: None,
            here: Some("/enter_jid"),
            is_learners: true,
            has_problem: false,
            part: None,
            around: Around::Launch(frame),
        };
        let content = html! {
            p.lead {
                (tr!("In this exercise you hold an encrypted chat with {bot}, a chat bot. {bot} shows you how to switch on encryption, how to make sure that you are talking to the right one, and how to end a private conversation.", bot = bot))
            }
            p {
                (tr!("The encryption is called OTR, “off the record”. It works in your own chat program, so what you learn here works with everybody else who uses OTR, too."))
            }
            section aria-labelledby="needs" {
                h2 id="needs" { (tr!("What you need")) }
                ul {
                    li { (tr!("A computer. For telephones there is no program that can do OTR and is still looked after.")) }
                    li { (tr!("A Jabber ID: an account for chatting over XMPP, from your school or from a provider of your choice.")) }
                    li { (tr!("A chat program that can do OTR, for example Thunderbird or Pidgin.")) }
                }
                (programs(bot))
            }
            section aria-labelledby="way" {
                h2 id="way" { (tr!("How it goes")) }
                ol.way {
                    li { strong { (name(Step::Jid, frame)) } p { (tr!("You tell {bot} who you are in the chat.", bot = bot)) } }
                    li { strong { (name(Step::Meet, frame)) } p { (tr!("You add {bot} to your contacts and say hello.", bot = bot)) } }
                    li { strong { (name(Step::Secret, frame)) } p { (tr!("You agree with {bot} on a secret, by which each of you can recognise the other.", bot = bot)) } }
                    li { strong { (name(Step::BotSecret, frame)) } p { (tr!("You do the lesson in the chat. At its end {bot} gives you a code, which you enter here.", bot = bot)) } }
                }
            }
            (go(frame, "/enter_jid", &tr!("Begin")))
        };
        (head, content)
    })
}

/// What is in the field for the Jabber ID.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// What was typed before, here or in another exercise.
    pub typed: &'a str,
    /// Whether the person gave it in another exercise.
    pub is_known: bool,
    /// Why it is not taken.
    pub problem: Option<JidProblem>,
}

/// Asks for the learner's Jabber ID.
pub fn enter_jid(frame: &Frame, asked: &Asked<'_>) -> Markup {
    let Asked { typed, is_known, problem } = *asked;
    let is_known = is_known && problem.is_none();
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let head = Head {
            heading: name(Step::Jid, frame),
            step: Some(Step::Jid),
            here: Some("/enter_jid"),
            is_learners: true,
            has_problem: problem.is_some(),
            part: None,
            around: Around::Launch(frame),
        };
        let problem = problem.map(|problem| jid_problem(problem, bot));
        let field = Field {
            name: "jid",
            kind: FieldKind::Address,
            label: tr!("Your Jabber ID"),
            hint: tr!("For example romeo@example.org. Without a password."),
            value: typed,
            problem: problem.as_ref(),
        };
        let content = html! {
            (problem_summary("jid", problem.as_ref()))
            p.lead {
                (tr!("Which address do you use in your chat program? {bot} will send you a contact request there.", bot = bot))
            }
            @if is_known {
                p { (tr!("This is the Jabber ID that you gave in another exercise. If you use it still, go on with it. Otherwise enter the one that you use now.")) }
            }
            (ask(frame, "/enter_jid", &field, &tr!("Continue")))
            details {
                summary { (tr!("What is a Jabber ID?")) }
                p { (tr!("A Jabber ID is your address on XMPP, an open network for chatting that is also called Jabber. It looks like an e-mail address: your name, an @ and the name of the server where you have your account.")) }
                p { (tr!("Your chat program shows it in the settings of your account. The part after a slash, if there is one, names your device; you can leave it out.")) }
            }
            (clients(bot))
            section aria-labelledby="address" {
                h2 id="address" { (tr!("The address of {bot}", bot = bot)) }
                p { (tr!("This is where the contact request comes from. You can also add {bot} yourself.", bot = bot)) }
                (card(frame))
            }
        };
        (head, content)
    })
}

fn jid_problem(problem: JidProblem, bot: &str) -> Problem {
    let (what, advice) = match problem {
        JidProblem::Empty => (tr!("Enter your Jabber ID."), None),
        JidProblem::NoAt => (
            tr!("A Jabber ID has an @ in it."),
            Some(tr!("Enter the whole address: your name, an @ and the name of your server.")),
        ),
        JidProblem::Malformed => (
            tr!("This cannot be a Jabber ID."),
            Some(tr!(
                "Look for spaces, for characters that do not belong there, and for a name on both sides of the @."
            )),
        ),
        JidProblem::Several => (
            tr!("There is more than one address in what you have entered."),
            Some(tr!("Enter the address that you use in your chat program, and nothing else.")),
        ),
        JidProblem::Words => (
            tr!("There are other words beside the address, or there is a space in it."),
            Some(tr!("Enter the address alone: your name, an @ and the name of your server.")),
        ),
        JidProblem::OwnAddress => {
            (tr!("This is the address of {bot}.", bot = bot), Some(tr!("Enter your own address.")))
        }
        JidProblem::TooMany => (
            tr!("{bot} may write to no more addresses for you today.", bot = bot),
            Some(tr!("Try again tomorrow. If you cannot wait, ask your teacher for help.")),
        ),
        JidProblem::Full => (
            tr!("{bot} cannot take any more learners at the moment.", bot = bot),
            Some(tr!("Try again later. If it goes on like this, tell your teacher.")),
        ),
    };
    Problem { what, advice: advice.into_iter().collect(), passes: false }
}

/// Says where the bot is found, after the Jabber ID was taken.
pub fn jid_entered(frame: &Frame, status: &Status<'_>) -> Markup {
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let head = Head {
            heading: name(Step::Meet, frame),
            step: Some(Step::Meet),
            here: Some("/jid_entered"),
            is_learners: true,
            has_problem: false,
            part: None,
            around: Around::Launch(frame),
        };
        let content = html! {
            div data-live=[live(LivePage::Meet, status)] {
                (meeting(frame, status))
                (next(frame, LivePage::Meet, status))
                (private_fingerprint(frame, status))
                (look_again(frame, "/jid_entered", status))
            }
            p.lead { (tr!("Now go to your chat program:")) }
            ol.how {
                li { (tr!("Accept the contact request of {bot}. If you see none, add this address to your contacts yourself:", bot = bot)) (card(frame)) }
                li { (tr!("Open a conversation with {bot} and write hello.", bot = bot)) }
                li { (tr!("When {bot} has answered, come back here.", bot = bot)) }
            }
            (go(frame, "/ask_for_secret", &tr!("Continue")))
            (aside(frame, "/enter_jid", &tr!("Change my Jabber ID")))
            details {
                summary { (tr!("What is the number on this page for?")) }
                p { (tr!("Anybody can enter your Jabber ID on a page like this one. If more than one person has done so, {bot} asks in the chat for the number on the page, and goes on with the one who knows it. Nobody else needs the number.", bot = bot)) }
            }
            (clients(bot))
        };
        (head, content)
    })
}

/// Asks for the shared secret, with the bot's verdict on the one before.
pub fn ask_for_secret(
    frame: &Frame,
    status: &Status<'_>,
    problem: Option<&SecretVerdict>,
) -> Markup {
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let problem = problem.and_then(secret_problem);
        let head = Head {
            heading: tr!("Agree on a shared secret"),
            step: Some(Step::Secret),
            here: Some("/ask_for_secret"),
            is_learners: true,
            has_problem: problem.is_some(),
            part: None,
            around: Around::Launch(frame),
        };
        let field = Field {
            name: "secret",
            kind: FieldKind::Hidden,
            label: tr!("Shared secret"),
            hint: tr!(
                "Four or five words that nobody would expect together make a good one, with hyphens between them. Capital letters, hyphens and spaces count."
            ),
            value: "",
            problem: problem.as_ref(),
        };
        let content = html! {
            (problem_summary("secret", problem.as_ref()))
            p.lead {
                (tr!("Encryption helps only if the right one is at the other end. By a secret that nobody else knows, {bot} and you can recognise each other.", bot = bot))
            }
            p {
                (tr!("Think of one and enter it here. Remember it: later you enter the same secret in your chat program, and the two programs compare it without sending it."))
            }
            div data-live=[live(LivePage::Secret, status)] {
                (agreeing(frame, status))
                (next(frame, LivePage::Secret, status))
                (private_fingerprint(frame, status))
                (look_again(frame, "/ask_for_secret", status))
            }
            (ask(frame, "/ask_for_secret", &field, &tr!("Agree on this secret")))
            details {
                summary { (tr!("What makes a secret strong?")) }
                ul {
                    li { (tr!("It is long. Several words are better than one with digits and signs.")) }
                    li { (tr!("It is not in a dictionary, a song or a film, and no pattern on the keyboard.")) }
                    li { (tr!("It has nothing to do with you: no name, no date, no pet.")) }
                    li { (tr!("It is new. Never use a password of yours here.")) }
                }
            }
            details {
                summary { (tr!("Why hyphens and not spaces?")) }
                (quoting())
            }
            details {
                summary { (tr!("Why on this page and not in the chat?")) }
                p {
                    (tr!("As long as you have not made sure who is at the other end of the chat, somebody in between could read the secret there and pretend to be {bot}. So you agree on it in another way. With people, you would do that when you meet, or on the telephone.", bot = bot))
                }
            }
        };
        (head, content)
    })
}

fn secret_problem(verdict: &SecretVerdict) -> Option<Problem> {
    match verdict {
        SecretVerdict::Accepted => None,
        SecretVerdict::TooWeak { warning, advice } => {
            let what = if warning.is_empty() {
                tr!("This secret is too easy to guess.")
            } else {
                tr!("This secret is too easy to guess: {why}", why = warning)
            };
            Some(Problem { what, advice: advice.clone(), passes: false })
        }
        SecretVerdict::Told => Some(Problem {
            what: tr!("This secret was written in the chat, where others may have read it."),
            advice: vec![tr!("Think of another one, and enter it only here.")],
            passes: false,
        }),
        SecretVerdict::Unusable => Some(Problem {
            what: tr!("This cannot be a secret: nothing was entered, or far too much."),
            advice: Vec::new(),
            passes: false,
        }),
    }
}
