//! [`default_config_text`]: what `--create-config` writes.

use std::fmt::Write as _;

use super::{BUILTIN_PROFILES, Profile, Profiles, SeccompChoice};
use crate::limits::KEYS;
use crate::units::Bytes;

/// A configuration with every key and its built-in value, explained, and all of it commented out,
/// headers included: so a block that somebody adds at the end never defines a table twice.
#[must_use]
pub fn default_config_text() -> String {
    include_str!("default.toml")
        .replace("@LIMITS@\n", &limits())
        .replace("@PROFILES@", &profiles())
        // The mark of a line that is an example and not the built-in value.
        .replace("#~", "#")
}

fn limits() -> String {
    KEYS.iter().fold(String::new(), |mut text, key| {
        let _ = writeln!(text, "#   {:<14} {:<17} {}", key.short, key.long, key.meaning);
        text
    })
}

fn profiles() -> String {
    let profiles = Profiles::builtin();
    BUILTIN_PROFILES.iter().fold(String::new(), |mut text, name| {
        let _ = write!(text, "\n#[profiles.{name}]\n");
        match profiles.get(name) {
            Ok(profile) if profile != Profile::default() => text.push_str(&keys(name, &profile)),
            _ => text.push_str("# Says nothing of its own: [defaults] holds.\n"),
        }
        text
    })
}

fn keys(name: &str, profile: &Profile) -> String {
    let mut text = String::new();
    let limits = &profile.limits;
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "#{key} = {value}");
        }
    };
    let ms = |time: std::time::Duration| time.as_millis().to_string();
    line("timeout_ms", limits.wall.as_ref().map(|limit| ms(limit.value)));
    line("max_cpu_time_ms", limits.cpu.as_ref().and_then(|limit| limit.value).map(ms));
    line("memory_bytes", limits.memory.as_ref().map(|limit| mebibytes(limit.value)));
    line("max_disk_bytes", limits.disk.as_ref().map(|limit| mebibytes(limit.value)));
    line("max_file_bytes", limits.file_size.as_ref().map(|limit| mebibytes(limit.value)));
    line("max_pids", limits.pids.as_ref().map(|limit| limit.value.to_string()));
    line("max_open_files", limits.open_files.as_ref().map(|limit| limit.value.to_string()));
    let isolation = &profile.isolation;
    if isolation.network.is_some() || isolation.seccomp.is_some() {
        let _ = writeln!(text, "#[profiles.{name}.isolation]");
    }
    if let Some(network) = &isolation.network {
        let _ = writeln!(text, "#network = {}", network.value);
    }
    if let Some(seccomp) = &isolation.seccomp {
        let word = if seccomp.value == SeccompChoice::Strict { "strict" } else { "default" };
        let _ = writeln!(text, "#seccomp_policy = \"{word}\"");
    }
    text
}

