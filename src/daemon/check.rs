//! `otrbot check`: every problem at once.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use super::{assemble, exposed::exposed, gone};

use crate::{
    authoring::coverage,
    failure::Failure,
    http::assets::Assets,
    i18n, keys,
    settings::{Consumer, Settings},
    store::Store,
};

/// Reads settings, lessons, locales, files of the pages and keys, and says all that is wrong with
/// them; and warns of ways and files that are less safe than they could be.
///
/// # Errors
///
/// [`Failure::BadSetting`] or its kin, with every problem on a line of its own.
pub fn check(file: &Path) -> Result<(), Failure> {
    let settings = Settings::load(file)?;
    let mut problems = Vec::new();
    if let Err(failure) = assemble::tls(&settings) {
        problems.push(failure.to_string());
    }
    let (catalogs, faults) = i18n::load(settings.locales_folder.as_deref());
    problems.extend(faults.iter().map(ToString::to_string));
    let (_, faults) = Assets::load(settings.static_folder.as_deref());
    problems.extend(faults);
    let mut warnings = coverage::incomplete_program(&catalogs);
    match assemble::lessons(&settings) {
        Ok(lessons) if lessons.find(&settings.lessons.default).is_none() => {
            problems.push(assemble::no_default_lesson(&settings));
        }
        Ok(lessons) => {
            warnings.extend(gone::unknown_lessons(&settings, &lessons));
            warnings.extend(lessons.iter().flat_map(|(name, lesson)| {
                let coverage = coverage::of_lesson(lesson, &catalogs);
                coverage::incomplete(&format!("lesson {name}"), &coverage)
            }));
        }
        Err(faults) => problems.extend(faults),
    }
    for (jid, account) in &settings.xmpp.accounts {
        if let Some(path) = &account.private_key {
            match keys::choose(path, jid) {
                Ok(chosen) => warnings.extend(chosen.notes),
                Err(error) => problems.push(error.to_string()),
            }
        }
        if let Err(failure) = assemble::avatar(&settings, jid) {
            problems.push(failure.to_string());
        }
        if account.password.is_none() {
            problems.push(format!(
                "{}: xmpp.accounts.{jid}.password: is missing; give it there or in password_file",
                file.display()
            ));
        }
    }
    if settings.xmpp.default_account.is_none() && settings.xmpp.component.is_none() {
        problems.push(format!(
            "{}: xmpp.default_account: is missing; name one of xmpp.accounts",
            file.display()
        ));
    }
    match Store::weakness(&settings.store) {
        Ok(weakness) => {
            let at_store = |weakness| format!("{}: store: {weakness}", file.display());
            warnings.extend(weakness.map(at_store));
        }
        Err(error) => problems.push(format!("{}: store: {error}", file.display())),
    }
    warnings.extend(exposed(&settings));
    warnings.extend(settings.doubts.iter().map(ToString::to_string));
    for warning in warnings {
        // A warning that cannot be shown is no reason to stop.
        drop(writeln!(std::io::stderr(), "otrbot: warning: {warning}"));
    }
    if !problems.is_empty() {
        return Err(Failure::BadSetting(problems.join("\n")));
    }
    // A closed pipe is no fault of the settings.
    let mut out = std::io::stdout();
    let consumers = Some(&settings.lti.consumers).filter(|_| settings.lti.enabled);
    if let Some(note) = consumers.and_then(frames) {
        drop(writeln!(out, "note: {note}"));
    }
    drop(writeln!(out, "{}: no problems", file.display()));
    Ok(())
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
