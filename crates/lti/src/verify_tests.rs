use super::*;

const NOW: i64 = 1_700_000_000;

/// Signed by Python's `hmac`, with the key `key é` and the secret `s&cret é`, for
/// `https://tool.example/`: characters outside ASCII, reserved ones, line breaks, an empty value,
/// doubled names whose order by value matters.
const SIGNED_ELSEWHERE: &str = "lti_message_type=basic-lti-launch-request&lti_version=LTI-1p0\
    &resource_link_id=4dde05e8ca1973bcca9bffc13e1548820eee93a3\
    &resource_link_title=OTR+%2A%27%28%29%21+%26+co\
    &user_id=535fa085f22b4655f48cd5a36a9215f64c062838\
    &roles=Learner%2Curn%3Alti%3Arole%3Aims%2Flis%2FMentor&lis_person_name_full=Zo%C3%AB+%E2%98%83\
    &custom_canvas_module_id=&custom_note=two%0D%0Alines&b=2&b=10&ext_x%5B%5D=~\
    &oauth_consumer_key=key+%C3%A9&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1700000000\
    &oauth_nonce=n%2B%2F%3D1&oauth_version=1.0&oauth_callback=about%3Ablank\
    &oauth_signature=dGbuv2FBAE9462T%2BVAHjis%2Fyd48%3D";

fn rules(public_url: &str) -> Rules {
    Rules { public_url: Url::parse(public_url).unwrap(), window: 300 }
}

fn consumers() -> Consumers {
    let mut consumers = Consumers::default();
    assert!(consumers.add("key é", SecretString::from("s&cret é")));
    assert!(consumers.add("rotated", SecretString::from("old")));
    assert!(consumers.add("rotated", SecretString::from("new")));
    consumers
}

fn raw(body: &str) -> RawLaunch {
    RawLaunch {
        path: "/".to_owned(),
        query: String::new(),
        content_type: "application/x-www-form-urlencoded; charset=UTF-8".to_owned(),
        body: body.as_bytes().to_vec(),
    }
}

fn elsewhere(now: i64) -> Result<Signed, LaunchError> {
    verify(&raw(SIGNED_ELSEWHERE), &consumers(), &rules("https://tool.example"), now)
}

/// A launch under construction, to be signed as a platform would.
struct Builder {
    pairs: Vec<(String, String)>,
    query: String,
    signed_uri: String,
    signed_query: Vec<(String, String)>,
    secret: &'static str,
}

