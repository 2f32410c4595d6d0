import { createHmac, createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Claims {
  readonly iss?: string | undefined;
  readonly aud?: string | undefined;
  readonly sub?: string | undefined;
  readonly sid?: string | undefined;
  readonly iat?: number | undefined;
  readonly exp?: number | undefined;
}

/** Makes tokens as the user service does, and such as it never would; https://www.rfc-editor.org/rfc/rfc8037 */
export async function tokenForger(kithData: string) {
  const { keys } = JSON.parse(await readFile(join(kithData, 'signing-keys.json'), 'utf8')) as { keys: JsonWebKey[] };
  const [own] = keys;
  const key = createPrivateKey({ key: own!, format: 'jwk' });
  const { privateKey: foreignKey } = generateKeyPairSync('ed25519');
  const kid = String(own!.kid);
  const nowS = () => Math.floor(Date.now() / 1000);
  const good = (sub: string): Claims => ({ iss: 'kith', aud: 'kith', sub, sid: sub, iat: nowS(), exp: nowS() + 600 });
  return {
    /** A claim that is `undefined` is left out. */
    token: (sub: string, changed: Claims = {}) => signed({ alg: 'EdDSA', kid }, { ...good(sub), ...changed }, key),
    expiringIn: (sub: string, seconds: number) =>
      signed({ alg: 'EdDSA', kid }, { ...good(sub), exp: nowS() + seconds }, key),
    foreign: (sub: string, header: object = {}) => signed({ alg: 'EdDSA', kid, ...header }, good(sub), foreignKey),
    withHeader: (sub: string, header: object) => signed({ alg: 'EdDSA', kid, ...header }, good(sub), key),
    /** HS256, with our public key for the secret: what a verifier takes that lets the token choose the algorithm. */
    hmacWithPublicKey: (sub: string) => {
      const text = `${encoded({ alg: 'HS256', kid })}.${encoded(good(sub))}`;
      const secret = Buffer.from(String(own!.x), 'base64url');
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
    unsigned: (sub: string) => `${encoded({ alg: 'none' })}.${encoded(good(sub))}.`,
  };
}

function signed(header: object, claims: Claims, key: KeyObject): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
