//! The package's own output validator: how it is built and called.

use super::metadata::{Format, Metadata, validation_limits};
use crate::judge::Protocol;
use crate::package::folder::Folder;
use crate::package::problem::{Copied, Judge};

/// The validator of a package that must have one.
pub(super) fn find(folder: &mut Folder<'_>, metadata: &Metadata) -> Option<Judge> {
    let place = match metadata.format {
        Format::Legacy => "output_validators",
        Format::New => "output_validator",
    };
    let files = match metadata.format {
        // Every file or folder in it is a validator of its own.
        Format::Legacy => {
            let entries: Vec<String> = folder.entries(place).into_iter().collect();
            match entries.as_slice() {
                [] => Vec::new(),
                [only] => program(folder, place, only),
                several if metadata.interactive => {
                    let message = format!("{} validators in {place} cannot all talk to it", several.len());
                    folder.error(message, "leave one of them");
                    return None;
                }
                several => return all(folder, metadata, place, several),
            }
        }
        Format::New => folder_program(folder, place),
    };
    if files.is_empty() {
        folder.error(format!("the package judges by a program of its own, and {place}/ has none"), "");
        return None;
    }
    let commands = commands(folder, &files)?;
    Some(judge(folder, metadata, files, commands))
}

fn judge(folder: &mut Folder<'_>, metadata: &Metadata, files: Vec<Copied>, (run, build): Commands) -> Judge {
    let (time, memory, output) = validation_limits(folder, metadata);
    let (args, passes) = (metadata.flags.clone(), metadata.passes);
    Judge { protocol: Protocol::Kattis, run, build, files, args, time, memory, output, passes }
}

/// Several validators as one: each in a folder of its own, one after the other; all must accept.
fn all(folder: &mut Folder<'_>, metadata: &Metadata, place: &str, names: &[String]) -> Option<Judge> {
    let mut files = Vec::new();
    let (mut builds, mut outputs) = (Vec::new(), Vec::new());
    let mut run = "out=/tmp/output; cat > $out\n".to_owned();
    for (number, name) in (1..).zip(names) {
        let own = program(folder, place, name);
        let (command, build) = commands(folder, &own)?;
        let beside = format!("validator-{number}");
        files.extend(own.into_iter().map(|file| Copied { to: format!("{beside}/{}", file.to), ..file }));
        run.push_str(&format!(
            "s=0; (cd {beside} && exec {} \"$@\" < $out) || s=$?; [ $s -eq 42 ] || exit $s\n",
            shell(&command)
        ));
        if let Some((command, made)) = build {
            builds.push(format!("(cd {beside} && {})", shell(&command)));
            outputs.extend(made.into_iter().map(|file| format!("{beside}/{file}")));
        }
    }
    run.push_str("exit 42\n");
    let in_shell = |line: String| vec!["sh".to_owned(), "-c".to_owned(), line, "validators".to_owned()];
    // What is not built is handed on as it is.
    if !builds.is_empty() {
        outputs.extend(files.iter().map(|file| file.to.clone()));
        outputs.sort();
        outputs.dedup();
    }
    let build = (!builds.is_empty()).then(|| (in_shell(builds.join(" && ")), outputs));
    Some(judge(folder, metadata, files, (in_shell(run), build)))
}

fn shell(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A file, or a folder of files.
fn program(folder: &Folder<'_>, place: &str, name: &str) -> Vec<Copied> {
    let path = format!("{place}/{name}");
    if folder.has(&path) {
        vec![Copied { from: path, to: name.to_owned() }]
    } else {
        folder_program(folder, &path)
    }
}

fn folder_program(folder: &Folder<'_>, path: &str) -> Vec<Copied> {
    let prefix = format!("{path}/");
    let files = folder.below(path).into_iter();
    files
        .filter_map(|file| Some(Copied { from: file.to_owned(), to: file.strip_prefix(&prefix)?.to_owned() }))
        .collect()
}

/// The command that runs it, and the one that builds it with what that leaves behind.
type Commands = (Vec<String>, Option<(Vec<String>, Vec<String>)>);

pub(in crate::package) fn commands(folder: &mut Folder<'_>, files: &[Copied]) -> Option<Commands> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let has = |name: &str| files.iter().find(|file| file.to == name);
    if has("build").is_some() {
        let build = (words(&["./build"]), words(&["run"]));
        return Some((words(&["./run"]), Some(build)));
    }
    if let Some(run) = has("run") {
        if !folder.is_executable(&run.from) {
            folder.error(format!("`{}` is not executable", run.from), "chmod +x it");
        }
        return Some((words(&["./run"]), None));
    }
    let with = |extensions: &[&str]| -> Vec<String> {
        let of = |file: &&Copied| {
            let extension = file.to.rsplit_once('.').map_or("", |(_, extension)| extension);
            extensions.contains(&extension)
        };
        files.iter().filter(of).map(|file| file.to.clone()).collect()
    };
    let cpp = with(&["cpp", "cc", "cxx", "c++", "C"]);
    if !cpp.is_empty() {
        let mut build = words(&["g++", "-O2", "-std=gnu++17", "-o", "validator"]);
        build.extend(cpp);
        return Some((words(&["./validator"]), Some((build, words(&["validator"])))));
    }
    let c = with(&["c"]);
    if !c.is_empty() {
        let mut build = words(&["gcc", "-O2", "-std=gnu11", "-o", "validator"]);
        build.extend(c);
        build.push("-lm".to_owned());
        return Some((words(&["./validator"]), Some((build, words(&["validator"])))));
    }
    let python = with(&["py", "py3"]);
    let main = python.iter().find(|name| *name == "__main__.py").or_else(|| python.first());
    if let Some(main) = main {
        return Some((vec!["python3".to_owned(), main.clone()], None));
    }
    folder.error(
        "the validator is in no language that is known: C, C++, Python, or with `build` and `run`",
        "",
    );
    None
}
