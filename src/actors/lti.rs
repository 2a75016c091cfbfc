//! `LtiGateway`, the HTTP actor.
