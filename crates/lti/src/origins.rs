//! Where a platform is: the origins of the addresses that its launch names. They may show the tool's
//! pages in a frame.
//!
//! Platforms name different addresses: Canvas the one to go back to, Open edX its outcome service
//! alone. So all count that the platform fills in by itself, for every role: parameters of the
//! protocol and of extensions whose names end with `_url`, and some of the custom ones. What people
//! of the platform choose, such as the address of their picture, does not.

use url::Url;

use super::{
    form::{self, Pair},
    launch::web_url,
};

/// Most origins that are kept.
const MOST: usize = 8;
/// The longest address that is looked at, in bytes.
const LONGEST_ADDRESS: usize = 2_048;
/// The longest origin that is kept, in bytes: a name of a host has 253 at most.
const LONGEST: usize = 270;

/// The addresses that say most of where a platform is, which come first.
const FIRST: [&str; 4] = [
    "launch_presentation_return_url",
    "lis_outcome_service_url",
    "ext_ims_lis_basic_outcome_url",
    "tool_consumer_instance_url",
];
/// Custom parameters that platforms fill in, for what is named by no other.
const CUSTOM: [&str; 8] = [
    "custom_context_memberships_url",
    "custom_context_setting_url",
    "custom_lineitem_url",
    "custom_lineitems_url",
    "custom_link_setting_url",
    "custom_result_url",
    "custom_system_setting_url",
    "custom_tc_profile_url",
];
/// The host of Canvas, without a scheme.
const API_DOMAIN: &str = "custom_canvas_api_domain";

/// The origins of the addresses in a launch, each once, those first that say most. Of a launch that
/// nobody signed they say nothing.
pub fn of(pairs: &[Pair]) -> Vec<String> {
    let named = |name: &str| form::field(pairs, name);
    let first = FIRST.iter().filter_map(|name| named(name)).filter_map(origin);
    let domain = named(API_DOMAIN).and_then(of_host);
    let others = pairs.iter().filter(|(name, _)| is_of_platform(name));
    let others = others.filter_map(|(_, value)| origin(value));
    let mut origins: Vec<String> = Vec::new();
    for origin in first.chain(domain).chain(others) {
        if origins.len() == MOST {
            break;
        }
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins
}

fn is_of_platform(name: &str) -> bool {
    if name.starts_with("custom_") { CUSTOM.contains(&name) } else { name.ends_with("_url") }
}

/// The origin of an address of the web, as a source of a content security policy.
pub fn origin(address: &str) -> Option<String> {
    if address.len() > LONGEST_ADDRESS {
        return None;
    }
    let origin = web_url(address)?.origin().ascii_serialization();
    // Nothing in it may end a directive, or stand for more than one.
    let is_tame = origin.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b':' | b'/' | b'.' | b'-' | b'_' | b'[' | b']')
    });
    (is_tame && origin.len() <= LONGEST).then_some(origin)
}

/// The origin of a host that stands alone.
fn of_host(host: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    let is_alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    origin(url.as_str()).filter(|_| is_alone && !host.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(pairs: &[(&str, &str)]) -> Vec<String> {
        let pairs: Vec<Pair> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        of(&pairs)
    }

    #[test]
    fn every_address_that_the_platform_fills_in_counts() {
        for name in [
            "launch_presentation_return_url",
            "lis_outcome_service_url",
            "ext_ims_lis_basic_outcome_url",
            "ext_ims_lis_memberships_url",
            "tool_consumer_instance_url",
            "launch_presentation_css_url",
            "ext_content_return_url",
            "custom_tc_profile_url",
        ] {
            let found = origins(&[(name, "https://LMS.example:443/a?b#c")]);
            assert_eq!(found, ["https://lms.example"], "{name}");
        }
        for (domain, expected) in [
            ("canvas.school.edu", Some("https://canvas.school.edu")),
            ("canvas.school.edu:8443", Some("https://canvas.school.edu:8443")),
            ("canvas.school.edu/x", None),
            ("canvas.school.edu/", None),
            ("a@canvas.school.edu", None),
            ("*.school.edu", None),
            ("a.edu; script-src *", None),
            ("$Canvas.api.domain", None),
            ("", None),
        ] {
            let found = origins(&[("custom_canvas_api_domain", domain)]);
            assert_eq!(found.first().map(String::as_str), expected, "{domain}");
        }
    }

    #[test]
    fn what_people_choose_and_what_is_no_address_does_not_count() {
        let url = "https://evil.example/";
        for name in ["user_image", "custom_homepage_url", "custom_url", "resource_link_title"] {
            assert!(origins(&[(name, url)]).is_empty(), "{name}");
        }
        let long = format!("https://lms.example/{}", "x".repeat(LONGEST_ADDRESS));
        for address in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://lms.example",
            "/relative",
            "*",
            "",
            "https://a:b@lms.example/",
            "https://*.example/",
            "https://a b/",
            "null",
            "https://a;script-src/",
            "https://a,b/",
            "blob:https://lms.example/x",
            &long,
        ] {
            assert!(origins(&[("lis_outcome_service_url", address)]).is_empty(), "{address}");
        }
    }

    #[test]
    fn there_are_few_each_once_and_the_telling_ones_first() {
        let names: Vec<String> = (0..50).map(|n| format!("ext_{n}_url")).collect();
        let urls: Vec<String> = (0..50).map(|n| format!("https://{n}.example/")).collect();
        let mut pairs: Vec<(&str, &str)> =
            names.iter().zip(&urls).map(|(name, url)| (name.as_str(), url.as_str())).collect();
        pairs.push(("lis_outcome_service_url", "https://lms.example/grades"));
        pairs.push(("launch_presentation_return_url", "https://lms.example/back"));

        let found = origins(&pairs);

        assert_eq!(found.len(), MOST);
        assert_eq!(found[..2], ["https://lms.example", "https://0.example"]);
    }
}
