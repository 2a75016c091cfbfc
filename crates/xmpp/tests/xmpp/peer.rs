//! What another implementation of XMPP says and reads is what we read and say.

use support::{
    client::{Client, account},
    peer::Peer,
    prosody::Prosody,
};

/// What XML makes trouble of.
const TEXTS: [&str; 5] = [
    "a < b && c > d",
    "]]> <!-- --> <![CDATA[ x ]]>",
    "'single' \"double\" &amp; &lt; &#x41;",
    "\u{1f600} \u{e9} \u{65}\u{301} \u{202e}right to left",
    " blanks \t tabs \n and lines \n",
];

#[tokio::test]
async fn texts_go_both_ways_unchanged() {
    let server = Prosody::start(&[("bot", "pw"), ("ada", "pw2")]);
    let mut peer = Peer::log_in(&server, "ada", "pw2").await;
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;
    bot.available().await;

    for text in TEXTS {
        peer.say("bot@localhost/otrbot", text).await;
        let (from, heard) = bot.body().await;
        assert_eq!((from.to_string().as_str(), heard.as_str()), ("ada@localhost/peer", text));

        bot.say("ada@localhost/peer", text).await;
        assert_eq!(peer.body().await, text);
    }
    peer.log_out().await;
}
