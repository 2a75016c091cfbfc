//! `otrbot check`: every problem at once.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use super::{assemble, exposed::exposed, judged::Judged, unworkable};

use crate::{
    authoring::coverage,
    cli,
    failure::Failure,
    http::assets::Assets,
    i18n, keys,
    lesson::{Library, library},
    settings::{Consumer, Problem, ProblemKind, Settings, SettingsError},
    store::Store,
};

/// Reads settings, lessons, locales, files of the pages and keys, and says all that is wrong with
/// them; and warns of ways and files that are less safe than they could be.
///
/// # Errors
///
/// [`Failure::BadSetting`] or its kin, with every problem on a line of its own.
pub fn check(file: &Path, arguments: &cli::Check) -> Result<(), Failure> {
    let judged = Judged::take(arguments.as_user.as_deref())?;
    let checked = check_for(file, &judged);
    // A closed pipe is no fault of the settings.
    match checked {
        Ok(notes) => {
            let mut out = std::io::stdout();
            for note in std::iter::once(judged.note).chain(notes) {
                drop(writeln!(out, "note: {note}"));
            }
            drop(writeln!(out, "{}: no problems", file.display()));
            Ok(())
        }
        Err(failure) => {
            drop(writeln!(std::io::stderr(), "otrbot: note: {}", judged.note));
            Err(failure)
        }
    }
}

/// The same, for one user; what is to be noted where nothing is wrong.
fn check_for(file: &Path, judged: &Judged) -> Result<Vec<String>, Failure> {
    let (settings, first) = match Settings::load(file) {
        Ok(settings) => (settings, Vec::new()),
        // One fault does not hide the others.
        Err(SettingsError::Faults { problems, read: Some(read) }) => (*read, problems),
        Err(error) => return Err(error.into()),
    };
    let is_told = |section: &str| first.iter().any(|problem| problem.key.starts_with(section));
    let mut problems = Vec::new();
    if !is_told("tls")
        && let Err(failure) = assemble::tls(&settings)
    {
        problems.push(failure.to_string());
    }
    let folder = settings.locales_folder.as_deref().filter(|_| !is_told("locales_folder"));
    let (catalogs, faults) = i18n::load(folder);
    let (doubts, faults): (Vec<_>, Vec<_>) = faults.into_iter().partition(i18n::Problem::is_doubt);
    problems.extend(faults.iter().map(ToString::to_string));
    let folder = settings.static_folder.as_deref().filter(|_| !is_told("static_folder"));
    let (_, faults) = Assets::load(folder);
    problems.extend(faults);
    let mut warnings: Vec<String> = doubts.iter().map(ToString::to_string).collect();
    warnings.extend_from_slice(catalogs.formal());
    warnings.extend(coverage::incomplete_program(&catalogs));
    let said = |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.to_string());
    problems.extend(unworkable::public_url(&settings).map(|problem| problem.to_string()));
    problems.extend(said(unworkable::unknown_locales(&settings, &catalogs)));
    problems.extend(said(unworkable::fatal(&settings, judged.unit.as_ref())));
    if let Some(unit) = &judged.unit {
        let hidden = said(unworkable::out_of_sight(&settings, unit));
        // The service may run with others than these.
        if unit.runs_with(file) {
            problems.extend(hidden);
        } else {
            warnings.extend(hidden);
        }
    }
    match assemble::lessons(&settings) {
        _ if is_told("lessons.folder") => {}
        Ok(lessons) if lessons.find(&settings.lessons.default).is_none() => {
            problems.push(assemble::no_default_lesson(&settings));
        }
        Ok(lessons) => {
            warnings.extend(said(unworkable::unknown_lessons(&settings, &lessons)));
            warnings.extend(doubts_of_folder(&settings, &lessons));
            warnings.extend(lessons.iter().flat_map(|(name, lesson)| {
                let name = format!("lesson {name}");
                coverage::incomplete(&name, &coverage::of_lesson(lesson, &catalogs))
            }));
        }
        Err(faults) => problems.extend(faults),
    }
    for (jid, account) in &settings.xmpp.accounts {
        let of_account = format!("xmpp.accounts.{jid}.");
        if let Some(path) = &account.private_key
            && !is_told(&format!("{of_account}private_key"))
        {
            match keys::choose(path, jid) {
                Ok(chosen) => warnings.extend(chosen.notes),
                Err(error) => problems.push(error.to_string()),
            }
        }
        if let Err(failure) = assemble::avatar(&settings, jid) {
            problems.push(failure.to_string());
        }
        if account.password.is_none() && !is_told(&format!("{of_account}password")) {
            let key = format!("xmpp.accounts.{jid}.password");
            let what = "is missing; give it there or in password_file";
            problems.push(settings.fault(&key, what).to_string());
        }
    }
    let has_none = settings.xmpp.default_account.is_none() && settings.xmpp.component.is_none();
    if has_none && !is_told("xmpp") {
        let what = "is missing; name one of xmpp.accounts";
        problems.push(settings.fault("xmpp.default_account", what).to_string());
    }
    match Store::weakness(&settings.store) {
        Ok(weakness) => {
            let at_store = |weakness| settings.fault("store", weakness).to_string();
            warnings.extend(weakness.map(at_store));
        }
        Err(error) => problems.push(settings.fault("store", error.to_string()).to_string()),
    }
    warnings.extend(exposed(&settings));
    let (futile, doubts): (Vec<_>, Vec<_>) =
        settings.doubts.iter().partition(|doubt| doubt.kind == ProblemKind::Futile);
    problems.extend(futile.into_iter().map(ToString::to_string));
    warnings.extend(doubts.into_iter().map(ToString::to_string));
    for warning in warnings {
        // A warning that cannot be shown is no reason to stop.
        drop(writeln!(std::io::stderr(), "otrbot: warning: {warning}"));
    }
    refuse(&first, problems)?;
    let consumers = Some(&settings.lti.consumers).filter(|_| settings.lti.enabled);
    Ok(consumers.and_then(frames).into_iter().collect())
}

