/* Decompress gzip (RFC 1951, RFC 1952), at most a given number of bytes. */
#include "request.h"

#define MOST_BITS 15

typedef struct {
    const unsigned char *at, *end;
    uint32_t bits;
    int count;
    size_t most;
    Buffer *out;
    int status;
} Stream;

/* Codes by length, in the order of the symbols. */
typedef struct {
    uint16_t counts[MOST_BITS + 1], symbols[288];
} Codes;

/* Return the next bits, or -1 and set the status at the end of the input. */
static int take_bits(Stream *stream, int count) {
    while (stream->count < count) {
        if (stream->at == stream->end) {
            stream->status = ENDS_EARLY;
            return -1;
        }
        stream->bits |= (uint32_t)*stream->at++ << stream->count;
        stream->count += 8;
    }
    int value = (int)(stream->bits & ((1u << count) - 1));
    stream->bits >>= count;
    stream->count -= count;
    return value;
}

static int refuse_stream(Stream *stream) {
    stream->status = NOT_GZIP;
    return -1;
}

/* Make the codes of these lengths. Return 0, above 0 if codes are left over, below 0 if there are too many. */
static int make_codes(Codes *codes, const unsigned char *lengths, int symbols) {
    uint16_t offsets[MOST_BITS + 1];
    int left = 1;
    memset(codes->counts, 0, sizeof codes->counts);
    for (int i = 0; i < symbols; i++)
        codes->counts[lengths[i]]++;
    for (int length = 1; length <= MOST_BITS; length++) {
        left = 2 * left - codes->counts[length];
        if (left < 0)
            return left;
    }
    offsets[1] = 0;
    for (int length = 1; length < MOST_BITS; length++)
        offsets[length + 1] = (uint16_t)(offsets[length] + codes->counts[length]);
    for (int i = 0; i < symbols; i++)
        if (lengths[i] != 0)
            codes->symbols[offsets[lengths[i]]++] = (uint16_t)i;
    return codes->counts[0] == symbols ? 0 : left;
}

