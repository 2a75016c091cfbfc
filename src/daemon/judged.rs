//! For whom `otrbot check` judges. Root may read all, and what root finds to be there may be closed to
//! the service: so `check` becomes the service's user before it opens the first file.

use std::ffi::CString;

use anyhow::{Context as _, anyhow};
use nix::unistd::{Gid, Group, Uid, User, getgrouplist, setgid, setgroups, setuid};

use super::unit::Unit;
use crate::{failure::Failure, files};

/// For whom, and what their service manager says of the service.
#[derive(Debug)]
pub(super) struct Judged {
    /// For people.
    pub(super) note: String,
    /// The unit, where the one who is judged for is its user.
    pub(super) unit: Option<Unit>,
}

impl Judged {
    /// Becomes who is to be judged for: who is named, else the unit's user where it is installed and
    /// root asks; else nobody but who asks. There is no way back.
    ///
    /// # Errors
    ///
    /// [`Failure::InvalidArgument`]: there is no such user, or only root can do that.
    pub(super) fn take(named: Option<&str>) -> Result<Self, Failure> {
        let unit = Unit::installed();
        let own = Uid::effective();
        let of_unit = unit.as_ref().map(Unit::user).filter(|_| own.is_root());
        let Some(name) = named.or(of_unit) else {
            return Ok(Self { note: note(own), unit: of(unit, own) });
        };
        let Some(user) = user(name) else {
            if named.is_none() {
                let note = format!(
                    "{}; the unit's user {name} is not there: `useradd --system {name}` makes it",
                    note(own)
                );
                return Ok(Self { note, unit: None });
            }
            let what = format!("--as-user {name}: there is no such user on this machine");
            return Err(Failure::InvalidArgument(what));
        };
        if user.uid != own {
            if !own.is_root() {
                let what = format!(
                    "--as-user {name}: only root can check for another user; run it with sudo"
                );
                return Err(Failure::InvalidArgument(what));
            }
            become_them(&user, unit.as_ref().filter(|unit| unit.user() == name))
                .with_context(|| format!("cannot become the user {name}"))?;
        }
        Ok(Self { note: note(user.uid), unit: of(unit, user.uid) })
    }
}

fn note(uid: Uid) -> String {
    let name = files::user_name();
    if uid.is_root() {
        format!(
            "checked as the user {name}, who may read everything; --as-user USER checks for whom the service runs as"
        )
    } else {
        format!("checked as the user {name}")
    }
}

/// The user of a name, or of a number.
fn user(name: &str) -> Option<User> {
    let by_name = User::from_name(name).ok().flatten();
    by_name.or_else(|| User::from_uid(Uid::from_raw(name.parse().ok()?)).ok().flatten())
}

/// The unit, if it is this user's.
fn of(unit: Option<Unit>, uid: Uid) -> Option<Unit> {
    unit.filter(|unit| user(unit.user()).is_some_and(|user| user.uid == uid))
}

/// Gives all rights of root up for those of a user, in the groups that the unit says.
fn become_them(user: &User, unit: Option<&Unit>) -> anyhow::Result<()> {
    let (group, more) = unit.map(Unit::groups).unwrap_or_default();
    let gid = match group {
        Some(name) => group_of(name)?,
        None => user.gid,
    };
    let name = CString::new(user.name.as_str())?;
    let mut groups = getgrouplist(&name, gid)?;
    for name in more {
        groups.push(group_of(name)?);
    }
    setgroups(&groups)?;
    setgid(gid)?;
    setuid(user.uid)?;
    Ok(())
}

fn group_of(name: &str) -> anyhow::Result<Gid> {
    let by_name = Group::from_name(name)?.map(|group| group.gid);
    by_name
        .or_else(|| name.parse().ok().map(Gid::from_raw))
        .ok_or_else(|| anyhow!("there is no group {name}"))
}
