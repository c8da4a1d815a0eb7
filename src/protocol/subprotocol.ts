/** The WebSocket subprotocol: JSON text frames, one object each. Its messages are in messages.ts. */
export const SUBPROTOCOL = 'houselights.v1'

/** characters in a chat message */
export const MAX_TEXT = 2000
