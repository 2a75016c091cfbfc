//! The clients of one peer: who they are, how far each is, and which we talk to.

use std::sync::Arc;
use std::time::Instant;

use super::ake::{AuthState, Commitment};
use super::error::Ignored;
use super::instance::PeerId;
use super::limits::{AKE_LIFETIME, IDLE_LIFETIME, REKEY_INTERVAL, REPEAT_COMMIT_WITHIN};
use super::message::Body;
use super::secret::RevealedMacKey;
use super::session::Encrypted;
use super::version::Version;

/// One client of the peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) auth: AuthState,
    pub(super) channel: Channel,
    /// When its key exchange last made a step.
    pub(super) auth_stepped: Instant,
    /// When it last proved to be there.
    pub(super) heard: Instant,
    /// When we last began to renew its keys on our own account.
    pub(super) rekeyed: Option<Instant>,
    /// MAC keys of a private conversation that is over, for the next one to reveal.
    pub(super) unrevealed: Vec<RevealedMacKey>,
}

impl Peer {
    /// Transition of `msgstate` to `MSGSTATE_FINISHED`: the keys are wiped.
    pub(super) fn finish(&mut self) {
        if let Channel::Encrypted(session) =
            core::mem::replace(&mut self.channel, Channel::Finished)
        {
            self.unrevealed = session.retire();
        }
    }
}

/// `msgstate` with one client.
#[derive(Debug, Default)]
pub(super) enum Channel {
    /// `MSGSTATE_PLAINTEXT`.
    #[default]
    Plaintext,
    /// `MSGSTATE_ENCRYPTED`.
    Encrypted(Box<Encrypted>),
    /// `MSGSTATE_FINISHED`: the peer has ended it.
    Finished,
}

impl Channel {
    pub(super) fn encrypted(&self) -> Option<&Encrypted> {
        match self {
            Self::Encrypted(session) => Some(session),
            Self::Plaintext | Self::Finished => None,
        }
    }

    pub(super) fn encrypted_mut(&mut self) -> Option<&mut Encrypted> {
        match self {
            Self::Encrypted(session) => Some(session),
            Self::Plaintext | Self::Finished => None,
        }
    }
}

/// The clients, of which there is a most.
#[derive(Debug)]
pub(super) struct Peers {
    max: usize,
    known: Vec<Peer>,
    /// The one that we talk to: the last that became private or was heard in private.
    active: Option<PeerId>,
    /// Our D-H Commit Message to whoever answers.
    open: Option<OpenCommitment>,
}

#[derive(Debug)]
struct OpenCommitment {
    version: Version,
    commitment: Arc<Commitment>,
    since: Instant,
    /// Whether an exchange has been finished since, or ours has given way.
    is_spent: bool,
}

impl Peers {
    /// None yet, and so many at most.
    pub(super) fn new(max: usize) -> Self {
        Self { max: max.max(1), known: Vec::new(), active: None, open: None }
    }

    /// The highest version of a private conversation that is going on.
    pub(super) fn highest_private(&self) -> Option<Version> {
        let private = self.known.iter().filter(|peer| peer.channel.encrypted().is_some());
        private.map(|peer| version_of(peer.id)).max()
    }

    /// All private conversations.
    pub(super) fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Encrypted> {
        self.known.iter_mut().filter_map(|peer| peer.channel.encrypted_mut())
    }

    /// Clients in a private conversation whose keys are due to be renewed and not being renewed.
    pub(super) fn worn(&self, now: Instant) -> Vec<PeerId> {
        let worn = self.known.iter().filter(|peer| {
            let is_fresh = |since| now.saturating_duration_since(since) < REKEY_INTERVAL;
            !peer.auth.is_running()
                && !peer.rekeyed.is_some_and(is_fresh)
                && peer.channel.encrypted().is_some_and(|session| session.is_worn(now))
        });
        worn.map(|peer| peer.id).collect()
    }

