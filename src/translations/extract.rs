//! `otrbot extract`: all texts, from the Rust sources and the lessons, as a POT file.
//!
//! A program without its sources takes its own texts from the POT file that it carries. The file
//! has no date in it: the same texts give the same file.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use gettext::po::{Entry, FUZZY, Po, Source};

use super::{Fault, Message, lessons, remarks, rust, say, warn, write_file};

use crate::{cli, failure::Failure, lesson::library, settings::Settings};

/// All texts of the repository, as they were when the program was built.
const OWN_TEXTS: &str = include_str!("../../locales/messages.pot");

/// Where the lessons that the program carries are in the repository.
const SHIPPED_LESSONS: &str = "settings/lessons";

/// The fields of the header, as GNU gettext begins them.
const HEADER: &str = "Project-Id-Version: otrbot\n\
    Report-Msgid-Bugs-To: \n\
    PO-Revision-Date: YEAR-MO-DA HO:MI+ZONE\n\
    Last-Translator: FULL NAME <EMAIL@ADDRESS>\n\
    Language-Team: LANGUAGE <LL@li.org>\n\
    Language: \n\
    MIME-Version: 1.0\n\
    Content-Type: text/plain; charset=UTF-8\n\
    Content-Transfer-Encoding: 8bit\n\
    Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\n";

/// `otrbot extract`: writes the POT file.
///
/// # Errors
///
/// A [`Failure`] with every place where a text cannot be taken.
pub fn extract(arguments: &cli::Extract, settings: Option<PathBuf>) -> Result<(), Failure> {
    let in_repository = is_repository(Path::new("."));
    let sources = match &arguments.sources {
        Some(folder) => Some(folder.clone()),
        None => in_repository.then(|| PathBuf::from("src")),
    };
    let lessons = match (&arguments.lessons, settings) {
        (Some(folder), _) => Some(folder.clone()),
        (None, None) if in_repository => Some(PathBuf::from(SHIPPED_LESSONS)),
        (None, settings) => {
            let is_named = settings.is_some();
            let file = Settings::choose_file(settings);
            if is_named || file.exists() { Settings::load(&file)?.lessons.folder } else { None }
        }
    };
    let (pot, warnings) = if arguments.only.is_empty() {
        collect(sources.as_deref(), lessons.as_deref())?
    } else {
        collect_only(&arguments.only, lessons.as_deref())?
    };
    for warning in warnings {
        warn(&warning);
    }
    let output = &arguments.output;
    write_file(output, pot.to_string().as_bytes())?;
    let of_lessons =
        pot.messages().filter(|m| m.references.iter().any(|r| r.contains(".yaml:"))).count();
    let n = pot.messages().count();
    say(&format!("{}: {n} texts, {of_lessons} of them in lessons", output.display()));
    Ok(())
}

/// The POT file of the sources, or of the program's own texts where these are not there, and of
/// the lessons: those that the program carries, and those of a folder, in their place or besides. Beside
/// it stands what translators are not told and should be, with its place.
///
/// # Errors
///
/// A [`Failure`] with every place where a text cannot be taken.
pub fn collect(
    sources: Option<&Path>,
    folder: Option<&Path>,
) -> Result<(Po, Vec<String>), Failure> {
    let mut faults = Vec::new();
    let mut messages = match sources {
        Some(sources) => of_sources(sources, &mut faults)?,
        None => own_texts()?,
    };
    let lessons = Lessons::load(folder)?;
    for name in lessons.by_name.keys() {
        messages.extend(lessons.messages(name, &mut faults));
    }
    pot_of(messages, faults)
}

