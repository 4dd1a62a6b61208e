use super::*;
use proptest::prelude::*;

const MANY: usize = 1000;

fn packet(bytes: &[u8]) -> Packet {
    Packet::copied(0, bytes)
}

fn pool() -> Pool {
    Pool::new(64, 2000)
}

fn read_all(queue: &mut ReceiveQueue, pool: &mut Pool) -> Vec<u8> {
    let mut out = vec![0; queue.readable()];
    assert_eq!(queue.peek(&mut out), out.len());
    let peeked = out.clone();
    assert_eq!(queue.read(&mut out, pool), out.len());
    assert_eq!(out, peeked);
    out
}

#[test]
fn the_first_copy_wins_and_gaps_close() {
    let (mut queue, mut pool) = (ReceiveQueue::new(), pool());
    assert_eq!(queue.insert(4, packet(b"ef"), MANY, &mut pool), Inserted::Waiting);
    assert_eq!(queue.insert(8, packet(b"ij"), MANY, &mut pool), Inserted::Waiting);
    assert_eq!(queue.runs().collect::<Vec<_>>(), [(4, 6), (8, 10)]);
    assert_eq!(queue.insert(4, packet(b"XY"), MANY, &mut pool), Inserted::Duplicate);
    assert_eq!(queue.insert(2, packet(b"cdXXghXXkl"), MANY, &mut pool), Inserted::Waiting);
    assert_eq!(queue.runs().collect::<Vec<_>>(), [(2, 12)]);
    assert_eq!(queue.run_at(5), Some((2, 12)));
    assert_eq!(queue.run_at(12), None);
    assert_eq!(queue.insert(0, packet(b"abX"), MANY, &mut pool), Inserted::Ready);
    assert_eq!((queue.readable(), queue.waiting(), queue.next(), queue.pieces), (12, 0, 12, 0));
    assert_eq!(read_all(&mut queue, &mut pool), b"abcdefghijkl");
    assert_eq!(queue.read_position(), 12);
}

#[test]
fn pieces_are_bounded_but_in_order_data_always_fits() {
    let (mut queue, mut pool) = (ReceiveQueue::new(), pool());
    assert_eq!(queue.insert(2, packet(b"c"), 2, &mut pool), Inserted::Waiting);
    assert_eq!(queue.insert(4, packet(b"e"), 2, &mut pool), Inserted::Waiting);
    assert_eq!(queue.insert(6, packet(b"g"), 2, &mut pool), Inserted::Full);
    assert_eq!(queue.insert(0, packet(b"ab"), 2, &mut pool), Inserted::Ready);
    assert_eq!(queue.insert(3, packet(b"d"), 2, &mut pool), Inserted::Ready);
    assert_eq!(read_all(&mut queue, &mut pool), b"abcde");
}

#[test]
fn small_segments_do_not_hold_the_pool() {
    let (mut queue, mut pool) = (ReceiveQueue::new(), pool());
    for position in (0..1000u64).chain((2000..3000).step_by(2)) {
        let mut packet = pool.take().expect("small ones gave theirs back");
        packet.append(&[position as u8]);
        queue.insert(position, packet, MANY, &mut pool);
    }
    assert_eq!((queue.readable(), queue.waiting(), pool.in_use()), (1000, 500, 0));
    assert!(queue.ready.len() < 3);
}

#[test]
fn large_payload_stays_in_its_buffer_and_goes_back_when_read() {
    let (mut queue, mut pool) = (ReceiveQueue::new(), pool());
    let mut packet = pool.take().expect("fresh pool");
    packet.append(&[1; 1448]);
    queue.insert(0, packet, MANY, &mut pool);
    assert_eq!(pool.in_use(), 1);
    let mut out = [0; 1000];
    assert_eq!(queue.read(&mut out, &mut pool), 1000);
    assert_eq!((queue.readable(), pool.in_use()), (448, 1));
    assert_eq!(queue.read(&mut out, &mut pool), 448);
    assert_eq!((pool.in_use(), pool.free(), queue.ready.capacity()), (0, 1, 0));
}

#[test]
fn discarding_keeps_the_place() {
    let (mut queue, mut pool) = (ReceiveQueue::new(), pool());
    queue.insert(0, packet(b"ab"), MANY, &mut pool);
    queue.insert(5, packet(b"f"), MANY, &mut pool);
    queue.discard(&mut pool);
    assert_eq!((queue.readable(), queue.waiting(), queue.next()), (0, 1, 2));
    queue.insert(2, packet(b"cde"), MANY, &mut pool);
    assert_eq!((queue.readable(), queue.next()), (4, 6));
    queue.clear();
    assert_eq!((queue.readable(), queue.waiting(), queue.next()), (0, 0, 6));
}

/// What RFC 9293 asks for, byte by byte: a byte once held stays, and a byte is readable when all before it are.
#[derive(Default)]
struct Reference {
    bytes: Vec<Option<u8>>,
    read: usize,
}

impl Reference {
    fn insert(&mut self, position: usize, data: &[u8]) {
        self.bytes.resize(self.bytes.len().max(position + data.len()), None);
        for (held, byte) in self.bytes[position..].iter_mut().zip(data) {
            held.get_or_insert(*byte);
        }
    }

    fn read(&mut self) -> Vec<u8> {
        let ready: Vec<u8> = self.bytes[self.read..].iter().map_while(|byte| *byte).collect();
        self.read += ready.len();
        ready
    }
}

proptest! {
    #[test]
    fn behaves_as_the_reference(
        segments in proptest::collection::vec((0usize..400, 1usize..90, any::<u8>(), any::<bool>()), 1..80),
    ) {
        let (mut queue, mut pool, mut reference) = (ReceiveQueue::new(), pool(), Reference::default());
        for (position, length, stamp, read) in segments {
            // Some segments are small for their buffer and others fill it.
            let data: Vec<u8> = (0..length).map(|i| stamp.wrapping_add(i as u8)).collect();
            let mut packet = if stamp % 2 == 0 { Packet::with_room(length) } else { Packet::with_room(2000) };
            packet.append(&data);
            queue.insert(position as u64, packet, MANY, &mut pool);
            reference.insert(position, &data);
            if read {
                prop_assert_eq!(read_all(&mut queue, &mut pool), reference.read());
            }
            let held = reference.bytes.iter().flatten().count();
            prop_assert_eq!(queue.next() as usize + queue.waiting(), held);
            let mut end = queue.next();
            for (from, to) in queue.runs() {
                prop_assert!(from > end && to > from);
                end = to;
            }
            prop_assert_eq!(queue.pieces, queue.runs.values().map(|run| run.packets.len()).sum::<usize>());
        }
        prop_assert_eq!(read_all(&mut queue, &mut pool), reference.read());
    }
}
