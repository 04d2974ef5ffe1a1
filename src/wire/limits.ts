/** Version of the protocol, in the high nibble of each datagram and in each token. */
export const VERSION = 2;

/** Octets of UDP payload: what every path carries unfragmented (RFC 9000 §14). */
export const DATAGRAM_MAX = 1200;

/** Octets of a session datagram that are not message: header 9, authentication tag 16. */
export const SESSION_OVERHEAD = 25;

/** Octets of a session message, its kind included: what is left of a datagram. */
export const MESSAGE_MAX: number = DATAGRAM_MAX - SESSION_OVERHEAD;

/** Octets of a hello: type 1, index 4, Noise IK's first message 96, MAC 16. */
export const HELLO_SIZE = 117;

/** Octets of an answer: type 1, indexes 4 + 4, Noise IK's second message 48. */
export const ANSWER_SIZE = 57;

/** Octets of a beacon: type 1, nonce 16, node ID 32, signature 64, tag 16. More than a hello's. */
export const BEACON_SIZE = 129;

/** Octets of a search on the LAN and of its answer: type 1, nonce 10, MAC 16. */
export const SEARCH_SIZE = 27;

/**
 * Octets of a signed record. The longest message around one is `sought` with an IPv6 address,
 * 58 octets: 1,158 of 1,175.
 */
export const RECORD_MAX = 1100;

/** Addresses in a record: two families and three sockets of one node (main and two fresh). */
export const ADDRESSES_MAX = 6;

/** Relays in a record: a node behind a NAT keeps links to two or three. */
export const RELAYS_MAX = 3;

/** Services in a record. */
export const SERVICES_MAX = 32;

/** Tags in a record. */
export const TAGS_MAX = 16;

/** Octets of UTF-8 of a tag's key, at least 1. */
export const TAG_KEY_MAX = 32;

/** Octets of UTF-8 of a tag's value; may be empty. */
export const TAG_VALUE_MAX = 64;

/** Milliseconds of the shortest beat a record may state: below it the pings are the load. */
export const BEAT_MIN_MS = 100;

/** Milliseconds of the longest beat a record may state: one hour, for metered links. */
export const BEAT_MAX_MS = 3_600_000;

/** Characters of a DNS label: node, cluster and service names (RFC 1035 §2.3.4). */
export const LABEL_MAX = 63;

/** Octets of the shortest record: all lists empty. */
export const RECORD_MIN = 126;

/** Octets of the shortest act: a leave, which has no body. */
export const ACT_MIN = 150;

/** Octets of the longest act: an admission of a member whose name has 63 characters. */
export const ACT_MAX = 438;

/** Octets of an item's head in `news` and in a join: kind 1, length 2. */
export const ITEM_HEAD = 3;

/** Items in one `news`: no more of the shortest kind fit after kind and count. */
export const NEWS_ITEMS_MAX: number = Math.floor((MESSAGE_MAX - 2) / (RECORD_MIN + ITEM_HEAD));

/** Items asked for in one `want`: no more of 37 octets fit after kind and count. */
export const WANT_MAX: number = Math.floor((MESSAGE_MAX - 2) / 37);

/** Digests in a summary: one for each value of the next four bits of the ID. */
export const SUMMARY_DIGESTS = 16;

/** Leaves in a summary: 80 of 14 octets are 1,120. Any more and the prefix is split further. */
export const SUMMARY_ENTRIES_MAX = 80;

/** Levels below a summary's root: its prefix has 32 bits, four a level. */
export const SUMMARY_DEPTH_MAX = 8;

/** Octets of a frame of a join behind its length: far above any frame, far below memory. */
export const FRAME_MAX = 1_048_576;

/**
 * Octets that a frame reader holds: one frame almost whole and one read from the socket. A peer
 * that sends on while nobody takes the frames is cut off.
 */
export const FRAME_BUFFER_MAX: number = 2 * FRAME_MAX;

/** Addresses in a token: it is to be read aloud or typed when all else fails. */
export const TOKEN_ADDRESSES_MAX = 8;

/** Octets of one `HOST:PORT` in a token: its length is one octet. */
export const TOKEN_ADDRESS_MAX = 255;

/**
 * Characters of a token without white space: `flt2-`, then base32 of 70 octets of head, eight
 * addresses of 256 and 4 octets of checksum.
 */
export const TOKEN_TEXT_MAX = 3401;

/** Octets of a ClientHello with its record headers, over which it is not read on. */
export const CLIENT_HELLO_MAX = 4096;
