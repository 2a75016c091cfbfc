//! The files of a folder of lessons: which are read, and which people may believe to be.

use std::{
    collections::BTreeMap,
    fmt,
    fs::DirEntry,
    io,
    path::{Path, PathBuf},
};

/// The ending of the files that are read.
const ENDING: &str = "yaml";

/// Endings of the copies that editors and packages leave, which nobody believes to be read.
const COPIES: [&str; 10] =
    ["bak", "orig", "old", "swp", "tmp", "disabled", "rej", "dpkg-dist", "dpkg-old", "dpkg-new"];

/// The files of a folder.
#[derive(Debug, Default)]
pub struct Folder {
    /// Those that are read, by the name of the lesson: the file's without its ending.
    pub files: BTreeMap<String, PathBuf>,
    /// What is probably a slip, in the order of the paths.
    pub doubts: Vec<FileDoubt>,
}

/// A file of a folder of lessons that is probably not what somebody believes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileDoubt {
    /// The file.
    pub path: PathBuf,
    /// What is the matter with it.
    pub kind: FileKind,
}

/// What is the matter with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FileKind {
    /// It is not read because of the ending of its name.
    Ending {
        /// The name that it would be read by.
        name: String,
    },
    /// It is not read because it is hidden.
    Hidden,
    /// It is not read because nobody could name it.
    NotUtf8,
    /// What stands in a folder within is not read.
    Within,
    /// It is read, and some places cannot name it.
    Name {
        /// The name of the lesson.
        name: String,
    },
    /// Its name is that of another one but for the case of letters.
    Case {
        /// The name of the other one.
        other: String,
    },
}

impl fmt::Display for FileDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FileKind::Ending { name } => write!(
                f,
                "this file is not read: the folder of lessons has lessons in files that end with \
                 `.yaml`, in small letters; rename it to `{name}`"
            ),
            FileKind::Hidden => f.write_str(
                "this file is not read, as its name begins with a dot; rename it if it is a lesson, \
                 or delete it",
            ),
            FileKind::NotUtf8 => f.write_str(
                "this file is not read: its name is not in UTF-8; rename it, with letters, digits, \
                 `-` and `_`",
            ),
            FileKind::Within => f.write_str(
                "the lessons in this folder are not read; put them into the folder of lessons \
                 itself",
            ),
            FileKind::Name { name } => write!(
                f,
                "the name of the lesson, `{name}`, has other signs than letters, digits, `-`, `_` \
                 and `.`, or more than 100, so that not every assignment can name it; rename the \
                 file"
            ),
            FileKind::Case { other } => write!(
                f,
                "the name of the lesson differs from `{other}` in small and capital letters alone; \
                 rename the file, to `{other}.yaml` if it is to be in its place"
            ),
        }
    }
}

impl Folder {
    /// Looks into a folder; `known` are the names of other lessons.
    ///
    /// # Errors
    ///
    /// What the system says of the folder.
    pub fn list(folder: &Path, known: &[&str]) -> io::Result<Self> {
        let mut listed = Self::default();
        for entry in folder.read_dir()? {
            listed.add(&entry?);
        }
        let names: Vec<String> = known
            .iter()
            .map(|name| (*name).to_owned())
            .chain(listed.files.keys().cloned())
            .collect();
        for (name, path) in &listed.files {
            let other = names
                .iter()
                .find(|other| *other != name && other.to_lowercase() == name.to_lowercase());
            let kind = other.map(|other| FileKind::Case { other: other.clone() });
            let kind = kind
                .or_else(|| (!can_be_named(name)).then(|| FileKind::Name { name: name.clone() }));
            listed.doubts.extend(kind.map(|kind| FileDoubt { path: path.clone(), kind }));
        }
        listed.doubts.sort();
        Ok(listed)
    }

    fn add(&mut self, entry: &DirEntry) {
        let path = entry.path();
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str() else {
            let is_yaml = path.extension().is_some_and(|ending| ending == ENDING);
            return self.note(path, is_yaml.then_some(FileKind::NotUtf8));
        };
        if name.starts_with('.') {
            // The locks of editors are links to nowhere.
            let is_lesson = last_part(name).is_some_and(is_meant) && !name.starts_with(".#");
            return self.note(path, is_lesson.then_some(FileKind::Hidden));
        }
        if let Some((lesson, last)) = name.rsplit_once('.')
            && last == ENDING
        {
            self.files.insert(lesson.to_owned(), path);
            return;
        }
        if path.is_dir() {
            let is_within = holds_lessons(&path);
            return self.note(path, is_within.then_some(FileKind::Within));
        }
        let meant = meant_name(name);
        self.note(path, meant.map(|name| FileKind::Ending { name }));
    }