/// The POT file of some lessons, by their names or files.
///
/// # Errors
///
/// A [`Failure`]: there is no such lesson, or every place where a text cannot be taken.
fn collect_only(named: &[String], folder: Option<&Path>) -> Result<(Po, Vec<String>), Failure> {
    let (mut messages, mut faults) = (Vec::new(), Vec::new());
    for named in named {
        let path = Path::new(named);
        let (lessons, name) = match path.extension().and_then(|_| path.file_stem()) {
            Some(stem) => {
                let beside = path.parent().filter(|folder| folder.is_dir());
                let mut lessons = Lessons::load(folder)?;
                // A file may extend its neighbours; one that cannot be read is no fault of it.
                for (name, path) in library::yaml_files(beside.unwrap_or_else(|| Path::new(".")))
                    .unwrap_or_default()
                {
                    lessons.add_file(&name, &path).ok();
                }
                let name = stem.to_string_lossy().into_owned();
                lessons.add_file(&name, path)?;
                (lessons, name)
            }
            None => (Lessons::load(folder)?, named.clone()),
        };
        if !lessons.by_name.contains_key(&name) {
            let known: Vec<&str> = lessons.by_name.keys().map(String::as_str).collect();
            return Err(Failure::InvalidArgument(format!(
                "--only {named}: there is no lesson of this name; write one of {}, or the file of a \
                 lesson, such as my-lessons/{named}.yaml",
                known.join(", ")
            )));
        }
        messages.extend(lessons.messages(&name, &mut faults));
    }
    pot_of(messages, faults)
}

/// The POT file of messages, and which placeholders nobody explains.
fn pot_of(
    mut messages: Vec<Message>,
    mut faults: Vec<Fault>,
) -> Result<(Po, Vec<String>), Failure> {
    let mut warnings = Vec::new();
    for message in &mut messages {
        for name in remarks::explain(message) {
            warnings.push(format!(
                "{}: translators are not told what {name} stands for; write a comment \
                 \"// i18n: {name} is …\" above the text",
                message.reference
            ));
        }
    }
    let entries = join(messages, &mut faults);
    if faults.is_empty() {
        return Ok((Po { entries: [vec![header()], entries].concat(), ..Po::default() }, warnings));
    }
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Err(Failure::BadSetting(faults.join("\n")))
}

/// Whether a folder is that of otrbot's sources.
fn is_repository(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "name = \"otrbot\"") && folder.join("src").is_dir()
}

fn header() -> Entry {
    Entry {
        translator_comments: vec![
            "Texts of otrbot, made by `otrbot extract`.".to_owned(),
            String::new(),
        ],
        flags: vec![FUZZY.to_owned()],
        translations: vec![HEADER.to_owned()],
        ..Entry::default()
    }
}

fn of_sources(folder: &Path, faults: &mut Vec<Fault>) -> Result<Vec<Message>, Failure> {
    let mut files = Vec::new();
    rust_files(folder, &mut files).map_err(|error| super::unreadable(folder, &error))?;
    files.sort();
    let mut messages = Vec::new();
    for path in files {
        let code = fs::read_to_string(&path).map_err(|error| super::unreadable(&path, &error))?;
        match rust::messages(&name(&path), &code) {
            Ok(found) => messages.extend(found),
            Err(found) => faults.extend(found),
        }
    }
    Ok(messages)
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|kind| kind == "rs") && !rust::is_test(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// The texts of the program itself, from the POT file that it carries.
fn own_texts() -> Result<Vec<Message>, Failure> {
    let pot = Po::parse(OWN_TEXTS.as_bytes()).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        Failure::Unknown(anyhow::anyhow!("built in: messages.pot:{first}"))
    })?;
    let mut messages = Vec::new();
    for entry in pot.messages() {
        let is_own = |reference: &&String| reference.contains(".rs:");
        for reference in entry.references.iter().filter(is_own) {
            messages.push(Message {
                source: entry.source.clone(),
                reference: reference.clone(),
                // Remarks on a lesson are made anew.
                comments: entry
                    .extracted_comments
                    .iter()
                    .filter(|comment| !comment.starts_with("lesson "))
                    .cloned()
                    .collect(),
                flags: entry.flags.clone(),
            });
        }
    }
    Ok(messages)
}

/// Lessons as they are written, by name: their file for references, and their YAML.
struct Lessons {
    by_name: BTreeMap<String, (String, String)>,
}

