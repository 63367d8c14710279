/* Compress text as gzip (RFC 1951, RFC 1952): one block with its own codes; matches are found by a hash of three bytes. */
#include "request.h"

#define WINDOW 32768u
#define HASHES 32768u
#define LONGEST 258
#define SHORTEST 3
#define MOST_TRIES 16
#define LITERALS 286
#define DISTANCES 30
#define MOST_BITS 15

/* A literal (distance 0), or a match. */
typedef struct {
    uint16_t length, distance;
} Token;

typedef struct {
    Buffer out;
    uint32_t bits;
    int count;
} Writer;

static void put_bits(Writer *writer, uint32_t value, int count) {
    writer->bits |= value << writer->count;
    writer->count += count;
    while (writer->count >= 8) {
        add_letter(&writer->out, (char)(writer->bits & 0xff));
        writer->bits >>= 8;
        writer->count -= 8;
    }
}

/* The symbol of a length or a distance, its extra bits and their value. */
static int length_symbol(unsigned length, int *bits, uint32_t *extra) {
    unsigned from = length - SHORTEST;
    *bits = 0;
    *extra = 0;
    if (length == LONGEST)
        return 285;
    while ((from >> *bits) >= 8)
        ++*bits;
    *extra = from & ((1u << *bits) - 1);
    return 257 + 4 * *bits + (int)(from >> *bits);
}

static int distance_symbol(unsigned distance, int *bits, uint32_t *extra) {
    unsigned from = distance - 1;
    *bits = 0;
    *extra = 0;
    if (from < 4)
        return (int)from;
    while ((from >> *bits) >= 4)
        ++*bits;
    *extra = from & ((1u << *bits) - 1);
    return 2 * *bits + (int)(from >> *bits);
}

static uint32_t hash_at(const unsigned char *at) {
    return ((uint32_t)at[0] << 10 ^ (uint32_t)at[1] << 5 ^ at[2]) & (HASHES - 1);
}

static size_t find_tokens(const unsigned char *text, size_t length, Token *tokens) {
    int32_t *heads = allocate(HASHES, sizeof *heads), *before = allocate(WINDOW, sizeof *before);
    size_t count = 0;
    for (size_t i = 0; i < HASHES; i++)
        heads[i] = -1;
    for (size_t i = 0; i < length;) {
        size_t best = 0, far = 0, room = length - i < LONGEST ? length - i : LONGEST;
        if (room >= SHORTEST) {
            int32_t at = heads[hash_at(text + i)];
            for (int tries = 0; at >= 0 && i - (size_t)at < WINDOW && tries < MOST_TRIES; tries++) {
                size_t same = 0;
                while (same < room && text[(size_t)at + same] == text[i + same])
                    same++;
                if (same > best) {
                    best = same;
                    far = i - (size_t)at;
                }
                int32_t older = before[(size_t)at % WINDOW];
                if (older >= at)
                    break;
                at = older;
            }
        }
        size_t step = best >= SHORTEST ? best : 1;
        tokens[count].length = best >= SHORTEST ? (uint16_t)best : text[i];
        tokens[count++].distance = best >= SHORTEST ? (uint16_t)far : 0;
        for (; step > 0; step--, i++)
            if (length - i >= SHORTEST) {
                uint32_t hash = hash_at(text + i);
                before[i % WINDOW] = heads[hash];
                heads[hash] = (int32_t)i;
            }
    }
    return count;
}

/* Find code lengths of at most `most` bits: Huffman's, with counts halved until they fit. */
static void find_lengths(const uint32_t *counts, unsigned symbols, int most, unsigned char *lengths) {
    uint32_t weights[2 * LITERALS], scaled[LITERALS];
    int parents[2 * LITERALS], longest;
    memcpy(scaled, counts, symbols * sizeof *scaled);
    do {
        int nodes = 0, leaves[LITERALS], open[2 * LITERALS], opened = 0;
        for (unsigned i = 0; i < symbols; i++)
            if (scaled[i] > 0) {
                leaves[nodes] = (int)i;
                weights[nodes] = scaled[i];
                open[opened++] = nodes++;
            }
        memset(lengths, 0, symbols);
        int leaf_count = nodes;
        while (opened > 1) {
            int pair[2];
            for (int k = 0; k < 2; k++) {
                int least = 0;
                for (int i = 1; i < opened; i++)
                    if (weights[open[i]] < weights[open[least]])
                        least = i;
                pair[k] = open[least];
                open[least] = open[--opened];
            }
            weights[nodes] = weights[pair[0]] + weights[pair[1]];
            parents[pair[0]] = parents[pair[1]] = nodes;
            open[opened++] = nodes++;
        }
        longest = 0;
        for (int i = 0; i < leaf_count; i++) {
            int depth = 0;
            for (int node = i; node != nodes - 1; node = parents[node])
                depth++;
            lengths[leaves[i]] = (unsigned char)(depth == 0 ? 1 : depth);
            longest = depth > longest ? depth : longest;
        }
        for (unsigned i = 0; i < symbols; i++)
            scaled[i] = scaled[i] > 0 ? scaled[i] / 2 + 1 : 0;
    } while (longest > most);
}

