//! What the bot says of itself in every lesson, in the language of the present
//! [`scope`](crate::i18n::scope). The `${…}` are replaced when it is said.

use std::{collections::BTreeMap, sync::Arc};

use gettext::Catalog;
use tr::tr;

use super::Farewell;

use crate::{i18n, lesson::text};

/// The polite refusal of somebody who is not on the whitelist, with the variables replaced.
pub fn refusal_for(catalog: &Arc<Catalog>, variables: &BTreeMap<String, String>) -> String {
    written(catalog, variables, refusal)
}

/// The status text after a session that ran out of time, with the variables replaced.
pub fn sign_out_status(catalog: &Arc<Catalog>, variables: &BTreeMap<String, String>) -> String {
    written(catalog, variables, || status(Farewell::TimedOut))
}

/// What somebody is told whose session broke before the lesson began, with the variables replaced.
pub fn interruption_for(catalog: &Arc<Catalog>, variables: &BTreeMap<String, String>) -> String {
    written(catalog, variables, interrupted)
}

fn written(
    catalog: &Arc<Catalog>,
    variables: &BTreeMap<String, String>,
    phrase: impl FnOnce() -> String,
) -> String {
    let words = i18n::scope(catalog, phrase);
    text::substitute(&words, |name| variables.get(name).map(String::as_str))
}

/// Before a session ends for want of activity.
pub(super) fn warning() -> String {
    tr!("Are you still there? If I do not hear from you, I will soon end our session.")
}

/// When a learner goes on after the warning.
pub(super) fn refreshed() -> String {
    tr!("Good to have you back. Our session goes on.")
}

/// In the place of what was just said: which words the bot knows.
pub(super) fn words_that_are_known() -> String {
    // i18n: The words in quotation marks must be among those of the topics of the same names in
    // settings/lessons/common.yaml, so that the bot understands them.
    tr!(
        "I am a program and understand few words: \"help\", \"again\", \"where are we\", \"why\", \"stop\", \"human\", and the names of chat programs."
    )
}

/// To a learner who comes back after a while; what they are to do is said after that.
pub(super) fn after_a_pause() -> String {
    tr!(
        "Good to hear from you again. You can read above what we wrote before. This is where we are:"
    )
}

/// To somebody in danger who was told all that a program can say.
pub(super) fn danger_comes_first() -> String {
    tr!(
        "I am only a program, and cannot do more than say it again: please turn to your local emergency services, or to somebody you trust, now."
    )
}

/// The same: who can help.
pub(super) fn contact_can_help() -> String {
    tr!("I cannot explain it better than that, but a human being can. You can ask here: ${contact}")
}

/// The same, where nobody is named.
pub(super) fn teacher_and_page_can_help() -> String {
    tr!(
        "I cannot explain it better than that, but a human being can: please ask whoever has given you this exercise. Its web page shows how far you are, too."
    )
}

/// The same, where there is no page either.
pub(super) fn teacher_can_help() -> String {
    tr!(
        "I cannot explain it better than that, but a human being can: please ask whoever has told you of me."
    )
}

/// The same, in other words.
pub(super) fn somebody_beside_can_help() -> String {
    tr!(
        "Somebody who sits beside you sees what I cannot see. You can stop here, ask somebody, and go on another time. Nothing is lost by that."
    )
}

/// Before an answer that was given already.
pub(super) fn the_same_again() -> String {
    tr!("To that I can only say the same again:")
}

/// Where a shared secret is typed into the page that was written in the chat.
pub(super) fn secret_was_told() -> String {
    tr!("It was written in a chat before, where others may have read it.")
}

/// What to do about that.
pub(super) fn tell_no_secret() -> String {
    tr!("Write it in no chat.")
}

/// How Profanity takes a secret with blanks. Whether ours has some is said nowhere in the chat, where
/// others may read or answer.
pub(super) fn quoted_in_profanity() -> String {
    // i18n: SECRET stands for something else, and can be translated. Commands and straight quotation
    // marks are typed as they are, in every language.
    tr!(
        "If our secret has blanks in it, Profanity takes it in straight quotation marks alone, as in /otr secret \"SECRET\", with our secret in the place of SECRET."
    )
}

/// The same in `BitlBee`.
pub(super) fn quoted_in_bitlbee() -> String {
    // i18n: NAME and SECRET stand for something else, and can be translated. Commands and straight
    // quotation marks are typed as they are, in every language.
    tr!(
        "If our secret has blanks in it, BitlBee takes its first word alone, unless straight quotation marks stand around it, as in otr smp NAME \"SECRET\" in the channel &bitlbee, with my name in your list and our secret in these places."
    )
}

/// The same in `WeeChat`.
pub(super) fn quoted_in_weechat() -> String {
    // i18n: SECRET stands for something else, and can be translated. Commands and straight quotation
    // marks are typed as they are, in every language.
    tr!(
        "If our secret has blanks in it, WeeChat takes it in straight quotation marks alone, as in /otr smp ask \"SECRET\", or /otr smp respond \"SECRET\" if I have asked, with our secret in the place of SECRET."
    )
}

