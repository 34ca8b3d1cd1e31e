//! The statements: all that is ever asked of the database, but for the schema. Each write returns the `synchronous_commit`
//! that it ran under.

/// The tables of records: how one is found, put in the place of another, and removed.
pub(super) struct Records {
    pub(super) find: &'static str,
    pub(super) swap: &'static str,
    pub(super) remove: &'static str,
}

pub(super) const USERS: Records = Records {
    find: "SELECT record FROM hallpass.users WHERE id = $1",
    swap: "UPDATE hallpass.users SET record = $3 WHERE id = $1 AND record = $2 \
           RETURNING current_setting('synchronous_commit')",
    remove: "DELETE FROM hallpass.users WHERE id = $1 AND record = $2 RETURNING current_setting('synchronous_commit')",
};

pub(super) const SESSIONS: Records = Records {
    find: "SELECT record FROM hallpass.sessions WHERE id = $1",
    swap: "UPDATE hallpass.sessions SET record = $3 WHERE id = $1 AND record = $2 \
           RETURNING current_setting('synchronous_commit')",
    remove: "DELETE FROM hallpass.sessions WHERE id = $1 AND record = $2 \
             RETURNING current_setting('synchronous_commit')",
};

pub(super) const KEY_RING: &str = "SELECT record FROM hallpass.key_ring WHERE id = 1";
pub(super) const FIRST_KEY_RING: &str = "INSERT INTO hallpass.key_ring (id, record) VALUES (1, $1) ON CONFLICT DO NOTHING \
                              RETURNING current_setting('synchronous_commit')";
pub(super) const SWAP_KEY_RING: &str = "UPDATE hallpass.key_ring SET record = $2 WHERE id = 1 AND record = $1 \
                             RETURNING current_setting('synchronous_commit')";

pub(super) const USER_NAMED: &str = "SELECT id, record FROM hallpass.users WHERE username = $1";
// Of two at once the second waits until the first is committed, or has gone.
pub(super) const ADD_USER: &str = "INSERT INTO hallpass.users (id, username, record) VALUES ($1, $2, $3) \
                        ON CONFLICT (username) DO NOTHING RETURNING current_setting('synchronous_commit')";
pub(super) const FIRST_USERS: &str = "SELECT id, record FROM hallpass.users ORDER BY id LIMIT $1";
pub(super) const USERS_AFTER: &str = "SELECT id, record FROM hallpass.users WHERE id > $2 ORDER BY id LIMIT $1";

pub(super) const SESSIONS_OF: &str = "SELECT id, record FROM hallpass.sessions WHERE user_id = $1 ORDER BY id";
pub(super) const ADD_SESSION: &str = "INSERT INTO hallpass.sessions (id, user_id, record) VALUES ($1, $2, $3) \
                           RETURNING current_setting('synchronous_commit')";
pub(super) const FIRST_SESSIONS: &str = "SELECT id, record FROM hallpass.sessions ORDER BY id LIMIT $1";
pub(super) const SESSIONS_AFTER: &str = "SELECT id, record FROM hallpass.sessions WHERE id > $2 ORDER BY id LIMIT $1";
