/** Every code that a client can meet, and its HTTP status. Clients go by the code: none is renamed. */
export const STATUS_OF = {
  INVALID_INPUT: 400,
  INVALID_ID: 400,
  BROKEN_JSON: 400,
  BROKEN_REQUEST: 400,
  UNKNOWN_PRODUCT: 400,
  NOT_FOUND: 404,
  PRODUCT_NOT_FOUND: 404,
  INVENTORY_NOT_FOUND: 404,
  ORDER_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TOO_SLOW: 408,
  ORDER_IS_PAID: 409,
  ORDER_IS_CANCELLED: 409,
  PAID_PRICE_DIFFERS: 409,
  TOO_MUCH_STOCK: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;
export type RefusalCode = keyof typeof STATUS_OF;

/** A request or a command that is not done: the code is for programs, the message tells a person what to do. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** The field of the input that is wrong: `items.0.count`. */
  readonly field: string | undefined;
  constructor(code: RefusalCode, message: string, field?: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.field = field;
  }
}
