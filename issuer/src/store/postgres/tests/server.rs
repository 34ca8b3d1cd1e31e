//! A PostgreSQL server for one test, with its default settings, on a socket in a temporary folder.

use std::{
    env,
    fs::{self, File},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use tempfile::TempDir;
use tokio_postgres::Client;

use crate::store::postgres::PostgresAddress;

/// The PostgreSQL programs that the tests need on the path.
const PROGRAMS: [&str; 2] = ["initdb", "postgres"];

/// Ends the server and removes its folder once the test process has ended, however it ends: its standard input is then
/// closed.
const GUARDIAN: &str = "cat > /dev/null; kill -QUIT $(head -n 1 \"$1/data/postmaster.pid\") 2> /dev/null; \
                        while [ -e \"$1/data/postmaster.pid\" ]; do sleep 0.1; done; rm -rf \"$1\"";

/// The number of checks for an expected state, and the pause between two.
const CHECKS: u32 = 600;
const CHECK_PAUSE: Duration = Duration::from_millis(50);

/// A server for one test.
pub(super) struct Server {
    /// Holds the data and the socket.
    folder: TempDir,
    process: Child,
    guardian: Child,
}

/// Which program is missing.
pub(super) fn missing() -> Option<String> {
    let is_missing = |name: &&&str| {
        let path = env::var_os("PATH").unwrap_or_default();
        !env::split_paths(&path).any(|folder| folder.join(name).exists())
    };
    PROGRAMS.iter().find(is_missing).map(|name| format!("there is no `{name}` on the path (PostgreSQL)"))
}

impl Server {
    /// Starts a server over an empty cluster, with additional settings such as `fsync=off`.
    pub(super) fn start(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(Command::new("cp").arg("-r").arg(template()).arg(folder.path().join("data")));
        if let Some((uid, gid)) = other_user() {
            run(Command::new("chown").arg("-R").arg(format!("{uid}:{gid}")).arg(folder.path()));
        }
        let mut guardian = Command::new("sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(folder.path()).stdin(Stdio::piped()).process_group(0);
        let guardian = guardian.spawn().unwrap();
        let process = spawn(folder.path(), settings);
        Self { folder, process, guardian }
    }

    /// Kills the server, and starts it again over the same data.
    pub(super) fn crash(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // The start waits for its other processes, which end when they detect the kill.
        self.process = spawn(self.folder.path(), &[]);
    }

    /// The address of the server.
    pub(super) fn address(&self) -> PostgresAddress {
        self.address_of("hallpass")
    }

    /// The address of the server for another role.
    pub(super) fn address_of(&self, role: &str) -> PostgresAddress {
        format!("postgres://{role}@/postgres?host={}", self.folder.path().display()).parse().unwrap()
    }

    /// Executes a statement as the superuser.
    pub(super) async fn execute(&self, sql: &str) {
        self.ask(async |client| client.batch_execute(sql).await.unwrap()).await;
    }

    /// The number that a query returns.
    pub(super) async fn number(&self, sql: &str) -> u64 {
        let found: i64 = self.ask(async |client| client.query_one(sql, &[]).await.unwrap().get(0)).await;
        found.try_into().unwrap()
    }

    async fn ask<T>(&self, ask: impl AsyncFnOnce(&Client) -> T) -> T {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.folder.path()).user("hallpass").dbname("postgres");
        let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(driver);
        let answer = ask(&client).await;
        drop(client);
        driver.await.unwrap().unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        self.process.wait().unwrap();
        self.guardian.wait().unwrap();
    }
}

/// Starts a server, and waits until it accepts connections.
fn spawn(folder: &Path, settings: &[&str]) -> Child {
    for _ in 0..CHECKS {
        let mut command = Command::new("postgres");
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-c", "listen_addresses="]);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(folder.join("log")).unwrap());
        let mut process = as_other_user(&mut command).current_dir(folder).process_group(0).spawn().unwrap();
        let pid_file = folder.join("data/postmaster.pid");
        loop {
            let is_ready = fs::read_to_string(&pid_file).is_ok_and(|text| {
                let mut lines = text.lines();
                lines.next() == Some(&process.id().to_string())
                    && lines.last().is_some_and(|last| last.trim() == "ready")
            });
            match process.try_wait().unwrap() {
                None if is_ready => return process,
                None => thread::sleep(CHECK_PAUSE),
                // Processes of the killed server may still run.
                Some(_) => break thread::sleep(CHECK_PAUSE),
            }
        }
    }
    panic!("postgres does not start: {}", fs::read_to_string(folder.join("log")).unwrap())
}

/// An empty cluster, created once for all runs of the tests.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let version = Command::new("initdb").arg("--version").output().unwrap();
        let version = String::from_utf8(version.stdout).unwrap();
        let version = version.split(' ').nth(2).unwrap().trim();
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let template = target.join(format!("empty-postgres-{version}"));
        if !template.exists() {
            let folder = tempfile::tempdir().unwrap();
            if let Some((uid, gid)) = other_user() {
                chown(folder.path(), Some(uid), Some(gid)).unwrap();
            }
            let mut initdb = Command::new("initdb");
            initdb.args(["--username", "hallpass", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--pgdata"]);
            run(as_other_user(initdb.arg(folder.path().join("data")).current_dir(folder.path())));
            // The rename is atomic: other processes may create the cluster at the same time.
            let draft = target.join(format!("empty-postgres-{version}.{}", process::id()));
            run(Command::new("cp").arg("-r").arg(folder.path().join("data")).arg(&draft));
            if fs::rename(&draft, &template).is_err() {
                fs::remove_dir_all(draft).unwrap();
            }
        }
        template
    })
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn as_other_user(command: &mut Command) -> &mut Command {
    match other_user() {
        Some((uid, gid)) => command.uid(uid).gid(gid),
        None => command,
    }
}

/// PostgreSQL refuses to run as root. The tests then use its own user, or `nobody`.
fn other_user() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().ok()
    };
    let named = |name| Some((id(&["-u", name])?, id(&["-g", name])?));
    if id(&["-u"]) == Some(0) { ["postgres", "nobody"].into_iter().find_map(named) } else { None }
}
