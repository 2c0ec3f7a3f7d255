//! Which cases of the suites are run: those that were asked for, and everything that they need.

mod choose;
mod expression;
mod options;
mod order;
mod parse_expression;
mod previous;
mod shard;
mod tags;
mod tell;

pub(super) use choose::{Choice, Chosen, choose};
pub(super) use expression::HELP as FILTERS_HELP;
pub(super) use options::SelectArgs;
pub(super) use order::Order;
pub(super) use previous::{Before, Previous, Words};
