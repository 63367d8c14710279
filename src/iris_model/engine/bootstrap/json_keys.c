/* The keys of objects: each occurs once. */
#include "json.h"

#include <sys/auxv.h>

#define FEW 8

#define ROTATE(word, bits) ((word) << (bits) | (word) >> (64 - (bits)))

static void mix(uint64_t *v) {
    v[0] += v[1];
    v[1] = ROTATE(v[1], 13) ^ v[0];
    v[0] = ROTATE(v[0], 32);
    v[2] += v[3];
    v[3] = ROTATE(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = ROTATE(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = ROTATE(v[1], 17) ^ v[2];
    v[2] = ROTATE(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein 2012), as Python's `hash`: its secret differs for each process, so that nobody can send an
 * object whose keys all meet in one place. */
uint32_t hash_of(String key) {
    static uint64_t secret[2];
    static int known;
    uint64_t word;
    if (!known) {
        const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
        if (random != NULL)
            memcpy(secret, random, sizeof secret);
        known = 1;
    }
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du, secret[0] ^ 0x6c7967656e657261u,
                     secret[1] ^ 0x7465646279746573u};
    size_t whole = key.length / 8 * 8;
    for (size_t i = 0; i <= whole; i += 8) {
        word = 0;
        if (i < whole) {
            memcpy(&word, key.bytes + i, 8);
        } else {
            word = (uint64_t)key.length << 56;
            for (size_t j = i; j < key.length; j++)
                word |= (uint64_t)(unsigned char)key.bytes[j] << 8 * (j - i);
        }
        v[3] ^= word;
        mix(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    mix(v);
    mix(v);
    mix(v);
    word = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (uint32_t)(word ^ word >> 32);
}

/* Return the index of the same key among the first `count`, or `count`. */
static uint32_t find_few(const Json *object, uint32_t count, String key) {
    uint32_t i = 0;
    while (i < count && !is_same(object->members[i].key, key))
        i++;
    return i;
}

String join_repeated_keys(Json *object) {
    uint32_t size = 1, kept = 0;
    uint32_t *places = NULL;
    String repeated = NONE;
    if (object->count > FEW) {
        while (size < 2 * object->count)
            size *= 2;
        places = allocate(size, sizeof *places);
    }
    for (uint32_t i = 0; i < object->count; i++) {
        Member *member = &object->members[i];
        uint32_t before = kept, place = 0;
        if (places == NULL) {
            before = find_few(object, kept, member->key);
        } else {
            place = hash_of(member->key) & (size - 1);
            while (places[place] != 0 && !is_same(object->members[places[place] - 1].key, member->key))
                place = (place + 1) & (size - 1);
            before = places[place] != 0 ? places[place] - 1 : kept;
        }
        if (before == kept) {
            if (places != NULL)
                places[place] = kept + 1;
            object->members[kept++] = *member;
        } else {
            if (repeated.bytes == NULL)
                repeated = member->key;
            object->members[before].value = member->value;
        }
    }
    object->count = kept;
    return repeated;
}

int has_repeated_keys(const Json *object) {
    Json *copy = new_object(object->count);
    copy->count = object->count;
    if (object->count > 0)
        memcpy(copy->members, object->members, object->count * sizeof *copy->members);
    return join_repeated_keys(copy).bytes != NULL;
}
