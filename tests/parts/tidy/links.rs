//! The links of Markdown files: in the repository, and in the package, which has them elsewhere.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "helpers of a test may fail it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Where a link leads, and the line that it is in, counted from 1.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    line: usize,
    target: String,
}

/// The lines of a page that are no code, with their numbers; code in a line is left out.
fn prose(page: &str) -> Vec<(usize, String)> {
    let mut is_code = false;
    let mut found = Vec::new();
    for (n, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            let outside = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
            found.push((n + 1, outside));
        }
    }
    found
}

/// The links of a page to other files and to places in it; not those to the web.
fn links(page: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, text) in prose(page) {
        let marked = text.split("](").skip(1).map(|rest| rest.split([')', ' ']).next());
        let tags = ["href=\"", "src=\""]
            .into_iter()
            .flat_map(|key| text.split(key).skip(1).map(|rest| rest.split('"').next()));
        let targets = marked.chain(tags).flatten().filter(|target| {
            !["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme))
        });
        found.extend(targets.map(|target| Link { line, target: target.to_owned() }));
    }
    found
}

/// The names by which the headings of a page are linked.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // Headings may hold code, which the name takes in.
    let lines: BTreeMap<_, _> = prose(page).into_iter().collect();
    for (n, line) in page.lines().enumerate() {
        if !lines.contains_key(&(n + 1)) || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let name: String = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let again = (1..).map(|n| format!("{name}-{n}"));
        let free = std::iter::once(name.clone()).chain(again).find(|name| !found.contains(name));
        found.extend(free);
    }
    found
}

/// `docs/a.md` and `../README.md#x` give `README.md`; `None` above the top.
fn resolved(from: &str, target: &str) -> Option<String> {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What is wrong with the links of a place: the names of its files, and the texts of its pages.
fn faults(files: &BTreeSet<String>, pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, page) in pages {
        for Link { line, target } in links(page) {
            let there = resolved(name, &target).unwrap_or_default();
            let is_folder = files.iter().any(|file| file.starts_with(&format!("{there}/")));
            let anchor = target.split_once('#').map(|(_, anchor)| anchor);
            if !files.contains(&there) && !is_folder {
                faults.push(format!("{name}:{line}: {target} is not there"));
            } else if let Some(anchor) = anchor
                && !pages.get(&there).is_some_and(|page| anchors(page).contains(anchor))
            {
                faults.push(format!("{name}:{line}: {target}: there is no such heading"));
            }
        }
        // Files that are named without a link, from the top.
        for (n, line) in page.lines().enumerate() {
            for rest in line.split("docs/").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
                let (file, rest) = rest.split_at(end);
                let named = format!("docs/{file}.md");
                let is_named = rest.starts_with(".md") && !line.contains(&format!("../{named}"));
                if is_named && !files.iter().any(|it| it.ends_with(&named)) {
                    faults.push(format!("{name}:{}: {named} is not there", n + 1));
                }
            }
        }
    }
    faults
}

fn is_page(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "md")
}

/// The pages among files, read from where the function says that they are.
fn pages(files: &BTreeSet<String>, source: impl Fn(&str) -> String) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    files
        .iter()
        .filter(|file| is_page(file))
        .map(|file| (file.clone(), fs::read_to_string(root.join(source(file))).unwrap()))
        .collect()
}

/// All files of the repository that a page may link.
fn of_the_repository() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for part in [
        "README.md",
        "docs",
        "settings",
        "locales",
        "packaging",
        "crates",
        "src",
        "static",
        "tests",
    ] {
        super::files(&root.join(part), &mut found);
    }
    let names = found.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string());
    names.collect()
}

/// Whether a path is meant by the `*` and `**` of the list of the package.
fn is_meant(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|n| is_meant(rest, &path[n..])),
        ([first, pattern @ ..], [name, path @ ..]) => {
            let is_like = first.split_once('*').map_or(first == name, |(begin, end)| {
                name.len() >= begin.len() + end.len()
                    && name.starts_with(begin)
                    && name.ends_with(end)
            });
            is_like && is_meant(pattern, path)
        }
        _ => false,
    }
}

