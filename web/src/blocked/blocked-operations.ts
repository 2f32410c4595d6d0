import { graphql } from '../generated/gql.ts';

export const BlockedUsers = graphql(`
  query BlockedUsers($after: String) {
    me {
      blockedUsers(first: 50, after: $after) {
        edges {
          node {
            id
            username
            nickname
            avatarUrl
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const UnblockUser = graphql(`
  mutation UnblockUser($userId: ID!) {
    unblockUser(input: { userId: $userId }) {
      user {
        id
      }
      changed
    }
  }
`);
