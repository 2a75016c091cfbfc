//! A launch as Canvas sends it, with as much in it.

use lti::{RawLaunch, signature};
use url::Url;

/// The consumer key.
pub const KEY: &str = "canvas";
/// What it signs with.
pub const SECRET: &str = "a shared secret of some length";

/// Names and values of a launch by a learner.
fn pairs(user: &str, nonce: &str, now: i64) -> Vec<(String, String)> {
    let timestamp = now.to_string();
    // An encrypted token, and a theme.
    let sourcedid = format!("{user}-{}", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b".repeat(6));
    let brand = (0..24)
        .map(|n| format!("\"ic-brand-colour-{n}\":\"#{:06x}\"", n * 70_001))
        .collect::<Vec<_>>()
        .join(",");
    let brand = format!("{{{brand}}}");
    let email = format!("{user}@school.example");
    let mut pairs: Vec<(String, String)> = [
        ("oauth_consumer_key", KEY),
        ("oauth_signature_method", signature::METHOD),
        ("oauth_timestamp", &timestamp),
        ("oauth_nonce", nonce),
        ("oauth_version", "1.0"),
        ("oauth_callback", "about:blank"),
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("resource_link_id", "4dde05e8ca1973bcca9bffc13e1548820eee93a3"),
        ("resource_link_title", "Private chat with OTR"),
        ("context_id", "b3d2a1a8ca1973bcca9bffc13e1548820eee93a4"),
        ("context_label", "DIGISEC-101"),
        ("context_title", "Digital security for journalists, spring"),
        ("user_id", user),
        ("user_image", "https://canvas.school.example/images/messages/avatar-50.png"),
        ("roles", "Learner"),
        ("ext_roles", "urn:lti:instrole:ims/lis/Student,urn:lti:role:ims/lis/Learner,urn:lti:sysrole:ims/lis/User"),
        ("launch_presentation_document_target", "iframe"),
        ("launch_presentation_locale", "en-GB"),
        ("launch_presentation_height", "800"),
        ("launch_presentation_width", "1200"),
        ("launch_presentation_return_url", "https://canvas.school.example/courses/1234/external_content/success/external_tool_redirect"),
        ("lis_outcome_service_url", "https://canvas.school.example/api/lti/v1/tools/42/grade_passback"),
        ("lis_result_sourcedid", &sourcedid),
        ("lis_person_name_full", "Zoë O’Hara"),
        ("lis_person_name_given", "Zoë"),
        ("lis_person_name_family", "O’Hara"),
        ("lis_person_contact_email_primary", &email),
        ("ext_ims_lis_basic_outcome_url", "https://canvas.school.example/api/lti/v1/tools/42/ext_grade_passback"),
        ("ext_outcome_data_values_accepted", "url,text"),
        ("ext_outcome_result_total_score_accepted", "true"),
        ("ext_outcome_submission_submitted_at_accepted", "true"),
        ("ext_lti_assignment_id", "5c2dd6ab-3f43-4ba8-9fc1-dc3a4bb9a3d5"),
        ("tool_consumer_info_product_family_code", "canvas"),
        ("tool_consumer_info_version", "cloud"),
        ("tool_consumer_instance_guid", "FhVk6Lf9cJgQ2oJf.canvas.school.example"),
        ("tool_consumer_instance_name", "The School"),
        ("tool_consumer_instance_contact_email", "notifications@school.example"),
        ("custom_canvas_assignment_id", "98765"),
        ("custom_canvas_assignment_points_possible", "10"),
        ("custom_canvas_assignment_title", "Private chat with OTR"),
        ("custom_canvas_course_id", "1234"),
        ("custom_canvas_enrollment_state", "active"),
        ("custom_canvas_user_id", "54321"),
        ("custom_canvas_user_login_id", user),
        ("custom_canvas_workflow_state", "available"),
        ("custom_canvas_api_domain", "canvas.school.example"),
        ("custom_brand", &brand),
        ("custom_high_contrast", "false"),
        ("custom_tz", "Europe/Amsterdam"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for n in 0..8 {
        pairs.push((format!("custom_field_{n}"), format!("value {n}")));
    }
    pairs.push(("ext_content_return_types".to_owned(), String::new()));
    pairs
}

/// A launch of a person, signed for a tool at this address.
pub fn signed(public_url: &Url, user: &str, nonce: &str, now: i64) -> RawLaunch {
    let mut pairs = pairs(user, nonce, now);
    let parameters = signature::normalise(pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())));
    let base_string = signature::base_string("POST", public_url.as_str(), &parameters);
    let signed = signature::sign(&SECRET.into(), &base_string);
    pairs.push(("oauth_signature".to_owned(), signed));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    RawLaunch {
        path: "/".to_owned(),
        query: String::new(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: body.into_bytes(),
    }
}
