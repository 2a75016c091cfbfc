/* A chat client in small, on Debian's libotr: the other side of the interoperation tests.
 *
 *     libotr_peer --versions 2|3|2,3 --key FILE
 *
 * It reads one flat JSON object per line on stdin and writes JSON objects, one per line, on stdout.
 * After the lines that a command causes comes {"done":true}. EOF or the command "quit" ends it.
 *
 * Commands: recv{msg} send{text} query{} smp{secret,question} smp_answer{secret} smp_abort{} end{}
 *           mtu{bytes} policy{versions,require_encryption,send_whitespace_tag,whitespace_start_ake,
 *           error_start_ake} extra_key{use,data} status{} quit{}
 *           later{seconds}: for libotr, it is later by so much
 * Output:   {"out":MESSAGE} for the network, and {"event":NAME,..}
 */

#define _POSIX_C_SOURCE 200809L

#include <gcrypt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* message.h needs what proto.h declares and does not include it. */
#include <libotr/proto.h>
#include <libotr/instag.h>
#include <libotr/message.h>
#include <libotr/privkey.h>

#include "json.h"

#define ACCOUNT "me"
#define PROTOCOL "test"
#define PEER "you"

static OtrlUserState state;
static OtrlPolicy policy_flags;
static int max_bytes;
static const char *key_file;

/* --- The clock --- */

static time_t ahead;

/* Takes the place of the C library's for libotr too. */
time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t seconds = now.tv_sec + ahead;
    if (out) {
        *out = seconds;
    }
    return seconds;
}

/* --- JSON out --- */

static void put_string(const char *text)
{
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\') {
            printf("\\%c", *at);
        } else if (*at < 0x20) {
            printf("\\u%04x", *at);
        } else {
            putchar(*at);
        }
    }
    putchar('"');
}

static void put_hex(const unsigned char *bytes, size_t len)
{
    putchar('"');
    for (size_t ix = 0; ix < len; ix++) {
        printf("%02x", bytes[ix]);
    }
    putchar('"');
}

static void put_event(const char *name)
{
    printf("{\"event\":\"%s\"}\n", name);
}

static void put_event_with(const char *name, const char *field, const char *text)
{
    printf("{\"event\":\"%s\",\"%s\":", name, field);
    put_string(text);
    puts("}");
}

static void put_error(const char *code, const char *detail)
{
    printf("{\"event\":\"error\",\"code\":\"%s\",\"detail\":", code);
    put_string(detail ? detail : "");
    puts("}");
}

static void put_out(const char *message)
{
    fputs("{\"out\":", stdout);
    put_string(message);
    puts("}");
}

static void put_session(const char *name, const ConnContext *context)
{
    printf("{\"event\":\"%s\",\"fingerprint\":", name);
    if (context->active_fingerprint) {
        put_hex(context->active_fingerprint->fingerprint, 20);
    } else {
        fputs("null", stdout);
    }
    fputs(",\"session_id\":", stdout);
    put_hex(context->sessionid, context->sessionid_len);
    printf(",\"version\":%u}\n", context->protocol_version);
}

/* --- What libotr asks of its host --- */

static OtrlPolicy on_policy(void *opdata, ConnContext *context)
{
    (void)opdata, (void)context;
    return policy_flags;
}

static void on_create_privkey(void *opdata, const char *account, const char *protocol)
{
    (void)opdata;
    otrl_privkey_generate(state, key_file, account, protocol);
}

static int on_is_logged_in(void *opdata, const char *account, const char *protocol,
    const char *recipient)
{
    (void)opdata, (void)account, (void)protocol, (void)recipient;
    return 1;
}

static void on_inject(void *opdata, const char *account, const char *protocol,
    const char *recipient, const char *message)
{
    (void)opdata, (void)account, (void)protocol, (void)recipient;
    put_out(message);
}

static void on_nothing(void *opdata)
{
    (void)opdata;
}

static void on_new_fingerprint(void *opdata, OtrlUserState us, const char *account,
    const char *protocol, const char *user, unsigned char fingerprint[20])
{
    (void)opdata, (void)us, (void)account, (void)protocol, (void)user, (void)fingerprint;
}

static void on_gone_secure(void *opdata, ConnContext *context)
{
    (void)opdata;
    put_session("encrypted", context);
}

static void on_gone_insecure(void *opdata, ConnContext *context)
{
    (void)opdata, (void)context;
}

static void on_still_secure(void *opdata, ConnContext *context, int is_reply)
{
    (void)opdata, (void)is_reply;
    put_session("still_secure", context);
}

static int on_max_message_size(void *opdata, ConnContext *context)
{
    (void)opdata, (void)context;
    return max_bytes;
}

