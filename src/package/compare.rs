//! The comparisons of packages, as a suite writes them.

use super::yaml::number;

/// The comparison of Kattis' default validator with these flags.
///
/// # Errors
/// In words, for flags that mean nothing or that no comparison here has.
pub(super) fn kattis(flags: &[String]) -> Result<String, String> {
    let (mut absolute, mut relative) = (None, None);
    let (mut case_sensitive, mut space_sensitive) = (false, false);
    let mut words = flags.iter();
    while let Some(word) = words.next() {
        let mut tolerance = || -> Result<f64, String> {
            let text = words.next().ok_or_else(|| format!("`{word}` comes without a number"))?;
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            value.ok_or_else(|| format!("`{text}` is no tolerance"))
        };
        match word.as_str() {
            "case_sensitive" => case_sensitive = true,
            "space_change_sensitive" => space_sensitive = true,
            "float_absolute_tolerance" => absolute = Some(tolerance()?),
            "float_relative_tolerance" => relative = Some(tolerance()?),
            "float_tolerance" => {
                let both = tolerance()?;
                (absolute, relative) = (Some(both), Some(both));
            }
            other => return Err(format!("the default validator has no flag `{other}`")),
        }
    }
    if space_sensitive {
        if absolute.is_some() || relative.is_some() {
            return Err("`space_change_sensitive` with a tolerance needs a custom validator".to_owned());
        }
        return Ok("exact".to_owned());
    }
    let _ = case_sensitive;
    Ok(float(absolute, relative).unwrap_or_else(|| "tokens".to_owned()))
}

/// `{float: {…}}`.
pub(super) fn float(absolute: Option<f64>, relative: Option<f64>) -> Option<String> {
    let entry = |name: &str, value: Option<f64>| value.map(|value| format!("{name}: {}", tolerance(value)));
    let both: Vec<_> = [entry("abs", absolute), entry("rel", relative)].into_iter().flatten().collect();
    (!both.is_empty()).then(|| format!("{{float: {{{}}}}}", both.join(", ")))
}

/// A small number loses nothing.
fn tolerance(value: f64) -> String {
    let short = number(value);
    if short.parse::<f64>() == Ok(value) { short } else { format!("{value:e}") }
}
