//! (lesson)
