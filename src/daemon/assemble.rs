//! From the settings to what the parts are made of.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jid::BareJid;
use secrecy::SecretString;

use crate::{
    actors::registry::{KnownLearner, factory::SessionFactory},
    cli,
    failure::Failure,
    i18n::Catalogs,
    lesson::Library,
    settings::Settings,
    store::{Store, StoreError},
    xmpp,
};

/// The settings with the account that was chosen.
#[derive(Debug)]
pub struct Assembly {
    pub(super) settings: Settings,
    pub(super) jid: BareJid,
    pub(super) account: xmpp::Account,
}
