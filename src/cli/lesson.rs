//! The command line of `otrbot lesson`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// The commands of `lesson`.
#[derive(Clone, Debug, Subcommand)]
pub enum Lesson {
    /// Names every fault of lessons with file, line and column, and what translations lack.
    Check(CheckLessons),
    /// Draws a lesson: its states, and what leads from one to the other.
    Graph(DrawLesson),
    /// Plays a lesson in the terminal, without a server; /help there lists the commands.
    Play(PlayLesson),
    /// Plays difficult learners against a lesson, and shows for each where it was silent, repeated
    /// itself, or gave something away; ends with 4 if it did.
    Rubric(RateLesson),
    /// Writes the JSON Schema of lesson files, for editors.
    Schema(WriteSchema),
}

/// Arguments of `lesson check`.
#[derive(Clone, Debug, Args)]
pub struct CheckLessons {
    /// Names of lessons, or YAML files [default: all that are built in and in lessons.folder].
    #[arg(value_name = "FILE|NAME")]
    pub lessons: Vec<String>,
    /// A folder of translations that go before those that are built in [default: `locales_folder`
    /// of the settings].
    #[arg(long, value_name = "DIR")]
    pub locales: Option<PathBuf>,
    /// Takes warnings for faults: what is probably a slip is not let pass.
    #[arg(long)]
    pub strict: bool,
}

/// How a lesson is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A picture that every browser shows.
    #[default]
    Svg,
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid, for wikis and Markdown.
    Mermaid,
}

/// Arguments of `lesson graph`.
#[derive(Clone, Debug, Args)]
pub struct DrawLesson {
    /// The name of a lesson, or a YAML file [default: lessons.default of the settings].
    #[arg(value_name = "FILE|NAME")]
    pub lesson: Option<String>,
    /// What is written.
    #[arg(long, short, value_enum, default_value_t)]
    pub format: GraphFormat,
    /// The file to write [default: the standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `lesson play`.
#[derive(Clone, Debug, Args)]
pub struct PlayLesson {
    /// The name of a lesson, or a YAML file [default: lessons.default of the settings].
    #[arg(value_name = "FILE|NAME")]
    pub lesson: Option<String>,
    /// The learner's language [default: English].
    #[arg(long)]
    pub locale: Option<String>,
    /// What the learner writes and does, a line each; `-` reads it from the standard input.
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// A folder of translations that go before those that are built in [default: `locales_folder`
    /// of the settings].
    #[arg(long, value_name = "DIR")]
    pub locales: Option<PathBuf>,
    /// Under which circumstances.
    #[command(flatten)]
    pub circumstances: Circumstances,
}

/// Arguments of `lesson rubric`.
#[derive(Clone, Debug, Args)]
pub struct RateLesson {
    /// The name of a lesson, or a YAML file [default: lessons.default of the settings].
    #[arg(value_name = "FILE|NAME")]
    pub lesson: Option<String>,
    /// The learners' language [default: English].
    #[arg(long)]
    pub locale: Option<String>,
    /// A folder of translations that go before those that are built in [default: `locales_folder`
    /// of the settings].
    #[arg(long, value_name = "DIR")]
    pub locales: Option<PathBuf>,
    /// Under which circumstances.
    #[command(flatten)]
    pub circumstances: Circumstances,
}

/// What conditions of a lesson can ask about, besides what the learner does.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Circumstances {
    /// As with `otr.may_start_smp: true` in the settings: the bot may begin to compare secrets.
    #[arg(long)]
    pub may_start_smp: bool,
    /// As with `--no-lti`: there are no web pages.
    #[arg(long)]
    pub no_page: bool,
    /// Whom learners in trouble can turn to [default: lessons.contact of the settings].
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,
    /// The bot has the same key in every session, as with `private_key` or `--key-file`.
    #[arg(long)]
    pub keep_key: bool,
    /// The learner has had a session of this bot before.
    #[arg(long)]
    pub returning: bool,
    /// A shared secret that is there from the start, as `otr.default_secret` of the settings.
    #[arg(long, value_name = "TEXT")]
    pub secret: Option<String>,
}

/// Arguments of `lesson schema`.
#[derive(Clone, Debug, Args)]
pub struct WriteSchema {
    /// The file to write [default: the standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
