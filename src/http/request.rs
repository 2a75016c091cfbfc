//! Reading requests: bounded in size and in time.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpMessage as _, HttpRequest, http::header, web};
use futures_util::StreamExt as _;
use lti::{
    LaunchError,
    form::{self, Pair},
    origins,
    token::PageToken,
};
use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};
use zeroize::{Zeroize as _, Zeroizing};

use crate::actors::lti::{PageError, Whose};

/// The largest launch that is read, in bytes. Canvas sends 3 to 6 kB; custom fields may hold whole
/// documents.
pub(super) const LARGEST_LAUNCH: usize = 256 * 1024;
/// The largest form of our own pages, in bytes.
pub(super) const LARGEST_FORM: usize = 16 * 1024;
/// What is read on and dropped of a body that is too large, in bytes: a browser that is still
/// sending would not see the answer.
const DROPPED: usize = 2 * 1024 * 1024;
/// Up to here a body is small, in bytes.
const SMALL: usize = 32 * 1024;
/// How many larger bodies may be held at a time. They are rare, and together they would be much.
const MOST_LARGE: usize = 128;
/// The longest value of a launch that is kept for the page that answers it, in bytes.
const LONGEST_SAID: usize = 4 * 1024;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The name of the field with the page token.
pub(super) const TOKEN_FIELD: &str = "token";
/// The name of the field with the language of the page.
pub(super) const LOCALE_FIELD: &str = "locale";
/// The name of the field with the language that somebody chose for the page.
pub(super) const LANGUAGE_FIELD: &str = "language";
/// The name of the button that has the chat go on with the exercise of the page.
pub(super) const GOES_ON_FIELD: &str = "goes_on";
/// The name of the field of pages in a window of their own.
pub(super) const ALONE_FIELD: &str = "alone";

/// What a form says of whoever sent it, for the page that answers it. Anybody may have written it.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) locale: Option<String>,
    pub(super) return_url: Option<String>,
    /// Whose request it is, as far as that turns out to be true.
    pub(super) whose: Option<Whose>,
    /// Whether the page is in a window that was opened for it, beside the one with the course.
    pub(super) is_alone: bool,
}

impl Said {
    /// What a launch says.
    pub(super) fn by_launch(body: &[u8]) -> Self {
        let pairs = form::parse(body).unwrap_or_default();
        let short = |value: &&str| value.len() <= LONGEST_SAID;
        let field = |name| form::field(&pairs, name).filter(short).map(str::to_owned);
        let return_url = field("launch_presentation_return_url");
        let whose = field("oauth_consumer_key")
            .map(|consumer_key| Whose::Launch { consumer_key, origins: origins::of(&pairs) });
        let locale = locale(&pairs, "launch_presentation_locale");
        Self { locale, return_url, whose, is_alone: false }
    }

    /// What a form of one of our pages says.
    pub(super) fn by_form(form: &PageForm) -> Self {
        let pairs = &form.pairs;
        let is_alone = form::field(pairs, ALONE_FIELD).is_some();
        let whose = (!form.token.is_empty()).then(|| Whose::Page(form.token.clone()));
        let locale = locale(pairs, LANGUAGE_FIELD).or_else(|| locale(pairs, LOCALE_FIELD));
        Self { locale, return_url: None, whose, is_alone }
    }

    /// Keeps it with the request.
    pub(super) fn keep(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }

    /// What was kept with a request.
    pub(super) fn kept(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }
}

fn locale(pairs: &[Pair], field: &str) -> Option<String> {
    form::field(pairs, field).filter(|locale| gettext::is_locale(locale)).map(str::to_owned)
}

/// Room for the large bodies of a server.
#[derive(Debug)]
pub(super) struct LargeBodies(Arc<Semaphore>);

impl Default for LargeBodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_LARGE)))
    }
}

/// A body, which takes room for a large one as long as it, or what is made of it, is held.
pub(super) struct Body {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads a body.
pub(super) async fn body(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Body, PageError> {
    let large = request.app_data::<web::Data<LargeBodies>>().ok_or(PageError::Unavailable)?;
    tokio::time::timeout(PATIENCE, collect(payload, limit, large))
        .await
        .map_err(|_elapsed| LaunchError::Incomplete)?
}

async fn collect(
    mut payload: web::Payload,
    limit: usize,
    large: &LargeBodies,
) -> Result<Body, PageError> {
    // It never grows by itself: that would leave copies behind that nobody wipes.
    let mut body = Zeroizing::new(Vec::with_capacity(limit.min(SMALL)));
    let mut permit = None;
    let mut read: usize = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_broken| LaunchError::Incomplete)?;
        read = read.saturating_add(chunk.len());
        if read > DROPPED {
            break;
        }
        if read > limit {
            continue;
        }
        if read > SMALL && permit.is_none() {
            let room = Arc::clone(&large.0).try_acquire_owned();
            permit = Some(room.map_err(|_all_taken| PageError::Unavailable)?);
            let small = std::mem::replace(&mut body, Zeroizing::new(Vec::with_capacity(limit)));
            body.extend_from_slice(&small);
        }
        body.extend_from_slice(&chunk);
    }
    if read > limit {
        return Err(LaunchError::TooLarge { limit }.into());
    }
    Ok(Body { bytes: body, room: permit })
}

