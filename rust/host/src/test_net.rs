//! For tests that need a real device: a network namespace of their own.

use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Between fork and exec a child has a copy of every descriptor, and a tap that another test closed lives that much
/// longer: tests that close taps and run programs take turns.
static ALONE: Mutex<()> = Mutex::new(());

/// Move this thread into a new network namespace, which goes with it, and wait for one's turn. `None`, with a line that
/// says why, where that is not allowed or there is no /dev/net/tun; a panic instead when TAPIP_REQUIRE_E2E=1 says that
/// it has to be.
pub(crate) fn own_namespace() -> Option<MutexGuard<'static, ()>> {
    // SAFETY: only the network namespace of the calling thread changes. No memory or descriptor is unshared, so
    // nothing that other threads rely on is.
    let unshared = unsafe { unshare_unsafe(UnshareFlags::NEWNET) };
    let tun = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    let reason = match (unshared, tun) {
        (Ok(()), Ok(_)) => return Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner)),
        (Err(error), _) => format!("no own network namespace: {error}"),
        (_, Err(error)) => format!("no /dev/net/tun: {error}"),
    };
    assert!(std::env::var_os("TAPIP_REQUIRE_E2E").is_none_or(|value| value != "1"), "{reason}");
    eprintln!("skipped: {reason}");
    None
}

/// Run `ip` in this thread's namespace; what it printed.
pub(crate) fn ip(words: &[&str]) -> String {
    let output = Command::new("ip").args(words).output().expect("iproute2 is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {}: {errors}", words.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
