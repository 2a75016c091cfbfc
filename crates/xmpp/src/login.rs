//! Proves who we are, has the server prove that it knows us, and binds the resource.
//!
//! SCRAM comes first, bound to the TLS channel where both sides can. PLAIN hands the password
//! over and is only used inside TLS, and only where the settings say so.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jid::{BareJid, FullJid, Jid, ResourcePart};
use minidom::Element;
use sasl::{
    client::{
        Mechanism, MechanismError,
        mechanisms::{Plain, Scram},
    },
    common::{
        ChannelBinding, Credentials,
        scram::{Sha1, Sha256},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::{
    bind::{BindQuery, BindResponse},
    iq::Iq,
    ns, sasl as wire, sm,
    stanza_error::DefinedCondition,
};

use super::{
    Account, ConfigError, Down, Negotiated,
    connect::{Connected, within},
    ledger::{Ledger, count},
    link::{Io, Link, plain, unexpected},
    xml::Item,
};

/// Rounds of the key derivation that a server may ask for. Fewer make the proof easy to guess
/// the password from (RFC 7677 wants at least these), more keep this machine busy.
const ROUNDS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;

/// What an account logs in with.
pub(super) struct Login {
    jid: BareJid,
    resource: String,
    password: SecretString,
    allow_plain_text: bool,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("jid", &self.jid).finish_non_exhaustive()
    }
}

/// A stream that is logged in.
#[derive(Debug)]
pub(super) struct LoggedIn {
    pub(super) link: Link<Box<dyn Io>>,
    pub(super) stream: Stream,
    pub(super) mechanism: String,
    pub(super) negotiated: Option<Negotiated>,
}

/// Which stream the login led to.
#[derive(Debug)]
pub(super) enum Stream {
    /// A new one.
    New {
        jid: FullJid,
        /// The counts of both sides, if the server keeps them.
        ledger: Option<Ledger>,
        /// How many stanzas of the earlier stream the server has, if it knows.
        had: Option<u32>,
    },
    /// The earlier one, of which the server has so many stanzas.
    Resumed { h: u32 },
}

impl Login {
    pub(super) fn new(account: Account) -> Result<Self, ConfigError> {
        let Account { jid, resource, password, allow_plain_text, server: _, tls: _ } = account;
        if jid.node().is_none() {
            return Err(ConfigError::NoLocalPart { jid: jid.to_string() });
        }
        match ResourcePart::new(&resource) {
            Ok(prepared) => {
                let resource = prepared.to_string();
                Ok(Self { jid, resource, password, allow_plain_text })
            }
            Err(_no_resource) => Err(ConfigError::Resource { resource }),
        }
    }

    /// The account.
    pub(super) fn jid(&self) -> &BareJid {
        &self.jid
    }

    /// Logs in and takes up the earlier stream or binds the resource, all within `limit`.
    pub(super) async fn run(
        &self,
        connected: Connected,
        limit: Duration,
        resume: Option<sm::Resume>,
    ) -> Result<LoggedIn, Down> {
        within(limit, "while logging in", self.steps(connected, resume)).await
    }

    async fn steps(
        &self,
        connected: Connected,
        resume: Option<sm::Resume>,
    ) -> Result<LoggedIn, Down> {
        let Connected { mut link, negotiated, exporter } = connected;
        let features = link.open(negotiated.is_some()).await?;
        let offer = Offer::read(&features);
        let choice =
            choose(&offer, exporter.as_deref(), negotiated.is_some() && self.allow_plain_text)
                .ok_or_else(|| no_mechanism(&offer, negotiated.is_some(), self.allow_plain_text))?;
        let mechanism = choice.kind.to_string();
        self.authenticate(&mut link, choice).await?;
        let has_counts = link.open(true).await?.has_child("sm", ns::SM);
        let stream = self.stream(&mut link, resume.filter(|_| has_counts), has_counts).await?;
        Ok(LoggedIn { link, stream, mechanism, negotiated })
    }

    async fn stream(
        &self,
        link: &mut Link<impl Io>,
        resume: Option<sm::Resume>,
        has_counts: bool,
    ) -> Result<Stream, Down> {
        let mut had = None;
        if let Some(request) = resume {
            link.send(&request).await?;
            let answer = link.nonza().await?;
            had = count(&answer);
            match (answer.is("resumed", ns::SM), had) {
                (true, Some(h)) => return Ok(Stream::Resumed { h }),
                (false, _) if answer.is("failed", ns::SM) => {}
                _ => return Err(unexpected(answer.name(), None)),
            }
        }
        let jid = self.bind(link).await?;
        let ledger = if has_counts {
            link.send(&sm::Enable::new().with_resume()).await?;
            let answer = link.nonza().await?;
            answer.is("enabled", ns::SM).then(|| Ledger::new(&answer))
        } else {
            None
        };
        Ok(Stream::New { jid, ledger, had })
    }

    async fn authenticate(&self, link: &mut Link<impl Io>, choice: Choice) -> Result<(), Down> {
        let kind = choice.kind;
        let mut mechanism = self
            .mechanism(choice)
            .map_err(|_unusable| Down::ServerNotGenuine { why: "no login could be prepared" })?;
        let first = mechanism.initial();
        let nonce = kind.is_scram().then(|| scram_value(&first, "r=")).flatten();
        link.send(&wire::Auth { mechanism: kind.into(), data: first }).await?;

        let mut is_proved = !kind.is_scram();
        let mut is_answered = false;
        loop {
            let step = link.nonza().await?;
            if step.is("challenge", ns::SASL) {
                let data = sasl_data(&step)?;
                let answer = if is_answered {
                    // Some servers send their proof before the success.
                    prove(mechanism.as_mut(), &data)?;
                    is_proved = true;
                    Vec::new()
                } else {
                    check_challenge(&data, nonce.as_deref())?;
                    is_answered = true;
                    // The key derivation takes milliseconds, too many for the runtime.
                    let derived = tokio::task::spawn_blocking(move || {
                        let answer = mechanism.response(&data);
                        (mechanism, answer)
                    });
                    let (returned, answer) = derived
                        .await
                        .map_err(|_aborted| Down::Timeout("while the runtime was ending"))?;
                    mechanism = returned;
                    answer.map_err(|_unusable| not_genuine("its challenge cannot be read"))?
                };
                link.send(&wire::Response { data: answer }).await?;
            } else if step.is("success", ns::SASL) {
                if !is_proved {
                    prove(mechanism.as_mut(), &sasl_data(&step)?)?;
                }
                return Ok(());
            } else if step.is("failure", ns::SASL) {
                return Err(failure(&step));
            } else {
                return Err(unexpected(step.name(), None));
            }
        }
    }

    /// The mechanism, with copies of the password that live as long as it does.
    fn mechanism(
        &self,
        choice: Choice,
    ) -> Result<Box<dyn Mechanism + Send + Sync>, MechanismError> {
        let name = self.jid.node().map_or("", |node| node.as_str());
        let name = if choice.kind.is_scram() { scram_name(name) } else { name.to_owned() };
        let password = self.password.expose_secret();
        // Both sides derive from the prepared form; what cannot be prepared is taken as it is.
        let prepared = stringprep::saslprep(password).unwrap_or_else(|_unprepared| password.into());
        let credentials = Credentials::default()
            .with_username(name)
            .with_password(prepared)
            .with_channel_binding(choice.binding);
        Ok(match choice.kind {
            Kind::Sha256Plus | Kind::Sha256 => {
                Box::new(Scram::<Sha256>::from_credentials(credentials)?)
            }
            Kind::Sha1Plus | Kind::Sha1 => Box::new(Scram::<Sha1>::from_credentials(credentials)?),
            Kind::Plain => Box::new(Plain::from_credentials(credentials)?),
        })
    }

    async fn bind(&self, link: &mut Link<impl Io>) -> Result<FullJid, Down> {
        const ID: &str = "bind";
        let query = BindQuery::new(Some(self.resource.clone()));
        link.send(&Iq::from_set(ID, query)).await?;
        loop {
            let stanza = link.stanza().await?;
            let Stanza::Iq(iq) = stanza else {
                link.keep(Item::Stanza(Box::new(stanza)));
                continue;
            };
            match iq {
                Iq::Result { id, payload, from, .. }
                    if id == ID && self.is_server(from.as_ref()) =>
                {
                    let bound = payload.map(BindResponse::try_from);
                    return match bound {
                        Some(Ok(response)) if response.jid.to_bare() == self.jid => {
                            Ok(response.jid)
                        }
                        Some(Ok(response)) => Err(Down::Broken(format!(
                            "it bound {} instead of an address of the account",
                            response.jid
                        ))),
                        Some(Err(_)) | None => Err(Down::Broken("it bound no address".to_owned())),
                    };
                }
                Iq::Error { id, error, from, .. } if id == ID && self.is_server(from.as_ref()) => {
                    let condition = error.defined_condition;
                    return Err(if condition == DefinedCondition::Conflict {
                        Down::Conflict
                    } else {
                        Down::StreamError(format!("it binds no resource: {condition:?}"))
                    });
                }
                iq @ (Iq::Get { .. } | Iq::Set { .. } | Iq::Result { .. } | Iq::Error { .. }) => {
                    link.keep(Item::Stanza(Box::new(Stanza::Iq(iq))));
                }
            }
        }
    }

    /// Whether a stanza of this sender comes from the account's own server.
    fn is_server(&self, from: Option<&Jid>) -> bool {
        from.is_none_or(|from| {
            let bare = from.to_bare();
            bare == self.jid || (bare.node().is_none() && bare.domain() == self.jid.domain())
        })
    }
}

/// What the server offers.
#[derive(Debug, Default)]
struct Offer {
    mechanisms: Vec<String>,
    /// Whether it knows the channel binding `tls-exporter` (XEP-0440).
    binds_exporter: bool,
}

impl Offer {
    fn read(features: &Element) -> Self {
        let names = |parent: Option<&Element>| -> Vec<String> {
            parent
                .into_iter()
                .flat_map(Element::children)
                .filter(|child| child.name() == "mechanism")
                .map(|child| child.text().trim().to_owned())
                .collect()
        };
        let bindings = features.get_child("sasl-channel-binding", ns::SASL_CB);
        Self {
            mechanisms: names(features.get_child("mechanisms", ns::SASL)),
            binds_exporter: bindings
                .into_iter()
                .flat_map(Element::children)
                .any(|child| child.attr("type") == Some("tls-exporter")),
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.mechanisms.iter().any(|name| *name == kind.to_string())
    }
}

/// The mechanisms that we know, best first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Sha256Plus,
    Sha256,
    Sha1Plus,
    Sha1,
    Plain,
}

impl Kind {
    fn is_scram(self) -> bool {
        self != Self::Plain
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256Plus => "SCRAM-SHA-256-PLUS",
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha1Plus => "SCRAM-SHA-1-PLUS",
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Plain => "PLAIN",
        })
    }
}

