import { graphql } from '../generated/gql.ts';

export const AcceptRequest = graphql(`
  mutation AcceptRequest($requestId: ID!) {
    acceptFriendRequest(input: { requestId: $requestId }) {
      friend {
        displayName
      }
    }
  }
`);
