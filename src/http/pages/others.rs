//! Pages outside of the exercise.

use maud::{Markup, html};
use tr::tr;

use lti::other::SPOKEN;

use super::{
    Frame, House, ProblemKind,
    layout::{Around, Head, address, alone, document, fill, reference_line, token},
};

/// Why there is no page, and by what the event is found in the log.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Why.
    pub kind: ProblemKind,
    /// The number of the event.
    pub reference: String,
    /// What was said instead of a launch, if that is known.
    pub other: Option<Spoken>,
}

/// What a platform says that does not speak as we do.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// The version or the kind of message, in its own words.
    pub theirs: String,
    /// Whether this is the name by which people know it.
    pub is_known: bool,
    /// The launch URL, for who sets the platform up.
    pub launch_url: String,
}

/// Says why there is no page, and what to do.
pub fn problem(house: &House, trouble: &Trouble) -> Markup {
    document(&house.catalog, || {
        let (heading, why, what) = match trouble.kind {
            ProblemKind::NoLaunch => (
                tr!("Open the exercise from your course"),
                tr!("This page was opened without your course saying who you are."),
                tr!("Go to the assignment in your course and open it there."),
            ),
            ProblemKind::NotTrusted => (
                tr!("Your course could not open the exercise"),
                tr!(
                    "The course and this exercise are not set up to know each other, so nobody can say here who you are."
                ),
                tr!("Tell your teacher, with the number below."),
            ),
            ProblemKind::Replayed => (
                tr!("Open the exercise once more"),
                tr!("This page was loaded again, and a course can open it only once."),
                tr!(
                    "Go to the assignment in your course and open it anew. What you have done is kept."
                ),
            ),
            ProblemKind::Stale => (
                tr!("Open the exercise once more"),
                tr!("Your course opened this page at another time than now."),
                tr!(
                    "Go to the assignment in your course and open it anew. What you have done is kept. If this does not help, tell your teacher that the clocks of the two servers may differ."
                ),
            ),
            ProblemKind::Expired => (
                tr!("Open the exercise once more"),
                tr!("This page was open for a long time and is not valid any more."),
                tr!(
                    "Go to the assignment in your course and open it anew. What you have done is kept."
                ),
            ),
            ProblemKind::NotFound => (
                tr!("There is no such page"),
                tr!("The address does not belong to a page of this exercise."),
                tr!("Go to the assignment in your course and open it there."),
            ),
            ProblemKind::Malformed => (
                tr!("This did not arrive as it should"),
                tr!(
                    "What was sent here is not something that a course or a page of this exercise sends."
                ),
                tr!(
                    "Go to the assignment in your course and open it anew. If this does not help, tell your teacher, with the number below."
                ),
            ),
            ProblemKind::OtherVersion => other_version(trouble.other.as_ref()),
            ProblemKind::OtherMessage => other_message(trouble.other.as_ref()),
            ProblemKind::TooFast => (
                tr!("That was too fast"),
                tr!("More was sent from this page in a short time than can be answered."),
                tr!("Wait a minute, then go back and try again. What you have done is kept."),
            ),
            ProblemKind::OverQuota => (
                tr!("There is no room for you at the moment"),
                tr!("Your platform has as many learners here as it may have."),
                tr!(
                    "Tell your teacher, with the number below. Who looks after this exercise can change that."
                ),
            ),
            ProblemKind::Unavailable => (
                tr!("The exercise does not work at the moment"),
                tr!("A part of it does not answer."),
                tr!(
                    "Try again in some minutes. What you have done is kept. If it goes on like this, tell your teacher, with the number below."
                ),
            ),
        };
        let content = html! {
            p.lead { (why) }
            p { (what) }
            @if let (ProblemKind::OtherVersion, Some(other)) = (trouble.kind, &trouble.other) {
                p {
                    (fill(
                        &tr!("The launch URL: {url}", url = "{url}"),
                        &[("{url}", &address(&other.launch_url))],
                    ))
                }
            }
            (reference_line(&trouble.reference))
        };
        (head(house, heading, true), content)
    })
}

/// What is said where a platform speaks another version: heading, reason, what to do.
fn other_version(other: Option<&Spoken>) -> (String, String, String) {
    let theirs = other.map_or("", |other| other.theirs.as_str());
    let why = if other.is_some_and(|other| other.is_known) {
        tr!(
            "LTI is the language in which a course opens an exercise. Your course opened this one by {theirs}; it understands {ours} only.",
            theirs = theirs,
            ours = SPOKEN
        )
    } else {
        tr!(
            "LTI is the language in which a course opens an exercise. Your course calls its version “{theirs}”; this exercise understands {ours} only.",
            theirs = theirs,
            ours = SPOKEN
        )
    };
    let what = tr!(
        "Tell your teacher, with the number below. Who looks after the course adds the exercise anew as a tool of {ours}: with its launch URL, a consumer key and a shared secret.",
        ours = SPOKEN
    );
    (tr!("Your course speaks another version of LTI"), why, what)
}

/// The same where it sends another kind of message.
fn other_message(other: Option<&Spoken>) -> (String, String, String) {
    let theirs = other.map_or("", |other| other.theirs.as_str());
    (
        tr!("Your course asked for something else"),
        tr!(
            "Your course sent a message of the kind “{theirs}”. This exercise can only be opened.",
            theirs = theirs
        ),
        tr!(
            "Tell your teacher, with the number below. Who looks after the course places the exercise as an assignment or a link."
        ),
    )
}

/// In the place of a page that browsers would not show in the frame around it: the way to it, in a
/// window of its own. Anybody may frame this one, so there is nothing on it of whoever was launched.
pub fn elsewhere(frame: &Frame, action: &str, field: Option<&str>) -> Markup {
    let house = House { return_url: None, ..frame.house.clone() };
    document(&house.catalog, || {
        let content = html! {
            p.lead {
                (tr!("Your course shows the exercise inside a page of its own, and it is not known here that it may. Browsers would show an empty page."))
            }
            form.go method="post" action=(action) target="_blank" rel="noopener" {
                (token(frame))
                (alone())
                @if let Some(field) = field { input type="hidden" name=(field) value="1"; }
                button.main type="submit" { (tr!("Open in a new window")) }
            }
            p.remark {
                (tr!("For whoever looks after this exercise: the setting frame_ancestors says which sites may show it."))
            }
        };
        (head(&house, tr!("Open the exercise in a window of its own"), true), content)
    })
}

fn head(house: &House, heading: String, is_learners: bool) -> Head<'_> {
    let around = Around::House(house);
    Head { heading, step: None, here: None, is_learners, has_problem: false, part: None, around }
}

/// Says that the tool is up.
pub fn hello_world(house: &House, bot_title: &str) -> Markup {
    document(&house.catalog, || {
        let content = html! {
            p.lead { (tr!("{tool} is running. Learners open the exercise from their course.", tool = bot_title)) }
        };
        (head(house, tr!("Hello, world!"), false), content)
    })
}
