//! The parameters of a database's URL. Each libpq parameter is obeyed, or refused by name. None is ignored.

use std::{borrow::Cow, path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;

use super::address::{Durability, Encryption, InvalidAddress};

/// Parameters that the driver obeys as libpq does.
const OBEYED: [&str; 9] =
    ["host", "hostaddr", "port", "user", "password", "dbname", "options", "application_name", "sslnegotiation"];

/// Parameters with one possible behavior, and the values that mean it. Any other value is refused.
const FIXED: [(&str, &[&str], &str); 9] = [
    ("client_encoding", &["UTF8", "utf8", "UTF-8", "auto"], "must be UTF8"),
    ("gssencmode", &["disable", "prefer"], "must be disable: Hallpass encrypts by TLS alone"),
    ("load_balance_hosts", &["disable"], "must be disable: Hallpass connects to the primary"),
    ("pgbouncer", &["true"], "must be true: Hallpass works with and without a pooler"),
    ("replication", &["false", "off", "no", "0"], "must be false"),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"], "must be TLSv1.2: Hallpass uses TLS 1.2 or newer"),
    ("sslcertmode", &["disable", "allow"], "must be disable: Hallpass presents no client certificate"),
    ("sslcompression", &["0"], "must be 0"),
    ("sslsni", &["1"], "must be 1: Hallpass sends the name of the host"),
];

/// Parameters of libpq and of hosting providers that Hallpass does not support, and what to do instead.
const REFUSED: [(&[&str], &str); 8] = [
    (
        &["sslcert", "sslkey", "sslpassword"],
        "is not supported: use a password; Hallpass presents no client certificate",
    ),
    (&["sslcrl", "sslcrldir", "ssl_max_protocol_version", "sslkeylogfile"], "is not supported: remove it"),
    (&["passfile", "service", "servicefile"], "is not supported: write its values into the address in HALLPASS_STORE"),
    (
        &["require_auth", "requirepeer", "scram_client_key", "scram_server_key"],
        "is not supported: use channel_binding=require, by which the server proves that it knows the password",
    ),
    (&["krbsrvname", "gsslib", "gssdelegation", "oauth_issuer", "oauth_client_id"], "is not supported: use a password"),
    (
        &["keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"],
        "is set by Hallpass, to detect a lost server in time: remove it",
    ),
    (&["connection_limit", "pool_timeout", "pool_size"], "is not supported: use --store-connections"),
    (&["schema", "search_path"], "is set by Hallpass, which uses the schema hallpass: remove it"),
];

/// The parameters of a URL that Hallpass obeys, and the URL for the driver.
#[derive(Default)]
pub(super) struct Parameters {
    /// The URL for the driver.
    pub(super) url: String,
    mode: Option<String>,
    authority: Option<PathBuf>,
    /// A parameter that requires TLS.
    needs_tls: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) durability: Durability,
}