impl From<Kind> for wire::Mechanism {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sha256Plus => Self::ScramSha256Plus,
            Kind::Sha256 => Self::ScramSha256,
            Kind::Sha1Plus => Self::ScramSha1Plus,
            Kind::Sha1 => Self::ScramSha1,
            Kind::Plain => Self::Plain,
        }
    }
}

/// A mechanism and what it says about the channel.
#[derive(Debug, Eq, PartialEq)]
struct Choice {
    kind: Kind,
    binding: ChannelBinding,
}

fn choose(offer: &Offer, exporter: Option<&[u8]>, may_be_plain: bool) -> Option<Choice> {
    let offers_binding = offer.has(Kind::Sha256Plus) || offer.has(Kind::Sha1Plus);
    let bound = exporter
        .filter(|_| offer.binds_exporter)
        .map(|data| ChannelBinding::TlsExporter(data.to_vec()));
    // "y" says that we could bind and saw no offer, so that a server that made one notices who
    // took it away. It must not be said when there was one of a kind that we lack.
    let unbound = if exporter.is_some() && !offers_binding {
        ChannelBinding::Unsupported
    } else {
        ChannelBinding::None
    };
    let kinds = [
        (Kind::Sha256Plus, bound.clone()),
        (Kind::Sha256, Some(unbound.clone())),
        (Kind::Sha1Plus, bound),
        (Kind::Sha1, Some(unbound)),
        (Kind::Plain, may_be_plain.then_some(ChannelBinding::None)),
    ];
    kinds
        .into_iter()
        .filter(|&(kind, _)| offer.has(kind))
        .find_map(|(kind, binding)| binding.map(|binding| Choice { kind, binding }))
}

