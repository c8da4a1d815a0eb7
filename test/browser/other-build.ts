import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtPages } from '../helpers/pages.js'
import type { Teardown } from '../helpers/teardown.js'

const HASHED = /^(.+)-([\w-]{8})(\.(?:js|css))$/

/** The folder of the pages as another build would have them: no script or stylesheet has the name that it has here. */
export function makeOtherBuild(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-build-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(builtPages(), folder, { recursive: true })
  const assets = join(folder, 'assets')
  const names = new Map<string, string>()
  for (const name of readdirSync(assets)) {
    // they would hold the old names
    if (/\.(?:br|gz)$/.test(name)) rmSync(join(assets, name))
    // no two become one: a page's texts and the staff's have the same name but for the hash
    const renamed = name.replace(
      HASHED,
      (_, base: string, hash: string, ending: string) => `${base}-${[...hash].reverse().join('')}${ending}`,
    )
    if (renamed !== name) names.set(name, renamed)
  }
  const rewrite = (path: string): void => {
    let text = readFileSync(path, 'utf8')
    for (const [name, renamed] of names) text = text.replaceAll(name, renamed)
    writeFileSync(path, text)
  }
  for (const name of readdirSync(folder)) if (name.endsWith('.html')) rewrite(join(folder, name))
  for (const name of readdirSync(assets)) if (/\.(?:js|css)$/.test(name)) rewrite(join(assets, name))
  for (const [name, renamed] of names) renameSync(join(assets, name), join(assets, renamed))
  return folder
}