static void on_symkey(void *opdata, ConnContext *context, unsigned int use,
    const unsigned char *data, size_t len, const unsigned char *key)
{
    (void)opdata, (void)context;
    char *text = strndup((const char *)data, len);
    printf("{\"event\":\"extra_key\",\"use\":%u,\"data\":", use);
    put_string(text ? text : "");
    fputs(",\"key\":", stdout);
    put_hex(key, OTRL_EXTRAKEY_BYTES);
    puts("}");
    free(text);
}

static const char *on_error_message(void *opdata, ConnContext *context, OtrlErrorCode code)
{
    (void)opdata, (void)context;
    switch (code) {
    case OTRL_ERRCODE_ENCRYPTION_ERROR: return "could not encrypt";
    case OTRL_ERRCODE_MSG_NOT_IN_PRIVATE: return "not in private";
    case OTRL_ERRCODE_MSG_UNREADABLE: return "unreadable";
    case OTRL_ERRCODE_MSG_MALFORMED: return "malformed";
    case OTRL_ERRCODE_NONE: break;
    }
    return "";
}

static void on_error_message_free(void *opdata, const char *message)
{
    (void)opdata, (void)message;
}

static void on_smp_event(void *opdata, OtrlSMPEvent event, ConnContext *context,
    unsigned short percent, char *question);

static void on_message_event(void *opdata, OtrlMessageEvent event, ConnContext *context,
    const char *message, gcry_error_t error)
{
    (void)opdata, (void)context;
    switch (event) {
    case OTRL_MSGEVENT_ENCRYPTION_REQUIRED: put_error("encryption_required", NULL); break;
    case OTRL_MSGEVENT_ENCRYPTION_ERROR: put_error("otr", "encryption"); break;
    case OTRL_MSGEVENT_CONNECTION_ENDED: put_error("finished", NULL); break;
    case OTRL_MSGEVENT_SETUP_ERROR: put_error("setup_error", gcry_strerror(error)); break;
    case OTRL_MSGEVENT_MSG_REFLECTED: put_error("reflected", NULL); break;
    case OTRL_MSGEVENT_MSG_RESENT: put_event("resent"); break;
    case OTRL_MSGEVENT_RCVDMSG_NOT_IN_PRIVATE: put_error("not_in_private", NULL); break;
    case OTRL_MSGEVENT_RCVDMSG_UNREADABLE: put_error("unreadable", NULL); break;
    case OTRL_MSGEVENT_RCVDMSG_MALFORMED: put_error("malformed", NULL); break;
    case OTRL_MSGEVENT_LOG_HEARTBEAT_RCVD: put_event("heartbeat"); break;
    case OTRL_MSGEVENT_RCVDMSG_GENERAL_ERR: put_error("peer_error", message); break;
    case OTRL_MSGEVENT_RCVDMSG_UNENCRYPTED:
        put_event_with("unencrypted_warning", "text", message);
        break;
    case OTRL_MSGEVENT_RCVDMSG_UNRECOGNIZED: put_error("unrecognized", NULL); break;
    case OTRL_MSGEVENT_RCVDMSG_FOR_OTHER_INSTANCE: put_error("other_instance", NULL); break;
    case OTRL_MSGEVENT_LOG_HEARTBEAT_SENT:
    case OTRL_MSGEVENT_NONE: break;
    }
}

static void on_create_instag(void *opdata, const char *account, const char *protocol)
{
    (void)opdata;
    otrl_instag_generate(state, "/dev/null", account, protocol);
}

static void on_timer(void *opdata, unsigned int interval)
{
    (void)opdata, (void)interval;
}

static const OtrlMessageAppOps ops = {
    .policy = on_policy,
    .create_privkey = on_create_privkey,
    .is_logged_in = on_is_logged_in,
    .inject_message = on_inject,
    .update_context_list = on_nothing,
    .new_fingerprint = on_new_fingerprint,
    .write_fingerprints = on_nothing,
    .gone_secure = on_gone_secure,
    .gone_insecure = on_gone_insecure,
    .still_secure = on_still_secure,
    .max_message_size = on_max_message_size,
    .received_symkey = on_symkey,
    .otr_error_message = on_error_message,
    .otr_error_message_free = on_error_message_free,
    .handle_smp_event = on_smp_event,
    .handle_msg_event = on_message_event,
    .create_instag = on_create_instag,
    .timer_control = on_timer,
};