    /// Begins a key exchange with a client whose keys are to be renewed.
    pub(super) fn rekey(&mut self, now: Instant, id: PeerId, commitment: &Arc<Commitment>) {
        if let Some(peer) = self.get_mut(id) {
            peer.auth = AuthState::AwaitingDhKey(Arc::clone(commitment));
            peer.auth_stepped = now;
            peer.rekeyed = Some(now);
        }
    }

    /// Begins a key exchange with all clients that speak the version.
    pub(super) fn commit(&mut self, now: Instant, version: Version, commitment: &Arc<Commitment>) {
        for peer in self.known.iter_mut().filter(|peer| version_of(peer.id) == version) {
            peer.auth = AuthState::AwaitingDhKey(Arc::clone(commitment));
            peer.auth_stepped = now;
        }
        let commitment = Arc::clone(commitment);
        self.open = Some(OpenCommitment { version, commitment, since: now, is_spent: false });
    }

    /// The D-H Commit Message that is under way already, to be sent once more.
    pub(super) fn repeat(&mut self, now: Instant, version: Version) -> Option<Arc<Commitment>> {
        let is_recent = |since| now.saturating_duration_since(since) < REPEAT_COMMIT_WITHIN;
        let open = self.open.as_ref();
        let open =
            open.filter(|open| open.version == version && !open.is_spent && is_recent(open.since))?;
        let commitment = Arc::clone(&open.commitment);
        for peer in self.known.iter_mut().filter(|peer| version_of(peer.id) == version) {
            peer.auth.repeat(&commitment);
        }
        Some(commitment)
    }

    /// The D-H Key Messages that wait for an answer, to be sent once more.
    pub(super) fn repeat_dh_keys(&self, now: Instant, version: Version) -> Vec<(PeerId, Body)> {
        let is_recent = |since| now.saturating_duration_since(since) < REPEAT_COMMIT_WITHIN;
        let recent = self
            .known
            .iter()
            .filter(|peer| version_of(peer.id) == version && is_recent(peer.auth_stepped));
        recent.filter_map(|peer| Some((peer.id, peer.auth.repeated_dh_key()?))).collect()
    }

    /// Takes note that the next query is to be answered by a new D-H Commit Message.
    pub(super) fn spend(&mut self) {
        if let Some(open) = &mut self.open {
            open.is_spent = true;
        }
    }

    /// Makes this client the one that we talk to.
    pub(super) fn activate(&mut self, id: PeerId) {
        self.active = Some(id);
    }

    /// Forgets everything, and gives the private conversations there were.
    #[expect(clippy::vec_box, reason = "they are boxed already, and hold secrets")]
    pub(super) fn clear(&mut self) -> Vec<Box<Encrypted>> {
        self.open = None;
        self.active = None;
        let peers = self.known.drain(..);
        peers
            .filter_map(|peer| match peer.channel {
                Channel::Encrypted(session) => Some(session),
                Channel::Plaintext | Channel::Finished => None,
            })
            .collect()
    }

    /// The client of this id, made known if need be and if there is room.
    pub(super) fn entry(&mut self, now: Instant, id: PeerId) -> Result<&mut Peer, Ignored> {
        let ix = if let Some(ix) = self.known.iter().position(|peer| peer.id == id) {
            ix
        } else {
            self.make_room()?;
            let open = self.open.as_ref().filter(|open| open.version == version_of(id));
            let auth = open.map_or(AuthState::None, |open| {
                AuthState::AwaitingDhKey(Arc::clone(&open.commitment))
            });
            let channel = Channel::Plaintext;
            self.known.push(Peer {
                id,
                auth,
                channel,
                auth_stepped: now,
                heard: now,
                rekeyed: None,
                unrevealed: Vec::new(),
            });
            self.known.len().saturating_sub(1)
        };
        self.known.get_mut(ix).ok_or(Ignored::TooManyInstances)
    }

