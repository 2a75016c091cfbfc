//! Settings that can be understood, and cannot work on this machine or together: `check` names them as
//! faults, and what starts in spite of them as warnings.

use std::{
    fs,
    io::ErrorKind,
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use gettext::Catalogs;
use nix::{
    errno::Errno,
    unistd::{AccessFlags, access},
};

use super::unit::Unit;
use crate::{
    files::{self, Unreadable},
    lesson::Library,
    settings::{Problem, Settings},
    store::Store,
};

/// The first port that needs no right of its own.
const FIRST_FREE_PORT: u16 = 1024;

/// An address of the pages at which none are.
pub(super) fn public_url(settings: &Settings) -> Option<Problem> {
    let lti = &settings.lti;
    let url = &lti.public_url;
    let what = if url.query().is_some() { "a query" } else { "a path" };
    if !lti.enabled || (matches!(url.path(), "" | "/") && url.query().is_none()) {
        return None;
    }
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    Some(settings.fault(
        "lti.public_url",
        format!(
            "has {what}, and the pages are at the root of a host alone: the LMS launches POST /, and forms \
             lead to /enter_jid and so on; write {root} and give the bot a host name of its own"
        ),
    ))
}

/// That nobody has texts in the default language.
pub(super) fn no_texts(settings: &Settings, catalogs: &Catalogs) -> Problem {
    let what = format!(
        "there are no texts in {}, so that learners get English; the languages are {}",
        settings.default_locale,
        known_locales(catalogs)
    );
    settings.fault("default_locale", what)
}

/// Languages that the settings name and nobody has.
pub(super) fn unknown_locales(settings: &Settings, catalogs: &Catalogs) -> Vec<Problem> {
    let has_texts = |locale: &str| catalogs.clone().set_default(locale);
    let mut problems = Vec::new();
    if !has_texts(&settings.default_locale) {
        problems.push(no_texts(settings, catalogs));
    }
    for (jid, listed) in &settings.xmpp.whitelist {
        if let Some(locale) = listed.locale.as_deref().filter(|locale| !has_texts(locale)) {
            let key = format!("xmpp.whitelist.{jid}.locale");
            let what = format!(
                "there are no texts in {locale}, so that {jid} gets the default language; the languages are {}",
                known_locales(catalogs)
            );
            problems.push(settings.fault(&key, what));
        }
    }
    problems
}

fn known_locales(catalogs: &Catalogs) -> String {
    catalogs.iter().map(|catalog| catalog.locale()).collect::<Vec<_>>().join(", ")
}

/// Lessons that the whitelist names and nobody has.
pub(super) fn unknown_lessons(settings: &Settings, lessons: &Library) -> Vec<Problem> {
    let named = settings.xmpp.whitelist.iter().filter_map(|(jid, listed)| {
        let lesson = listed.lesson.as_deref().filter(|lesson| lessons.resolve(lesson).is_none())?;
        Some((format!("xmpp.whitelist.{jid}.lesson"), lesson))
    });
    let known = || lessons.iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    let fault = |(key, lesson): (String, &str)| {
        settings.fault(
            &key,
            format!(
                "there is no lesson named {lesson:?}, and {:?} is taught in its place; the lessons are {}",
                settings.lessons.default,
                known()
            ),
        )
    };
    named.map(fault).collect()
}

/// What the start of the bot would end with: addresses, and the place of the store.
pub(super) fn fatal(settings: &Settings, unit: Option<&Unit>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lti = &settings.lti;
    if lti.enabled && overlap(lti.bind, settings.metrics_bind) {
        problems.push(settings.fault("lti.bind", same_address(settings)));
    }
    let mut binds = vec![("metrics.bind", settings.metrics_bind)];
    if lti.enabled {
        binds.push(("lti.bind", lti.bind));
    }
    let may_low = unit.is_some_and(Unit::may_have_low_ports);
    for (key, address) in binds {
        if let Some(why) = unbindable(address, may_low) {
            problems.push(settings.fault(key, why));
        }
    }
    if let Some(why) = Store::file_of(&settings.store).and_then(|file| unusable(&file)) {
        problems.push(settings.fault("store", why));
    }
    if settings.tls.enabled
        && !settings.xmpp.accounts.is_empty()
        && let Some(file) = &settings.tls.ca_certs
        && let Err(why) = files::look(file)
    {
        let what = format!("names the file {}, which {why}", file.display());
        problems.push(settings.fault("tls.ca_certs", what));
    }
    problems
}

/// That pages and metrics have one address.
pub(super) fn same_address(settings: &Settings) -> String {
    let (bind, other) = (settings.lti.bind, settings.metrics_bind);
    let port = bind.port().checked_add(1).unwrap_or(5000);
    format!(
        "{bind} is the address of metrics.bind as well ({other}): two servers cannot have one port; take \
         another one, such as {}",
        SocketAddr::new(bind.ip(), port)
    )
}

/// Whether two servers would want the same port of the same address. `::` takes those of IPv4 as well.
pub(super) fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_all = |ip: IpAddr| ip.is_unspecified();
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    let covers = |all: IpAddr, ip: IpAddr| is_all(all) && (all.is_ipv6() || ip.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (a == b || covers(a, b) || covers(b, a))
}

/// Why nobody can listen at an address. Whether somebody does just now is left to the start: it may be
/// the bot itself.
fn unbindable(address: SocketAddr, may_low: bool) -> Option<String> {
    if let Err(error) = TcpListener::bind(SocketAddr::new(address.ip(), 0)) {
        return Some(cannot_listen(address, &error));
    }
    if address.port() == 0 || address.port() >= FIRST_FREE_PORT || may_low {
        return None;
    }
    let error = TcpListener::bind(address).err()?;
    (error.kind() == ErrorKind::PermissionDenied).then(|| cannot_listen(address, &error))
}

/// Why nobody can listen at an address, and what to do.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
pub(super) fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> String {
    let (ip, port) = (address.ip(), address.port());
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program has the port, perhaps another otrbot; `ss -ltnp \
             'sport = :{port}'` names it; end it, or take another port"
        ),
        ErrorKind::AddrNotAvailable => format!(
            "cannot listen on {address}: this machine has no address {ip}; `ip address` shows those that it \
             has; 127.0.0.1 is for a proxy on it, 0.0.0.0 is all of them"
        ),
        ErrorKind::PermissionDenied => format!(
            "cannot listen on {address}: the user {} may not have ports below 1024; take one from 1024 on, \
             behind a proxy, or give the unit AmbientCapabilities=CAP_NET_BIND_SERVICE and \
             CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
            files::user_name()
        ),
        _ if error.raw_os_error().map(Errno::from_raw) == Some(Errno::EAFNOSUPPORT) => format!(
            "cannot listen on {address}: this machine has no {}",
            if ip.is_ipv6() { "IPv6; take an address of IPv4" } else { "IPv4" }
        ),
        _ => format!("cannot listen on {address}: {error}"),
    }
}