/// All faults in one: those of reading the settings, and those found afterwards.
fn refuse(first: &[Problem], mut problems: Vec<String>) -> Result<(), Failure> {
    // What is at fault has its default afterwards, which is not to be blamed.
    let is_of = |told: &String, problem: &Problem| {
        let key = &problem.key;
        [format!(": {key}: "), format!(": {key}.")].iter().any(|key| told.contains(key))
    };
    problems.retain(|told| !first.iter().any(|problem| is_of(told, problem)));
    let is_missing =
        !first.is_empty() && first.iter().all(|problem| problem.kind == ProblemKind::Missing);
    let told: Vec<String> = first.iter().map(ToString::to_string).chain(problems).collect();
    match told.join("\n") {
        told if told.is_empty() => Ok(()),
        told if is_missing => Err(Failure::MissingDependency(told)),
        told => Err(Failure::BadSetting(told)),
    }
}

/// Files of the folder of lessons that are not read, and lessons that nobody can tell apart.
fn doubts_of_folder(settings: &Settings, lessons: &Library) -> Vec<String> {
    let by_name = lessons.iter().map(|(name, lesson)| (name, &**lesson));
    let titles = library::same_titles(by_name).into_iter();
    let titles = titles.map(|(name, doubt)| format!("lesson {name}: {}", doubt.kind));
    let files = settings.lessons.folder.as_deref();
    // That the folder cannot be read is a fault, and told by that.
    let files = files.and_then(|folder| library::file_doubts(folder).ok()).unwrap_or_default();
    let files = files.iter().map(|doubt| format!("{}: {doubt}", doubt.path.display()));
    files.chain(titles).collect()
}

/// Who may show pages in a frame where the settings leave it to launches, and when that is too little.
fn frames(consumers: &BTreeMap<String, Consumer>) -> Option<String> {
    let consumers = consumers.iter().filter(|(_, known)| known.frame_ancestors.is_empty());
    let keys: Vec<&str> = consumers.map(|(key, _)| key.as_str()).collect();
    (!keys.is_empty()).then(|| {
        format!(
            "lti.consumers: frame_ancestors is not set for {}: pages may be shown by Canvas's hosts and \
             by those that a launch names in its addresses. An LMS that shows tools from a second \
             host needs both there, such as Open edX with its learning front end: \
             frame_ancestors: [\"https://courses.example.org\", \"https://apps.courses.example.org\"]",
            keys.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_not_said_who_may_show_pages_is_told_what_to_say() {
        let mut consumers = BTreeMap::new();
        assert_eq!(frames(&consumers), None);
        for (key, sources) in [("canvas", &[][..]), ("edx", &["https://lms.example"]), ("x", &[])] {
            let frame_ancestors = sources.iter().map(|source| (*source).to_owned()).collect();
            let consumer = Consumer {
                secret: "secret".into(),
                previous_secret: None,
                frame_ancestors,
                contact: None,
            };
            consumers.insert(key.to_owned(), consumer);
        }

        let note = frames(&consumers).unwrap();
        assert!(note.contains("is not set for canvas, x: "), "{note}");
        assert!(note.contains("frame_ancestors: [\"https://"), "{note}");
    }
}
