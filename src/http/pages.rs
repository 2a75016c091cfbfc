//! The pages themselves: pure functions from what is known to HTML. No logic, no script, no cookie.

use maud::{DOCTYPE, Markup, html};

use crate::{
    actors::lti::JidProblem,
    session::{BotSecretVerdict, SecretVerdict, Whereabouts},
};

/// What is around every page of a launch.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page token, for the forms.
    pub token: String,
    /// The bot's address.
    pub bot_jid: String,
    /// The project that runs the bot.
    pub project_name: String,
    /// The bot's name in the chat.
    pub bot_alias: String,
    /// A style sheet of the settings.
    pub css_url: Option<String>,
    /// Where a link back to the course leads.
    pub return_url: Option<String>,
    /// Whether launches are not authenticated, which every page says.
    pub is_trial: bool,
}

/// What became of the grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GradeView {
    /// There is none for this person.
    NotGraded,
    /// It is on its way.
    Sending,
    /// The platform has it.
    Recorded {
        /// Since when, in seconds since 1970.
        at: i64,
    },
    /// The platform did not take it.
    Failed {
        /// What the teacher can be told.
        reference: String,
    },
}

/// What a page without a launch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The platform and the tool do not share key, secret or address.
    NotTrusted,
    /// The launch is out of date, or was used before.
    OutOfDate,
    /// The platform sent what is no launch.
    Malformed,
    /// The page was opened without a launch.
    NoLaunch,
    /// The page was open for too long.
    Expired,
    /// A part of the bot does not work.
    Unavailable,
    /// There is no such page.
    NotFound,
}

/// What this is, and the way in.
pub fn start(frame: &Frame) -> Markup {
    let title = format!("{}: learn to chat privately", frame.project_name);
    page(
        Some(frame),
        &title,
        &html! {
            p { "You will talk with " (frame.bot_alias) ", a chat bot, and encrypt the conversation." }
            (form(frame, "enter_jid", &html! { button { "Begin" } }))
        },
    )
}

/// Asks for the Jabber ID.
pub fn enter_jid(frame: &Frame, typed: &str, problem: Option<JidProblem>) -> Markup {
    page(
        Some(frame),
        "Your Jabber ID",
        &form(
            frame,
            "enter_jid",
            &html! {
                @if let Some(problem) = problem {
                    p id="problem" role="alert" { (jid_problem(problem)) }
                }
                label for="jid" { "Jabber ID" }
                input id="jid" name="jid" type="text" value=(typed) autocomplete="impp" dir="ltr"
                    required aria-invalid=[problem.map(|_| "true")]
                    aria-describedby=[problem.map(|_| "problem")];
                button { "Continue" }
            },
        ),
    )
}

fn jid_problem(problem: JidProblem) -> &'static str {
    match problem {
        JidProblem::Empty => "Type your Jabber ID.",
        JidProblem::NoAt => "A Jabber ID has an @ in it, like name@server.org.",
        JidProblem::Malformed => "This cannot be a Jabber ID: it looks like name@server.org.",
        JidProblem::OwnAddress => "This is the bot's address. Type your own.",
        JidProblem::Taken => "Somebody else has entered this Jabber ID. Is it yours?",
        JidProblem::Full => "The bot has too many learners just now. Try again later.",
    }
}

/// The Jabber ID is taken: add the bot.
pub fn jid_entered(frame: &Frame, jid: &str) -> Markup {
    page(
        Some(frame),
        "Add the bot",
        &html! {
            p { "The bot invites " bdi dir="ltr" { (jid) } ". Accept it in your chat program." }
            p { "Its address is " bdi dir="ltr" { (frame.bot_jid) } "." }
            (form(frame, "ask_for_secret", &html! { button { "Continue" } }))
        },
    )
}

/// Asks for the shared secret.
pub fn ask_for_secret(frame: &Frame, problem: Option<&SecretVerdict>) -> Markup {
    page(
        Some(frame),
        "A shared secret",
        &form(
            frame,
            "ask_for_secret",
            &html! {
                @match problem {
                    Some(SecretVerdict::TooWeak { warning, advice }) => {
                        div id="problem" role="alert" {
                            p { (warning) }
                            @for advice in advice { p { (advice) } }
                        }
                    },
                    Some(SecretVerdict::Unusable) => {
                        p id="problem" role="alert" { "Type a secret that is not as long as a book." }
                    },
                    Some(SecretVerdict::Accepted) | None => {},
                }
                label for="secret" { "Shared secret" }
                input id="secret" name="secret" type="password" autocomplete="off" required;
                button { "Continue" }
            },
        ),
    )
}

