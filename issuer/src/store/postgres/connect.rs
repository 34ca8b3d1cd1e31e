//! Connections to the primary among the hosts, if it acknowledges only durable writes.

use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, future::poll_fn, stream::FuturesUnordered};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
    time,
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection as Driver, NoTls,
    config::{Host, SslMode},
    error::{DbError, Severity, SqlState},
    types::Type,
};

use super::{
    address::{Durability, Encryption, PostgresAddress, host_of},
    tls::{Tls, TlsError, advice},
};
use crate::foreign_text::Escaped;

/// How long a host may take to accept a connection, unless `connect_timeout` says otherwise.
const CONNECT: Duration = Duration::from_millis(1500);

/// How long to wait for a host before the next one is tried in parallel, as RFC 8305 §5 does for addresses: a failed
/// machine may never answer.
const STAGGER: Duration = Duration::from_millis(250);

/// The first statement on each new connection. It sets time-outs for statements that no caller waits for. They do not
/// interrupt a commit, since the server disables them before it (`finish_xact_command`).
const GREETING: &str = "SELECT set_config('statement_timeout', $1, false), \
    set_config('idle_in_transaction_session_timeout', $1, false), current_setting('transaction_read_only'), \
    current_setting('synchronous_commit'), coalesce(current_setting('fsync', true), 'on')";

/// Connects to one database.
pub(super) struct Connector {
    hosts: Vec<Config>,
    tls: Option<Tls>,
    /// How long a statement may take, in milliseconds, as text for the server.
    statement_timeout: String,
    connect_timeout: Duration,
    durability: Durability,
    /// The last known primary.
    last: AtomicUsize,
}

/// A connection and the task that transfers its bytes. Dropping it closes it, since the server may still run a
/// statement on it.
pub(super) struct Connection {
    pub(super) client: Client,
    driver: JoinHandle<()>,
    warned: Arc<AtomicBool>,
}

/// Why no host accepted a connection as the primary.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .hosts.join("; "))]
pub(crate) struct ConnectError {
    /// The reason of each host.
    hosts: Vec<String>,
    /// Whether a retry may succeed.
    pub(super) is_passing: bool,
}

/// Why one host did not accept a connection.
struct Refusal {
    reason: String,
    is_passing: bool,
}

impl Connector {
    pub(super) fn new(address: &PostgresAddress, statement_timeout: Duration) -> Result<Self, TlsError> {
        let tls = match address.encryption() {
            Encryption::Off => None,
            Encryption::Verified { authority } => Some(Tls::new(authority.as_deref())?),
        };
        let statement_timeout = statement_timeout.as_millis().to_string();
        let connect_timeout = address.connect_timeout().unwrap_or(CONNECT);
        let hosts = address.hosts();
        let durability = address.durability();
        let last = AtomicUsize::new(0);
        Ok(Self { hosts, tls, statement_timeout, connect_timeout, durability, last })
    }

