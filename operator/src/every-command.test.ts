import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { COMMANDS } from './known-commands.ts';
import { runKith } from './run-command.ts';

/** What each command needs to be called rightly. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  import: `${import.meta.filename} --password correct-horse`,
  'events show': 'someone',
  'events dead show': '1',
  'events dead redrive': '1',
  'events dead drop': '1',
  'events outbox show': '1 --service user',
  'events outbox send': 'someone',
  'events outbox drop': 'someone',
  'events republish': '--since 1h',
  plan: '--people 1000 --friends 10 --online 5%',
  'webhooks add': 'https://hooks.example/kith',
  'webhooks remove': 'some-endpoint',
  'webhooks pause': 'some-endpoint',
  'webhooks resume': 'some-endpoint',
  'webhooks rotate-secret': 'some-endpoint',
  'webhooks redrive': 'some-endpoint --all',
  'webhooks test': 'some-endpoint',
  completion: 'bash',
};
/** They ask no system, and are done without one. */
const ALONE = ['plan', 'completion'];

const said = { stdout: '', stderr: '' };
beforeEach(() => {
  Object.assign(said, { stdout: '', stderr: '' });
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += text;
      return true;
    });
  }
  vi.stubEnv('KITH_DATA', join(tmpdir(), 'kith-that-never-ran'));
  for (const name of ['USER_URL', 'FRIEND_URL', 'WEBHOOK_URL', 'OPERATOR_KEY', 'SIGNING_KEY_FILE'])
    vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function kith(line: string) {
  const code = await runKith(line.split(' ').filter((word) => word !== ''));
  return { code, ...said };
}

const lines = (text: string) => text.trimEnd().split('\n');
/** Fails for whatever is not JSON from its first byte to its last. */
const inJson = (text: string) => lines(text).map((line) => JSON.parse(line));

const onTerminal = [true, false];

describe.each(Object.keys(COMMANDS))('kith %s', (name) => {
  const call = `${name} ${ARGUMENTS[name] ?? ''}`.trim();
  const done = ALONE.includes(name);

  test.each(onTerminal)('on a terminal (%s), where nothing runs, says so in one sentence', async (isTty) => {
    Object.defineProperty(process.stderr, 'isTTY', { value: isTty, configurable: true });
    const { code, stdout, stderr } = await kith(call);
    if (done) expect([code, stderr]).toEqual([0, '']);
    else {
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/\.\n$/);
      // No stack.
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals obey is no text.
    expect(stdout).not.toMatch(/\x1b/);
  });

  test.each(onTerminal)('on a terminal (%s), with --json says all of it in JSON', async (isTty) => {
    Object.defineProperty(process.stderr, 'isTTY', { value: isTty, configurable: true });
    const { code, stdout, stderr } = await kith(`${call} --json`);
    expect([code, stderr]).toEqual([done ? 0 : 1, '']);
    const [told] = inJson(stdout);
    if (!done)
      expect(told).toMatchObject({
        error: { code: expect.stringMatching(/^[A-Z_]+$/), message: expect.stringMatching(/\w/) },
      });
  });

  test.each([
    ['a flag that there is not', '--burn', /^There is no flag --burn here\./],
    ['a flag that takes no value', '--json=yes', /^--json takes no value\./],
    ['a flag twice', '--json --json', /^--json is given twice\./],
    ['too many words, or words of another kind', 'x y z', /^(?!kith )\S.*\.$/m],
  ])('with %s is used wrongly: a sentence, then its usage', async (_, wrong, sentence) => {
    const { code, stdout, stderr } = await kith(`${call} ${wrong}`);
    const text =
      wrong === '--json --json' ? (JSON.parse(stdout) as { error: { message: string } }).error.message : stderr;
    // Some commands take as many words as one likes: then they get as far as the system that does not run.
    const takesMany = / …/.test(COMMANDS[name]?.help.split('\n')[0] ?? '') && wrong === 'x y z';
    if (takesMany && code === 1) return;
    expect(code).toBe(2);
    expect(text).toMatch(sentence);
    expect(text).toContain(`\n\nkith ${name}`);
  });

  test('with a flag that it does not know says so in JSON, too', async () => {
    const { code, stdout, stderr } = await kith(`${call} --burn --json`);
    expect([code, stderr]).toEqual([2, '']);
    expect(inJson(stdout)).toEqual([{ error: { code: 'USED_WRONGLY', message: expect.stringMatching(/--burn/) } }]);
  });

  test('tells its usage with --help, as text and in JSON, and every flag there is one that it knows', async () => {
    const { code, stdout } = await kith(`${name} --help`);
    expect([code, lines(stdout)[0]]).toEqual([0, expect.stringMatching(new RegExp(`^kith ${name}`))]);
    expect(stdout).toContain('--json');
    expect(inJson((await kith(`${name} --help --json`)).stdout.slice(stdout.length))).toEqual([
      { help: stdout.trimEnd() },
    ]);
    const [usage = ''] = stdout.split('\n\n');
    for (const [flag] of usage.matchAll(/--[a-z-]+/g)) {
      said.stderr = '';
      const { stderr } = await kith(`${name} ${flag}`);
      expect(stderr).not.toContain(`There is no flag ${flag}`);
    }
  });

  test('of a flag that needs a value says so when it has none, is empty, or is followed by a flag', async () => {
    const [usage = ''] = (COMMANDS[name]?.help ?? '').split('\n\n');
    const flags = [...usage.matchAll(/(--[a-z-]+) (?=[A-Z]|[a-z]+\|)/g)].map(([, flag]) => flag);
    for (const flag of flags) {
      for (const written of [`${flag}`, `${flag}=`, `${flag} --burn`]) {
        said.stderr = '';
        const { code, stderr } = await kith(`${name} ${written}`);
        expect([code, stderr]).toEqual([2, expect.stringMatching(`^${flag} needs a value`)]);
      }
    }
  });
});

