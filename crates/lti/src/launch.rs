//! The launch: who came, from which assignment, and where their grade goes.

use std::collections::{BTreeMap, btree_map::Entry};

use url::Url;

use super::{
    error::LaunchError,
    form::Pair,
    origins,
    other::{MESSAGE, Other, VERSION},
    roles::{ContextRole, Roles},
};

/// A launch that was verified. LTI 1.1 fills it today; it has nothing in it that another version
/// of LTI could not fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The key of the platform; empty when launches are not authenticated.
    pub consumer_key: String,
    /// Opaque id of the person, unique within the platform.
    pub user_id: String,
    /// Opaque id of the course; empty when the platform does not say.
    pub context_id: String,
    /// Opaque id of the assignment.
    pub resource_link_id: String,
    /// What the assignment is called.
    pub resource_link_title: Option<String>,
    /// What the course is called.
    pub context_title: Option<String>,
    /// The roles of the person.
    pub roles: Roles,
    /// Where a grade goes, when the platform wants one of this person.
    pub outcome: Option<Outcome>,
    /// The language of the platform's page, as BCP 47 tag; checked for its characters only.
    pub locale: Option<String>,
    /// Where a link back to the course leads.
    pub return_url: Option<Url>,
    /// The origins of the addresses that the platform names, of which some may be of no other use.
    pub origins: Vec<String>,
    /// The person's name, as far as the platform tells it.
    pub name: Option<String>,
    /// What the platform takes along with a grade.
    pub accepts: Accepts,
    /// Custom parameters of the tool's configuration, without `custom_`; those that the platform
    /// did not fill in are left out.
    pub custom: BTreeMap<String, String>,
}

/// What a platform takes along with a grade, as it announced (extensions of Canvas).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepts {
    /// `submittedAt`.
    pub submitted_at: bool,
    /// `prioritizeNonToolGrade`.
    pub prioritize_non_tool_grade: bool,
}

/// Where a grade goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The platform's service.
    pub url: String,
    /// Opaque id of the cell in the gradebook.
    pub sourcedid: String,
}

/// The custom parameters that are read, each of which must be there once.
const CUSTOM: [&str; 4] = ["lesson", "brand", "tz", "high_contrast"];
/// The longest opaque id that is taken, in bytes.
const LONGEST_ID: usize = 1_024;
/// The longest sourcedid that is taken: Canvas's is an encrypted token of hundreds of characters.
const LONGEST_SOURCEDID: usize = 8_192;
/// The longest of the other values that are taken, in bytes.
const LONGEST_TEXT: usize = 4_096;
/// The longest value of a custom parameter, in bytes: as long as Canvas makes them (the
/// colours of a platform are some 4 kB).
const LONGEST_CUSTOM: usize = 40_000;

impl Launch {
    /// Whether a grade may be posted for this person: the platform said where, and they learn in
    /// the course. (Canvas leaves the sourcedid out for those whom it does not grade; others send it
    /// to everybody.)
    pub fn may_grade(&self) -> bool {
        self.outcome.is_some() && self.roles.is_learner()
    }

    /// Reads the parameters of an LTI 1.1 launch. `pairs` holds a parameter of the URL's query only
    /// where it is not the copy of one in the body.
    pub(super) fn read(consumer_key: &str, pairs: &[Pair]) -> Result<Self, LaunchError> {
        let fields = Fields(pairs);
        // Another version has other kinds of messages.
        match (
            fields.required("lti_version", LONGEST_ID)?,
            fields.required("lti_message_type", LONGEST_ID)?,
        ) {
            (VERSION, MESSAGE) => {}
            (VERSION, kind) => return Err(Other::message(kind).into()),
            (version, _) => return Err(Other::version(version).into()),
        }
        let url = fields.optional("lis_outcome_service_url", LONGEST_TEXT)?;
        let sourcedid = fields.optional("lis_result_sourcedid", LONGEST_SOURCEDID)?;
        Ok(Self {
            consumer_key: consumer_key.to_owned(),
            resource_link_id: fields.required("resource_link_id", LONGEST_ID)?.to_owned(),
            user_id: fields.required("user_id", LONGEST_ID)?.to_owned(),
            context_id: fields.optional("context_id", LONGEST_ID)?.unwrap_or_default().to_owned(),
            resource_link_title: fields.text("resource_link_title")?,
            context_title: fields.text("context_title")?,
            roles: Roles::parse(fields.once("roles")?.unwrap_or_default()),
            outcome: url.zip(sourcedid).map(|(url, sourcedid)| Outcome {
                url: url.to_owned(),
                sourcedid: sourcedid.to_owned(),
            }),
            locale: fields.once("launch_presentation_locale")?.and_then(locale),
            return_url: fields.once("launch_presentation_return_url")?.and_then(web_url),
            origins: origins::of(pairs),
            name: fields.text("lis_person_name_full")?,
            accepts: Accepts {
                submitted_at: fields.flag("ext_outcome_submission_submitted_at_accepted")?,
                prioritize_non_tool_grade: fields
                    .flag("ext_outcome_submission_prioritize_non_tool_grade_accepted")?,
            },
            custom: fields.custom()?,
        })
    }

