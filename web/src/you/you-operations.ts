import { graphql } from '../generated/gql.ts';

export const OwnProfile = graphql(`
  query OwnProfile {
    me {
      id
      username
      nickname
      avatarUrl
      createdAt
      friendPolicy
    }
  }
`);

export const UpdateProfile = graphql(`
  mutation UpdateProfile($nickname: String, $avatarUrl: String, $friendPolicy: FriendPolicy) {
    updateProfile(input: { nickname: $nickname, avatarUrl: $avatarUrl, friendPolicy: $friendPolicy }) {
      user {
        id
        nickname
        avatarUrl
        friendPolicy
      }
    }
  }
`);

export const DeleteAccount = graphql(`
  mutation DeleteAccount($password: String!) {
    deleteAccount(input: { password: $password }) {
      deleted
    }
  }
`);
