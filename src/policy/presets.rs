//! Presets: for a language, how its files are built and run, and a profile that its programs are
//! known to work in. One table.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::units::{Bytes, NoNul};

/// How files of one language are built and run.
#[derive(Debug)]
pub struct Preset {
    /// Its name in a suite: `cpp`.
    pub name: &'static str,
    /// Its code in Kattis' packages.
    pub kattis: &'static str,
    /// The usual name of the file to begin with.
    pub main: &'static str,
    /// Other names that mean it.
    pub aliases: &'static [&'static str],
    /// The extensions of its source files.
    pub extensions: &'static [&'static str],
    /// The built-in profile of its cases that name none.
    pub profile: &'static str,
    build: &'static [&'static str],
    outputs: &'static [&'static str],
    run: &'static [&'static str],
}

/// A preset made concrete for the files of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// The language.
    pub language: &'static str,
    /// The built-in profile of its cases that name none.
    pub profile: &'static str,
    /// The build command; `None` for languages that are not built.
    pub build: Option<Vec<NoNul>>,
    /// The files that the build hands on.
    pub outputs: Vec<PathBuf>,
    /// The run command, with [`HEAP`] still in it where a runtime is told how much memory it has.
    pub run: Vec<NoNul>,
}

/// Stands in a run command for the mebibytes that a runtime may use for objects.
const HEAP: &str = "{heap}";

/// Java puts each class into a file of its own: they are handed on as one archive. The class to
/// start may be in a package.
const JAVA: &str = r#"set -e
main=$1; shift
package=$(sed -n 's/^[[:space:]]*package[[:space:]][[:space:]]*\([A-Za-z0-9_.]*\)[[:space:]]*;.*/\1./p' "$main" | head -n 1)
class=$(basename "$main" .java)
mkdir -p .capsule-classes
javac -J-Xmx384m -J-XX:+UseSerialGC -encoding UTF-8 -d .capsule-classes "$@"
jar cfe prog.jar "$package$class" -C .capsule-classes ."#;

