/* Base64, strict as Python's `a2b_base64(strict_mode=True)` after white space is removed. */
#include "request.h"

static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char letter) {
    const char *place = letter != '\0' ? strchr(LETTERS, letter) : NULL;
    return place != NULL ? (int)(place - LETTERS) : -1;
}

static _Noreturn void refuse_base64(void) {
    refuse(LITERAL("the body is marked as base64 but is not; send base64, or set isBase64Encoded to false"), -1, NONE,
           LITERAL("base64"), "malformed");
}

String decode_base64(String text) {
    Buffer made = {0};
    const char *end = text.bytes + text.length;
    uint32_t bits = 0;
    size_t count = 0, padding = 0;
    reserve(&made, text.length / 4 * 3 + 3);
    for (const char *at = text.bytes; at < end;) {
        uint32_t letter = next_letter(&at);
        if (is_space(letter))
            continue;
        int value = letter < 0x80 ? value_of((char)letter) : -1;
        if (letter == '=' && count % 4 >= 2 && padding < 4 - count % 4) {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0)
            refuse_base64();
        bits = bits << 6 | (uint32_t)value;
        if (++count % 4 == 0)
            for (int shift = 16; shift >= 0; shift -= 8)
                add_letter(&made, (char)(bits >> shift & 0xff));
    }
    if (count % 4 == 0 ? padding != 0 : count % 4 == 1 || padding != 4 - count % 4)
        refuse_base64();
    if (count % 4 >= 2)
        add_letter(&made, (char)(bits >> (count % 4 == 2 ? 4 : 10) & 0xff));
    if (count % 4 == 3)
        add_letter(&made, (char)(bits >> 2 & 0xff));
    return view(&made);
}

String encode_base64(String bytes) {
    Buffer made = {0};
    const unsigned char *at = (const unsigned char *)bytes.bytes;
    reserve(&made, (bytes.length + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        uint32_t bits = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0);
        add_letter(&made, LETTERS[bits >> 18 & 63]);
        add_letter(&made, LETTERS[bits >> 12 & 63]);
        add_letter(&made, left > 1 ? LETTERS[bits >> 6 & 63] : '=');
        add_letter(&made, left > 2 ? LETTERS[bits & 63] : '=');
    }
    return view(&made);
}
