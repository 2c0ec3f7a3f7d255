//! [`JunitStyle`]: which of the schemas that exclude each other the document is to satisfy.

/// Which of the schemas that exclude each other the document is to satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum JunitStyle {
    /// With `file` and `line`, which the GitHub actions, GitLab and CircleCI read.
    #[default]
    Extended,
    /// Valid against `junit-10.xsd` (Jenkins' xUnit plugin) and Surefire's.
    Strict,
    /// Valid against Ant's `JUnit.xsd`, from its first edition that knows `skipped`, and `junit-10.xsd`.
    Ant,
}
