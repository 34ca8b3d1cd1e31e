//! Ctrl-C, SIGTERM and a closed terminal, as a flag that every wait checks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

static RECEIVED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Catches the signals from now on: this process stops its children before it ends.
pub(crate) fn listen() -> Result<(), Failure> {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&RECEIVED)).map_err(Failure::Signals)?;
    }
    Ok(())
}

/// Whether a signal asks this process to stop.
pub(crate) fn is_received() -> bool {
    RECEIVED.load(Ordering::Relaxed)
}
