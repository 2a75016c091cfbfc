/* libotr's side of the tests of key files.
 *
 *     key_file generate FILE NAME PROTOCOL    adds an account with a fresh key
 *     key_file show FILE                      a line for each account, all in hexadecimal digits:
 *                                             fingerprint, signature, name, protocol
 *     key_file held FILE                      a line for each account that is held after reading,
 *                                             whatever came of it: fingerprint, name, protocol; the
 *                                             names follow an =, since they may be empty
 *
 * What is signed are the 32 bytes 0, 1, .. 31.
 */

#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/privkey.h>

static void put_hex(const void *bytes, size_t len, char end)
{
    const unsigned char *at = bytes;
    for (size_t ix = 0; ix < len; ix++) {
        printf("%02x", at[ix]);
    }
    putchar(end);
}

static int show(OtrlUserState state)
{
    unsigned char message[32];
    for (unsigned ix = 0; ix < sizeof message; ix++) {
        message[ix] = (unsigned char)ix;
    }
    for (OtrlPrivKey *key = state->privkey_root; key; key = key->next) {
        unsigned char fingerprint[20];
        unsigned char *signature = NULL;
        size_t len = 0;
        if (!otrl_privkey_fingerprint_raw(state, fingerprint, key->accountname, key->protocol)
            || otrl_privkey_sign(&signature, &len, key, message, sizeof message)) {
            return 1;
        }
        put_hex(fingerprint, sizeof fingerprint, ' ');
        put_hex(signature, len, ' ');
        put_hex(key->accountname, strlen(key->accountname), ' ');
        put_hex(key->protocol, strlen(key->protocol), '\n');
        free(signature);
    }
    return 0;
}

static void held(OtrlUserState state)
{
    for (OtrlPrivKey *key = state->privkey_root; key; key = key->next) {
        unsigned char fingerprint[20] = { 0 };
        otrl_privkey_fingerprint_raw(state, fingerprint, key->accountname, key->protocol);
        put_hex(fingerprint, sizeof fingerprint, ' ');
        putchar('=');
        put_hex(key->accountname, strlen(key->accountname), ' ');
        putchar('=');
        put_hex(key->protocol, strlen(key->protocol), '\n');
    }
}

int main(int argc, char **argv)
{
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);
    OTRL_INIT;
    OtrlUserState state = otrl_userstate_create();
    gcry_error_t error = GPG_ERR_NO_ERROR;
    if (argc == 5 && strcmp(argv[1], "generate") == 0) {
        /* There may be no file yet. */
        otrl_privkey_read(state, argv[2]);
        error = otrl_privkey_generate(state, argv[2], argv[3], argv[4]);
    } else if (argc == 3 && strcmp(argv[1], "show") == 0) {
        error = otrl_privkey_read(state, argv[2]);
        if (!error && show(state)) {
            error = GPG_ERR_BAD_SIGNATURE;
        }
    } else if (argc == 3 && strcmp(argv[1], "held") == 0) {
        otrl_privkey_read(state, argv[2]);
        held(state);
    } else {
        fputs("usage: key_file generate FILE NAME PROTOCOL | show FILE | held FILE\n", stderr);
        return 2;
    }
    if (error) {
        fprintf(stderr, "key_file: %s\n", gcry_strerror(error));
    }
    otrl_userstate_free(state);
    return error ? 1 : 0;
}
