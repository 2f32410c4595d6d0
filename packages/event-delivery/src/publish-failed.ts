/**
 * Why a broker did not store a message. NOT_CONNECTED, NO_ACK: ask again later, it may even be stored. NOT_SENT: an
 * earlier one failed. NO_STREAM: nothing takes this subject. TOO_LARGE, BAD_SUBJECT: no retry will help this message.
 * FORBIDDEN: the server does not let this user publish there. A number: the server's own error code.
 */
export class PublishFailed extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'PublishFailed';
    this.code = code;
  }
}

/** Whether the message itself is at fault, so that waiting is in vain and others should not wait behind it. */
export function isFaultOfTheMessage(error: Error): boolean {
  return error instanceof PublishFailed && (error.code === 'TOO_LARGE' || error.code === 'BAD_SUBJECT');
}
