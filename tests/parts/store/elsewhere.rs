//! A server on another machine: it gets nothing before its certificate was checked, unless the URL
//! asks for less.

use std::time::Duration;

use otrbot::store::{Store, StoreError};

use crate::store::enrolled;
use support::postgres::{PASSWORD, PlainServer, Postgres, SSL_REQUEST, own_address};

async fn claimed(url: &str) -> Result<(), StoreError> {
    Store::claim_within(url, Duration::from_secs(1)).await.map(drop)
}

#[track_caller]
fn is_unsafe(error: &StoreError, words: &str) {
    let said = error.to_string();
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error:?}");
    assert!(said.contains(words) && said.contains("sslrootcert="), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[tokio::test]
async fn a_server_without_tls_gets_neither_password_nor_name() {
    let server = PlainServer::start();
    let url = server.url();

    let refused = [
        Store::open(&url).await.map(drop),
        Store::open_existing(&url).await.map(drop),
        claimed(&url).await,
        Store::open(&format!("{url}?sslmode=require")).await.map(drop),
    ];

    let told = server.told();
    assert_eq!(told, SSL_REQUEST.repeat(4), "{}", String::from_utf8_lossy(&told));
    for refused in refused {
        is_unsafe(&refused.unwrap_err(), "TLS");
    }

    // Who asks for it gets it.
    let plainly = Store::open(&format!("{url}?sslmode=prefer")).await;
    assert!(plainly.is_err());
    let told = String::from_utf8_lossy(&server.told()).into_owned();
    assert!(told.contains(PASSWORD), "{told}");
}

#[tokio::test]
async fn a_server_whose_authority_is_named_is_used_over_tls_alone() {
    let server = Postgres::start_elsewhere(&own_address().to_string());
    let url = server.database_elsewhere();
    is_unsafe(
        &Store::open(&url).await.unwrap_err(),
        "no authority that is known here vouches for its certificate",
    );
    is_unsafe(
        &claimed(&url).await.unwrap_err(),
        "no authority that is known here vouches for its certificate",
    );
    assert_eq!(server.connections(&url), (0, 0));

    let known = format!("{url}?sslrootcert={}", server.ca_file().display());
    let claim = Store::claim(&known).await.unwrap();
    let store = Store::open(&known).await.unwrap();
    let anna = enrolled(&store, "anna", "anna@example.org").await;

    assert_eq!(store.claims("anna@example.org").await.unwrap(), [anna]);
    let (with_tls, without) = server.connections(&known);
    assert!(with_tls >= 2 && without == 0, "{with_tls} and {without}");
    drop(claim);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_unless_the_url_asks_for_less() {
    let server = Postgres::start_elsewhere("db.example.org");
    let url = server.database_elsewhere();
    let known = format!("{url}?sslrootcert={}", server.ca_file().display());
    is_unsafe(&Store::open(&known).await.unwrap_err(), "is made out for another host");
    is_unsafe(&claimed(&known).await.unwrap_err(), "is made out for another host");

    for (weaker, is_encrypted) in [
        (format!("{known}&sslmode=verify-ca"), true),
        (format!("{url}?sslmode=require"), true),
        (format!("{url}?sslmode=disable"), false),
    ] {
        let store = Store::open(&weaker).await.unwrap();
        store.ping().await.unwrap();
        let (with_tls, without) = server.connections(&url);
        assert_eq!((with_tls >= 1, without >= 1), (is_encrypted, !is_encrypted), "{weaker}");
        store.close().await;
        while server.connections(&url) != (0, 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let untrusted = format!("{url}?sslmode=verify-ca");
    is_unsafe(
        &Store::open(&untrusted).await.unwrap_err(),
        "no authority that is known here vouches for its certificate",
    );
}
