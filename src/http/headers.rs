//! What every answer tells the browser.
//!
//! There is no `X-Frame-Options`: it cannot name hosts, and the pages live in the frames of learning
//! management systems.

use std::{collections::BTreeSet, fmt::Write as _};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderValue},
    middleware::{DefaultHeaders, Next},
};
use url::Url;

/// Where Canvas is hosted for most.
const CANVAS: &str = "https://*.instructure.com";

/// The headers of every answer. What is no page has nothing to load and nobody to frame it.
pub(super) fn common(public_url: &Url) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("Permissions-Policy", "camera=(), geolocation=(), microphone=()"));
    if public_url.scheme() == "https" {
        headers.add(("Strict-Transport-Security", "max-age=31536000"))
    } else {
        headers
    }
}

/// Copies the headers of a request out of the buffer that was read. They outlive the request, kept for
/// the next one to be written over, and would keep the whole buffer with a form in it.
pub(super) async fn detach(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let copies = request.headers().iter().filter_map(|(name, value)| {
        Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    *request.headers_mut() = copies.collect::<HeaderMap>();
    next.call(request).await
}

/// Who may frame a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ancestors {
    /// Nobody: the page belongs to no launch.
    Nobody,
    /// Anybody: there is nothing on the page but the way to another one.
    Anybody,
    /// Canvas, and these origins.
    Platforms(BTreeSet<String>),
    /// These sources of the settings.
    Only(Vec<String>),
}

impl Ancestors {
    /// Canvas and the origins of platforms.
    pub(super) fn platforms(origins: impl IntoIterator<Item = String>) -> Self {
        Self::Platforms(origins.into_iter().filter_map(|origin| source(&origin)).collect())
    }

    /// Whether a page of this origin, in whose frame ours is to be shown, is one of them, as browsers
    /// match it (CSP 3, 6.7.2.8). `own` is our origin.
    pub(super) fn has(&self, origin: &str, own: &str) -> bool {
        let Some(origin) = web_origin(origin) else { return false };
        let is = |source: &str| is_matched(source, &origin);
        match self {
            Self::Nobody => false,
            Self::Anybody => true,
            Self::Platforms(origins) => {
                is(own) || is(CANVAS) || origins.iter().any(|source| is(source))
            }
            Self::Only(sources) => {
                is(own) || sources.iter().filter_map(|it| source(it)).any(|source| is(&source))
            }
        }
    }

    /// Whether nothing is known of the platform but that it may be Canvas.
    pub(super) fn names_nobody(&self) -> bool {
        matches!(self, Self::Platforms(origins) if origins.is_empty())
    }

    /// Lets one more frame the page, if its origin is one of the web.
    pub(super) fn and(mut self, origin: Option<&str>) -> Self {
        if let (Self::Platforms(origins), Some(origin)) = (&mut self, origin.and_then(web_origin)) {
            origins.insert(origin);
        }
        self
    }
}

/// Whether a source of a policy matches an origin, both as [`source`] writes them. One of HTTP stands
/// for HTTPS as well, at the same port or both at their own.
fn is_matched(source: &str, origin: &str) -> bool {
    let is = |source: &str| match source.split_once("*.") {
        Some((scheme, name)) => origin
            .strip_prefix(scheme)
            .and_then(|host| host.strip_suffix(name))
            .is_some_and(|label| label.len() > 1 && label.ends_with('.')),
        None => origin == source,
    };
    is(source) || source.strip_prefix("http:").is_some_and(|rest| is(&format!("https:{rest}")))
}

/// The policy of a page: nothing but what is served here, and the style sheet of the settings.
pub(super) fn content_security_policy(ancestors: &Ancestors, css_url: Option<&Url>) -> String {
    let css = css_url.map(|url| format!(" {}", url.origin().ascii_serialization()));
    let mut policy = format!(
        "default-src 'none'; style-src 'self'{}; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors",
        css.unwrap_or_default()
    );
    match ancestors {
        Ancestors::Nobody => policy.push_str(" 'none'"),
        Ancestors::Anybody => policy.push_str(" *"),
        Ancestors::Only(sources) => {
            policy.push_str(" 'self'");
            for source in sources {
                policy.push(' ');
                policy.push_str(source);
            }
        }
        Ancestors::Platforms(origins) => {
            policy.push_str(" 'self' ");
            policy.push_str(CANVAS);
            for origin in origins {
                // Writing to a `String` does not fail.
                write!(policy, " {origin}").unwrap_or_default();
            }
        }
    }
    policy
}

/// A source: an origin, or one of the settings for all hosts under a name.
fn source(text: &str) -> Option<String> {
    match text.split_once("://*.") {
        Some((scheme, rest)) => {
            let origin = web_origin(&format!("{scheme}://{rest}"))?;
            Some(origin.replacen("://", "://*.", 1))
        }
        None => web_origin(text),
    }
}

/// An origin as the policy takes it, from a text that anybody may have written.
fn web_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let origin = url.origin().ascii_serialization();
    // Nothing in it may end the directive.
    let is_tame = !origin.contains(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '*'));
    (is_web && is_tame).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lists_the_platforms_and_no_more() {
        let origins = ["https://canvas.school.example".to_owned()];
        let policy = content_security_policy(&Ancestors::platforms(origins), None);

        assert!(policy.ends_with(
            "frame-ancestors 'self' https://*.instructure.com https://canvas.school.example"
        ));
        assert!(policy.contains("style-src 'self'; "));
        assert!(content_security_policy(&Ancestors::Nobody, None).ends_with("ancestors 'none'"));
    }

    #[test]
    fn who_is_named_is_known_and_nobody_else() {
        let own = "https://tool.example";
        let named = Ancestors::platforms([
            "https://lms.example".to_owned(),
            "https://*.school.example".to_owned(),
        ]);
        for origin in
            [own, "https://lms.example", "https://a.b.school.example", "https://x.instructure.com"]
        {
            assert!(named.has(origin, own), "{origin}");
        }
        let only = Ancestors::Only(vec!["https://lms.example".to_owned()]);
        assert!(only.has("https://lms.example", own) && only.has(own, own));
        for origin in [
            "",
            "null",
            "http://lms.example",
            "https://lms.example:8443",
            "https://school.example",
            "https://evilschool.example",
            "https://.school.example",
            "https://x.instructure.com.evil.example",
        ] {
            assert!(!named.has(origin, own), "{origin}");
        }
        assert!(!only.has("https://x.instructure.com", own));
        let plain = Ancestors::platforms([
            "http://lms.example".to_owned(),
            "http://*.school.example:8080".to_owned(),
        ]);
        for (origin, is_shown) in [
            ("http://lms.example", true),
            ("https://lms.example", true),
            ("https://lms.example:443", true),
            ("https://lms.example:8443", false),
            ("https://a.school.example:8080", true),
            ("https://a.school.example", false),
            ("https://tool.example", true),
        ] {
            assert_eq!(plain.has(origin, "http://tool.example"), is_shown, "{origin}");
        }
        assert!(Ancestors::platforms([]).names_nobody() && !named.names_nobody());
    }

    #[test]
    fn the_style_sheet_of_the_settings_is_allowed() {
        let css = Url::parse("https://cdn.example:8443/x/style.css").unwrap();
        let policy = content_security_policy(&Ancestors::Nobody, Some(&css));

        assert!(policy.contains("style-src 'self' https://cdn.example:8443; "), "{policy}");
    }

    #[test]
    fn an_origin_cannot_smuggle_anything_in() {
        for odd in ["null", "", "*", "https://*", "https://a; script-src *", "data:x", "file:///x"]
        {
            let ancestors = Ancestors::platforms([]).and(Some(odd));
            assert_eq!(ancestors, Ancestors::platforms([]), "{odd}");
        }
        let ancestors = Ancestors::platforms([]).and(Some("https://lms.example/path?x"));
        assert_eq!(ancestors, Ancestors::platforms(["https://lms.example".to_owned()]));
    }
}