/// The same, where nobody knows which program the learner uses.
pub(super) fn quoted_in_programs() -> String {
    // i18n: NAME and SECRET stand for something else, and can be translated. Commands and straight
    // quotation marks are typed as they are, in every language.
    tr!(
        "If our secret has blanks in it, and you type commands to your program, it may have taken the first word alone. Put the secret in straight quotation marks there. In Profanity: /otr secret \"SECRET\". In BitlBee: otr smp NAME \"SECRET\"."
    )
}

/// What needs none of that.
pub(super) fn hyphens_need_no_quotes() -> String {
    tr!(
        "Or type another secret into the web page, with hyphens between its words in the place of blanks. It needs no quotation marks in any program."
    )
}

/// To somebody who has written in another language.
pub(super) fn language_offer() -> String {
    // i18n: Name your own language in the place of English; the word in quotation marks must be one
    // of those by which people ask to go on in it.
    tr!("I can go on in English. If you want that, write \"English\".")
}

/// When the learner has chosen another language.
pub(super) fn goes_on_in_this_language() -> String {
    // i18n: Each translation names its own language: "Wir machen auf Deutsch weiter."
    tr!("We go on in English.")
}

/// After the bot was interrupted, in a lesson that has come as far as a private conversation.
pub(super) fn interrupted_in_private() -> String {
    tr!(
        "I am sorry, I was interrupted, and our private conversation got lost. Your program may still take it for private: please end it there, and open it again."
    )
}

/// At the begin of an exercise, where the learner has several.
pub(super) fn exercise_opened_last(title: &str) -> String {
    tr!(
        "You have more than one exercise with me. This is the one that you opened last: “{title}”. To go on with another one, open that one again in your course.",
        title = title
    )
}

/// Where an exercise goes on after another one.
pub(super) fn goes_on_with(title: &str) -> String {
    tr!(
        "We go on with the exercise “{title}”, where we were. If you do not know what to do next, write \"help\".",
        title = title
    )
}

/// The same, in a lesson that has come as far as a private conversation.
pub(super) fn goes_on_with_in_private(title: &str) -> String {
    tr!(
        "We go on with the exercise “{title}”, where we were. Its private conversation has ended meanwhile. Your program may still take it for private: please end it there, and open it again.",
        title = title
    )
}

/// After the bot was interrupted.
pub(super) fn interrupted() -> String {
    tr!(
        "I am sorry, I was interrupted. I am back now, and we go on where we were. If you do not know what to do next, write \"help\"."
    )
}

/// After the bot was interrupted, and the lesson was changed meanwhile: the place where they stood has
/// another name, or another one has taken its place.
pub(super) fn lesson_changed() -> String {
    tr!(
        "I am sorry, I was interrupted, and the lesson has changed meanwhile. We go on, but some things may not be as you remember them."
    )
}

/// The same where an exercise goes on after another one.
pub(super) fn goes_on_with_changed(title: &str) -> String {
    tr!(
        "We go on with the exercise “{title}”. The lesson has changed meanwhile, and some things may not be as you remember them.",
        title = title
    )
}

/// After the bot was interrupted, and the lesson was changed meanwhile, so that nobody knows where the
/// learner could go on.
pub(super) fn lesson_begins_again() -> String {
    tr!(
        "I am sorry, I was interrupted, and the lesson has changed meanwhile: the part that we had come to is not in it any more. So we begin again from the start. What you have reached so far still counts."
    )
}

/// The same where an exercise goes on after another one.
pub(super) fn begins_again_with(title: &str) -> String {
    tr!(
        "We go on with the exercise “{title}”. The lesson has changed meanwhile: the part that we had come to is not in it any more. So we begin again from the start. What you have reached so far still counts.",
        title = title
    )
}

/// After the bot was interrupted, and the lesson is gone, or another one was chosen.
pub(super) fn another_lesson() -> String {
    tr!(
        "The lesson has changed since we last wrote: this exercise has another one now. So we begin from the start. What you have reached so far still counts."
    )
}

/// The same where an exercise goes on after another one.
pub(super) fn has_another_lesson(title: &str) -> String {
    tr!(
        "We go on with the exercise “{title}”. It has another lesson now, so we begin from the start. What you have reached so far still counts.",
        title = title
    )
}

/// After each of those, in a lesson that had come as far as a private conversation.
pub(super) fn privacy_has_ended() -> String {
    tr!(
        "Our private conversation has ended meanwhile. Your program may still take it for private: please end it there."
    )
}

/// After the connection broke in the middle of SMP.
pub(super) fn verification_lost() -> String {
    tr!(
        "I am sorry, my connection broke while our programs were comparing our secret. Please start the authentication once more."
    )
}

/// After the connection was away for so long that not all could be kept.
pub(super) fn words_lost() -> String {
    tr!(
        "I am sorry, my connection was away, and some of what I said got lost. If you do not know what to do next, write \"help\"."
    )
}

/// To a learner who sends more messages than anybody could answer.
pub(super) fn slow_down() -> String {
    tr!(
        "That was too fast for me, and I have not read all of it. Please write one message at a time, and wait for my answer."
    )
}

