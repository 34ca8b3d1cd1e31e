//! The address of a PostgreSQL database: a `postgres://` URL, parsed once. Its password is never shown.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::{Config, config::Host};

use super::parameters::Parameters;

/// Bytes without a TCP acknowledgment for this long end a connection. A write must not reach a server long after it was
/// reported as failed.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// The idle time before the first keepalive probe, and the number of probes: the loss of a silent server is detected
/// after thirty seconds. Firewalls drop idle connections later than that.
const KEEPALIVE: (Duration, u32) = (Duration::from_secs(15), 3);

/// A PostgreSQL database, on one host or on several hosts with one primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostgresAddress {
    config: Config,
    encryption: Encryption,
    connect_timeout: Option<Duration>,
    durability: Durability,
}

/// What makes acknowledged writes durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Durability {
    /// The server's disk. A server with fsync off is refused.
    #[default]
    Server,
    /// Other machines, for which the server answers. Its own disk may lose everything, as a Neon compute's can.
    External,
}

/// Whether the connection is encrypted. TLS without verification of the certificate is not offered, since it does not
/// stop an attacker in the middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Off,
    /// The certificate must be the host's, issued by an authority of this machine or of a file.
    Verified {
        authority: Option<PathBuf>,
    },
}

/// Why a URL is not a database address. The message never quotes the URL, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidAddress {
    #[error(
        "a database address must be postgres://USER@HOST/DATABASE; separate several hosts with commas, such as \
         postgres://hallpass@db1,db2/hallpass"
    )]
    Shape,
    #[error("in a user name or password of the database's address, write @ as %40, / as %2F and : as %3A")]
    Escape,
    #[error("the database's address {0}")]
    Option(String),
    #[error(
        "sslmode must be one of disable, require, verify-ca and verify-full, and not {0}: TLS is off, or the certificate is \
         verified"
    )]
    SslMode(String),
    #[error("sslrootcert has no effect with sslmode=disable: remove one of them")]
    UselessAuthority,
    #[error("{0} needs TLS: use sslmode=verify-full, and sslrootcert=FILE if the authority is private")]
    NeedsTls(String),
    #[error("the database's address: the parameter {name} {why}")]
    Parameter { name: String, why: &'static str },
    #[error("the database's address: a parameter must be NAME=VALUE; write & in a value as %26")]
    NoValue,
    #[error("the database's address: the parameter {0} is given twice")]
    Twice(String),
    #[error("target_session_attrs must be read-write, which is the default: Hallpass writes to the store")]
    ReadOnly,
    #[error("hostaddr is not supported: name the hosts, each with its port: db1:5432,db2:5432")]
    Hosts,
}

impl PostgresAddress {
    /// Whether a text begins as a PostgreSQL URL does.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Whether the URL has a password.
    pub(crate) fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    pub(super) fn encryption(&self) -> &Encryption {
        &self.encryption
    }

    /// How long a host may take to accept a connection, if the address says so.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    /// Whether the connection goes over a network without encryption.
    pub(super) fn is_in_the_clear(&self) -> bool {
        self.encryption == Encryption::Off && !self.config.get_hosts().iter().all(is_this_machine)
    }

    /// The configuration for each host.
    pub(super) fn hosts(&self) -> Vec<Config> {
        let hosts = self.config.get_hosts();
        let ports = self.config.get_ports();
        let port = |at| ports.get(at).or(ports.first()).copied();
        hosts.iter().enumerate().map(|(at, host)| self.one_host(host, port(at))).collect()
    }

    fn one_host(&self, host: &Host, port: Option<u16>) -> Config {
        let all = &self.config;
        let mut one = Config::new();
        match host {
            Host::Tcp(name) => one.host(name),
            Host::Unix(folder) => one.host_path(folder),
        };
        if let Some(port) = port {
            one.port(port);
        }
        if let Some(user) = all.get_user() {
            one.user(user);
        }
        if let Some(password) = all.get_password() {
            one.password(password);
        }
        if let Some(dbname) = all.get_dbname() {
            one.dbname(dbname);
        }
        if let Some(options) = all.get_options() {
            one.options(options);
        }
        one.application_name(all.get_application_name().unwrap_or("hallpass"));
        one.ssl_negotiation(all.get_ssl_negotiation()).channel_binding(all.get_channel_binding());
        let (quiet, probes) = KEEPALIVE;
        one.tcp_user_timeout(UNACKNOWLEDGED).keepalives_idle(quiet);
        one.keepalives_interval(quiet / probes).keepalives_retries(probes);
        one
    }
}

