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

export const DeclineRequest = graphql(`
  mutation DeclineRequest($requestId: ID!) {
    declineFriendRequest(input: { requestId: $requestId }) {
      request {
        id
      }
    }
  }
`);

export const CancelRequest = graphql(`
  mutation CancelRequest($requestId: ID!) {
    cancelFriendRequest(input: { requestId: $requestId }) {
      request {
        id
      }
    }
  }
`);
