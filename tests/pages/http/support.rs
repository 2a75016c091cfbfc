//! The tool under test, a platform's launches, and a browser that only fills in forms.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ::lti::{Consumers, token::TokenKey};
use actix::{Actor as _, Addr};
use actix_web::dev::ServerHandle;
use gettext::{Catalog, Catalogs, SharedCatalogs};
use jid::BareJid;

use otrbot::{
    actors::{
        grades::{self, Courier, GradeOutbox, RetryPlan},
        lti::{self, GatewayConfig, LtiGateway},
    },
    drawing::previews::{Previews, SharedPreviews},
    http::{self, PagesConfig, Site, assets::SharedAssets, front::Limits},
    i18n,
    lesson::Library,
    metrics::Metrics,
    records::{Contacts, Progress},
    settings::Invitations,
    store::{Store, Write},
};
use tempfile::TempDir;
use url::Url;

use crate::http::{
    oauth,
    registry::{FakeRegistry, Put, Told},
};

pub(crate) const KEY: &str = "course key";
pub(crate) const SECRET: &str = "s&cret é";
pub(crate) const ROTATING_KEY: &str = "another course";
pub(crate) const OLD_SECRET: &str = "the secret before";
/// What the platform knows the tool as; the tests reach it at another address, as behind a proxy.
pub(crate) const PUBLIC_URL: &str = "https://tool.example";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a test signs with the time that it is")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Waits until something is so, a minute at most.
pub(crate) async fn until(what: &str, is_so: impl AsyncFnMut() -> bool) {
    support::wait::until(what, is_so).await;
}

/// The tool, on a port of its own, with a store of its own.
pub(crate) struct Tool {
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) registry: Addr<FakeRegistry>,
    pub(crate) outbox: Addr<GradeOutbox>,
    pub(crate) client: reqwest::Client,
    pub(crate) assets: SharedAssets,
    pub(crate) catalogs: SharedCatalogs,
    pub(crate) previews: SharedPreviews,
    pub(crate) metrics: Arc<Metrics>,
    server: ServerHandle,
    _folder: TempDir,
}

impl Drop for Tool {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

pub(crate) fn consumers() -> Consumers {
    let mut consumers = Consumers::default();
    assert!(consumers.add(KEY, SECRET.into()));
    // A platform whose secret is being changed.
    for secret in [SECRET, OLD_SECRET] {
        assert!(consumers.add(ROTATING_KEY, secret.into()));
    }
    let frame = ["https://lms.example".to_owned(), "https://*.school.example".to_owned()];
    consumers.set_frame_ancestors(ROTATING_KEY, frame.to_vec());
    consumers
}

/// What the operator says to all, and to those who come from one of the platforms.
fn contacts() -> Contacts {
    let mut contacts = Contacts::new(Some("help@school.example & all".to_owned()));
    contacts.set(ROTATING_KEY, "the dean of the other course".to_owned());
    contacts
}

/// English, a language with one translated text, and one that is written from right to left and
/// has no translations yet.
fn variables() -> BTreeMap<String, String> {
    BTreeMap::from([("bot_alias".to_owned(), "Marvin".to_owned())])
}

/// The lessons that come with the program, and those of a folder.
fn lessons(folder: Option<&std::path::Path>) -> Library {
    let variables = ["bot_alias", "bot_jid", "bot_title", "bot_description", "project_name"];
    let (lessons, problems) = Library::load(folder, &variables);
    assert!(problems.is_empty(), "{problems:?}");
    lessons
}

fn catalogs() -> Catalogs {
    let mut catalogs = Catalogs::default();
    let dutch = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
        msgid \"{bot} has not heard from you yet. Say hello in the chat.\"\n\
        msgstr \"{bot} hoort je nog niet.\"\n";
    let (dutch, faults) = Catalog::parse_po("nl_NL", "nl.po", dutch.as_bytes()).unwrap();
    assert_eq!(faults, []);
    catalogs.insert(dutch);
    let empty_mo = [0x9504_12de, 0, 0, 28, 28, 0, 28_u32].map(u32::to_le_bytes).concat();
    catalogs.insert(Catalog::parse("ar", empty_mo.as_slice()).unwrap());
    catalogs
}

/// An outbox that tries again every second.
pub(crate) fn outbox(store: &Store) -> Addr<GradeOutbox> {
    outbox_with(store, 1)
}

/// The same, with so many pauses in its plan.
pub(crate) fn outbox_with(store: &Store, n_pauses: usize) -> Addr<GradeOutbox> {
    GradeOutbox::new(grades::Parts {
        store: store.clone(),
        consumers: consumers(),
        courier: Courier::new(true, None).unwrap(),
        plan: RetryPlan { pauses: vec![Duration::from_secs(1); n_pauses] },
        metrics: Arc::new(Metrics::new()),
    })
    .start()
}

/// As a session does whose learner reaches a step.
pub(crate) async fn reach(store: &Store, jid: &str, progress: Progress, at: i64) {
    let enrolment = store.claims(jid).await.unwrap().remove(0).id;
    let write = Write::Progress { enrolment, jid: jid.to_owned(), progress, credit: None, at };
    store.write_behind(&[write]).await.unwrap();
}

impl Tool {
    pub(crate) async fn start() -> Self {
        Self::start_with(true).await
    }