/// Every preset.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "c",
        kattis: "c",
        main: "main.c",
        aliases: &[],
        extensions: &["c"],
        profile: "native",
        build: &["gcc", "-O2", "-std=gnu17", "-o", "prog", "{sources}", "-lm"],
        outputs: &["prog"],
        run: &["./prog"],
    },
    Preset {
        name: "cpp",
        kattis: "cpp",
        main: "main.cpp",
        aliases: &["c++", "cxx"],
        extensions: &["cpp", "cc", "cxx", "c++"],
        profile: "native",
        build: &["g++", "-O2", "-std=gnu++20", "-o", "prog", "{sources}"],
        outputs: &["prog"],
        run: &["./prog"],
    },
    Preset {
        name: "java",
        kattis: "java",
        main: "Main.java",
        aliases: &[],
        extensions: &["java"],
        profile: "java",
        build: &["/bin/sh", "-c", JAVA, "sh", "{main}", "{sources}"],
        outputs: &["prog.jar"],
        // Told its limit, because from inside it sees the memory of the whole machine.
        run: &[
            "java",
            "-Xmx{heap}m",
            "-Xss4m",
            "-XX:+UseSerialGC",
            "-XX:ReservedCodeCacheSize=32m",
            "-XX:MaxMetaspaceSize=64m",
            "-XX:-UsePerfData",
            "-jar",
            "prog.jar",
        ],
    },
    Preset {
        name: "python",
        kattis: "python3",
        main: "main.py",
        aliases: &["python3", "py"],
        extensions: &["py"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["/usr/bin/python3", "{main}"],
    },
    Preset {
        name: "rust",
        kattis: "rust",
        main: "main.rs",
        aliases: &["rs"],
        extensions: &["rs"],
        profile: "native",
        build: &["rustc", "-O", "--edition", "2021", "-o", "prog", "{main}"],
        outputs: &["prog"],
        run: &["./prog"],
    },
    Preset {
        name: "go",
        kattis: "go",
        main: "main.go",
        aliases: &["golang"],
        extensions: &["go"],
        profile: "native",
        build: &[
            "/usr/bin/env",
            "GOCACHE=/tmp/go-build",
            "GOPATH=/tmp/go",
            "GO111MODULE=off",
            "CGO_ENABLED=0",
            "go",
            "build",
            "-o",
            "prog",
            "{sources}",
        ],
        outputs: &["prog"],
        run: &["/usr/bin/env", "GOMEMLIMIT={heap}MiB", "./prog"],
    },
    Preset {
        name: "javascript",
        kattis: "javascript",
        main: "main.js",
        aliases: &["js", "node"],
        extensions: &["js", "mjs", "cjs"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["/usr/bin/node", "--max-old-space-size={heap}", "{main}"],
    },
    Preset {
        name: "ruby",
        kattis: "ruby",
        main: "main.rb",
        aliases: &["rb"],
        extensions: &["rb"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["ruby", "{main}"],
    },
    Preset {
        name: "perl",
        kattis: "perl",
        main: "main.pl",
        aliases: &["pl"],
        extensions: &["pl"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["/usr/bin/perl", "{main}"],
    },
    Preset {
        name: "lua",
        kattis: "lua",
        main: "main.lua",
        aliases: &[],
        extensions: &["lua"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["lua", "{main}"],
    },
    Preset {
        name: "php",
        kattis: "php",
        main: "main.php",
        aliases: &[],
        extensions: &["php"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["php", "-d", "display_errors=stderr", "{main}"],
    },
    Preset {
        name: "shell",
        kattis: "bash",
        main: "main.sh",
        aliases: &["sh", "bash"],
        extensions: &["sh", "bash"],
        profile: "python",
        build: &[],
        outputs: &[],
        run: &["/bin/bash", "{main}"],
    },
    Preset {
        name: "haskell",
        kattis: "haskell",
        main: "main.hs",
        aliases: &["hs"],
        extensions: &["hs"],
        profile: "native",
        build: &["ghc", "-O2", "-outputdir", "/tmp/ghc", "-o", "prog", "{main}"],
        outputs: &["prog"],
        run: &["./prog"],
    },
    Preset {
        name: "ocaml",
        kattis: "ocaml",
        main: "main.ml",
        aliases: &["ml"],
        extensions: &["ml"],
        profile: "native",
        build: &["ocamlfind", "ocamlopt", "-O3", "-package", "str", "-linkpkg", "-o", "prog", "{sources}"],
        outputs: &["prog"],
        run: &["./prog"],
    },
    Preset {
        name: "pascal",
        kattis: "pascal",
        main: "main.pas",
        aliases: &["pas"],
        extensions: &["pas", "pp"],
        profile: "native",
        build: &["fpc", "-O2", "-FU/tmp", "-oprog", "{main}"],
        outputs: &["prog"],
        run: &["./prog"],
    },
];

/// The word that lets the files decide.
pub const AUTO: &str = "auto";

/// Every word that `language` may be.
pub fn language_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(AUTO).chain(
        PRESETS.iter().flat_map(|preset| std::iter::once(preset.name).chain(preset.aliases.iter().copied())),
    )
}

/// The preset of a language, by name; `None` also for [`AUTO`].
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name || preset.aliases.contains(&name))
}

/// How these files of a submission are built and run. `language` is a word of [`language_names`].
///
/// # Errors
/// There is no file of that language, or of any; or of several as many of each. In words, for
/// whoever handed them in.
pub fn commands(language: &str, files: &[PathBuf]) -> Result<Commands, String> {
    let preset = match preset(language) {
        Some(preset) => preset,
        None => guess(files)?,
    };
    preset.commands(files, None)
}

impl Commands {
    /// The run command for a limit of memory: a runtime gets half of it for objects, or what the
    /// runtime itself does not need.
    #[must_use]
    pub fn run_within(&self, memory: Bytes) -> Vec<NoNul> {
        let all = memory.0 >> 20;
        // Code, stacks and the collector's own tables: a JVM that does nothing takes some 40 MiB.
        let heap = if all <= 256 { all / 2 } else { all - 128 }.max(8).to_string();
        let word = |word: &NoNul| match std::str::from_utf8(word.as_bytes()) {
            Ok(text) if text.contains(HEAP) => no_nul(&text.replace(HEAP, &heap)),
            _ => word.clone(),
        };
        self.run.iter().map(word).collect()
    }
}

impl Preset {
    /// How these files are built and run, begun at `entry` (a path, or one without its extension)
    /// where that is said and is one of them.
    ///
    /// # Errors
    /// There is no file of this language, in words.
    pub fn commands(&self, files: &[PathBuf], entry: Option<&str>) -> Result<Commands, String> {
        let sources = self.sources(files);
        let said = entry.and_then(|entry| {
            let is_it =
                |path: &&&Path| **path == Path::new(entry) || path.with_extension("") == Path::new(entry);
            sources.iter().find(is_it).copied()
        });
        let Some(main) = said.or_else(|| main_of(&sources)) else {
            let extensions: Vec<_> =
                self.extensions.iter().map(|extension| format!(".{extension}")).collect();
            return Err(format!("there is no {} file ({})", self.name, extensions.join(", ")));
        };
        let words =
            |template: &[&str]| template.iter().flat_map(|word| self.word(word, main, &sources)).collect();
        Ok(Commands {
            language: self.name,
            profile: self.profile,
            build: (!self.build.is_empty()).then(|| words(self.build)),
            outputs: self.outputs.iter().map(PathBuf::from).collect(),
            run: words(self.run),
        })
    }

    /// The build command as a line of shell, for files whose names are not known yet: it finds them
    /// itself. `None` for languages that are not built.
    #[must_use]
    pub fn build_line(&self, main: &str) -> Option<String> {
        let names: Vec<_> =
            self.extensions.iter().map(|extension| format!("-name '*.{extension}'")).collect();
        let find = format!("$(find . -type f '(' {} ')' | sort)", names.join(" -o "));
        let word = |word: &&str| match *word {
            "{sources}" => find.clone(),
            "{main}" => quoted_if_needed(&format!("./{main}")),
            other => quoted_if_needed(other),
        };
        let words: Vec<String> = self.build.iter().map(word).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Its source files: those nearest to the top first, then by name.
    fn sources<'f>(&self, files: &'f [PathBuf]) -> Vec<&'f Path> {
        let mut sources: Vec<&Path> =
            files.iter().map(PathBuf::as_path).filter(|path| self.is_source(path)).collect();
        sources.sort_by_key(|path| (path.components().count(), path.to_owned()));
        sources
    }

    fn is_source(&self, path: &Path) -> bool {
        let extension = path.extension().and_then(OsStr::to_str);
        let hidden = path.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
        !hidden && extension.is_some_and(|extension| self.extensions.contains(&extension))
    }

    /// A word of a template, made words of a command. A name that begins with `-` is no option.
    fn word(&self, word: &str, main: &Path, sources: &[&Path]) -> Vec<NoNul> {
        let file = |path: &Path| NoNul::new([b"./", path.as_os_str().as_encoded_bytes()].concat()).ok();
        match word {
            "{sources}" => sources.iter().filter_map(|path| file(path)).collect(),
            "{main}" => file(main).into_iter().collect(),
            word => vec![no_nul(word)],
        }
    }
}

/// A word for a shell.
fn quoted_if_needed(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_=+./".contains(c));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn no_nul(word: &str) -> NoNul {
    NoNul::new(word).expect("the table has no NUL, and numbers have none")
}

/// The file to begin with.
fn main_of<'f>(sources: &[&'f Path]) -> Option<&'f Path> {
    const USUAL: [&str; 4] = ["main", "prog", "solution", "app"];
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let usual =
        USUAL.iter().find_map(|name| sources.iter().find(|path| stem(path).as_deref() == Some(*name)));
    usual.or(sources.first()).copied()
}

