import { useState } from 'react';
import './person-avatar.css';

const COLORS = ['iris', 'cyan', 'jade', 'amber', 'tomato', 'plum', 'blue', 'grass'] as const;

/** Picture or initials. Decoration: the name stands beside it. A person keeps their colour wherever they appear. */
export function PersonAvatar({
  person,
  size = 40,
}: {
  person: { id: string; nickname: string; avatarUrl?: string | null };
  /** Pixels. */
  size?: number;
}) {
  const [broken, setBroken] = useState<string | null>(null);
  const { avatarUrl } = person;
  return (
    <span
      className="avatar"
      aria-hidden
      data-accent-color={COLORS[hash(person.id) % COLORS.length]}
      style={{ width: size, height: size, fontSize: size * 0.38 }}
    >
      <bdi>{initials(person.nickname)}</bdi>
      {avatarUrl && avatarUrl !== broken ? (
        <img
          src={avatarUrl}
          alt=""
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          onError={() => setBroken(avatarUrl)}
        />
      ) : null}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? name];
  return letters
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

function hash(text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index += 1) sum = (sum * 31 + text.charCodeAt(index)) >>> 0;
  return sum;
}