    fn note(&mut self, path: PathBuf, kind: Option<FileKind>) {
        self.doubts.extend(kind.map(|kind| FileDoubt { path, kind }));
    }
}

/// What is the matter with the ending of a lesson's file; `None`: nothing.
pub fn ending(path: &Path) -> Option<FileDoubt> {
    let is_right = path.extension().is_some_and(|ending| ending == ENDING);
    let name = meant_name(path.file_name()?.to_str()?).filter(|_| !is_right)?;
    Some(FileDoubt { path: path.to_owned(), kind: FileKind::Ending { name } })
}

/// Whether all places can name a lesson: settings, assignments, and the address of `config.xml`.
fn can_be_named(name: &str) -> bool {
    name.len() <= 100 && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn last_part(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, ending)| ending)
}

/// Whether an ending is that of YAML, in any spelling.
fn is_meant(ending: &str) -> bool {
    ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml")
}

/// The name by which a file would be read that somebody may believe to be.
fn meant_name(name: &str) -> Option<String> {
    let (before, last) = name.rsplit_once('.')?;
    if is_meant(last) {
        return Some(format!("{before}.{ENDING}"));
    }
    // Editors and browsers add an ending of their own, such as `.txt`.
    let (lesson, inner) = before.rsplit_once('.')?;
    let is_copy = COPIES.iter().any(|copy| last.eq_ignore_ascii_case(copy)) || last.ends_with('~');
    (is_meant(inner) && !is_copy).then(|| format!("{lesson}.{ENDING}"))
}

/// Whether a folder has a file that would be read one folder up.
fn holds_lessons(folder: &Path) -> bool {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names = names.filter(|name| !name.starts_with('.'));
    names.any(|name| last_part(&name).is_some_and(is_meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_not_read_are_told_and_such_as_nobody_means_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir_all(path.join("within")).unwrap();
        std::fs::create_dir_all(path.join("pictures")).unwrap();
        std::fs::create_dir_all(path.join(".git")).unwrap();
        for (name, told) in [
            ("basics.yaml", None),
            ("first.second.yaml", None),
            ("übung_2-b.yaml", None),
            ("notes.txt", None),
            ("README.md", None),
            ("lesson.schema.json", None),
            ("basics.yaml~", None),
            ("basics.yaml.bak", None),
            ("#basics.yaml#", None),
            (".#basics.yaml", None),
            (".hidden", None),
            ("pictures/a.png", None),
            (".git/a.yaml", None),
            ("a.yml", Some("rename it to `a.yaml`")),
            ("b.YAML", Some("rename it to `b.yaml`")),
            ("c.yaml.txt", Some("rename it to `c.yaml`")),
            (".basics.yaml", Some("begins with a dot")),
            ("._basics.yaml", Some("begins with a dot")),
            ("within/a.yaml", Some("the lessons in this folder")),
            ("basics (copy).yaml", Some("`basics (copy)`, has other signs")),
            ("Question.yaml", Some("differs from `question` in small")),
        ] {
            std::fs::write(path.join(name), "").unwrap();

            let found = Folder::list(path, &["question"]).unwrap();

            let shown: Vec<String> = found.doubts.iter().map(ToString::to_string).collect();
            assert_eq!(shown.len(), usize::from(told.is_some()), "{name}: {shown:?}");
            assert!(told.is_none_or(|told| shown[0].contains(told)), "{name}: {shown:?}");
            std::fs::remove_file(path.join(name)).unwrap();
        }
    }

    #[test]
    fn what_is_read_are_files_of_one_ending_that_are_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.yaml", "b.yml", ".c.yaml", "._d.yaml", "e (copy).yaml", "#f.yaml#"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }

        let found = Folder::list(folder.path(), &[]).unwrap();

        let names: Vec<&str> = found.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["a", "e (copy)"]);
    }
}
