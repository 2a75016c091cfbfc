/* Libotr's side of the comparison: two ends in one process, and a stopwatch.
 *
 *     libotr_bench FOLDER
 *
 * Reads lines "MEASURE VERSION LENGTH COUNT" on stdin and answers each by one line: nanoseconds for
 * COUNT times the measure, or bytes for "memory". Measures:
 *
 *     key     a long-term key                 ake    a key exchange, both sides
 *     smp     SMP with the right secret       alt    a text, the direction alternates
 *     one     a text, always from one side    memory of a session's end after four messages
 */

#define _POSIX_C_SOURCE 200809L

#include <gcrypt.h>
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

#define PROTOCOL "test"
#define SECRET "four words of secret"

struct end {
    OtrlUserState state;
    const char *name;
    int is_private, is_asked, is_verified;
};

static struct end ends[2] = { { .name = "alice" }, { .name = "bob" } };
static OtrlPolicy policy_flags;
/* What is under way: who gets it, in which conversation. */
static struct { int to; char *text; } line[64];
static int first, last;
static char conversation[32];
static const char *folder;

static void die(const char *what)
{
    fprintf(stderr, "libotr_bench: %s\n", what);
    exit(1);
}

static void put(int from, const char *text)
{
    if ((last + 1) % 64 == first) {
        die("too much under way");
    }
    line[last].to = 1 - from;
    line[last].text = strdup(text);
    last = (last + 1) % 64;
}

static OtrlPolicy on_policy(void *opdata, ConnContext *context)
{
    (void)opdata, (void)context;
    return policy_flags;
}

static void on_inject(void *opdata, const char *account, const char *protocol,
    const char *recipient, const char *message)
{
    (void)account, (void)protocol, (void)recipient;
    put((int)((struct end *)opdata - ends), message);
}

static int on_is_logged_in(void *opdata, const char *account, const char *protocol,
    const char *recipient)
{
    (void)opdata, (void)account, (void)protocol, (void)recipient;
    return 1;
}

static void on_secure(void *opdata, ConnContext *context)
{
    (void)context;
    ((struct end *)opdata)->is_private = 1;
}

static void on_still_secure(void *opdata, ConnContext *context, int is_reply)
{
    (void)is_reply;
    on_secure(opdata, context);
}

static void on_smp(void *opdata, OtrlSMPEvent event, ConnContext *context, unsigned short progress,
    char *question)
{
    struct end *end = opdata;
    (void)context, (void)progress, (void)question;
    end->is_asked |= event == OTRL_SMPEVENT_ASK_FOR_SECRET;
    end->is_verified |= event == OTRL_SMPEVENT_SUCCESS;
}

static void on_instag(void *opdata, const char *account, const char *protocol)
{
    (void)opdata, (void)account, (void)protocol;
    die("no instance tag");
}

static const OtrlMessageAppOps ops = {
    .policy = on_policy,
    .is_logged_in = on_is_logged_in,
    .inject_message = on_inject,
    .gone_secure = on_secure,
    .still_secure = on_still_secure,
    .handle_smp_event = on_smp,
    .create_instag = on_instag,
};

static void deliver(void)
{
    while (first != last) {
        int to = line[first].to;
        char *text = line[first].text;
        char *plain = NULL;
        OtrlTLV *tlvs = NULL;
        first = (first + 1) % 64;
        otrl_message_receiving(ends[to].state, &ops, &ends[to], ends[to].name, PROTOCOL,
            conversation, text, &plain, &tlvs, NULL, NULL, NULL);
        otrl_tlv_free(tlvs);
        otrl_message_free(plain);
        free(text);
    }
}

static ConnContext *context_of(int side)
{
    ConnContext *context = otrl_context_find(ends[side].state, conversation, ends[side].name,
        PROTOCOL, OTRL_INSTAG_BEST, 0, NULL, NULL, NULL);
    if (!context) {
        die("no context");
    }
    return context;
}

static void exchange_keys(int number)
{
    snprintf(conversation, sizeof conversation, "peer%d", number);
    ends[0].is_private = ends[1].is_private = 0;
    char *query = otrl_proto_default_query_msg(ends[0].name, policy_flags);
    put(0, query);
    free(query);
    deliver();
    if (!ends[0].is_private || !ends[1].is_private) {
        die("the key exchange failed");
    }
}

