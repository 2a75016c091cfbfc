//! All lessons that learners can take, by name: those built in, and those of a folder.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::files::{self, Unreadable};

use super::folder::{FileDoubt, Folder};
use super::{
    Doubt, DoubtKind, Lesson, LessonError, LessonErrors, is_shared, parse_in, parse_shared,
};

/// Largest lesson file, in bytes.
const MAX_LESSON_BYTES: u64 = 1 << 20;

/// The lessons that the program carries, and what they share, by name.
const BUILT_IN: [(&str, &str); 4] = [
    ("common", include_str!("../../settings/lessons/common.yaml")),
    ("basics", include_str!("../../settings/lessons/basics.yaml")),
    ("impostor", include_str!("../../settings/lessons/impostor.yaml")),
    ("question", include_str!("../../settings/lessons/question.yaml")),
];

/// The lessons that the program carries, and what they share: name and YAML.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.into_iter()
}

/// The same, by name.
pub fn built_in_sources() -> BTreeMap<String, String> {
    built_in().map(|(name, yaml)| (name.to_owned(), yaml.to_owned())).collect()
}

/// Why a lesson is not in the library, or not in its newest form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The folder or a file of it cannot be read.
    #[error("{}", source.told(&path.display().to_string()))]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// A lesson has a fault.
    #[error("{}", place(path, needed_by.as_deref(), error))]
    Faulty {
        /// The file at fault.
        path: PathBuf,
        /// The lesson that extends or includes that file; `None`: it is the lesson itself.
        needed_by: Option<PathBuf>,
        /// The fault, with its place.
        error: LessonError,
    },
}

/// A fault after its file, line and column.
fn place(path: &Path, needed_by: Option<&Path>, error: &LessonError) -> String {
    let LessonError { line, column, fault, .. } = error;
    let needed_by = needed_by.map(|lesson| format!(" (needed by {})", lesson.display()));
    format!("{}:{line}:{column}: {fault}{}", path.display(), needed_by.unwrap_or_default())
}

/// The lessons, by name: the file name without `.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Library {
    lessons: BTreeMap<String, Arc<Lesson>>,
}

impl Library {
    /// The lessons built in, and those of a folder. A file named as a built-in lesson replaces it,
    /// unless it is faulty. `variables` are those that texts may use besides the standard ones.
    ///
    /// What is faulty is left out and told, with all its faults.
    pub fn load(folder: Option<&Path>, variables: &[&str]) -> (Self, Vec<Problem>) {
        let mut library = Self::default();
        let mut problems = Vec::new();
        let mut sources = built_in_sources();
        let built_in = |name: &str| PathBuf::from(format!("built in: {name}.yaml"));
        let mut paths: BTreeMap<String, PathBuf> =
            sources.keys().map(|name| (name.clone(), built_in(name))).collect();
        for (name, yaml) in BUILT_IN.into_iter().filter(|(_, yaml)| !is_shared(yaml)) {
            let parsed = parse_in(yaml, variables, &sources);
            library.add(name, &paths, parsed, &mut problems);
        }
        let Some(folder) = folder else { return (library, problems) };
        match yaml_files(folder) {
            Ok(files) => {
                let mut found = Vec::new();
                for (name, path) in files {
                    match read(&path) {
                        Ok(yaml) => {
                            sources.insert(name.clone(), yaml.clone());
                            paths.insert(name.clone(), path);
                            found.push((name, yaml));
                        }
                        Err(source) => problems.push(Problem::Unreadable { path, source }),
                    }
                }
                for (name, yaml) in found {
                    if is_shared(&yaml) {
                        if let Err(errors) = parse_shared(&yaml) {
                            problems.extend(faulty(&name, &paths, errors));
                        }
                        continue;
                    }
                    let parsed = parse_in(&yaml, variables, &sources);
                    library.add(&name, &paths, parsed, &mut problems);
                }
            }
            Err(error) => {
                let source = Unreadable::from_io(folder, error);
                problems.push(Problem::Unreadable { path: folder.to_owned(), source });
            }
        }
        (library, problems)
    }

