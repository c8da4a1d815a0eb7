// @ts-check
import { writeFileSync } from 'node:fs'
import { sep } from 'node:path'

/** The files of a build that name the packages in its bundles. */
export const PACKAGE_LISTS = { server: 'packages-server.json', pages: 'packages-web.json' }

/** The last node_modules of a module's path, and the package's name after it. */
const PACKAGE = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//

/**
 * A plugin of the bundlers that writes a file with the folders of all packages of which a bundle contains code, as a JSON
 * array: for the list of licences (scripts/lib/bill-of-materials.mjs).
 *
 * @param {(dir: string) => string} fileOf from the output folder
 * @returns {import('rolldown').Plugin}
 */
export function packageList(fileOf) {
  return {
    name: 'package-list',
    writeBundle({ dir = '' }, bundle) {
      /** @type {Set<string>} */
      const folders = new Set()
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue
        for (const id of file.moduleIds) {
          const folder = PACKAGE.exec(id.replaceAll(sep, '/'))?.[1]
          if (folder) folders.add(folder)
        }
      }
      writeFileSync(fileOf(dir), JSON.stringify([...folders].sort()))
    },
  }
}
