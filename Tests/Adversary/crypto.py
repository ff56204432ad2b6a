"""Keys, signatures and AEAD over the system's libsodium and libcrypto, which Causeway needs too: nothing is installed for this."""
import ctypes
import hashlib
import os
from ctypes import byref, c_char_p, c_size_t, c_ulonglong, c_void_p, create_string_buffer

import wire


def _library(*names):
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise OSError(f"none of {names} is installed")


sodium = _library("libsodium.so.23", "libsodium.so.26", "libsodium.so", "libsodium.dylib")
openssl = _library("libcrypto.so.3", "libcrypto.so", "libcrypto.dylib")
sodium.sodium_init()
openssl.EVP_PKEY_Q_keygen.restype = openssl.EVP_MD_CTX_new.restype = openssl.EVP_sha256.restype = c_void_p
openssl.EVP_MD_CTX_free.argtypes = [c_void_p]
openssl.EVP_DigestSignInit.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]
openssl.EVP_DigestSign.argtypes = [c_void_p, c_char_p, c_void_p, c_char_p, c_size_t]
openssl.i2d_PUBKEY.argtypes = [c_void_p, c_void_p]

RSA, ED25519, SECP256K1, ECDSA = range(4)
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def seal(key, nonce, data, associated=b""):
    out, count = create_string_buffer(len(data) + 16), c_ulonglong()
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        out, byref(count), data, c_ulonglong(len(data)), associated, c_ulonglong(len(associated)), None, _nonce(nonce), key)
    return out.raw


def unseal(key, nonce, data, associated=b""):
    if len(data) < 16:
        raise wire.WireError("a message without a tag")
    out, count = create_string_buffer(max(1, len(data) - 16)), c_ulonglong()
    if sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
            out, byref(count), None, data, c_ulonglong(len(data)), associated, c_ulonglong(len(associated)), _nonce(nonce), key):
        raise wire.WireError("a message that was not sealed for us")
    return out.raw[:len(data) - 16]


def _nonce(number):
    return b"\0\0\0\0" + number.to_bytes(8, "little")


def exchange_key():
    """A fresh X25519 key: secret, public."""
    secret, public = os.urandom(32), create_string_buffer(32)
    sodium.crypto_scalarmult_base(public, secret)
    return secret, public.raw


def exchange(secret, public):
    shared = create_string_buffer(32)
    sodium.crypto_scalarmult(shared, secret, public)
    return shared.raw


class Identity:
    """A peer's key; Ed25519 unless another `kind` is asked for."""

    def __init__(self, kind=ED25519, bits=2048):
        self.kind = kind
        if kind == ED25519:
            public, self._secret = create_string_buffer(32), create_string_buffer(64)
            sodium.crypto_sign_keypair(public, self._secret)
            raw = public.raw
        else:
            self._secret = c_void_p(self._generate(bits))
            raw = self._public()
        self.protobuf = wire.message((1, kind), (2, raw))
        inlined = len(self.protobuf) <= 42
        self.peer = (b"\x00" + bytes([len(self.protobuf)]) + self.protobuf if inlined
                     else b"\x12\x20" + hashlib.sha256(self.protobuf).digest())
        self.inlined = inlined

    def _generate(self, bits):
        if self.kind == RSA:
            return openssl.EVP_PKEY_Q_keygen(None, None, b"RSA", c_size_t(bits))
        return openssl.EVP_PKEY_Q_keygen(None, None, b"EC", b"secp256k1" if self.kind == SECP256K1 else b"P-256")

    def _public(self):
        count = openssl.i2d_PUBKEY(self._secret, None)
        out = create_string_buffer(count)
        openssl.i2d_PUBKEY(self._secret, byref(ctypes.cast(out, c_void_p)))
        if self.kind != SECP256K1:
            return out.raw
        point = out.raw[-65:]
        return bytes([2 + point[64] % 2]) + point[1:33]

    def sign(self, data):
        if self.kind == ED25519:
            out = create_string_buffer(64)
            sodium.crypto_sign_detached(out, None, data, c_ulonglong(len(data)), self._secret)
            return out.raw
        context = openssl.EVP_MD_CTX_new()
        openssl.EVP_DigestSignInit(context, None, openssl.EVP_sha256(), None, self._secret)
        out, count = create_string_buffer(2048), c_size_t(2048)
        openssl.EVP_DigestSign(context, out, byref(count), data, len(data))
        openssl.EVP_MD_CTX_free(context)
        signature = out.raw[:count.value]
        return _with_low_s(signature) if self.kind == SECP256K1 else signature


def _with_low_s(signature):
    r_end = 4 + signature[3]
    s = int.from_bytes(signature[r_end + 2:], "big")
    if s > SECP256K1_ORDER // 2:
        s = SECP256K1_ORDER - s
    s = s.to_bytes((s.bit_length() + 8) // 8, "big")
    body = signature[2:r_end] + b"\x02" + bytes([len(s)]) + s
    return b"\x30" + bytes([len(body)]) + body