impl Parameters {
    /// Removes the parameters from a URL that the driver does not know, or treats differently from libpq.
    pub(super) fn of_url(text: &str) -> Result<Self, InvalidAddress> {
        let authority = end_of_credentials(text)?;
        let Some(query) = text[authority..].find('?').map(|at| authority + at) else {
            return Ok(Self { url: text.to_owned(), ..Self::default() });
        };
        let mut read = Self::default();
        let mut names = Vec::new();
        let mut kept = Vec::new();
        if !text[authority..query].is_empty() && !text[authority..query].starts_with('/') {
            // The driver would add a host parameter to the URL's host, and libpq would replace it.
            names.push(Cow::Borrowed("host"));
        }
        for parameter in text[query + 1..].split('&').filter(|parameter| !parameter.is_empty()) {
            // The text may be the rest of a password, and is not shown.
            let (name, raw) = parameter.split_once('=').ok_or(InvalidAddress::NoValue)?;
            let name = decode(name)?;
            let value = decode(raw)?;
            match read.take(&name, &value)? {
                // The driver needs one parameter per host.
                Recipient::Driver if name == "host" => kept.extend(raw.split(',').map(|host| format!("host={host}"))),
                Recipient::Driver => kept.push(parameter.to_owned()),
                Recipient::Hallpass => {}
            }
            if names.contains(&name) {
                return Err(InvalidAddress::Twice(name.into_owned()));
            }
            names.push(name);
        }
        read.url = format!("{}?{}", &text[..query], kept.join("&"));
        Ok(read)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<Recipient, InvalidAddress> {
        let refused = |why: &'static str| InvalidAddress::Parameter { name: name.to_owned(), why };
        match (name, value) {
            // The defaults. `system` is libpq's name for the authorities of the machine.
            ("sslrootcert", "system")
            | ("target_session_attrs", "any" | "read-write" | "primary")
            | ("durability", "server") => {}
            ("sslmode", _) => self.mode = Some(value.to_owned()),
            ("sslrootcert", _) => self.authority = Some(value.into()),
            ("channel_binding", "disable" | "prefer") => return Ok(Recipient::Driver),
            ("channel_binding", "require") | ("sslnegotiation", "direct") => {
                self.needs_tls = Some(format!("{name}={value}"));
                return Ok(Recipient::Driver);
            }
            ("channel_binding", _) => return Err(refused("must be one of disable, prefer and require")),
            ("connect_timeout", _) => match value.parse() {
                Ok(seconds @ 1..=60) => self.connect_timeout = Some(Duration::from_secs(seconds)),
                _ => return Err(refused("must be 1 to 60, in seconds")),
            },
            ("target_session_attrs", _) => return Err(InvalidAddress::ReadOnly),
            ("durability", "external") => self.durability = Durability::External,
            ("durability", _) => return Err(refused("must be server or external")),
            (name, _) if OBEYED.contains(&name) => return Ok(Recipient::Driver),
            (name, value) => check(name, value).map_err(refused)?,
        }
        Ok(Recipient::Hallpass)
    }

    /// Whether the connection is encrypted. The default is off for this machine, and verified TLS otherwise.
    pub(super) fn encryption(&self, is_local: bool) -> Result<Encryption, InvalidAddress> {
        let is_off = match self.mode.as_deref() {
            None => is_local && self.authority.is_none() && self.needs_tls.is_none(),
            Some("disable") => true,
            // libpq verifies less with the first two. Hallpass always verifies.
            Some("require" | "verify-ca" | "verify-full") => false,
            Some(other) => return Err(InvalidAddress::SslMode(other.to_owned())),
        };
        match (is_off, &self.needs_tls, &self.authority) {
            (true, Some(parameter), _) => Err(InvalidAddress::NeedsTls(parameter.clone())),
            (true, None, Some(_)) => Err(InvalidAddress::UselessAuthority),
            (true, None, None) => Ok(Encryption::Off),
            (false, _, authority) => Ok(Encryption::Verified { authority: authority.clone() }),
        }
    }
}

/// The end of the user and password in a URL, where the hosts begin. The driver splits at the first `@`. The rest of a
/// password with an unescaped `@` would become a host, which is shown and connected to.
fn end_of_credentials(text: &str) -> Result<usize, InvalidAddress> {
    let start = text.find("://").map_or(0, |at| at + "://".len());
    let Some((credentials, rest)) = text[start..].split_once('@') else { return Ok(start) };
    let user = credentials.split(':').next().unwrap_or_default();
    let has_parameters = credentials.split_once('?').is_some_and(|(_, rest)| rest.contains('='));
    if rest.contains('@') || user.contains(['/', '?']) || has_parameters {
        return Err(InvalidAddress::Escape);
    }
    Ok(text.len() - rest.len())
}

/// Which program obeys a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recipient {
    Hallpass,
    Driver,
}

/// Accepts a fixed parameter with its value; returns the advice for any other.
fn check(name: &str, value: &str) -> Result<(), &'static str> {
    if let Some((_, values, why)) = FIXED.iter().find(|(fixed, ..)| *fixed == name) {
        return if values.contains(&value) { Ok(()) } else { Err(why) };
    }
    let refused = REFUSED.iter().find(|(names, _)| names.contains(&name));
    Err(refused.map_or("is not known to Hallpass: remove it", |(_, why)| why))
}

