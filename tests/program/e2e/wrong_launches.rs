//! Launches that are refused: the log names the true reason and what to do, without what was sent.

use crate::e2e::program;
use support::lms::Launch;
use support::oauth::{self, Consumer};
use support::stage::Stage;
use support::wait::PATIENCE;
use support::web;

#[test]
fn the_log_says_why_a_launch_is_refused_and_what_to_enter_where() {
    let stage = Stage::set(program());
    let url = stage.daemon.launch_url();
    let learner = Launch::learner(&url, &stage.outcomes.url(), "cell-of-zoe");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let post = |body: &str| web::post(&url, &form, body);
    let signed =
        |launch: &Launch, consumer: &Consumer| post(&web::form_body(&launch.sign(consumer)));
    let known = Consumer::stage();
    let stranger = Consumer { key: "stranger".to_owned(), ..known.clone() };
    let other = Consumer { secret: "another".to_owned(), ..known.clone() };

    post("iss=https%3A%2F%2Flms.invalid&login_hint=zoe");
    post("id_token=a.b.c&state=zoe");
    post("lti_message_type=basic-lti-launch-request&lti_version=LTI-1p0&user_id=zoe");
    signed(&learner, &stranger);
    signed(&learner, &other);
    signed(&learner.clone().with("lti_version", "LTI-2p0"), &known);
    signed(&learner.clone().with("lti_message_type", "ContentItemSelectionRequest"), &known);
    let ahead = learner.sign_at(&known, oauth::now() + 600, &oauth::nonce());
    post(&web::form_body(&ahead));
    let late = learner.sign_at(&known, oauth::now() - 600, &oauth::nonce());
    post(&web::form_body(&late));

    for words in [
        "this is a login of LTI 1.3 (iss and login_hint); only LTI 1.1 is spoken here",
        "this is a launch of LTI 1.3 (id_token); only LTI 1.1 is spoken here",
        "the launch is not signed: enter a consumer key and a secret",
        "the consumer key is none of lti.consumers",
        "the signature does not match: compare the secret, and the launch URL",
        &format!(
            "the consumer key is \"{}\", and the URL that counts as signed is {url}",
            known.key
        ),
        "lti_version is \"LTI-2p0\", not \"LTI-1p0\"",
        "lti_message_type is \"ContentItemSelectionRequest\"",
        "ahead of our clock: compare the clocks",
        "seconds old by our clock, more than lti.nonce_window",
    ] {
        stage.daemon.wait_for_log(words, PATIENCE);
    }
    let log = stage.daemon.log();
    for secret in ["zoe", "lms.invalid", "stranger"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
