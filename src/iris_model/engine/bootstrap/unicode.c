/* Letters: UTF-8, and the properties of letters that Python's `str` methods use. The tables are in unicode_tables.c. */
#include "unicode_tables.h"

uint32_t next_letter(const char **at) {
    const unsigned char *bytes = (const unsigned char *)*at;
    if (bytes[0] < 0x80) {
        *at += 1;
        return bytes[0];
    }
    if (bytes[0] < 0xe0) {
        *at += 2;
        return (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
    }
    if (bytes[0] < 0xf0) {
        *at += 3;
        return (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 | (bytes[2] & 0x3f);
    }
    *at += 4;
    return (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3f) << 12 | (uint32_t)(bytes[2] & 0x3f) << 6 |
           (bytes[3] & 0x3f);
}

void add_letter_of(Buffer *buffer, uint32_t letter) {
    if (letter < 0x80) {
        add_letter(buffer, (char)letter);
    } else if (letter < 0x800) {
        add_letter(buffer, (char)(0xc0 | letter >> 6));
        add_letter(buffer, (char)(0x80 | (letter & 0x3f)));
    } else if (letter < 0x10000) {
        add_letter(buffer, (char)(0xe0 | letter >> 12));
        add_letter(buffer, (char)(0x80 | (letter >> 6 & 0x3f)));
        add_letter(buffer, (char)(0x80 | (letter & 0x3f)));
    } else {
        add_letter(buffer, (char)(0xf0 | letter >> 18));
        add_letter(buffer, (char)(0x80 | (letter >> 12 & 0x3f)));
        add_letter(buffer, (char)(0x80 | (letter >> 6 & 0x3f)));
        add_letter(buffer, (char)(0x80 | (letter & 0x3f)));
    }
}

size_t count_letters(String string) {
    size_t count = 0;
    for (size_t i = 0; i < string.length; i++)
        count += ((unsigned char)string.bytes[i] & 0xc0) != 0x80;
    return count;
}

int is_ascii(String string) {
    for (size_t i = 0; i < string.length; i++)
        if ((unsigned char)string.bytes[i] >= 0x80)
            return 0;
    return 1;
}

int is_space(uint32_t letter) {
    return (letter >= 9 && letter <= 13) || (letter >= 0x1c && letter <= 0x20) || letter == 0x85 || letter == 0xa0 ||
           letter == 0x1680 || (letter >= 0x2000 && letter <= 0x200a) || letter == 0x2028 || letter == 0x2029 ||
           letter == 0x202f || letter == 0x205f || letter == 0x3000;
}

/* Whether the letter is in one of the ranges, which are pairs of first and last. */
static int is_in(const uint32_t *ranges, size_t count, uint32_t letter) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (letter < ranges[2 * middle])
            high = middle;
        else if (letter > ranges[2 * middle + 1])
            low = middle + 1;
        else
            return 1;
    }
    return 0;
}

int is_printable(uint32_t letter) {
    if (letter < 0x7f)
        return letter >= 0x20;
    return !is_in(NOT_PRINTABLE, NOT_PRINTABLE_COUNT, letter);
}

int digit_value(uint32_t letter) {
    for (size_t i = 0; i < DIGIT_ZEROS_COUNT; i++)
        if (letter >= DIGIT_ZEROS[i] && letter <= DIGIT_ZEROS[i] + 9)
            return (int)(letter - DIGIT_ZEROS[i]);
    return -1;
}

String strip(String string) {
    const char *start = string.bytes, *end = string.bytes + string.length;
    while (start < end) {
        const char *after = start;
        if (!is_space(next_letter(&after)))
            break;
        start = after;
    }
    while (end > start) {
        const char *last = end - 1;
        while (last > start && ((unsigned char)*last & 0xc0) == 0x80)
            last--;
        const char *after = last;
        if (!is_space(next_letter(&after)))
            break;
        end = last;
    }
    return (String){start, (size_t)(end - start)};
}

static uint32_t lower_letter(uint32_t letter) {
    if (letter < 0x80)
        return letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
    for (size_t i = 0; i < LOWER_COUNT; i++) {
        const LowerRange *range = &LOWER[i];
        if (letter < range->first)
            break;
        if (letter <= range->last && (letter - range->first) % range->step == 0)
            return (uint32_t)((int32_t)letter + range->difference);
    }
    return letter;
}

/* Whether a capital sigma is the last letter of a word: a cased letter before it and none after it, apart from letters that
 * are ignored for case. */
static int ends_word(const char *start, const char *sigma, const char *end) {
    const char *at = sigma;
    int cased = 0;
    while (at > start && !cased) {
        do
            at--;
        while (at > start && ((unsigned char)*at & 0xc0) == 0x80);
        const char *after = at;
        uint32_t letter = next_letter(&after);
        if (is_in(CASE_IGNORABLE, CASE_IGNORABLE_COUNT, letter))
            continue;
        if (!is_in(CASED, CASED_COUNT, letter))
            return 0;
        cased = 1;
    }
    if (!cased)
        return 0;
    for (at = sigma + 2; at < end;) {
        uint32_t letter = next_letter(&at);
        if (!is_in(CASE_IGNORABLE, CASE_IGNORABLE_COUNT, letter))
            return !is_in(CASED, CASED_COUNT, letter);
    }
    return 1;
}

String lower(String string) {
    Buffer made = {0};
    const char *end = string.bytes + string.length;
    for (const char *at = string.bytes; at < end;) {
        const char *start = at;
        uint32_t letter = next_letter(&at);
        if (letter == 0x130) { /* the one letter whose lower case is two letters */
            add_letter(&made, 'i');
            add_letter_of(&made, 0x307);
        } else if (letter == 0x3a3) {
            add_letter_of(&made, ends_word(string.bytes, start, end) ? 0x3c2 : 0x3c3);
        } else {
            add_letter_of(&made, lower_letter(letter));
        }
    }
    return view(&made);
}

static int is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

int is_utf8(String bytes, size_t *start, size_t *end, const char **reason) {
    const unsigned char *text = (const unsigned char *)bytes.bytes;
    size_t i = 0, length = bytes.length;
    while (i < length) {
        unsigned char first = text[i];
        if (first < 0x80) {
            i++;
            continue;
        }
        size_t need = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0, have = 1;
        *start = i;
        if (need == 0) {
            *end = i + 1;
            *reason = "invalid start byte";
            return 0;
        }
        for (; have < need && i + have < length; have++) {
            unsigned char byte = text[i + have];
            int good = is_continuation(byte);
            if (have == 1)
                good = good && !(first == 0xe0 && byte < 0xa0) && !(first == 0xed && byte >= 0xa0) &&
                       !(first == 0xf0 && byte < 0x90) && !(first == 0xf4 && byte >= 0x90);
            if (!good) {
                *end = i + have;
                *reason = "invalid continuation byte";
                return 0;
            }
        }
        if (have < need) {
            *end = length;
            *reason = "unexpected end of data";
            return 0;
        }
        i += need;
    }
    return 1;
}
