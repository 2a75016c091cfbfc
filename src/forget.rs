//! `otrbot forget`: erases a person from the store.

use std::{
    io::{self, Write as _},
    iter,
};

use anyhow::{Context as _, anyhow};

use crate::{
    actors::ambient::unix_now,
    cli,
    failure::Failure,
    records::bare_jid,
    settings::Settings,
    store::{Erased, Owners, Store, StoreError, Unsent},
};

/// Erases a person, and says what that was.
///
/// # Errors
///
/// A [`Failure`]: the store cannot be used, or a grade of theirs is still on its way.
pub fn run(settings: &Settings, arguments: &cli::Forget) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let jid = &arguments.jid;
    let whose = if arguments.all_claims { Owners::All } else { Owners::Proven };
    let forgotten = runtime.block_on(async {
        let store = Store::open_existing(&settings.store).await?;
        let forgotten = store.forget(jid.as_str(), whose, arguments.even_unsent, unix_now()).await;
        // A bot that reads just now does so too, soon.
        if let Ok(Ok(_)) = &forgotten {
            store.overwrite().await.ok();
        }
        store.close().await;
        forgotten
    });
    match forgotten {
        Ok(Ok(erased)) => {
            let mut said = words(&erased);
            let others = erased.other_jids.iter().filter_map(|other| bare_jid(other));
            let file = settings.file.display();
            for listed in iter::once(jid.clone()).chain(others) {
                if settings.xmpp.whitelist.contains_key(&listed) {
                    said.extend([format!(
                        "{listed} stands in xmpp.whitelist of {file} too: take them out there, and restart the bot\n"
                    )]);
                }
            }
            // A closed pipe is no fault of the store.
            drop(io::stdout().write_all(format!("{jid}: {said}").as_bytes()));
            Ok(())
        }
        Ok(Err(Unsent(n))) => Err(Failure::Unknown(anyhow!(
            "{jid} was not erased: {n} of the person's grades are still on the way to the LMS, maybe \
             of an assignment with another Jabber ID; try again later, or erase those too with \
             --even-unsent"
        ))),
        Err(error @ StoreError::Query { .. }) => Err(Failure::Unknown(anyhow!(error))),
        Err(error) => {
            Err(Failure::MissingDependency(settings.fault("store", error.to_string()).to_string()))
        }
    }
}

fn words(erased: &Erased) -> String {
    if erased.is_nothing() {
        return "nothing was stored\n".to_owned();
    }
    let Erased { other_jids, enrolments, grades, sessions, invitations, claims } = erased;
    let others = if other_jids.is_empty() {
        String::new()
    } else {
        format!(" with the same person's {},", other_jids.join(", "))
    };
    let claims = match claims {
        0 => String::new(),
        n => format!(
            ", claims to the address by people who have not shown that it is theirs: {n} (they keep \
             the rest; --all-claims erases that, too)"
        ),
    };
    format!(
        "erased,{others} enrolments: {enrolments}, grades: {grades}, sessions: {sessions}, counted \
         invitations: {invitations}{claims}. What backups and logs hold is not touched\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_erased_is_said() {
        assert_eq!(words(&Erased::default()), "nothing was stored\n");
        let erased = Erased { enrolments: 2, grades: 1, ..Erased::default() };
        assert!(words(&erased).starts_with("erased, enrolments: 2, grades: 1, sessions: 0"));
        let other_jids = vec!["a@example.org".to_owned(), "b@example.org".to_owned()];
        let erased = Erased { other_jids, ..erased };
        let said = words(&erased);
        let expected = "erased, with the same person's a@example.org, b@example.org, enrolments: 2";
        assert!(said.starts_with(expected), "{said}");
    }
}
