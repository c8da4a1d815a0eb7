// @ts-check
import module from 'node:module'

/** Makes stack traces of the build point to the sources. Skips packages where Node can, since reading maps takes time. */
export function enableSourceMaps() {
  const { setSourceMapsSupport } =
    /** @type {{ setSourceMapsSupport?: (enabled: boolean, options: { nodeModules: boolean }) => void }} */ (
      module
    )
  if (setSourceMapsSupport) setSourceMapsSupport(true, { nodeModules: false })
  else process.setSourceMapsEnabled(true)
}
