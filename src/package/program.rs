//! [`Program`]: a submission's language, and how it is built and run.

/// What a suite is to build and run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    language: &'static Language,
    /// The file that is run, where a language has one.
    entry: String,
}

/// How one language is built and run.
#[derive(Debug, PartialEq, Eq)]
struct Language {
    name: &'static str,
    /// As Kattis calls it, for `include/`.
    kattis: &'static str,
    extensions: &'static [&'static str],
    /// A shell line that leaves `outputs` behind.
    build: Option<&'static str>,
    outputs: &'static [&'static str],
    /// `{entry}` is the file that is run.
    run: &'static [&'static str],
    profile: &'static str,
    main: &'static str,
}

static LANGUAGES: &[Language] = &[
    Language {
        name: "c",
        kattis: "c",
        extensions: &["c"],
        build: Some("gcc -O2 -std=gnu11 -o prog *.c -lm"),
        outputs: &["prog"],
        run: &["./prog"],
        profile: "native",
        main: "main.c",
    },
    Language {
        name: "cpp",
        kattis: "cpp",
        extensions: &["cpp", "cc", "cxx", "c++", "C"],
        build: Some("ls | grep -E '[.](cpp|cc|cxx|c[+][+]|C)$' | xargs g++ -O2 -std=gnu++20 -o prog"),
        outputs: &["prog"],
        run: &["./prog"],
        profile: "native",
        main: "main.cpp",
    },
    Language {
        name: "python",
        kattis: "python3",
        extensions: &["py", "py3"],
        build: None,
        outputs: &[],
        run: &["python3", "{entry}"],
        profile: "python",
        main: "main.py",
    },
    Language {
        name: "java",
        kattis: "java",
        extensions: &["java"],
        build: Some("javac -encoding UTF-8 -d classes *.java && jar cf prog.jar -C classes ."),
        outputs: &["prog.jar"],
        run: &["java", "-Xss64m", "-XX:+UseSerialGC", "-cp", "prog.jar", "{class}"],
        profile: "java",
        main: "Main.java",
    },
    Language {
        name: "rust",
        kattis: "rust",
        extensions: &["rs"],
        build: Some("rustc --edition 2021 -O -o prog {entry}"),
        outputs: &["prog"],
        run: &["./prog"],
        profile: "native",
        main: "main.rs",
    },
    Language {
        name: "go",
        kattis: "go",
        extensions: &["go"],
        build: Some("GOCACHE=/tmp/go go build -o prog *.go"),
        outputs: &["prog"],
        run: &["./prog"],
        profile: "native",
        main: "main.go",
    },
    Language {
        name: "javascript",
        kattis: "javascript",
        extensions: &["js", "mjs"],
        build: None,
        outputs: &[],
        run: &["node", "{entry}"],
        profile: "java",
        main: "main.js",
    },
    Language {
        name: "shell",
        kattis: "bash",
        extensions: &["sh", "bash"],
        build: None,
        outputs: &[],
        run: &["bash", "{entry}"],
        profile: "python",
        main: "main.sh",
    },
];

impl Default for Program {
    /// What is assumed where nobody says.
    fn default() -> Self {
        Self::of_language("cpp").expect("a name of the table")
    }
}

impl Program {
    /// The names of all languages.
    #[must_use]
    pub fn languages() -> Vec<&'static str> {
        LANGUAGES.iter().map(|language| language.name).collect()
    }

    /// A program in this language, under its usual name.
    #[must_use]
    pub fn of_language(name: &str) -> Option<Self> {
        let language = LANGUAGES.iter().find(|language| language.name == name)?;
        Some(Self { language, entry: language.main.to_owned() })
    }

    /// The program that these files are, by their extensions: paths relative to the submission.
    ///
    /// # Errors
    /// In words: no file of a known language, or more than one language, or no file to begin with.
    pub fn of_files(paths: &[&str]) -> Result<Self, String> {
        let of = |path: &str| {
            let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
            LANGUAGES.iter().find(|language| language.extensions.contains(&extension))
        };
        let mut found: Vec<(&Language, &str)> =
            paths.iter().filter_map(|path| Some((of(path)?, *path))).collect();
        found.sort_by_key(|(_, path)| (path.matches('/').count(), *path));
        let Some((language, _)) = found.first().copied() else {
            let names = Self::languages().join(", ");
            return Err(format!("no file of a language that is known here ({names})"));
        };
        if let Some((other, path)) = found.iter().find(|(other, _)| other.name != language.name) {
            return Err(format!("files of two languages: {}, and {} ({path})", language.name, other.name));
        }
        let is_main = |path: &&str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name == language.main || name == "__main__.py" || name.eq_ignore_ascii_case(language.main)
        };
        let mut paths = found.iter().map(|(_, path)| *path);
        let entry = paths.clone().find(is_main).or_else(|| paths.next()).unwrap_or(language.main);
        Ok(Self { language, entry: entry.to_owned() })
    }

    /// The same program begun at another file.
    #[must_use]
    pub fn with_entry(mut self, entry: &str) -> Self {
        entry.clone_into(&mut self.entry);
        self
    }

    pub(super) fn build(&self) -> Option<String> {
        self.language.build.map(|line| line.replace("{entry}", &self.entry))
    }

    pub(super) fn outputs(&self) -> &'static [&'static str] {
        self.language.outputs
    }

    pub(super) fn run(&self) -> Vec<String> {
        let class = self.entry.rsplit('/').next().unwrap_or_default();
        let class = class.rsplit_once('.').map_or(class, |(stem, _)| stem);
        self.language
            .run
            .iter()
            .map(|word| word.replace("{entry}", &self.entry).replace("{class}", class))
            .collect()
    }

    pub(super) fn profile(&self) -> &'static str {
        self.language.profile
    }

    /// Whether files for this language of `include/` belong to it.
    pub(super) fn takes(&self, include: &str) -> bool {
        include == "default" || include == self.language.kattis || include == self.language.name
    }
}
