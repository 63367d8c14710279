/* The keys of objects: each occurs once. */
#include "json.h"

#define FEW 8

uint32_t hash_of(String key) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < key.length; i++)
        hash = (hash ^ (unsigned char)key.bytes[i]) * 16777619u;
    return hash ^ hash >> 15;
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
