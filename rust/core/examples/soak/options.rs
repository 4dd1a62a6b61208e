//! The command line.

/// What is to be done.
pub(super) struct Options {
    pub(super) seconds: Option<f64>,
    pub(super) seeds: u64,
    pub(super) from: u64,
    pub(super) seeds_wanted: bool,
    pub(super) grid_wanted: bool,
    pub(super) update: bool,
    pub(super) json: bool,
}

const USAGE: &str =
    "usage: soak [--only seeds|grid] [--seeds N] [--from SEED] [--seconds S] [--update] [--json]";

/// A night's worth on a slow machine, some minutes on a fast one.
const SEEDS: u64 = 100_000;

impl Options {
    /// From the environment, then from the command line.
    pub(super) fn read() -> Result<Self, String> {
        let mut options = Self {
            seconds: from_environment("TAPIP_SOAK_SECONDS")?,
            seeds: from_environment("TAPIP_SEEDS")?.unwrap_or(SEEDS),
            from: 0,
            seeds_wanted: true,
            grid_wanted: true,
            update: false,
            json: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--seconds" => options.seconds = Some(number(&value()?)?),
                "--seeds" => options.seeds = number(&value()?)?,
                "--from" => options.from = number(&value()?)?,
                "--only" => match value()?.as_str() {
                    "seeds" => options.grid_wanted = false,
                    "grid" => options.seeds_wanted = false,
                    other => return Err(format!("--only {other}: seeds or grid")),
                },
                "--update" => options.update = true,
                "--json" => options.json = true,
                other => return Err(format!("{other}: not an option\n{USAGE}")),
            }
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text}: not a number"))
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Result<Option<T>, String> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(|text| number(&text)).transpose()
}
