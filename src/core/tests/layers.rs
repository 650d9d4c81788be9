//! Imports go downwards. The rooms of the core stand in `lib.rs` from the ground up: no room imports one that stands below it
//! in that list. And no files of the core or the tool import each other in a circle; that a file uses what the file of its own
//! room defines (`super::Name`) is none.
#![cfg(test)]
#![expect(clippy::string_slice, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The source files of one crate, by their module's path: `["cloud", "aws", "place"]`; the root is empty.
struct Source(BTreeMap<Vec<String>, String>);

impl Source {
    fn of(folder: &str) -> Source {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut files = BTreeMap::new();
        read(&root, &root, &mut files);
        assert!(files.len() > 5, "only {} files in {}", files.len(), root.display());
        Source(files)
    }

    /// The module that `segments`, written in the module `from`, lead to. A name that its parent takes on from one of its
    /// own files (`pub use file::Name`) leads to that file.
    fn resolve(&self, from: &[String], segments: &[&str]) -> Option<Vec<String>> {
        let mut segments = segments.iter().copied().peekable();
        let mut at = match segments.next()? {
            "crate" => Vec::new(),
            "super" => from.split_last()?.1.to_vec(),
            "self" => from.to_vec(),
            _ => return None,
        };
        while segments.next_if_eq(&"super").is_some() {
            at.pop();
        }
        for segment in segments {
            at.push(segment.to_owned());
            if !self.0.contains_key(&at) {
                at.pop();
                if let Some(file) = self.taken_on(&at, segment) {
                    at.push(file);
                }
                break;
            }
        }
        Some(at)
    }

    /// The file from which the module `at` takes `name` on.
    fn taken_on(&self, at: &[String], name: &str) -> Option<String> {
        paths(self.0.get(at)?, "pub use ")
            .into_iter()
            .filter(|path| path.len() > 1 && path.last().is_some_and(|last| last == name))
            .find(|path| self.0.contains_key(&[at, &path[..1]].concat()))
            .map(|path| path[0].clone())
    }

    /// What each module uses, itself left out.
    fn imports(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let uses = |module: &Vec<String>, text: &str| {
            let written =
                ["use ", "pub use ", "pub(super) use ", "pub(crate) use "].iter().flat_map(|kind| paths(text, kind));
            let inline = inline(text);
            written
                .chain(inline)
                .filter_map(|path| self.resolve(module, &path.iter().map(String::as_str).collect::<Vec<_>>()))
                .filter(|used| used != module)
                .collect()
        };
        self.0.iter().map(|(module, text)| (module.clone(), uses(module, text))).collect()
    }
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<Vec<String>, String>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            read(root, &path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && stem != "tests" {
            let mut module: Vec<String> =
                folder.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if !["mod", "lib", "main"].contains(&stem.as_str()) {
                module.push(stem);
            }
            files.insert(module, code(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A file's text without its comments and its own tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n")
}

/// The paths of the declarations that begin with `kind`, groups in braces taken apart.
fn paths(text: &str, kind: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(kind) {
        let begins = start == 0 || rest.as_bytes()[start - 1] == b'\n';
        let declared = &rest[start + kind.len()..];
        let end = declared.find(';').unwrap_or(declared.len());
        if begins {
            spread(&declared[..end], &[], &mut found);
        }
        rest = &declared[end..];
    }
    found
}

fn spread(text: &str, above: &[String], found: &mut Vec<Vec<String>>) {
    let text = text.trim();
    let Some((head, group)) = text.split_once('{') else {
        let name = text.split(" as ").next().unwrap_or_default();
        let segments =
            name.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty() && part != "self");
        found.push(above.iter().cloned().chain(segments).collect());
        return;
    };
    let above: Vec<String> = above
        .iter()
        .cloned()
        .chain(head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()))
        .collect();
    let (mut depth, mut item) = (0, String::new());
    for c in group.rsplit_once('}').map_or(group, |(group, _)| group).chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spread(&std::mem::take(&mut item), &above, found);
                continue;
            }
            _ => {}
        }
        item.push(c);
    }
    if !item.trim().is_empty() {
        spread(&item, &above, found);
    }
}

/// The paths that stand in the code itself: `crate::name::is_model(…)`.
fn inline(text: &str) -> Vec<Vec<String>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    text.lines()
        .filter(|line| !line.trim_start().starts_with("use ") && !line.trim_start().starts_with("pub use "))
        .flat_map(|line| line.split(|c| !is_part(c)))
        .filter(|word| word.starts_with("crate::") || word.starts_with("super::"))
        .map(|word| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect())
        .collect()
}

#[test]
fn no_room_imports_one_that_stands_above_it() {
    let source = Source::of("src");
    let rooms: Vec<String> = source.0[&Vec::new()]
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned()))
        .collect();
    let floor = |module: &[String]| rooms.iter().position(|room| Some(room) == module.first());
    let folders: BTreeSet<&String> = source.0.keys().filter_map(|module| module.first()).collect();
    assert_eq!(folders, rooms.iter().collect(), "lib.rs lists every room");

    let climbs: Vec<String> = source
        .imports()
        .iter()
        .flat_map(|(module, uses)| uses.iter().map(move |used| (module, used)))
        .filter(|(module, used)| floor(used) > floor(module) && !module.is_empty())
        .map(|(module, used)| format!("{} imports {}", module.join("::"), used.join("::")))
        .collect();
    assert!(climbs.is_empty(), "{climbs:#?}");
}

#[test]
fn clouds_do_not_know_each_other() {
    let source = Source::of("src");
    let cloud = |module: &[String]| {
        (module.first()? == "cloud" && source.0.contains_key(&module[..2.min(module.len())]))
            .then(|| module.get(1).cloned())?
    };
    let is_folder =
        |name: &String| source.0.keys().any(|module| module.len() > 2 && module[0] == "cloud" && module[1] == *name);
    for (module, uses) in source.imports() {
        let Some(own) = cloud(&module).filter(is_folder) else { continue };
        let other = uses.iter().filter_map(|used| cloud(used)).find(|name| is_folder(name) && *name != own);
        assert_eq!(other, None, "{}", module.join("::"));
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for folder in ["src", "../cli/src", "../filter/src"] {
        // What a file takes from the one above it, which lists it, makes no circle.
        let mut imports = Source::of(folder).imports();
        for (module, uses) in &mut imports {
            uses.retain(|used| !module.starts_with(used));
        }
        // Takes away, again and again, the files that import none of those that are left.
        while let Some(free) = imports.iter().find(|(_, uses)| uses.is_empty()).map(|(module, _)| module.clone()) {
            imports.remove(&free);
            imports.values_mut().for_each(|uses| {
                uses.remove(&free);
            });
        }
        // And those that none of the rest imports: what is left stands in a circle, or between two.
        while let Some(top) =
            imports.keys().find(|module| !imports.values().any(|uses| uses.contains(*module))).cloned()
        {
            imports.remove(&top);
        }
        let names: Vec<String> = imports
            .iter()
            .map(|(module, uses)| {
                let uses: Vec<String> = uses.iter().map(|used| used.join("::")).collect();
                format!("{} imports {}", module.join("::"), uses.join(", "))
            })
            .collect();
        assert!(names.is_empty(), "{folder}: {names:#?}");
    }
}