    /// Reads what there is of a launch that nobody signed, for trying the tool on one's own
    /// machine: whoever comes is a learner, and no grade goes anywhere.
    pub fn unsigned(pairs: &[Pair]) -> Self {
        let fields = Fields(pairs);
        let or =
            |name, default: &str| fields.required(name, LONGEST_ID).unwrap_or(default).to_owned();
        let roles = fields.once("roles").ok().flatten().map(Roles::parse);
        Self {
            consumer_key: String::new(),
            user_id: or("user_id", "guest"),
            context_id: or("context_id", "trial"),
            resource_link_id: or("resource_link_id", "trial"),
            resource_link_title: None,
            context_title: None,
            roles: roles.unwrap_or_else(|| Roles::of(&[ContextRole::Learner])),
            outcome: None,
            locale: fields.once("launch_presentation_locale").ok().flatten().and_then(locale),
            return_url: None,
            origins: Vec::new(),
            name: None,
            accepts: Accepts::default(),
            custom: BTreeMap::new(),
        }
    }
}

/// The parameters, of which those that are read must be there once.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [Pair]);

impl<'a> Fields<'a> {
    /// The value of a parameter that is there once or not at all.
    pub(super) fn once(self, name: &'static str) -> Result<Option<&'a str>, LaunchError> {
        let mut found = self.0.iter().filter(|(other, _)| other == name);
        let value = found.next().map(|(_, value)| value.as_str());
        if found.next().is_some() {
            return Err(LaunchError::Duplicate(name));
        }
        Ok(value)
    }

    /// The same; an empty one, and one that the platform did not fill in, counts as absent.
    fn optional(self, name: &'static str, longest: usize) -> Result<Option<&'a str>, LaunchError> {
        // Those of OAuth are the signer's own, whatever they look like.
        let is_absent =
            |value: &str| value.is_empty() || (!name.starts_with("oauth_") && is_unexpanded(value));
        let value = self.once(name)?.filter(|value| !is_absent(value));
        if value.is_some_and(|value| value.len() > longest || value.contains(char::is_control)) {
            return Err(LaunchError::Malformed(name));
        }
        Ok(value)
    }

    /// The value of a parameter that must be there.
    pub(super) fn required(
        self,
        name: &'static str,
        longest: usize,
    ) -> Result<&'a str, LaunchError> {
        self.optional(name, longest)?.ok_or(LaunchError::Missing(name))
    }

    /// Whether a parameter says `true`.
    fn flag(self, name: &'static str) -> Result<bool, LaunchError> {
        Ok(self.once(name)?.is_some_and(|value| value.eq_ignore_ascii_case("true")))
    }

    /// A text for people: cleaned and cut instead of refused.
    fn text(self, name: &'static str) -> Result<Option<String>, LaunchError> {
        let value = self.once(name)?.filter(|value| !is_unexpanded(value)).unwrap_or_default();
        let clean: String = value.chars().filter(|c| !c.is_control()).take(200).collect();
        let clean = clean.trim();
        Ok((!clean.is_empty()).then(|| clean.to_owned()))
    }

    fn custom(self) -> Result<BTreeMap<String, String>, LaunchError> {
        let mut custom = BTreeMap::new();
        for (name, value) in self.0 {
            let Some(name) = name.strip_prefix("custom_") else { continue };
            let absent = value.is_empty() || value.len() > LONGEST_CUSTOM || is_unexpanded(value);
            let kept = if absent { String::new() } else { value.clone() };
            match custom.entry(name.to_owned()) {
                Entry::Vacant(free) => drop(free.insert(kept)),
                Entry::Occupied(_) if CUSTOM.contains(&name) => {
                    return Err(LaunchError::Duplicate("a custom parameter"));
                }
                // Nobody here reads it.
                Entry::Occupied(_) => {}
            }
        }
        custom.retain(|_, value| !value.is_empty());
        Ok(custom)
    }
}

/// Whether this is the name of a variable that the platform did not replace by its value, such as
/// `$User.id` or `$Canvas.course.id`.
fn is_unexpanded(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.contains('.')
            && name.bytes().all(is_part)
    })
}

/// A language tag that may be used in names and headers; `_` is taken for `-`.
fn locale(value: &str) -> Option<String> {
    let fits = (1..=35).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits.then(|| value.replace('_', "-"))
}

