"""A chat client in small, on potr 1.0.2: another side of the interoperation tests.

    potr_peer.py --versions 2 --key FILE

It reads one JSON object per line on stdin and writes JSON objects, one per line, on stdout. After
the lines that a command causes comes {"done":true}. EOF or the command "quit" ends it.

Commands: recv{msg} send{text} query{} smp{secret,question} smp_answer{secret} smp_abort{} end{}
          mtu{bytes} policy{versions,require_encryption,send_whitespace_tag,whitespace_start_ake,
          error_start_ake} status{} quit{} later{seconds}: for the clock, it is later by so much
Output:   {"out":MESSAGE} for the network, and {"event":NAME,..}

What potr leaves to its host is done here: whether a whitespace tag or an error message starts a
key exchange, and telling what became of SMP. Its faults are left alone.
"""

import importlib.abc
import importlib.util
import json
import logging
import os
import sys


class Replace(importlib.abc.MetaPathFinder):
    """Has potr find our potr_crypto.py where it looks for its own use of PyCrypto."""

    def find_spec(self, name, _path, _target=None):
        if name != "potr.compatcrypto.pycrypto":
            return None
        ours = os.path.join(os.path.dirname(os.path.abspath(__file__)), "potr_crypto.py")
        return importlib.util.spec_from_file_location(name, ours)


sys.dont_write_bytecode = True
sys.meta_path.insert(0, Replace())
logging.disable(logging.CRITICAL)

from potr import context, crypt, proto  # noqa: E402 (the finder comes first)
from potr.compatcrypto import PK  # noqa: E402

STATES = {
    context.STATE_PLAINTEXT: "plaintext",
    context.STATE_ENCRYPTED: "encrypted",
    context.STATE_FINISHED: "finished",
}
# Waiting for a secret of ours, in potr's SMPHandler.
SMP_ASKED = 0
POLICY = {
    "require_encryption": "REQUIRE_ENCRYPTION",
    "send_whitespace_tag": "SEND_TAG",
    "whitespace_start_ake": "WHITESPACE_START_AKE",
    "error_start_ake": "ERROR_START_AKE",
}


def put(**line):
    sys.stdout.write(json.dumps(line) + "\n")


def put_out(message):
    if message:
        put(out=text_of(message))


def put_error(code, detail=""):
    put(event="error", code=code, detail=str(detail))


def text_of(data):
    return data.decode("utf-8", "replace")


class Context(context.Context):
    """The conversation with the peer."""

    is_data = False

    def getPolicy(self, key):
        return self.policy.get(key, False)

    def inject(self, msg, appdata=None):
        put_out(msg)

    def _wentEncrypted(self):
        was_private = self.state == context.STATE_ENCRYPTED
        super()._wentEncrypted()
        put(
            event="still_secure" if was_private else "encrypted",
            fingerprint=self.crypto.theirPubkey.cfingerprint(),
            session_id=self.crypto.sessionId.hex(),
            version=2,
        )

    def handleQuery(self, message, appdata=None):
        is_tag = isinstance(message, proto.TaggedPlaintext)
        if not is_tag or self.getPolicy("WHITESPACE_START_AKE"):
            super().handleQuery(message, appdata)

    def processTLVs(self, tlvs, appdata=None):
        # Only data messages come here.
        self.is_data = True
        for tlv in tlvs:
            super().processTLVs([tlv], appdata)
            if isinstance(tlv, proto.DisconnectTLV):
                put(event="finished")
            elif isinstance(tlv, proto.SMPABORTTLV):
                put(event="smp_aborted")
            elif isinstance(tlv, proto.SMPTLV):
                self.tell_smp(tlv)

    def tell_smp(self, tlv):
        smp = self.crypto.smp
        if smp.prog == crypt.SMPPROG_CHEATED:
            put_error("smp_cheated")
        elif smp.prog in (crypt.SMPPROG_SUCCEEDED, crypt.SMPPROG_FAILED):
            put(event="smp_result", ok=smp.prog == crypt.SMPPROG_SUCCEEDED)
        elif smp.state == SMP_ASKED:
            question = text_of(tlv.msg) if isinstance(tlv, proto.SMP1QTLV) else None
            put(event="smp_request", question=question)


