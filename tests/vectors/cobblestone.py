"""Writes cobblestone-256.json with an implementation that shares nothing with cloze's: the Cobblestone-256 recipe of
pyca/cryptography 50 (pip install 'cryptography>=50').
Run it as: python3 tests/vectors/cobblestone.py > tests/vectors/cobblestone-256.json"""

import hashlib
import json

from cryptography.cobblestone import Cobblestone256Encryptor

CHUNK = 16 * 1024


def seal(key, context, plain):
    encryptor = Cobblestone256Encryptor(key, context)
    return encryptor.update(plain) + encryptor.finalize()


def vectors():
    lengths = [0, 1, 15, 16, 17, 32, 200, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 1, 1_000_003]
    for number, length in enumerate(lengths):
        key = hashlib.sha256(b"key %d" % number).digest()
        context = b"context" * number
        sealed = seal(key, context, bytes(index % 251 for index in range(length)))
        yield {
            "key": key.hex(),
            "context": context.hex(),
            "length": length,
            "salt": sealed[:24].hex(),
            "sealed": sealed.hex() if length <= 200 else None,
            "sha256": hashlib.sha256(sealed).hexdigest(),
        }


note = "byte i of the plaintext is i mod 251; sha256 is that of the sealed bytes"
print(json.dumps({"note": note, "vectors": list(vectors())}, indent=2))
