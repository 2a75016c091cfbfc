//! Lessons as they are written: those built in, those of the settings, and files.

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    failure::Failure,
    files::Unreadable,
    lesson::{self, Doubt, Fault, Lesson, library},
    settings::Settings,
};

/// What stands in front of the names of files that the program carries.
pub(super) const BUILT_IN: &str = "built in: ";

/// A lesson as it is written.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its file, or where else it is, for messages to people.
    pub file: String,
    /// Its YAML.
    pub yaml: String,
}

/// All lessons that there are, by name, and what the settings say of them.
#[derive(Debug)]
pub struct Sources {
    by_name: BTreeMap<String, Source>,
    /// What `${name}` stands for.
    pub variables: BTreeMap<String, String>,
    /// The name of the lesson of those who name none.
    pub default: String,
    /// The folder of translations that the settings name.
    pub locales: Option<PathBuf>,
    /// Whether the settings let the bot begin SMP.
    pub may_start_smp: bool,
    /// Whom learners in trouble can turn to, as the settings say for all of them.
    pub contact: Option<String>,
    /// What is wrong with lessons that could not be read.
    pub unreadable: Vec<String>,
    /// What is probably a slip among the files of the folder.
    pub file_doubts: Vec<String>,
    /// What is wrong with files that could not be read, by name: of the folder, and of neighbours.
    closed: BTreeMap<String, String>,
}

impl Sources {
    /// Reads all lessons. Without a file of settings, those that are built in.
    ///
    /// # Errors
    ///
    /// Those of settings that are named. The usual file of settings may be faulty or missing: an
    /// author is not an administrator.
    pub fn load(settings: Option<PathBuf>) -> Result<Self, Failure> {
        let is_named = settings.is_some();
        let file = Settings::choose_file(settings);
        let settings = if is_named {
            Some(Settings::load(&file)?)
        } else if file.exists() {
            let settings = Settings::load(&file).ok();
            if settings.is_none() {
                warn(&format!(
                    "{}: has faults, and is not used; `otrbot check` names them",
                    file.display()
                ));
            }
            settings
        } else {
            None
        };
        let mut sources = Self {
            by_name: BTreeMap::new(),
            variables: Settings::default_format_strings(),
            default: "basics".to_owned(),
            locales: None,
            may_start_smp: false,
            contact: None,
            unreadable: Vec::new(),
            file_doubts: Vec::new(),
            closed: BTreeMap::new(),
        };
        for (name, yaml) in library::built_in() {
            sources.add(name, format!("{BUILT_IN}{name}.yaml"), yaml.to_owned());
        }
        if let Some(settings) = settings {
            if let Some(folder) = &settings.lessons.folder {
                sources.add_folder(folder);
            }
            sources.variables = settings.format_strings;
            sources.default = settings.lessons.default;
            sources.locales = settings.locales_folder;
            sources.may_start_smp = settings.otr.may_start_smp;
            sources.contact = settings.lessons.contact;
        }
        Ok(sources)
    }

    fn add(&mut self, name: &str, file: String, yaml: String) {
        self.by_name.insert(name.to_owned(), Source { name: name.to_owned(), file, yaml });
    }

    fn add_folder(&mut self, folder: &Path) {
        // That the folder cannot be read is told below.
        for doubt in library::file_doubts(folder).unwrap_or_default() {
            self.file_doubts.push(format!("{}: warning: {doubt}", doubt.path.display()));
        }
        match library::yaml_files(folder) {
            Ok(files) => {
                let unreadable = self.add_files(files);
                self.unreadable.extend(unreadable);
            }
            Err(error) => {
                let error = Unreadable::from_io(folder, error);
                self.unreadable.push(error.told(&folder.display().to_string()));
            }
        }
    }

    /// Adds files by name; why some cannot be read, which is told where a lesson extends them, too.
    fn add_files(&mut self, files: BTreeMap<String, PathBuf>) -> Vec<String> {
        let mut unreadable = Vec::new();
        for (name, path) in files {
            let file = path.display().to_string();
            match library::read(&path) {
                Ok(yaml) => self.add(&name, file, yaml),
                Err(error) => {
                    let told = error.told(&file);
                    self.closed.insert(name, told.clone());
                    unreadable.push(told);
                }
            }
        }
        unreadable
    }

    /// All lessons, in the order of their names.
    pub fn all(&self) -> Vec<Source> {
        self.by_name.values().cloned().collect()
    }

    /// The lesson of a name or of a file, whose ending `.yaml` can be left out. A file may extend its
    /// neighbours.
    ///
    /// # Errors
    ///
    /// There is no such lesson or file.
    pub fn choose(&mut self, named: &str) -> Result<Source, Failure> {
        let path = Path::new(named);
        let is_yaml = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
        let is_file = is_yaml || path.components().count() > 1;
        if !is_file && let Some(source) = self.by_name.get(named) {
            return Ok(source.clone());
        }
        let whole = PathBuf::from(format!("{named}.yaml"));
        let path = if !is_yaml && !path.is_file() && whole.is_file() { &whole } else { path };
        if !is_file && !path.exists() {
            return Err(Failure::InvalidArgument(self.no_lesson(named)));
        }
        if let Some(what) = self.no_file(path) {
            return Err(Failure::MissingDependency(what));
        }
        let named = &path.display().to_string();
        let yaml = library::read(path).map_err(|error| Failure::unreadable(named, &error))?;
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or(named).to_owned();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let files =
            library::yaml_files(folder.unwrap_or_else(|| Path::new("."))).unwrap_or_default();
        // Neighbours that cannot be read are told where a lesson extends them, and there alone.
        drop(self.add_files(files));
        let source = Source { name, file: named.to_owned(), yaml };
        self.by_name.insert(source.name.clone(), source.clone());
        Ok(source)
    }