    /// The lesson that somebody means by a name, see [`Self::resolve`].
    pub fn find(&self, asked: &str) -> Option<Arc<Lesson>> {
        self.resolve(asked).map(|(_, lesson)| Arc::clone(lesson))
    }

    /// The lesson that somebody means by a name, with the name that it has: people write `Basics`,
    /// ` basics `, `basics.yaml` and `lessons/basics.yaml`, too. One that is named exactly so goes
    /// before.
    pub fn resolve(&self, asked: &str) -> Option<(&str, &Arc<Lesson>)> {
        let exact = self.lessons.get_key_value(asked);
        let meant = || {
            let asked = meant(asked);
            self.lessons.iter().find(|(name, _)| !asked.is_empty() && meant_by(name) == asked)
        };
        exact.or_else(meant).map(|(name, lesson)| (name.as_str(), lesson))
    }

    /// All lessons with their names, in the order of these.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Lesson>)> {
        self.lessons.iter().map(|(name, lesson)| (name.as_str(), lesson))
    }

    fn add(
        &mut self,
        name: &str,
        paths: &BTreeMap<String, PathBuf>,
        parsed: Result<Lesson, LessonErrors>,
        problems: &mut Vec<Problem>,
    ) {
        match parsed {
            Ok(lesson) => {
                self.lessons.insert(name.to_owned(), Arc::new(lesson.named(name)));
            }
            Err(errors) => problems.extend(faulty(name, paths, errors)),
        }
    }
}

/// What somebody means by the name of a lesson: without folders in front, the ending of its file,
/// quotation marks, and what cannot be seen, in small letters.
fn meant(asked: &str) -> String {
    let is_beside = |c: char| {
        let is_mark = matches!(c, '"' | '\'' | '`' | '\u{ad}' | '\u{feff}');
        let is_unseen = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
        c.is_whitespace() || c.is_control() || is_mark || is_unseen
    };
    let asked = asked.trim_matches(|c| is_beside(c) || matches!(c, '/' | '\\'));
    let asked = asked.rsplit(['/', '\\']).next().unwrap_or_default();
    let asked = meant_by(asked.trim_matches(is_beside));
    let ending = [".yaml", ".yml"].into_iter().find_map(|ending| asked.strip_suffix(ending));
    ending.map(str::to_owned).unwrap_or(asked)
}

/// The name of a lesson, whatever the case of its letters.
fn meant_by(name: &str) -> String {
    name.to_lowercase()
}

/// The faults of a lesson, each with the file that it is in.
fn faulty(name: &str, paths: &BTreeMap<String, PathBuf>, errors: LessonErrors) -> Vec<Problem> {
    let path_of = |name: &str| {
        paths.get(name).cloned().unwrap_or_else(|| PathBuf::from(format!("{name}.yaml")))
    };
    let problem = |error: LessonError| match &error.other {
        None => Problem::Faulty { path: path_of(name), needed_by: None, error },
        Some(other) => {
            Problem::Faulty { path: path_of(other), needed_by: Some(path_of(name)), error }
        }
    };
    errors.0.into_iter().map(problem).collect()
}

/// The lessons of a folder: name and file, in the order of the names.
///
/// # Errors
///
/// What the system says of the folder.
pub fn yaml_files(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    list(folder).map(|listed| listed.files)
}

/// What is probably a slip among the files of a folder.
///
/// # Errors
///
/// What the system says of the folder.
pub fn file_doubts(folder: &Path) -> io::Result<Vec<FileDoubt>> {
    list(folder).map(|listed| listed.doubts)
}

fn list(folder: &Path) -> io::Result<Folder> {
    Folder::list(folder, &BUILT_IN.map(|(name, _)| name))
}

