declare const __HOUSELIGHTS_VERSION__: string | undefined

/** The release as package.json names it, put in by the build; `development` when the sources run. */
export const VERSION = typeof __HOUSELIGHTS_VERSION__ === 'string' ? __HOUSELIGHTS_VERSION__ : 'development'