impl Builder {
    fn new() -> Self {
        let pairs = [
            ("lti_message_type", "basic-lti-launch-request"),
            ("lti_version", "LTI-1p0"),
            ("resource_link_id", "link"),
            ("user_id", "user"),
            ("oauth_consumer_key", "rotated"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1700000000"),
            ("oauth_nonce", "nonce"),
            ("oauth_version", "1.0"),
        ];
        Self {
            pairs: pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
            query: String::new(),
            signed_uri: "https://tool.example/".to_owned(),
            signed_query: Vec::new(),
            secret: "new",
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self
    }

    fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    fn build(self) -> RawLaunch {
        let signed = self.pairs.iter().chain(&self.signed_query);
        let signed = signed.map(|(a, b)| (a.as_str(), b.as_str()));
        let base = signature::base_string("POST", &self.signed_uri, &signature::normalise(signed));
        let signature = signature::sign(&SecretString::from(self.secret), &base);
        let signature = ("oauth_signature".to_owned(), signature);
        let body: Vec<String> = self
            .pairs
            .iter()
            .chain([&signature])
            .map(|(a, b)| format!("{}={}", signature::encode(a), signature::encode(b)))
            .collect();
        RawLaunch { query: self.query, ..raw(&body.join("&")) }
    }

    fn verify(self) -> Result<Signed, LaunchError> {
        verify(&self.build(), &consumers(), &rules("https://tool.example/"), NOW)
    }
}

#[test]
fn a_launch_that_another_program_signed_is_read() {
    let signed = elsewhere(NOW).unwrap();
    assert_eq!((signed.consumer_key(), signed.nonce()), ("key é", "n+/=1"));
    assert_eq!(signed.timestamp(), NOW);

    let launch = signed.read().unwrap();
    assert_eq!(launch.consumer_key, "key é");
    assert_eq!(launch.user_id, "535fa085f22b4655f48cd5a36a9215f64c062838");
    assert_eq!(launch.resource_link_title.as_deref(), Some("OTR *'()! & co"));
    assert!(launch.roles.is_learner());
    assert!(!launch.may_grade());
}

#[test]
fn a_change_of_any_byte_breaks_the_signature() {
    for (from, to) in [
        ("user_id=5", "user_id=6"),
        ("two%0D%0Alines", "two+lines"),
        ("two%0D%0Alines", "two%0D%0A%0D%0Alines"),
        ("two%0D%0Alines", "twolines"),
        ("b=2&b=10", "b=2&b=11"),
        ("custom_canvas_module_id=&", ""),
        ("n%2B", "n%2A"),
        ("dGbu", "dGbv"),
    ] {
        let changed = SIGNED_ELSEWHERE.replace(from, to);
        assert_ne!(changed, SIGNED_ELSEWHERE);
        let refused = verify(&raw(&changed), &consumers(), &rules("https://tool.example"), NOW);
        assert_eq!(refused.unwrap_err(), LaunchError::BadSignature, "{from}");
    }
}

#[test]
fn the_order_of_doubled_parameters_does_not_matter() {
    let swapped = SIGNED_ELSEWHERE.replace("b=2&b=10", "b=10&b=2");
    assert!(verify(&raw(&swapped), &consumers(), &rules("https://tool.example"), NOW).is_ok());
}

#[test]
fn the_public_address_of_the_settings_is_what_was_signed() {
    let at = |url| verify(&raw(SIGNED_ELSEWHERE), &consumers(), &rules(url), NOW).map(|_| ());

    assert_eq!(at("HTTPS://Tool.Example:443"), Ok(()));
    assert_eq!(at("http://tool.example"), Err(LaunchError::BadSignature));
    assert_eq!(at("https://tool.example:8443"), Err(LaunchError::BadSignature));
    assert_eq!(at("https://other.example"), Err(LaunchError::BadSignature));
}

#[test]
fn behind_a_prefix_the_last_slash_is_free() {
    for signed_uri in ["https://tool.example/otr", "https://tool.example/otr/"] {
        let raw = Builder { signed_uri: signed_uri.to_owned(), ..Builder::new() }.build();
        let rules = rules("https://tool.example/otr/");
        assert!(verify(&raw, &consumers(), &rules, NOW).is_ok(), "{signed_uri}");
    }
}

#[test]
fn an_address_may_be_signed_in_every_spelling_that_platforms_have() {
    for (public_url, signed_uri) in [
        ("https://tool.example/", "https://tool.example"),
        ("https://tool.example", "https://tool.example:443/"),
        ("https://tool.example", "https://tool.example:443"),
        ("https://tool.example:443/", "https://tool.example/"),
        ("HTTPS://TOOL.example", "https://tool.example/"),
        ("https://tool.example/", "https://Tool.Example/"),
        ("https://tool.example/", "https://TOOL.EXAMPLE"),
        ("https://tool.example/", "HTTPS://Tool.Example/"),
        ("https://tool.example:8443/", "https://TOOL.EXAMPLE:8443"),
        ("http://tool.example", "http://tool.example:80/"),
        ("https://tool.example/a%2fb", "https://tool.example/a%2Fb"),
        ("https://tool.example/a%C3%A9", "https://tool.example/a%c3%a9/"),
    ] {
        let raw = Builder { signed_uri: signed_uri.to_owned(), ..Builder::new() }.build();
        let verified = verify(&raw, &consumers(), &rules(public_url), NOW);
        assert!(verified.is_ok(), "{public_url} as {signed_uri}");
    }
    for (public_url, signed_uri) in [
        ("https://tool.example/", "http://tool.example/"),
        ("https://tool.example/", "https://tool.example:8443/"),
        ("https://tool.example:8443/", "https://tool.example/"),
        ("https://tool.example/", "https://evil.example/"),
        ("https://tool.example/", "https://tool.example./"),
        ("https://tool.example/", "https://tool.example/other"),
        ("https://tool.example/a%2fb", "https://tool.example/a/b"),
    ] {
        let raw = Builder { signed_uri: signed_uri.to_owned(), ..Builder::new() }.build();
        let refused = verify(&raw, &consumers(), &rules(public_url), NOW).unwrap_err();
        assert_eq!(refused, LaunchError::BadSignature, "{public_url} as {signed_uri}");
    }
}

#[test]
fn lines_may_end_in_another_way_than_when_they_were_signed_and_end_with_lf_then() {
    let posted = |text: &str, end: &str| text.replace('|', end);
    for signed_with in ["\n", "\r", "\r\n"] {
        for posted_with in ["\r\n", "\n", "\r"] {
            let text = "one|two||three|";
            let launch =
                Builder::new().with("custom_note", &posted(text, signed_with)).with("b|", "1");
            let was = signature::encode(&posted(text, signed_with));
            let mut raw = launch.build();
            let body = String::from_utf8(raw.body).unwrap();
            assert!(body.contains(&was));
            raw.body = body.replace(&was, &signature::encode(&posted(text, posted_with))).into();

            let verified = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);

            let case = format!("{signed_with:?} as {posted_with:?}");
            let launch = verified.expect(&case).read().unwrap();
            let note = launch.custom.get("note").map(String::as_str);
            assert_eq!(note, Some("one\ntwo\n\nthree\n"), "{case}");
        }
    }
}

#[test]
fn lines_may_end_in_several_ways_when_they_were_signed() {
    for (signed, posted) in [
        (&[("custom_a", "x\ny"), ("custom_b", "x\r\ny")][..], "\r\n"),
        (&[("custom_a", "x\ny\r\nz")], "\r\n"),
        (&[("custom_a", "x\ny\r\nz")], "\n"),
        (&[("custom_a", "x\r\ny"), ("custom_b", "x\ny\n\nz"), ("custom_c", "\rx\r")], "\r\n"),
        (&[("custom_a", "x\ny"), ("custom_b", "x\r\ny"), ("custom_c", "x\r\ny\nz")], "\r\n"),
    ] {
        let launch =
            signed.iter().fold(Builder::new(), |launch, (name, value)| launch.with(name, value));
        let mut raw = launch.build();
        let mut body = String::from_utf8(raw.body).unwrap();
        for (_, value) in signed {
            let sent = value.replace("\r\n", "\n").replace('\r', "\n").replace('\n', posted);
            let was = format!("={}&", signature::encode(value));
            assert!(body.contains(&was));
            body = body.replace(&was, &format!("={}&", signature::encode(&sent)));
        }
        raw.body = body.clone().into();
        let verified = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);
        assert!(verified.is_ok(), "{signed:?} as {posted:?}");

        raw.body = body.replace("=x", "=z").into();
        let refused = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);
        assert_eq!(refused.unwrap_err(), LaunchError::BadSignature, "{signed:?}");
    }
}