static void on_smp_event(void *opdata, OtrlSMPEvent event, ConnContext *context,
    unsigned short percent, char *question)
{
    (void)percent;
    switch (event) {
    case OTRL_SMPEVENT_ASK_FOR_SECRET:
        puts("{\"event\":\"smp_request\",\"question\":null}");
        break;
    case OTRL_SMPEVENT_ASK_FOR_ANSWER: put_event_with("smp_request", "question", question); break;
    case OTRL_SMPEVENT_SUCCESS: puts("{\"event\":\"smp_result\",\"ok\":true}"); break;
    case OTRL_SMPEVENT_FAILURE: puts("{\"event\":\"smp_result\",\"ok\":false}"); break;
    case OTRL_SMPEVENT_ABORT: put_event("smp_aborted"); break;
    case OTRL_SMPEVENT_CHEATED:
        put_error("smp_cheated", NULL);
        otrl_message_abort_smp(state, &ops, opdata, context);
        break;
    case OTRL_SMPEVENT_ERROR:
        put_error("smp_error", NULL);
        otrl_message_abort_smp(state, &ops, opdata, context);
        break;
    case OTRL_SMPEVENT_IN_PROGRESS:
    case OTRL_SMPEVENT_NONE: break;
    }
}

/* --- Commands --- */

static ConnContext *context_of_peer(void)
{
    return otrl_context_find(
        state, PEER, ACCOUNT, PROTOCOL, OTRL_INSTAG_BEST, 0, NULL, NULL, NULL);
}

static void receive(const char *message)
{
    char *text = NULL;
    OtrlTLV *tlvs = NULL;
    int is_internal = otrl_message_receiving(state, &ops, NULL, ACCOUNT, PROTOCOL, PEER, message,
        &text, &tlvs, NULL, NULL, NULL);
    if (!is_internal) {
        int encrypted = text && strncmp(message, "?OTR", 4) == 0;
        fputs("{\"event\":\"plaintext\",\"text\":", stdout);
        put_string(text ? text : message);
        printf(",\"encrypted\":%s}\n", encrypted ? "true" : "false");
    }
    if (otrl_tlv_find(tlvs, OTRL_TLV_DISCONNECTED)) {
        put_event("finished");
    }
    otrl_tlv_free(tlvs);
    otrl_message_free(text);
}

static void send_text(const char *text)
{
    char *message = NULL;
    gcry_error_t error = otrl_message_sending(state, &ops, NULL, ACCOUNT, PROTOCOL, PEER,
        OTRL_INSTAG_BEST, text, NULL, &message, OTRL_FRAGMENT_SEND_ALL_BUT_LAST, NULL, NULL, NULL);
    if (error) {
        put_error("otr", gcry_strerror(error));
    } else if (!message) {
        put_out(text);
    } else if (*message) {
        put_out(message);
    }
    otrl_message_free(message);
}

static void set_versions(const char *versions)
{
    policy_flags &= ~(OTRL_POLICY_ALLOW_V1 | OTRL_POLICY_ALLOW_V2 | OTRL_POLICY_ALLOW_V3);
    policy_flags |= strchr(versions, '2') ? OTRL_POLICY_ALLOW_V2 : 0;
    policy_flags |= strchr(versions, '3') ? OTRL_POLICY_ALLOW_V3 : 0;
}

static void set_flag(const struct object *object, const char *name, OtrlPolicy flag)
{
    if (find(object, name)) {
        policy_flags &= ~flag;
        policy_flags |= strcmp(source_of(object, name), "true") == 0 ? flag : 0;
    }
}

static void set_policy(const struct object *object)
{
    if (find(object, "versions")) {
        set_versions(source_of(object, "versions"));
    }
    set_flag(object, "require_encryption", OTRL_POLICY_REQUIRE_ENCRYPTION);
    set_flag(object, "send_whitespace_tag", OTRL_POLICY_SEND_WHITESPACE_TAG);
    set_flag(object, "whitespace_start_ake", OTRL_POLICY_WHITESPACE_START_AKE);
    set_flag(object, "error_start_ake", OTRL_POLICY_ERROR_START_AKE);
}

static void start_smp(ConnContext *context, const char *secret, const char *question)
{
    const unsigned char *bytes = (const unsigned char *)secret;
    if (question) {
        otrl_message_initiate_smp_q(state, &ops, NULL, context, question, bytes, strlen(secret));
    } else {
        otrl_message_initiate_smp(state, &ops, NULL, context, bytes, strlen(secret));
    }
}

static void use_extra_key(ConnContext *context, const struct object *object)
{
    unsigned char key[OTRL_EXTRAKEY_BYTES];
    const char *data = string_of(object, "data");
    unsigned int use = (unsigned int)strtoul(source_of(object, "use"), NULL, 10);
    data = data ? data : "";
    gcry_error_t error = otrl_message_symkey(
        state, &ops, NULL, context, use, (const unsigned char *)data, strlen(data), key);
    if (error) {
        put_error("otr", gcry_strerror(error));
        return;
    }
    fputs("{\"event\":\"extra_key_sent\",\"key\":", stdout);
    put_hex(key, sizeof key);
    puts("}");
}

