//! A signal handler that runs while a call sleeps ends the sleep, so that the caller can look at what the signal said.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, error_of, pair};
use std::thread;
use std::time::Duration;
use tapip_host::HostError;
use tapip_host::socket::UdpSocket;

extern "C" fn nothing(_signal: libc::c_int) {}

#[test]
fn a_signal_interrupts_a_sleeping_call() {
    let (_server, client) = pair();
    let datagrams = UdpSocket::open(client.handle()).expect("it lives");
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: a handler that does nothing is safe at any time; SA_RESTART and a null mask are its plain defaults.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            // SAFETY: it names the calling thread and touches nothing.
            let thread = unsafe { libc::pthread_self() };
            let name = thread as usize;
            let killer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(50));
                // SAFETY: the thread sleeps in `recv` below and joins this one before it ends.
                unsafe { libc::pthread_kill(name as libc::pthread_t, libc::SIGUSR1) };
            });
            let error = error_of(datagrams.recv(&mut [0; 8], LONG));
            killer.join().expect("no panic");
            error
        });
        assert_eq!(sleeper.join().expect("no panic"), HostError::Interrupted);
    });
}
