//! Connections to the primary, whichever of the hosts that is, which acknowledge a write only once it is durable.

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

/// How long a host may take until it has let us in, where `connect_timeout` does not say otherwise.
const CONNECT: Duration = Duration::from_millis(1500);

/// After how long the next host is tried too, while the one before has not answered: a machine that has gone answers
/// nothing at all (as RFC 8305 §5 does it for addresses).
const STAGGER: Duration = Duration::from_millis(250);

/// What is asked of each new connection, in one question. The bounds are set for whatever becomes of a statement whose
/// asker has gone; they cut no commit short, since the server takes them off before it (`finish_xact_command`).
const GREETING: &str = "SELECT set_config('statement_timeout', $1, false), \
    set_config('idle_in_transaction_session_timeout', $1, false), current_setting('transaction_read_only'), \
    current_setting('synchronous_commit'), coalesce(current_setting('fsync', true), 'on')";

/// Makes connections to one database.
pub(super) struct Connector {
    hosts: Vec<Config>,
    tls: Option<Tls>,
    /// How long a statement may take, in milliseconds as the server reads it.
    statement_timeout: String,
    connect_timeout: Duration,
    durability: Durability,
    /// The host that was the primary last.
    last: AtomicUsize,
}

/// A connection and the task that moves its bytes. Dropped, it is cut: whoever drops it does not know what the server
/// still does on it.
pub(super) struct Connection {
    pub(super) client: Client,
    driver: JoinHandle<()>,
    warned: Arc<AtomicBool>,
}

/// Why no host let us in as its primary.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .hosts.join("; "))]
pub(crate) struct ConnectError {
    /// What each host said.
    hosts: Vec<String>,
    /// Whether it may help to try again.
    pub(super) is_passing: bool,
}

/// Why one host did not.
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

    /// Connects to the host that is the primary, that of the last time first.
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
            return Err(Refusal::passing("it takes no writes: a standby, or read-only"));
        }
        let synchronous_commit = setting(3)?;
        if !is_durable(&synchronous_commit) {
            return Err(Refusal::lasting(not_durable(&synchronous_commit)));
        }
        if setting(4)? == "off" && self.durability == Durability::Server {
            return Err(Refusal::lasting(
                "its fsync is off: a loss of power would undo what it acknowledged (where its provider keeps what it \
                 writes elsewhere, as Neon does, add durability=external to the address)",
            ));
        }
        Ok(())
    }
}

/// Whether a commit under that `synchronous_commit` waits for the disk, and where there is a synchronous standby for
/// that one's too.
pub(super) fn is_durable(synchronous_commit: &str) -> bool {
    matches!(synchronous_commit, "on" | "remote_apply")
}

pub(super) fn not_durable(synchronous_commit: &str) -> String {
    format!(
        "its synchronous_commit is {synchronous_commit}, so that it acknowledges what can still be lost: set it to on, \
         for hallpass's role at least (ALTER ROLE … SET synchronous_commit = on)"
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
            // An error reaches whoever waits for an answer.
            while let Some(Ok(message)) = poll_fn(|cx| driver.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message
                    && notice.parsed_severity() == Some(Severity::Warning)
                {
                    tracing::warn!(warning = %Escaped(notice.message()), "the database warns");
                    flag.store(true, Ordering::Release);
                }
            }
        });
        Self { client, driver, warned }
    }

    /// Forgets what the server has warned of so far.
    pub(super) fn begin(&self) {
        self.warned.store(false, Ordering::Release);
    }

    /// Whether the server has warned since. A commit does that, and none else of what we ask, where its wait for the
    /// synchronous standby was cut short: it says that it is done, and may yet be lost.
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
            // A wrong password, a database that is not there: trying again is of no use.
            Some(code) => Self { reason, is_passing: is_passing(code) },
            // What the driver makes of certificates and passwords ends in no code of the server's.
            None if error.to_string().contains("TLS") => Self::lasting(match advice(&error) {
                Some(advice) => format!("{reason} ({advice})"),
                None => reason,
            }),
            None if reason.contains("channel binding") => Self::lasting(format!(
                "{reason} (channel_binding=require needs a server and a role with SCRAM-SHA-256 over TLS; without that \
                 option the certificate is verified all the same)"
            )),
            None => Self { is_passing: !error.to_string().contains("authentication"), reason },
        }
    }
}

/// Whether a server that says this may say otherwise in a moment: it starts, stops, or has too many connections.
fn is_passing(code: &SqlState) -> bool {
    ["57P", "53", "08"].iter().any(|class| code.code().starts_with(class))
}

/// An error in one line. Of the server's words the detail is left out, which can quote a record.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => format!("{} ({})", Escaped(db.message()), db.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
