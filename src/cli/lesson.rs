//! The command line of `otrbot lesson`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// The commands of `lesson`.
#[derive(Clone, Debug, Subcommand)]
pub enum Lesson {
    /// Names every fault of lessons with file, line and column, and what translations lack.
    #[command(after_help = CHECK_HELP)]
    Check(CheckLessons),
    /// Draws a lesson: its states, what leads from one to the other, and where parts of the grade are
    /// earned.
    #[command(after_help = GRAPH_HELP)]
    Graph(DrawLesson),
    /// Plays a lesson in the terminal, without a server, or tests it with a script; /help there lists
    /// the commands.
    #[command(after_help = PLAY_HELP)]
    Play(PlayLesson),
    /// Plays difficult learners against a lesson, and shows for each where it was silent, repeated
    /// itself, or gave something away; ends with 4 if it did.
    #[command(after_help = RUBRIC_HELP)]
    Rubric(RateLesson),
    /// Writes the JSON Schema of lesson files, for editors.
    #[command(after_help = SCHEMA_HELP)]
    Schema(WriteSchema),
}

pub(super) const HELP: &str = "\
Example, from a new lesson to its test:
  otrbot lesson check my-lessons/greetings.yaml
  otrbot lesson graph my-lessons/greetings.yaml -o greetings.svg
  otrbot lesson play my-lessons/greetings.yaml
  otrbot lesson play --script greetings.txt my-lessons/greetings.yaml

The authors' manual leads through it: settings/lessons/README.md in the sources,
/usr/share/otrbot/lessons/README.md in the package.";

const CHECK_HELP: &str = "\
Examples:
  otrbot lesson check my-lessons/greetings.yaml
  otrbot lesson check --strict --locales locales my-lessons/greetings.yaml
  otrbot --settings settings.yaml lesson check

Ends with 0 if there is no fault; 4 if there are faults, with --strict also for warnings; 2 if there is
no such lesson, 5 if there is no such file.";

const GRAPH_HELP: &str = "\
Examples:
  otrbot lesson graph my-lessons/greetings.yaml -o greetings.svg
  otrbot lesson graph --format mermaid basics

Ends with 0; 4 if the lesson has faults; 2 if there is no such lesson, 5 if there is no such file.";

const PLAY_HELP: &str = "\
Examples:
  otrbot lesson play my-lessons/greetings.yaml
  otrbot lesson play --script greetings.txt --seed 1 my-lessons/greetings.yaml
  otrbot lesson play --locale nl_NL --no-page basics

A line of a script is something to say, a command such as `/otr on`, `/wait 90s` or `/expect TEXT`, or a
note after #.

Ends with 0 if the script has come to its end, everything in it could be done, and all was as it
expects; 4 if not, or if the lesson has faults; 2 if a line of the script is no command or there is no
such lesson; 5 if a file is not there.";

const RUBRIC_HELP: &str = "\
Examples:
  otrbot lesson rubric my-lessons/greetings.yaml
  otrbot -v lesson rubric --locales locales --locale nl_NL my-lessons/greetings.yaml

Ends with 0 if nobody was let down; 4 if somebody was, or if the lesson has faults; 2 if there is no
such lesson, 5 if there is no such file.";

const SCHEMA_HELP: &str = "\
Example:
  otrbot lesson schema -o my-lessons/lesson.schema.json

A lesson names it in its first line: # yaml-language-server: $schema=lesson.schema.json";

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
    /// The name of a lesson that is built in or in lessons.folder, or a YAML file [default:
    /// lessons.default of the settings].
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
    /// The name of a lesson that is built in or in lessons.folder, or a YAML file [default:
    /// lessons.default of the settings].
    #[arg(value_name = "FILE|NAME")]
    pub lesson: Option<String>,
    /// The learner's language [default: English].
    #[arg(long)]
    pub locale: Option<String>,
    /// What the learner writes and does, and what is expected of the bot, a line each; `-` reads it
    /// from the standard input [default: what is typed].
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Makes the same keys and secrets as every other play with this number [default: other ones each
    /// time].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
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
    /// The name of a lesson that is built in or in lessons.folder, or a YAML file [default:
    /// lessons.default of the settings].
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