    /// Connects to the primary. The last known primary is tried first.
    pub(super) async fn connect(&self) -> Result<Connection, ConnectError> {
        let first = self.last.load(Ordering::Relaxed);
        let hosts = self.hosts.len();
        let mut attempts: FuturesUnordered<_> = (0..hosts)
            .map(|turn| async move {
                let host = (first + turn) % hosts;
                time::sleep(STAGGER * u32::try_from(turn).unwrap_or(u32::MAX)).await;
                (host, self.connect_in_time(&self.hosts[host]).await)
            })
            .collect();
        let mut error = ConnectError { hosts: Vec::new(), is_passing: false };
        while let Some((host, connected)) = attempts.next().await {
            match connected {
                Ok(connection) => {
                    self.last.store(host, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(Refusal { reason, is_passing }) => {
                    error.hosts.push(format!("{}: {reason}", host_of(&self.hosts[host])));
                    error.is_passing |= is_passing;
                }
            }
        }
        Err(error)
    }

    async fn connect_in_time(&self, config: &Config) -> Result<Connection, Refusal> {
        let connected = time::timeout(self.connect_timeout, self.connect_to(config)).await;
        connected.unwrap_or_else(|_| Err(Refusal::passing("it does not answer")))
    }

    async fn connect_to(&self, config: &Config) -> Result<Connection, Refusal> {
        let is_socket = matches!(config.get_hosts(), [Host::Unix(_)]);
        let connection = if let Some(tls) = self.tls.clone().filter(|_| !is_socket) {
            let (client, driver) = config.clone().ssl_mode(SslMode::Require).connect(tls).await?;
            Connection::drive(client, driver)
        } else {
            let (client, driver) = config.clone().ssl_mode(SslMode::Disable).connect(NoTls).await?;
            Connection::drive(client, driver)
        };
        self.greet(&connection.client).await?;
        Ok(connection)
    }

    async fn greet(&self, client: &Client) -> Result<(), Refusal> {
        let answer = client.query_typed_one(GREETING, &[(&self.statement_timeout, Type::TEXT)]).await?;
        let setting = |at| answer.try_get::<_, String>(at);
        if setting(2)? == "on" {
            return Err(Refusal::passing("it accepts no writes: it is a standby or read-only"));
        }
        let synchronous_commit = setting(3)?;
        if !is_durable(&synchronous_commit) {
            return Err(Refusal::lasting(not_durable(&synchronous_commit)));
        }
        if setting(4)? == "off" && self.durability == Durability::Server {
            return Err(Refusal::lasting(
                "its fsync is off: a loss of power would undo acknowledged writes (if the provider stores them elsewhere, as Neon \
                 does, add durability=external to the address)",
            ));
        }
        Ok(())
    }
}

/// Whether a commit with this `synchronous_commit` waits for the disk, and for the disk of a synchronous standby.
pub(super) fn is_durable(synchronous_commit: &str) -> bool {
    matches!(synchronous_commit, "on" | "remote_apply")
}

pub(super) fn not_durable(synchronous_commit: &str) -> String {
    format!(
        "its synchronous_commit is {synchronous_commit}, so that it acknowledges writes that can be lost: set it to on, \
         at least for Hallpass's role (ALTER ROLE … SET synchronous_commit = on)"
    )
}

impl Connection {
    fn drive<S, T>(client: Client, mut driver: Driver<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let warned = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&warned);
        let driver = tokio::spawn(async move {
            // An error reaches the task that waits for the answer.
            while let Some(Ok(message)) = poll_fn(|cx| driver.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message
                    && notice.parsed_severity() == Some(Severity::Warning)
                {
                    tracing::warn!(warning = %Escaped(notice.message()), "the database sent a warning");
                    flag.store(true, Ordering::Release);
                }
            }
        });
        Self { client, driver, warned }
    }

    /// Forgets earlier warnings of the server.
    pub(super) fn begin(&self) {
        self.warned.store(false, Ordering::Release);
    }

    /// Whether the server has warned since [`begin`](Self::begin). Of our statements, only a commit does so, if its
    /// wait for the synchronous standby was interrupted: it reports success and may still be lost.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.load(Ordering::Acquire)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Refusal {
    fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_passing: true }
    }

    fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_passing: false }
    }
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        let reason = describe(&error);
        match error.as_db_error().map(DbError::code) {
            // For example a wrong password or a missing database, where a retry does not help.
            Some(code) => Self { reason, is_passing: is_passing(code) },
            // Errors about certificates and passwords come from the driver and have no code of the server.
            None if error.to_string().contains("TLS") => Self::lasting(match advice(&error) {
                Some(advice) => format!("{reason} ({advice})"),
                None => reason,
            }),
            None if reason.contains("channel binding") => Self::lasting(format!(
                "{reason} (channel_binding=require needs a server and a role with SCRAM-SHA-256 over TLS; the certificate is \
                 verified without that option too)"
            )),
            None => Self { is_passing: !error.to_string().contains("authentication"), reason },
        }
    }
}

/// Whether the error is temporary: the server starts, stops, or has too many connections.
fn is_passing(code: &SqlState) -> bool {
    ["57P", "53", "08"].iter().any(|class| code.code().starts_with(class))
}

/// An error in one line. It omits the server's detail, which can quote a record.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => format!("{} ({})", Escaped(db.message()), db.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
