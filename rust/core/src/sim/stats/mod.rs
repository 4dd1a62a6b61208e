//! What is kept of what happened, in bounded memory and without chance.

mod histogram;
mod series;

pub use histogram::{Histogram, Summary};
pub use series::Series;
