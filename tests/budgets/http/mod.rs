//! The tool and its pages, as the tests of the pages have them.

#[path = "../../pages/http/oauth.rs"]
pub(crate) mod oauth;
#[path = "../../pages/http/registry.rs"]
pub(crate) mod registry;
#[path = "../../pages/http/support.rs"]
pub(crate) mod support;
