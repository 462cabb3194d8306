//! The house's own rules, read from its source: floors, file sizes, where SQL and unsafe code may stand.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the top: a floor uses only those below it, and no other on its own. `main.rs` stands above all.
const FLOORS: [&[&str]; 6] = [&["cli"], &["server"], &["s3", "facades", "control"], &["http"], &["engine"], &["wire"]];
const MAX_LINES: usize = 600;

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Source files with their path from `src/` and their text.
fn src() -> Vec<(String, String)> {
    let src = root().join("src");
    let name = |path: &Path| path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
    sources(&src).into_iter().map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// Lines of code, tests left out, that use a module by its path.
fn uses<'t>(text: &'t str, path: &str) -> Vec<&'t str> {
    let uses = [format!("{path}::"), format!("{path};"), format!("{path}}}")];
    let (parent, name) = path.rsplit_once("::").unwrap();
    let grouped = format!("{parent}::{{{name}");
    text.lines()
        .take_while(|line| !line.starts_with("mod tests"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter(|line| uses.iter().chain([&grouped]).any(|arrow| line.contains(arrow.as_str())))
        .collect()
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (path, text) in src() {
        let own = path.split('/').next().unwrap();
        let Some(floor) = FLOORS.iter().position(|floor| floor.contains(&own)) else { continue };
        for name in FLOORS[..=floor].iter().copied().flatten().filter(|name| **name != own) {
            for line in uses(&text, &format!("crate::{name}")) {
                wrong.push(format!("{path} uses {name}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn facades_know_nothing_of_each_other() {
    let facades: Vec<String> = fs::read_dir(root().join("src/facades"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir() && entry.file_name() != "storage")
        .map(|entry| entry.file_name().to_str().unwrap().to_owned())
        .collect();
    assert!(facades.len() >= 4, "{facades:?}");
    let mut wrong = Vec::new();
    for (path, text) in src().into_iter().filter(|(path, _)| path.starts_with("facades/")) {
        // `facades/mod.rs` has the table of all.
        let own = path.split('/').nth(1).unwrap();
        for other in facades.iter().filter(|other| *other != own && own != "mod.rs") {
            for parent in ["crate::facades", "super::super"] {
                for line in uses(&text, &format!("{parent}::{other}")) {
                    wrong.push(format!("{path} uses {other}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_room() {
    let tests = root().join("tests");
    let all = sources(&root().join("src")).into_iter().chain(sources(&tests));
    let long: Vec<String> = all
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn sql_stands_only_under_engine_meta() {
    let statements = ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM", "CREATE TABLE", "PRAGMA "];
    let mut wrong = Vec::new();
    for (path, text) in src() {
        if path.starts_with("engine/meta/") {
            continue;
        }
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            if statements.iter().any(|statement| line.contains(&format!("\"{statement}"))) {
                wrong.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> =
        src().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no //! in the first line of {silent:?}");
}

#[test]
fn unsafe_code_stands_in_one_module() {
    let wrong: Vec<String> = src()
        .into_iter()
        .filter(|(path, _)| path != "wire/md5/lanes.rs")
        .filter(|(_, text)| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("unsafe {")))
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "unsafe code in {wrong:?}");
}

/// Listing must cost what it shows: none of these may be how keys are found.
#[test]
fn listings_never_scan() {
    let forbidden = [" LIKE ", "substr(", "GROUP BY", " OFFSET "];
    for (path, text) in src().into_iter().filter(|(path, _)| path.starts_with("engine/meta/")) {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            assert!(!forbidden.iter().any(|word| line.contains(word)), "{path}: {}", line.trim());
        }
    }
}