fn decode(text: &str) -> Result<Cow<'_, str>, InvalidAddress> {
    percent_decode_str(text).decode_utf8().map_err(|_| InvalidAddress::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::postgres::PostgresAddress;

    fn fault(parameters: &str) -> String {
        format!("postgres://u@db/d?{parameters}").parse::<PostgresAddress>().unwrap_err().to_string()
    }

    #[test]
    fn the_connection_strings_of_hosting_providers_are_accepted() {
        for url in [
            "postgresql://u:p@ep-x-123-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
            "postgresql://u:p@ep-x-123.eu-central-1.aws.neon.tech/neondb?sslmode=require&options=endpoint%3Dep-x-123",
            "postgresql://postgres.ref:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true",
            "postgresql://postgres:p@db.ref.supabase.co:5432/postgres",
            "postgres://u:p@x.rds.amazonaws.com:5432/d?sslmode=verify-full&sslrootcert=/etc/global-bundle.pem",
            "postgresql://u:p@h-do-user-1.db.ondigitalocean.com:25060/defaultdb?sslmode=require",
            "postgres://u:p@a,b:6432/d?target_session_attrs=primary&application_name=x&connect_timeout=10",
        ] {
            assert_eq!(url.parse::<PostgresAddress>().map(|_| ()), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_parameter_is_obeyed_or_refused_by_its_name() {
        for (parameters, said) in [
            ("sslcert=a&sslkey=b", "the parameter sslcert is not supported: use a password"),
            ("sslcrl=/a", "the parameter sslcrl is not supported"),
            ("ssl_min_protocol_version=TLSv1.3", "ssl_min_protocol_version must be TLSv1.2"),
            ("gssencmode=require", "gssencmode must be disable"),
            ("require_auth=scram-sha-256", "require_auth is not supported"),
            ("passfile=/a", "passfile is not supported"),
            ("channel_binding=maybe", "channel_binding must be one of disable, prefer and require"),
            ("channel_binding=require&sslmode=disable", "channel_binding=require needs TLS"),
            ("connect_timeout=0", "connect_timeout must be 1 to 60"),
            ("connect_timeout=soon", "connect_timeout must be 1 to 60"),
            ("durability=yes", "durability must be server or external"),
            ("target_session_attrs=standby", "must be read-write"),
            ("connection_limit=1", "use --store-connections"),
            ("schema=public", "the schema hallpass"),
            ("color=red", "the parameter color is not known to Hallpass"),
            ("%73slcert=a", "the parameter sslcert is not supported"),
            ("sslmode=verify-full&%73slmode=disable", "the parameter sslmode is given twice"),
            ("host=/a&host=/b", "the parameter host is given twice"),
            ("host=other", "the parameter host is given twice"),
            ("sslnegotiation=direct&sslmode=disable", "sslnegotiation=direct needs TLS"),
            ("password=pass&word", "a parameter must be NAME=VALUE; write & in a value as %26"),
        ] {
            let fault = fault(parameters);
            assert!(fault.contains(said), "{parameters}: {fault}");
        }
    }

    #[test]
    fn no_part_of_an_unescaped_password_becomes_a_host() {
        for url in [
            "postgres://u@db/d?host=a&pass@word",
            "postgres://u:pass@word/x@db/d",
            "postgres://u:pass@word?x@db/d",
            "postgres://u:pass@word@db/d",
            "postgres://u:pass@word,x:5432@db/d",
            "postgres://db/d?password=pass@word",
            "postgres://db:5432/d?user=u&password=pass@word",
            "postgres://db:5432?password=pass@word",
            "postgres:///d?host=/run/postgresql&password=pass@word",
        ] {
            assert_eq!(url.parse::<PostgresAddress>(), Err(InvalidAddress::Escape), "{url}");
        }
        for url in ["postgres://u:p?w@db/d", "postgres://u:p/w==@db/d", "postgres://u:p%40w@db/d", "postgres://db/d"] {
            assert_eq!(
                url.parse::<PostgresAddress>().map(|address| address.to_string()).as_deref(),
                Ok("postgres://db:5432/d")
            );
        }
    }

    #[test]
    fn hosts_may_be_named_by_a_parameter_alone() {
        let address: PostgresAddress = "postgres:///d?host=a,b,%2Frun&port=1,2,3".parse().unwrap();
        assert_eq!(address.to_string(), "postgres://a:1,b:2,/run:3/d");
    }

    #[test]
    fn a_parameter_that_requires_tls_enables_it_on_this_machine() {
        for parameter in ["sslnegotiation=direct", "channel_binding=require"] {
            let address: PostgresAddress = format!("postgres://u@localhost/d?{parameter}").parse().unwrap();
            assert_eq!(*address.encryption(), Encryption::Verified { authority: None }, "{parameter}");
        }
    }

    #[test]
    fn a_fixed_parameter_accepts_its_value() {
        for (name, values, _) in FIXED {
            for value in values {
                let url = format!("postgres://u@db/d?{name}={value}");
                assert_eq!(url.parse::<PostgresAddress>().map(|_| ()), Ok(()), "{url}");
            }
            assert!(fault(&format!("{name}=other")).contains(name));
        }
    }
}
