//! From the tree that was written to the tree that is read: included files, templates, matrices and
//! variables are put in here, so that nothing behind knows of them. Everything has a bound: a suite
//! that would become too large by it is refused.

mod budget;
mod combine;
mod include;
mod matrix;
mod substitute;
mod templates;
mod variables;

pub(super) use budget::Budget;
pub(super) use include::Part;
pub(super) use matrix::{Params, id as matrix_id};
pub(super) use substitute::{Scope, spelled};
pub(super) use templates::Templates;
