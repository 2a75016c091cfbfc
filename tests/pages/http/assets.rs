//! The files that pages name.

use std::fs;

use otrbot::http::assets::{Assets, LARGEST};

use crate::http::support::{Launch, Tool};

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

#[actix::test]
async fn files_of_the_operator_are_served_in_place_of_the_programs() {
    let tool = Tool::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ours = tool.get("/static/otrbot.js").await.html;
    fs::write(folder.path().join("otrbot.css"), "body { color: #123456 }").unwrap();
    fs::write(folder.path().join("other.css"), "not one that a page names").unwrap();

    let (assets, problems) = Assets::load(Some(folder.path()));
    assert_eq!(problems, [""; 0]);
    tool.assets.replace(assets);

    let css = tool.get("/static/otrbot.css").await;
    assert_eq!((css.status, css.html.as_str()), (200, "body { color: #123456 }"));
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(tool.get("/static/otrbot.js").await.html, ours);
    assert_eq!(tool.get("/static/other.css").await.status, 404);

    // One that is too large, or is none, does not leave the pages without.
    let large = vec![b' '; usize::try_from(LARGEST).unwrap() + 1];
    fs::write(folder.path().join("otrbot.css"), large).unwrap();
    fs::create_dir(folder.path().join("otrbot.js")).unwrap();
    let (assets, problems) = Assets::load(Some(folder.path()));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.starts_with("static_folder: ")), "{problems:?}");
    tool.assets.replace(assets);
    assert!(tool.get("/static/otrbot.css").await.html.contains("--ink"));
    assert_eq!(tool.get("/static/otrbot.js").await.html, ours);
}

#[actix::test]
async fn an_address_names_the_methods_that_it_takes() {
    let tool = Tool::start().await;
    let routes = include_str!("../../../src/http/mod.rs");
    let paths = routes.split("page(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let paths: Vec<String> = paths.map(|path| path.replace("{name}", "otrbot")).collect();
    assert!(paths.len() > 12 && paths.iter().any(|path| path == "/course/table"), "{paths:?}");
    for path in paths {
        let url = format!("{}{path}", tool.base);
        let refused = tool.client.delete(&url).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 405, "{path}");
        let allowed = refused.headers()["allow"].to_str().unwrap().to_owned();
        for (method, request) in [
            ("GET", tool.client.get(&url)),
            ("HEAD", tool.client.head(&url)),
            ("POST", tool.client.post(&url)),
        ] {
            let is_taken = request.send().await.unwrap().status().as_u16() != 405;
            let is_named = allowed.split(", ").any(|named| named == method);
            assert_eq!(is_taken, is_named, "{method} {path}: {allowed}");
        }
    }
}
