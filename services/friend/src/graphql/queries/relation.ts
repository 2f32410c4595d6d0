import { builder, viewerOf } from '../types/builder.ts';
import { UserType } from '../types/user-type.ts';

const RelationType = builder.enumType('Relation', {
  description: 'What one user is to another.',
  values: {
    SELF: { description: 'The viewer themself.' },
    NONE: { description: 'Nothing. Whoever is blocked sees this too.' },
    FRIEND: { description: 'A friend.' },
    REQUEST_SENT: { description: 'The viewer has asked them.' },
    REQUEST_RECEIVED: { description: 'They have asked the viewer.' },
    BLOCKED: { description: 'The viewer blocks them.' },
  } as const,
});

builder.objectField(UserType, 'relation', (t) =>
  t.field({
    type: RelationType,
    description: 'What this user is to the viewer.',
    resolve: ({ id }, _args, context) => {
      viewerOf(context);
      return context.relations.load(id);
    },
  }),
);
