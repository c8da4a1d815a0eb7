/**
 * In requests, the id of the user for whom the page was rendered; in responses, the id of the session's user, if there is
 * one. A request that names another user is answered 409 `other_user`.
 */
export const USER_HEADER = 'x-houselights-user'
