//! The program from outside: the daemon on a real stage, and commands on real files.

mod docs;
mod e2e;
mod keys;
