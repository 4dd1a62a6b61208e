//! Knobs of one connection: set while it lives, with the connect, or at the listener that makes it.

use super::wire_pair::{B, Net};
use crate::stack::{KnobError, ListenerId, SocketId, TcpId};
use crate::time::Duration;
use crate::wire::SocketAddress;

const SECOND: Duration = Duration::from_secs(1);

fn listening(net: &mut Net) -> ListenerId {
    net.hosts[1].tcp_listen(SocketAddress::new(B, 80), 8).unwrap()
}

fn connect(net: &mut Net, knobs: &[(&str, i64)]) -> TcpId {
    let remote = SocketAddress::new(B, 80);
    let id = net.hosts[0].tcp_connect_under(net.now, remote, None, knobs).unwrap();
    net.run(SECOND);
    id
}

#[test]
fn a_connection_has_its_own_knob_and_others_have_the_stacks() {
    let mut net = Net::pair(3);
    listening(&mut net);
    let (one, other) = (connect(&mut net, &[]), connect(&mut net, &[]));
    let stack = &mut net.hosts[0];
    stack.set_knob_on(net.now, SocketId::Tcp(one), "tcp_retries2", 3).unwrap();
    assert_eq!(stack.knob_on(SocketId::Tcp(one), "tcp_retries2"), Ok(3));
    assert_eq!(stack.knob_on(SocketId::Tcp(other), "tcp_retries2"), Ok(15));
    assert_eq!(stack.knob("tcp_retries2"), Some(15));
    assert_eq!(stack.knob_on(SocketId::Tcp(one), "ip_default_ttl"), Ok(64), "the stack's holds for it");
    // It gives up after three retransmissions, the other after fifteen.
    net.lose = Box::new(|_, _| true);
    for id in [one, other] {
        net.hosts[0].tcp_send(net.now, id, b"anybody?").unwrap();
    }
    net.run(SECOND * 60);
    let over = |id| net.hosts[0].tcp_info(id).is_ok_and(|info| info.state == crate::tcp::State::Closed);
    assert_eq!((over(one), over(other)), (true, false));
}

#[test]
fn what_was_copied_at_birth_follows() {
    let mut net = Net::pair(4);
    listening(&mut net);
    let id = connect(&mut net, &[]);
    let info = |net: &Net| net.hosts[0].tcp_info(id).unwrap();
    assert_eq!(info(&net).congestion, "cubic");
    for (knob, value) in [
        ("tcp_congestion_control", 2),
        ("tcp_rto_min", 500),
        ("tcp_wmem_default", 50_000),
        ("tcp_rmem_default", 2 << 20),
        ("tcp_keepalive_time", 5_000),
    ] {
        net.hosts[0].set_knob_on(net.now, SocketId::Tcp(id), knob, value).unwrap();
    }
    let found = info(&net);
    assert_eq!(
        (found.congestion, found.rto),
        ("bbr", Duration::from_millis(500) + found.srtt.unwrap_or_default())
    );
    assert_eq!((found.work.send_buffer, found.work.receive_buffer), (50_000, 2 << 20));
    let idle = net.hosts[0].option(SocketId::Tcp(id), crate::stack::SocketOption::KeepIdle);
    assert_eq!(idle, Ok(5_000));
    let window = info(&net).cwnd;
    net.hosts[0].set_knob_on(net.now, SocketId::Tcp(id), "tcp_pacing", 1).unwrap();
    assert_eq!((info(&net).congestion, info(&net).cwnd), ("bbr", window));
}

#[test]
fn what_the_handshake_decides_goes_with_the_connect_or_at_the_listener() {
    let mut net = Net::pair(5);
    let listener = listening(&mut net);
    let plain = connect(&mut net, &[("tcp_sack", 0), ("tcp_timestamps", 0)]);
    let info = net.hosts[0].tcp_info(plain).unwrap();
    assert_eq!((info.sack, info.timestamps, info.window_scale.is_some()), (false, false, true));
    let late = net.hosts[0].set_knob_on(net.now, SocketId::Tcp(plain), "tcp_sack", 1);
    assert!(matches!(late, Err(KnobError::Shared(why)) if why.contains("handshake")));
    net.hosts[1].set_knob_on(net.now, SocketId::Listener(listener), "tcp_window_scaling", 0).unwrap();
    net.hosts[1].set_knob_on(net.now, SocketId::Listener(listener), "tcp_delack", 7).unwrap();
    let id = connect(&mut net, &[]);
    let info = net.hosts[0].tcp_info(id).unwrap();
    assert_eq!((info.sack, info.window_scale), (true, None));
    net.hosts[1].tcp_accept(listener).unwrap();
    let accepted = net.hosts[1].tcp_accept(listener).unwrap();
    assert_eq!(net.hosts[1].knob_on(SocketId::Tcp(accepted), "tcp_delack"), Ok(7), "passed on");
    assert_eq!(net.hosts[1].knob("tcp_delack"), Some(40));
}

#[test]
fn what_no_connection_can_have_of_its_own_is_refused_with_the_reason() {
    let mut net = Net::pair(6);
    let listener = listening(&mut net);
    let id = SocketId::Tcp(connect(&mut net, &[]));
    let stack = &mut net.hosts[0];
    let refusal = |result| match result {
        Err(KnobError::Shared(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refusal(stack.set_knob_on(net.now, id, "ip_forward", 1)).contains("whole stack"));
    assert!(refusal(stack.set_knob_on(net.now, id, "tcp_mem_high", 9)).contains("whole stack"));
    assert!(refusal(stack.set_knob_on(net.now, id, "tcp_syncookies", 2)).contains("listeners"));
    assert_eq!(stack.set_knob_on(net.now, id, "tcp_nonsense", 2), Err(KnobError::Unknown));
    assert_eq!(stack.set_knob_on(net.now, id, "tcp_retries2", 0), Err(KnobError::Range(1, 255)));
    let server = &mut net.hosts[1];
    assert_eq!(server.set_knob_on(net.now, SocketId::Listener(listener), "tcp_syncookies", 2), Ok(()));
    let udp = SocketId::Udp(server.udp_open());
    assert!(matches!(server.set_knob_on(net.now, udp, "tcp_sack", 0), Err(KnobError::Socket(_))));
}

#[test]
fn a_connection_without_its_own_knobs_shares_them_all() {
    let mut net = Net::pair(7);
    listening(&mut net);
    let ids: Vec<_> = (0..10).map(|_| connect(&mut net, &[])).collect();
    let shared = |net: &Net, id| std::sync::Arc::as_ptr(net.hosts[0].tcp_config_of(id)) as usize;
    let first = shared(&net, ids[0]);
    assert!(ids.iter().all(|id| shared(&net, *id) == first));
    net.hosts[0].set_knob_on(net.now, SocketId::Tcp(ids[3]), "tcp_delack", 1).unwrap();
    assert!(ids.iter().all(|id| (shared(&net, *id) == first) == (*id != ids[3])));
}
