//! The names that Moodle and Canvas give to what they let a teacher download, read back into a
//! student and a file.

/// What a downloaded name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Downloaded {
    /// The system's own number of the student (Canvas) or of the participant (Moodle).
    pub(super) id: String,
    /// The student's name, as the system writes it.
    pub(super) name: String,
    /// Whether the system says that it came late.
    pub(super) late: bool,
    /// The name of the file that was handed in; empty when the folder of a student is meant.
    pub(super) file: String,
}

/// Reads a name; `None` when neither system gives such names.
pub(super) fn downloaded(name: &str) -> Option<Downloaded> {
    moodle(name).or_else(|| canvas(name))
}

/// `Name_12345_assignsubmission_file_sort.py`, or the same without a file for a folder.
fn moodle(name: &str) -> Option<Downloaded> {
    let (person, rest) = name.split_once("_assignsubmission_file")?;
    let (person, id) = person.rsplit_once('_')?;
    let file = rest.strip_prefix('_').unwrap_or(rest);
    let fits = !person.is_empty() && is_number(id) && (rest.is_empty() || rest.starts_with('_'));
    fits.then(|| Downloaded {
        id: id.to_owned(),
        name: person.to_owned(),
        late: false,
        file: file.to_owned(),
    })
}

/// `doejohn_12345_67890_sort.py`, or `doejohn_LATE_12345_67890_sort.py`.
fn canvas(name: &str) -> Option<Downloaded> {
    let mut parts = name.split('_');
    let person = parts.next().filter(|person| !person.is_empty())?;
    let mut next = parts.next()?;
    let late = next.eq_ignore_ascii_case("late");
    if late {
        next = parts.next()?;
    }
    let (id, attachment) = (next, parts.next()?);
    let file: Vec<_> = parts.collect();
    let fits = is_number(id) && is_number(attachment) && !file.is_empty();
    fits.then(|| Downloaded { id: id.to_owned(), name: person.to_owned(), late, file: file.join("_") })
        .filter(|found| !found.file.is_empty())
}

/// At most as long as such numbers are.
fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name without the `-2` that Canvas puts behind the stem of what was handed in again.
pub(super) fn without_attempt(file: &str) -> Option<String> {
    let (stem, extension) = file.rsplit_once('.')?;
    let (stem, attempt) = stem.rsplit_once('-')?;
    (is_number(attempt) && !stem.is_empty()).then(|| format!("{stem}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<(String, String, bool, String)> {
        downloaded(name).map(|found| (found.id, found.name, found.late, found.file))
    }

    fn some(id: &str, name: &str, late: bool, file: &str) -> Option<(String, String, bool, String)> {
        Some((id.into(), name.into(), late, file.into()))
    }

    #[test]
    fn names_of_moodle_are_understood() {
        let of_folder = of("Ada Lovelace_12345_assignsubmission_file_");
        assert_eq!(of_folder, some("12345", "Ada Lovelace", false, ""));
        assert_eq!(of("Ada Lovelace_12345_assignsubmission_file"), of_folder);
        let of_file = of("Anna_Maria Müller_7_assignsubmission_file_my_sort.py");
        assert_eq!(of_file, some("7", "Anna_Maria Müller", false, "my_sort.py"));
        assert_eq!(of("_7_assignsubmission_file_x"), None);
        assert_eq!(of("Ada_x_assignsubmission_file_x"), None);
    }

    #[test]
    fn names_of_canvas_are_understood_late_ones_too() {
        assert_eq!(of("doejohn_12345_67890_sort.py"), some("12345", "doejohn", false, "sort.py"));
        assert_eq!(of("doejohn_LATE_12345_67890_my_sort.py"), some("12345", "doejohn", true, "my_sort.py"));
        assert_eq!(of("doejohn_late_12345_67890_a.py"), some("12345", "doejohn", true, "a.py"));
        for other in ["sort.py", "doe_john.py", "doe_1_2", "doe_1_x_a.py", "a_late_1_a.py", "_1_2_a.py"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn the_number_of_an_attempt_is_taken_off() {
        assert_eq!(without_attempt("sort-2.py").as_deref(), Some("sort.py"));
        assert_eq!(without_attempt("sort.py"), None);
        assert_eq!(without_attempt("-2.py"), None);
        assert_eq!(without_attempt("part-x.py"), None);
    }
}
