//! Which files import each other in a circle. An import through a re-export counts for the file that defines the item.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

/// A module's path below its crate's root, such as `["vault", "azure"]`; the binary's begin with `bin` and `cloze`.
type Module = Vec<String>;

/// What the code of one file says of others.
struct File {
    /// How many parts of every path are the crate's root.
    root: usize,
    /// Name in scope → path, for `use`.
    imports: BTreeMap<String, Module>,
    /// Name → path, for `pub use`.
    exports: BTreeMap<String, Module>,
    /// Every path in the code, as written.
    paths: BTreeSet<Module>,
}

/// The files of each circle, by room.
pub(crate) fn circles(sources: &[(PathBuf, String)]) -> BTreeMap<String, Vec<Module>> {
    let all: BTreeMap<Module, File> = sources.iter().map(|(path, text)| (module_of(path), File::read(path, text))).collect();
    let tests: BTreeSet<Module> = sources.iter().flat_map(|(path, text)| test_modules(&module_of(path), text)).collect();
    let files: BTreeMap<Module, File> = all.into_iter().filter(|(module, _)| !tests.iter().any(|test| module.starts_with(test))).collect();
    let edges: BTreeMap<&Module, BTreeSet<&Module>> = files.keys().map(|module| (module, targets(&files, module))).collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = edges.keys().map(|module| (*module, reach(&edges, module))).collect();
    let mut circles: BTreeMap<String, Vec<Module>> = BTreeMap::new();
    for (module, _) in reached.iter().filter(|(module, reached)| reached.contains(*module)) {
        let room = module.first().map_or("lib", String::as_str);
        circles.entry(room.to_owned()).or_default().push((*module).clone());
    }
    circles
}

fn module_of(path: &Path) -> Module {
    let below = path.strip_prefix("src").expect("a path below src").with_extension("");
    let mut parts: Module = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The modules that a file declares for tests only.
fn test_modules(module: &Module, text: &str) -> Vec<Module> {
    let declared = |(attribute, line): (&str, &str)| {
        let name =
            line.trim_end_matches(';').rsplit(' ').next().filter(|_| attribute.starts_with("#[cfg(test)]") && line.ends_with(';'))?;
        Some(module.iter().cloned().chain([name.to_owned()]).collect())
    };
    text.lines().zip(text.lines().skip(1)).filter_map(declared).collect()
}

impl File {
    fn read(path: &Path, text: &str) -> Self {
        let root = if path.starts_with("src/bin") { 2 } else { 0 };
        let mut file = Self { root, imports: BTreeMap::new(), exports: BTreeMap::new(), paths: BTreeSet::new() };
        let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: String =
            before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        let mut rest = String::new();
        let mut statements = code.split_inclusive(';');
        for statement in &mut statements {
            match statement
                .split_once("use ")
                .filter(|(before, _)| before.lines().last().is_none_or(|line| line.trim().is_empty() || line.trim().starts_with("pub")))
            {
                Some((before, tree)) => {
                    rest.push_str(before);
                    let exported = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
                    for (name, path) in leaves(tree.trim_end_matches(';'), &[]) {
                        if exported { &mut file.exports } else { &mut file.imports }.insert(name, path);
                    }
                }
                None => rest.push_str(statement),
            }
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let paths = rest.split(|c| !is_part(c)).filter(|word| word.contains("::"));
        file.paths = paths.map(|word| word.split("::").map(str::to_owned).collect()).collect();
        file
    }
}

/// The names that a tree of `use` brings, each with its path.
fn leaves(tree: &str, before: &[String]) -> Vec<(String, Module)> {
    let tree = tree.trim();
    let mut path = before.to_vec();
    if let Some((head, group)) = tree.split_once('{') {
        path.extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
        let mut depth = 0;
        let parts = group.trim_end_matches('}').split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        return parts.filter(|part| !part.trim().is_empty()).flat_map(|part| leaves(part, &path)).collect();
    }
    let (tree, alias) = tree.split_once(" as ").map_or((tree, None), |(tree, alias)| (tree, Some(alias.trim())));
    path.extend(tree.split("::").map(|part| part.trim().to_owned()));
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = alias.map_or_else(|| path.last().cloned().unwrap_or_default(), str::to_owned);
    vec![(name, path)]
}

/// The files that the code of a file names.
fn targets<'f>(files: &'f BTreeMap<Module, File>, module: &Module) -> BTreeSet<&'f Module> {
    let file = &files[module];
    let named = file.imports.values().chain(&file.paths);
    named.filter_map(|path| resolve(files, module, path, 8)).filter(|target| *target != module).collect()
}

/// The file that defines what `path` means in `module`.
fn resolve<'f>(files: &'f BTreeMap<Module, File>, module: &Module, path: &[String], fuel: u8) -> Option<&'f Module> {
    let file = files.get(module)?;
    let (first, mut rest) = path.split_first()?;
    let child = |module: &Module, name: &String| module.iter().chain([name]).cloned().collect::<Module>();
    let mut here = match first.as_str() {
        "crate" => module[..file.root].to_vec(),
        "self" => module.clone(),
        "super" => module.split_last()?.1.to_vec(),
        _ if files.contains_key(&child(module, first)) => child(module, first),
        _ => {
            let known = file.imports.get(first).filter(|known| known.as_slice() != path)?;
            let whole: Module = known.iter().chain(rest).cloned().collect();
            return resolve(files, module, &whole, fuel.checked_sub(1)?);
        }
    };
    while let Some((name, more)) = rest.split_first() {
        let inner = child(&here, name);
        if !files.contains_key(&inner) {
            if let Some(exported) = files.get(&here).and_then(|file| file.exports.get(name)) {
                let whole: Module = exported.iter().chain(more).cloned().collect();
                return resolve(files, &here, &whole, fuel.checked_sub(1)?);
            }
            break;
        }
        (here, rest) = (inner, more);
    }
    files.get_key_value(&here).map(|(module, _)| module)
}

/// What can be reached from a module by at least one import.
fn reach<'f>(edges: &BTreeMap<&'f Module, BTreeSet<&'f Module>>, from: &Module) -> BTreeSet<&'f Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = edges.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = open.pop() {
        if reached.insert(module) {
            open.extend(edges.get(module).into_iter().flatten());
        }
    }
    reached
}
