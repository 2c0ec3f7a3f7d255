//! The cache of builds as the command line asks for it.

use std::sync::Arc;

use super::failure::Failure;
use super::grade_args::CacheArgs;
use super::load::Places;
use crate::resolve::Operator;
use crate::runner::BuildCache;
use crate::units::Bytes;

/// The cache of a run. One that was asked for by name must be usable; the usual one is gone
/// without where it is not.
///
/// A run with secrets has none: what is built with one is that secret's, and would stay behind.
pub(super) fn open(
    args: &CacheArgs,
    places: &Places,
    operator: &Operator,
) -> Result<Arc<BuildCache>, Failure> {
    let most: Bytes =
        args.cache_size.parse().map_err(|error| Failure::Usage(format!("--cache-size: {error}")))?;
    if args.no_cache || !operator.secrets.is_empty() {
        return Ok(Arc::new(BuildCache::off()));
    }
    let cache = match (&args.cache_dir, &places.cache) {
        (Some(named), _) => BuildCache::open(&places.cwd.join(named), most.0)
            .map_err(|error| Failure::Usage(format!("--cache-dir: {error}")))?,
        (None, Some(home)) => {
            BuildCache::open(&home.join("capsule-run/builds"), most.0).unwrap_or_else(|error| {
                log::info!("builds are not cached: {error}");
                BuildCache::off()
            })
        }
        (None, None) => BuildCache::off(),
    };
    Ok(Arc::new(cache))
}
