//! All statements except those of the schema. Each write returns the `synchronous_commit` of its transaction.

/// A query whose answer says whether the server is a primary, even if it finds no record. Through a pooler, a
/// connection can move to a standby. A missing or old record from there would sign a user out. The first column is
/// `transaction_read_only`; the last is null if no record is found.
macro_rules! on_primary {
    ($query:literal) => {
        concat!(
            "SELECT current_setting('transaction_read_only'), found.* FROM (VALUES (1)) AS asked \
             LEFT JOIN (",
            $query,
            ") AS found ON true"
        )
    };
}

/// The statements of a table of records: find one, replace it, remove it.
pub(super) struct Records {
    pub(super) find: &'static str,
    pub(super) swap: &'static str,
    pub(super) remove: &'static str,
}

pub(super) const USERS: Records = Records {
    find: on_primary!("SELECT record FROM hallpass.users WHERE id = $1"),
    swap: "UPDATE hallpass.users SET record = $3 WHERE id = $1 AND record = $2 \
           RETURNING current_setting('synchronous_commit')",
    remove: "DELETE FROM hallpass.users WHERE id = $1 AND record = $2 RETURNING current_setting('synchronous_commit')",
};

pub(super) const SESSIONS: Records = Records {
    find: on_primary!("SELECT record FROM hallpass.sessions WHERE id = $1"),
    swap: "UPDATE hallpass.sessions SET record = $3 WHERE id = $1 AND record = $2 \
           RETURNING current_setting('synchronous_commit')",
    remove: "DELETE FROM hallpass.sessions WHERE id = $1 AND record = $2 \
             RETURNING current_setting('synchronous_commit')",
};

pub(super) const KEY_RING: &str = on_primary!("SELECT record FROM hallpass.key_ring WHERE id = 1");
pub(super) const FIRST_KEY_RING: &str = "INSERT INTO hallpass.key_ring (id, record) VALUES (1, $1) ON CONFLICT DO NOTHING \
                              RETURNING current_setting('synchronous_commit')";
pub(super) const SWAP_KEY_RING: &str = "UPDATE hallpass.key_ring SET record = $2 WHERE id = 1 AND record = $1 \
                             RETURNING current_setting('synchronous_commit')";

pub(super) const USER_NAMED: &str = on_primary!("SELECT id, record FROM hallpass.users WHERE username = $1");
/// One row whether the name exists or not, so that the answer has the same time and length. It uses joins, since a
/// `CASE` or `COALESCE` of subqueries would run only the needed ones.
pub(super) const USER_OR_DECOY: &str = on_primary!(
    "SELECT users.id, users.record \
     FROM (SELECT id FROM hallpass.users ORDER BY id LIMIT 1) AS first \
     LEFT JOIN (SELECT id FROM hallpass.users WHERE id > $2 ORDER BY id LIMIT 1) AS next ON true \
     LEFT JOIN (SELECT id FROM hallpass.users WHERE username = $1 LIMIT 1) AS named ON true \
     JOIN hallpass.users ON users.id = COALESCE(named.id, next.id, first.id)"
);
// Of two concurrent inserts the second waits until the first has committed or rolled back.
pub(super) const ADD_USER: &str = "INSERT INTO hallpass.users (id, username, record) VALUES ($1, $2, $3) \
                        ON CONFLICT (username) DO NOTHING RETURNING current_setting('synchronous_commit')";
pub(super) const FIRST_USERS: &str = on_primary!("SELECT id, record FROM hallpass.users ORDER BY id LIMIT $1");
pub(super) const USERS_AFTER: &str =
    on_primary!("SELECT id, record FROM hallpass.users WHERE id > $2 ORDER BY id LIMIT $1");

pub(super) const SESSIONS_BY_ID: &str =
    on_primary!("SELECT id, record FROM hallpass.sessions WHERE id = ANY($1) ORDER BY id");
pub(super) const SESSIONS_OF: &str =
    on_primary!("SELECT id, record FROM hallpass.sessions WHERE user_id = $1 ORDER BY id");
pub(super) const ADD_SESSION: &str = "INSERT INTO hallpass.sessions (id, user_id, record) VALUES ($1, $2, $3) \
                           RETURNING current_setting('synchronous_commit')";
pub(super) const FIRST_SESSIONS: &str = on_primary!("SELECT id, record FROM hallpass.sessions ORDER BY id LIMIT $1");
pub(super) const SESSIONS_AFTER: &str =
    on_primary!("SELECT id, record FROM hallpass.sessions WHERE id > $2 ORDER BY id LIMIT $1");
