//! The composition root: the only place that knows all parts. Starts them in order (store,
//! registry, XMPP, HTTP), waits for signals, and stops them in reverse.

mod assemble;
mod check;
mod exposed;
mod gone;
mod judged;
mod pages;
mod running;
mod serve;
mod service;
mod unit;
mod unworkable;

pub use self::{assemble::Assembly, check::check, serve::serve};

use crate::{cli, failure::Failure, settings::Settings};

/// Runs the bot until it is told to stop.
///
/// # Errors
///
/// A [`Failure`] that names what to mend.
pub fn run(mut settings: Settings, arguments: &cli::Run) -> Result<(), Failure> {
    if nix::unistd::Uid::effective().is_root() {
        log::warn!(
            "the bot runs as root, who may do everything on this machine, and so may whoever finds a fault \
             in it: run it as a user of its own, as the service of the package does (`systemctl start \
             otrbot`), or with `sudo -u otrbot otrbot run`"
        );
    }
    if let Some(locale) = &arguments.locale {
        settings.default_locale.clone_from(locale);
    }
    if let Some(secret) = &arguments.secret {
        settings.otr.default_secret = Some(secret.clone().into());
    }
    if arguments.no_lti {
        settings.lti.enabled = false;
    }
    let assembly = Assembly::new(settings, arguments)?;
    let system = actix::System::new();
    let result = system.block_on(serve(assembly));
    // A query of the store that is dropped with its actor needs the runtime's context.
    let runtime = system.block_on(async { tokio::runtime::Handle::current() });
    let _context = runtime.enter();
    drop(system);
    result
}
