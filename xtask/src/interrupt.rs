//! Ctrl-C, SIGTERM and a closed terminal, as a flag that every wait looks at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

static HEARD: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Catches the signals from now on, so that ours is the hand that stops the children.
pub(crate) fn listen() -> Result<(), Failure> {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&HEARD)).map_err(Failure::Signals)?;
    }
    Ok(())
}

/// Whether somebody asked us to stop.
pub(crate) fn is_heard() -> bool {
    HEARD.load(Ordering::Relaxed)
}