/// Why the file of a database cannot be used by who asks.
fn unusable(file: &Path) -> Option<String> {
    let path = file.display();
    let user = files::user_name();
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    if let Err(error) = fs::metadata(folder.join(".")) {
        let why = Unreadable::from_io(&folder, error);
        let remedy = if why.is_absent() {
            format!("; make it, and give it to the user {user}")
        } else {
            String::new()
        };
        return Some(format!("names {path}, and the folder {} {why}{remedy}", folder.display()));
    }
    if file.is_dir() {
        return Some(format!("names {path}, which is a folder; name a file in it"));
    }
    let may_write = AccessFlags::W_OK | AccessFlags::X_OK;
    if let Err(error) = access(folder.as_path(), may_write) {
        let folder = folder.display();
        return Some(if error == Errno::EROFS {
            format!("names {path}, and the disk of {folder} is read-only")
        } else {
            format!(
                "names {path}, and the user {user} may not write into {folder}, which the database needs \
                 (for files beside it, too); chown it to that user"
            )
        });
    }
    if file.exists() && access(file, AccessFlags::R_OK | AccessFlags::W_OK).is_err() {
        return Some(format!(
            "names {path}, which is there, but the user {user} may not read and write it; chown it to that \
             user, with the files beside it"
        ));
    }
    None
}

/// What the sandbox of the service keeps from it. Where it runs with other settings than these, that is
/// not said.
pub(super) fn out_of_sight(settings: &Settings, unit: &Unit) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut files: Vec<(String, PathBuf)> = vec![(String::new(), settings.file.clone())];
    let secrets = settings.secret_files.iter().filter(|file| **file != settings.file);
    files.extend(secrets.map(|file| (String::new(), file.clone())));
    let named = [
        ("tls.ca_certs", &settings.tls.ca_certs),
        ("lessons.folder", &settings.lessons.folder),
        ("locales_folder", &settings.locales_folder),
        ("static_folder", &settings.static_folder),
    ];
    let named = named.into_iter().filter_map(|(key, file)| Some((key.to_owned(), file.clone()?)));
    files.extend(named);
    for (jid, account) in &settings.xmpp.accounts {
        let key = |name: &str| format!("xmpp.accounts.{jid}.{name}");
        files.extend(account.private_key.iter().map(|file| (key("private_key"), file.clone())));
        let avatar = account.avatar_file.iter().map(|(file, _)| (key("avatar_file"), file.clone()));
        files.extend(avatar);
    }
    for (key, file) in files {
        if let Some(why) = unit.hides(&file) {
            problems.push(settings.fault(&key, format!("{} {why}", file.display())));
        }
    }
    if let Some(file) = Store::file_of(&settings.store) {
        let folder = file.parent().unwrap_or_else(|| Path::new("/"));
        if let Some(why) = unit.hides(&file).or_else(|| unit.protects(folder)) {
            problems.push(settings.fault("store", format!("{} {why}", file.display())));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_overlap_where_one_is_all_of_them() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (one, other) in [
            ("127.0.0.1:5000", "127.0.0.1:5000"),
            ("0.0.0.0:5000", "127.0.0.1:5000"),
            ("127.0.0.1:5000", "0.0.0.0:5000"),
            ("[::]:5000", "127.0.0.1:5000"),
            ("[::1]:5000", "[::]:5000"),
            ("[::ffff:127.0.0.1]:5000", "127.0.0.1:5000"),
        ] {
            assert!(overlap(at(one), at(other)), "{one} {other}");
        }
        for (one, other) in [
            ("127.0.0.1:5000", "127.0.0.1:5001"),
            ("127.0.0.1:5000", "127.0.0.2:5000"),
            ("0.0.0.0:5000", "[::1]:5000"),
            ("127.0.0.1:0", "127.0.0.1:0"),
        ] {
            assert!(!overlap(at(one), at(other)), "{one} {other}");
        }
    }

    #[test]
    fn an_address_of_another_machine_is_told_from_one_that_is_taken() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();

        assert_eq!(unbindable(address, false), None);
        let in_use = TcpListener::bind(address).unwrap_err();
        assert!(cannot_listen(address, &in_use).contains("another program has the port"));
        let said = unbindable("192.0.2.1:5000".parse().unwrap(), false).unwrap();
        assert!(said.contains("this machine has no address 192.0.2.1"), "{said}");
    }
}