static int take_symbol(Stream *stream, const Codes *codes) {
    int code = 0, first = 0, index = 0;
    for (int length = 1; length <= MOST_BITS; length++) {
        int bit = take_bits(stream, 1);
        if (bit < 0)
            return -1;
        code |= bit;
        int count = codes->counts[length];
        if (code - count < first)
            return codes->symbols[index + (code - first)];
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return refuse_stream(stream);
}

static int is_full(const Stream *stream) {
    return stream->out->length >= stream->most;
}

/* Read symbols until the end of the block. Return 0, or -1 at an error or when the output is full. */
static int read_block(Stream *stream, const Codes *literals, const Codes *distances) {
    static const uint16_t LENGTHS[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const unsigned char LENGTH_BITS[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t DISTANCES[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                           193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    for (;;) {
        int symbol = take_symbol(stream, literals);
        if (symbol < 0)
            return -1;
        if (symbol == 256)
            return 0;
        if (is_full(stream)) {
            stream->status = ENDS_EARLY;
            return -1;
        }
        if (symbol < 256) {
            add_letter(stream->out, (char)symbol);
            continue;
        }
        if (symbol > 285)
            return refuse_stream(stream);
        int extra = take_bits(stream, LENGTH_BITS[symbol - 257]), far = -1;
        if (extra < 0 || (far = take_symbol(stream, distances)) < 0)
            return -1;
        if (far > 29)
            return refuse_stream(stream);
        int more = take_bits(stream, far < 4 ? 0 : far / 2 - 1);
        if (more < 0)
            return -1;
        size_t length = (size_t)LENGTHS[symbol - 257] + (size_t)extra, distance = (size_t)DISTANCES[far] + (size_t)more;
        if (distance > stream->out->length)
            return refuse_stream(stream);
        while (length-- > 0 && !is_full(stream))
            add_letter(stream->out, stream->out->bytes[stream->out->length - distance]);
    }
}

static int read_stored(Stream *stream) {
    unsigned char head[4];
    stream->bits = 0;
    stream->count = 0;
    for (int i = 0; i < 4; i++) {
        int byte = take_bits(stream, 8);
        if (byte < 0)
            return -1;
        head[i] = (unsigned char)byte;
    }
    size_t length = head[0] | (size_t)head[1] << 8;
    if ((head[0] ^ head[2]) != 0xff || (head[1] ^ head[3]) != 0xff)
        return refuse_stream(stream);
    for (; length > 0; length--) {
        if (is_full(stream) || stream->at == stream->end) {
            stream->status = ENDS_EARLY;
            return -1;
        }
        add_letter(stream->out, (char)*stream->at++);
    }
    return 0;
}

static int read_fixed(Stream *stream) {
    unsigned char lengths[288];
    Codes literals, distances;
    for (int i = 0; i < 288; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    make_codes(&literals, lengths, 288);
    memset(lengths, 5, 30);
    make_codes(&distances, lengths, 30);
    return read_block(stream, &literals, &distances);
}

static int read_lengths(Stream *stream, unsigned char *lengths, int total) {
    static const unsigned char ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned char first[19] = {0};
    Codes codes;
    int count = take_bits(stream, 4);
    if (count < 0)
        return -1;
    for (int i = 0; i < count + 4; i++) {
        int length = take_bits(stream, 3);
        if (length < 0)
            return -1;
        first[ORDER[i]] = (unsigned char)length;
    }
    if (make_codes(&codes, first, 19) != 0 || codes.counts[0] == 19)
        return refuse_stream(stream);
    for (int i = 0; i < total;) {
        int symbol = take_symbol(stream, &codes), times = 1, more = 0;
        if (symbol < 0)
            return -1;
        unsigned char length = symbol < 16 ? (unsigned char)symbol : 0;
        if (symbol == 16) {
            if (i == 0)
                return refuse_stream(stream);
            length = lengths[i - 1];
        }
        if (symbol >= 16) {
            if ((more = take_bits(stream, symbol == 16 ? 2 : symbol == 17 ? 3 : 7)) < 0)
                return -1;
            times = more + (symbol == 18 ? 11 : 3);
        }
        if (i + times > total)
            return refuse_stream(stream);
        for (; times > 0; times--)
            lengths[i++] = length;
    }
    return 0;
}

static int read_dynamic(Stream *stream) {
    unsigned char lengths[286 + 30];
    Codes literals, distances;
    int literal_count = take_bits(stream, 5), distance_count = literal_count < 0 ? -1 : take_bits(stream, 5);
    if (distance_count < 0)
        return -1;
    literal_count += 257;
    distance_count += 1;
    /* zlib reports too many symbols before it reads their lengths, but after the number of those. */
    if (literal_count > 286 || distance_count > 30)
        return take_bits(stream, 4) < 0 ? -1 : refuse_stream(stream);
    if (read_lengths(stream, lengths, literal_count + distance_count) < 0)
        return -1;
    if (lengths[256] == 0)
        return refuse_stream(stream);
    int left = make_codes(&literals, lengths, literal_count);
    if (left != 0 && (left < 0 || literal_count != literals.counts[0] + literals.counts[1]))
        return refuse_stream(stream);
    left = make_codes(&distances, lengths + literal_count, distance_count);
    if (left != 0 && (left < 0 || distance_count != distances.counts[0] + distances.counts[1]))
        return refuse_stream(stream);
    return read_block(stream, &literals, &distances);
}

uint32_t checksum(uint32_t sum, const unsigned char *bytes, size_t length) {
    sum = ~sum;
    for (size_t i = 0; i < length; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return ~sum;
}

/* Read the header. Return 0, or -1 with the status. */
static int read_header(Stream *stream) {
    const unsigned char *start = stream->at;
    size_t room = (size_t)(stream->end - start);
    if ((room > 0 && start[0] != 0x1f) || (room > 1 && start[1] != 0x8b) || (room > 2 && start[2] != 8) ||
        (room > 3 && (start[3] & 0xe0)))
        return refuse_stream(stream);
    stream->status = ENDS_EARLY;
    if (room < 10)
        return -1;
    int flags = start[3];
    stream->at += 10;
    if (flags & 4) {
        if (stream->end - stream->at < 2)
            return -1;
        size_t length = stream->at[0] | (size_t)stream->at[1] << 8;
        stream->at += 2;
        if ((size_t)(stream->end - stream->at) < length)
            return -1;
        stream->at += length;
    }
    for (int flag = 8; flag <= 16; flag *= 2)
        if (flags & flag) {
            const unsigned char *end = memchr(stream->at, 0, (size_t)(stream->end - stream->at));
            if (end == NULL)
                return -1;
            stream->at = end + 1;
        }
    if (flags & 2) {
        uint32_t sum = checksum(0, start, (size_t)(stream->at - start)) & 0xffff;
        if (stream->end - stream->at < 2)
            return -1;
        if ((stream->at[0] | (uint32_t)stream->at[1] << 8) != sum)
            return refuse_stream(stream);
        stream->at += 2;
    }
    return 0;
}

int unpack_gzip(String packed, size_t most, Buffer *out) {
    const unsigned char *bytes = (const unsigned char *)packed.bytes;
    Stream stream = {bytes, bytes + packed.length, 0, 0, most, out, UNPACKED};
    int is_last = 0;
    if (read_header(&stream) < 0)
        return stream.status;
    while (!is_last) {
        int head = take_bits(&stream, 3), status = -1;
        if (head < 0)
            return ENDS_EARLY;
        is_last = head & 1;
        switch (head >> 1) {
        case 0: status = read_stored(&stream); break;
        case 1: status = read_fixed(&stream); break;
        case 2: status = read_dynamic(&stream); break;
        default: return NOT_GZIP;
        }
        if (status < 0)
            return stream.status;
    }
    if (stream.end - stream.at < 4)
        return ENDS_EARLY;
    uint32_t sum = checksum(0, (const unsigned char *)(out->bytes != NULL ? out->bytes : ""), out->length), found = 0, size = 0;
    for (int i = 0; i < 4; i++)
        found |= (uint32_t)stream.at[i] << (8 * i);
    if (found != sum)
        return NOT_GZIP;
    if (stream.end - stream.at < 8)
        return ENDS_EARLY;
    for (int i = 0; i < 4; i++)
        size |= (uint32_t)stream.at[4 + i] << (8 * i);
    return size == (uint32_t)out->length ? UNPACKED : NOT_GZIP;
}
