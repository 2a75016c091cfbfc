//! Roles of a launch.
//!
//! Only roles in the *context* (the course) decide who learns. A teacher regularly carries
//! `urn:lti:instrole:ims/lis/Student`, which says that they study somewhere in the institution.

/// A role in the course (LIS context roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextRole {
    /// Takes the course.
    Learner,
    /// Gives the course.
    Instructor,
    /// Helps to give it.
    TeachingAssistant,
    /// Makes its contents.
    ContentDeveloper,
    /// Looks after a learner; Canvas calls them observers.
    Mentor,
    /// Administers the course.
    Administrator,
}

/// The roles of one launch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    context: Vec<ContextRole>,
    administrator: bool,
}

const CONTEXT_URN: &str = "urn:lti:role:ims/lis/";
const WIDER_URNS: [&str; 2] = ["urn:lti:instrole:ims/lis/", "urn:lti:sysrole:ims/lis/"];

impl Roles {
    /// Reads the parameter `roles` of LTI 1.1: separated by commas, as full URN or short name.
    /// What is not known is left out.
    pub fn parse(roles: &str) -> Self {
        let mut read = Self::default();
        for role in roles.split(',').map(str::trim) {
            if let Some(name) = after(role, CONTEXT_URN) {
                read.context.extend(context_role(name));
            } else if let Some(name) = WIDER_URNS.iter().find_map(|urn| after(role, urn)) {
                let known = ["Administrator", "SysAdmin"];
                read.administrator |= known.iter().any(|known| name.eq_ignore_ascii_case(known));
            } else if !role.contains(':') {
                read.context.extend(context_role(role));
            }
        }
        read.context.sort_unstable();
        read.context.dedup();
        read
    }

    /// Roles made by hand, for what is no LTI 1.1 launch.
    pub fn of(context: &[ContextRole]) -> Self {
        Self { context: context.to_vec(), administrator: false }
    }

    /// Whether the person takes the course.
    pub fn is_learner(&self) -> bool {
        self.context.contains(&ContextRole::Learner)
    }

    /// Whether the person gives or administers the course.
    pub fn is_staff(&self) -> bool {
        self.administrator
            || self.context.iter().any(|role| match role {
                ContextRole::Instructor
                | ContextRole::TeachingAssistant
                | ContextRole::ContentDeveloper
                | ContextRole::Administrator => true,
                ContextRole::Learner | ContextRole::Mentor => false,
            })
    }
}

/// What follows a prefix, whatever the prefix's case.
fn after<'a>(role: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = role.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A context role by its name, sub-roles counted to their role.
fn context_role(name: &str) -> Option<ContextRole> {
    let (role, sub_role) = name.split_once('/').unwrap_or((name, ""));
    // An observer, in Canvas's words: looks on, and is not graded.
    if sub_role.eq_ignore_ascii_case("NonCreditLearner") {
        return None;
    }
    let known = [
        ("Learner", ContextRole::Learner),
        ("Student", ContextRole::Learner),
        ("Instructor", ContextRole::Instructor),
        ("TeachingAssistant", ContextRole::TeachingAssistant),
        ("ContentDeveloper", ContextRole::ContentDeveloper),
        ("Mentor", ContextRole::Mentor),
        ("Administrator", ContextRole::Administrator),
    ];
    known.iter().find(|(known, _)| role.eq_ignore_ascii_case(known)).map(|(_, role)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(roles: &str, learner: bool, staff: bool) {
        let read = Roles::parse(roles);
        assert_eq!((read.is_learner(), read.is_staff()), (learner, staff), "{roles:?}");
    }

    #[test]
    fn roles_are_read_as_platforms_send_them() {
        check("Learner", true, false);
        check("learner", true, false);
        check("Instructor", false, true);
        check("Learner,Instructor", true, true);
        check(" Learner , Member", true, false);
        check("urn:lti:role:ims/lis/Learner", true, false);
        check("URN:LTI:ROLE:ims/lis/TeachingAssistant", false, true);
        check("urn:lti:role:ims/lis/TeachingAssistant/Grader", false, true);
        check("ContentDeveloper", false, true);
        check("urn:lti:role:ims/lis/Learner/Learner", true, false);
        check("urn:lti:role:ims/lis/Learner/NonCreditLearner", false, false);
    }

    #[test]
    fn an_observer_is_neither_learner_nor_staff() {
        check("urn:lti:instrole:ims/lis/Observer,urn:lti:role:ims/lis/Mentor", false, false);
    }

    #[test]
    fn roles_outside_the_course_make_nobody_a_learner() {
        check("urn:lti:instrole:ims/lis/Student", false, false);
        check("Instructor,urn:lti:instrole:ims/lis/Student", false, true);
        check("urn:lti:instrole:ims/lis/Learner", false, false);
        check("urn:lti:instrole:ims/lis/Administrator", false, true);
        check("urn:lti:sysrole:ims/lis/SysAdmin", false, true);
        check("urn:lti:sysrole:ims/lis/None", false, false);
    }

    #[test]
    fn odd_values_are_nobody() {
        for odd in ["", ",", ",,", "é", "urn:", "urn:lti:role:ims/lis/", "Learnerx", "x:Learner"] {
            check(odd, false, false);
        }
    }
}
