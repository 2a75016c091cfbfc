//! When there is no page: another one that says what to do, with a reference that the log has too.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use log::{debug, info, warn};
use lti::{Fault, LaunchError, token::TokenError};

use super::{
    Site,
    headers::Ancestors,
    pages::{self, ProblemKind, Trouble},
    request::{Said, header_text},
};

use crate::actors::{
    ambient::random_name,
    lti::{PageError, Platforms},
};

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
            Self::Page(PageError::Launch(error)) => error.fault().status(),
            Self::Page(PageError::NoToken | PageError::Token(_) | PageError::Gone) => 401,
            Self::Page(PageError::Store(_) | PageError::Unavailable) => 503,
            Self::Foreign | Self::Page(PageError::NotTeacher) => 403,
            Self::NotFound => 404,
            Self::Method => 405,
        }
    }

    /// What the person is told.
    fn kind(&self) -> ProblemKind {
        match self {
            Self::Page(PageError::Launch(error)) => match error.fault() {
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
            Self::Page(PageError::Store(_) | PageError::Unavailable) => ProblemKind::Unavailable,
            Self::NotFound | Self::Method | Self::Page(PageError::NotTeacher) => {
                ProblemKind::NotFound
            }
        }
    }

    /// Who may frame the page. Whoever's page sent the request may: where the tool is being set up,
    /// no launch was verified yet, and that is when the page is needed most. The platforms that are
    /// known may besides, after a token or a signature that was good: our own pages do not tell in
    /// whose frame they are. To others it is not said which ones those are.
    fn framed_by(&self, known: Vec<String>, origin: &str) -> Ancestors {
        match self {
            Self::Foreign | Self::NotFound | Self::Method => Ancestors::Nobody,
            Self::Page(
                PageError::Launch(LaunchError::Replayed)
                | PageError::Token(TokenError::Expired { .. })
                | PageError::Gone
                | PageError::NotTeacher
                | PageError::Store(_)
                | PageError::Unavailable,
            ) => Ancestors::platforms(known).and(Some(origin)),
            Self::Page(
                PageError::Launch(_) | PageError::NoToken | PageError::Token(TokenError::Forged),
            ) => Ancestors::platforms([]).and(Some(origin)),
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
            Self::Page(PageError::Launch(_) | PageError::Unavailable) => {
                warn!("{reference}: {self}");
            }
            Self::Page(
                PageError::NoToken | PageError::Token(_) | PageError::Gone | PageError::NotTeacher,
            )
            | Self::Foreign => info!("{reference}: {self}"),
            Self::NotFound | Self::Method => debug!("{reference}: {self}"),
        }
    }
}

/// The methods that an address takes.
fn methods(path: &str) -> &'static str {
    match path {
        "/status" | "/course/resend" | "/course/try" => "POST",
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
        let known = self.gateway.send(Platforms).await.unwrap_or_default();
        let ancestors = failure.framed_by(known, header_text(request, header::ORIGIN));
        let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = HttpResponseBuilder::new(status);
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "OAuth realm=\"\""));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            answer.insert_header((header::ALLOW, methods(request.path())));
        }
        let said = Said::kept(request);
        let kind = failure.kind();
        // Only a launch that was used before was signed.
        let return_url = said.return_url.filter(|_| kind == ProblemKind::Replayed);
        let house = self.house(request, said.locale.as_deref(), return_url);
        let reference = if failure.has_reference() { reference } else { String::new() };
        let markup = pages::problem(&house, &Trouble { kind, reference });
        self.page(request, answer, &ancestors, markup)
    }
}
