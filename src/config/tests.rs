//! What is accepted, and how what is not is refused.

use std::{ffi::OsString, fs, path::Path, time::Duration};

use super::{Concurrency, Config, ConfigError, LogFormat, Registration, Source, reload};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SHIPPED: &str = include_str!("../../config/server.toml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    parse_bytes(text.as_bytes())
}

fn parse_bytes(bytes: &[u8]) -> Result<Config, ConfigError> {
    let source = Source::decode(Path::new("server.toml"), bytes.to_vec())?;
    Config::from_source(Some(&source), [])
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn with_variable(name: &str, value: &str) -> Result<Config, ConfigError> {
    let variable = (OsString::from(name), OsString::from(value));
    Config::load(None, [variable])
}

#[test]
fn the_shipped_file_says_what_the_defaults_are() {
    assert_eq!(parse(SHIPPED).unwrap(), Config::default());
}

#[test]
fn the_shipped_file_mentions_every_key() {
    let written = toml::from_str::<toml::Table>(SHIPPED).unwrap();
    for (key, _) in reload::flat(&Config::default()) {
        let (section, key) = key.split_once('.').unwrap();
        assert!(written[section].get(key).is_some(), "{section}.{key}");
    }
}

#[test]
fn without_a_file_the_defaults_hold() {
    assert_eq!(Config::load(None, []).unwrap(), Config::default());
}

#[test]
fn a_key_that_is_left_out_keeps_its_default() {
    let config = parse("[server]\nregistration = \"closed\"\n").unwrap();
    assert_eq!(config.server.registration, Registration::Closed);
    assert_eq!(config.server.listen, Config::default().server.listen);
    assert_eq!(config.limits, Config::default().limits);
}

#[test]
fn lines_may_end_in_carriage_return_and_newline() {
    let text = SHIPPED.replace('\n', "\r\n");
    assert_eq!(parse(&text).unwrap(), Config::default());
}

#[test]
fn one_address_needs_no_list() {
    let config = parse("[server]\nlisten = \"[::1]:7000\"\n").unwrap();
    assert_eq!(config.server.listen, ["[::1]:7000".parse().unwrap()]);
    assert_eq!(config.public_address(), "[::1]:7000");
}

/// A file, and what its refusal says.
const REFUSED: &[(&str, &str)] = &[
    (
        "[server]\n\nprot = 1",
        "server.toml:3: server.prot: unknown key `prot`",
    ),
    ("name = \"x\"", "server.toml:1: name: unknown key `name`"),
    ("[web]\nport = 1", "server.toml:1: web: unknown key `web`"),
    (
        "[server]\nname = 7",
        "server.toml:2: server.name: invalid type: integer `7`",
    ),
    (
        "[tls]\ngenerate = \"yes\"",
        "server.toml:2: tls.generate: invalid type: string",
    ),
    (
        "[tls]\ngenerate = true\ngenerate = true",
        "server.toml:3: generate: duplicate key",
    ),
    ("[tls]\n[log]\n[tls]", "server.toml:3: tls: duplicate key"),
    ("[log]\nkeep = ", "server.toml:2: "),
    ("server = 5", "server.toml:1: server: invalid type"),
    (
        "[limits]\n\n# none\nframe_max = 0",
        "server.toml:4: limits.frame_max: must be between 65536 and 1048576, is 0",
    ),
    (
        "[limits]\nmax_connections = -1",
        "limits.max_connections: must be between 1 and 1000000, is -1",
    ),
    (
        "[limits]\nmax_connections = 99999999999999999999",
        "server.toml:2: limits.max_connections: ",
    ),
    (
        "[limits]\nlogin_timeout = \"0s\"",
        "limits.login_timeout: must be between \"1s\" and \"10m\", is \"0s\"",
    ),
    (
        "[limits]\nlogin_timeout = 30",
        "limits.login_timeout: invalid type: integer `30`, expected a duration with its unit",
    ),
    (
        "[limits]\nlogin_timeout = \"soon\"",
        "limits.login_timeout: invalid value: string \"soon\", expected a duration",
    ),
    (
        "[sessions]\nidle = \"99999999999999999y\"",
        "sessions.idle: ",
    ),
    (
        "[retention]\nkeep_for = \"59m\"",
        "retention.keep_for: must be between \"1h\" and ",
    ),
    (
        "[retention]\nkeep_for = \"never\"",
        "retention.keep_for: invalid value: string \"never\", expected a duration",
    ),
    (
        "[retention]\nkeep_last = 0",
        "retention.keep_last: must be between 10 and 1000000000, is 0",
    ),
    (
        "[retention]\nkeep_last = \"none\"",
        "retention.keep_last: invalid value: string \"none\", expected \"all\" or a number",
    ),
    (
        "[server]\nlisten = []",
        "server.listen: needs at least one address",
    ),
    (
        "[server]\nlisten = [\"[::]:1\", \"[::]:1\"]",
        "server.listen: [::]:1 stands here twice",
    ),
    (
        "[server]\nlisten = \"localhost\"",
        "server.toml:2: server.listen: \"localhost\" is not an IP address with a port",
    ),
    (
        "[server]\nregistration = \"all\"",
        "server.registration: unknown variant `all`, expected one of `open`, `invite`, `closed`",
    ),
    (
        "[server]\npublic_address = \"chat\"",
        "server.public_address: \"chat\" is not a host with a port",
    ),
    (
        "[server]\nname = \"\"",
        "server.name: must have 1 to 64 characters",
    ),
    ("[server]\ndata = \"\"", "server.data: must name a path"),
    (
        "[passwords]\nconcurrent = 0",
        "passwords.concurrent: must be between 1 and 256, is 0",
    ),
    (
        "[passwords]\nmin_length = 7",
        "passwords.min_length: must be between 8 and 64, is 7",
    ),
    (
        "[log]\nfilter = \"netcomm=loud\"",
        "server.toml:2: log.filter: \"netcomm=loud\" is not a filter",
    ),
    ("[log]\nfilter = \"\"", "log.filter: \"\" is not a filter"),
    (
        "[log]\nformat = \"xml\"",
        "log.format: unknown variant `xml`",
    ),
    (
        "[limits]\nping_interval = \"50s\"",
        "limits.dead_after (by default): must be longer than limits.ping_interval",
    ),
    (
        "[limits]\n\ndead_after = \"5s\"",
        "server.toml:3: limits.dead_after: must be longer than limits.ping_interval",
    ),
    (
        "[passwords]\nlanes = 16\npasses = 0",
        "server.toml:3: passwords.passes",
    ),
];

#[test]
fn what_is_refused_is_named_with_file_line_and_key() {
    for (text, expected) in REFUSED {
        let found = refusal(text);
        assert!(
            found.contains(expected),
            "{text:?}\n  gave {found}\n  not {expected}"
        );
    }
}

#[test]
fn an_empty_file_is_refused() {
    assert!(refusal("").contains("server.toml is empty"));
    assert!(refusal(" \n\n").contains("server.toml is empty"));
    assert_eq!(parse("# nothing changed\n").unwrap(), Config::default());
}

#[test]
fn a_byte_order_mark_is_refused() {
    let found = refusal("\u{feff}[server]\n");
    assert!(
        found.starts_with("server.toml:1: begins with a byte order mark"),
        "{found}"
    );
}

#[test]
fn what_is_not_utf8_is_refused_with_its_line() {
    let found = parse_bytes(b"[server]\nname = \"caf\xE9\"\n")
        .unwrap_err()
        .to_string();
    assert_eq!(found, "server.toml:2: is not UTF-8");
}

#[test]
fn a_missing_file_and_a_folder_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("absent.toml");
    let found = Config::load(Some(&missing), []).unwrap_err().to_string();
    assert!(found.contains("absent.toml does not exist"), "{found}");
    let found = Config::load(Some(folder.path()), [])
        .unwrap_err()
        .to_string();
    assert!(found.contains("is a folder"), "{found}");
}