/// What the package installs: where, and which file of the repository that is.
fn of_the_package() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let list = manifest.split_once("\nassets = [\n").unwrap().1.split_once("\n]").unwrap().0;
    let files = of_the_repository();
    let mut installed = BTreeMap::new();
    for line in list.lines().filter(|line| line.trim_start().starts_with('[')) {
        let parts: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        let [from, to, _mode] = parts[..] else { panic!("{line}") };
        let pattern: Vec<&str> = from.split('/').collect();
        let is_one = |file: &&String| is_meant(&pattern, &file.split('/').collect::<Vec<_>>());
        for file in files.iter().filter(is_one) {
            // A folder keeps what stands below the first star.
            let place = match to.strip_suffix('/') {
                None => to.to_owned(),
                Some(folder) => {
                    let fixed = from.split('*').next().unwrap_or_default();
                    let fixed = if from.contains("**") {
                        fixed
                    } else {
                        &file[..file.rfind('/').map_or(0, |at| at + 1)]
                    };
                    format!("{folder}/{}", file.strip_prefix(fixed).unwrap())
                }
            };
            installed.insert(place, file.clone());
        }
    }
    installed
}

#[test]
fn links_hold_in_the_repository() {
    let files = of_the_repository();
    let pages = pages(&files, str::to_owned);

    assert!(pages.len() > 12, "{:?}", pages.keys());
    assert_eq!(faults(&files, &pages), [""; 0]);
}

#[test]
fn links_hold_in_the_package() {
    let installed = of_the_package();
    let files: BTreeSet<_> = installed.keys().cloned().collect();
    let pages = pages(&files, |file| installed[file].clone());

    for page in ["README.md", "docs/install.md", "docs/troubleshooting.md"] {
        assert!(pages.contains_key(&format!("usr/share/doc/otrbot/{page}")), "{:?}", pages.keys());
    }
    assert_eq!(faults(&files, &pages), [""; 0]);
    // What texts name by its whole path.
    for (name, page) in &pages {
        for rest in page.split("/usr/share/").skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c)));
            let path = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '/']);
            let is_ours = path.contains("otrbot");
            let path = format!("usr/share/{path}");
            let is_there = files_or_folders(&installed, &path);
            assert!(!is_ours || is_there, "{name}: /{path} is not installed");
        }
    }
}

fn files_or_folders(installed: &BTreeMap<String, String>, path: &str) -> bool {
    let folder = format!("{path}/");
    installed.keys().any(|file| file == path || file.starts_with(&folder))
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let check = |page: &str, expected: &[&str]| {
        let pages: BTreeMap<_, _> = [
            ("docs/a.md".to_owned(), page.to_owned()),
            ("b.md".to_owned(), "# One `two`: three\n## A\n## A\n".to_owned()),
        ]
        .into();
        let files = pages.keys().cloned().chain(["docs/c.png".to_owned()]).collect();
        assert_eq!(faults(&files, &pages), expected, "{page}");
    };
    check("[x](../b.md#one-two-three) [y](../b.md#a-1) ![z](c.png) <a href=\"c.png\">", &[]);
    check("[x](https://example.org/y) `[x](y)`\n```\n[x](y)\n```\n", &[]);
    check("\n[x](b.md)", &["docs/a.md:2: b.md is not there"]);
    check("[x](../b.md#two)", &["docs/a.md:1: ../b.md#two: there is no such heading"]);
    check("[x](#a)", &["docs/a.md:1: #a: there is no such heading"]);
    check("<img src=\"d.png\">", &["docs/a.md:1: d.png is not there"]);
    check("[x](../../b.md)", &["docs/a.md:1: ../../b.md is not there"]);
    check("see docs/x.md, *A*", &["docs/a.md:1: docs/x.md is not there"]);
}
