//! When there is no page: another one that says what to do, with a reference that the log has too.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use log::{debug, info, warn};
use lti::{Fault, LaunchError, Other, token::TokenError};

use super::{
    Site,
    headers::Ancestors,
    pages::{self, ProblemKind, Spoken, Trouble},
    request::{Said, header_text},
    show::{ancestors, is_for_a_frame},
};

use crate::actors::{
    ambient::random_name,
    lti::{PageError, Platform, PlatformOf, Whose},
};

/// How long it may take to find out from which platform a failed request came.
const FRAME_PATIENCE: Duration = Duration::from_secs(2);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The gateway has none.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Another site sent the form.
    #[error("a form from another site")]
    Foreign,
    /// There is nothing at this address.
    #[error("no such page")]
    NotFound,
    /// What is at this address does not take this method.
    #[error("a method that is not taken")]
    Method,
}

impl Failure {
    fn status(&self) -> u16 {
        match self {
            Self::Page(
                PageError::Launch(error)
                | PageError::NotTrusted(error, _)
                | PageError::Signed(error)
                | PageError::Form(error),
            ) => error.fault().status(),
            Self::Page(PageError::NoToken | PageError::Token(_) | PageError::Gone) => 401,
            Self::Page(PageError::TooFast) => 429,
            Self::Page(
                PageError::Store(_)
                | PageError::OverQuota
                | PageError::HungUp
                | PageError::Unavailable,
            ) => 503,
            Self::Foreign | Self::Page(PageError::NotTeacher) => 403,
            Self::NotFound => 404,
            Self::Method => 405,
        }
    }

    /// What the person is told.
    fn kind(&self) -> ProblemKind {
        match self {
            Self::Page(
                PageError::Launch(error)
                | PageError::NotTrusted(error, _)
                | PageError::Signed(error)
                | PageError::Form(error),
            ) => match error.fault() {
                Fault::OtherVersion => ProblemKind::OtherVersion,
                Fault::OtherMessage => ProblemKind::OtherMessage,
                Fault::NotTrusted => ProblemKind::NotTrusted,
                Fault::Nobody => ProblemKind::NoLaunch,
                Fault::OutOfDate if *error == LaunchError::Replayed => ProblemKind::Replayed,
                Fault::OutOfDate => ProblemKind::Stale,
                Fault::TooLarge | Fault::Incomplete | Fault::ContentType | Fault::Malformed => {
                    ProblemKind::Malformed
                }
            },
            Self::Page(PageError::NoToken | PageError::Gone) | Self::Foreign => {
                ProblemKind::NoLaunch
            }
            Self::Page(PageError::Token(_)) => ProblemKind::Expired,
            Self::Page(PageError::TooFast) => ProblemKind::TooFast,
            Self::Page(PageError::OverQuota) => ProblemKind::OverQuota,
            Self::Page(PageError::Store(_) | PageError::HungUp | PageError::Unavailable) => {
                ProblemKind::Unavailable
            }
            Self::NotFound | Self::Method | Self::Page(PageError::NotTeacher) => {
                ProblemKind::NotFound
            }
        }
    }

    /// Whether the request was one of ours, or signed: then the platform that it came from may frame
    /// the page as it may frame the others. Our own pages do not tell in whose frame they are.
    fn is_of_somebody(&self) -> bool {
        match self {
            Self::Foreign | Self::NotFound | Self::Method => false,
            Self::Page(error) => match error {
                PageError::Launch(error) => *error == LaunchError::Replayed,
                PageError::Token(error) => matches!(error, TokenError::Expired { .. }),
                PageError::NotTrusted(..) | PageError::NoToken | PageError::Form(_) => false,
                PageError::Gone
                | PageError::Signed(_)
                | PageError::NotTeacher
                | PageError::OverQuota
                | PageError::TooFast
                | PageError::HungUp
                | PageError::Store(_)
                | PageError::Unavailable => true,
            },
        }
    }

    /// Whether a platform signed the request: then its addresses are true.
    fn is_signed(&self) -> bool {
        matches!(
            self,
            Self::Page(
                PageError::Launch(LaunchError::Replayed)
                    | PageError::Signed(_)
                    | PageError::OverQuota
            )
        )
    }

    /// What somebody speaks who speaks another language than we do, by its name.
    fn other(&self) -> Option<&Other> {
        if let Self::Page(
            PageError::Launch(LaunchError::Other(other))
            | PageError::Signed(LaunchError::Other(other)),
        ) = self
        {
            Some(other)
        } else {
            None
        }
    }

    /// Whether nobody may frame the page, whoever asks.
    fn is_framed_by_nobody(&self) -> bool {
        matches!(self, Self::Foreign | Self::NotFound | Self::Method)
    }

    /// Whether there is no name and no form on the page, but what we say of a launch that nobody is
    /// known to have signed, or that is none of ours.
    fn is_about_nobody(&self) -> bool {
        match self {
            Self::Page(PageError::Launch(error)) => *error != LaunchError::Replayed,
            Self::Page(PageError::NotTrusted(..) | PageError::Signed(LaunchError::Other(_))) => {
                true
            }
            Self::Page(_) | Self::Foreign | Self::NotFound | Self::Method => false,
        }
    }

