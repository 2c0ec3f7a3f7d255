//! The comparisons of packages, as a suite writes them.

use super::yaml;

/// The comparison of Kattis' default validator with these flags.
///
/// # Errors
/// In words, for flags that mean nothing or that no comparison here has.
pub(super) fn kattis(flags: &[String]) -> Result<String, String> {
    let (mut absolute, mut relative) = (None, None);
    let (mut case_sensitive, mut space_sensitive) = (false, false);
    let mut words = flags.iter();
    while let Some(word) = words.next() {
        let mut number = || -> Result<f64, String> {
            let text = words.next().ok_or_else(|| format!("`{word}` comes without a number"))?;
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            value.ok_or_else(|| format!("`{text}` is no tolerance"))
        };
        match word.as_str() {
            "case_sensitive" => case_sensitive = true,
            "space_change_sensitive" => space_sensitive = true,
            "float_absolute_tolerance" => absolute = Some(number()?),
            "float_relative_tolerance" => relative = Some(number()?),
            "float_tolerance" => {
                let both = number()?;
                (absolute, relative) = (Some(both), Some(both));
            }
            other => return Err(format!("the default validator has no flag `{other}`")),
        }
    }
    let flag = |name: &str, is_set: bool| is_set.then(|| format!("{name}: true"));
    let said: Vec<_> = [
        flag("case_sensitive", case_sensitive),
        flag("space_change_sensitive", space_sensitive),
        absolute.map(|value| format!("float_absolute_tolerance: {}", tolerance(value))),
        relative.map(|value| format!("float_relative_tolerance: {}", tolerance(value))),
    ]
    .into_iter()
    .flatten()
    .collect();
    Ok(if said.is_empty() { "kattis".to_owned() } else { format!("{{kattis: {{{}}}}}", said.join(", ")) })
}

/// `{float: {…}}`.
pub(super) fn float(absolute: Option<f64>, relative: Option<f64>) -> Option<String> {
    let entry = |name: &str, value: Option<f64>| value.map(|value| format!("{name}: {}", tolerance(value)));
    let both: Vec<_> = [entry("abs", absolute), entry("rel", relative)].into_iter().flatten().collect();
    (!both.is_empty()).then(|| format!("{{float: {{{}}}}}", both.join(", ")))
}

/// A small number loses nothing.
fn tolerance(value: f64) -> String {
    let short = yaml::number(value);
    if short.parse::<f64>() == Ok(value) { short } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> Result<String, String> {
        kattis(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_of_the_default_validator_become_its_comparison() {
        assert_eq!(flags("").as_deref(), Ok("kattis"));
        assert_eq!(flags("case_sensitive").as_deref(), Ok("{kattis: {case_sensitive: true}}"));
        let both = "{kattis: {float_absolute_tolerance: 1e-9, float_relative_tolerance: 1e-9}}";
        assert_eq!(flags("float_tolerance 1e-9").as_deref(), Ok(both));
        assert!(flags("float_tolerance").is_err() && flags("float_tolerance nan").is_err());
        assert!(flags("nonsense").is_err());
    }
}
