import { graphql } from '../generated/gql.ts';

export const PersonCard = graphql(`
  fragment PersonCard on User {
    id
    username
    nickname
    avatarUrl
    relation
  }
`);

export const SearchPeople = graphql(`
  query SearchPeople($text: String!, $after: String) {
    searchUsers(text: $text, first: 20, after: $after) {
      edges {
        node {
          ...PersonCard
          mutualFriends(first: 3) {
            edges {
              node {
                id
                nickname
              }
            }
            pageInfo {
              hasNextPage
            }
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const Suggestions = graphql(`
  query Suggestions {
    me {
      suggestedFriends(first: 20) {
        mutualFriendCount
        user {
          ...PersonCard
        }
      }
    }
  }
`);

export const PersonProfile = graphql(`
  query PersonProfile($userId: ID!, $after: String) {
    user(id: $userId) {
      ...PersonCard
      createdAt
      mutualFriends(first: 50, after: $after) {
        edges {
          node {
            id
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

export const AddFriend = graphql(`
  mutation AddFriend($userId: ID!, $message: String) {
    addFriend(input: { userId: $userId, message: $message }) {
      friend {
        displayName
      }
      request {
        id
      }
    }
  }
`);