/// Asks for the bot secret.
pub fn enter_bot_secret(
    frame: &Frame,
    whereabouts: Option<&Whereabouts>,
    problem: Option<BotSecretVerdict>,
) -> Markup {
    let fingerprint = whereabouts.and_then(|now| now.fingerprint.as_deref());
    page(
        Some(frame),
        "The bot secret",
        &html! {
            @if let Some(fingerprint) = fingerprint {
                p { "The bot's fingerprint: " bdi dir="ltr" { (fingerprint) } }
            }
            (form(frame, "enter_bot_secret", &html! {
                @match problem {
                    Some(BotSecretVerdict::Wrong) => {
                        p id="problem" role="alert" { "This is not the secret that the bot gave you." }
                    },
                    Some(BotSecretVerdict::NotGivenYet) => {
                        p id="problem" role="alert" { "The bot has not given you its secret yet." }
                    },
                    Some(BotSecretVerdict::Right) | None => {},
                }
                label for="bot_secret" { "Bot secret" }
                input id="bot_secret" name="bot_secret" type="text" autocomplete="off" dir="ltr" required;
                button { "Continue" }
            }))
        },
    )
}

/// The lesson is passed.
pub fn done(frame: &Frame, grade: &GradeView) -> Markup {
    page(
        Some(frame),
        "Done",
        &html! {
            p role="status" {
                @match grade {
                    GradeView::NotGraded => { "Well done. You are not graded here." },
                    GradeView::Sending => { "Well done. Your grade is being sent." },
                    GradeView::Recorded { .. } => { "Well done. Your grade is recorded." },
                    GradeView::Failed { reference } => {
                        "Well done. Your grade could not be recorded: tell your teacher. Reference: "
                        (reference)
                    },
                }
            }
        },
    )
}

/// For those who teach.
pub fn teacher(frame: &Frame) -> Markup {
    page(
        Some(frame),
        &frame.project_name,
        &html! {
            p { "Your learners will see the lesson here. You are not graded, but may try it." }
            (form(frame, "enter_jid", &html! { button { "Try the lesson" } }))
        },
    )
}

/// There is no page; what to do instead.
pub fn problem(kind: ProblemKind, reference: &str) -> Markup {
    let (title, advice) = match kind {
        ProblemKind::NotTrusted => (
            "This course is not connected to the bot",
            "Tell your teacher: the key, the secret or the address of the tool in the course is wrong.",
        ),
        ProblemKind::OutOfDate => (
            "Open the assignment again",
            "This page was opened before, or too long ago. Open the assignment again in your course.",
        ),
        ProblemKind::Malformed => (
            "The course sent something unexpected",
            "Open the assignment again in your course. If that does not help, tell your teacher.",
        ),
        ProblemKind::NoLaunch => (
            "Open the assignment in your course",
            "This page only works from your course: open the assignment there.",
        ),
        ProblemKind::Expired => (
            "This page was open for a long time",
            "Open the assignment again in your course. Nothing that you did is lost.",
        ),
        ProblemKind::Unavailable => (
            "The bot does not answer",
            "Wait a minute, and open the assignment again in your course.",
        ),
        ProblemKind::NotFound => ("There is no such page", "Open the assignment in your course."),
    };
    page(
        None,
        title,
        &html! {
            p { (advice) }
            p { "Reference: " code { (reference) } }
        },
    )
}

/// Says that the tool is up.
pub fn hello_world(bot_title: &str) -> Markup {
    page(None, bot_title, &html! { p { "Hello, world! The tool is up." } })
}

fn form(frame: &Frame, action: &str, fields: &Markup) -> Markup {
    html! {
        form method="post" action={ "/" (action) } {
            input type="hidden" name="token" value=(frame.token);
            (fields)
        }
    }
}

fn page(frame: Option<&Frame>, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                @if let Some(url) = frame.and_then(|frame| frame.css_url.as_deref()) {
                    link rel="stylesheet" href=(url);
                }
            }
            body {
                main {
                    @if frame.is_some_and(|frame| frame.is_trial) {
                        p role="note" { "Launches are not authenticated: this is a trial." }
                    }
                    h1 { (title) }
                    (content)
                    @if let Some(url) = frame.and_then(|frame| frame.return_url.as_deref()) {
                        p { a href=(url) { "Back to the course" } }
                    }
                }
            }
        }
    }
}
