//! What the bot says of itself in every lesson, in the language of the present
//! [`scope`](crate::i18n::scope). The `${…}` are replaced when it is said.

use tr::tr;

use super::Farewell;

/// Before a session ends for want of activity.
pub(super) fn warning() -> String {
    tr!("Are you still there? If I do not hear from you, I will soon end our session.")
}

/// When a learner goes on after the warning.
pub(super) fn refreshed() -> String {
    tr!("Good to have you back. Our session goes on.")
}

/// The last words of a session; `None` where the lesson has said good-bye.
pub(super) fn farewell(why: Farewell) -> Option<String> {
    match why {
        Farewell::Finished => None,
        Farewell::TimedOut => Some(tr!(
            "I have not heard from you for a long time, so I end our session. You can start a new one from ${project_name}."
        )),
        Farewell::Dismissed => Some(tr!(
            "I end our session, because you have asked for one at another address. Good-bye!"
        )),
        Farewell::Shutdown => Some(tr!(
            "I have to stop for maintenance, so I end our session. You can start a new one from ${project_name} a little later."
        )),
    }
}

/// The status text of the bot after a session.
pub(super) fn status(why: Farewell) -> String {
    match why {
        Farewell::TimedOut => {
            tr!("Your session has expired, you can start a new session from ${project_name}.")
        }
        Farewell::Finished | Farewell::Dismissed | Farewell::Shutdown => {
            tr!("Your session has ended, you can start a new session from ${project_name}.")
        }
    }
}
