//! Placeholder
use crate::{cli, failure::Failure};
use std::path::PathBuf;
/// x
pub fn run(_a: &cli::PlayLesson, _s: Option<PathBuf>) -> Result<(), Failure> {
    Ok(())
}