    /// Whether the page tells by what it is found in the log. Where nobody helps with it, it does not.
    fn has_reference(&self) -> bool {
        !matches!(self, Self::NotFound | Self::Method)
    }

    /// Logs the failure, as loudly as it deserves.
    fn log(&self, reference: &str) {
        match self {
            // That the store is away is said by its writer, once.
            Self::Page(PageError::Store(why)) => warn!("{reference}: {self}: {why}"),
            Self::Page(PageError::NotTrusted(error, claim)) => {
                // A key that nobody has is what anybody typed, perhaps a secret.
                if *error == LaunchError::BadSignature {
                    let signed = claim.base_string();
                    warn!("{reference}: {self}; {claim}");
                    debug!("{reference}: the base string, with lengths for values: {signed}");
                } else {
                    warn!("{reference}: {self}");
                }
            }
            Self::Page(
                PageError::Launch(_)
                | PageError::Signed(_)
                | PageError::OverQuota
                | PageError::Unavailable,
            ) => {
                warn!("{reference}: {self}");
            }
            Self::Page(
                PageError::NoToken
                | PageError::Token(_)
                | PageError::Gone
                | PageError::NotTeacher
                | PageError::Form(_)
                | PageError::TooFast,
            )
            | Self::Foreign => info!("{reference}: {self}"),
            Self::NotFound | Self::Method | Self::Page(PageError::HungUp) => {
                debug!("{reference}: {self}");
            }
        }
    }
}

/// The methods that an address takes.
fn methods(path: &str) -> &'static str {
    match path {
        "/status" | "/course/resend" | "/course/table" | "/course/try" => "POST",
        "/" | "/enter_jid" | "/jid_entered" | "/ask_for_secret" | "/enter_bot_secret"
        | "/course" | "/course/lesson" => "GET, HEAD, POST",
        _ => "GET, HEAD",
    }
}

impl Site {
    /// The answer to a request that failed. The page has nothing personal on it and nothing to
    /// click but the way back.
    pub(super) async fn problem(&self, request: &HttpRequest, failure: &Failure) -> HttpResponse {
        let reference = random_name::<4>();
        failure.log(&reference);
        let said = Said::kept(request);
        let platform = self.platform_of(failure, said.whose.clone()).await;
        let ancestors = who_frames(request, failure, platform.as_ref());
        let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = HttpResponseBuilder::new(status);
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "OAuth realm=\"\""));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            answer.insert_header((header::ALLOW, methods(request.path())));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            answer.insert_header((header::RETRY_AFTER, "60"));
        }
        let kind = failure.kind();
        let return_url = said.return_url.filter(|_| failure.is_signed());
        let consumer_key = platform.as_ref().and_then(|known| known.consumer_key.as_deref());
        let house = self.house(request, said.locale.as_deref(), return_url, consumer_key);
        let reference = if failure.has_reference() { reference } else { String::new() };
        let other = failure.other().map(|other| self.spoken(other));
        let markup = pages::problem(&house, &Trouble { kind, reference, other });
        self.page(request, answer, &ancestors, markup)
    }

    /// What a platform says that does not speak as we do.
    fn spoken(&self, other: &Other) -> Spoken {
        let (theirs, is_known) = match other {
            Other::Lti13Login | Other::Lti13Launch => ("LTI 1.3".to_owned(), true),
            // Of some names nothing is left that may stand in a sentence.
            Other::Version(version) if version.is_empty() => ("LTI".to_owned(), true),
            Other::Message(kind) if kind.is_empty() => ("?".to_owned(), false),
            Other::Version(version) => (version.clone(), false),
            Other::Message(kind) => (kind.clone(), false),
        };
        Spoken { theirs, is_known, launch_url: self.config.public_url.to_string() }
    }

    /// The platform that a request came from, where it was one of ours, or signed.
    async fn platform_of(&self, failure: &Failure, whose: Option<Whose>) -> Option<Platform> {
        let whose = whose.filter(|_| failure.is_of_somebody())?;
        self.meter.sent();
        let asked = self.gateway.send(PlatformOf(whose)).timeout(FRAME_PATIENCE);
        Some(asked.await.unwrap_or_default())
    }
}

/// Who may frame the page of a failure. Whoever's page sent the request may: where the tool is being
/// set up, no launch was verified yet, and that is when the page is needed most. So may the platform
/// that the request came from, if it is known which one that is; and no other. Where a page is about
/// nobody, anybody may show it.
fn who_frames(request: &HttpRequest, failure: &Failure, platform: Option<&Platform>) -> Ancestors {
    if failure.is_framed_by_nobody() {
        return Ancestors::Nobody;
    }
    // Not every request says whose page it came from: one to read does not, and others may hide it.
    // To name the frames of the key that a launch claims would tell strangers which keys there are.
    let is_unsigned = failure.other().is_some() && !failure.is_signed();
    if failure.is_about_nobody() && (is_unsigned || is_for_a_frame(request)) {
        return Ancestors::Anybody;
    }
    let own = match platform {
        Some(platform) => ancestors(&platform.framed_by),
        None => Ancestors::platforms([]),
    };
    own.and(Some(header_text(request, header::ORIGIN)))
}
