//! Cases made from files: one for each input that a glob matches.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::natural;
use super::resolver::{Resolver, path_shown};
use crate::judge::Code;
use crate::suite::{CasesFrom, bad_name, check_relative};

/// A case's files, found by a glob.
pub(super) struct FromFile {
    pub(super) input: PathBuf,
    pub(super) input_span: std::ops::Range<usize>,
    /// The expected output, and where its template stands.
    pub(super) answer: Option<(PathBuf, std::ops::Range<usize>)>,
    /// The id within the group.
    pub(super) id: String,
}

impl Resolver<'_> {
    /// The cases of `from`, in natural order of their inputs.
    pub(super) fn cases_from(&mut self, from: &CasesFrom) -> Vec<FromFile> {
        let base = fixed_part(&from.stdin.value);
        let (mut inputs, listed) = self.matches(from, &base);
        inputs.sort_by(|left, right| natural::compare(left, right));
        inputs.iter().filter_map(|input| self.case_of(from, &base, input, &listed)).collect()
    }

    /// Every file that the glob matches, relative to the suite; and every file below `base`.
    fn matches(&mut self, from: &CasesFrom, base: &str) -> (Vec<String>, HashSet<PathBuf>) {
        let (pattern, span) = (&from.stdin.value, &from.stdin.span);
        let matcher = match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                let message = format!("this is no glob: {}", error.kind());
                self.mistake(Code::InvalidInput, span, message, "write `data/*.in` or `data/**/*.in`");
                return Default::default();
            }
        };
        let folder = self.root.join(base);
        let listed = match self.files.list(&folder) {
            Ok(listed) => listed,
            Err(error) => {
                let folder = path_shown(Path::new(base));
                let message =
                    format!("this glob matches no file: the folder `{folder}` cannot be listed: {error}");
                self.mistake(Code::OutOfRange, span, message, "globs are relative to the suite file");
                return Default::default();
            }
        };
        let mut inputs = Vec::new();
        for path in &listed {
            let submitted = self.is_submitted(&folder.join(path));
            let path = Path::new(base).join(path);
            if submitted || !matcher.is_match(&path) {
                continue;
            }
            match path.to_str() {
                Some(path) if bad_name(path).is_none() => inputs.push(path.to_owned()),
                _ => {
                    let message = format!("the file `{}` cannot name a case", path_shown(&path));
                    let help = "name it with UTF-8 letters that can be seen";
                    self.mistake(Code::OutOfRange, span, message, help);
                }
            }
        }
        if inputs.is_empty() {
            let help = "globs are relative to the suite file; `*` stays in one folder, `**` goes into all";
            self.mistake(Code::OutOfRange, span, "this glob matches no file", help);
        }
        (inputs, listed.into_iter().collect())
    }

    fn case_of(
        &mut self,
        from: &CasesFrom,
        base: &str,
        input: &str,
        listed: &HashSet<PathBuf>,
    ) -> Option<FromFile> {
        let answer = match &from.expect_stdout {
            Some(template) => {
                let answer = expand(&template.value, input);
                if let Some(reason) = check_relative(&answer) {
                    let message = format!("the answer `{}` {reason}", path_shown(Path::new(&answer)));
                    self.mistake(Code::OutOfRange, &template.span, message, "");
                    return None;
                }
                let path = PathBuf::from(answer);
                let is_listed = path.strip_prefix(base).is_ok_and(|below| listed.contains(below));
                if !is_listed && self.files.kind(&self.root.join(&path)).is_none() {
                    let message = format!(
                        "the input `{}` has no answer: `{}` does not exist",
                        path_shown(Path::new(input)),
                        path_shown(&path)
                    );
                    let help = "add the answer, or remove the input";
                    self.mistake(Code::OutOfRange, &template.span, message, help);
                    return None;
                }
                Some((path, template.span.clone()))
            }
            None => None,
        };
        let id = match &from.id {
            Some(template) => expand(&template.value, input),
            None => without_extension(input.strip_prefix(base).unwrap_or(input)).trim_matches('/').to_owned(),
        };
        let input_span = from.stdin.span.clone();
        Some(FromFile { input: PathBuf::from(input), input_span, answer, id })
    }
}

/// The folders of a glob before its first special character.
fn fixed_part(pattern: &str) -> String {
    let folders = pattern.rsplit_once('/').map_or("", |(folders, _)| folders);
    let fixed = folders.split('/').take_while(|part| !part.contains(['*', '?', '[', ']', '{', '}', '\\']));
    fixed.collect::<Vec<_>>().join("/")
}

/// A template with `{dir}`, `{stem}` and `{name}` of `input` put in.
fn expand(template: &str, input: &str) -> String {
    let (dir, name) = input.rsplit_once('/').unwrap_or(("", input));
    // In one pass, so that braces in file names mean nothing.
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (placeholder, after) = after.split_once('}').unwrap_or((after, ""));
        match placeholder {
            "dir" => out.push_str(dir),
            "stem" => out.push_str(without_extension(name)),
            _ => out.push_str(name),
        }
        rest = after;
    }
    out.push_str(rest);
    // An input beside the suite has no folder.
    if dir.is_empty() { out.trim_start_matches('/').to_owned() } else { out }
}

/// `a/01.in` without its last extension; a name that begins with its only dot keeps it.
fn without_extension(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path.rfind('.') {
        Some(dot) if dot > name => &path[..dot],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_part_of_a_glob_is_the_folders_before_its_first_special_character() {
        for (pattern, base) in [
            ("data/secret/**/*.in", "data/secret"),
            ("data/*.in", "data"),
            ("*.in", ""),
            ("data/{a,b}/*.in", "data"),
            ("data/one.in", "data"),
        ] {
            assert_eq!(fixed_part(pattern), base, "{pattern}");
        }
    }

    #[test]
    fn placeholders_are_put_in_once_even_when_a_file_name_looks_like_one() {
        assert_eq!(expand("{dir}/{stem}.ans", "data/a/01.in"), "data/a/01.ans");
        assert_eq!(expand("out/{name}.ans", "data/{dir}.in"), "out/{dir}.in.ans");
        assert_eq!(expand("{dir}/{stem}.ans", "01.in"), "01.ans");
        assert_eq!(expand("{stem}", "data/.hidden"), ".hidden");
    }
}
