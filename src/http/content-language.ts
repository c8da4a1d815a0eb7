/** The first language of an Accept-Language (RFC 9110, 12.5.4) that there is; null where it names none. Regions don't count. */
export function preferredLanguage(header: string | undefined, available: readonly string[]): string | null {
  const wanted = (header ?? '').split(',').map((each) => {
    const [tag = '', ...parameters] = each.split(';')
    const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean)
    return { language: tag.trim().split('-')[0]?.toLowerCase() ?? '', quality: Number(quality ?? 1) }
  })
  const known = wanted.filter(({ language, quality }) => quality > 0 && available.includes(language))
  return known.sort((a, b) => b.quality - a.quality)[0]?.language ?? null
}
