//! Chat programs: which ones can do OTR, how to get one, where it shows what pages speak of.
//!
//! The words of their menus are those of the programs, in English; a translation has those of the
//! program in its language. Commands are typed as they stand here.

use maud::{Markup, html};
use tr::tr;

/// Which programs can be used, what is to be switched on in each, and which cannot be.
pub(super) fn programs(bot: &str) -> Markup {
    html! {
        details id="programs" {
            summary { (tr!("Which chat program can I use?")) }
            p { (tr!("Take one of these. They are free, and run on a computer.")) }
            dl {
                dt { bdi { "Thunderbird" } }
                dd { (tr!("OTR is built in since version 78. Add your Jabber ID as a chat account. In a conversation, the button under “Encryption Status” begins and ends the private part.")) }
                dt { bdi { "Pidgin" } }
                dd { (tr!("It needs the plugin pidgin-otr. Tick “Off-the-Record Messaging” under Tools > Plugins. Then each conversation has a menu OTR.")) }
                dt { bdi { "Psi+" } }
                dd { (tr!("Switch on the OTR plugin under Options > Plugins. Then the window of a conversation has a button for OTR.")) }
                dt { bdi { "CoyIM" } }
                dd { (tr!("OTR is built in. CoyIM cannot begin to compare secrets by itself: say in the chat that you use it, and {bot} begins.", bot = bot)) }
                dt { bdi { "Profanity" } }
                dd { (tr!("For a terminal. OTR is built in: /otr gen makes a key, /otr start begins a private conversation.")) }
                dt { bdi { "mcabber" } }
                dd { (tr!("For a terminal. OTR is built in, and does nothing before /otrpolicy default manual. Then /otr start begins a private conversation.")) }
                dt { bdi { "BitlBee" } }
                dd { (tr!("It brings Jabber to programs for IRC, such as irssi and WeeChat. It needs its OTR plugin. Its commands, such as otr connect with the name of the contact, are typed in the channel &bitlbee.")) }
            }
            p { (tr!("Signal, WhatsApp and Telegram cannot be used here: they encrypt in ways of their own, and do not speak with other programs. Gajim, Dino and Conversations do not work here either: they encrypt with OMEMO, not with OTR.")) }
            p { (tr!("For telephones there is no program that can do OTR and is still looked after. If you have no computer on which you can install one of the programs, ask your teacher for help.")) }
        }
    }
}

/// How to get a chat program that can do OTR, and an account.
pub(super) fn clients(bot: &str) -> Markup {
    html! {
        (programs(bot))
        details {
            summary { (tr!("How do I get such a chat program?")) }
            dl {
                dt { "Linux" }
                dd { (tr!("Most distributions have packages of Thunderbird, Pidgin (with pidgin-otr), Psi+ (with its plugins), Profanity, mcabber and BitlBee (with its OTR plugin). Not all have CoyIM: it can be had from its own site.")) }
                dt { "Windows" }
                dd { (tr!("Thunderbird; Pidgin with the plugin pidgin-otr; Psi+ with its OTR plugin.")) }
                dt { "macOS" }
                dd { (tr!("Thunderbird or CoyIM; in a terminal Profanity. Adium can do OTR as well, but has not been looked after for years.")) }
                dt { "Android, iOS" }
                dd { (tr!("There is no program that can do OTR and is still looked after. Do this exercise on a computer.")) }
            }
        }
        details {
            summary { (tr!("How do I get a Jabber ID?")) }
            p { (tr!("Any XMPP server will do: that of your school, if it has one, or a public one. Many chat programs create the account for you, when you add an account and choose to register a new one.")) }
            p { a href="https://providers.xmpp.net/" target="_blank" rel="noopener noreferrer" { (tr!("A list of public servers (opens in a new window)")) } }
        }
    }
}

/// How a secret with spaces is given to programs to which commands are typed.
pub(super) fn quoting() -> Markup {
    html! {
        p { (tr!("A chat program with windows takes a secret with spaces as it is. A program to which you type commands may take the first word alone, unless straight quotation marks stand around the secret:")) }
        dl {
            dt { bdi { "Profanity" } }
            dd { (tr!("Type /otr secret \"SECRET\", with your secret in the place of SECRET.")) }
            dt { bdi { "BitlBee" } }
            dd { (tr!("Type otr smp NAME \"SECRET\" in the channel &bitlbee, with the name of the contact and your secret in these places.")) }
            dt { bdi { "mcabber" } }
            dd { (tr!("It needs no quotation marks: type /otr smpq . SECRET, with your secret in the place of SECRET.")) }
        }
        p { (tr!("Or agree on a secret with hyphens between its words: that is typed alike in all programs.")) }
    }
}

/// Where each program shows the fingerprint of the bot.
pub(super) fn fingerprints(bot: &str) -> Markup {
    html! {
        details {
            summary { (tr!("Where does my chat program show the fingerprint?")) }
            dl {
                dt { bdi { "Thunderbird" } }
                dd { (tr!("At the right of the conversation, in the menu of the button under “Encryption Status”: Verify your contact’s identity, then Manual fingerprint verification.")) }
                dt { bdi { "Pidgin" } }
                dd { (tr!("In the menu OTR of the conversation: Authenticate buddy, then Manual fingerprint verification.")) }
                dt { bdi { "Psi+" } }
                dd { (tr!("In the menu of the OTR button of the conversation: Authenticate contact, then Fingerprint verification.")) }
                dt { bdi { "Profanity" } }
                dd { (tr!("Type /otr theirfp in the conversation.")) }
                dt { bdi { "mcabber" } }
                dd { (tr!("Type /otr fingerprint and the address of {bot}.", bot = bot)) }
                dt { bdi { "BitlBee" } }
                dd { (tr!("Type otr info and the name of {bot} in the channel &bitlbee.", bot = bot)) }
            }
        }
    }
}
