/** One number for all relays of a database: whoever holds it, for a transaction, is the one that publishes. */
export const RELAY_LOCK = 0x6b697468;

/** For who reads where a stream stood, and writes it down: with the hash of the stream's name. */
export const POSITION_LOCK = RELAY_LOCK + 1;
