import { createHash } from 'node:crypto';

/**
 * Everything from this address alone; pictures of people from anywhere over https. Radix places its layers with style
 * attributes, which only 'unsafe-inline' allows: https://www.radix-ui.com/primitives/docs/guides/content-security-policy
 */
export const WEB_CLIENT_POLICY: Policy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' https: data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
};

type Policy = Readonly<Record<string, string>>;

/** For one page that holds its scripts: exactly those may run. The editor starts its workers from blobs of its own. */
export function policyOfSelfContainedPage(html: string): Policy {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => script ?? '');
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return {
    ...WEB_CLIENT_POLICY,
    'script-src': [...hashes, 'blob:'].join(' '),
    'worker-src': 'blob:',
    'font-src': 'data:',
  };
}

/** Headers of every page that a browser shows. */
export function browserHeaders(policy: Policy): Readonly<Record<string, string>> {
  return {
    'content-security-policy': Object.entries(policy)
      .map(([name, sources]) => `${name} ${sources}`)
      .join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  };
}
