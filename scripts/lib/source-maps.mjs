// @ts-check
import module from 'node:module'

/** Makes stack traces of the build name the sources. Packages are left alone where Node can tell: maps cost time. */
export function enableSourceMaps() {
  const { setSourceMapsSupport } =
    /** @type {{ setSourceMapsSupport?: (enabled: boolean, options: { nodeModules: boolean }) => void }} */ (
      module
    )
  if (setSourceMapsSupport) setSourceMapsSupport(true, { nodeModules: false })
  else process.setSourceMapsEnabled(true)
}