/// An address that a link may lead to.
pub(super) fn web_url(value: &str) -> Option<Url> {
    let url = (value.len() <= LONGEST_TEXT).then(|| Url::parse(value).ok())??;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: [(&str, &str); 4] = [
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("resource_link_id", "link"),
        ("user_id", "user"),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Launch, LaunchError> {
        let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
        let kept = LEAST.iter().filter(|(name, _)| !replaced(name));
        let pairs: Vec<Pair> = kept
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Launch::read("key", &pairs)
    }

    #[test]
    fn a_grade_needs_a_learner_an_address_and_a_cell() {
        let url = ("lis_outcome_service_url", "https://lms.example/o");
        let cell = ("lis_result_sourcedid", "cell");
        let check = |roles, more: &[(&'static str, &'static str)], expected| {
            let pairs = [&[("roles", roles)], more].concat();
            assert_eq!(read(&pairs).unwrap().may_grade(), expected, "{pairs:?}");
        };

        check("Learner", &[url, cell], true);
        check("Learner,Instructor", &[url, cell], true);
        check("Instructor", &[url, cell], false);
        check("Instructor,urn:lti:instrole:ims/lis/Student", &[url, cell], false);
        check("", &[url, cell], false);
        check("Learner", &[url], false);
        check("Learner", &[cell], false);
        check("Learner", &[url, ("lis_result_sourcedid", "")], false);
        check("Learner", &[("lis_outcome_service_url", ""), cell], false);
    }

    #[test]
    fn ids_that_are_missing_empty_doubled_or_malformed_are_refused() {
        use LaunchError::{Duplicate, Malformed, Missing};
        let long = "x".repeat(LONGEST_ID + 1);

        for name in ["resource_link_id", "user_id", "lti_message_type", "lti_version"] {
            assert_eq!(read(&[(name, "")]), Err(Missing(name)));
            assert_eq!(read(&[(name, "a"), (name, "a")]), Err(Duplicate(name)));
            assert_eq!(read(&[(name, &long)]), Err(Malformed(name)));
            assert_eq!(read(&[(name, "a\0")]), Err(Malformed(name)));
        }
        assert_eq!(read(&[("roles", "a"), ("roles", "a")]), Err(Duplicate("roles")));
        let other = |pairs: &[(&str, &str)]| read(pairs).unwrap_err();
        assert_eq!(
            other(&[("lti_version", "LTI-2p0")]),
            Other::Version("LTI-2p0".to_owned()).into()
        );
        let kind = "ContentItemSelectionRequest";
        assert_eq!(other(&[("lti_message_type", kind)]), Other::Message(kind.to_owned()).into());
        let both = [("lti_version", "1.3.0"), ("lti_message_type", "LtiResourceLinkRequest")];
        assert_eq!(other(&both), Other::Version("1.3.0".to_owned()).into());
        for name in ["$Canvas.user.id", "$User.id", "$com.instructure.User.id"] {
            assert_eq!(read(&[("user_id", name)]), Err(Missing("user_id")), "{name}");
        }
        assert_eq!(read(&[("user_id", "$5.00 a.b")]).unwrap().user_id, "$5.00 a.b");
    }

    #[test]
    fn custom_parameters_are_read_and_unfilled_ones_are_absent() {
        let launch = read(&[
            ("custom_lesson", "basics"),
            ("custom_canvas_module_id", ""),
            ("custom_brand", "$com.instructure.brandConfigJSON.url"),
        ])
        .unwrap();

        assert_eq!(launch.custom, BTreeMap::from([("lesson".to_owned(), "basics".to_owned())]));
        assert!(matches!(
            read(&[("custom_lesson", "a"), ("custom_lesson", "b")]),
            Err(LaunchError::Duplicate(_))
        ));
        let doubled = read(&[("custom_other", "a"), ("custom_other", "b")]).unwrap();
        assert_eq!(doubled.custom.get("other").map(String::as_str), Some("a"));
    }

    #[test]
    fn only_tame_locales_and_return_addresses_are_kept() {
        for (sent, kept) in [
            ("en", Some("en")),
            ("en-GB-x-ukhe", Some("en-GB-x-ukhe")),
            ("nl_NL", Some("nl-NL")),
            ("../../etc/passwd", None),
            ("en\r\nSet-Cookie: a=b", None),
            ("", None),
        ] {
            let launch = read(&[("launch_presentation_locale", sent)]).unwrap();
            assert_eq!(launch.locale.as_deref(), kept, "{sent:?}");
        }
        for (sent, kept) in [
            ("https://lms.example/courses/1", true),
            ("http://127.0.0.1:8000/back", true),
            ("javascript:alert(1)", false),
            ("https://a:b@lms.example/", false),
            ("/courses/1", false),
        ] {
            let launch = read(&[("launch_presentation_return_url", sent)]).unwrap();
            assert_eq!(launch.return_url.is_some(), kept, "{sent:?}");
        }
    }

    #[test]
    fn names_are_cleaned_and_cut() {
        let long = "é".repeat(300);
        let launch =
            read(&[("lis_person_name_full", " Ada\r\nL. "), ("context_title", &long)]).unwrap();

        assert_eq!(launch.name.as_deref(), Some("AdaL."));
        assert_eq!(launch.context_title.unwrap().chars().count(), 200);
    }

    #[test]
    fn an_unsigned_launch_never_has_an_outcome() {
        let pairs = [
            ("roles".to_owned(), "Learner".to_owned()),
            ("lis_outcome_service_url".to_owned(), "https://lms.example/o".to_owned()),
            ("lis_result_sourcedid".to_owned(), "cell".to_owned()),
        ];

        let launch = Launch::unsigned(&pairs);

        assert_eq!((launch.user_id.as_str(), launch.may_grade()), ("guest", false));
        assert!(
            !Launch::unsigned(&[("roles".to_owned(), "Instructor".to_owned())]).roles.is_learner()
        );
    }
}
