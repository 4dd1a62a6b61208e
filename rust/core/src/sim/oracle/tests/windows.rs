//! Windows: the peer's, its own, that of the congestion control.

use super::*;
use test_case::test_case;

#[test]
fn a_segment_up_to_the_edge_is_right_and_a_byte_beyond_it_is_not() {
    let mut court = Court::open();
    court.sends(&seg(ACK, 1, 1).data(&[7; 1_000]));
    court.clean();
    court.sends(&seg(ACK, 1_001, 1).data(b"xy"));
    assert!(court.broke(Rule::Window).contains("the peer's window ends at"));
}

#[test]
fn windows_are_scaled_by_what_both_offered() {
    let mut court = Court::opened(Some(3));
    court.hears(&seg(ACK, 1, 1).by_peer()).sends(&seg(ACK, 1, 1).data(&[7; 8_000]));
    court.clean();
    court.sends(&seg(ACK, 8_001, 1).data(b"xy"));
    court.broke(Rule::Window);
}

#[test]
fn a_closed_window_may_be_probed_with_a_byte() {
    let mut court = Court::open();
    court.sends(&seg(ACK, 1, 1).data(&[7; 1_000])).hears(&seg(ACK, 1, 1_001).window(0).by_peer());
    court.tells(Live { window_probes: 1, ..Live::default() }).sends(&seg(ACK, 1_001, 1).data(b"p"));
    court.clean();
    // The counter stands: this is no probe.
    court.sends(&seg(ACK, 1_001, 1).data(b"p"));
    court.broke(Rule::Window);
}

#[test]
fn a_window_may_fill_but_its_edge_may_not_go_back() {
    let mut court = Court::open();
    court.hears(&seg(ACK, 1, 1).data(&[9; 300]).by_peer()).sends(&seg(ACK, 1, 301).window(700));
    court.sends(&seg(ACK, 1, 301).window(800));
    court.clean();
    court.sends(&seg(ACK, 1, 301).window(799));
    assert!(court.broke(Rule::Edge).contains("the right edge goes back"));
}

#[test]
fn what_is_lost_in_scaling_is_no_shrinking() {
    let mut court = Court::opened(Some(3));
    // From 1 + 8000 to 10 + 7984: seven bytes less, the eighth part of which cannot be told.
    court.hears(&seg(ACK, 1, 1).data(&[9; 9]).by_peer()).sends(&seg(ACK, 1, 10).window(998));
    court.clean();
    court.sends(&seg(ACK, 1, 10).window(997));
    court.broke(Rule::Edge);
}

/// A connection with this pipe and this window.
fn live(pipe: u32, cwnd: u32) -> Live {
    Live { pipe, cwnd, una: ISS + 1, sack: true, mtu: 1_500, ..Live::default() }
}

#[test]
fn new_data_within_the_window_is_right_and_beyond_it_is_not() {
    let mut court = Court::open();
    court.tells(live(200, 200)).sends(&seg(ACK, 1, 1).data(&[1; 200]));
    court.clean();
    court.tells(live(201, 200)).sends(&seg(ACK, 201, 1).data(b"x"));
    assert!(court.broke(Rule::Pipe).contains("new data"));
}

#[test]
fn a_fin_takes_no_place_in_the_network() {
    let mut court = Court::open();
    court.tells(live(201, 200)).sends(&seg(ACK | TcpFlags::FIN, 1, 1).data(&[1; 200]));
    court.clean();
}

#[test_case(Live { tail_probes: 1, ..live(300, 200) }; "a tail probe")]
#[test_case(Live { repairs: 1, ..live(300, 200) }; "the first retransmission")]
#[test_case(Live { mtu: 576, ..live(300, 200) }; "a narrower path")]
#[test_case(Live { sack: false, una: ISS + 2, ..live(300, 200) }; "the next hole without SACK")]
#[test_case(live(100, 50); "nothing else in the network")]
fn one_segment_may_go_beyond_it_again(excuse: Live) {
    let mut court = Court::open();
    court.tells(live(200, 200)).sends(&seg(ACK, 1, 1).data(&[1; 200]));
    court.tells(live(200, 200)).sends(&seg(ACK, 1, 1).data(&[1; 100]));
    court.tells(excuse).sends(&seg(ACK, 1, 1).data(&[1; 100]));
    court.clean();
    // And no second one.
    court.tells(Live { pipe: 400, ..excuse }).sends(&seg(ACK, 101, 1).data(&[1; 100]));
    assert!(court.broke(Rule::Pipe).contains("a retransmission"));
}

#[test]
fn what_waited_for_its_neighbour_is_of_another_time() {
    let mut court = Court::open();
    court.at(7).hears_arp().tells(live(900, 200)).sends(&seg(ACK, 1, 1).data(b"x"));
    court.clean();
    court.at(8).sends(&seg(ACK, 2, 1).data(b"y"));
    court.broke(Rule::Pipe);
}

#[test]
fn more_out_of_order_than_the_window_took_is_seen() {
    let mut court = Court::open();
    let held = |out_of_order| Live { out_of_order, send_limit: 10, ..Live::default() };
    court.tells(held(1_000)).sends(&seg(ACK, 1, 1));
    court.clean();
    court.tells(held(1_001)).sends(&seg(ACK, 1, 1));
    assert!(court.broke(Rule::Memory).contains("held out of order"));
}

#[test]
fn more_queued_than_the_buffer_takes_is_seen() {
    let mut court = Court::open();
    let queued = |send_queue| Live { send_queue, send_limit: 10, ..Live::default() };
    court.tells(queued(10)).sends(&seg(ACK, 1, 1));
    court.clean();
    court.tells(queued(11)).sends(&seg(ACK, 1, 1));
    assert!(court.broke(Rule::Memory).contains("queued to be sent"));
}
