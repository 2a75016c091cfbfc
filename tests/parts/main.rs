//! The parts of the daemon, called as a library: sessions, actors, store, lessons and their tools,
//! settings, translations; what people paste and mistype; what packages take; and the manners of the repository.

mod actors;
mod authoring;
mod bot;
mod catalogs;
mod doubts;
mod lessons;
mod packaging;
mod pasted;
mod settings;
mod store;
mod teacher;
mod tidy;
mod translating;
mod translations;
mod writers;