#[test]
fn a_copied_query_is_one_whatever_its_lines_end_in() {
    for name in ["custom_lesson", "lis_person_name_full"] {
        for (signed, posted, query) in [
            ("x\ny", "x\r\ny", "x%0Ay"),
            ("x\r\ny", "x\r\ny", "x%0Ay"),
            ("x\ny", "x\ny", "x%0D%0Ay"),
        ] {
            let launch = Builder::new().with(name, signed);
            let mut raw = RawLaunch { query: format!("{name}={query}"), ..launch.build() };
            let body = String::from_utf8(raw.body).unwrap();
            raw.body = body.replace(&signature::encode(signed), &signature::encode(posted)).into();

            let verified = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);

            assert!(verified.unwrap().read().is_ok(), "{name} {signed:?} {posted:?} {query}");
        }
    }
    let mut raw = Builder::new().with("custom_lesson", "x\ny").build();
    raw.query = "custom_lesson=x%0A%0Ay".to_owned();
    let refused = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);
    assert_eq!(refused.unwrap_err(), LaunchError::BadSignature);
}

#[test]
fn what_costs_much_is_known_by_its_bytes() {
    let costs_much = |body: &str, query: &str| -> bool {
        let raw = RawLaunch { query: query.to_owned(), ..raw(body) };
        is_costly(&raw, &consumers(), &rules("https://tool.example"))
    };
    // Canvas: 6 kB, with lines and a copied query.
    let usual = format!("a=x%0D%0Ay&{}", "name=https%3A%2F%2Flms.example&".repeat(190));
    assert!(usual.len() > 5_800 && !costs_much(&usual, "a=x%0Ay"));
    assert!(!costs_much(SIGNED_ELSEWHERE, ""));
    assert!(costs_much(&format!("q=1&l=a%0D%0Ab%0Dc&x={}", "\u{1}".repeat(15_900)), "q=1"));
    assert!(costs_much(&format!("q=1&l=a\nb&x={}", "a".repeat(15_900)), "q=1"));
}

