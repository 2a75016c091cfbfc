"""Stands in for potr.compatcrypto.pycrypto, which was written for PyCrypto: its successor
pycryptodome signs by another interface, wants other counters, and has two names. Only AES is taken
from it; hashes are Python's own, and DSA is a few lines of arithmetic.

For tests only: nothing here takes constant time.
"""

import hashlib
import hmac
import secrets

try:
    from Cryptodome.Cipher import AES
except ImportError:
    from Crypto.Cipher import AES

from potr.compatcrypto import common
from potr.utils import bytes_to_long, long_to_bytes, read_mpi


def SHA256(data):
    return hashlib.sha256(data).digest()


def SHA1(data):
    return hashlib.sha1(data).digest()


def SHA1HMAC(key, data):
    return hmac.new(key, data, hashlib.sha1).digest()


def SHA256HMAC(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


class Counter:
    """The upper half of a counter, which potr steps itself; every message begins at 0 below."""

    def __init__(self, prefix):
        self.prefix = prefix

    def inc(self):
        self.prefix += 1

    def byteprefix(self):
        return long_to_bytes(self.prefix, 8)


def AESCTR(key, counter=0):
    if not isinstance(counter, Counter):
        counter = Counter(counter)
    return AES.new(key, AES.MODE_CTR, nonce=counter.byteprefix(), initial_value=0)


def getrandbits(k):
    return secrets.randbits(k)


def randrange(start, stop):
    return start + secrets.randbelow(stop - start)


def is_prime(n):
    """Miller and Rabin's test, after a division by small primes."""
    if any(n % small == 0 for small in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(24):
        power = pow(randrange(2, n - 1), odd, n)
        if power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True


@common.registerkeytype
class DSAKey(common.PK):
    """A key with 1024-bit p and 160-bit q, as (y, g, p, q) and, if it is ours, x."""

    keyType = 0x0000

    def __init__(self, key, private=False):
        self.y, self.g, self.p, self.q = key[:4]
        self.x = key[4] if private else None

    def getPublicPayload(self):
        return (self.p, self.q, self.g, self.y)

    def getPrivatePayload(self):
        return (self.p, self.q, self.g, self.y, self.x)

    def fingerprint(self):
        return SHA1(self.getSerializedPublicPayload())

    def sign(self, data):
        nonce = randrange(1, self.q)
        r = pow(self.g, nonce, self.p) % self.q
        s = pow(nonce, -1, self.q) * (bytes_to_long(data) + self.x * r) % self.q
        return long_to_bytes(r, 20) + long_to_bytes(s, 20)

    def verify(self, data, sig):
        r, s = bytes_to_long(sig[:20]), bytes_to_long(sig[20:])
        if not (0 < r < self.q and 0 < s < self.q):
            return False
        inverse = pow(s, -1, self.q)
        ours = pow(self.g, bytes_to_long(data) * inverse % self.q, self.p)
        theirs = pow(self.y, r * inverse % self.q, self.p)
        return ours * theirs % self.p % self.q == r

    def __hash__(self):
        return bytes_to_long(self.fingerprint())

    def __eq__(self, other):
        return isinstance(other, DSAKey) and self.fingerprint() == other.fingerprint()

    @classmethod
    def generate(cls):
        q = getrandbits(160) | 1 << 159 | 1
        while not is_prime(q):
            q += 2
        p = 0
        while p.bit_length() != 1024 or not is_prime(p):
            candidate = getrandbits(1024) | 1 << 1023
            p = candidate - candidate % (2 * q) + 1
        g = pow(2, (p - 1) // q, p)
        x = randrange(1, q)
        return cls((pow(g, x, p), g, p, q, x), private=True)

    @classmethod
    def parsePayload(cls, data, private=False):
        values = []
        for _ in range(5 if private else 4):
            value, data = read_mpi(data)
            values.append(value)
        p, q, g, y = values[:4]
        return cls((y, g, p, q, *values[4:]), private=private), data
