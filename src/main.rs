//! The `otrbot` program: see `otrbot --help`.

fn main() {}