    /// That no lesson has this name, and what could be meant.
    fn no_lesson(&self, named: &str) -> String {
        let known: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        let file = file_below(&format!("{named}.yaml"));
        let file = file.map(|file| file.display().to_string());
        let meant = file.or_else(|| lesson::nearest(named, &known));
        let meant = meant.map(|name| format!(" (`{name}`?)")).unwrap_or_default();
        format!(
            "there is no lesson named {named:?}{meant}; give one of {}, or a YAML file",
            known.join(", ")
        )
    }

    /// Why there cannot be a lesson at this path, and what could be meant.
    fn no_file(&self, path: &Path) -> Option<String> {
        let shown = path.display();
        if path.is_dir() {
            let files = library::yaml_files(path).unwrap_or_default();
            let first = files.into_values().next().unwrap_or_else(|| path.join("NAME.yaml"));
            let first = first.display();
            return Some(format!("{shown}: is a folder; give a file of it, such as {first}"));
        }
        if path.exists() {
            return None;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let known = self.by_name.contains_key(name);
        let known = known.then(|| format!("; the lesson `{name}` is called by its name alone"));
        Some(format!("{shown}: is not there{}", known.unwrap_or_default()))
            // A link or a folder on the way may be closed: reading tells it.
            .filter(|_| path.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound))
    }

    /// Reads a lesson.
    ///
    /// # Errors
    ///
    /// All its faults, each with file, line and column.
    pub fn parse(&self, source: &Source) -> Result<Arc<Lesson>, Vec<String>> {
        let bases: BTreeMap<String, String> =
            self.by_name.iter().map(|(name, s)| (name.clone(), s.yaml.clone())).collect();
        let variables: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        lesson::parse_in(&source.yaml, &variables, &bases).map(Arc::new).map_err(|errors| {
            let told = errors.0.iter().map(|error| {
                let other = error.other.as_ref().and_then(|name| self.by_name.get(name));
                let file = other.map_or(&source.file, |other| &other.file);
                let suffix = if *file == source.file {
                    String::new()
                } else {
                    format!(" (needed by {})", source.file)
                };
                let mut told = vec![format!(
                    "{file}:{}:{}: {}{suffix}",
                    error.line, error.column, error.fault
                )];
                if let Fault::UnknownBase { name, .. } | Fault::UnknownInclude { name, .. } =
                    &error.fault
                {
                    told.extend(self.closed.get(name).cloned());
                }
                told
            });
            told.flatten().collect()
        })
    }

    /// A doubt about a lesson, as editors know warnings: file, line, column, text.
    pub fn tell(&self, source: &Source, doubt: &Doubt) -> String {
        let Doubt { spot, kind } = doubt;
        let other = spot.other.as_ref().and_then(|name| self.by_name.get(name));
        let file = other.map_or(&source.file, |other| &other.file);
        format!("{file}:{}:{}: warning: {kind}", spot.line, spot.column)
    }

    /// The texts of a file that lessons include.
    ///
    /// # Errors
    ///
    /// All its faults, each with file, line and column.
    pub fn parse_shared(source: &Source) -> Result<Vec<lesson::Text>, Vec<String>> {
        lesson::parse_shared(&source.yaml).map_err(|errors| {
            let told = errors.0.iter().map(|error| {
                format!("{}:{}:{}: {}", source.file, error.line, error.column, error.fault)
            });
            told.collect()
        })
    }

    /// The lesson that an argument names, or that of the settings, read.
    ///
    /// # Errors
    ///
    /// There is no such lesson, or it has faults.
    pub fn open(&mut self, named: Option<&str>) -> Result<(Source, Arc<Lesson>), Failure> {
        let default = self.default.clone();
        let source = self.choose(named.unwrap_or(&default))?;
        let lesson =
            self.parse(&source).map_err(|faults| Failure::BadSetting(faults.join("\n")))?;
        Ok((source, lesson))
    }
}

/// Most folders that are looked into for a file that may be meant.
const MAX_SEARCHED: usize = 100;

/// A file of this name in a folder of the one that the program runs in.
fn file_below(name: &str) -> Option<PathBuf> {
    let folders = Path::new(".").read_dir().ok()?.take(MAX_SEARCHED).filter_map(Result::ok);
    let files = folders.map(|entry| Path::new(&entry.file_name()).join(name));
    files.filter(|file| file.is_file()).min()
}

/// A warning for the person at the terminal.
pub(super) fn warn(what: &str) {
    // A warning that cannot be shown is no reason to stop.
    drop(writeln!(std::io::stderr(), "otrbot: warning: {what}"));
}