#[test]
fn a_file_too_long_to_be_a_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.toml");
    fs::write(&file, "#".repeat(300 * 1024)).unwrap();
    let found = Config::load(Some(&file), []).unwrap_err().to_string();
    assert!(found.contains("is longer than 256 KiB"), "{found}");
}

#[test]
fn variables_win_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.toml");
    fs::write(
        &file,
        "[server]\nname = \"file\"\nregistration = \"invite\"\n",
    )
    .unwrap();
    let variables = [
        ("NETCOMM_SERVER_NAME", "variable"),
        ("NETCOMM_SERVER_LISTEN", "127.0.0.1:1, [::1]:2"),
        ("NETCOMM_LOG_FORMAT", "json"),
        ("NETCOMM_LIMITS_MESSAGES_PER_SECOND", "99"),
        ("NETCOMM_LIMITS_LOGIN_TIMEOUT", "1m"),
        ("NETCOMM_PASSWORDS_CONCURRENT", "3"),
        ("NETCOMM_TLS_GENERATE", "false"),
        ("NETCOMM_RETENTION_KEEP_FOR", "30d"),
        ("NETCOMM_RETENTION_KEEP_LAST", "1000"),
        ("NETCOMM_LOG", "debug"),
        ("NETCOMM_TOKEN", "not a section"),
        ("HOME", "/"),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let config = Config::load(Some(&file), variables).unwrap();
    assert_eq!(config.server.name, "variable");
    assert_eq!(config.server.registration, Registration::Invite);
    assert_eq!(config.server.listen.len(), 2);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.filter, "info");
    assert_eq!(config.limits.messages_per_second, 99);
    assert_eq!(config.limits.login_timeout, Duration::from_secs(60));
    assert_eq!(
        config.passwords.concurrent,
        Concurrency::Exactly(3.try_into().unwrap())
    );
    assert!(!config.tls.generate);
    assert_eq!(config.retention.keep_for, Some(30 * DAY));
    assert_eq!(config.retention.keep_last, Some(1000));
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    let table = [
        (
            "NETCOMM_SERVER_PORT",
            "1",
            "there is no key `port` in section [server]",
        ),
        (
            "NETCOMM_LIMITS_FRAME_MAX",
            "0",
            "must be between 65536 and 1048576, is 0",
        ),
        (
            "NETCOMM_LIMITS_FRAME_MAX",
            "many",
            "expected a whole number, found \"many\"",
        ),
        (
            "NETCOMM_TLS_GENERATE",
            "yes",
            "expected true or false, found \"yes\"",
        ),
        (
            "NETCOMM_LIMITS_DEAD_AFTER",
            "5s",
            "must be longer than limits.ping_interval",
        ),
        (
            "NETCOMM_SERVER_LISTEN",
            "",
            "is not an IP address with a port",
        ),
    ];
    for (name, value, expected) in table {
        let found = with_variable(name, value).unwrap_err().to_string();
        assert!(
            found.starts_with(&format!("environment variable {name}: ")),
            "{found}"
        );
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn the_defaults_need_no_warning() {
    assert_eq!(Config::default().warnings(), [""; 0]);
}

#[test]
fn dangerous_settings_are_warned_of_by_key() {
    let table = [
        (
            "[server]\nlisten = \"192.0.2.1:44444\"",
            "server.registration",
        ),
        (
            "[server]\nlisten = \"[::]:44444\"\nregistration = \"invite\"",
            "server.public_address",
        ),
        ("[passwords]\nmemory_kib = 1024", "passwords.memory_kib"),
        ("[tls]\nallow_tls12 = true", "tls.allow_tls12"),
        ("[log]\ntexts = true", "log.texts"),
    ];
    for (text, key) in table {
        let warnings = parse(text).unwrap().warnings();
        assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
        assert!(warnings[0].contains(key), "{warnings:?}");
    }
}

#[test]
fn a_reload_takes_what_it_can_and_names_what_waits() {
    let new = parse(
        "[server]\nname = \"other\"\nregistration = \"closed\"\nlisten = \"127.0.0.1:1\"\n\
         [limits]\nrooms_joined = 7\n[retention]\nkeep_last = 50\n[tls]\nkey = \"k\"\n[log]\nfilter = \"debug\"\nkeep = 3\n",
    )
    .unwrap();
    let reload = Config::default().reloaded(&new);
    assert_eq!(reload.config.server.registration, Registration::Closed);
    assert_eq!(reload.config.server.name, "NetComm");
    assert_eq!(reload.config.limits.rooms_joined, 7);
    assert_eq!(reload.config.retention.keep_last, Some(50));
    assert_eq!(reload.config.tls.key, Path::new("k"));
    assert_eq!(reload.config.log.filter, "debug");
    assert_eq!(
        reload.needs_restart,
        ["log.keep", "server.listen", "server.name"]
    );
}

proptest::proptest! {
    #[test]
    fn no_damage_to_a_file_makes_reading_it_panic(
        at in 0..SHIPPED.len(),
        length in 0..40_usize,
        damage in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..12),
    ) {
        let mut bytes = SHIPPED.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, damage);
        if let Err(refusal) = parse_bytes(&bytes) {
            let text = refusal.to_string();
            proptest::prop_assert!(text.contains("server.toml"), "{}", text);
        }
    }
}
