// @ts-check
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_LISTS } from './package-list.mjs'
import { must, runNpm } from './run.mjs'

/** of all platforms, as in the lockfile */
const LIST = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--silent']
/** a file of a package with its terms */
export const LICENCE = /^(?:licen[cs]e|notice|copying)/i

/**
 * Writes `sbom.cdx.json` (CycloneDX) and `LICENCES.md`: what the release contains, and under which terms.
 *
 * @param {string} release
 * @param {{ build: string, shipped: Iterable<string> }} contents the build that it is made of, and the folders of packages that
 *   it has as they are
 */
export async function writeBillOfMaterials(release, { build, shipped }) {
  const bundled = Object.values(PACKAGE_LISTS).flatMap((name) =>
    JSON.parse(readFileSync(join(build, name), 'utf8')),
  )
  const packages = [...new Set([...bundled, ...shipped])].map(readPackage)
  const byName = new Map(packages.map((each) => [`${each.name}@${each.version}`, each]))
  const bill = JSON.parse(await must('listing the packages', runNpm(LIST)))
  bill.components = bill.components.filter((/** @type {Component} */ each) => byName.has(idOf(each)))
  const refs = new Set(bill.components.map((/** @type {Component} */ each) => each['bom-ref']))
  const root = bill.metadata.component
  // npm takes the name of the folder
  root.name = 'houselights'
  bill.dependencies = bill.dependencies
    .filter((/** @type {Dependency} */ { ref }) => refs.has(ref) || ref === root['bom-ref'])
    .map((/** @type {Dependency} */ { ref, dependsOn = [] }) => ({
      ref,
      dependsOn: dependsOn.filter((other) => refs.has(other)),
    }))
  writeFileSync(join(release, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 1)}\n`)
  const sorted = [...byName.values()].sort((a, b) => a.name.localeCompare(b.name))
  writeFileSync(join(release, 'LICENCES.md'), `${HEAD}\n${sorted.map(section).join('\n')}`)
}

/** @typedef {{ name: string, version: string, 'bom-ref': string }} Component */
/** @typedef {{ ref: string, dependsOn?: string[] }} Dependency */

const idOf = (/** @type {Component} */ { name, version }) => `${name}@${version}`

/** @param {string} folder */
function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCE.test(entry.name))
    .map((entry) => readFileSync(join(folder, entry.name), 'utf8').trim())
  return { name, version, licence: typeof license === 'string' ? license : 'see below', texts }
}

const HEAD = `# Licences

houselights is under the MIT licence (LICENSE). It contains these packages, and the font Barlow Condensed (OFL 1.1).
`

/** @param {ReturnType<typeof readPackage>} each */
function section({ name, version, licence, texts }) {
  const quoted = texts.map((text) => `\n\`\`\`text\n${text.replaceAll('```', "'''")}\n\`\`\`\n`)
  return `## ${name} ${version}\n\n${licence}\n${quoted.join('')}`
}
