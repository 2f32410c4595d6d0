// Every document that this package sends, and nothing else is exported here: the web client's build puts them into its
// manifest of trusted documents, and a gateway with TRUSTED_DOCUMENTS=only answers no other text.

const PERSON = '{ id nickname avatarUrl }';
const FRIEND_FIELDS = `user ${PERSON} remark displayName pinned tags since`;
const REQUEST_FIELDS = `id from ${PERSON} to ${PERSON} message sentAt`;
const SESSION = '{ accessToken expiresAt refreshToken user { id username nickname avatarUrl } }';

export const SIGN_UP = `mutation SignUp($input: SignUpInput!) { signUp(input: $input) ${SESSION} }`;

export const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) ${SESSION} }`;

export const REFRESH_SESSION = `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) ${SESSION} }`;

export const SIGN_OUT = 'mutation SignOut($input: SignOutInput!) { signOut(input: $input) { signedOut } }';

export const CHANGE_PASSWORD = `mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) ${SESSION}
}`;

export const UPDATE_FRIEND = `mutation UpdateFriend($input: UpdateFriendInput!) {
  updateFriend(input: $input) { listRevision friend { ${FRIEND_FIELDS} } }
}`;

export const WATCH_FRIEND_LIST = `subscription WatchFriendList($after: String) {
  friendListChanged(after: $after) {
    __typename cursor revision occurredAt
    ... on FriendListSnapshot { reason complete friends { ${FRIEND_FIELDS} } requests { ${REQUEST_FIELDS} } }
    ... on FriendAdded { friend { ${FRIEND_FIELDS} } }
    ... on FriendChanged { friend { ${FRIEND_FIELDS} } }
    ... on FriendRemoved { userId }
    ... on FriendRequestAdded { request { ${REQUEST_FIELDS} } }
    ... on FriendRequestClosed { requestId outcome }
  }
}`;
