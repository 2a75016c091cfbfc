//! What an LMS sends: LTI 1.1 launches with the parameters that Canvas gives an assignment.

use crate::oauth::{self, Consumer, Pairs};

/// A launch as it is before it is signed.
#[derive(Clone, Debug)]
pub struct Launch {
    url: String,
    params: Pairs,
}

impl Launch {
    /// A learner opens the assignment; the grade of this launch goes to `outcome_url` under
    /// `sourcedid`.
    pub fn learner(url: &str, outcome_url: &str, sourcedid: &str) -> Self {
        Self::basic(url)
            .with("roles", "Learner")
            .with("ext_roles", "urn:lti:instrole:ims/lis/Student,urn:lti:role:ims/lis/Learner,urn:lti:sysrole:ims/lis/User")
            .with("lis_outcome_service_url", outcome_url)
            .with("lis_result_sourcedid", sourcedid)
            // Opaque, and another for each person.
            .with("user_id", &oauth::body_hash(sourcedid.as_bytes()))
    }

    /// A teacher opens the assignment. Canvas sends them the outcome service as well; `sourcedid`
    /// is what only other LMSs send.
    pub fn instructor(url: &str, outcome_url: &str, sourcedid: Option<&str>) -> Self {
        let launch = Self::basic(url)
            .with("roles", "Instructor,urn:lti:role:ims/lis/TeachingAssistant")
            // A teacher regularly is somebody's student as well.
            .with(
                "ext_roles",
                "urn:lti:instrole:ims/lis/Instructor,urn:lti:instrole:ims/lis/Student",
            )
            .with("lis_outcome_service_url", outcome_url);
        match sourcedid {
            Some(sourcedid) => launch.with("lis_result_sourcedid", sourcedid),
            None => launch,
        }
    }

    fn basic(url: &str) -> Self {
        let params = [
            ("oauth_callback", "about:blank"),
            ("lti_message_type", "basic-lti-launch-request"),
            ("lti_version", "LTI-1p0"),
            ("resource_link_id", "3a1f5c4e8f8c2b6c44c4ac4d0b3a8a6d9e0f7b21"),
            ("resource_link_title", "Chat off the record"),
            ("context_id", "4dde05e8ca1973bcca9bffc13e1548820eee93a3"),
            ("context_label", "TOTEM 101"),
            ("context_title", "Digital security & you"),
            ("user_id", "86157096483e6b3a50bfedc6bac902c0b20a824f"),
            ("lis_person_name_full", "Ada Example"),
            ("custom_canvas_enrollment_state", "active"),
            ("custom_canvas_module_id", ""),
            ("custom_canvas_assignment_title", "Chat off the record"),
            ("ext_outcome_data_values_accepted", "url,text"),
            ("ext_outcome_result_total_score_accepted", "true"),
            ("launch_presentation_document_target", "iframe"),
            ("launch_presentation_locale", "en"),
            ("tool_consumer_info_product_family_code", "canvas"),
            ("tool_consumer_info_version", "cloud"),
            ("tool_consumer_instance_guid", "stage.lms.invalid"),
        ];
        Self {
            url: url.to_owned(),
            params: params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    /// Sets a parameter, in place of one of that name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.retain(|(known, _)| known != name);
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The form that the browser posts: everything, with a fresh nonce and a signature.
    pub fn sign(&self, consumer: &Consumer) -> Pairs {
        self.sign_at(consumer, oauth::now(), &oauth::nonce())
    }

    /// As [`Launch::sign`], at a moment and with a nonce of the caller's.
    pub fn sign_at(&self, consumer: &Consumer, seconds: u64, nonce: &str) -> Pairs {
        let mut params = self.params.clone();
        for (name, value) in [
            ("oauth_consumer_key", consumer.key.clone()),
            ("oauth_nonce", nonce.to_owned()),
            ("oauth_signature_method", "HMAC-SHA1".to_owned()),
            ("oauth_timestamp", seconds.to_string()),
            ("oauth_version", "1.0".to_owned()),
        ] {
            params.push((name.to_owned(), value));
        }
        let signature = oauth::signature("POST", &self.url, &params, &consumer.secret);
        params.push(("oauth_signature".to_owned(), signature));
        params
    }
}
