import { create } from 'qrcode'

const QUIET_ZONE = 4

/** A QR code as one SVG path: sharp at any print size, and allowed by the content security policy. */
export function QrCode({ link, label }: { link: string; label: string }) {
  const { modules } = create(link, { errorCorrectionLevel: 'Q' })
  const side = modules.size + QUIET_ZONE * 2
  let path = ''
  for (let row = 0; row < modules.size; row += 1) {
    for (let column = 0; column < modules.size; column += 1) {
      if (modules.get(row, column)) path += `M${column + QUIET_ZONE} ${row + QUIET_ZONE}h1v1h-1z`
    }
  }
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
      data-link={link}
    >
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
