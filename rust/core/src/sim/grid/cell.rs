//! One cell of the grid.

use crate::sim::{BulkSpec, FlowStats, HostSpec, Impairment, LinkSpec, Network, Oracle, Stop, Violation};
use crate::time::{Duration, Instant};

const MBIT: u64 = 1_000_000;
/// A full frame, without FCS.
const FRAME: u64 = 1_514;
/// Losses, in parts per million.
const LOSSES: [u32; 4] = [0, 1_000, 10_000, 50_000];
/// Chances of coming late, in parts per million.
const REORDERS: [u32; 2] = [0, 50_000];
/// Round trips in microseconds.
const RTTS: [u64; 4] = [50, 1_000, 20_000, 200_000];
const RATES: [u64; 4] = [MBIT, 10 * MBIT, 100 * MBIT, 1_000 * MBIT];
/// Buffers in quarters of the bandwidth-delay product.
const BUFFERS: [u64; 3] = [1, 4, 16];
/// Seeds of a median.
const MEDIAN_OF: u64 = 5;
const CONTROLS: [&str; 3] = ["newreno", "cubic", "bbr"];

/// A combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Which congestion control sends.
    pub control: &'static str,
    /// Round trip of the empty path, microseconds.
    pub rtt: u64,
    /// What may wait before the link, in quarters of the bandwidth-delay product; never under eight full frames.
    pub buffer: u64,
    /// Chance that a packet comes late, parts per million.
    pub reorder: u32,
    /// Chance that a packet is lost, parts per million.
    pub loss: u32,
    /// Bits per second.
    pub rate: u64,
}

/// What came of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which.
    pub cell: Cell,
    /// Mean over the seeds, in bits per second.
    pub goodput: f64,
    /// Segments sent again, of all seeds.
    pub retransmissions: u64,
    /// Frames carried, of all seeds.
    pub packets: u64,
    /// What is wrong: a transfer that did not end, a byte that is not what was sent, a rule of the oracle.
    pub complaints: Vec<String>,
}

impl Cell {
    /// All of them: 1152.
    pub fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for control in CONTROLS {
            for rtt in RTTS {
                for buffer in BUFFERS {
                    for reorder in REORDERS {
                        for loss in LOSSES {
                            let cell = |rate| Self { control, rtt, buffer, reorder, loss, rate };
                            cells.extend(RATES.map(cell));
                        }
                    }
                }
            }
        }
        cells
    }

    /// Those that are quick enough for every run of the tests, and see each value but the largest products: at most a hundred.
    pub fn few() -> Vec<Self> {
        let usual = |cell: &Self| {
            let small = cell.bdp() <= 2 * 25_000 && cell.rate <= 100 * MBIT;
            let spread = (cell.rtt == 1_000 || cell.rtt == 20_000) && cell.buffer == 4;
            let corner = cell.rtt == 20_000 && cell.rate == 10 * MBIT && cell.loss + cell.reorder == 0;
            small && (corner || spread && cell.loss != 1_000)
        };
        Self::all().into_iter().filter(usual).collect()
    }

    /// Bytes under way on the full path.
    pub const fn bdp(&self) -> u64 {
        self.rate / 8 * self.rtt / 1_000_000
    }

    /// Bytes to transfer: fifty round trips' worth, at least 2 MB and at most 200 MB.
    pub fn size(&self) -> u64 {
        (self.bdp() * 50).clamp(2_000_000, 200_000_000)
    }

    /// Its name, under which snapshots hold it.
    pub fn name(&self) -> String {
        let percent = f64::from(self.loss) / 10_000.0;
        let (reorder, rtt) = (self.reorder / 10_000, self.rtt as f64 / 1_000.0);
        let (rate, buffer) = (self.rate / MBIT, self.buffer as f64 / 4.0);
        format!(
            "{} rtt={rtt}ms buffer={buffer}bdp reorder={reorder}% loss={percent}% rate={rate}M",
            self.control
        )
    }

    /// How often it is run: small transfers meet few losses, so one of them says little.
    fn seeds(&self) -> u64 {
        if self.size() <= 15_000_000 { 4 } else { 1 }
    }

    /// Run it. With `judged` the oracle looks on, which takes half as long again.
    pub fn run(&self, judged: bool) -> Reading {
        let mut reading =
            Reading { cell: *self, goodput: 0.0, retransmissions: 0, packets: 0, complaints: Vec::new() };
        for seed in 1..=self.seeds() {
            let (stats, packets, violations) = self.run_once(self.size(), seed, judged);
            reading.goodput += stats.goodput / self.seeds() as f64;
            reading.retransmissions += stats.retransmissions;
            reading.packets += packets;
            if stats.completed.is_none() || !stats.intact {
                let (delivered, error) = (stats.bytes_delivered, stats.error);
                reading.complaints.push(format!("seed {seed}: {delivered} bytes delivered, error {error:?}"));
            }
            reading.complaints.extend(violations.iter().map(|found| format!("seed {seed}: {found}")));
        }
        reading
    }

    /// The median goodput of transfers of `size` bytes, over as many seeds as it takes to tell luck from a habit.
    pub fn median(&self, size: u64) -> f64 {
        let mut all: Vec<f64> =
            (1..=MEDIAN_OF).map(|seed| self.run_once(size, seed, false).0.goodput).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    }

    fn run_once(&self, size: u64, seed: u64, judged: bool) -> (FlowStats, u64, Vec<Violation>) {
        let mut network = Network::new(seed);
        let mut spec = HostSpec::default();
        // Room for all that the path and its buffer hold, twice: it is the congestion control that is to be seen.
        let room = (self.bdp() * 10).clamp(1 << 20, 256 << 20) as usize;
        (spec.config.tcp.send_buffer, spec.config.tcp.receive_buffer) = (room, room);
        let hosts = ["a", "b"].map(|name| network.add_host(name, spec.clone()).expect("a new name"));
        network.link(hosts[0], hosts[1], self.there(), self.back()).expect("a sound link");
        let flow = BulkSpec {
            size: Some(size),
            congestion: Some(self.control.to_owned()),
            trace_rows: 0,
            ..BulkSpec::default()
        };
        let flow = network.bulk(hosts[0], hosts[1], flow).expect("a sound flow");
        let oracle = judged.then(|| Oracle::watch(&mut network));
        while !network.flow(flow).over {
            // A tenth of a percent of the slowest share that any control here takes of any path here.
            if network.now() > Instant::from_secs(200_000) {
                break;
            }
            let later = network.now() + Duration::from_secs(10);
            while network.run_until(later, 1 << 22) == Stop::Notice {
                while network.poll_notice().is_some() {}
                if network.flow(flow).over {
                    break;
                }
            }
        }
        let found = oracle.map_or_else(Vec::new, |oracle| oracle.violations());
        (network.flow(flow), network.packets(), found)
    }

    fn back(&self) -> LinkSpec {
        let mut spec = LinkSpec::new(self.rate, Duration::from_nanos(self.rtt * 500));
        // ACKs wait in as much as data does; nothing else happens to them.
        spec.impairment.queue_bytes = (self.bdp() * self.buffer / 4).max(8 * FRAME);
        spec
    }

    fn there(&self) -> LinkSpec {
        let mut spec = self.back();
        spec.impairment = Impairment {
            drop: self.loss,
            reorder: self.reorder,
            // Three others pass it, or half a round trip: as late as is taken for lost where packets are counted.
            reorder_gap: 3,
            reorder_delay: Duration::from_nanos(self.rtt * 500).max(Duration::from_micros(100)),
            ..spec.impairment
        };
        spec
    }
}
