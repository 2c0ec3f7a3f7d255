//! [`Service`]: the CI services whose logs we know.

use std::time::SystemTime;

use super::escape::{azure_property, azure_text, github_property, github_text, gitlab_name, inert};
use crate::report::record::{CaseRecord, Moment};
use crate::report::told::Told;
use crate::units::visible_line;

/// The CI services whose logs we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Azure Pipelines.
    Azure,
}

/// Annotations of one run: GitHub drops all after the tenth without a word, so that the last one says
/// how many there are.
pub const MOST_ANNOTATIONS: usize = 9;

/// `text` as a section that can be folded, under `title`; ends in a newline.
///
/// `token` is a secret of this run: on GitHub it switches commands off around the text, so that no
/// line of it is one. It must be random.
#[must_use]
pub fn section(service: Service, title: &str, text: &str, token: &str) -> String {
    let title = inert(&visible_line(title.as_bytes()));
    let text = inert(text);
    let text = text.trim_end_matches('\n');
    match service {
        Service::Github => format!(
            "::group::{}\n::stop-commands::{token}\n{text}\n::{token}::\n::endgroup::\n",
            title.replace('%', "%25")
        ),
        Service::Gitlab => {
            let now = Moment::from(SystemTime::now()).millis() / 1000;
            let name = format!("{}_{}", gitlab_name(&title), &token[..token.len().min(8)]);
            format!(
                "\x1b[0Ksection_start:{now}:{name}[collapsed=true]\r\x1b[0K{title}\n{text}\n\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n"
            )
        }
        Service::Azure => format!("##[group]{title}\n{text}\n##[endgroup]\n"),
    }
}

/// The annotation for a case that did not pass, ending in a newline; `None` where the service knows
/// none.
#[must_use]
pub fn annotation(service: Service, case: &CaseRecord) -> Option<String> {
    let line = Told::of_case(case).line();
    let has_place = !case.file.is_empty();
    match service {
        Service::Github => {
            let title = github_property(&case.id);
            let place = if has_place {
                format!("file={},line={},", github_property(&case.file), case.line)
            } else {
                String::new()
            };
            Some(format!("::error {place}title={title}::{}\n", github_text(&line)))
        }
        Service::Azure => {
            let place = if has_place {
                format!("sourcepath={};linenumber={};", azure_property(&case.file), case.line)
            } else {
                String::new()
            };
            let text = azure_text(&format!("{}: {line}", case.id));
            Some(format!("##vso[task.logissue type=error;{place}]{text}\n"))
        }
        Service::Gitlab => None,
    }
}

/// The annotation that says how many more there are.
#[must_use]
pub fn more(service: Service, count: usize) -> Option<String> {
    let text = format!("and {count} more: see the summary and the reports");
    match service {
        Service::Github => Some(format!("::error title=capsule-run::{text}\n")),
        Service::Azure => Some(format!("##vso[task.logissue type=error;]{text}\n")),
        Service::Gitlab => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "x\n::error::a\n##[add-mask]b ##vso[task.complete]c\nsection_end:1:x\n";

    #[test]
    fn what_a_program_printed_commands_nothing() {
        let text = section(Service::Github, EVIL, EVIL, "t0k3n");
        assert!(text.starts_with("::group::x\\n::error::a"), "{text}");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines[1], lines[lines.len() - 2]), ("::stop-commands::t0k3n", "::t0k3n::"));
        for service in [Service::Github, Service::Gitlab, Service::Azure] {
            let text = section(service, EVIL, EVIL, "t0k3n");
            assert!(!text.contains("##[add-mask]") && !text.contains("##vso["), "{text}");
            assert!(!text.contains("section_end:1:x"), "{text}");
        }
    }

    #[test]
    fn an_annotation_is_one_command() {
        let mut case = CaseRecord::example();
        case.id = "a,b::error::c\n::error::d".into();
        case.file = "x,y:z;].yaml".into();
        case.reason.as_mut().expect("not passed").message = EVIL.into();
        let text = annotation(Service::Github, &case).expect("known");
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("::error file=x%2Cy%3Az;].yaml,line=3,title=a%2Cb%3A%3Aerror"), "{text}");
        let text = annotation(Service::Azure, &case).expect("known");
        assert!(
            text.starts_with("##vso[task.logissue type=error;sourcepath=x,y:z%3B%5D.yaml;linenumber=3;]")
        );
    }
}
