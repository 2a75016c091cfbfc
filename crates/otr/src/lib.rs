#![warn(clippy::arithmetic_side_effects)]
//! The OTR engine: versions 2 and 3, sans-IO.
//!
//! A [`Conversation`] takes in what a peer sent and what the host wants, and gives back what is to
//! be sent and what happened. It reads no clock, takes no randomness from the air, opens no socket
//! and no file, and logs nothing: time and randomness are arguments, everything else is returned.
//! The same inputs give the same outputs, byte for byte.
//!
//! ```text
//! receive -> plaintext -> fragment -> armor -> message -> ake | data -> tlv -> smp
//!                                                 |        |
//!                                                 wire     key_management -> kdf -> secret, dh -> group
//! ```
//!
//! # What it promises
//!
//! 1. No input makes it panic, or allocate more than a small multiple of the input. What it keeps
//!    for a conversation is bounded by [`limits`].
//! 2. A message that is malformed, out of turn, for somebody else or not authentic changes nothing
//!    and is reported as [`Event::Refused`]. The exceptions are those of the specification: the
//!    first two messages of a key exchange carry no proof of who sent them, so a forged one can
//!    make that exchange fail. It cannot harm a private conversation that is going on.
//! 3. A text is given to the host once, and as encrypted only if it came under the keys of a
//!    private conversation. After the peer has ended one, nothing is sent in the clear until the
//!    host has ended it too.
//! 4. Private does not mean verified. [`Event::GoneSecure`] names the peer's key; whose it is, SMP
//!    or a comparison of fingerprints must show. A change of key is always a
//!    [`Event::GoneSecure`], never a [`Event::StillSecure`].
//! 5. What anyone can cause by unauthenticated messages (key exchanges, queries, error messages,
//!    texts sent again) is limited in rate, and no error message is answered by an error message.
//!
//! # What it does not do
//!
//! Version 1 is never spoken (Di Raimondo, Gennaro and Krawczyk 2005: its key exchange can be made
//! to name a wrong peer). Whoever offers nothing else is refused as
//! [`error::Ignored::VersionOne`].
//!
//! Conversations cannot be stored, by design: their keys are never written to a disk, where they
//! would outlive the conversation and take its forward secrecy with them. After a restart both
//! sides make new keys.
//!
//! Lengths of texts are hidden only if the host asks for it ([`Conversation::set_padding`]), and
//! that two people talk, and when, is never hidden.
//!
//! # When keys change
//!
//! With every change of direction, as the specification has it. A peer who never answers would keep
//! them for ever, so after [`limits::REKEY_MESSAGES`] or [`limits::REKEY_INTERVAL`] a new key
//! exchange is begun, and a conversation in which nothing is said for [`limits::IDLE_LIFETIME`] is
//! ended and its keys wiped; both happen in [`Conversation::tick`].
//!
//! # Security assumptions
//!
//! 1. The generator of random numbers that the host passes is fit for keys, and never repeats
//!    itself. A repeated nonce of a signature gives the long-term key away.
//! 2. Diffie-Hellman in the 1536-bit group of RFC 3526 with 320-bit exponents, DSA with 1024-bit
//!    p, AES-128, SHA-256 and HMAC-SHA-1 hold. That is what these versions of the protocol fix;
//!    none of it withstands a quantum computer.
//! 3. `now` does not run backwards by much. If it does, limits hold longer; nothing is revealed.
//! 4. The host calls [`Conversation::receive`] in the order of arrival, sends what is returned in
//!    the order given, and uses one conversation for each peer and account.
//! 5. The memory of the process is its own. Secrets are wiped when they are dropped, but the
//!    compiler may have left copies of small ones on the stack, and the texts given to the host are
//!    the host's.
//! 6. The processor multiplies in constant time. That no branch and no address depends on a secret,
//!    here or in the libraries below, is checked under memcheck (`make ct`): key exchange, data
//!    messages and SMP in both roles. The arithmetic of the D-H group is our own; its module says
//!    what is done for speed, and the feature `reference` puts that of `crypto-bigint` in its place.
//! 7. Whoever controls the network can stop any message and so the conversation.
//!
//! # Faults of other implementations, and what prevents each here
//!
//! Each row names tests that an engine with that fault does not pass. The engines are libotr 4.1.1,
//! potr 1.0.2, otr.js 0.2.16, otr3 of 2026 and otrr 0.7.4, where no other version is named.
//!
//! ## The key exchange
//!
//! | Fault | Here | Tests |
//! |---|---|---|
//! | Both commit at once, and both wait for ever (otr3, libotr, potr, otrr) | states carry their data: the commitment is there to be compared and sent again ([`ake`]) | `tests/otr/exchange.rs::both_commit_at_once_and_get_private`, `tests/otr/exchange.rs::any_order_of_two_starts_ends_private` |
//! | g^x of 0 is accepted in the Reveal Signature Message (potr) | [`dh::DhPublic`] exists in range only | `tests/otr/faults/ake.rs::a_commitment_to_a_number_outside_the_group_is_refused` |
//! | g^y of 0, 1, p-1 is accepted | the same | `tests/otr/faults/ake.rs::an_answer_outside_the_group_is_refused` |
//! | Our own key, reflected, is accepted | compared with ours in every message that has one ([`ake`], [`key_management`]) | `tests/otr/exchange.rs::our_own_messages_reflected_change_nothing`, `tests/otr/faults/keys.rs::a_next_key_outside_the_group_or_of_our_own_is_refused` |
//! | Key id 0 is accepted (otr3), or a crash (otr.js) | refused ([`ake`]) | `tests/otr/faults/ake.rs::a_key_id_of_zero_is_refused` |
//! | A type of public key other than 0 is accepted (otr.js), or a crash (potr) | refused ([`identity::PublicKey::decode`]) | `tests/otr/faults/ake.rs::a_public_key_of_another_type_is_refused` |
//! | DSA keys are not validated (libotr): with y = 1 anyone can sign | sizes, primality, divisor, orders of g and y ([`identity`]) | `tests/otr/faults/ake.rs::a_public_key_that_anyone_can_sign_for_is_refused`, `tests/otr/math/dsa_keys.rs::keys_of_other_sizes_and_shapes_are_refused` |
//! | r and s out of range | refused ([`identity`]) | `tests/otr/faults/ake.rs::signatures_out_of_range_are_refused`, `tests/otr/math/dsa_keys.rs::signatures_outside_1_to_q_are_refused` |
//! | One exchange in 16 fails: zeros at the start of r are lost (otr.js) | r is an array of 16 bytes | `tests/otr/faults/ake.rs::zeros_at_the_start_of_r_are_kept` |
//! | A forged message ends the exchange, or the conversation that is going on | a step gives the state back as it was, and the running conversation is another value ([`ake`]) | `tests/otr/exchange.rs::a_forged_message_leaves_the_exchange_alive`, `tests/otr/exchange.rs::a_failed_exchange_leaves_a_running_conversation_usable`, `tests/otr/losses.rs::in_each_state_each_wrong_message_changes_nothing` |
//! | A message that comes twice, or not at all, ends it | an answer is given again; a new start heals the rest | `tests/otr/losses.rs::any_message_of_an_exchange_may_be_lost`, `tests/otr/losses.rs::any_message_of_an_exchange_may_come_twice`, `tests/otr/losses.rs::an_answer_that_comes_again_is_taken_for_a_loss` |
//! | Texts during an exchange break the counters (`CoyIM`) | counters live with the pair of keys | `tests/otr/faults/ake.rs::texts_during_an_exchange_do_no_harm` |
//! | Key ids equal, keys different: old keys used (arlolra/otr) | every key exchange begins with new keys | `tests/otr/faults/ake.rs::equal_key_ids_do_not_make_old_keys_valid` |
//! | The two sides end in different sessions, or texts are shown twice | all of the above | `tests/otr/props.rs::a_thousand_bad_lines_end_well_and_show_nothing_twice`, `tests/otr/props.rs::on_a_good_line_both_have_the_same_session` |
//! | Instance tags above 0x11111111 are refused (otr4j) | the full range from 0x100 on ([`instance`]) | `tests/otr/faults/ake.rs::instance_tags_of_the_full_range_are_accepted` |
//! | A message of version 3 for receiver 0 is accepted (otr.js), an illegal tag is answered (libotr) | 0 in D-H Commit Messages and their fragments alone; the rest is dropped without an answer ([`version::Address`]) | `tests/otr/faults/ake.rs::only_a_commitment_may_be_for_nobody_in_particular`, `tests/otr/faults/ake.rs::illegal_instance_tags_are_dropped_without_an_answer`, `tests/otr/faults/data.rs::an_authentic_message_for_nobody_or_for_others_is_not_read` |
//! | Version 1 names a wrong peer (Di Raimondo, Gennaro and Krawczyk 2005) | never spoken, told as [`error::Ignored::VersionOne`] | `tests/otr/policy.rs::version_one_is_refused` |
//! | A changed query brings the lower version (Bonneau and Morrison 2006) | the host sets the lowest version ([`Policy`]); a version below one that the peer has spoken before is an [`Event::Downgraded`]; a query that is quoted in a private conversation is text, and the host may have the version held ([`Conversation::set_version_held`]) | `tests/otr/versions.rs::a_quoted_query_does_nothing_to_a_private_conversation`, `tests/otr/versions.rs::a_version_that_is_held_is_not_brought_down_by_a_query`, `tests/otr/faults/ake.rs::the_host_sets_the_lowest_version_and_is_told_which_is_spoken`, `tests/otr/upkeep.rs::a_lower_version_than_before_is_a_warning` |
//! | Whoever answers first is taken for the peer | private is not verified: the event names the key, and SMP is part of the interface | `tests/otr/exchange.rs::another_key_of_the_peer_is_told`, `tests/otr/faults/smp.rs::who_stands_between_two_cannot_carry_smp_across` |
//!
//! ## Data messages
//!
//! | Fault | Here | Tests |
//! |---|---|---|
//! | A forged message with the highest counter ends a direction (otr3, otr.js) | [`data::open`] checks the MAC before the counter | `tests/otr/faults/keys.rs::a_forged_counter_does_not_end_a_direction`, `tests/otr/data.rs::forged_messages_change_nothing` |
//! | The first message after a rotation, or any counter after one, is read again (otrr) | a counter lives as long as its pair, from 1 on; an old pair is unknown | `tests/otr/faults/keys.rs::no_message_is_read_twice_however_late_it_comes_again`, `tests/otr/faults/keys.rs::counters_grow_and_are_never_zero`, `tests/otr/faults/keys.rs::a_key_of_ours_that_was_rotated_away_is_unknown` |
//! | The message after two or more from one side is lost (otrr) | two keys of each side are known ([`key_management`]) | `tests/otr/faults/keys.rs::runs_of_any_length_lose_nothing` |
//! | The next D-H key is not checked (all five), or 0 is a crash (otrr) | [`data::open`] checks its range, and that it is not ours | `tests/otr/faults/keys.rs::a_next_key_outside_the_group_or_of_our_own_is_refused` |
//! | Key ids of no key | refused before anything is computed | `tests/otr/faults/keys.rs::serial_numbers_of_keys_that_there_are_not_are_refused` |
//! | MAC keys are revealed that were not used (otr3), or sending keys (arlolra/otr), or twice | receiving keys that verified a MAC, when their pair is forgotten ([`key_management`]) | `tests/otr/faults/keys.rs::mac_keys_are_revealed_once_each_after_use_and_all_of_them`, `tests/otr/faults/keys.rs::the_mac_keys_of_a_conversation_are_revealed_in_the_one_that_follows` |
//! | A revealed key makes messages that are accepted (Bonneau and Morrison 2006) | the pair of a revealed key is unknown | `tests/otr/faults/keys.rs::a_revealed_key_verifies_nothing_any_more` |
//! | The extra key of the wrong pair (potr) | that of the message which asks ([`data::Opened`]) | `tests/otr/faults/keys.rs::the_extra_key_is_that_of_the_message_that_asks` |
//! | An unknown TLV loses the message and the rotation, and each TLV takes a level of the stack (potr) | unknown ones are skipped, in a loop ([`tlv`]) | `tests/otr/faults/data.rs::unknown_and_countless_and_cut_off_tlvs_lose_nothing` |
//! | Bytes that are no UTF-8 are a crash (otr.js) | replaced | `tests/otr/faults/data.rs::texts_are_data` |
//! | A text is taken for a format string (pidgin-otr, CVE-2012-2369) | formats are fixed when this is compiled; the host gets the text as data | `tests/otr/faults/data.rs::texts_are_data` |
//! | Sending an empty text is a crash (otrr) | it is a heartbeat that may be ignored | `tests/otr/faults/data.rs::an_empty_text_is_a_heartbeat_that_may_be_ignored` |
//! | What may be ignored is answered (otrr) | its flag is looked at before anything is answered | `tests/otr/faults/data.rs::what_may_be_ignored_is_never_answered` |
//! | Text in the clear is not told from encrypted text (potr) | [`Event::Heard`] says it, in every state | `tests/otr/faults/data.rs::text_in_the_clear_is_marked_in_every_state` |
//! | After the peer has ended, texts go out in the clear | [`error::SendError::Finished`] until the host ends too | `tests/otr/data.rs::either_may_end_and_begin_again` |
//! | The last text is sent again to an attacker's key (libotr in version 2, otr3) | it lives in the private conversation with one client, and is sent again under the same key only | `tests/otr/policy.rs::a_text_is_not_sent_again_to_another_key`, `tests/otr/faults/data.rs::a_text_is_not_sent_again_to_another_client_of_the_same_key`, `tests/otr/policy.rs::an_old_text_is_not_sent_again`, `tests/otr/policy.rs::texts_that_wait_are_not_sent_under_another_key` |
//! | A text is not sent again at all (libotr in version 3) | an error counts for the client that we talk to | `tests/otr/policy.rs::an_error_of_the_peer_starts_the_exchange_anew_and_the_text_is_sent_again` |
//! | A debug log shows texts or keys | no `Debug` does | `tests/otr/redaction.rs::a_whole_conversation_shows_no_secret`, `tests/otr/redaction.rs::the_parts_of_a_conversation_show_no_secret` |
//!
//! ## SMP
//!
//! | Fault | Here | Tests |
//! |---|---|---|
//! | The count of numbers is allocated (otr3), or another one a crash (potr) | the count is compared with that of the message ([`smp`]) | `tests/otr/faults/smp.rs::a_count_or_length_is_not_believed`, `tests/otr/math/smp.rs::counts_and_lengths_are_not_believed` |
//! | Responses of q and more are accepted (otr.js) | 1 to q-1 | `tests/otr/faults/smp.rs::a_response_of_more_than_the_order_is_refused_though_its_proof_holds` |
//! | Group elements are not checked in version 2 | checked in both | `tests/otr/faults/smp.rs::group_elements_out_of_range_are_refused_though_their_proofs_hold` |
//! | An abort with a body kills the peer (sent by otr3, potr dies) | bodies of aborts are not read ([`smp`]) | `tests/otr/faults/smp.rs::an_abort_with_a_body_is_an_abort` |
//! | A malformed message leaves half a state (libotr before 4.1.1) | a state is made whole or not at all | `tests/otr/faults/smp.rs::a_malformed_record_in_any_state_ends_the_run_alone` |
//! | The answer to a question that was withdrawn (pidgin-otr, CVE-2015-8833) | [`error::SmpError::NotAsked`] | `tests/otr/faults/smp.rs::an_answer_to_a_question_that_is_no_more_is_an_error`, `tests/otr/faults/smp.rs::a_question_that_takes_the_place_of_another_is_the_one_that_is_answered` |
//! | The secret must be known before the question (otrr) | the proofs are checked, and the run waits for [`Conversation::smp_answer`] | `tests/otr/faults/smp.rs::an_answer_may_take_its_time` |
//! | Both ask at once, and no run works any more (arlolra/otr) | both runs are given up, and the next one works | `tests/otr/faults/smp.rs::both_ask_at_once_and_the_next_run_works` |
//! | The question is sent in the clear (arlolra/otr) | it exists in an encrypted TLV only | `tests/otr/faults/smp.rs::a_question_travels_encrypted_alone` |
//! | Failure, abort and cheating look the same | three events | `tests/otr/smp.rs::another_secret_fails_on_both_sides_and_may_be_tried_again`, `tests/otr/math/smp.rs::a_message_out_of_turn_aborts_the_run`, `tests/otr/math/smp.rs::a_change_to_any_number_is_noticed` |
//! | Success by messages out of order, or many in one message | results come of the last messages of a whole run, and few TLVs are acted on in one message ([`limits::MAX_SMP_TLVS`]) | `tests/otr/faults/smp.rs::success_comes_of_the_last_messages_alone`, `tests/otr/faults/smp.rs::many_records_in_one_message_cost_little` |
//! | A result for another key than the one in use | the secret is bound to both fingerprints and the session, and a run ends with it | `tests/otr/faults/smp.rs::who_stands_between_two_cannot_carry_smp_across`, `tests/otr/smp.rs::fresh_keys_end_a_run` |
//!
//! ## Bytes and texts
//!
//! | Fault | Here | Tests |
//! |---|---|---|
//! | An encoding of nothing overflows (libotr before 3.2.1, CVE-2012-3461), bad base 64 is a crash (potr) | base 64 is read strictly, and an empty message is malformed ([`armor`]) | `tests/otr/faults/wire.rs::an_encoding_of_nothing_is_malformed` |
//! | Messages of gigabytes overflow 32 bits (libotr before 4.1.1, CVE-2016-2851) | [`Limits::message_bytes`], before anything is read; no unchecked arithmetic | `tests/otr/faults/wire.rs::a_message_past_the_limit_is_not_looked_at`, `tests/otr/limits.rs::a_message_past_the_limit_is_not_looked_at` |
//! | A length from the network is allocated or sliced with | [`wire::Reader`] checks lengths against what is left | `tests/otr/faults/wire.rs::lengths_past_the_end_are_refused_in_every_message` |
//! | A message that is cut within its MAC, or elsewhere, is a crash (otr3, otr.js) | no slicing and no indexing in this module; lints hold that | `tests/otr/faults/wire.rs::a_message_that_is_cut_anywhere_is_refused` |
//! | A fragment number over 65,535 is a crash (otrr) | refused ([`fragment`]) | `tests/otr/faults/wire.rs::numbers_of_fragments_out_of_range_are_refused` |
//! | A malformed query is a crash (otrr) | it is text ([`plaintext`]) | `tests/otr/faults/wire.rs::malformed_queries_are_text` |
//! | Splitting more than 64 kB is a crash (otr3) | pieces grow so that 65,535 of them do ([`fragment::split`]) | `tests/otr/faults/wire.rs::the_longest_text_goes_in_pieces_of_any_size` |
//! | An error message inside other text starts an exchange | it counts at the start only ([`plaintext`]) | `tests/otr/faults/wire.rs::an_error_within_other_text_is_text` |
//! | A malformed file of instance tags leaks memory (libotr) | does not apply: the tag is the host's, as a number | none |
//!
//! ## Floods
//!
//! | Fault | Here | Tests |
//! |---|---|---|
//! | Errors and queries answer each other for ever (libotr, `CoyIM`, ocaml-otr) | token buckets ([`limits`]), and no error for an error | `tests/otr/faults/floods.rs::errors_and_queries_do_not_answer_each_other_for_ever`, `tests/otr/faults/floods.rs::an_error_is_not_answered_by_an_error`, `tests/otr/faults/floods.rs::what_is_sent_in_answer_to_anyone_is_bounded`, `tests/otr/faults/floods.rs::waiting_gives_answers_back_one_by_one` |
//! | Fragments without bound (all; otr3 holds 300 MB for 65) | [`Limits::partials`] of [`Limits::message_bytes`], for [`limits::PARTIAL_LIFETIME`] | `tests/otr/faults/floods.rs::a_flood_of_fragments_is_forgotten`, `tests/otr/faults/floods.rs::pieces_that_make_too_long_a_message_are_dropped`, `tests/otr/faults/floods.rs::a_flood_of_fragments_does_not_cost_a_message_of_the_one_we_talk_to`, `src/fragment.rs::a_flood_is_bounded_and_spares_those_we_know` |
//! | Instances without bound (libotr, otrr, otr.js) | [`Limits::instances`]; those in private are not evicted, the others expire | `tests/otr/faults/floods.rs::clients_of_the_peer_are_bounded_and_those_in_private_stay`, `tests/otr/faults/floods.rs::strangers_push_out_each_other`, `tests/otr/faults/floods.rs::an_exchange_that_is_not_ended_is_forgotten`, `src/peers.rs::a_flood_of_clients_is_bounded` |
//! | Texts that wait, without bound | [`limits::MAX_KEPT_TEXTS`], then [`error::SendError::EncryptionRequired`] | `tests/otr/policy.rs::only_so_many_texts_wait`, `tests/otr/policy.rs::texts_wait_where_encryption_is_required` |
//! | MAC keys that wait to be revealed, without bound | [`limits::MAX_TO_REVEAL`] | `tests/otr/faults/floods.rs::the_list_of_mac_keys_to_reveal_is_bounded` |
//!
//! ## What the protocol itself lacks
//!
//! | Fault | Here | Tests |
//! |---|---|---|
//! | A group of 1536 bits, DSA of 1024, SHA-1 (Logjam and others) | does not apply: the versions fix them, and exponents have the 320 bits that are asked for at least. See assumption 2 | none |
//! | Keys rotate by traffic only | does not apply to an engine without a clock: the host asks for fresh keys by [`Conversation::start`], and heartbeats answer those who talk to one who is silent | `tests/otr/data.rs::who_only_listens_sends_a_heartbeat_now_and_then` |

pub mod ake;
pub mod armor;
pub mod conversation;
pub mod data;
#[cfg(feature = "ct")]
pub mod declassify;
#[cfg(not(feature = "ct"))]
mod declassify;
pub mod dh;
pub mod error;
pub mod event;
pub mod fragment;
mod group;
pub mod identity;
pub mod instance;
pub mod kdf;
pub mod key_file;
pub mod key_management;
pub mod limits;
pub mod message;
mod peers;
pub mod plaintext;
pub mod policy;
mod receive;
pub mod received;
pub mod secret;
mod session;
pub mod smp;
pub mod tlv;
mod upkeep;
pub mod version;
pub mod wire;

pub use conversation::{Conversation, MessageState};
pub use event::{Event, Output};
pub use identity::{Fingerprint, SigningKey};
pub use instance::InstanceTag;
pub use key_file::{Account, KeyFile, KeyFileError};
pub use limits::Limits;
pub use policy::Policy;
pub use version::Version;

/// The example of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