    /// Ends what has waited too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_older = |then: Instant, age| now.saturating_duration_since(then) >= age;
        if self.open.as_ref().is_some_and(|open| is_older(open.since, AKE_LIFETIME)) {
            self.open = None;
        }
        for peer in &mut self.known {
            if is_older(peer.auth_stepped, AKE_LIFETIME) {
                peer.auth = AuthState::None;
            }
            if let Some(session) = peer.channel.encrypted_mut() {
                session.expire(now);
            }
        }
        let active = self.active;
        self.known.retain(|peer| match &peer.channel {
            Channel::Plaintext => peer.auth.is_running(),
            Channel::Encrypted(_) | Channel::Finished => {
                active == Some(peer.id) || !is_older(peer.heard, IDLE_LIFETIME)
            }
        });
    }

    /// Whether a D-H Commit Message of ours of this version may still be answered.
    pub(super) fn is_open(&self, version: Version) -> bool {
        self.open.as_ref().is_some_and(|open| open.version == version)
    }

    pub(super) fn get(&self, id: PeerId) -> Option<&Peer> {
        self.known.iter().find(|peer| peer.id == id)
    }

    pub(super) fn get_mut(&mut self, id: PeerId) -> Option<&mut Peer> {
        self.known.iter_mut().find(|peer| peer.id == id)
    }

    /// The client that we talk to.
    pub(super) fn active(&self) -> Option<&Peer> {
        self.active.and_then(|id| self.get(id))
    }

    pub(super) fn active_mut(&mut self) -> Option<&mut Peer> {
        self.active.and_then(|id| self.get_mut(id))
    }

    /// Whether we are in a private conversation with this client.
    pub(super) fn is_private(&self, id: PeerId) -> bool {
        self.get(id).is_some_and(|peer| peer.channel.encrypted().is_some())
    }

    /// Makes room for one more by forgetting the client without a private conversation that has
    /// been silent longest.
    fn make_room(&mut self) -> Result<(), Ignored> {
        if self.known.len() < self.max {
            return Ok(());
        }
        let active = self.active;
        let oldest = (0_usize..)
            .zip(&self.known)
            .filter(|(_, peer)| peer.channel.encrypted().is_none() && active != Some(peer.id))
            .min_by_key(|(_, peer)| peer.auth_stepped.max(peer.heard))
            .map(|(ix, _)| ix);
        let oldest = oldest.ok_or(Ignored::TooManyInstances)?;
        drop(self.known.swap_remove(oldest));
        Ok(())
    }
}

fn version_of(id: PeerId) -> Version {
    match id {
        PeerId::V2 => Version::V2,
        PeerId::V3(_) => Version::V3,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::super::instance::InstanceTag;
    use super::super::limits::MAX_INSTANCES;
    use super::*;

    fn id(tag: u32) -> PeerId {
        PeerId::V3(InstanceTag::from_u32(tag).unwrap())
    }

    fn commitment() -> Arc<Commitment> {
        Arc::new(Commitment::generate(&mut ChaCha20Rng::seed_from_u64(3)))
    }

    #[test]
    fn an_open_commitment_may_be_answered_by_clients_not_known_yet() {
        let now = Instant::now();
        let mut peers = Peers::new(MAX_INSTANCES);
        peers.commit(now, Version::V3, &commitment());

        assert!(matches!(peers.entry(now, id(0x100)).unwrap().auth, AuthState::AwaitingDhKey(_)));
        assert!(matches!(peers.entry(now, PeerId::V2).unwrap().auth, AuthState::None));
    }

    #[test]
    fn a_flood_of_clients_is_bounded() {
        let now = Instant::now();
        let mut peers = Peers::new(MAX_INSTANCES);

        for tag in 0x100..0x200 {
            peers.entry(now, id(tag)).unwrap();
        }

        assert_eq!(peers.known.len(), MAX_INSTANCES);
    }

    #[test]
    fn an_exchange_that_gets_no_answer_is_given_up() {
        let now = Instant::now();
        let mut peers = Peers::new(MAX_INSTANCES);
        peers.commit(now, Version::V3, &commitment());
        peers.entry(now, id(0x100)).unwrap();

        peers.expire(now + AKE_LIFETIME);

        assert!(!peers.is_open(Version::V3));
        assert!(peers.get(id(0x100)).is_none());
    }
}