static void put_status(const ConnContext *context)
{
    const char *name = "plaintext";
    if (context && context->msgstate == OTRL_MSGSTATE_ENCRYPTED) {
        name = "encrypted";
    } else if (context && context->msgstate == OTRL_MSGSTATE_FINISHED) {
        name = "finished";
    }
    put_event_with("status", "state", name);
}

/* Returns 0 when the peer is to end. */
static int run(const struct object *object)
{
    const char *command = string_of(object, "cmd");
    const char *secret = string_of(object, "secret");
    ConnContext *context = context_of_peer();
    int is_private = context && context->msgstate == OTRL_MSGSTATE_ENCRYPTED;

    if (!command) {
        put_error("exception", "no cmd");
    } else if (strcmp(command, "quit") == 0) {
        return 0;
    } else if (strcmp(command, "recv") == 0 && string_of(object, "msg")) {
        receive(string_of(object, "msg"));
    } else if (strcmp(command, "send") == 0 && string_of(object, "text")) {
        send_text(string_of(object, "text"));
    } else if (strcmp(command, "query") == 0) {
        char *query = otrl_proto_default_query_msg(ACCOUNT, policy_flags);
        put_out(query);
        free(query);
    } else if (strcmp(command, "mtu") == 0) {
        max_bytes = atoi(source_of(object, "bytes"));
    } else if (strcmp(command, "policy") == 0) {
        set_policy(object);
    } else if (strcmp(command, "end") == 0) {
        otrl_message_disconnect_all_instances(state, &ops, NULL, ACCOUNT, PROTOCOL, PEER);
        put_event("ended");
    } else if (strcmp(command, "later") == 0) {
        ahead += atoi(source_of(object, "seconds"));
    } else if (strcmp(command, "status") == 0) {
        put_status(context);
    } else if (!is_private) {
        put_error("not_in_private", command);
    } else if (strcmp(command, "smp") == 0 && secret) {
        start_smp(context, secret, string_of(object, "question"));
    } else if (strcmp(command, "smp_answer") == 0 && secret) {
        otrl_message_respond_smp(
            state, &ops, NULL, context, (const unsigned char *)secret, strlen(secret));
    } else if (strcmp(command, "smp_abort") == 0) {
        otrl_message_abort_smp(state, &ops, NULL, context);
    } else if (strcmp(command, "extra_key") == 0) {
        use_extra_key(context, object);
    } else {
        put_error("exception", command);
    }
    return 1;
}

static void start(void)
{
    unsigned char fingerprint[20];
    if (access(key_file, R_OK) == 0) {
        otrl_privkey_read(state, key_file);
    }
    if (!otrl_privkey_find(state, ACCOUNT, PROTOCOL)) {
        otrl_privkey_generate(state, key_file, ACCOUNT, PROTOCOL);
    }
    if (!otrl_privkey_fingerprint_raw(state, fingerprint, ACCOUNT, PROTOCOL)) {
        fputs("libotr_peer: no key\n", stderr);
        exit(1);
    }
    printf("{\"event\":\"ready\",\"engine\":\"libotr %s\",\"fingerprint\":", otrl_version());
    put_hex(fingerprint, sizeof fingerprint);
    puts(",\"caps\":[\"v2\",\"v3\",\"extra_key\",\"whitespace\",\"mtu\",\"smp_abort\"]}");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    for (int ix = 1; ix + 1 < argc; ix += 2) {
        if (strcmp(argv[ix], "--versions") == 0) {
            set_versions(argv[ix + 1]);
        } else if (strcmp(argv[ix], "--key") == 0) {
            key_file = argv[ix + 1];
        }
    }
    if (!key_file) {
        fputs("usage: libotr_peer --versions 2|3|2,3 --key FILE\n", stderr);
        return 2;
    }
    /* The keys of this program live as long as one test. */
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);
    OTRL_INIT;
    state = otrl_userstate_create();
    start();

    char *line = NULL;
    size_t size = 0;
    int goes_on = 1;
    while (goes_on && getline(&line, &size, stdin) >= 0) {
        struct object object;
        if (read_object(line, &object)) {
            goes_on = run(&object);
        } else {
            put_error("exception", "not a JSON object");
        }
        free_object(&object);
        puts("{\"done\":true}");
        fflush(stdout);
    }
    free(line);
    otrl_userstate_free(state);
    return 0;
}
