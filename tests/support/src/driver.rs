//! A client of the W3C's browser driver protocol, as small as tests and pictures need it, and the
//! Chromium behind it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wait::{comes_true, until};
use crate::web;

/// Name of the member that holds an element's reference, by the standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long the browser may take for one command.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the browser does with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// It runs them.
    On,
    /// It runs none but those of the test.
    Off,
}

/// A headless Chromium with a profile of its own, which blocks third-party cookies.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    client: reqwest::Client,
    profile: TempDir,
}

/// An element of the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium; this also runs while a failed test unwinds, so nothing may fail here.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            stream.set_read_timeout(Some(Duration::from_secs(10))).ok();
            let request = format!(
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                self.session
            );
            if stream.write_all(request.as_bytes()).is_ok() {
                // The answer comes when Chromium has ended; the driver keeps the connection open.
                BufReader::new(stream).read_line(&mut String::new()).ok();
            }
        }
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

impl Browser {
    /// Starts `chromedriver` on a free port, and Chromium with it.
    ///
    /// # Panics
    ///
    /// When one of them is not there, with the names of Debian's packages.
    pub async fn start(scripts: Scripts) -> Self {
        let (driver, port) = start_driver();
        web::bring_cryptography();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let session = String::new();
        let mut browser = Self { driver, port, session, client, profile };
        let started = browser.call("POST", "/session", Some(&browser.wishes(scripts))).await;
        let started = started.unwrap_or_else(|why| {
            panic!("Chromium does not start ({why}); install Debian's packages chromium and chromium-driver")
        });
        started["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser
    }

    fn wishes(&self, scripts: Scripts) -> Value {
        let profile = self.profile.path().display();
        let mut preferences = json!({
            "profile.block_third_party_cookies": true,
            "profile.cookie_controls_mode": 1,
        });
        if scripts == Scripts::Off {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {
                "args": [
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-quic",
                    "--no-first-run",
                    "--no-proxy-server",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--window-size=1000,900",
                    format!("--user-data-dir={profile}"),
                ],
                "prefs": preferences,
            },
        } } })
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let is_good = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let mut value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let value = value["value"].take();
        if is_good { Ok(value) } else { Err(format!("{}: {}", value["error"], value["message"])) }
    }

    /// A command of the session.
    async fn tell(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        self.call(method, &format!("/session/{}{path}", self.session), body.as_ref()).await
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.tell("POST", "/url", Some(json!({ "url": url }))).await.unwrap();
    }

    /// A command of the browser's own protocol for developers.
    pub async fn develop(&self, command: &str, parameters: Value) -> Value {
        let command = json!({ "cmd": command, "params": parameters });
        self.tell("POST", "/goog/cdp/execute", Some(command)).await.unwrap()
    }

    /// Posts a form from the page that is there now, as one of its own would be, and waits for the
    /// next page.
    pub async fn post(&self, path: &str, fields: &[(String, String)]) {
        self.script("document.documentElement.dataset.before = ''").await;
        let script = "const form = document.createElement('form');
            form.method = 'post';
            form.action = arguments[0];
            for (const [name, value] of arguments[1]) {
                const input = document.createElement('input');
                Object.assign(input, { type: 'hidden', name, value });
                form.append(input);
            }
            document.body.append(form);
            form.submit();";
        let script = json!({ "script": script, "args": [path, fields] });
        self.tell("POST", "/execute/sync", Some(script)).await.unwrap();
        until(path, async || {
            // In between there may be an empty document of the browser's own.
            let is_there = "return document.readyState === 'complete'
                && location.protocol.startsWith('http')
                && !('before' in document.documentElement.dataset)";
            self.script(is_there).await == true
        })
        .await;
    }

    /// Presses keys, one after the other, whatever has the focus. `\u{e004}`: Tab; `\u{e007}`: Enter.
    pub async fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.tell("POST", "/actions", Some(keyboard)).await.unwrap();
    }

    /// A picture of the window, in the format PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let picture = self.tell("GET", "/screenshot", None).await.unwrap();
        decoded(picture.as_str().unwrap())
    }

    /// Makes the window of a size, in pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height });
        self.tell("POST", "/window/rect", Some(size)).await.unwrap();
    }

    /// Goes into a frame; `None`: out of all of them.
    pub async fn enter(&self, frame: Option<&Element>) {
        let id = frame.map_or(Value::Null, |Element(id)| json!({ ELEMENT: id }));
        self.tell("POST", "/frame", Some(json!({ "id": id }))).await.unwrap();
    }

    /// How many windows there are.
    pub async fn n_windows(&self) -> usize {
        let all = self.tell("GET", "/window/handles", None).await.unwrap_or_default();
        all.as_array().map_or(0, Vec::len)
    }

    /// Goes on in the window that was opened last, as soon as there is one.
    pub async fn go_to_the_newest_window(&self) {
        let mut handles = Vec::new();
        until("another window", async || {
            let all = self.tell("GET", "/window/handles", None).await.unwrap_or_default();
            handles = all.as_array().cloned().unwrap_or_default();
            handles.len() > 1
        })
        .await;
        let handle = handles.last().unwrap();
        self.tell("POST", "/window", Some(json!({ "handle": handle }))).await.unwrap();
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        let title = self.script("return document.title").await;
        title.as_str().unwrap().to_owned()
    }

    /// The elements of a selector that are there now.
    pub async fn all(&self, selector: &str) -> Vec<Element> {
        let query = json!({ "using": "css selector", "value": selector });
        let found = self.tell("POST", "/elements", Some(query)).await.unwrap_or_default();
        let found = found.as_array().cloned().unwrap_or_default();
        found.iter().map(|found| Element(found[ELEMENT].as_str().unwrap().to_owned())).collect()
    }

    /// The element of a selector, as soon as it is there.
    pub async fn find(&self, selector: &str) -> Element {
        let mut found = None;
        let is_found = comes_true(async || {
            found = self.all(selector).await.into_iter().next();
            found.is_some()
        });
        if is_found.await {
            return found.unwrap();
        }
        let page = "return location.href + ' ' + document.documentElement.outerHTML";
        panic!("{selector}: not within a minute in {}", self.script(page).await);
    }

    /// Clicks on an element.
    pub async fn click(&self, Element(id): &Element) {
        self.tell("POST", &format!("/element/{id}/click"), Some(json!({}))).await.unwrap();
    }

    /// Types a text into a field.
    pub async fn type_into(&self, element: &Element, text: &str) {
        // Older drivers have keys for the Basic Multilingual Plane alone, so that a field
        // that needs more gets it as an input method would write it.
        let is_basic = |sign: char| sign <= '\u{ffff}';
        let Element(id) = element;
        self.click(element).await;
        for run in text.chars().collect::<Vec<_>>().chunk_by(|a, b| is_basic(*a) == is_basic(*b)) {
            let typed = json!({ "text": String::from_iter(run) });
            if run.iter().copied().all(is_basic) {
                self.tell("POST", &format!("/element/{id}/value"), Some(typed)).await.unwrap();
            } else {
                self.develop("Input.insertText", typed).await;
            }
        }
    }

    /// Empties a field.
    pub async fn clear(&self, Element(id): &Element) {
        self.tell("POST", &format!("/element/{id}/clear"), Some(json!({}))).await.unwrap();
    }

    /// What is seen of the text of a selector's element, as soon as it is there.
    pub async fn text(&self, selector: &str) -> String {
        let mut text = None;
        until(selector, async || {
            // The element may belong to the page before, which goes away in between.
            let Element(id) = self.find(selector).await;
            text = self.tell("GET", &format!("/element/{id}/text"), None).await.ok();
            text.is_some()
        })
        .await;
        text.unwrap().as_str().unwrap().to_owned()
    }

    /// A property of an element, as scripts see it.
    pub async fn property(&self, Element(id): &Element, name: &str) -> Value {
        self.tell("GET", &format!("/element/{id}/property/{name}"), None).await.unwrap()
    }

    /// Whether an element is to be seen.
    pub async fn is_displayed(&self, Element(id): &Element) -> bool {
        let shown = self.tell("GET", &format!("/element/{id}/displayed"), None).await.unwrap();
        shown == Value::Bool(true)
    }

    /// Runs a script of the test in the page; this works with the page's own scripts off, too.
    pub async fn script(&self, script: &str) -> Value {
        let script = json!({ "script": script, "args": [] });
        let mut value = Err(String::new());
        for _ in 0..3 {
            value = self.tell("POST", "/execute/sync", Some(script.clone())).await;
            // The page may go away while the script runs; then the next one answers.
            if value.is_ok() {
                break;
            }
        }
        value.unwrap()
    }
}

/// The bytes of a picture as the browser gives it: in base64.
pub fn decoded(picture: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, picture).unwrap()
}

/// Starts the driver on a free port. It takes one for IPv6, wants the same for IPv4, and gives up if
/// another program has that; then it is worth another try.
fn start_driver() -> (Child, u16) {
    let mut said = String::new();
    for _ in 0..10 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "chromedriver: {error}; install Debian's packages chromium and chromium-driver"
                )
            });
        match port_of(&mut driver) {
            Ok(port) => return (driver, port),
            Err(lines) => said = lines,
        }
        driver.wait().unwrap();
    }
    panic!("chromedriver ended: {said}");
}

/// Reads from the driver's first lines which port it took. Error: what it said before it ended.
fn port_of(driver: &mut Child) -> Result<u16, String> {
    let output = driver.stdout.take().unwrap();
    let mut said = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("started successfully on port ") {
            return Ok(rest.trim_end_matches('.').parse().unwrap());
        }
        said.push_str(&line);
    }
    Err(said)
}