/// A header as text; empty if it is not there or is no text.
pub(super) fn header_text(request: &HttpRequest, name: header::HeaderName) -> &str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A form of one of our pages.
pub(super) struct PageForm {
    /// The page token; empty if there is none.
    pub(super) token: PageToken,
    pairs: Vec<Pair>,
}

impl PageForm {
    /// Reads a form.
    pub(super) async fn read(
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<Self, PageError> {
        let content_type = header_text(request, header::CONTENT_TYPE);
        let body = body(request, payload, LARGEST_FORM).await.map_err(of_form)?.bytes;
        // A form without fields may come without a type.
        if !body.is_empty() && !lti::verify::is_form(content_type) {
            return Err(PageError::Form(LaunchError::ContentType));
        }
        let pairs = form::parse(&body).map_err(|error| PageError::Form(error.into()))?;
        let token = PageToken::received(form::field(&pairs, TOKEN_FIELD).unwrap_or_default());
        Ok(Self { token, pairs })
    }

    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        form::field(&self.pairs, name)
    }

    /// The value of a field that is there once: a button's, of which a browser sends the one that was
    /// pressed.
    pub(super) fn pressed(&self, name: &str) -> Option<&str> {
        let n = self.pairs.iter().filter(|(other, _)| other == name).count();
        self.field(name).filter(|_| n == 1)
    }

    /// The value of a field, as a secret.
    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        self.field(name).map(SecretString::from)
    }
}

/// What is wrong with a body is wrong with a form of ours, and no launch.
fn of_form(error: PageError) -> PageError {
    if let PageError::Launch(error) = error { PageError::Form(error) } else { error }
}

impl Drop for PageForm {
    fn drop(&mut self) {
        for (_, value) in &mut self.pairs {
            value.zeroize();
        }
    }
}

/// Whether another site sent this form. The token keeps them out already; this keeps them out even
/// where the token is not asked for.
pub(super) fn is_foreign(request: &HttpRequest, public_url: &Url) -> bool {
    let site = header_text(request, header::HeaderName::from_static("sec-fetch-site"));
    if !site.is_empty() {
        return !matches!(site, "same-origin" | "none");
    }
    // Browsers hide the origin of our own pages, as those tell them not to send referrers.
    let origin = header_text(request, header::ORIGIN);
    if origin.is_empty() || origin == "null" {
        return false;
    }
    let host = header_text(request, header::HOST);
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    origin != public_url.origin().ascii_serialization() && authority != host
}

/// Whether a request was meant for another host. Where nobody signs launches the pages are served on
/// the loopback interface alone, to which any site can have its own name lead.
pub(super) fn is_astray(request: &HttpRequest, public_url: &Url) -> bool {
    let Some(host) = host(request) else { return true };
    !is_near(&host) && Some(host.to_string().as_str()) != public_url.host_str()
}

/// Whom a request is for, by its header.
pub(super) fn host(request: &HttpRequest) -> Option<Host> {
    let host = header_text(request, header::HOST);
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    // What has a path or a user in it is no host.
    let is_plain = url.path() == "/" && url.username().is_empty() && !host.ends_with('/');
    url.host().filter(|_| is_plain).map(|host| host.to_owned())
}

/// Whether a host is this machine for whoever asks, and no name that can lead elsewhere.
pub(super) fn is_near(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn forms_of_other_sites_are_told_from_our_own() {
        let public_url = Url::parse("https://tool.example").unwrap();
        let check = |headers: &[(&'static str, &'static str)], expected| {
            let request = headers
                .iter()
                .fold(TestRequest::post(), |request, header| request.insert_header(*header))
                .to_http_request();
            assert_eq!(is_foreign(&request, &public_url), expected, "{headers:?}");
        };

        check(&[], false);
        check(&[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")], false);
        check(&[("Sec-Fetch-Site", "none")], false);
        check(&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")], true);
        check(&[("Sec-Fetch-Site", "same-site")], true);
        check(&[("Origin", "null")], false);
        check(&[("Origin", "https://tool.example")], false);
        check(&[("Origin", "http://127.0.0.1:5000"), ("Host", "127.0.0.1:5000")], false);
        check(&[("Origin", "https://evil.example"), ("Host", "tool.example")], true);
    }

    #[test]
    fn requests_for_other_hosts_are_astray() {
        let public_url = Url::parse("https://tool.example").unwrap();
        for (host, expected) in [
            ("tool.example", false),
            ("tool.example:5000", false),
            ("localhost:5000", false),
            ("127.0.0.1:5000", false),
            ("[::1]:5000", false),
            ("evil.example", true),
            ("127.0.0.1.evil.example:5000", true),
            ("192.168.0.1", true),
            ("", true),
            ("evil.example@localhost", true),
            ("localhost/", true),
        ] {
            let request = TestRequest::post().insert_header(("Host", host)).to_http_request();
            assert_eq!(is_astray(&request, &public_url), expected, "{host}");
        }
    }
}
