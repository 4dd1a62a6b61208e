//! What a host acknowledges.

use super::*;

#[test]
fn acknowledgments_move_on_with_what_comes() {
    let mut court = Court::open();
    court.hears(&seg(ACK, 1, 1).data(b"abc").by_peer()).sends(&seg(ACK, 1, 4));
    // A gap, which is filled.
    court.hears(&seg(ACK, 7, 1).data(b"ghi").by_peer()).sends(&seg(ACK, 1, 4));
    court.hears(&seg(ACK, 4, 1).data(b"def").by_peer()).sends(&seg(ACK, 1, 10));
    court.clean();
}

#[test]
fn an_acknowledgment_that_goes_back_is_seen() {
    let mut court = Court::open();
    court.hears(&seg(ACK, 1, 1).data(b"abc").by_peer()).sends(&seg(ACK, 1, 4).window(1_000));
    court.sends(&seg(ACK, 1, 3).window(1_001));
    court.broke(Rule::AckOrder);
}

#[test]
fn an_acknowledgment_of_what_did_not_come_is_seen() {
    let mut court = Court::open();
    court.hears(&seg(ACK, 4, 1).data(b"def").by_peer());
    court.sends(&seg(ACK, 1, 7));
    court.broke(Rule::AckCovers);
}

#[test]
fn what_came_damaged_did_not_come() {
    let mut court = Court::open();
    let mut frame = seg(ACK, 1, 1).data(b"abc").by_peer().frame();
    frame[55] ^= 4;
    court.judge.received(court.now, HOST, &frame);
    court.sends(&seg(ACK, 1, 4));
    court.broke(Rule::AckCovers);
}

#[test]
fn data_that_overtook_the_syn_of_a_cookie_counts_once_the_handshake_is_known() {
    // B connects to A, which answers twice, with different numbers; the first one comes back.
    let mut court = Court::default();
    court.hears(&seg(SYN, 0, 0).by_peer());
    court.sends(&seg(SYN | ACK, 0, 1)).sends(&seg(SYN | ACK, 900, 1));
    court.hears(&seg(ACK, 1, 1).data(b"abc").by_peer());
    court
        .sends(&seg(ACK, 1, 4).window(997).data(b"answer"))
        .sends(&seg(ACK, 1, 4).window(997).data(b"answer"));
    court.clean();
    court.sends(&seg(ACK, 1, 5).window(996));
    court.broke(Rule::AckCovers);
}

#[test]
fn a_new_connection_between_old_ports_begins_anew() {
    let mut court = Court::open();
    court.hears(&seg(ACK, 1, 1).data(b"abc").by_peer()).sends(&seg(ACK, 1, 4));
    court.sends(&seg(SYN, 70_000, 0)).hears(&seg(SYN | ACK, 50_000, 70_001).by_peer());
    court.sends(&seg(ACK, 70_001, 50_001));
    court.clean();
    court.sends(&seg(ACK, 70_001, 50_002));
    court.broke(Rule::AckCovers);
}