#[test]
fn a_signature_that_is_none_is_refused_whoever_is_said_to_have_made_it() {
    for (key, expected) in
        [("rotated", LaunchError::BadSignature), ("stranger", LaunchError::UnknownKey)]
    {
        for signature in ["x", "AAAA", "dGbuv2FBAE9462T%2BVAHjis%2Fyd48", "..."] {
            let launch = Builder::new().set("oauth_consumer_key", key).build();
            let body = String::from_utf8(launch.body.clone()).unwrap();
            let (before, _) = body.split_once("&oauth_signature=").unwrap();
            let body = format!("{before}&oauth_signature={signature}");
            let refused = verify(&raw(&body), &consumers(), &rules("https://tool.example"), NOW);
            assert_eq!(refused.unwrap_err(), expected, "{signature}");
        }
    }
}

#[test]
fn a_consumer_with_one_secret_is_not_opened_by_the_others_of_the_table() {
    let mut consumers = consumers();
    assert!(consumers.add("single", SecretString::from("single")));
    for secret in ["the secret of a key that nobody has", "old", "new", "s&cret é"] {
        let raw = Builder { secret, ..Builder::new() }.set("oauth_consumer_key", "single").build();
        let refused = verify(&raw, &consumers, &rules("https://tool.example"), NOW);
        assert_eq!(refused.unwrap_err(), LaunchError::BadSignature, "{secret}");
    }
}

#[test]
fn both_secrets_of_a_consumer_are_good() {
    for (secret, good) in [("old", true), ("new", true), ("older", false), ("", false)] {
        let launch = Builder { secret, ..Builder::new() };
        assert_eq!(launch.verify().is_ok(), good, "{secret}");
    }
}

#[test]
fn an_unknown_key_is_refused_whatever_signed_it() {
    for secret in ["", "the secret of a key that nobody has"] {
        let launch =
            Builder { secret, ..Builder::new() }.set("oauth_consumer_key", "stranger").verify();
        assert_eq!(launch.unwrap_err(), LaunchError::UnknownKey);
    }
}

#[test]
fn a_launch_that_nobody_signed_is_not_taken_for_one_that_lacks_something() {
    let bare = "lti_message_type=basic-lti-launch-request&lti_version=LTI-1p0&user_id=u";
    let refused = |body| verify(&raw(body), &consumers(), &rules("https://tool.example"), NOW);
    assert_eq!(refused(bare).unwrap_err(), LaunchError::Unsigned);
    assert_eq!(refused("id_token=a.b.c&state=x").unwrap_err(), Other::Lti13Launch.into());
    let login = "iss=https%3A%2F%2Flms.example&login_hint=7";
    assert_eq!(refused(login).unwrap_err(), Other::Lti13Login.into());
    let missing = LaunchError::Missing("oauth_signature_method");
    assert_eq!(refused("a=b").unwrap_err(), missing);
}

#[test]
fn the_window_has_an_end_on_both_sides() {
    assert!(elsewhere(NOW + 300).is_ok());
    assert_eq!(elsewhere(NOW + 301).unwrap_err(), LaunchError::Stale { age: 301 });
    assert!(elsewhere(NOW - 60).is_ok());
    assert_eq!(elsewhere(NOW - 61).unwrap_err(), LaunchError::Early { ahead: 61 });
}

#[test]
fn a_nonce_may_look_like_a_variable_that_was_not_replaced() {
    let signed = Builder::new().set("oauth_nonce", "$A.b").verify();

    assert_eq!(signed.map(|signed| signed.nonce().to_owned()).as_deref(), Ok("$A.b"));
}

