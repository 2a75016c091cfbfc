//! What sessions are made of: lessons, languages, settings; and how one is opened.

use std::{collections::BTreeMap, sync::Arc, time::Duration, time::Instant};

use gettext::{Catalog, Catalogs};
use otr::{identity::SigningKey, instance::InstanceTag, policy::Policy};
use rand_core::CryptoRng;
use secrecy::SecretString;
use tr::tr;

use crate::{
    i18n::scope,
    lesson::{Lesson, Library},
    records::Contacts,
    session::{self, Seal, Session, SessionConfig, Snapshot, Typing, listening::AllEars},
};

/// Opens sessions.
#[derive(Debug)]
pub struct SessionFactory {
    /// The lessons.
    pub lessons: Library,
    /// What they listen for.
    pub ears: AllEars,
    /// The lesson of learners for whom no other was chosen.
    pub default_lesson: Arc<Lesson>,
    /// The languages.
    pub catalogs: Catalogs,
    /// Locale of learners of whom nothing better is known.
    pub default_locale: String,
    /// What `${name}` stands for.
    pub variables: Arc<BTreeMap<String, String>>,
    /// The OTR policy.
    pub policy: Policy,
    /// Whether the bot begins SMP by itself.
    pub may_start_smp: bool,
    /// A shared secret for learners who gave none.
    pub default_secret: Option<SecretString>,
    /// Seals the shared secrets that are kept.
    pub seal: Seal,
    /// How the bot types.
    pub typing: Typing,
    /// Silence after which a learner is warned.
    pub warning_timeout: Duration,
    /// Silence after which a session ends.
    pub session_timeout: Duration,
    /// A fixed long-term key; `None`: a fresh one for each session, so that a learner who comes
    /// back meets a new fingerprint and can practise again.
    pub fixed_key: Option<Arc<SigningKey>>,
    /// Whom learners in trouble can turn to.
    pub contacts: Contacts,
    /// Whether pages are served.
    pub has_pages: bool,
}

/// For whom a session is opened.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    /// Gettext locale name; `None`: the default one.
    pub locale: Option<String>,
    /// Name of the lesson; `None`: the default one.
    pub lesson: Option<String>,
    /// The consumer that they come from; `None`: the settings list them.
    pub consumer: Option<Arc<str>>,
    /// Whether they have talked with the bot before.
    pub is_returning: bool,
}

impl SessionFactory {
    /// Whether there is a lesson of this name.
    pub fn has_lesson(&self, name: &str) -> bool {
        self.lessons.find(name).is_some()
    }

    /// Name of the lesson that is taught where this one is asked for.
    pub fn name_of(&self, lesson: Option<&str>) -> String {
        let asked = lesson.and_then(|name| Some(self.lessons.resolve(name)?.0));
        let is_default = |known: &Arc<Lesson>| Arc::ptr_eq(known, &self.default_lesson);
        let default = || self.lessons.iter().find(|(_, known)| is_default(known));
        asked.or_else(|| default().map(|(name, _)| name)).unwrap_or_default().to_owned()
    }

    /// The texts for a learner.
    pub fn catalog(&self, locale: Option<&str>) -> Arc<Catalog> {
        self.catalogs.find(locale.unwrap_or(&self.default_locale))
    }

    /// What strangers are told, in the default language.
    pub fn refusal(&self) -> String {
        session::refusal_for(&self.catalogs.find(&self.default_locale), &self.variables)
    }

    /// What somebody is asked whose address several claim.
    pub fn question(&self, locale: Option<&str>) -> String {
        let catalog = self.catalog(locale);
        scope(&catalog, session::which_number)
    }

    /// What a learner is told whose session broke before the lesson began.
    pub fn interruption(&self, locale: Option<&str>) -> String {
        let catalog = self.catalog(locale);
        session::interruption_for(&catalog, &self.variables)
    }

    /// The status text after a session that nobody could say good-bye in.
    pub fn sign_out_status(&self, locale: Option<&str>) -> String {
        let catalog = self.catalog(locale);
        session::sign_out_status(&catalog, &self.variables)
    }