    pub(crate) async fn start_with(authenticate: bool) -> Self {
        Self::start_within(authenticate, Limits::pages()).await
    }

    /// With other limits for connections.
    pub(crate) async fn start_within(authenticate: bool, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/otrbot.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        let registry = FakeRegistry::default().start();
        let outbox = outbox(&store);
        let public_url = Url::parse(PUBLIC_URL).unwrap();
        let gateway = LtiGateway::new(lti::Parts {
            config: GatewayConfig {
                public_url: public_url.clone(),
                authenticate,
                nonce_window: 300,
                consumers: consumers(),
                token_key: TokenKey::from_secret(b"a secret of the tests, and of no one else"),
                bot_jid: BareJid::new("bot@chat.example").unwrap(),
                invitations: Invitations { per_person: 5, in_total: 1_000, per_platform: 1_000 },
            },
            store: store.clone(),
            registry: FakeRegistry::recipients(&registry),
            outbox: outbox.clone().recipient(),
            metrics: Arc::new(Metrics::new()),
        })
        .start();
        let assets = SharedAssets::default();
        let catalogs = SharedCatalogs::new(catalogs());
        let previews = SharedPreviews::new(Previews::new(&lessons(None), "basics", &variables()));
        let config = PagesConfig {
            public_url,
            authenticate,
            css_url: None,
            bot_jid: "bot@chat.example".to_owned(),
            bot_title: "OTR & Bot".to_owned(),
            bot_description: "Teaches <OTR>.".to_owned(),
            project_name: "Totem".to_owned(),
            bot_alias: "Marvin".to_owned(),
            keeps_key: false,
            contacts: contacts(),
            catalogs: catalogs.clone(),
            previews: previews.clone(),
            assets: assets.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let metrics = Arc::new(Metrics::new());
        let site = Site { gateway, meter: metrics.meters.gateway.clone(), config };
        let server = http::serve(site, listener, limits, metrics.connections("pages")).unwrap();
        let handle = server.handle();
        actix::spawn(server);
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let server = handle;
        Self {
            base,
            store,
            registry,
            outbox,
            client,
            assets,
            catalogs,
            previews,
            metrics,
            server,
            _folder: folder,
        }
    }

    /// Posts a body to a path.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Page {
        let request = self.client.post(format!("{}{path}", self.base));
        Page::read(request.header("Content-Type", content_type).body(body).send().await.unwrap())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        Page::read(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    pub(crate) async fn launch(&self, launch: &Launch) -> Page {
        self.post(&launch.target(), FORM, launch.body()).await
    }

    /// Has the outbox end in order.
    pub(crate) async fn close_outbox(&self) {
        self.outbox.send(grades::Close).await.unwrap();
        until("the end of the outbox", async || !self.outbox.connected()).await;
    }

    /// Sends a form of a page, with its token.
    pub(crate) async fn submit(&self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = page.token();
        let mut body = format!("token={}", oauth::encode(&token));
        for (name, value) in fields {
            body.extend(["&", name, "=", &oauth::encode(value)]);
        }
        self.post(path, FORM, body).await
    }

    /// Teaches the lesson of this name and this YAML, too, and that where none is asked for.
    pub(crate) fn teach(&self, name: &str, yaml: &str) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(format!("{name}.yaml")), yaml).unwrap();
        self.previews.replace(Previews::new(&lessons(Some(folder.path())), name, &variables()));
    }