class Account(context.Account):
    """Our side. Its key is kept in a file."""

    contextclass = Context

    def __init__(self, key_file):
        super().__init__("me", "test", 0)
        self.key_file = key_file

    def loadPrivkey(self):
        if not self.key_file or not os.path.exists(self.key_file):
            return None
        with open(self.key_file, "rb") as file:
            return PK.parsePrivateKey(file.read())[0]

    def savePrivkey(self):
        if self.key_file:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(self.key_file, flags, 0o600), "wb") as file:
                file.write(self.privkey.serializePrivateKey())

    def saveTrusts(self):
        pass


class Peer:
    def __init__(self, versions, key_file):
        self.account = Account(key_file)
        self.chat = self.account.getContext("you")
        self.set_versions(versions)

    def set_versions(self, versions):
        self.chat.policy["ALLOW_V2"] = "2" in versions

    def query(self):
        put_out(self.account.getDefaultQueryMessage(self.chat.getPolicy))

    def recv(self, msg):
        self.chat.is_data = False
        try:
            text, _tlvs = self.chat.receiveMessage(msg.encode())
        except context.NotOTRMessage as plain:
            put(event="plaintext", text=text_of(plain.args[0]), encrypted=False)
        except context.UnencryptedMessage as plain:
            put(event="unencrypted_warning", text=text_of(plain.args[0]))
        except context.ErrorReceived as error:
            put_error("peer_error", text_of(error.args[0].error))
            if self.chat.getPolicy("ERROR_START_AKE"):
                self.query()
        except context.NotEncryptedError:
            put_error("not_in_private")
        except crypt.InvalidParameterError:
            put_error("unreadable")
        else:
            if text:
                put(event="plaintext", text=text_of(text), encrypted=True)
            elif self.chat.is_data:
                put(event="heartbeat")

    def send(self, text):
        policy = context.FRAGMENT_SEND_ALL_BUT_LAST
        try:
            put_out(self.chat.sendMessage(policy, text.encode()))
        except context.NotEncryptedError:
            put_error("finished")

    def smp(self, secret, question=None):
        question = question if question is None else question.encode()
        self.chat.smpInit(secret.encode(), question=question)

    def smp_answer(self, secret):
        smp = self.chat.crypto.smp
        if smp is None or smp.state != SMP_ASKED:
            put_error("smp_error", "not asked")
        else:
            self.chat.smpGotSecret(secret.encode())

    def smp_abort(self):
        self.chat.smpAbort()
        put(event="smp_aborted")

    def end(self):
        self.chat.disconnect()
        put(event="ended")

    def mtu(self, bytes):
        self.account.maxMessageSize = bytes

    def policy(self, versions=None, **flags):
        if versions is not None:
            self.set_versions("".join(map(str, versions)))
        for name, value in flags.items():
            self.chat.policy[POLICY[name]] = value

    def later(self, seconds):
        now = context.time
        context.time = lambda: now() + seconds

    def status(self):
        put(event="status", state=STATES[self.chat.state])

    def run(self, cmd, **fields):
        commands = (
            self.recv, self.send, self.query, self.smp, self.smp_answer, self.smp_abort,
            self.end, self.mtu, self.policy, self.status, self.later,
        )
        command = {command.__name__: command for command in commands}[cmd]
        is_private = self.chat.state == context.STATE_ENCRYPTED
        if cmd.startswith("smp") and not is_private:
            put_error("not_in_private", cmd)
        else:
            command(**fields)


def main():
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    peer = Peer(options.get("--versions", "2"), options.get("--key"))
    caps = ["v2", "whitespace", "mtu", "smp_abort"]
    fingerprint = peer.account.getPrivkey().cfingerprint()
    put(event="ready", engine="potr 1.0.2", fingerprint=fingerprint, caps=caps)
    sys.stdout.flush()
    for line in sys.stdin:
        try:
            command = json.loads(line)
            if command.get("cmd") == "quit":
                break
            peer.run(**command)
        except Exception as error:  # whatever potr throws is told
            put_error("exception", repr(error))
        put(done=True)
        sys.stdout.flush()


# Both ends of the pipes are UTF-8, whatever the locale says.
sys.stdin.reconfigure(encoding="utf-8")
sys.stdout.reconfigure(encoding="utf-8")
main()