    /// The status that learners see beside the bot's name.
    pub fn status(&self, locale: Option<&str>) -> String {
        let catalog = self.catalog(locale);
        scope(&catalog, || tr!("Write to me, and I will show you how to chat in private."))
    }

    /// Opens a session. A lesson that is gone since it was chosen is replaced by the default one.
    pub fn open(&self, guest: &Guest, now: Instant, rng: &mut dyn CryptoRng) -> Session {
        let (config, key) = self.materials(guest, rng);
        let instance = InstanceTag::random(rng);
        Session::open(config, key, instance, now, rng)
    }

    /// Opens a session that goes on where another one was interrupted.
    pub fn resume(
        &self,
        guest: &Guest,
        now: Instant,
        rng: &mut dyn CryptoRng,
        kept: &Snapshot,
    ) -> Session {
        let (config, key) = self.materials(guest, rng);
        Session::resume(config, key, now, rng, kept)
    }

    fn materials(
        &self,
        guest: &Guest,
        rng: &mut dyn CryptoRng,
    ) -> (SessionConfig, Arc<SigningKey>) {
        let lesson = guest
            .lesson
            .as_deref()
            .and_then(|name| self.lessons.find(name))
            .unwrap_or_else(|| Arc::clone(&self.default_lesson));
        let config = SessionConfig {
            ears: self.ears.find(&self.name_of(guest.lesson.as_deref())).unwrap_or_default(),
            lesson,
            catalog: self.catalog(guest.locale.as_deref()),
            variables: Arc::clone(&self.variables),
            policy: self.policy,
            may_start_smp: self.may_start_smp,
            default_secret: self.default_secret.clone(),
            seal: self.seal.clone(),
            typing: self.typing,
            warning_timeout: self.warning_timeout,
            session_timeout: self.session_timeout,
            keeps_key: self.fixed_key.is_some(),
            contact: self.contacts.of(guest.consumer.as_deref()).map(str::to_owned),
            // Those whom the settings list come from no consumer, and have no page.
            has_page: self.has_pages && guest.consumer.is_some(),
            is_returning: guest.is_returning,
        };
        let key = match &self.fixed_key {
            Some(key) => Arc::clone(key),
            None => Arc::new(SigningKey::generate(rng)),
        };
        (config, key)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn factory(has_pages: bool) -> SessionFactory {
        let (lessons, _) = Library::load(None, &[]);
        let mut contacts = Contacts::new(Some("help@school.example".to_owned()));
        contacts.set("course", "the dean".to_owned());
        SessionFactory {
            ears: AllEars::of(&lessons, &Catalogs::default()),
            default_lesson: lessons.find("basics").unwrap(),
            lessons,
            catalogs: Catalogs::default(),
            default_locale: "en_GB".to_owned(),
            variables: Arc::default(),
            policy: Policy::default(),
            may_start_smp: false,
            default_secret: None,
            seal: Seal::from_secret(b"of a test"),
            typing: Typing::default(),
            warning_timeout: Duration::from_mins(1),
            session_timeout: Duration::from_mins(2),
            fixed_key: None,
            contacts,
            has_pages,
        }
    }

    #[test]
    fn a_session_knows_whom_its_learner_can_turn_to_and_whether_they_have_a_page() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for (consumer, has_pages, contact, has_page) in [
            (Some("course"), true, "the dean", true),
            (Some("another"), true, "help@school.example", true),
            (Some("course"), false, "the dean", false),
            // Whom the settings list.
            (None, true, "help@school.example", false),
        ] {
            let guest = Guest { consumer: consumer.map(Arc::from), ..Guest::default() };

            let (config, _) = factory(has_pages).materials(&guest, &mut rng);

            assert_eq!(config.contact.as_deref(), Some(contact), "{consumer:?}");
            assert_eq!(config.has_page, has_page, "{consumer:?}");
            assert!(!config.is_returning);
        }
    }
}