    /// Takes the texts that the program comes with, in place of those of the tests.
    pub(crate) fn speak_all_languages(&self) {
        let (catalogs, problems) = i18n::load(None);
        assert!(problems.is_empty(), "{problems:?}");
        self.catalogs.replace(catalogs);
    }

    pub(crate) async fn put(&self, jid: &str, progress: Progress) {
        let jid = jid.to_owned();
        self.registry.send(Put { jid, progress }).await.unwrap();
    }

    pub(crate) async fn told(&self) -> Vec<String> {
        self.registry.send(Told).await.unwrap()
    }
}

/// A page, as far as a browser without scripts knows it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) async fn read(answer: reqwest::Response) -> Self {
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        Self { status, headers, html: answer.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The attribute of the input of a name.
    fn input(&self, name: &str, attribute: &str) -> Option<String> {
        let tag = self
            .html
            .split('<')
            .find(|tag| tag.starts_with("input") && tag.contains(&format!("name=\"{name}\"")))?;
        let (_, rest) = tag.split_once(&format!(" {attribute}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(quick_xml::escape::unescape(value).unwrap().into_owned())
    }

    pub(crate) fn token(&self) -> String {
        self.input("token", "value").unwrap_or_else(|| panic!("no token in {}", self.html))
    }

    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.html.contains(&format!("name=\"{name}\""))
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.input(name, "value").unwrap_or_default()
    }

    /// Which page this is, by what it asks for and where it leads.
    pub(crate) fn name(&self) -> &'static str {
        let leads_to = |path: &str| self.html.contains(&format!("action=\"{path}\""));
        match () {
            () if self.status != 200 => "problem",
            () if self.has_field("bot_secret") => "enter_bot_secret",
            () if self.has_field("secret") => "ask_for_secret",
            () if self.has_field("jid") => "enter_jid",
            () if leads_to("/ask_for_secret") => "jid_entered",
            () if leads_to("/enter_jid") || leads_to("/course/try") => "start",
            () => "done",
        }
    }
}

/// A launch under construction.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) query: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) uri: &'static str,
}

static NONCE: AtomicU64 = AtomicU64::new(0);

impl Launch {
    /// A launch as Canvas sends it for a learner; a new nonce each.
    pub(crate) fn of(user: &str, roles: &str) -> Self {
        let nonce = format!("{}-{}", std::process::id(), NONCE.fetch_add(1, Ordering::Relaxed));
        let timestamp = now().to_string();
        let pairs = [
            ("oauth_consumer_key", KEY),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_nonce", &nonce),
            ("oauth_version", "1.0"),
            ("oauth_callback", "about:blank"),
            ("lti_message_type", "basic-lti-launch-request"),
            ("lti_version", "LTI-1p0"),
            ("resource_link_id", "4dde05e8ca1973bcca9bffc13e1548820eee93a3"),
            ("resource_link_title", "OTR, \"private\" chat"),
            ("context_id", "4dde05e8ca1973bcca9bffc13e1548820eee93a4"),
            ("user_id", user),
            ("roles", roles),
            ("ext_roles", "urn:lti:instrole:ims/lis/Student,urn:lti:sysrole:ims/lis/User"),
            ("lis_person_name_full", "Zoë O'Hara"),
            ("custom_canvas_module_id", ""),
            ("launch_presentation_locale", "en-GB"),
            ("launch_presentation_document_target", "iframe"),
            ("launch_presentation_return_url", "https://canvas.school.example/courses/1"),
        ];
        Self {
            pairs: pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
            query: "",
            secret: SECRET,
            uri: "https://tool.example/",
        }
    }

    /// Says where the grade goes.
    pub(crate) fn graded(self, url: &str, sourcedid: &str) -> Self {
        self.with("lis_outcome_service_url", url).with("lis_result_sourcedid", sourcedid)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() { "/".to_owned() } else { format!("/?{}", self.query) }
    }

    /// The fields with their signature.
    pub(crate) fn signed(&self) -> Vec<(String, String)> {
        let signature = oauth::signature("POST", self.uri, &self.pairs, self.secret);
        let mut signed = self.pairs.clone();
        signed.push(("oauth_signature".to_owned(), signature));
        signed
    }

    /// The signed body, as a browser sends it.
    pub(crate) fn body(&self) -> String {
        let encoded: Vec<String> = self
            .signed()
            .iter()
            .map(|(a, b)| format!("{}={}", oauth::encode(a), oauth::encode(b)))
            .collect();
        encoded.join("&").replace("%20", "+")
    }
}
