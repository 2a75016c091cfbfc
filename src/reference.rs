//! What the Python system had, where it lives now, and the test that shows it.
//!
//! The left column follows the reference documentation of that system. Where something has no
//! counterpart, the middle column says why.
//!
//! # `otrbot.core.client` and what it does
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `OtrBot(jid, password, default_locale, shared_secret, key_file)` | `otrbot run --jid --password-file --locale --secret --key-file`: [`cli::Run`](crate::cli::Run), [`daemon`](crate::daemon) | `tests/program/e2e/command.rs::a_fixed_key_is_the_one_that_the_learner_meets`, `tests/parts/bot/whole.rs::a_default_secret_needs_no_page` |
//! | `REFRESH_SESSION_WHITELIST` | the five events in [`session`](crate::session) | `tests/parts/bot/ending.rs::the_listed_events_refresh_a_session_and_are_told_to_who_was_warned`, `tests/parts/bot/ending.rs::no_other_event_refreshes_a_session` |
//! | `SIGN_OUT_MESSAGE` | the status of [`session`](crate::session), translated | `tests/parts/actors/timeouts.rs::the_status_is_in_the_language_of_the_learner` |
//! | `connect` | [`xmpp::start`] | `crates/xmpp/tests/xmpp/login.rs::scram_over_a_checked_certificate`, `tests/program/e2e/bad_input.rs::a_server_that_comes_later_is_waited_for` |
//! | `bot_connected` | the look at version and cipher in [`xmpp`]; exit code 127 | `crates/xmpp/tests/xmpp/login.rs::versions_and_ciphers_are_those_configured`, `tests/program/e2e/bad_input.rs::a_server_with_older_tls_ends_with_127`, `tests/program/e2e/bad_input.rs::a_server_without_the_ciphers_of_the_list_ends_with_127` |
//! | `session_start` | [`Restore`](crate::actors::registry::Restore): the whitelist becomes invitations | `tests/parts/actors/mod.rs::an_enrolled_learner_is_invited_welcomed_and_answered_where_they_wrote_from` |
//! | `session_end` | [`CloseAll`](crate::actors::registry::CloseAll) | `tests/parts/actors/mod.rs::a_closing_bot_says_good_bye_to_everybody_and_opens_nothing`, `tests/program/e2e/stop.rs::a_daemon_that_is_asked_to_end_tells_the_learner_and_ends_with_0` |
//! | `otr_event` | [`Received`](crate::actors::Received) and [`session::Session`](crate::session::Session); what a state does not handle is counted and shown by `lesson play`, and is no error | `tests/parts/actors/mod.rs::a_stranger_gets_no_answer`, `tests/parts/authoring/play.rs::what_a_lesson_does_not_handle_is_shown` |
//! | `check_sessions` | exact timers of each session; the registry's sweep finds those that hang | `tests/parts/bot/limits.rs::a_silent_learner_is_warned_and_then_the_session_ends`, `tests/parts/actors/faults.rs::a_session_that_hangs_is_given_up_by_the_checks` |
//! | `refresh_session` | [`session`](crate::session) | `tests/parts/bot/limits.rs::a_learner_who_comes_back_is_told_that_the_session_goes_on` |
//! | `warn_session` | [`session`](crate::session) | `tests/parts/actors/timeouts.rs::a_silent_learner_is_warned_then_told_good_bye_then_taken_off_the_roster` |
//! | `kill_session` | the farewell in [`session`](crate::session), encrypted where the chat is | `tests/parts/bot/ending.rs::a_session_ends_with_good_bye_then_otr_then_the_status` |
//! | `terminate_session` | [`Outgoing::Part`](crate::actors::Outgoing::Part) | `tests/parts/actors/timeouts.rs::a_silent_learner_is_warned_then_told_good_bye_then_taken_off_the_roster` |
//! | `changed_subscription` | [`SessionRegistry`](crate::actors::registry::SessionRegistry) | `tests/parts/actors/whitelist.rs::a_strangers_subscription_is_left_open_and_granted_when_they_are_enrolled` |
//! | `add_jid` | [`Enrol`](crate::actors::registry::Enrol), `xmpp.whitelist` | `tests/parts/actors/mod.rs::an_enrolled_learner_is_invited_welcomed_and_answered_where_they_wrote_from`, `tests/parts/actors/mod.rs::who_cannot_be_enrolled_is_told_why` |
//! | `get_shared_secret` | nobody gets it: it never leaves the session; whether there is one is in [`Where`](crate::actors::registry::Where) | `tests/parts/actors/mod.rs::the_pages_learn_how_far_a_learner_is` |
//! | `set_shared_secret, secret_received` | [`EnterSecret`](crate::actors::registry::EnterSecret) | `tests/parts/bot/whole.rs::the_secret_may_come_first_and_smp_may_be_early`, `tests/parts/bot/secrets.rs::a_new_secret_replaces_the_old_one` |
//! | `check_bot_secret, JidNotKnown` | [`EnterBotSecret`](crate::actors::registry::EnterBotSecret), [`NotEnrolled`](crate::actors::registry::NotEnrolled) | `tests/parts/bot/secrets.rs::a_wrong_bot_secret_is_told_and_the_right_one_is_taken_however_it_is_typed`, `tests/parts/actors/mod.rs::a_bot_secret_that_was_not_given_is_not_right` |
//! | `jid_in_sessions` | [`Where`](crate::actors::registry::Where), [`Observe`](crate::actors::registry::Observe) | `tests/parts/actors/mod.rs::the_pages_learn_how_far_a_learner_is` |
//! | Users leave the whitelist when their session ends | those of the LMS do; those in the settings stay, as they have no LMS to come back from | `tests/parts/actors/whitelist.rs::who_is_listed_in_the_settings_stays_when_the_session_ends`, `tests/parts/actors/mod.rs::a_dismissed_learner_is_a_stranger_again` |
//!
//! # Translations
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | gettext, `otrbot/locales/<language>` | [`i18n`](crate::i18n); `locales/`, carried in the program | `tests/parts/translations.rs::every_shipped_language_is_complete_and_right_by_gnu_gettext` |
//! | `extract -o` | [`translations::extract`](crate::translations::extract) | `tests/parts/translations.rs::the_texts_for_translators_are_those_of_the_program` |
//! | `init POT LOCALE` | [`translations::init`](crate::translations::init) | `tests/parts/translations.rs::a_new_language_begins_complete_by_gnu_gettext_and_keeps_what_is_gone` |
//! | `update POT LOCALE` | [`translations::update`](crate::translations::update) | `tests/parts/translations.rs::a_new_language_begins_complete_by_gnu_gettext_and_keeps_what_is_gone` |
//! | `compile -l LOCALE` | [`translations::compile`](crate::translations::compile) | `tests/parts/translations.rs::what_we_compile_gnu_gettext_reads_and_so_do_we` |
//!
//! # `otrbot.otrplugin`
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `otr_enabled` | [`EventKind`](crate::lesson::vocabulary::EventKind) | `tests/parts/bot/whole.rs::the_whole_lesson_in_version_3`, `tests/parts/bot/whole.rs::the_whole_lesson_in_version_2` |
//! | `otr_disabled` | the same | `tests/parts/bot/trouble.rs::otr_off_before_verifying_is_explained_and_the_lesson_goes_on`, `tests/parts/bot/trouble.rs::otr_off_after_the_bot_secret_leaves_the_page_open` |
//! | `otr_already_setup` | the same | `tests/parts/bot/trouble.rs::fresh_keys_are_told_and_change_nothing` |
//! | `smp_started` | the same | `tests/parts/bot/whole.rs::the_whole_lesson_in_version_3` |
//! | `smp_question_used` | the same | `tests/parts/bot/secrets.rs::a_question_is_declined_and_explained` |
//! | `smp_aborted` | the same | `tests/parts/bot/secrets.rs::an_abort_is_explained_and_smp_can_begin_again` |
//! | `correct_secret_received` | the same | `tests/parts/bot/whole.rs::the_whole_lesson_in_version_3` |
//! | `incorrect_secret_received` | the same | `tests/parts/bot/secrets.rs::a_wrong_secret_is_explained_and_the_right_one_helps` |
//! | `unsafe_secret_received` | the same; judged by zxcvbn | `tests/parts/bot/secrets.rs::a_weak_secret_is_refused_kindly_and_not_kept` |
//! | `message_received` | the same; only what was decrypted or came in clear, never empty | `tests/parts/bot/whole.rs::a_learner_who_is_there_and_silent_is_greeted` |
//! | `OtrPlugin.setup_otr`, `OtrAccount`, `OtrManager.get_context`: another key for each learner | [`SessionFactory`](crate::actors::registry::factory::SessionFactory) | `tests/parts/bot/trouble.rs::another_key_is_not_verified_and_is_told_nothing`, `tests/program/e2e/command.rs::a_fixed_key_is_the_one_that_the_learner_meets` |
//! | `set_secret(start_smp), OTR_BOT_MAY_START_SMP` | `otr.may_start_smp` | `tests/parts/bot/whole.rs::the_bot_begins_smp_where_it_may`, `tests/program/e2e/detours.rs::the_bot_begins_the_verification_where_the_settings_allow_it` |
//! | `decrypt, encrypt, send_plain, inject` | [`otr::Conversation`] | `tests/parts/bot/secrets.rs::the_bot_secret_waits_for_a_verified_conversation` |
//! | `processTLVs, smpAbort` | [`otr`] | `tests/parts/bot/secrets.rs::an_abort_is_explained_and_smp_can_begin_again` |
//! | `getPolicy (ALLOW_V1 …)` | `otr.policy`; version 1 is refused, as it is broken | `crates/otr/tests/otr/policy.rs::an_error_of_the_peer_starts_the_exchange_anew_and_the_text_is_sent_again` |
//! | setState: trust by fingerprint | [`otr`]: a verification belongs to the key in use | `tests/parts/bot/trouble.rs::the_same_key_needs_no_verifying_again` |
//! | `destroy_context, destroy_all_contexts` | a session's end drops its conversations, whose keys are wiped | `tests/parts/bot/ending.rs::a_session_that_is_over_stays_silent_whatever_comes` |
//! | `loadPrivkey, savePrivkey, private_key` | [`keys`](crate::keys) | `tests/program/keys/settings.rs::check_reads_the_keys` |
//!
//! # `otrbot.statemachine`
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `StateMachine, State, SharedContext` | [`fsm::Machine`](crate::fsm::Machine), [`fsm::Graph`](crate::fsm::Graph) | `src/fsm/tests.rs::leaving_comes_before_the_reaction_and_entering_after` |
//! | `StateDoesNotExist, name collisions` | a graph that exists can run: all wrong names are told when it is built | `src/fsm/tests.rs::all_wrong_names_are_told_at_once` |
//! | `action, allowed_actions, ActionNotAllowed, NotImplementedError` | actions are values of an enum, and a lesson's checker proves where they may stand | `tests/parts/authoring/check.rs::every_fault_has_file_line_and_column_and_the_nearest_word` |
//! | `handle, CannotHandle` | [`fsm`](crate::fsm): transitions and reactions without transition; what is not handled is reported | `src/fsm/tests.rs::a_state_goes_before_what_every_state_does_and_conditions_are_asked`, `tests/parts/authoring/play.rs::what_a_lesson_does_not_handle_is_shown` |
//! | `on_enter, on_leave` | the same | `src/fsm/tests.rs::leaving_comes_before_the_reaction_and_entering_after` |
//! | `possible_actions, transitions` | [`fsm::Graph`](crate::fsm::Graph), `otrbot lesson graph` | `tests/parts/authoring/graph.rs::every_state_and_way_of_shipped_lessons_is_in_the_svg` |
//!
//! # `otrbot.lti`
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `mock_ltid, USE_LTI` | `lti.authenticate: false`, on loopback alone | `tests/pages/http/pages.rs::without_authentication_the_way_is_open_and_nobody_is_graded` |
//! | `get_locale` | the launch's locale, else the browser's | `tests/pages/http/languages.rs::a_launch_brings_its_language`, `tests/pages/http/languages.rs::a_page_without_a_launch_asks_the_browser` |
//! | `error_page` | [`http`](crate::http) | `tests/pages/http/launches.rs::bad_launches_are_refused_with_their_status`, `tests/pages/http/pages.rs::other_addresses_and_methods_get_a_page_too` |
//! | `hello_world` | `GET /hello_world` | `tests/pages/http/pages.rs::there_is_a_configuration_to_import` |
//! | `index` | `POST /` | `tests/pages/http/pages.rs::the_way_leads_from_the_launch_to_the_grade` |
//! | `enter_jid` | `/enter_jid` | `tests/pages/http/pages.rs::what_is_no_jid_comes_back_with_what_was_typed` |
//! | `jid_entered` | `/jid_entered` | `tests/pages/http/pages.rs::the_way_leads_from_the_launch_to_the_grade` |
//! | `ask_for_secret, skipped with a strong secret` | `/ask_for_secret` | `tests/pages/http/pages.rs::a_known_learner_continues_where_they_stand` |
//! | `enter_bot_secret` | `/enter_bot_secret` | `tests/pages/http/pages.rs::forms_that_are_sent_again_do_no_harm` |
//! | grades only for students | [`lti::roles`](lti) | `tests/pages/http/pages.rs::nobody_is_graded_who_does_not_learn_or_has_no_cell`, `tests/program/e2e/lesson.rs::an_instructor_is_never_graded` |
//! | `run_lti`, `0.0.0.0:5000` | `lti.bind`; loopback unless it is set otherwise | `tests/parts/settings.rs::what_is_not_allowed_is_said_with_what_is` |
//!
//! # `otrbot.core.utils`
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `fatal, exit codes` | [`failure::Failure`](crate::failure::Failure) | `tests/program/e2e/bad_input.rs::no_settings_end_with_3`, `tests/program/e2e/bad_input.rs::an_unknown_setting_ends_with_4_and_names_file_line_and_key`, `tests/program/e2e/bad_input.rs::a_wrong_password_ends_with_6_and_is_not_tried_again`, `tests/parts/settings.rs::what_is_only_not_there_is_a_missing_dependency` |
//! | `dummy_i18n` | not needed: lessons' texts are data | `tests/parts/translations.rs::the_texts_for_translators_are_those_of_the_program` |
//! | `generate_secret(format, length, alpha, case, numeric, symbols, options)` | [`session::secret`](crate::session) | `src/session/secret.rs::the_bot_secret_has_its_form_and_is_never_the_same`, `src/session/secret.rs::alphabets_give_what_they_name_and_all_of_it` |
//! | `call_function, CacheReturn` | not needed: calls are checked by the compiler, and nothing is cached without a bound | `src/fsm/tests.rs::all_wrong_names_are_told_at_once` |
//! | `template_substitute` | [`lesson::text`](crate::lesson::text) | `tests/parts/bot/limits.rs::unknown_variables_stay_as_they_are_and_a_forgetful_lesson_answers_smp` |
//! | `SleekFilter` | [`telemetry`](crate::telemetry) | `src/telemetry.rs::pictures_are_cut_out_of_records` |
//!
//! # Coloured logs
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `ColourFormatter`, default scheme, own schemes, `no_colour_nl`, `$reset` | `log.format`, `log.colour_schemes`: [`telemetry`](crate::telemetry). There is no level CRITICAL: what ends the daemon is said last, on stderr | `src/telemetry.rs::the_usual_colours_are_those_of_the_reference`, `src/telemetry.rs::the_settings_have_schemes_of_their_own`, `src/telemetry.rs::a_record_is_one_line_that_colours_nothing_by_itself`, `src/telemetry.rs::without_colours_the_same_line_has_none` |
//!
//! # Settings
//!
//! | There | Here | Shown by |
//! |---|---|---|
//! | `ENV` | `$OTRBOT_ENV`, `--settings` | `tests/parts/settings.rs::a_file_that_is_not_there_says_what_to_do` |
//! | `ENABLE_TLS, ALLOW_SSL_FALLBACK, TLS_VERSION, CA_CERTS` | `tls` | `tests/parts/settings.rs::what_is_not_allowed_is_said_with_what_is`, `crates/xmpp/tests/xmpp/login.rs::a_certificate_of_another_authority_is_refused_for_good` |
//! | `CIPHER_LIST` | `tls.cipher_list`, by OpenSSL's names or IANA's; suites with CBC, with RSA key exchange or with finite-field Diffie-Hellman are not in the TLS library and are named with the reason | `tests/program/e2e/bad_input.rs::ciphers_that_cannot_be_had_are_named_with_their_lines`, `crates/xmpp/src/ciphers.rs::what_is_wrong_with_a_cipher_is_said_with_its_reason` |
//! | `FORMAT_STRINGS` | `format_strings` | `tests/parts/settings.rs::the_sample_is_valid` |
//! | `XMPP_ACCOUNTS, XMPP_DEFAULT_ACCOUNT, avatar_file` | `xmpp` | `tests/program/e2e/manners.rs::the_bot_shows_its_picture_its_name_and_what_it_can_do`, `tests/program/e2e/manners.rs::a_picture_that_cannot_be_shown_is_named_at_the_start` |
//! | `FLASK_CONFIG (SECRET_KEY, PYLTI_CONFIG, PYLTI_URL_FIX, WTF_CSRF_ENABLED)` | `lti.secret_key_file`, `lti.consumers`, `lti.public_url`; forms carry a signed token | `tests/pages/http/launches.rs::headers_do_not_change_what_was_signed`, `tests/pages/http/pages.rs::forms_of_other_sites_are_refused` |
//! | `LTI_CSS_URL` | `lti.css_url` | `tests/pages/http/pages.rs::what_the_pages_need_is_served_with_them` |
//! | `DEFAULT_LOCALE, JID_WHITELIST` | `default_locale`, `xmpp.whitelist` | `tests/parts/settings.rs::the_sample_is_valid` |
//! | `DEFAULT_SECRET` | `otr.default_secret`, `--secret` | `tests/parts/bot/whole.rs::a_default_secret_needs_no_page` |
//! | `LOG_USER_MSGS` | `log.user_messages` | `tests/program/e2e/hygiene.rs::the_log_of_a_whole_lesson_holds_no_secret_even_at_the_level_of_traces` |
//! | `WARNING_TIMEOUT, SESSION_TIMEOUT, TIMEOUT_CHECK_INTERVAL` | `session` | `tests/parts/bot/limits.rs::a_silent_learner_is_warned_and_then_the_session_ends`, `tests/parts/actors/faults.rs::a_session_that_hangs_is_given_up_by_the_checks` |
//! | `SCHEDULED_MSG_SAY, TYPE_SPEED` | `typing` | `tests/parts/actors/timeouts.rs::typing_takes_time_and_keeps_the_order`, `tests/parts/bot/typing.rs::unscheduled_lines_are_said_at_once_and_no_typing_is_shown` |
//! | `THREADED_STATE_SCHEDULER` | not a setting: sessions always have threads of their own | `tests/parts/actors/faults.rs::a_session_that_hangs_is_given_up_by_the_checks` |
