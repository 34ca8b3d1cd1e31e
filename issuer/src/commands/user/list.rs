//! `hallpass user list`: prints the users without their hashes, as a table or as lines of JSON.

use std::io::{self, Write};

use hallpass_token::CustomClaims;
use serde::Serialize;

use super::{UserError, args::UserList};
use crate::{
    clock::date,
    commands::open_store,
    foreign_text::{Escaped, json_line},
    user::User,
};

/// Users per read, so that a store of a million needs little memory.
const PAGE: usize = 1000;

/// A user as a line of JSON.
#[derive(Serialize)]
struct Line<'u> {
    id: String,
    username: &'u str,
    disabled: bool,
    roles: Vec<String>,
    claims: &'u CustomClaims,
    created_at: u64,
}

pub(super) async fn run(options: UserList) -> Result<(), UserError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let print = if options.json { print_json } else { print_row };
    if !options.json {
        writeln!(stdout, "{:<36}  {:<20}  {:<8}  USERNAME  ROLES", "USER", "ADDED", "STATE")
            .map_err(UserError::List)?;
    }
    let mut after = None;
    loop {
        let page = store.users_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for user in &page {
            print(&mut stdout, user).map_err(UserError::List)?;
        }
    }
    stdout.flush().map_err(UserError::List)
}

fn print_row(out: &mut dyn Write, user: &User) -> io::Result<()> {
    let state = if user.is_disabled { "disabled" } else { "enabled" };
    let roles = user.roles.names().join(" ");
    let roles = Escaped(&roles);
    let row =
        format!("{}  {}  {state:<8}  {}  {roles}", user.id, date(user.created_at), Escaped(user.username.as_str()));
    writeln!(out, "{}", row.trim_end())
}

fn print_json(out: &mut dyn Write, user: &User) -> io::Result<()> {
    let line = Line {
        id: user.id.to_string(),
        username: user.username.as_str(),
        disabled: user.is_disabled,
        roles: user.roles.names(),
        claims: &user.claims,
        created_at: user.created_at.seconds(),
    };
    writeln!(out, "{}", json_line(&line)?)
}
