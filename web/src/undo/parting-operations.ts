import { graphql } from '../generated/gql.ts';

export const RemoveFriend = graphql(`
  mutation RemoveFriend($userId: ID!) {
    removeFriend(input: { userId: $userId }) {
      userId
      changed
      listRevision
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
      listRevision
    }
  }
`);

export const DeclineRequest = graphql(`
  mutation DeclineRequest($requestId: ID!) {
    declineFriendRequest(input: { requestId: $requestId }) {
      request {
        id
      }
      listRevision
    }
  }
`);

export const CancelRequest = graphql(`
  mutation CancelRequest($requestId: ID!) {
    cancelFriendRequest(input: { requestId: $requestId }) {
      request {
        id
      }
      listRevision
    }
  }
`);
