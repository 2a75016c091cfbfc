//! What sessions are made of: lessons, languages, settings; and how one is opened.

use std::{collections::BTreeMap, sync::Arc, time::Duration, time::Instant};

use gettext::Catalogs;
use otr::{identity::SigningKey, instance::InstanceTag, policy::Policy};
use rand_core::CryptoRng;
use secrecy::SecretString;
use tr::tr;

use crate::{
    i18n::scope,
    lesson::{Lesson, Library},
    session::{self, Seal, Session, SessionConfig, Snapshot, Typing},
};

/// Opens sessions.
#[derive(Debug)]
pub struct SessionFactory {
    /// The lessons.
    pub lessons: Library,
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
}

impl SessionFactory {
    /// Whether there is a lesson of this name.
    pub fn has_lesson(&self, name: &str) -> bool {
        self.lessons.find(name).is_some()
    }

    /// Name of the lesson that is taught where this one is asked for.
    pub fn name_of(&self, lesson: Option<&str>) -> String {
        let asked = lesson.filter(|name| self.has_lesson(name));
        let is_default = |known: &Arc<Lesson>| Arc::ptr_eq(known, &self.default_lesson);
        let default = || self.lessons.iter().find(|(_, known)| is_default(known));
        asked.or_else(|| default().map(|(name, _)| name)).unwrap_or_default().to_owned()
    }

    /// What strangers are told, in the default language.
    pub fn refusal(&self) -> String {
        session::refusal_for(&self.catalogs.find(&self.default_locale), &self.variables)
    }

    /// What somebody is asked whose address several claim.
    pub fn question(&self, locale: Option<&str>) -> String {
        let catalog = self.catalogs.find(locale.unwrap_or(&self.default_locale));
        scope(&catalog, session::which_number)
    }

    /// What a learner is told whose session broke before the lesson began.
    pub fn interruption(&self, locale: Option<&str>) -> String {
        let catalog = self.catalogs.find(locale.unwrap_or(&self.default_locale));
        session::interruption_for(&catalog, &self.variables)
    }

    /// The status text after a session that nobody could say good-bye in.
    pub fn sign_out_status(&self, locale: Option<&str>) -> String {
        let catalog = self.catalogs.find(locale.unwrap_or(&self.default_locale));
        session::sign_out_status(&catalog, &self.variables)
    }

    /// The status that learners see beside the bot's name.
    pub fn status(&self, locale: Option<&str>) -> String {
        let catalog = self.catalogs.find(locale.unwrap_or(&self.default_locale));
        scope(&catalog, || tr!("Write to me, and I will show you how to chat in private."))
    }

    /// Opens a session. A lesson that is gone since it was chosen is replaced by the default one.
    pub fn open(
        &self,
        locale: Option<&str>,
        lesson: Option<&str>,
        now: Instant,
        rng: &mut dyn CryptoRng,
    ) -> Session {
        let (config, key) = self.materials(locale, lesson, rng);
        let instance = InstanceTag::random(rng);
        Session::open(config, key, instance, now, rng)
    }

    /// Opens a session that goes on where another one was interrupted.
    pub fn resume(
        &self,
        locale: Option<&str>,
        lesson: Option<&str>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        kept: &Snapshot,
    ) -> Session {
        let (config, key) = self.materials(locale, lesson, rng);
        Session::resume(config, key, now, rng, kept)
    }

    fn materials(
        &self,
        locale: Option<&str>,
        lesson: Option<&str>,
        rng: &mut dyn CryptoRng,
    ) -> (SessionConfig, Arc<SigningKey>) {
        let lesson = lesson
            .and_then(|name| self.lessons.find(name))
            .unwrap_or_else(|| Arc::clone(&self.default_lesson));
        let config = SessionConfig {
            lesson,
            catalog: self.catalogs.find(locale.unwrap_or(&self.default_locale)),
            variables: Arc::clone(&self.variables),
            policy: self.policy,
            may_start_smp: self.may_start_smp,
            default_secret: self.default_secret.clone(),
            seal: self.seal.clone(),
            typing: self.typing,
            warning_timeout: self.warning_timeout,
            session_timeout: self.session_timeout,
            keeps_key: self.fixed_key.is_some(),
        };
        let key = match &self.fixed_key {
            Some(key) => Arc::clone(key),
            None => Arc::new(SigningKey::generate(rng)),
        };
        (config, key)
    }
}
