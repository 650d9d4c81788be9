//! The orders in which a plan tries its targets.

pub mod weighted;
