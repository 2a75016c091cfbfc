//! `otrbot lesson graph`.

use std::path::PathBuf;

use super::{output, sources::Sources};
use crate::{
    cli,
    drawing::{Picture, dot, mermaid, svg},
    failure::Failure,
};

/// Draws a lesson.
///
/// # Errors
///
/// There is no such lesson, it has faults, or the file cannot be written.
pub(super) fn run(arguments: &cli::DrawLesson, settings: Option<PathBuf>) -> Result<(), Failure> {
    let (source, lesson) = Sources::load(settings)?.open(arguments.lesson.as_deref())?;
    let picture = Picture::new(&source.name, &lesson);
    let text = match arguments.format {
        cli::GraphFormat::Svg => svg::svg(&picture),
        cli::GraphFormat::Dot => dot::dot(&picture),
        cli::GraphFormat::Mermaid => mermaid::mermaid(&picture),
    };
    output(arguments.output.as_deref(), &text)
}