fn no_mechanism(offer: &Offer, is_secured: bool, allow_plain_text: bool) -> Down {
    let offered = if offer.mechanisms.is_empty() {
        "none".to_owned()
    } else {
        plain(&offer.mechanisms.join(", "))
    };
    let hint = match (offer.has(Kind::Plain), is_secured, allow_plain_text) {
        (true, true, false) => "PLAIN needs allow_plain_text: true in the account's settings",
        (true, false, _) => "PLAIN is only used inside TLS, so it needs tls.enabled: true",
        (true, true, true) | (false, ..) => "SCRAM-SHA-256 or SCRAM-SHA-1 is needed on the server",
    };
    Down::NoMechanism { offered, hint }
}

fn not_genuine(why: &'static str) -> Down {
    Down::ServerNotGenuine { why }
}

/// Checks the server's proof that it knows the password.
fn prove(mechanism: &mut dyn Mechanism, data: &[u8]) -> Result<(), Down> {
    mechanism.success(data).map_err(|_mismatch| not_genuine("its signature is missing or wrong"))
}

/// Checks what the library does not: our nonce is in the server's, the rounds are sane.
fn check_challenge(data: &[u8], our_nonce: Option<&str>) -> Result<(), Down> {
    let Some(our_nonce) = our_nonce else { return Ok(()) };
    let is_ours = scram_value(data, "r=")
        .is_some_and(|nonce| nonce.starts_with(our_nonce) && nonce.len() > our_nonce.len());
    if !is_ours {
        return Err(not_genuine("its nonce does not go on from ours"));
    }
    let rounds = scram_value(data, "i=").and_then(|rounds| rounds.parse().ok());
    if !rounds.is_some_and(|rounds: u32| ROUNDS.contains(&rounds)) {
        return Err(not_genuine("it asks for too few or too many rounds of key derivation"));
    }
    Ok(())
}

