import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

/** Certificates in a private folder that goes with the test: authorities, and what they have signed, for 127.0.0.1. */
export async function makeCertificates() {
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  const folder = await mkdtemp(join(tmpdir(), 'kith-certificates-'));
  let serial = 0;
  const validity = () => ({ notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) });
  const keys = () =>
    webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as unknown as Promise<CryptoKeyPair>;
  const write = async (name: string, text: string) => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  const nextSerial = () => {
    serial += 1;
    return serial.toString(16).padStart(2, '0');
  };

  async function authority(name: string): Promise<Issuer & { file: string }> {
    const pair = await keys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: nextSerial(),
      name: `CN=${name}`,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      keys: pair,
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
    return { certificate, keys: pair, file: await write(`${name}.pem`, certificate.toString('pem')) };
  }

  async function sign(issuer: Issuer, name: string, address = '127.0.0.1') {
    const pair = await keys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      subject: `CN=${name}`,
      issuer: issuer.certificate.subject,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      publicKey: pair.publicKey,
      signingKey: issuer.keys.privateKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'ip', value: address },
          { type: 'email', value: `${name}@kith.test` },
        ]),
      ],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey as never)).toString('base64');
    return {
      certFile: await write(`${name}.crt`, certificate.toString('pem')),
      keyFile: await write(`${name}.key`, `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`),
    };
  }

  return { folder, write, authority, sign, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
