/** The logo: a lit bulb and the name in marquee letters. */
export function Brand({ href }: { href?: string }) {
  const mark = (
    <>
      <svg class="brand-bulb" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M8 18h8M9 21h6" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
        <path class="brand-glow" d="M12 2a7 7 0 0 1 4 12.7V16H8v-1.300A7 7 0 0 1 12 2Z" />
      </svg>
      <span>houselights</span>
    </>
  )
  return href ? (
    <a class="brand" href={href}>
      {mark}
    </a>
  ) : (
    <span class="brand">{mark}</span>
  )
}