fn mebibytes(size: Bytes) -> String {
    format!("\"{}M\"", size.0 >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::policy::file::key_tables;
    use crate::policy::{Config, ConfigFormat, parse_config};

    fn parse(text: &str) -> Config {
        let source = Source { name: "config.toml".to_owned(), text: text.into() };
        parse_config(&source, ConfigFormat::Toml).unwrap_or_else(|errors| panic!("{errors:#?}"))
    }

    /// The text with everything in force that is commented out.
    fn uncommented() -> String {
        let text = default_config_text();
        let line = |line: &str| match line.strip_prefix('#') {
            Some(code) if !code.starts_with(' ') => format!("{code}\n"),
            _ => "\n".to_owned(),
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn the_text_loads_back_to_exactly_what_is_built_in() {
        let mut config = parse(&default_config_text());
        assert_eq!(config.file.take().as_deref(), Some("config.toml"));
        assert_eq!(config.profiles.names(), Profiles::builtin().names());
        config.profiles = Profiles::builtin();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn every_value_in_the_text_is_the_built_in_one() {
        let text = include_str!("default.toml").replace("@LIMITS@\n", "").replace("@PROFILES@", &profiles());
        let shown: String = text
            .lines()
            .filter(|line| !line.starts_with("# ") && !line.starts_with("#~"))
            .map(|line| format!("{}\n", line.strip_prefix('#').unwrap_or(line)))
            .collect();
        let config = parse(&shown);
        let builtin = Config::default();
        assert_eq!(config.macos, builtin.macos);
        assert_eq!(config.linux.cgroups_version.value, builtin.linux.cgroups_version.value);
        assert_eq!(config.linux.enable_seccomp.value, builtin.linux.enable_seccomp.value);
        assert_eq!(config.linux.seccomp_policy.value, builtin.linux.seccomp_policy.value);
        assert_eq!(config.monitoring.monitor_interval.value, builtin.monitoring.monitor_interval.value);
        let mut monitoring = config.monitoring;
        assert_eq!(monitoring.setup_timeout.value, builtin.monitoring.setup_timeout.value);
        monitoring.monitor_interval = builtin.monitoring.monitor_interval.clone();
        monitoring.setup_timeout = builtin.monitoring.setup_timeout.clone();
        assert_eq!(monitoring, builtin.monitoring);
        assert_eq!(config.security, builtin.security);
        for name in BUILTIN_PROFILES {
            let mut shown = config.profiles.get(name).expect("known");
            let mut builtin = Profiles::builtin().get(name).expect("known");
            for profile in [&mut shown, &mut builtin] {
                forget_origins(profile);
            }
            assert_eq!(shown, builtin, "{name}");
        }
    }

    fn forget_origins(profile: &mut Profile) {
        fn forget<T>(value: &mut Option<crate::limits::Resolved<T>>) {
            if let Some(value) = value {
                value.origin = crate::limits::Origin::Builtin;
            }
        }
        let limits = &mut profile.limits;
        forget(&mut limits.wall);
        forget(&mut limits.cpu);
        forget(&mut limits.memory);
        forget(&mut limits.pids);
        forget(&mut limits.file_size);
        forget(&mut limits.disk);
        forget(&mut limits.open_files);
        forget(&mut profile.isolation.network);
        forget(&mut profile.isolation.seccomp);
    }

    #[test]
    fn each_key_of_the_parser_is_in_the_text_and_each_key_of_the_text_in_the_parser() {
        let text = uncommented();
        // The one direction: with every comment taken away nothing is unknown, and nothing twice.
        parse(&text);
        // The other one.
        let whole = default_config_text();
        for (path, keys) in key_tables() {
            let block = block(&text, path).unwrap_or_else(|| panic!("no [{path}]"));
            for key in keys {
                let has_line = block.lines().any(|line| line.starts_with(&format!("{key} = ")));
                let has_table = text.contains(&format!("[{path}.{key}]"));
                let in_limits = KEYS.iter().any(|limit| limit.short == key || limit.long == key)
                    && whole.contains(&format!("{key} "));
                assert!(has_line || has_table || in_limits, "{key} of [{path}]");
            }
        }
        for path in ["defaults", "profiles.strict", "platform.linux", "platform.macos", "monitoring"] {
            assert!(whole.contains(&format!("#[{path}]")), "{path}");
        }
        assert!(whole.contains("inherits = "));
    }

    /// What stands under a header.
    fn block<'t>(text: &'t str, path: &str) -> Option<&'t str> {
        let (_, after) = text.split_once(&format!("[{path}]\n"))?;
        Some(after.split("\n[").next().unwrap_or(after))
    }

    #[test]
    fn the_blocks_of_the_troubleshooting_guide_can_be_added_at_the_end() {
        for block in [
            "[platform.linux]\ncgroups_version = \"v1\"",
            "[platform.linux]\nenable_seccomp = false",
            "[platform.macos]\nenable_sandbox_exec = false",
            "[monitoring]\nmonitor_interval_ms = 100  # Default is 50ms",
            "[monitoring]\nenable_io_statistics = false\nenable_resource_tracking = false",
            "[security]\nmax_concurrent_executions = 3",
            "[defaults.resources]\nmax_output_bytes = 524288  # 512KB instead of 1MB",
            "[profiles.production]\ntimeout_ms = 60000\n\n[profiles.production.resources]\nmemory_bytes = 1073741824",
        ] {
            let config = parse(&format!("{}{block}\n", default_config_text()));
            assert_ne!(config, parse(&default_config_text()), "{block}");
        }
    }

    #[test]
    fn the_guide_s_way_to_list_the_profiles_lists_them_and_nothing_else() {
        let text = default_config_text();
        let listed: Vec<_> = text.lines().filter(|line| line.contains("[profiles.")).collect();
        let mut wanted: Vec<_> = BUILTIN_PROFILES.iter().map(|name| format!("#[profiles.{name}]")).collect();
        wanted.push("#[profiles.strict.isolation]".to_owned());
        assert_eq!(listed, wanted);
    }
}