/// The value of an attribute of a SCRAM message.
fn scram_value(message: &[u8], key: &str) -> Option<String> {
    let message = std::str::from_utf8(message).ok()?;
    message.split(',').find_map(|attribute| attribute.strip_prefix(key)).map(str::to_owned)
}

/// A user's name as SCRAM writes it (RFC 5802, "saslname").
fn scram_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn sasl_data(step: &Element) -> Result<Vec<u8>, Down> {
    let text = step.text();
    match text.trim() {
        "" | "=" => Ok(Vec::new()),
        data => BASE64
            .decode(data)
            .map_err(|_no_base64| Down::Broken("its SASL data is no base64".to_owned())),
    }
}

fn failure(step: &Element) -> Down {
    let condition = step
        .children()
        .find(|child| child.name() != "text")
        .map_or_else(|| "no reason given".to_owned(), |child| plain(child.name()));
    match condition.as_str() {
        "temporary-auth-failure" | "aborted" => Down::AuthUnavailable { condition },
        "mechanism-too-weak" | "encryption-required" | "invalid-mechanism" => Down::NoMechanism {
            offered: condition,
            hint: "the server takes none of the logins that the settings allow",
        },
        _ => Down::AuthRefused { condition },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(mechanisms: &[&str], binds_exporter: bool) -> Offer {
        let mechanisms = mechanisms.iter().map(|&name| name.to_owned()).collect();
        Offer { mechanisms, binds_exporter }
    }

    fn chosen(offer: &Offer, exporter: bool, plain: bool) -> Option<(Kind, ChannelBinding)> {
        choose(offer, exporter.then_some(&[7]), plain).map(|c| (c.kind, c.binding))
    }

    #[test]
    fn the_best_mechanism_is_chosen() {
        let bound = ChannelBinding::TlsExporter(vec![7]);
        let all = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "X"];

        let full = offer(&all, true);
        assert_eq!(chosen(&full, true, true), Some((Kind::Sha256Plus, bound)));
        assert_eq!(chosen(&full, false, true), Some((Kind::Sha256, ChannelBinding::None)));

        let other_binding = offer(&all, false);
        assert_eq!(chosen(&other_binding, true, true), Some((Kind::Sha256, ChannelBinding::None)));

        let unbound = offer(&["PLAIN", "SCRAM-SHA-1"], true);
        assert_eq!(chosen(&unbound, true, true), Some((Kind::Sha1, ChannelBinding::Unsupported)));
        assert_eq!(chosen(&unbound, false, true), Some((Kind::Sha1, ChannelBinding::None)));
    }

    #[test]
    fn plain_is_used_only_where_allowed() {
        let plain = offer(&["PLAIN", "ANONYMOUS"], false);
        assert_eq!(chosen(&plain, true, true), Some((Kind::Plain, ChannelBinding::None)));
        assert_eq!(chosen(&plain, true, false), None);
        let text = no_mechanism(&plain, true, false).to_string();
        assert!(text.contains("PLAIN, ANONYMOUS") && text.contains("allow_plain_text"), "{text}");
        assert!(no_mechanism(&plain, false, true).to_string().contains("tls.enabled"));
    }

    #[test]
    fn challenges_of_a_false_server_are_refused() {
        let good = b"r=abcdef,s=c2FsdA==,i=4096";
        assert_eq!(check_challenge(good, Some("abc")), Ok(()));
        for bad in [
            &b"r=xbcdef,s=c2FsdA==,i=4096"[..],
            b"r=abc,s=c2FsdA==,i=4096",
            b"r=abcdef,s=c2FsdA==,i=1",
            b"r=abcdef,s=c2FsdA==,i=4294967295",
            b"r=abcdef,s=c2FsdA==",
            b"",
            b"\xff",
        ] {
            assert!(check_challenge(bad, Some("abc")).is_err());
        }
    }

    #[test]
    fn names_are_escaped_for_scram() {
        assert_eq!(scram_name("a=b,c"), "a=3Db=2Cc");
    }
}
