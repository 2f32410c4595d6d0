import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('..', import.meta.url));
/** What people have written, between the tags of an element: `{person.nickname}`, `{displayName}`, `{request.message}`, … */
const SHOWN =
  /(\S*)\{(?:\w+(?:\.\w+)*\.)?(?:nickname|displayName|remark|message|tag|initials\([\w.]+\)|person\.name)\}/g;
/** Attributes turn nothing; the options of a choice hold nothing but text. */
const IS_ATTRIBUTE = /[\w-]=$/;

test.each(readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.tsx')))(
  'what people have written turns nothing around it in %s',
  (file) => {
    const source = readFileSync(join(SOURCES, file), 'utf8')
      .replace(/<option[\s\S]*?<\/option>/g, '')
      .replace(/`[^`]*`/g, '');
    const bare = [...source.matchAll(SHOWN)].filter(
      ([, before = '']) => !before.endsWith('<bdi>') && !IS_ATTRIBUTE.test(before),
    );
    expect(bare.map(([found]) => found)).toEqual([]);
  },
);