/// Lessons whose title an earlier one has, of these with their names: name and doubt.
pub fn same_titles<'l>(
    lessons: impl IntoIterator<Item = (&'l str, &'l Lesson)>,
) -> Vec<(&'l str, Doubt)> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    // Who has the title from another lesson has it after that.
    let mut lessons: Vec<(&str, &Lesson)> = lessons.into_iter().collect();
    lessons.sort_by_key(|(_, lesson)| lesson.title_spot().other.is_some());
    for (name, lesson) in lessons {
        let words: Vec<String> = lesson.title().split_whitespace().map(str::to_lowercase).collect();
        let title = words.join(" ");
        if title.is_empty() {
            continue;
        }
        if let Some(other) = known.get(&title) {
            let (title, other) = (lesson.title().trim().to_owned(), (*other).to_owned());
            let spot = lesson.title_spot();
            found.push((name, Doubt { spot, kind: DoubtKind::SameTitle { title, other } }));
        } else {
            known.insert(title, name);
        }
    }
    found
}

/// The content of a lesson's file.
///
/// # Errors
///
/// Why it cannot be read, or is no text.
pub fn read(path: &Path) -> Result<String, Unreadable> {
    files::read_text(path, MAX_LESSON_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["basics", "impostor", "question"];

    const TINY: &str = "title: Tiny\nstart: end\nstates:\n  end: { end: true }\n";

    #[test]
    fn the_built_in_lessons_need_no_folder() {
        let (library, problems) = Library::load(None, &[]);

        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(library.iter().map(|(name, _)| name).collect::<Vec<_>>(), NAMES);
    }

    #[test]
    fn a_lesson_is_found_by_what_people_write_for_its_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["basics.v2.yaml", "Übung 1.yaml", "Twice.yaml", "twice.yaml"] {
            std::fs::write(folder.path().join(name), TINY).unwrap();
        }
        let (library, problems) = Library::load(Some(folder.path()), &[]);
        assert!(problems.is_empty(), "{problems:?}");

        for (asked, name) in [
            ("basics", "basics"),
            ("Basics", "basics"),
            (" basics\n", "basics"),
            ("\u{200b}basics\u{feff}", "basics"),
            ("basics.yaml", "basics"),
            ("BASICS.YML", "basics"),
            ("lessons/basics.yaml", "basics"),
            ("/basics/", "basics"),
            ("lessons\\basics.yaml", "basics"),
            ("\"basics\"", "basics"),
            ("basics.V2", "basics.v2"),
            ("übung 1", "Übung 1"),
            ("twice", "twice"),
            ("Twice", "Twice"),
        ] {
            let found = library.resolve(asked).map(|(name, _)| name);
            assert_eq!(found, Some(name), "{asked:?}");
            assert_eq!(library.find(asked).unwrap().name(), Some(name), "{asked:?}");
        }
        for asked in ["", " ", "/", ".yaml", "basic", "basics2", "ba sics", "basics.txt", "common"]
        {
            assert!(library.resolve(asked).is_none(), "{asked:?}");
        }
    }

    #[test]
    fn a_file_of_the_same_name_replaces_the_built_in_lesson() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("basics.yaml"), TINY).unwrap();
        std::fs::write(folder.path().join("more.yaml"), TINY).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no lesson").unwrap();

        let (library, problems) = Library::load(Some(folder.path()), &[]);

        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(library.iter().count(), NAMES.len() + 1);
        assert_eq!(library.find("basics").unwrap().title(), "Tiny");
        assert!(library.find("notes").is_none());
    }

    #[test]
    fn faults_are_told_with_their_file_and_the_built_in_lesson_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("basics.yaml"), TINY.replace("start: end", "start: x"))
            .unwrap();

        let (library, problems) = Library::load(Some(folder.path()), &[]);

        assert_ne!(library.find("basics").unwrap().title(), "Tiny");
        assert_eq!(problems.len(), 1);
        let told = problems[0].to_string();
        assert!(told.contains("basics.yaml:2:8: the lesson starts in `x`"), "{told}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let (library, problems) = Library::load(Some(Path::new("there/is/no/such/folder")), &[]);

        assert!(library.find("basics").is_some());
        assert!(matches!(problems[..], [Problem::Unreadable { .. }]));
    }
}
