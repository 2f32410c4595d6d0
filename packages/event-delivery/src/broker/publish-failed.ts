/**
 * Why a broker did not store a message. NOT_CONNECTED, NO_ACK: ask again later, it may even be stored. NOT_SENT: an
 * earlier one failed. STREAM_AWAY: the stream that takes it was declared and is not there, ask again. NO_STREAM: nothing
 * takes this subject. FORBIDDEN: the server does not let this user publish there. TOO_LARGE, BAD_SUBJECT: no retry will
 * help this message. A number: the server's own error code.
 */
export class PublishFailed extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'PublishFailed';
    this.code = code;
  }
}

const FAULTS_OF_THE_MESSAGE = new Set(['NO_STREAM', 'FORBIDDEN', 'TOO_LARGE', 'BAD_SUBJECT']);

/** Whether the message itself is at fault, so that waiting does not help and others should not wait behind it. */
export function isFaultOfTheMessage(error: Error): boolean {
  return error instanceof PublishFailed && FAULTS_OF_THE_MESSAGE.has(error.code);
}
