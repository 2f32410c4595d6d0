import {
  AvatarIcon,
  CircleBackslashIcon,
  EnvelopeClosedIcon,
  HeartIcon,
  MagnifyingGlassIcon,
} from '@radix-ui/react-icons';
import { Text } from '@radix-ui/themes';
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { kith } from '../connection/kith.ts';
import { useLive } from '../connection/use-live-list.ts';

const PLACES = [
  { path: '/', name: 'Friends', icon: <HeartIcon /> },
  { path: '/requests', name: 'Requests', icon: <EnvelopeClosedIcon /> },
  { path: '/people', name: 'People', icon: <MagnifyingGlassIcon /> },
  { path: '/blocked', name: 'Blocked', icon: <CircleBackslashIcon /> },
  { path: '/you', name: 'You', icon: <AvatarIcon /> },
] as const;

/** The screens. The number of requests that wait for an answer counts live, here and in the tab's title. */
export function Navigation() {
  const [path] = useLocation();
  const waiting = useLive((list) => {
    const userId = kith.session.getSnapshot()?.user.id;
    return list.requests.filter(({ to }) => to.id === userId).length;
  });
  const place = PLACES.find((each) => isAt(path, each.path));
  const placeName = place?.name ?? 'Kith';
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${placeName} · Kith`;
  }, [waiting, placeName]);
  return (
    <nav className="navigation" aria-label="Screens">
      {PLACES.map(({ path: to, name, icon }) => (
        <Link key={to} href={to} className="navigation-link" aria-current={isAt(path, to) ? 'page' : undefined}>
          <span className="navigation-icon" aria-hidden>
            {icon}
          </span>
          <Text size="2">{name}</Text>
          {to === '/requests' && waiting > 0 ? (
            <span className="navigation-badge" key={waiting}>
              {waiting}
              <span className="only-heard"> waiting for your answer</span>
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  );
}

function isAt(path: string, place: string): boolean {
  return place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`);
}
