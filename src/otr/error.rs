//! What can be wrong with bytes, with a request of the caller, and why a message was not acted on.

/// The peer's bytes cannot be read. Carries lengths and names of fields, never contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The message ends inside a field.
    #[error("{field} needs {need} bytes, {left} are left")]
    Short {
        /// Name of the field.
        field: &'static str,
        /// Bytes that it needs.
        need: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes are left after the last field.
    #[error("{left} bytes are left after the end")]
    Trailing {
        /// How many.
        left: usize,
    },
    /// A field holds a value that the specification does not allow.
    #[error("{field} is out of range")]
    Range {
        /// Name of the field.
        field: &'static str,
    },
}
