//! The files under `/static/`: part of the program, and each may be replaced by one of the operator's.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use actix_web::web::Bytes;

use crate::files::{self, Unreadable};

/// The largest file that is served, in bytes; it stays in memory.
pub const LARGEST: u64 = 1024 * 1024;

/// The files there are: name, `Content-Type`, and what the program has.
const BUILT_IN: [(&str, &str, &[u8]); 3] = [
    ("otrbot.css", "text/css; charset=utf-8", include_bytes!("../../static/otrbot.css")),
    ("otrbot.js", "text/javascript; charset=utf-8", include_bytes!("../../static/otrbot.js")),
    ("otrbot.svg", "image/svg+xml", include_bytes!("../../static/otrbot.svg")),
];

/// A file, as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name.
    name: &'static str,
    /// What is in it.
    pub bytes: Bytes,
    /// The `Content-Type` to serve it with.
    pub content_type: &'static str,
}

/// All files.
#[derive(Clone, Debug)]
pub struct Assets(Vec<Asset>);

impl Default for Assets {
    fn default() -> Self {
        let built_in = BUILT_IN.iter().map(|&(name, content_type, bytes)| Asset {
            name,
            bytes: Bytes::from_static(bytes),
            content_type,
        });
        Self(built_in.collect())
    }
}

impl Assets {
    /// The files of the program, and in place of each the one of the same name in a folder. Also
    /// what is wrong with files there: those of the program are served in their place.
    pub fn load(folder: Option<&Path>) -> (Self, Vec<String>) {
        let (mut assets, mut problems) = (Self::default(), Vec::new());
        for asset in &mut assets.0 {
            let Some(path) = folder.map(|folder| folder.join(asset.name)) else { continue };
            match files::read_bytes(&path, LARGEST) {
                Ok(bytes) => asset.bytes = bytes.into(),
                Err(Unreadable::Absent) => {}
                Err(why) => problems.push(format!("static_folder: {} {why}", path.display())),
            }
        }
        (assets, problems)
    }
}

/// Files that are exchanged when they are read anew; a clone shares them.
#[derive(Clone, Debug, Default)]
pub struct SharedAssets(Arc<RwLock<Assets>>);

impl SharedAssets {
    /// Shares these.
    pub fn new(assets: Assets) -> Self {
        Self(Arc::new(RwLock::new(assets)))
    }

    /// The file of a name, without the path before it.
    pub fn find(&self, name: &str) -> Option<Asset> {
        // Nobody can panic in the middle of a change.
        let assets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        assets.0.iter().find(|asset| asset.name == name).cloned()
    }

    /// Puts others in their place.
    pub fn replace(&self, assets: Assets) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = assets;
    }
}