impl Lessons {
    /// Those that the program carries, and those of a folder.
    fn load(folder: Option<&Path>) -> Result<Self, Failure> {
        let of_program = library::built_in().map(|(lesson, yaml)| {
            let file = format!("{SHIPPED_LESSONS}/{lesson}.yaml");
            (lesson.to_owned(), (file, yaml.to_owned()))
        });
        let mut lessons = Self { by_name: of_program.collect() };
        if let Some(folder) = folder {
            lessons.add_folder(folder)?;
        }
        Ok(lessons)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let files = library::yaml_files(folder).map_err(|e| super::unreadable(folder, &e))?;
        files.iter().try_for_each(|(lesson, path)| self.add_file(lesson, path))
    }

    fn add_file(&mut self, lesson: &str, path: &Path) -> Result<(), Failure> {
        let yaml = library::read(path)
            .map_err(|error| Failure::unreadable(&path.display().to_string(), &error))?;
        self.by_name.insert(lesson.to_owned(), (name(path), yaml));
        Ok(())
    }

    /// The texts of a lesson. All are the lessons that it may extend.
    fn messages(&self, lesson: &str, faults: &mut Vec<Fault>) -> Vec<Message> {
        let Some((file, yaml)) = self.by_name.get(lesson) else { return Vec::new() };
        let bases: BTreeMap<String, String> =
            self.by_name.iter().map(|(name, (_, yaml))| (name.clone(), yaml.clone())).collect();
        match lessons::messages(lesson, file, yaml, &bases) {
            Ok(found) => found,
            Err(found) => {
                faults.extend(found);
                Vec::new()
            }
        }
    }
}

/// A path as references have it: with slashes, and from the working folder on.
fn name(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let parts = path.components().filter(|part| *part != std::path::Component::CurDir);
    parts.collect::<PathBuf>().to_string_lossy().replace('\\', "/")
}

/// One entry for each text, in the order of their first places.
fn join(messages: Vec<Message>, faults: &mut Vec<Fault>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut by_key: HashMap<String, usize> = HashMap::new();
    for message in messages {
        if let Some(what) = unwritable(&message.source) {
            let (file, line) = message.reference.rsplit_once(':').unwrap_or_default();
            faults.push(Fault::new(file, line.parse().unwrap_or(1), what));
            continue;
        }
        let next = entries.len();
        let ix = *by_key.entry(message.source.key()).or_insert(next);
        let Some(entry) = entries.get_mut(ix) else {
            entries.push(entry(message));
            continue;
        };
        match (&entry.source.plural, &message.source.plural) {
            (Some(there), Some(other)) if there != other => {
                let (file, line) = message.reference.rsplit_once(':').unwrap_or_default();
                let what = format!("the text has another plural before, {there:?}");
                faults.push(Fault::new(file, line.parse().unwrap_or(1), &what));
            }
            (None, Some(plural)) => {
                entry.source.plural = Some(plural.clone());
                entry.translations = vec![String::new(); 2];
            }
            _ => {}
        }
        add_new(&mut entry.references, vec![message.reference]);
        add_new(&mut entry.extracted_comments, message.comments);
        add_new(&mut entry.flags, message.flags);
    }
    entries
}

/// Why a PO file cannot have a text.
fn unwritable(source: &Source) -> Option<&'static str> {
    let Source { context, text, plural } = source;
    if context.is_none() && text.is_empty() {
        return Some("the text is empty; that is the header of a PO file; write a text");
    }
    let mut texts = [context.as_deref(), Some(text), plural.as_deref()].into_iter().flatten();
    texts
        .any(|text| text.contains(['\0', '\u{4}']))
        .then_some("the text has a NUL or U+0004 in it, which a PO file cannot have; take it out")
}

fn entry(message: Message) -> Entry {
    let Message { source, reference, comments, flags } = message;
    let n_forms = if source.plural.is_some() { 2 } else { 1 };
    Entry {
        extracted_comments: comments,
        references: vec![reference],
        flags,
        translations: vec![String::new(); n_forms],
        source: Source { ..source },
        ..Entry::default()
    }
}

fn add_new(there: &mut Vec<String>, more: Vec<String>) {
    for item in more {
        if !there.contains(&item) {
            there.push(item);
        }
    }
}