/// The language of which there are most files.
///
/// # Errors
/// There is none, or as many of another: in words.
pub fn guess(files: &[PathBuf]) -> Result<&'static Preset, String> {
    let count = |preset: &&Preset| files.iter().filter(|path| preset.is_source(path)).count();
    let mut found: Vec<_> =
        PRESETS.iter().map(|preset| (count(&preset), preset)).filter(|(n, _)| *n > 0).collect();
    found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    match found[..] {
        [] => Err("there is no file of a known language".to_owned()),
        [(_, only)] => Ok(only),
        [(most, first), (next, _), ..] if most > next => Ok(first),
        [(_, one), (_, other), ..] => {
            Err(format!("there are as many files of {} as of {}", one.name, other.name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(language: &str, files: &[&str]) -> Result<Commands, String> {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        commands(language, &files)
    }

    fn shown(words: &[NoNul]) -> String {
        words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_language_is_known_by_its_files_and_only_where_that_is_clear() {
        assert_eq!(of("auto", &["sort.c", "README"]).expect("C").language, "c");
        assert_eq!(of("auto", &["a.py", "b.py", "x.c"]).expect("Python").language, "python");
        assert!(of("auto", &["a.py", "x.c"]).expect_err("unclear").contains("as many"));
        assert!(of("auto", &["README"]).expect_err("nothing").contains("known language"));
        assert!(of("java", &["a.py"]).expect_err("nothing").contains("no java file (.java)"));
        assert!(of("c", &[".hidden/a.c"]).is_err());
    }

    #[test]
    fn names_of_files_are_words_and_never_options() {
        let c = of("c++", &["-o.cpp", "a b.cpp", "sub/main.cpp", "x.h"]).expect("C++");
        let build = c.build.expect("it is built");
        assert_eq!(shown(&build), "g++ -O2 -std=gnu++20 -o prog ./-o.cpp ./a b.cpp ./sub/main.cpp");
        assert_eq!(build.len(), 8);
        assert_eq!(shown(&of("py", &["z.py", "main.py"]).expect("Python").run), "/usr/bin/python3 ./main.py");
    }

    #[test]
    fn a_runtime_is_told_how_much_memory_it_has() {
        let java = of("java", &["Main.java"]).expect("Java");
        assert!(shown(&java.run_within(Bytes::mib(256))).contains("-Xmx128m"));
        assert!(shown(&java.run_within(Bytes::mib(1024))).contains("-Xmx896m"));
        assert!(
            shown(&of("go", &["a.go"]).expect("Go").run_within(Bytes::mib(64))).contains("GOMEMLIMIT=32MiB")
        );
    }

    #[test]
    fn no_name_and_no_extension_means_two_languages_and_profiles_exist() {
        let mut names: Vec<_> = language_names().collect();
        let mut extensions: Vec<_> = PRESETS.iter().flat_map(|preset| preset.extensions).collect();
        let (all_names, all_extensions) = (names.len(), extensions.len());
        names.sort_unstable();
        names.dedup();
        extensions.sort_unstable();
        extensions.dedup();
        assert_eq!((names.len(), extensions.len()), (all_names, all_extensions));
        for preset in PRESETS {
            assert!(super::super::BUILTIN_PROFILES.contains(&preset.profile), "{}", preset.name);
        }
    }
}