impl FromStr for PostgresAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if !Self::is_meant_by(text) {
            return Err(InvalidAddress::Shape);
        }
        let parameters = Parameters::of_url(text)?;
        let config: Config = parameters.url.parse().map_err(|error| InvalidAddress::Option(plain(&error)))?;
        let hosts = config.get_hosts();
        let ports = config.get_ports();
        if hosts.is_empty() {
            return Err(InvalidAddress::Shape);
        }
        if !config.get_hostaddrs().is_empty() || (ports.len() > 1 && ports.len() != hosts.len()) {
            return Err(InvalidAddress::Hosts);
        }
        let encryption = parameters.encryption(hosts.iter().all(is_this_machine))?;
        let Parameters { connect_timeout, durability, .. } = parameters;
        Ok(Self { config, encryption, connect_timeout, durability })
    }
}

/// The address without user and password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts().iter().map(host_of).collect();
        write!(f, "postgres://{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

/// The host and port of a configuration for one host.
pub(super) fn host_of(config: &Config) -> String {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Tcp(name)) => format!("{name}:{port}"),
        Some(Host::Unix(folder)) => format!("{}:{port}", folder.display()),
        None => format!("?:{port}"),
    }
}

/// Whether the host is this machine.
pub(super) fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
    }
}

/// The driver's error about a URL. It names options and never quotes their values.
fn plain(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("cannot be read: {}", cause.unwrap_or_else(|| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PostgresAddress, InvalidAddress> {
        text.parse()
    }

    fn encryption(text: &str) -> Encryption {
        parse(text).unwrap().encryption
    }

    #[test]
    fn the_password_is_never_shown() {
        let address = parse("postgres://me:s3cret@db1:5433,db2:5434/shop?sslrootcert=/a.pem").unwrap();
        assert!(address.has_password());
        assert_eq!(address.to_string(), "postgres://db1:5433,db2:5434/shop");
        assert!(!format!("{address:?}").contains("s3cret"));
        assert!(parse("postgres://me@db/shop?password=s3cret").unwrap().has_password());
        assert!(!parse("postgres://me@db/shop").unwrap().has_password());
        for bad in ["postgres://me:s3cret@db/x?sslmode=s", "postgres://me:s3cret@db:0x/d", "postgres://me:s3cret@/d"] {
            assert!(!parse(bad).unwrap_err().to_string().contains("s3cret"), "{bad}");
        }
    }

    #[test]
    fn a_connection_to_another_machine_is_encrypted_and_its_certificate_verified() {
        let verified = Encryption::Verified { authority: None };
        for url in ["postgres://u@db/d", "postgres://u@db/d?sslmode=require", "postgres://u@localhost,db/d"] {
            assert_eq!(encryption(url), verified, "{url}");
        }
        assert_eq!(encryption("postgres://u@localhost/d?sslmode=verify-full&sslrootcert=system"), verified);
        let authority = Some(PathBuf::from("/etc/a b.pem"));
        assert_eq!(encryption("postgres://u@db/d?sslrootcert=/etc/a%20b.pem"), Encryption::Verified { authority });
        for url in ["postgres://u@127.0.0.1/d", "postgres://u@[::1]/d", "postgres:///d?host=/run/postgresql"] {
            assert_eq!(encryption(url), Encryption::Off, "{url}");
            assert!(!parse(url).unwrap().is_in_the_clear());
        }
        let open = parse("postgres://u:p?w@db/d?sslmode=disable").unwrap();
        assert!(open.is_in_the_clear());
        assert_eq!(open.config.get_password(), Some(&b"p?w"[..]));
    }

    #[test]
    fn an_invalid_address_is_refused_with_the_reason() {
        for (url, said) in [
            ("mysql://u@db/d", "a database address must be postgres://USER@HOST/DATABASE"),
            ("postgres://", "a database address must be postgres://USER@HOST/DATABASE"),
            ("postgres://u@db/d?sslmode=prefer", "sslmode must be one of disable"),
            ("postgres://u@db/d?sslmode=disable&sslrootcert=/a", "has no effect"),
            ("postgres://u@db/d?target_session_attrs=read-only", "must be read-write"),
            ("postgres://u@db/d?hostaddr=10.0.0.1", "hostaddr is not supported"),
            ("postgres://u@a,b/d?port=1,2,3", "hostaddr is not supported"),
            ("postgres://u@db/d?color=red", "the parameter color is not known"),
            ("postgres://u@db:http/d", "port"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(said), "{url}: {error}");
        }
    }

    #[test]
    fn each_host_has_its_own_configuration() {
        let hosts = parse("postgres://u:p@a:1,b:2/d?connect_timeout=9").unwrap().hosts();
        assert_eq!(hosts.iter().map(host_of).collect::<Vec<_>>(), ["a:1", "b:2"]);
        let usual = parse("postgres://u@a,b/d").unwrap().hosts();
        assert_eq!(usual.iter().map(host_of).collect::<Vec<_>>(), ["a:5432", "b:5432"]);
        let [one, _] = &hosts[..] else { panic!() };
        assert_eq!((one.get_user(), one.get_password(), one.get_dbname()), (Some("u"), Some(&b"p"[..]), Some("d")));
        assert_eq!(one.get_application_name(), Some("hallpass"));
    }
}
