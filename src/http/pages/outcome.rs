//! Why a grade is not with the platform, for teachers.

use lti::unreachable::Cause;
use tr::tr;

/// In plain words, where the platform was not reached; `None`: it answered, and its words say more.
pub(super) fn plain(why: &str) -> Option<String> {
    if lti::reach::OutOfReach::is_named_in(why) {
        return Some(tr!(
            "The bot may not send grades to the address that this learning platform gives. Please tell whoever runs the bot."
        ));
    }
    Some(match Cause::of_words(why)? {
        Cause::NoName | Cause::NoNameServer => tr!(
            "The bot does not find the learning platform: its name leads nowhere. Please tell whoever runs the bot."
        ),
        Cause::Refused | Cause::NoWay => tr!(
            "The bot does not reach the learning platform: nothing answers at its address. Please tell whoever runs the bot."
        ),
        Cause::TimedOut => {
            tr!("The learning platform did not answer in time. Perhaps it is busy or down.")
        }
        Cause::CertificateDate
        | Cause::CertificateName
        | Cause::CertificateIssuer
        | Cause::Certificate
        | Cause::NoTls => tr!(
            "The bot does not trust the connection to the learning platform: something is wrong with the certificate there. Please tell whoever runs the platform."
        ),
        Cause::Broken => tr!("The connection to the learning platform broke."),
    })
}
