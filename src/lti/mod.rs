//! (lti)
