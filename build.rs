//! Lists the translations under `locales/`, so that the program carries those that are there.

use std::{env, fmt::Write as _, fs, io, path::Path};

/// The PO file of a language, in its folder.
const CATALOG: &str = "LC_MESSAGES/otrbot.po";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=locales");
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("no package"))?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no folder for output"))?;
    let mut locales = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("locales"))? {
        let folder = entry?.path();
        if folder.join(CATALOG).is_file()
            && let Some(locale) = folder.file_name().and_then(|name| name.to_str())
        {
            locales.push(locale.to_owned());
        }
    }
    locales.sort();
    let mut list = String::from("&[\n");
    for locale in locales {
        let file = format!("/locales/{locale}/{CATALOG}");
        writeln!(
            list,
            "    (\"{locale}\", include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"{file}\"))),"
        )
        .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&out).join("locales.rs"), list)
}