describe('where no command is named', () => {
  test.each([
    ['', 'kith status'],
    ['--help', 'kith status'],
    ['help', 'kith status'],
    ['events', 'kith events dead list'],
    ['events dead', 'kith events dead redrive'],
    ['events outbox --help', 'kith events outbox send'],
    ['help events dead drop', 'kith events dead drop'],
    ['-- webhooks', 'kith webhooks add'],
  ])('kith %s lists what there is', async (words, listed) => {
    const { code, stdout, stderr } = await kith(words);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(listed);
    if (words.includes('events dead')) expect(stdout).not.toContain('kith events tail');
  });

  test('a group lists its commands in JSON, too', async () => {
    expect(inJson((await kith('events dead --json')).stdout)).toEqual([{ help: expect.stringContaining('dead list') }]);
  });

  test('kith --version says which it is', async () => {
    expect(await kith('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^kith \d+\.\d+\.\d+\S*\n$/),
    });
    said.stdout = '';
    expect(inJson((await kith('--version --json')).stdout)).toEqual([{ version: expect.stringMatching(/^\d/) }]);
  });

  test.each([
    ['burn', /^There is no command kith burn\./],
    ['events burn', /^There is no command kith events burn\./],
    ['events dead burn --json', /./],
    ['--burn', /^There is no flag --burn here/],
    ['events --burn', /^There is no flag --burn here/],
  ])('kith %s is used wrongly', async (words, sentence) => {
    const { code, stdout, stderr } = await kith(words);
    expect(code).toBe(2);
    if (words.endsWith('--json')) expect(inJson(stdout)).toMatchObject([{ error: { code: 'USED_WRONGLY' } }]);
    else expect(stderr).toMatch(sentence);
  });
});

test.each([
  ['events dead drop 0', /"0" is not the number of a dead letter: give a whole number from 1/],
  ['events dead drop 1.5 --all', /"1.5" is not/],
  ['events dead drop --all --owner x', /--all is all of them/],
  ['events outbox show 1', /A number needs --service/],
  ['events outbox drop --number -1 --service user', /--number needs a value: -1 looks like a flag/],
  ['events outbox drop --number=-1 --service user', /"-1" is not the number/],
  ['events show someone --since yesterday', /--since "yesterday" is no time/],
  ['events show someone --service burn', /--service "burn" is none of user, friend/],
  ['events republish', /Say what/],
  ['events tail --stream BURN', /--stream "BURN" is none of/],
  ['webhooks deliveries --state burnt', /--state "burnt" is none of pending, delivered, dead/],
  ['webhooks deliveries --before -5', /--before needs a value/],
  ['keys rotate --after-seconds soon', /--after-seconds "soon" is no number of seconds/],
  ['import edges --password correct-horse --ids burn', /--ids "burn" is none of numbers, names/],
  ['completion tcsh', /"tcsh" is none of bash, zsh, fish/],
])('kith %s says what is wrong with the value', async (words, sentence) => {
  expect(await kith(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(sentence) });
});

test.each([
  [`import ${import.meta.dirname} --password correct-horse`, 2, /is a folder/],
  ['import no-such-file --password correct-horse', 1, /no-such-file cannot be read: it is not there \(ENOENT\)/],
  [`import ${import.meta.filename}/x --password correct-horse`, 1, /a part of its path is no folder \(ENOTDIR\)/],
  ['keys rotate', 1, /\w/, { SIGNING_KEY_FILE: import.meta.dirname }],
  ['keys rotate', 1, /ACCESS_TOKEN_TTL_S/, { ACCESS_TOKEN_TTL_S: 'soon' }],
] as [string, number, RegExp, Record<string, string>?][])(
  'kith %s with a file that cannot be used ends with %i and a sentence',
  async (words, code, sentence, env = {}) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { stderr, ...told } = await kith(words);
    expect(told).toEqual({ code, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
  },
);
