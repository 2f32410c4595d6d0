import { graphql } from '../generated/gql.ts';

export const RemoveFriend = graphql(`
  mutation RemoveFriend($userId: ID!) {
    removeFriend(input: { userId: $userId }) {
      userId
      changed
    }
  }
`);

export const BlockUser = graphql(`
  mutation BlockUser($userId: ID!) {
    blockUser(input: { userId: $userId }) {
      user {
        id
      }
      changed
    }
  }
`);
