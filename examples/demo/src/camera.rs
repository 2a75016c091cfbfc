//! Takes pictures of pages with Chromium, and makes them small with pngquant.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::driver::{Browser, Scripts};
use support::wait::until;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::narrator::say;

/// The most bytes that a picture may have.
const LARGEST: u64 = 120_000;

/// What a page is looked at with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// In CSS pixels.
    pub(crate) width: u32,
    /// In CSS pixels: where the picture ends, or with the page if that is shorter.
    pub(crate) height: u32,
    /// Pixels of the picture for each CSS pixel.
    pub(crate) scale: f64,
}

/// A browser, and the folder that its pictures are put into.
pub(crate) struct Camera {
    runtime: Runtime,
    browser: Browser,
    folder: PathBuf,
    /// For pages that no server has.
    scratch: TempDir,
}

impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Camera").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Camera {
    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("the folder of the pictures can be made");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime for the browser");
        let browser = runtime.block_on(Browser::start(Scripts::On));
        let scratch = tempfile::tempdir().expect("a folder for the browser");
        Self { runtime, browser, folder: folder.to_owned(), scratch }
    }

    /// Goes to a page, and on to where its scripts lead: until an element of `selector` is there.
    pub(crate) fn open(&self, url: &str, window: Window, selector: &str) {
        self.runtime.block_on(async {
            let size = serde_json::json!({
                "width": window.width,
                "height": window.height,
                "deviceScaleFactor": window.scale,
                "mobile": false,
            });
            self.browser.develop("Emulation.setDeviceMetricsOverride", size).await;
            let calm = serde_json::json!({
                "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }],
            });
            self.browser.develop("Emulation.setEmulatedMedia", calm).await;
            self.browser.open(url).await;
            let is_there = format!(
                "return document.readyState === 'complete' && document.querySelector({}) !== null",
                serde_json::json!(selector),
            );
            until(selector, async || self.browser.script(&is_there).await == true).await;
        });
    }

    /// Goes to a page that stands in no place.
    pub(crate) fn open_markup(&self, markup: &str, window: Window, selector: &str) {
        let file = self.scratch.path().join("page.html");
        fs::write(&file, markup).expect("the page can be written");
        self.open(&format!("file://{}", file.display()), window, selector);
    }

    /// The box around elements, given by a script: left, top, width and height in CSS pixels.
    pub(crate) fn measure(&self, script: &str) -> [f64; 4] {
        let found = self.runtime.block_on(self.browser.script(script));
        let sides: Option<Vec<f64>> = found
            .as_array()
            .and_then(|sides| sides.iter().map(serde_json::Value::as_f64).collect());
        let sides = sides.and_then(|sides| sides.try_into().ok());
        sides.unwrap_or_else(|| panic!("nothing to be measured: {found}"))
    }

    /// Takes a picture of the page from its top, as high as the window, or down to an element if it is
    /// there.
    pub(crate) fn shoot(&self, name: &str, window: Window, down_to: Option<&str>) {
        let [.., height] = self.measure(&format!(
            "document.activeElement?.blur();
             const last = document.querySelector({}) ?? document.body;
             const height = Math.min(Math.ceil(last.getBoundingClientRect().bottom), {});
             // White pages need an edge on a white page.
             const edge = document.createElement('div');
             Object.assign(edge.style, {{ position: 'absolute', top: 0, left: 0, width: '100%',
                height: `${{height}}px`, border: '1px solid #b4c0c6', pointerEvents: 'none' }});
             document.body.append(edge);
             return [0, 0, 0, height];",
            serde_json::json!(down_to.unwrap_or("body")),
            window.height,
        ));
        self.shoot_part(name, [0.0, 0.0, window.width.into(), height]);
    }

    /// Takes a picture of a part of the page: left, top, width and height in CSS pixels.
    pub(crate) fn shoot_part(&self, name: &str, [x, y, width, height]: [f64; 4]) {
        let clip =
            serde_json::json!({ "x": x, "y": y, "width": width, "height": height, "scale": 1 });
        let wanted = serde_json::json!({ "clip": clip, "captureBeyondViewport": true });
        let shot = self.runtime.block_on(self.browser.develop("Page.captureScreenshot", wanted));
        let shot = shot.get("data").and_then(serde_json::Value::as_str).unwrap_or_default();
        let shot = support::driver::decoded(shot);
        let raw = self.scratch.path().join("raw.png");
        fs::write(&raw, shot).expect("the picture can be written");
        let path = self.folder.join(name);
        // Pages have few colours: the picture stays the same to the eye.
        let status = Command::new("pngquant")
            .args(["--force", "--strip", "--speed", "1", "--quality", "70-95", "--output"])
            .args([&path, &raw])
            .status()
            .expect("pngquant is installed: run `make pictures`");
        assert!(status.success(), "pngquant does not make {name} small: {status}");
        let n_bytes = fs::metadata(&path).expect("the picture is there").len();
        assert!(n_bytes <= LARGEST, "{name} has {n_bytes} bytes: {LARGEST} are allowed");
        say(&format!("{} ({} kB)", path.display(), n_bytes.div_ceil(1000)));
    }
}
