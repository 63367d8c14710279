"""CityHash64, version 1.0 (Geoff Pike, Jyrki Alakuijala; Google 2011), as CatBoost uses it for categories.

All arithmetic is modulo 2**64. The functions have the names and the steps of the published algorithm.
"""

from struct import unpack_from

MASK = 0xFFFFFFFFFFFFFFFF
K0, K1, K2, K3 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F, 0xC949D7C7509E6557
MULTIPLIER = 0x9DDFEA08EB382D69
LONG = 64


def city_hash_64(data: bytes) -> int:
    """Return the hash of `data`, below 2**64."""
    length = len(data)
    if length <= 16:
        return _up_to_16(data, length)
    if length <= 32:
        return _up_to_32(data, length)
    return _up_to_64(data, length) if length <= LONG else _beyond_64(data, length)


def _word(data: bytes, place: int) -> int:
    found: int = unpack_from("<Q", data, place)[0]
    return found


def _rotate(value: int, shift: int) -> int:
    value &= MASK
    return (value >> shift | value << (64 - shift)) & MASK


def _shift_mix(value: int) -> int:
    value &= MASK
    return value ^ value >> 47


def _join(low: int, high: int) -> int:
    """Hash two words into one."""
    high &= MASK
    first = _shift_mix((low & MASK ^ high) * MULTIPLIER)
    return _shift_mix((high ^ first) * MULTIPLIER) * MULTIPLIER & MASK


def _up_to_16(data: bytes, length: int) -> int:
    if length > 8:
        last = _word(data, length - 8)
        return _join(_word(data, 0), _rotate(last + length, length)) ^ last
    if length >= 4:
        first, last = unpack_from("<I", data)[0], unpack_from("<I", data, length - 4)[0]
        return _join(length + (first << 3), last)
    if length:
        first = data[0] + (data[length >> 1] << 8)
        last = length + (data[-1] << 2)
        return _shift_mix(first * K2 ^ last * K3) * K2 & MASK
    return K2


def _up_to_32(data: bytes, length: int) -> int:
    a, b = _word(data, 0) * K1, _word(data, 8)
    c, d = _word(data, length - 8) * K2, _word(data, length - 16) * K0
    return _join(_rotate(a - b, 43) + _rotate(c, 30) + d, a + _rotate(b ^ K3, 20) - c + length)


def _half(first: int, second: int, third: int, last: int) -> "tuple[int, int]":
    """Hash 32 bytes: `first` has what was added to their first word."""
    b, c = _rotate(first + last, 52), _rotate(first, 37)
    a = first + second
    c += _rotate(a, 7)
    a += third
    return a + last, b + _rotate(a, 31) + c


def _up_to_64(data: bytes, length: int) -> int:
    third = _word(data, 16)
    start = _word(data, 0) + (length + _word(data, length - 16)) * K0
    v, w = _half(start, _word(data, 8), third, _word(data, 24))
    start = third + _word(data, length - 32)
    x, y = _half(start, _word(data, length - 24), _word(data, length - 16), _word(data, length - 8))
    mixed = _shift_mix((v + y) * K2 + (x + w) * K0)
    return _shift_mix(mixed * K0 + w) * K2 & MASK


def _weak(data: bytes, place: int, a: int, b: int) -> "tuple[int, int]":
    """Hash 32 bytes with two seeds."""
    first, second, third, last = unpack_from("<4Q", data, place)
    a += first
    b = _rotate(b + a + last, 21)
    start = a
    a += second + third
    return a + last & MASK, b + _rotate(a, 44) + start & MASK


def _beyond_64(data: bytes, length: int) -> int:
    x, y, z = _word(data, 0), _word(data, length - 16) ^ K1, _word(data, length - 56) ^ K0
    v0, v1 = _weak(data, length - 64, length, y)
    w0, w1 = _weak(data, length - 32, length * K1, K0)
    z += _shift_mix(v1) * K1
    x = _rotate(z + x, 39) * K1
    y = _rotate(y, 33) * K1
    for place in range(0, (length - 1) & ~63, 64):
        x = _rotate(x + y + v0 + _word(data, place + 16), 37) * K1 ^ w1
        y = _rotate(y + v1 + _word(data, place + 48), 42) * K1 ^ v0
        z = _rotate(z ^ w0, 33)
        v0, v1 = _weak(data, place, v1 * K1, x + w0)
        w0, w1 = _weak(data, place + 32, z + w1, y)
        z, x = x, z
    return _join(_join(v0, w0) + _shift_mix(y) * K1 + z, _join(v1, w1) + x)