#[test]
fn timestamps_are_digits() {
    for bad in ["-1", "+1700000000", "1.7e9", "1700000000 ", "0x6553f100", "99999999999999999999"] {
        let launch = Builder::new().set("oauth_timestamp", bad).verify();
        assert_eq!(launch.unwrap_err(), LaunchError::Malformed("oauth_timestamp"), "{bad}");
    }
    let in_milliseconds = Builder::new().set("oauth_timestamp", "170000000000").verify();
    assert!(matches!(in_milliseconds, Err(LaunchError::Early { .. })));
}

#[test]
fn protocol_parameters_are_there_once_and_are_supported() {
    use LaunchError::{Duplicate, Missing, Unsupported};
    for name in ["oauth_consumer_key", "oauth_signature_method", "oauth_timestamp", "oauth_nonce"] {
        assert_eq!(Builder::new().without(name).verify().unwrap_err(), Missing(name));
        assert_eq!(Builder::new().set(name, "").verify().unwrap_err(), Missing(name));
        let doubled = Builder::new().with(name, "1").verify();
        assert_eq!(doubled.unwrap_err(), Duplicate("an OAuth parameter"));
    }
    assert!(Builder::new().without("oauth_version").verify().is_ok());
    assert!(Builder::new().with("oauth_callback", "about:blank").verify().is_ok());
    assert_eq!(
        Builder::new().set("oauth_version", "2.0").verify().unwrap_err(),
        Unsupported("oauth_version")
    );
    for method in ["PLAINTEXT", "HMAC-SHA256", "hmac-sha1"] {
        let launch = Builder::new().set("oauth_signature_method", method).verify();
        assert_eq!(launch.unwrap_err(), Unsupported("oauth_signature_method"));
    }
    let in_query = Builder { query: "oauth_nonce=nonce".to_owned(), ..Builder::new() };
    assert_eq!(in_query.verify().unwrap_err(), Duplicate("an OAuth parameter"));
}

#[test]
fn the_query_counts_once_in_the_way_of_the_rfc_and_in_that_of_canvas() {
    let pair = ("custom_lesson".to_owned(), "basics".to_owned());
    let query = "custom_lesson=basics".to_owned();

    // RFC 5849: in the query alone, signed from there.
    let rfc = Builder { query: query.clone(), signed_query: vec![pair.clone()], ..Builder::new() };
    // Canvas: copied into the body, signed once.
    let canvas = Builder { query: query.clone(), ..Builder::new() }.with(&pair.0, &pair.1);
    // Strictly: in both, signed twice.
    let both = Builder { query: query.clone(), signed_query: vec![pair.clone()], ..Builder::new() }
        .with(&pair.0, &pair.1);
    for launch in [rfc, canvas, both] {
        let launch = launch.verify().unwrap().read().unwrap();
        assert_eq!(launch.custom.get("lesson").map(String::as_str), Some("basics"));
    }

    // Put there by somebody else: not signed at all, or another value than the body's.
    let unsigned = Builder { query, ..Builder::new() };
    assert_eq!(unsigned.verify().unwrap_err(), LaunchError::BadSignature);
    let other = Builder { query: "custom_lesson=x".to_owned(), ..Builder::new() };
    let other = other.with(&pair.0, &pair.1);
    assert_eq!(other.verify().unwrap_err(), LaunchError::BadSignature);
}

#[test]
fn a_parameter_that_is_read_may_not_differ_between_query_and_body() {
    let launch = Builder {
        query: "roles=Instructor".to_owned(),
        signed_query: vec![("roles".to_owned(), "Instructor".to_owned())],
        ..Builder::new()
    }
    .with("roles", "Learner");

    let signed = launch.verify().unwrap();
    assert_eq!(signed.read().unwrap_err(), LaunchError::Duplicate("roles"));
}

#[test]
fn only_forms_are_read() {
    for content_type in ["", "application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let raw = RawLaunch { content_type: content_type.to_owned(), ..raw(SIGNED_ELSEWHERE) };
        let refused = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);
        assert_eq!(refused.unwrap_err(), LaunchError::ContentType, "{content_type}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>, query in "\\PC*", path in "\\PC*") {
        let raw = RawLaunch { path, query, body, ..raw("") };
        let verified = verify(&raw, &consumers(), &rules("https://tool.example"), NOW);
        proptest::prop_assert!(verified.is_err());
    }
}
