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
        Credentials,
        scram::{Sha1, Sha256},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::{
    bind::{BindQuery, BindResponse},
    iq::Iq,
    ns, sasl as wire, sm,
};

use super::{
    Account, ConfigError, Down, Negotiated,
    connect::{Connected, Origin, within},
    ledger::{Ledger, count},
    link::{Io, Link, unexpected},
    offer::{Choice, Kind, Offer, choose, no_mechanism},
    refusal::{not_bound, sasl_failure},
    scram::{check_challenge, nonce_of, not_genuine, prove, scram_name},
    xml::Item,
};

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
    /// Where it leads.
    pub(super) origin: Origin,
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
        let Connected { mut link, negotiated, exporter, origin } = connected;
        let features = link.open(negotiated.is_some()).await?;
        let offer = Offer::read(&features);
        let choice =
            choose(&offer, exporter.as_deref(), negotiated.is_some() && self.allow_plain_text)
                .ok_or_else(|| no_mechanism(&offer, negotiated.is_some(), self.allow_plain_text))?;
        let mechanism = choice.kind.to_string();
        self.authenticate(&mut link, &choice).await?;
        let has_counts = link.open(true).await?.has_child("sm", ns::SM);
        let stream = self.stream(&mut link, resume.filter(|_| has_counts), has_counts).await?;
        Ok(LoggedIn { link, stream, mechanism, negotiated, origin })
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

    async fn authenticate(&self, link: &mut Link<impl Io>, choice: &Choice) -> Result<(), Down> {
        let kind = choice.kind;
        let mut mechanism = self
            .mechanism(choice)
            .map_err(|fault| Down::Broken(format!("no login could be prepared: {fault}")))?;
        let first = mechanism.initial();
        let nonce = kind.is_scram().then(|| nonce_of(&first)).flatten();
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
                    if let Some(nonce) = &nonce {
                        check_challenge(&data, nonce)?;
                    } else if kind.is_scram() {
                        return Err(Down::Broken("our own message has no nonce".to_owned()));
                    }
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
                    answer.map_err(|fault| {
                        Down::Broken(format!("its challenge cannot be answered: {fault}"))
                    })?
                };
                link.send(&wire::Response { data: answer }).await?;
            } else if step.is("success", ns::SASL) {
                if !is_answered && kind.is_scram() {
                    return Err(not_genuine("it let us in without a proof of either side"));
                }
                if !is_proved {
                    prove(mechanism.as_mut(), &sasl_data(&step)?)?;
                }
                return Ok(());
            } else if step.is("failure", ns::SASL) {
                return Err(sasl_failure(&step, choice));
            } else {
                return Err(unexpected(step.name(), None));
            }
        }
    }

    /// The mechanism, with copies of the password that live as long as it does.
    fn mechanism(
        &self,
        choice: &Choice,
    ) -> Result<Box<dyn Mechanism + Send + Sync>, MechanismError> {
        let name = self.jid.node().map_or("", |node| node.as_str());
        let name = if choice.kind.is_scram() { scram_name(name) } else { name.to_owned() };
        let password = self.password.expose_secret();
        // Both sides derive from the prepared form; what cannot be prepared is taken as it is.
        let prepared = stringprep::saslprep(password).unwrap_or_else(|_unprepared| password.into());
        let credentials = Credentials::default()
            .with_username(name)
            .with_password(prepared)
            .with_channel_binding(choice.binding.clone());
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
                    return Err(not_bound(&error));
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

fn sasl_data(step: &Element) -> Result<Vec<u8>, Down> {
    let text = step.text();
    match text.trim() {
        "" | "=" => Ok(Vec::new()),
        data => BASE64
            .decode(data)
            .map_err(|_no_base64| Down::Broken("its SASL data is no base64".to_owned())),
    }
}