/* The codes of these lengths, with their bits reversed. */
static void find_codes(const unsigned char *lengths, int symbols, uint16_t *codes) {
    uint32_t code = 0;
    for (int length = 1; length <= MOST_BITS; length++, code <<= 1)
        for (int i = 0; i < symbols; i++)
            if (lengths[i] == length) {
                uint32_t reversed = 0;
                for (int bit = 0; bit < length; bit++)
                    reversed |= (code >> bit & 1) << (length - 1 - bit);
                codes[i] = (uint16_t)reversed;
                code++;
            }
}

static void put_lengths(Writer *writer, const unsigned char *lengths, int total) {
    static const unsigned char ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned char own[19] = {0};
    uint16_t codes[19] = {0};
    uint32_t counts[19] = {0};
    for (int i = 0; i < total; i++)
        counts[lengths[i]]++;
    find_lengths(counts, 19, 7, own);
    /* A code with one symbol would be incomplete. */
    int used = 0;
    for (int i = 0; i < 19; i++)
        used += own[i] != 0;
    if (used == 1)
        own[own[0] != 0 ? 1 : 0] = 1;
    find_codes(own, 19, codes);
    put_bits(writer, 15, 4);
    for (int i = 0; i < 19; i++)
        put_bits(writer, own[ORDER[i]], 3);
    for (int i = 0; i < total; i++)
        put_bits(writer, codes[lengths[i]], own[lengths[i]]);
}

static void put_block(Writer *writer, const Token *tokens, size_t count) {
    uint32_t literal_counts[LITERALS] = {0}, distance_counts[DISTANCES] = {0}, extra;
    unsigned char lengths[LITERALS + DISTANCES];
    uint16_t literals[LITERALS] = {0}, distances[DISTANCES] = {0};
    int bits;
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].distance == 0) {
            literal_counts[tokens[i].length]++;
            continue;
        }
        literal_counts[length_symbol(tokens[i].length, &bits, &extra)]++;
        distance_counts[distance_symbol(tokens[i].distance, &bits, &extra)]++;
    }
    literal_counts[256] = 1;
    find_lengths(literal_counts, LITERALS, MOST_BITS, lengths);
    find_lengths(distance_counts, DISTANCES, MOST_BITS, lengths + LITERALS);
    find_codes(lengths, LITERALS, literals);
    find_codes(lengths + LITERALS, DISTANCES, distances);
    put_bits(writer, 5, 3); /* the last block, with its own codes */
    put_bits(writer, LITERALS - 257, 5);
    put_bits(writer, DISTANCES - 1, 5);
    put_lengths(writer, lengths, LITERALS + DISTANCES);
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].distance == 0) {
            put_bits(writer, literals[tokens[i].length], lengths[tokens[i].length]);
            continue;
        }
        int symbol = length_symbol(tokens[i].length, &bits, &extra);
        put_bits(writer, literals[symbol], lengths[symbol]);
        put_bits(writer, extra, bits);
        symbol = distance_symbol(tokens[i].distance, &bits, &extra);
        put_bits(writer, distances[symbol], lengths[LITERALS + symbol]);
        put_bits(writer, extra, bits);
    }
    put_bits(writer, literals[256], lengths[256]);
    if (writer->count > 0)
        put_bits(writer, 0, 8 - writer->count);
}

static void put_word(Writer *writer, uint32_t word) {
    for (int i = 0; i < 4; i++)
        add_letter(&writer->out, (char)(word >> (8 * i) & 0xff));
}

String pack_gzip(String text) {
    static const char head[10] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    Writer writer = {0};
    Token *tokens = allocate(text.length + 1, sizeof *tokens);
    add_bytes(&writer.out, head, sizeof head);
    put_block(&writer, tokens, find_tokens((const unsigned char *)text.bytes, text.length, tokens));
    put_word(&writer, checksum(0, (const unsigned char *)text.bytes, text.length));
    put_word(&writer, (uint32_t)text.length);
    return view(&writer.out);
}
