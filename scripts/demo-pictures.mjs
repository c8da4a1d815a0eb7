// @ts-check
// Draws the pictures of the demo menus: `node scripts/demo-pictures.mjs` writes src/demo-pictures/. They are ours: drawn here,
// from no other source. The middle square is what customers see.
import { mkdirSync } from 'node:fs'
import sharp from 'sharp'
import { inRoot } from './lib/paths.mjs'

const WIDTH = 480
const HEIGHT = 360

/** @param {string} top @param {string} bottom @param {string} subject */
const scene = (
  top,
  bottom,
  subject,
) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}">
  <defs>
    <linearGradient id="wall" x2="0" y2="1"><stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient>
    <radialGradient id="lamp" cx=".5" cy=".35" r=".6"><stop stop-color="#fff" stop-opacity=".35"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
  </defs>
  <rect width="480" height="360" fill="url(#wall)"/>
  <rect width="480" height="360" fill="url(#lamp)"/>
  <rect y="286" width="480" height="74" fill="#000" fill-opacity=".18"/>
  ${subject}
</svg>`

/** @param {number} cx @param {number} rx @param {number} [cy] */
const shadow = (cx, rx, cy = 318) =>
  `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="14" fill="#000" fill-opacity=".3"/>`

/**
 * One popped grain.
 *
 * @param {number} x @param {number} y @param {number} size @param {string} light @param {string} dark
 */
const grain = (x, y, size, light, dark) => `<g transform="translate(${x} ${y}) scale(${size})">
  <circle cx="-9" cy="2" r="11" fill="${dark}"/><circle cx="9" cy="4" r="10" fill="${dark}"/>
  <circle cx="-6" cy="-4" r="11" fill="${light}"/><circle cx="7" cy="-3" r="11" fill="${light}"/><circle cx="0" cy="5" r="10" fill="${light}"/>
  <circle cx="1" cy="1" r="4" fill="${dark}"/></g>`

/** @param {string} stripe @param {string} light @param {string} dark */
function popcorn(stripe, light, dark) {
  const heap = [
    [170, 128],
    [206, 112],
    [244, 106],
    [282, 112],
    [314, 130],
    [188, 146],
    [224, 136],
    [262, 134],
    [298, 148],
    [206, 84],
    [248, 74],
    [284, 88],
    [156, 152],
    [326, 154],
    [240, 158],
  ]
  const stripes = [0, 1, 2, 3].map((at) => {
    const [top, bottom] = [150 + at * 52, 176 + at * 37]
    return `<path d="M${top} 152h26L${bottom + 18} 314h-18z" fill="${stripe}"/>`
  })
  return `${shadow(240, 104)}<path d="M140 152h200l-28 162H168z" fill="#fff6e6"/>${stripes.join('')}
    ${heap.map(([x = 0, y = 0], at) => grain(x, y, 1.25 + (at % 3) * 0.14, light, dark)).join('')}
    <path d="M140 152q100 22 200 0l-3 16q-97 22-194 0z" fill="#fff" fill-opacity=".75"/>`
}

/** @param {string} filling @param {string} second @param {string} green */
const roll = (filling, second, green) => `${shadow(240, 140)}<g transform="rotate(-24 240 200)">
  <rect x="92" y="146" width="296" height="112" rx="56" fill="#d9a560"/>
  <path d="M104 166q130-34 272 0" stroke="#b97f3d" stroke-width="5" fill="none" stroke-dasharray="16 26 30 18"/>
  <ellipse cx="374" cy="202" rx="34" ry="56" fill="#efc98d"/><ellipse cx="376" cy="202" rx="25" ry="45" fill="#7a4a1e"/>
  <circle cx="368" cy="184" r="13" fill="${filling}"/><circle cx="388" cy="206" r="12" fill="${second}"/><circle cx="369" cy="222" r="13" fill="${filling}"/>
  <path d="M356 200q12-10 22-2m-14 40q10-12 24-6m-10-70q12 2 14 14" stroke="${green}" stroke-width="7" stroke-linecap="round" fill="none"/>
  <path d="M86 140h150v124H86q-36-62 0-124z" fill="#fbf4e4"/><path d="M120 140l-12 124m56-124l-12 124m56-124l-12 124" stroke="#d8433b" stroke-width="8"/></g>`

/** Steam over something hot. */
const steam =
  '<path d="M196 92q-18-22 0-42t0-40m46 82q-18-22 0-42t0-40m46 82q-18-22 0-42t0-40" stroke="#fff" stroke-opacity=".55" stroke-width="8" stroke-linecap="round" fill="none"/>'

/** @param {string} drink */
const chai = (drink) => `${shadow(240, 96)}${steam}
  <path d="M160 112h160l-20 190q-60 18-120 0z" fill="#fff" fill-opacity=".28"/>
  <path d="M167 150h146l-15 144q-58 16-116 0z" fill="${drink}"/><ellipse cx="240" cy="150" rx="73" ry="13" fill="#e2b27c"/>
  <path d="M160 112h160l-20 190q-60 18-120 0z" fill="none" stroke="#fff" stroke-opacity=".7" stroke-width="5"/>
  <path d="M186 132l12 152" stroke="#fff" stroke-opacity=".5" stroke-width="9" stroke-linecap="round"/>`

/** A tall glass with a straw. @param {string} drink @param {string} foam @param {string} more */
const glass = (
  drink,
  foam,
  more = '',
) => `${shadow(240, 82)}<path d="M262 118L300 18l16 6-36 98z" fill="#d8433b"/>
  <path d="M166 84h148l-20 224q-54 16-108 0z" fill="#fff" fill-opacity=".25"/>
  <path d="M172 124h136l-17 176q-51 14-102 0z" fill="${drink}"/>
  <path d="M170 132q-6-44 34-42 14-34 50-18 46-10 46 26 20 8 12 34-70 24-142 0z" fill="${foam}"/>${more}
  <path d="M166 84h148l-20 224q-54 16-108 0z" fill="none" stroke="#fff" stroke-opacity=".6" stroke-width="5"/>
  <path d="M190 150l10 138" stroke="#fff" stroke-opacity=".45" stroke-width="9" stroke-linecap="round"/>`

/** A pleated dumpling. @param {number} x @param {number} y */
const momo = (
  x,
  y,
) => `<g transform="translate(${x} ${y})"><path d="M-58 30q-10-62 58-72 68 10 58 72-58 26-116 0z" fill="#f7ecd9"/>
  <path d="M0-42q-34 22-40 66M0-42q-12 28-12 74M0-42q12 28 12 74M0-42q34 22 40 66" stroke="#d9c3a2" stroke-width="5" fill="none" stroke-linecap="round"/>
  <circle cy="-42" r="9" fill="#ead8ba"/></g>`

const plate = `${shadow(240, 190, 322)}<ellipse cx="240" cy="286" rx="196" ry="44" fill="#fdf8ef"/><ellipse cx="240" cy="280" rx="164" ry="32" fill="#ece2d2"/>`

/** @param {string} sauce @param {string} herb */
const momos = (
  sauce,
  herb,
) => `${plate}${momo(168, 208)}${momo(308, 208)}${momo(238, 180)}${momo(204, 246)}${momo(282, 246)}
  <path d="M186 292h106l-12 34q-40 12-82 0z" fill="#5a3a2a"/><ellipse cx="239" cy="292" rx="53" ry="13" fill="${sauce}"/>
  <path d="M120 272q14-18 30-8m176 6q14-18 30-8" stroke="${herb}" stroke-width="8" stroke-linecap="round" fill="none"/>`

const samosa = (
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {number} */ turn,
) => `<g transform="translate(${x} ${y}) rotate(${turn})">
  <path d="M0-82q14 0 20 12l60 108q6 20-14 22-66 10-132 0-20-2-14-22l60-108q6-12 20-12z" fill="#d99a45"/>
  <path d="M-4-66q-40 66-58 108m72-98q34 60 48 92" stroke="#b87729" stroke-width="6" fill="none" stroke-linecap="round"/></g>`

/** @type {Record<string, string>} */
const DRAWINGS = {
  'salted-popcorn': scene('#7a1f24', '#3b1114', popcorn('#d8433b', '#fff7dc', '#f0cf7d')),
  'caramel-popcorn': scene('#5b3416', '#2c180b', popcorn('#b9762a', '#eeb458', '#a8642050')),
  'cheese-nachos': scene(
    '#2f5d50',
    '#15302a',
    `${plate}
    ${[
      [150, 220, -30],
      [214, 190, 10],
      [276, 186, -14],
      [334, 222, 28],
      [188, 244, 24],
      [250, 232, -8],
      [304, 250, -34],
      [236, 164, 40],
    ]
      .map(
        ([x, y, turn]) =>
          `<path transform="translate(${x} ${y}) rotate(${turn})" d="M0-58q8 0 12 8l44 74q4 12-8 14-48 6-96 0-12-2-8-14l44-74q4-8 12-8z" fill="#f0b542" stroke="#c98a1f" stroke-width="4"/>`,
      )
      .join('')}
    <path d="M132 214q60-64 120-34 70-26 104 36 10 44-30 34-10 40-34 6-34 30-56-2-36 34-58 0-50 8-46-40z" fill="#ffd65a"/>
    ${[
      [186, 214],
      [246, 196],
      [300, 222],
      [226, 240],
    ]
      .map(
        ([x, y]) =>
          `<circle cx="${x}" cy="${y}" r="15" fill="#5f9a3a"/><circle cx="${x}" cy="${y}" r="7" fill="#cfe39b"/>`,
      )
      .join('')}`,
  ),
  'paneer-tikka-roll': scene('#3e4f7a', '#1c2540', roll('#f6ead0', '#e0682f', '#5f9a3a')),
  'chicken-tikka-roll': scene('#7a4a1f', '#3a210c', roll('#d9622f', '#a83e1c', '#7fb54a')),
  'egg-roll': scene('#5a6a2f', '#2a3314', roll('#ffd23f', '#fff8e6', '#5f9a3a')),
  'samosa-chaat': scene(
    '#6a2f5d',
    '#331429',
    `${plate}${samosa(176, 214, -12)}${samosa(302, 216, 14)}
    <path d="M112 262q40-52 92-26 44-34 86 2 50-24 82 26 4 30-34 26-96 22-190 0-42 2-36-28z" fill="#fff8ea"/>
    <path d="M140 262q40-24 78-2t86-4q26-14 46 6" stroke="#7a3414" stroke-width="9" fill="none" stroke-linecap="round"/>
    <path d="M160 276q40-18 70 0m44-2q34-18 56-2" stroke="#5f9a3a" stroke-width="8" fill="none" stroke-linecap="round"/>
    ${[
      [190, 240],
      [244, 232],
      [292, 244],
      [220, 256],
      [318, 268],
    ]
      .map(([x, y]) => `<circle cx="${x}" cy="${y}" r="6" fill="#b5282b"/>`)
      .join('')}`,
  ),
  'chicken-burger': scene(
    '#8a3b1d',
    '#40180a',
    `${shadow(240, 150)}
    <path d="M104 284h272q8 40-40 40H144q-48 0-40-40z" fill="#d99a45"/><rect x="96" y="246" width="288" height="42" rx="20" fill="#8a4a1d"/>
    <path d="M92 244q26-22 50 0t50 0 50 0 50 0 50 0 46 0l-8 16H100z" fill="#7fb54a"/><path d="M104 214h272l-40 22-44-12-40 26-44-24-46 14z" fill="#ffd23f"/>
    <rect x="100" y="196" width="280" height="26" rx="13" fill="#c9402f"/><path d="M100 198q0-116 140-116t140 116z" fill="#e2a350"/>
    ${[
      [170, 134],
      [214, 112],
      [262, 118],
      [306, 140],
      [236, 146],
      [192, 168],
      [286, 170],
    ]
      .map(
        ([x = 0, y = 0], at) =>
          `<ellipse cx="${x}" cy="${y}" rx="8" ry="5" fill="#fff3d4" transform="rotate(${at * 25} ${x} ${y})"/>`,
      )
      .join('')}`,
  ),
  'masala-chai': scene('#7a5a2a', '#36260f', chai('#b9773a')),
  'cold-coffee': scene(
    '#37475a',
    '#171f29',
    glass(
      '#8a5a37',
      '#fff3df',
      '<path d="M196 96q30-16 60 4t50-2" stroke="#5a3218" stroke-width="7" fill="none" stroke-linecap="round"/>',
    ),
  ),
  'fresh-lime-soda': scene(
    '#2c6a52',
    '#123226',
    glass(
      '#cfe8a5',
      '#eef8d8',
      `<g transform="translate(322 92)"><circle r="42" fill="#6fa83a"/><circle r="34" fill="#e9f5c4"/><path d="M0-32V32M-32 0H32M-22-22L22 22M22-22L-22 22" stroke="#a9cf6a" stroke-width="5"/></g>
    ${[
      [206, 190],
      [258, 170],
      [232, 240],
      [276, 230],
      [214, 272],
    ]
      .map(([x, y]) => `<circle cx="${x}" cy="${y}" r="8" fill="#fff" fill-opacity=".6"/>`)
      .join('')}`,
    ),
  ),
  milkshake: scene(
    '#8a3a5d',
    '#3f162a',
    glass(
      '#f3a9b8',
      '#fff4f2',
      '<circle cx="236" cy="58" r="19" fill="#c9252f"/><path d="M238 42q4-24 26-30" stroke="#4d7a2c" stroke-width="5" fill="none"/>',
    ),
  ),
  'vada-pav': scene(
    '#6a5a2c',
    '#2f2710',
    `${plate}<path d="M96 274q-6-30 20-30h248q26 0 20 30-8 26-44 26H140q-36 0-44-26z" fill="#e8b768"/>
    <circle cx="176" cy="212" r="56" fill="#c97f2b"/><circle cx="304" cy="212" r="56" fill="#c97f2b"/><path d="M144 188q20-18 44-8m88 8q20-18 44-8" stroke="#e9b05a" stroke-width="8" fill="none" stroke-linecap="round"/>
    <path d="M92 220q0-118 148-118t148 118q-40-46-84-46t-64 44q-20-44-64-44t-84 46z" fill="#dfa24a"/><path d="M150 256q40 20 90-4t92 6" stroke="#5f9a3a" stroke-width="10" fill="none" stroke-linecap="round"/>
    <path d="M376 256q30-42 52-36-2 30-40 46z" fill="#4f8a34"/>`,
  ),
  'veg-momos': scene('#2f4a6a', '#142233', momos('#d8433b', '#6fa83a')),
  'chicken-momos': scene('#6a2f2f', '#301313', momos('#e07a1f', '#6fa83a')),
  'filter-coffee': scene(
    '#4a3a5d',
    '#20182b',
    `${shadow(240, 132)}${steam}<path d="M138 250h204l-16 62q-86 22-172 0z" fill="#c9a24a"/><ellipse cx="240" cy="250" rx="102" ry="20" fill="#e7c877"/>
    <path d="M178 108h124l-14 146q-48 14-96 0z" fill="#d9b55c"/><ellipse cx="240" cy="108" rx="62" ry="14" fill="#f0d894"/><ellipse cx="240" cy="110" rx="52" ry="11" fill="#7a4a24"/>
    <path d="M208 106q14-8 30-2t30 2" stroke="#e9d2b0" stroke-width="6" fill="none" stroke-linecap="round"/><path d="M196 130l9 112" stroke="#fff" stroke-opacity=".5" stroke-width="8" stroke-linecap="round"/>`,
  ),
  'mango-lassi': scene(
    '#8a6a1d',
    '#40300a',
    glass(
      '#ffc53f',
      '#fff3cf',
      '<path d="M196 92q8-12 18-4m30-14q10-10 20 0m22 22q12-8 18 4" stroke="#6fa83a" stroke-width="7" fill="none" stroke-linecap="round"/>',
    ),
  ),
}

const folder = inRoot('src/demo-pictures')
mkdirSync(folder, { recursive: true })
for (const [name, svg] of Object.entries(DRAWINGS)) {
  const { size } = await sharp(Buffer.from(svg), { density: 96 })
    .resize(WIDTH, HEIGHT)
    .flatten()
    .webp({ quality: 70, effort: 6 })
    .toFile(`${folder}/${name}.webp`)
  process.stdout.write(`${name}: ${size} bytes\n`)
}
