//! Files that hold passwords, keys or what learners gave, and that other accounts of this machine may
//! read.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use nix::unistd::{Gid, Group, Uid, User};

use crate::{settings::Settings, store::Store};

/// The group of the package's service, to which root gives files to read.
const SERVICE_GROUP: &str = "otrbot";

/// What a file holds that is not for everybody.
#[derive(Clone, Copy)]
enum Content {
    /// For who runs the bot; root may own it, and have it read by way of its group.
    Secrets,
    /// The daemon's own.
    Database,
}

/// The files that are to be closed, with what does so.
pub(super) fn exposed(settings: &Settings) -> Vec<String> {
    let secrets = settings.secret_files.iter().map(|file| (file.clone(), Content::Secrets));
    let database = Store::file_of(&settings.store).map(|file| (file, Content::Database));
    secrets.chain(database).filter_map(|(file, content)| warning(&file, content)).collect()
}

fn warning(file: &Path, content: Content) -> Option<String> {
    // What is not there is nobody's to read.
    let known = fs::metadata(file).ok()?;
    let has_readers = known.mode() & 0o040 != 0;
    let is_closed = is_closed(&known);
    let readers = if known.mode() & 0o006 != 0 {
        "every account of this machine"
    } else if known.mode() & 0o060 != 0 && !is_closed {
        "its group"
    } else {
        return None;
    };
    let may = match known.mode() & 0o066 {
        mode if mode & 0o044 == 0 => "may change it",
        mode if mode & 0o022 == 0 => "may read it",
        _ => "may read and change it",
    };
    let shown = quoted(file);
    let (holds, remedy) = match content {
        Content::Database => {
            ("names, Jabber IDs and secrets of learners", format!("chmod 600 {shown}"))
        }
        Content::Secrets => {
            let has_service = || matches!(Group::from_name(SERVICE_GROUP), Ok(Some(_)));
            let judged = Uid::effective();
            let own_group = || User::from_uid(judged).ok().flatten().map(|user| user.gid);
            let remedy = if !judged.is_root() && known.uid() != judged.as_raw() {
                // It is somebody else's, so that the one for whom it is meant needs the group.
                let group = own_group().and_then(|gid| Group::from_gid(gid).ok().flatten());
                let group = group.map_or_else(|| "GROUP".to_owned(), |group| group.name);
                format!("chgrp {group} {shown} && chmod 640 {shown}")
            } else if has_readers && is_closed && known.gid() != 0 {
                format!("chmod 640 {shown}")
            } else if known.uid() == 0 && has_service() {
                // Without its group the service could not read it any more.
                format!("chown root:{SERVICE_GROUP} {shown} && chmod 640 {shown}")
            } else {
                format!("chmod 600 {shown}")
            };
            ("passwords or secrets", remedy)
        }
    };
    let (path, mode) = (file.display(), known.mode() & 0o777);
    Some(format!("{path} holds {holds}, and {readers} {may} (mode {mode:o}): {remedy}"))
}

/// Whether the group of a file lets nobody read it for whom it is not meant: it is the one of its
/// owner alone, of root, of who asks, or the service's.
fn is_closed(known: &Metadata) -> bool {
    let Ok(Some(group)) = Group::from_gid(Gid::from_raw(known.gid())) else {
        // In a container there may be no name for either.
        return known.gid() == known.uid();
    };
    let is_own = |uid: Uid| {
        let user = User::from_uid(uid).ok().flatten();
        user.is_some_and(|user| {
            user.gid == group.gid
                && user.name == group.name
                && group.mem.iter().all(|name| *name == user.name || name == "root")
        })
    };
    group.name == SERVICE_GROUP
        || [Uid::from_raw(known.uid()), Uid::from_raw(0), Uid::effective()].into_iter().any(is_own)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    if path.chars().all(is_plain) && !path.starts_with('-') {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}
