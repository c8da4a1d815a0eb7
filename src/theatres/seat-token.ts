import { randomBytes } from 'node:crypto'

/** 128 random bits: a seat's token is all that it takes to order there */
export const newToken = (): string => randomBytes(16).toString('base64url')
