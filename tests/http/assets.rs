//! The files that pages name.

use crate::support::{Launch, Tool};

#[actix::test]
async fn what_a_page_names_is_served_and_may_be_loaded() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let named: Vec<&str> =
        page.html.split('"').filter(|value| value.starts_with("/static/")).collect();
    assert!(named.len() >= 3, "{named:?}");

    for path in named {
        let file = tool.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("x-content-type-options"), "nosniff", "{path}");
        let policy = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(file.header("content-security-policy"), policy, "{path}");
        assert!(!file.html.is_empty(), "{path}");
        let kind = match path.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(file.header("content-type"), kind, "{path}");
    }
    let policy = page.header("content-security-policy");
    for rule in ["style-src 'self'", "script-src 'self'", "img-src 'self'"] {
        assert!(policy.contains(rule), "{policy}");
    }
}

#[actix::test]
async fn nothing_else_is_served() {
    let tool = Tool::start().await;
    for path in ["/static/", "/static/nothing.css", "/static/..%2fCargo.toml", "/static/a/b"] {
        assert_eq!(tool.get(path).await.status, 404, "{path}");
    }
    assert_eq!(tool.post("/static/otrbot.css", "text/plain", "").await.status, 405);
}