/// To a learner who sends a text that is too long to be read.
pub(super) fn too_long() -> String {
    tr!("Your message was too long for me, and I have not read it. Please write a shorter one.")
}

/// To a program that asks for a private conversation in versions of OTR that the bot does not speak,
/// where it speaks these.
pub(super) fn speaks_versions_2_and_3() -> String {
    tr!(
        "Your chat program has asked for a private conversation, but in no version of OTR that I speak. I speak versions 2 and 3. Please see whether your program, or its OTR plugin, can do that, perhaps in a newer edition. If not, please take another one, for example Thunderbird, Pidgin with its OTR plugin, Psi+ or Profanity."
    )
}

/// The same, where it speaks version 3 alone.
pub(super) fn speaks_version_3() -> String {
    tr!(
        "Your chat program has asked for a private conversation, but not in the version of OTR that I speak. I speak version 3. Please see whether your program, or its OTR plugin, can do that, perhaps in a newer edition. If not, please take another one, for example Thunderbird, Pidgin with its OTR plugin, Psi+ or Profanity."
    )
}

/// The same, where it speaks version 2 alone.
pub(super) fn speaks_version_2() -> String {
    tr!(
        "Your chat program has asked for a private conversation, but not in the version of OTR that I speak. I speak version 2. Please see whether your program, or its OTR plugin, can be set to that. If not, please take another one, for example Thunderbird, Pidgin with its OTR plugin, Psi+ or Profanity."
    )
}

/// Where a private conversation is of an older version of OTR than one before.
pub(super) fn older_version() -> String {
    tr!(
        "This private conversation is of an older version of OTR than the one that we had before. If you have changed your chat program, that is why. If you have not, somebody between us may be behind it: please end the private conversation, and start it again."
    )
}

/// To a program that writes in the clear while another one is in a private conversation.
pub(super) fn elsewhere() -> String {
    tr!(
        "We have a private conversation in another of your chat programs, and I answer there. If you want to go on here, please start a private conversation in this program."
    )
}

/// To somebody whose address stands on a page that may not be theirs. Programs that take the lesson by
/// themselves know it by these words.
pub fn which_number() -> String {
    tr!(
        "Somebody has entered your Jabber ID on one of my web pages. If that was you, write me the number that stands on the page: only the number. If it was not you, you need not do anything."
    )
}

/// When the number is right, and the page is the one that was known already.
pub(super) fn thanks_for_number() -> String {
    tr!("Thank you, that is the right number.")
}

/// When no page shows the number.
pub(super) fn wrong_number() -> String {
    tr!(
        "None of my pages for your Jabber ID has this number. Look at your page once more. If that does not help, open the exercise from your course again."
    )
}

/// When a number leads away from a lesson under way, and nobody has asked for it.
pub(super) fn number_leads_away() -> String {
    tr!(
        "This is the number of another page. To leave this exercise and begin the one of that page, write the number once more. If somebody else has told you to write it, do not write it again."
    )
}

/// After too many of those.
pub(super) fn too_many_numbers() -> String {
    tr!("Those were too many wrong numbers. Please wait a minute before you try again.")
}

/// To somebody who is not on the whitelist.
fn refusal() -> String {
    tr!(
        "I am a bot, and I talk only to those who have signed up for it. You can do that from ${project_name}."
    )
}

/// The last words of a session; `None` where the lesson has said good-bye.
pub(super) fn farewell(why: Farewell) -> Option<String> {
    match why {
        Farewell::Finished | Farewell::Unsaid => None,
        Farewell::TimedOut => Some(tr!(
            "I have not heard from you for a long time, so I end our session. You can start a new one from ${project_name}."
        )),
        Farewell::Dismissed => Some(tr!(
            "I end our session, because you have asked for one at another address. Good-bye!"
        )),
        Farewell::Moved => Some(tr!(
            "You have opened another exercise, so we go on with that one here. This one waits where it is: to go on with it, open it again in your course."
        )),
        Farewell::Left => Some(tr!(
            "You have opened another exercise, so we go on with that one here. This one is finished."
        )),
        Farewell::Claimed => Some(tr!(
            "Thank you, that is the right number. We begin with the exercise of that page."
        )),
        Farewell::Erased => Some(tr!(
            "I end our session, because everything that was stored about you here has been deleted. Good-bye!"
        )),
        Farewell::Shutdown => Some(tr!(
            "I have to stop for maintenance now. When I am back, we will go on where we are."
        )),
    }
}

/// The status text of the bot after a session.
pub(super) fn status(why: Farewell) -> String {
    match why {
        Farewell::TimedOut => {
            tr!("Your session has expired, you can start a new session from ${project_name}.")
        }
        Farewell::Shutdown => tr!("I am away for maintenance, and will be back soon."),
        Farewell::Finished
        | Farewell::Dismissed
        | Farewell::Claimed
        | Farewell::Moved
        | Farewell::Left
        | Farewell::Unsaid
        | Farewell::Erased => {
            tr!("Your session has ended, you can start a new session from ${project_name}.")
        }
    }
}
