// @ts-check

/** Packages that the bundle of the server imports from node_modules: native ones, and those with files of their own. */
export const BUNDLE_EXTERNALS = ['@fastify/swagger', '@fastify/swagger-ui', '@node-rs/argon2', 'sharp']
