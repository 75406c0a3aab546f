"""Reads ini files with configparser and libpq's connection strings with libpq itself.

A line of input is `ini BASE64` or `libpq BASE64`; its answer is a line of `KEY=BASE64` words, sorted by key, or `!` where the reader refuses
the text, or `?` where libpq is not there.
"""

import base64
import configparser
import ctypes
import ctypes.util
import sys


class Option(ctypes.Structure):
    """`PQconninfoOption` of libpq-fe.h."""

    _fields_ = [(name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")] + [("dispsize", ctypes.c_int)]


def libpq():
    name = ctypes.util.find_library("pq") or "libpq.so.5"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    library.PQconninfoParse.restype = ctypes.POINTER(Option)
    library.PQconninfoParse.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
    return library


LIBPQ = libpq()


def read(kind, text):
    if kind == "libpq":
        options = LIBPQ.PQconninfoParse(text, None)
        if not options:
            return None
        found = {}
        while options[0].keyword is not None:
            option = options[0]
            if option.val is not None:
                found[option.keyword.decode()] = option.val
            options = ctypes.cast(ctypes.addressof(option) + ctypes.sizeof(Option), ctypes.POINTER(Option))
        return found
    parser = configparser.ConfigParser()
    parser.optionxform = str
    try:
        parser.read_string(text.decode())
        return {key: value.encode() for section in parser.sections() for key, value in parser.items(section)}
    except (configparser.Error, ValueError):
        return None


for line in sys.stdin:
    kind, encoded = line.rstrip("\n").split(" ")
    if kind == "libpq" and LIBPQ is None:
        print("?")
        continue
    found = read(kind, base64.b64decode(encoded))
    print("!" if found is None else " ".join(f"{key}={base64.b64encode(found[key]).decode()}" for key in sorted(found)))