static void forget(void)
{
    for (int side = 0; side < 2; side++) {
        otrl_context_forget_all(ends[side].state);
    }
}

static void say(int side, const char *text)
{
    char *message = NULL;
    gcry_error_t error = otrl_message_sending(ends[side].state, &ops, &ends[side],
        ends[side].name, PROTOCOL, conversation, OTRL_INSTAG_BEST, text, NULL, &message,
        OTRL_FRAGMENT_SEND_SKIP, NULL, NULL, NULL);
    if (error || !message) {
        die("a text was not sent");
    }
    put(side, message);
    otrl_message_free(message);
    deliver();
}

static void verify(void)
{
    const unsigned char *secret = (const unsigned char *)SECRET;
    ends[0].is_verified = ends[1].is_verified = ends[1].is_asked = 0;
    otrl_message_initiate_smp(
        ends[0].state, &ops, &ends[0], context_of(0), secret, strlen(SECRET));
    deliver();
    if (!ends[1].is_asked) {
        die("SMP did not begin");
    }
    otrl_message_respond_smp(ends[1].state, &ops, &ends[1], context_of(1), secret, strlen(SECRET));
    deliver();
    if (!ends[0].is_verified || !ends[1].is_verified) {
        die("SMP failed");
    }
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long resident(void)
{
    long long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (!statm || fscanf(statm, "%*d %lld", &pages) != 1) {
        die("no /proc/self/statm");
    }
    fclose(statm);
    return pages * sysconf(_SC_PAGESIZE);
}

static void path_of(char *path, size_t size, const char *name, const char *what)
{
    snprintf(path, size, "%s/%s.%s", folder, name, what);
}

static void make_key(struct end *end)
{
    char path[4096];
    path_of(path, sizeof path, end->name, "key");
    if (otrl_privkey_generate(end->state, path, end->name, PROTOCOL)) {
        die("no key");
    }
}

static long long run(const char *measure, int version, size_t len, int count)
{
    char *text = malloc(len + 1);
    long long begin, taken;
    memset(text, 'x', len);
    text[len] = 0;
    policy_flags = version == 2 ? OTRL_POLICY_ALLOW_V2 : OTRL_POLICY_ALLOW_V3;
    if (strcmp(measure, "smp") == 0 || strcmp(measure, "alt") == 0
        || strcmp(measure, "one") == 0) {
        exchange_keys(0);
        say(0, "one");
        say(1, "two");
    }
    long long before = resident();
    begin = now();
    for (int ix = 0; ix < count; ix++) {
        if (strcmp(measure, "key") == 0) {
            make_key(&ends[0]);
        } else if (strcmp(measure, "ake") == 0) {
            exchange_keys(ix);
        } else if (strcmp(measure, "smp") == 0) {
            verify();
        } else if (strcmp(measure, "alt") == 0) {
            say(ix % 2, text);
        } else if (strcmp(measure, "one") == 0) {
            say(0, text);
        } else {
            exchange_keys(ix + 1);
            for (int n = 0; n < 4; n++) {
                say(n % 2, "a text");
            }
        }
    }
    taken = now() - begin;
    if (strcmp(measure, "memory") == 0) {
        taken = (resident() - before) / (2 * count);
    }
    forget();
    free(text);
    return taken;
}

int main(int argc, char **argv)
{
    char measure[16];
    int version, count;
    size_t len;
    if (argc != 2) {
        fputs("usage: libotr_bench FOLDER\n", stderr);
        return 2;
    }
    folder = argv[1];
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);
    OTRL_INIT;
    for (int side = 0; side < 2; side++) {
        char path[4096];
        ends[side].state = otrl_userstate_create();
        make_key(&ends[side]);
        path_of(path, sizeof path, ends[side].name, "tag");
        if (otrl_instag_generate(ends[side].state, path, ends[side].name, PROTOCOL)) {
            die("no instance tag");
        }
    }
    while (scanf("%15s %d %zu %d", measure, &version, &len, &count) == 4) {
        printf("%lld\n", run(measure, version, len, count));
        fflush(stdout);
    }
    return 0;
}
