use super::*;
use proptest::prelude::*;

fn foreign(bytes: Vec<u8>) -> Foreign {
    Arc::new(bytes)
}

fn gathered(queue: &SendQueue, offset: usize, length: usize) -> Vec<u8> {
    queue.slices(offset, length).as_slice().concat()
}

#[test]
fn memory_is_given_back_when_all_is_acknowledged() {
    let mut queue = SendQueue::new(1 << 20);
    queue.push(&[7; 100_000], &mut Chunks::default());
    assert!(!queue.chunks.is_empty());
    queue.consume(100_000, &mut Chunks::default());
    assert_eq!((queue.chunks.capacity(), queue.len(), queue.free()), (0, 0, 1 << 20));
}

#[test]
fn the_limit_holds_and_can_change() {
    let mut queue = SendQueue::new(10);
    assert_eq!(queue.push(&[1; 20], &mut Chunks::default()), 10);
    assert_eq!(queue.push(&[1; 20], &mut Chunks::default()), 0);
    queue.set_limit(5);
    assert_eq!((queue.free(), queue.len()), (0, 10));
    queue.consume(8, &mut Chunks::default());
    assert_eq!(queue.push(&[2; 20], &mut Chunks::default()), 3);
    assert_eq!(gathered(&queue, 0, 99), [1, 1, 2, 2, 2]);
}

#[test]
fn foreign_bytes_are_referred_to_and_short_ones_copied() {
    let mut queue = SendQueue::new(1 << 20);
    let long = foreign(vec![9; 10_000]);
    assert_eq!(queue.push_foreign(Arc::clone(&long), 100, usize::MAX, &mut Chunks::default()), 9_900);
    assert_eq!(Arc::strong_count(&long), 2);
    let short = foreign(vec![8; 100]);
    assert_eq!(queue.push_foreign(Arc::clone(&short), 0, usize::MAX, &mut Chunks::default()), 100);
    assert_eq!(Arc::strong_count(&short), 1);
    assert_eq!(
        queue.push_foreign(short, 200, usize::MAX, &mut Chunks::default()),
        0,
        "an offset beyond the end is nothing"
    );
    queue.consume(9_900, &mut Chunks::default());
    assert_eq!(Arc::strong_count(&long), 1);
}

#[test]
fn a_unit_ends_where_its_slices_do() {
    let mut queue = SendQueue::new(1 << 20);
    for _ in 0..20 {
        queue.push_foreign(foreign(vec![1; MIN_FOREIGN]), 0, usize::MAX, &mut Chunks::default());
    }
    assert_eq!(queue.fit(0, 1 << 20), Slices::MAX * MIN_FOREIGN);
    assert_eq!(queue.fit(1, 1 << 20), Slices::MAX * MIN_FOREIGN - 1);
    assert_eq!(queue.slices(1, 1 << 20).len(), Slices::MAX * MIN_FOREIGN - 1);
    assert_eq!(queue.fit(0, 10), 10);
    assert_eq!(queue.fit(1 << 20, 10), 0);
}

#[derive(Debug, Clone)]
enum Op {
    Push(usize),
    Foreign(usize, usize),
    Consume(usize),
    Look(usize, usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0usize..9_000).prop_map(Op::Push),
        (0usize..9_000, 0usize..100).prop_map(|(length, offset)| Op::Foreign(length, offset)),
        (0usize..9_000).prop_map(Op::Consume),
        (0usize..20_000, 0usize..20_000).prop_map(|(offset, length)| Op::Look(offset, length)),
    ]
}

proptest! {
    #[test]
    fn behaves_as_a_vector(ops in proptest::collection::vec(op(), 1..60)) {
        let mut queue = SendQueue::new(40_000);
        let mut model: Vec<u8> = Vec::new();
        let mut stamp = 0u8;
        for op in ops {
            stamp = stamp.wrapping_add(1);
            match op {
                Op::Push(length) => {
                    let data: Vec<u8> = (0..length).map(|i| stamp.wrapping_add(i as u8)).collect();
                    let taken = queue.push(&data, &mut Chunks::default());
                    prop_assert_eq!(taken, length.min(40_000usize.saturating_sub(model.len())));
                    model.extend(&data[..taken]);
                }
                Op::Foreign(length, offset) => {
                    let data: Vec<u8> = (0..length).map(|i| stamp.wrapping_add(i as u8)).collect();
                    let taken = queue.push_foreign(foreign(data.clone()), offset, usize::MAX, &mut Chunks::default());
                    model.extend(data.iter().skip(offset).take(taken));
                }
                Op::Consume(count) => {
                    let count = count.min(model.len());
                    queue.consume(count, &mut Chunks::default());
                    model.drain(..count);
                }
                Op::Look(offset, length) => {
                    let fit = queue.fit(offset, length);
                    let seen = gathered(&queue, offset, length);
                    prop_assert_eq!(seen.len(), fit);
                    let from = offset.min(model.len());
                    prop_assert_eq!(&seen[..], &model[from..from + fit]);
                    let wanted = length.min(model.len() - from);
                    prop_assert!(fit == wanted || queue.slices(offset, length).as_slice().len() == Slices::MAX);
                }
            }
            prop_assert_eq!(queue.len(), model.len());
        }
    }
}
